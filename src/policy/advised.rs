//! The advisories that a rule asks for.

use std::time::Duration;

use crate::advisory::{Advisory, Severity};
use crate::gomod::Version;
use crate::http::Timestamp;

/// The advisories that a rule asks for: those that all of this fits. What it does not say fits always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advised {
    /// Their ids; empty for every one.
    pub ids: Vec<String>,
    /// Whether people have checked them, or have not.
    pub reviewed: Option<bool>,
    /// Whether a later version fixes them, or none does.
    pub fixed: Option<bool>,
    /// How long they have been known at least.
    pub older_than: Option<Duration>,
    /// How severe they are; empty for however severe.
    pub severity: Vec<Severity>,
}

impl Advised {
    /// Whether `advisory`, which is about `version`, is one of them.
    pub fn fits(&self, advisory: Advisory<'_>, version: &Version, now: Timestamp) -> bool {
        let is_fixed = || is_fixed_after(advisory, version);
        (self.ids.is_empty() || self.ids.iter().any(|id| id == advisory.id()))
            && self.reviewed.is_none_or(|reviewed| reviewed == advisory.is_reviewed())
            && self.fixed.is_none_or(|fixed| fixed == is_fixed())
            && self.older_than.is_none_or(|age| advisory.published().after(age) <= now)
            && (self.severity.is_empty() || self.severity.contains(&advisory.severity()))
    }

    /// When `advisory` becomes one of them by its age alone, if that is still to come.
    pub fn begins(&self, advisory: Advisory<'_>, now: Timestamp) -> Option<Timestamp> {
        let from = advisory.published().after(self.older_than?);
        (from > now).then_some(from)
    }
}

/// Whether a version later than `version` fixes it.
pub(super) fn is_fixed_after(advisory: Advisory<'_>, version: &Version) -> bool {
    advisory.fixes().any(|fix| fix.precedence(version).is_gt())
}
