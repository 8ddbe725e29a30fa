//! Which versions a rule is for.
//!
//! A set of versions is a list of texts, and a version is in it where it is in one of them. Each text is terms with commas
//! between, and a version is in it where all of them hold:
//!
//! | term | holds for |
//! |---|---|
//! | `v1.2.3`, `=v1.2.3` | that version |
//! | `v1.2` | `v1.2.x`, pre-releases included: semver.MajorMinor |
//! | `v1` | `v1.x.y`, pre-releases included: semver.Major |
//! | `>v1.2.3`, `>=v1.2.3`, `<v1.2.3`, `<=v1.2.3` | what is newer, or older, than that: semver.Compare |
//! | `~v1.2.3` | the same major and minor version, and at least that one |
//! | `^v1.2.3` | the same major version, and at least that one |
//! | `release` | what is neither of the next two |
//! | `prerelease` | a pre-release that is no pseudo-version |
//! | `pseudo` | a pseudo-version |
//! | `incompatible` | what ends in `+incompatible` |
//! | `!` before any of them | what it does not hold for |
//!
//! **Go's order decides.** After an operator `v1.2` is short for `v1.2.0`; so `<v1.2` holds for `v1.2.0-rc.1`, which is older,
//! and `>v1.2` for `v1.2.1`. semver.Compare does not look at `+incompatible`: `v2.0.0` names `v2.0.0+incompatible` too, so
//! that what is denied is denied in either spelling. Compatible is what has the same major version, as Go means it: `^v0.3.0`
//! holds for `v0.4.0`, unlike elsewhere.

mod kinds;
mod term;

#[cfg(test)]
mod tests;

use self::kinds::Kinds;
use self::term::{InvalidTerm, Term};
use crate::gomod::{Quoted, Version};

/// A set of versions: those that one of its texts holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Vec<Terms>);

/// Why a text is no set of versions. The message names the term and the reason on one bounded line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct InvalidVersions(#[from] Fault);

/// What has to hold at once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    kinds: Kinds,
    terms: Vec<Term>,
}

impl Versions {
    /// Reads the members of a list: a version is in the set where it is in one of them.
    ///
    /// # Errors
    /// For the first that is malformed or that no version is in, with its place in the list; for a list without members,
    /// which would be a rule for nothing.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, InvalidVersions)> {
        let read = |(place, text)| Terms::parse(text).map_err(|fault| (place, fault.into()));
        let members = texts.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        if members.is_empty() { Err((0, Fault::Empty.into())) } else { Ok(Self(members)) }
    }

    /// Whether `version` is in the set.
    pub fn contain(&self, version: &Version) -> bool {
        self.0.iter().any(|terms| terms.hold(version))
    }
}

impl Terms {
    fn parse(text: &str) -> Result<Self, Fault> {
        if text.trim().is_empty() {
            return Err(Fault::Empty);
        }
        let mut read = Self { kinds: Kinds::ALL, terms: Vec::new() };
        for written in text.split(',').map(str::trim) {
            if written.is_empty() {
                return Err(Fault::EmptyTerm(text.to_owned()));
            }
            let fault = |fault| Fault::Term(written.to_owned(), fault);
            let (negated, plain) = match written.strip_prefix('!') {
                Some(plain) => (true, plain.trim_start()),
                None => (false, written),
            };
            let is_vain = if let Some(kinds) = Kinds::parse(plain) {
                read.kinds = read.kinds.and(if negated { kinds.others() } else { kinds });
                read.kinds == Kinds::NONE
            } else {
                let term = Term::parse(plain, negated).map_err(fault)?;
                let is_vain = read.terms.iter().any(|other| other.excludes(&term));
                read.terms.push(term);
                is_vain
            };
            if is_vain {
                return Err(Fault::Vain(written.to_owned()));
            }
        }
        Ok(read)
    }

    fn hold(&self, version: &Version) -> bool {
        self.terms.iter().all(|term| term.holds(version)) && self.kinds.have(version)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("it names no version: leave it out for every one")]
    Empty,
    #[error("a term is missing in {}", Quoted(.0))]
    EmptyTerm(String),
    #[error("the term {} is none: {}", Quoted(.0), .1)]
    Term(String, InvalidTerm),
    #[error("no version is in it: the term {} contradicts those before it", Quoted(.0))]
    Vain(String),
}
