//! What of many records is kept: by module.

use std::{collections::BTreeMap, sync::Arc};

use super::{Ranges, Record, Severity};
use crate::gomod::Version;
use crate::http::Timestamp;

/// The advisories of one source, by module. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advisories {
    modules: Arc<BTreeMap<Box<str>, Vec<Entry>>>,
    has_malice: bool,
}

/// An advisory about one module.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advisory<'t>(&'t Entry);

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    id: Box<str>,
    published: Timestamp,
    is_reviewed: bool,
    is_malicious: bool,
    severity: Severity,
    ranges: Ranges,
    versions: Vec<Version>,
}

impl Advisories {
    /// Of these records.
    pub fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let mut modules: BTreeMap<Box<str>, Vec<Entry>> = BTreeMap::new();
        let mut has_malice = false;
        for record in records {
            let Record { id, published, is_reviewed, is_malicious, severity, affected } = record;
            has_malice |= is_malicious;
            for about in affected {
                modules.entry(about.module.into()).or_default().push(Entry {
                    id: id.as_str().into(),
                    published,
                    is_reviewed,
                    is_malicious,
                    severity,
                    ranges: about.ranges,
                    versions: about.versions,
                });
            }
        }
        Self { modules: modules.into(), has_malice }
    }

    /// Those about the module with this path; one whose record names the module twice comes twice.
    pub fn about(&self, module: &str) -> impl Iterator<Item = Advisory<'_>> {
        self.modules.get(module).into_iter().flatten().map(Advisory)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// Whether any of them says that a module is malicious.
    pub fn has_malice(&self) -> bool {
        self.has_malice
    }
}

impl<'t> Advisory<'t> {
    /// Its id.
    pub fn id(self) -> &'t str {
        &self.0.id
    }

    /// When it was published first.
    pub fn published(self) -> Timestamp {
        self.0.published
    }

    /// Whether people have checked it.
    pub fn is_reviewed(self) -> bool {
        self.0.is_reviewed
    }

    /// Whether it says that the module is malicious.
    pub fn is_malicious(self) -> bool {
        self.0.is_malicious
    }

    /// How severe it is.
    pub fn severity(self) -> Severity {
        self.0.severity
    }

    /// Whether it is about this version of its module.
    pub fn affects(self, version: &Version) -> bool {
        let listed = || self.0.versions.iter().any(|one| one.precedence(version).is_eq());
        // A list of versions without a range is not about all others.
        let is_listed_alone = self.0.ranges == Ranges::default() && !self.0.versions.is_empty();
        listed() || !is_listed_alone && self.0.ranges.contain(version)
    }

    /// Whether it is about every version of its module.
    pub fn affects_all(self) -> bool {
        self.0.ranges.are_whole() && (self.0.versions.is_empty() || self.0.ranges != Ranges::default())
    }

    /// The versions that fix it, ascending.
    pub fn fixes(self) -> impl Iterator<Item = &'t Version> {
        self.0.ranges.fixes()
    }
}
