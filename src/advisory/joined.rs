//! What the sources say of each other's advisories: one thing has an id in each database, and each is known by the others' as an alias.
//!
//! Go's database says nothing of how severe an advisory is; GitHub's does. So where both are sources, an advisory of Go's is as severe as
//! GitHub's is, and GitHub's is not told once more: for one module it would be a second id to be waived, and its ranges are the coarser ones.
//! What says that a module is malicious is always told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::id::Ghsa;
use super::{Advisories, Severity};

/// What other sources add to the advisories of one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Joined {
    /// By record; nothing behind the last that is known of.
    severities: Vec<Severity>,
    /// Entries that are told by another record.
    told_elsewhere: BTreeSet<u32>,
}

impl Joined {
    pub(super) fn severity(&self, record: u32) -> Severity {
        let place = usize::try_from(record).ok();
        place.and_then(|place| self.severities.get(place).copied()).unwrap_or_default()
    }

    pub(super) fn is_told_elsewhere(&self, entry: u32) -> bool {
        self.told_elsewhere.contains(&entry)
    }
}

impl Advisories {
    /// Has all sources know what the others say of their advisories: where one of them was replaced.
    pub fn join<'a>(sources: impl IntoIterator<Item = &'a mut Self>) {
        let mut sources: Vec<&mut Self> = sources.into_iter().collect();
        let joined = joined(&sources.iter().map(|source| &**source).collect::<Vec<_>>());
        for (source, joined) in sources.iter_mut().zip(joined) {
            source.joined = Arc::new(joined);
        }
    }
}

fn joined(sources: &[&Advisories]) -> Vec<Joined> {
    let all = || sources.iter().flat_map(|source| source.table.alike());
    let severities: BTreeMap<Ghsa, Severity> =
        all().filter_map(|record| Some((Ghsa::of(record.id)?, record.severity))).collect();
    if severities.is_empty() {
        return sources.iter().map(|_| Joined::default()).collect();
    }
    let told: BTreeSet<(Ghsa, &str)> = all()
        .filter(|record| record.id.starts_with(GO))
        .flat_map(|record| {
            let known = record.ghsa.iter().filter(|ghsa| severities.contains_key(ghsa));
            known.flat_map(move |ghsa| {
                record.modules().map(move |(_, module)| (*ghsa, module)).collect::<Vec<_>>()
            })
        })
        .collect();
    let of_source = |source: &&Advisories| {
        let of_alias = |ghsa: &Ghsa| severities.get(ghsa).copied();
        let severity = |ghsa: &[Ghsa]| ghsa.iter().filter_map(of_alias).max().unwrap_or_default();
        let told_elsewhere = source.table.alike().filter(|record| !record.is_malicious).flat_map(|record| {
            let ghsa = Ghsa::of(record.id);
            let is_told = |module| ghsa.is_some_and(|ghsa| told.contains(&(ghsa, module)));
            record
                .modules()
                .filter(|(_, module)| is_told(*module))
                .map(|(place, _)| place)
                .collect::<Vec<_>>()
        });
        Joined {
            severities: source.table.alike().map(|record| severity(record.ghsa)).collect(),
            told_elsewhere: told_elsewhere.collect(),
        }
    };
    sources.iter().map(of_source).collect()
}

/// How the ids of Go's own database begin.
const GO: &str = "GO-";
