//! Which versions the author of a module has taken back, where a client may not see the go.mod that says so.
//!
//! The go command reads retractions in the go.mod of the newest version of the list. Where a cool-down hides that version, it reads them in
//! an older one, which does not know of them, and takes for the latest what the author has taken back. So where another version is given in
//! place of the newest, the gateway reads that go.mod itself, and what is retracted there is neither shown in the list nor given as
//! `@latest`. A client that names such a version still gets it, as from any proxy.
//!
//! The newest is the newest of those that no rule denies. What is denied is asked for nowhere; and if it is denied because it is malicious,
//! it must not say which other versions are to be had, for as long as the rule stands.
//!
//! Where the go.mod cannot be had, all is given as if nothing were retracted, and is not fresh for any time: a retraction is advice,
//! and the sources must not be able to stop a build by failing for a file that no client may have.

use std::rc::Rc;

use super::{
    Next,
    question::{Ended, Parked, Question, Serving},
};
use crate::{
    gomod::{ModFile, ModulePath, Retractions, Version},
    goproxy::{Document, File},
    plan::Want,
};

/// What is known of retracted versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Withdrawn {
    /// It was not asked about.
    #[default]
    Unasked,
    /// No source could say.
    Unknown,
    /// This.
    Known(Rc<Statement>),
}

/// What the go.mod of one version says of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) by: Version,
    pub(super) retractions: Retractions,
}

/// A go.mod that is asked for to read its retractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    by: Version,
    /// What is asked then.
    then: Box<Parked>,
}

impl Question {
    /// The question that comes first: what the go.mod of the version `by` retracts.
    pub(super) fn read_retractions(&self, module: &ModulePath, by: &Version) -> Next {
        let want = Want::Document(Document::Module { module: module.clone(), file: File::Mod(by.clone()) });
        let serving = Serving::Retractions(Reading { by: by.clone(), then: self.clone().park() });
        // It never changes.
        Next::Ask(Self { want, serving, no_cache: false, ..self.clone() }.park())
    }
}

impl Reading {
    /// It goes on with what this go.mod says; `None` where there is none to be read.
    pub(super) fn read(&self, go_mod: Option<&[u8]>) -> Next {
        // Where Go cannot read it, it says nothing of other versions to Go either.
        let read = go_mod.and_then(|go_mod| ModFile::read(go_mod).ok());
        let retractions = read.map(|read| read.retractions).unwrap_or_default();
        let statement = Statement { by: self.by.clone(), retractions };
        self.go_on(Withdrawn::Known(statement.into()))
    }

    /// It goes on without: no source could say.
    pub(super) fn give_up(&self) -> Next {
        self.go_on(Withdrawn::Unknown)
    }

    /// The search for what is asked then is over already: it goes on with that.
    pub(super) fn keep(&mut self, ended: Box<Ended>) {
        self.then.ended = Some(ended);
    }

    fn go_on(&self, withdrawn: Withdrawn) -> Next {
        let mut then = self.then.clone();
        then.question.withdrawn = withdrawn;
        Next::Again(then)
    }
}
