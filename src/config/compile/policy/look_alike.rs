//! What the modules of a rule look like.

use super::rule::exact;
use crate::config::problems::{Collector, Path};
use crate::config::raw::{RawLikeness, RawLooksLike};
use crate::policy::{Likeness, LookAlikes};

/// What the modules of a rule have to look like; `None` where it does not ask for that.
pub(super) fn looks_like(
    raw: Option<RawLooksLike>,
    is_enforced: bool,
    at: &Path,
    found: &mut Collector,
) -> Option<LookAlikes> {
    let raw = raw?;
    let in_use = raw.in_use.unwrap_or_default();
    if raw.of.as_ref().is_none_or(Vec::is_empty) && !in_use {
        found.note(&at.key("of"), "missing: the modules that are meant, by their paths, or `in_use`");
    }
    if in_use && is_enforced {
        found.note(
            &at.key("in_use"),
            "what is in use depends on what clients ask for, and decides nothing: give the rule \"enforce\": false, or list modules in `of`",
        );
    }
    if raw.by.as_ref().is_some_and(Vec::is_empty) {
        found.note(&at.key("by"), "an empty list has no likeness; leave it out for capitals and a letter");
    }
    let ways: Vec<_> = match raw.by {
        Some(by) => by.into_iter().flatten().map(likeness).collect(),
        None => RawLikeness::DEFAULT.map(likeness).into(),
    };
    let meant = raw.of.map(|list: Vec<_>| exact(&list, &at.key("of"), found)).unwrap_or_default();
    Some(LookAlikes::new(meant, &ways).and_in_use(in_use))
}

fn likeness(raw: RawLikeness) -> Likeness {
    match raw {
        RawLikeness::Capitals => Likeness::Capitals,
        RawLikeness::Letter => Likeness::Letter,
        RawLikeness::Owner => Likeness::Owner,
    }
}
