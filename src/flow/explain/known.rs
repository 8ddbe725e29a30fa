//! What sources and operators say of a version.

use serde::Serialize;

use crate::{
    advisory::Severity,
    gomod::Version,
    http::Timestamp,
    policy::{Finding, View, Waiver},
};

/// An advisory about the version.
#[derive(Serialize)]
pub(in crate::flow) struct Advised<'a> {
    pub(in crate::flow) id: &'a str,
    /// The source that it is from.
    pub(in crate::flow) source: &'a str,
    pub(in crate::flow) published: String,
    pub(in crate::flow) reviewed: bool,
    pub(in crate::flow) malicious: bool,
    pub(in crate::flow) severity: &'static str,
    /// The versions that fix it, as its source writes them; of Go itself, versions of Go.
    pub(in crate::flow) fixed: Vec<&'a str>,
    /// The waiver that lifts it.
    pub(in crate::flow) waived: Option<Waived<'a>>,
}

/// The waiver that lifts something.
#[derive(Serialize)]
pub(in crate::flow) struct Waived<'a> {
    place: &'a str,
    name: &'a str,
    pub(in crate::flow) until: String,
    pub(in crate::flow) by: &'a str,
    pub(in crate::flow) ticket: &'a str,
    pub(in crate::flow) reason: &'a str,
}

/// The advisories about `version`, those that are waived among them.
pub(super) fn advised<'a>(view: &View<'a>, version: &Version, now: Timestamp) -> Vec<Advised<'a>> {
    view.findings(version, now).iter().take(MAX_SHOWN).map(Advised::of).collect()
}

impl<'a> Advised<'a> {
    fn of(Finding { source, advisory, waived }: &Finding<'a>) -> Self {
        Self {
            id: advisory.id(),
            source,
            published: advisory.published().rfc3339(),
            reviewed: advisory.is_reviewed(),
            malicious: advisory.is_malicious(),
            severity: severity(advisory.severity()),
            fixed: advisory.fixes().take(MAX_SHOWN).map(Version::as_str).collect(),
            waived: waived.map(Waived::by),
        }
    }
}

impl<'a> Waived<'a> {
    /// As it is shown.
    pub(in crate::flow) fn by(waiver: &'a Waiver) -> Self {
        Self {
            place: &waiver.place,
            name: &waiver.name,
            until: waiver.until.rfc3339(),
            by: &waiver.by,
            ticket: &waiver.ticket,
            reason: &waiver.reason,
        }
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "unknown",
        Severity::Low => "low",
        Severity::Moderate => "moderate",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// More than any version has in Go's own database: 293 are about one module.
const MAX_SHOWN: usize = 300;
