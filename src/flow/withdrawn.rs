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
//!
//! Where the policy denies what is retracted, the same is asked before a version is given that a client names, or that a branch or `@latest`
//! stands for, and all of it is left out of lists. What is known of it stands in the index (`statement.rs`).

use std::{ops::ControlFlow, rc::Rc};

use super::{
    Known, Next, content,
    question::{Ended, Parked, Question, Serving},
    statement::{
        Heard, Statement, denies, go_mod, is_heeded, list_of, newest, note_failed, note_newest,
        note_statement,
    },
};
use crate::{
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, Info, Refusal},
    metrics::OwnReason,
    plan::Want,
    policy::{Decision, View, retracted_reason},
};

/// What is known of retracted versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Withdrawn {
    /// It was not asked about.
    #[default]
    Unasked,
    /// No source could say.
    Unknown,
    /// There is no version that could say anything of others.
    Unsaid,
    /// This.
    Known(Rc<Statement>),
}

/// A go.mod that is asked for to read its retractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    by: Version,
    /// What is asked then.
    then: Box<Parked>,
}

/// A list, or an `@latest`, that is asked for to find the version whose go.mod is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What is asked then.
    then: Box<Parked>,
}

impl Question {
    /// The question that comes first: what the go.mod of the version `by` retracts.
    pub(super) fn read_retractions(&self, module: &ModulePath, by: &Version) -> Next {
        self.read_before(module, by, self.clone().park())
    }

    fn read_before(&self, module: &ModulePath, by: &Version, then: Box<Parked>) -> Next {
        let serving = Serving::Retractions(Reading { by: by.clone(), then });
        self.before(go_mod(module, by), serving)
    }

    /// It never changes, or is fresh enough as the index has it; and it is the whole document that is read.
    fn before(&self, want: Want, serving: Serving) -> Next {
        let may_fetch = self.may_fetch || self.redirects;
        let (no_cache, head_only, redirects) = (false, false, false);
        Next::Ask(Self { want, serving, no_cache, head_only, may_fetch, redirects, ..self.clone() }.park())
    }

    /// Why this version, which `decision` allows, is refused as its author has retracted it, if it is. Where that is not known, it is found
    /// out before.
    pub(super) fn retraction(
        &self,
        (module, version): (&ModulePath, &Version),
        (view, decision): (Option<&View<'_>>, Option<&Decision<'_>>),
        known: &Known<'_>,
        cx: &Cx<'_>,
    ) -> ControlFlow<Next, Option<Refusal>> {
        if !known.config.policy.denies_retracted() || decision.is_some_and(is_an_exception) {
            return ControlFlow::Continue(None);
        }
        let heard = Heard::peek(module, known.index, cx);
        let is_in_vain = heard.as_ref().is_some_and(|heard| heard.is_in_vain(cx.now));
        let said = match (&self.withdrawn, heard.and_then(|heard| heard.statement)) {
            (Withdrawn::Known(said), _) => said.clone(),
            (_, Some(said)) => said.into(),
            // Without the upstreams no source may be asked that has to know; and for one that failed a moment ago no client waits again.
            (Withdrawn::Unasked, None) if (self.may_fetch || self.redirects) && !is_in_vain => {
                let serving = Serving::Speaker(Finding { then: self.clone().park() });
                return ControlFlow::Break(self.before(list_of(module, known), serving));
            }
            (Withdrawn::Unasked | Withdrawn::Unknown | Withdrawn::Unsaid, None) => {
                return ControlFlow::Continue(None);
            }
        };
        let is_denied =
            said.retractions.has(version) && view.is_none_or(|view| is_heeded(&said, view, cx.now));
        ControlFlow::Continue(is_denied.then(|| retracted(module, version, &said)))
    }
}

/// Whether an operator allows this version though its author has retracted it: a rule for all versions of a module does not mean that.
pub(super) fn is_an_exception(decision: &Decision<'_>) -> bool {
    matches!(decision, Decision::Allowed(Some(rule)) if rule.versions.is_some())
}

/// The refusal of a version that is retracted.
pub(super) fn retracted(module: &ModulePath, version: &Version, said: &Statement) -> Refusal {
    let reason = retracted_reason(module, version, &said.by, said.retractions.rationale(version));
    Refusal::Forbidden { rule: OwnReason::Retracted.into(), reason }
}

impl Reading {
    /// It goes on with what this go.mod says; `None` where there is none to be read.
    pub(super) fn read(&self, go_mod: Option<&[u8]>, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Next {
        let said = match go_mod {
            Some(go_mod) => Statement::read(&self.by, go_mod),
            None => Statement::silent(&self.by),
        };
        if known.config.policy.hears_authors()
            && let Some(module) = self.then.want().module()
        {
            note_statement(module, &said, known.index, cx);
        }
        go_on(&self.then, Withdrawn::Known(said.into()))
    }

    /// It goes on without: no source could say.
    pub(super) fn give_up(&self, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Next {
        give_up(&self.then, known, cx)
    }

    /// The search for what is asked then is over already: it goes on with that.
    pub(super) fn keep(&mut self, ended: Box<Ended>) {
        self.then.ended = Some(ended);
    }
}

impl Finding {
    /// It goes on with the version that this document names.
    pub(super) fn read(
        &self,
        question: &Question,
        document: &Document,
        found: &Found,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> Next {
        let Document::Module { module, file } = document else { return self.end() };
        let view = content::view(module, &question.caller, known, cx);
        let by = match file {
            File::Latest => Info::read(&found.body).map(|info| info.version),
            _ => newest(&found.body, |version| denies(&view, version, cx.now)),
        };
        match (by, file) {
            (Some(by), _) => {
                note_newest(module, &by, known.index, cx);
                question.read_before(module, &by, self.then.clone())
            }
            // Where no version is tagged the go command takes what `@latest` names.
            (None, File::List) => {
                let latest = Document::Module { module: module.clone(), file: File::Latest };
                question.before(Want::Document(latest), Serving::Speaker(self.clone()))
            }
            (None, _) => self.end(),
        }
    }

    /// It goes on without: there is no version that says anything.
    pub(super) fn end(&self) -> Next {
        go_on(&self.then, Withdrawn::Unsaid)
    }

    /// It goes on without: no source could say.
    pub(super) fn give_up(&self, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Next {
        give_up(&self.then, known, cx)
    }

    /// The search for what is asked then is over already: it goes on with that.
    pub(super) fn keep(&mut self, ended: Box<Ended>) {
        self.then.ended = Some(ended);
    }
}

fn give_up(then: &Parked, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Next {
    if known.config.policy.hears_authors()
        && let Some(module) = then.want().module()
    {
        note_failed(module, known.index, cx);
    }
    go_on(then, Withdrawn::Unknown)
}

fn go_on(then: &Parked, withdrawn: Withdrawn) -> Next {
    let mut then = Box::new(then.clone());
    then.question.withdrawn = withdrawn;
    Next::Again(then)
}
