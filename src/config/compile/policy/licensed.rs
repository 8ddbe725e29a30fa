//! The licences that a rule asks for.

use super::listed;
use crate::config::compile::given;
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{RawAction, RawLicensed};
use crate::policy::{LicenseGlob, Licensed, Rule};

/// The licences that a rule asks for; `None` where it asks for none.
pub(super) fn licensed(
    raw: Option<RawLicensed>,
    action: Option<RawAction>,
    at: &Path,
    found: &mut Collector,
) -> Option<Licensed> {
    let raw = raw?;
    // Where the action itself is wrong, it is unknown what belongs to it.
    if !matches!(action, None | Some(RawAction::Deny)) {
        found.note(
            at,
            "only a rule with the action deny asks for licences: what a version's licence is, is not known before its zip is read",
        );
    }
    match (&raw.any, &raw.not) {
        (None, None) => found.note(&at.key("any"), "missing: licences by their SPDX identifiers, or `not`"),
        (Some(_), Some(_)) => found.note(&at.key("not"), "`any` is there already; keep one of the two"),
        _ => {}
    }
    let not = raw.any.is_none();
    let of = listed(raw.any.as_ref(), at, "any", found, globs);
    let of = of.or_else(|| listed(raw.not.as_ref(), at, "not", found, globs)).unwrap_or_default();
    Some(Licensed { of, not, unknown: raw.unknown.unwrap_or(not) })
}

/// What is odd about rules that ask for licences which are never told: their texts are not known here.
pub(super) fn warnings(rules: &[Rule]) -> impl Iterator<Item = String> {
    let untold = rules.iter().flat_map(|rule| {
        let globs = rule.license.iter().flat_map(|licensed| &licensed.of);
        globs.filter(|glob| !glob.can_be_told()).map(|glob| (&rule.place, glob))
    });
    let says = |(place, glob)| format!("{place} asks for {glob}: no licence that can be told is called so");
    untold.take(MOST_TOLD).map(says)
}

/// Enough to see what is wrong: thousands of lines would hide what else is logged.
const MOST_TOLD: usize = 8;

fn globs(raw: &[Option<String>], at: &Path, found: &mut Collector) -> Vec<LicenseGlob> {
    if raw.is_empty() {
        found.note(at, "an empty list has no licence");
    }
    let mut globs = Vec::with_capacity(raw.len());
    for (n, text) in given(Some(raw)) {
        match LicenseGlob::parse(text) {
            Ok(glob) => globs.push(glob),
            Err(error) => {
                found
                    .note(&at.index(n), format!("{} is no licence's SPDX identifier: {error}", quoted(text)));
            }
        }
    }
    globs
}
