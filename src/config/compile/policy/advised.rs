//! What a rule asks of the content of versions: advisories, and of toolchains their version of Go.

use super::listed;
use crate::advisory::Severity;
use crate::config::compile::given;
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{RawAdvised, RawExcept, RawSeverity, RawToolchain};
use crate::gomod::{Version, go_version};
use crate::policy::Advised;

/// The advisories that a rule asks for; `None` where it asks for none.
pub(super) fn advised(raw: Option<RawAdvised>, at: &Path, found: &mut Collector) -> Option<Advised> {
    let raw = raw?;
    let severity = raw.severity.map(|list| {
        if list.is_empty() {
            found.note(&at.key("severity"), "an empty list has no severity; leave it out for however severe");
        }
        list.into_iter().flatten().map(severity).collect()
    });
    let older_than = raw.older_than.as_ref().map(|age| RawAdvised::OLDER_THAN.read(Some(age), at, found));
    Some(Advised {
        ids: listed(raw.ids.as_ref(), at, "ids", found, ids).unwrap_or_default(),
        reviewed: raw.reviewed,
        fixed: raw.fixed,
        older_than,
        severity: severity.unwrap_or_default(),
    })
}

/// The version of Go before which toolchains are meant.
pub(super) fn floor(raw: RawToolchain, at: &Path, found: &mut Collector) -> Option<Version> {
    let Some(min) = raw.min else {
        found.note(&at.key("min"), "missing: the oldest Go that the rule is not for, such as \"1.26.6\"");
        return None;
    };
    let read = go_version(&min);
    if read.is_none() {
        let shown = quoted(&min);
        found.note(&at.key("min"), format!("{shown} is no version of Go, such as \"1.26.6\" or \"1.27rc3\""));
    }
    read
}

/// Whether a cool-down passes over fixes.
pub(super) fn spares_fixes(raw: Option<&[Option<RawExcept>]>, at: &Path, found: &mut Collector) -> bool {
    if raw.is_some_and(<[_]>::is_empty) {
        found.note(at, "an empty list has no version that need not wait; leave it out");
    }
    raw.into_iter().flatten().flatten().any(|RawExcept::Fixes| true)
}

/// Ids of advisories, each of letters, digits, `-`, `_`, `.` and `:`.
pub(super) fn ids(raw: &[Option<String>], at: &Path, found: &mut Collector) -> Vec<String> {
    if raw.is_empty() {
        found.note(at, "an empty list has no id");
    }
    let mut ids = Vec::with_capacity(raw.len());
    for (n, text) in given(Some(raw)) {
        if let Some(id) = super::id(text, &at.index(n), found) {
            ids.push(id);
        }
    }
    ids
}

fn severity(raw: RawSeverity) -> Severity {
    match raw {
        RawSeverity::Unknown => Severity::Unknown,
        RawSeverity::Low => Severity::Low,
        RawSeverity::Moderate => Severity::Moderate,
        RawSeverity::High => Severity::High,
        RawSeverity::Critical => Severity::Critical,
    }
}
