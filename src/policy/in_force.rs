//! What is in force while a worker runs: the rules of all origins as one policy, and which polled documents they come from.
//!
//! A configuration is what an operator wrote and does not change. What is polled changes while the worker runs, and stands here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{LookAlikes, Policy, Rule, Ruleset, Waivers};
use crate::advisory::Advisories;
use crate::metrics::DocumentName;

/// Where rules come from, in the order in which they are asked: the first rule that applies decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The configuration's own list.
    Configuration,
    /// The policy bundle.
    Bundle,
    /// The Athens filter file.
    AthensFilter,
}

/// What is in force in one worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InForce {
    policy: Policy,
    /// The version of each polled document that is in force, by the document's name.
    versions: BTreeMap<DocumentName, u64>,
    /// What they were read from, as a digest.
    contents: BTreeMap<DocumentName, [u8; 16]>,
    /// The documents that no module is given without.
    required: BTreeSet<DocumentName>,
    /// The documents that their sources have not confirmed for too long, as far as they were looked at.
    stale: BTreeSet<DocumentName>,
    /// The documents that were neither read yet nor failed to be: a gateway that has just begun is not ready before.
    awaited: BTreeSet<DocumentName>,
}

impl InForce {
    /// The rules of a configuration, before anything was polled; `required` names the documents that no module is given without. Of a
    /// policy that is only `monitored` nothing is enforced, those documents included.
    pub fn new(
        rules: impl IntoIterator<Item = (Origin, Arc<[Rule]>)>,
        (deny_by_default, monitored): (bool, bool),
        required: impl IntoIterator<Item = DocumentName>,
    ) -> Self {
        let rulesets = rules.into_iter().map(|(origin, rules)| (origin, Ruleset::new(rules)));
        let policy = Policy { rulesets: rulesets.collect(), deny_by_default, monitored, ..Policy::default() };
        let required = required.into_iter().filter(|_| !monitored);
        Self { policy, required: required.collect(), ..Self::default() }
    }

    /// What decides who may have which version.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Puts the rules of one origin in force, in place of those it had before.
    pub fn replace(&mut self, origin: Origin, ruleset: Ruleset) {
        self.policy.rulesets.insert(origin, ruleset);
    }

    /// Puts what one origin lists as malicious in force, in place of what it listed before.
    pub fn replace_malicious(&mut self, origin: Origin, listed: Ruleset) {
        self.policy.malicious.insert(origin, listed);
    }

    /// Puts the waivers of one origin in force, in place of those it had before.
    pub fn replace_waivers(&mut self, origin: Origin, waivers: Waivers) {
        self.policy.waivers.insert(origin, waivers);
    }

    /// These modules are in use.
    pub fn replace_used(&mut self, used: LookAlikes) {
        self.policy.used = used.into();
    }

    /// Puts the advisories of one source in force, in place of those it had before.
    pub fn replace_advisories(&mut self, source: &str, advisories: Advisories) {
        self.policy.advisories.insert(source.to_owned(), advisories);
        Advisories::join(self.policy.advisories.values_mut());
    }

    /// The advisories of the source with this name that are in force.
    pub fn advisories(&self, source: &str) -> Option<&Advisories> {
        self.policy.advisories.get(source)
    }

    /// What is in force of the polled `document` was read from what has this digest.
    pub fn note_content(&mut self, document: &DocumentName, digest: [u8; 16]) {
        self.contents.insert(document.clone(), digest);
    }

    /// The digest of what the polled `document` that is in force was read from; `None` where none was read yet.
    pub fn content(&self, document: &DocumentName) -> Option<[u8; 16]> {
        self.contents.get(document).copied()
    }

    /// This version of the polled `document` is in force from now on.
    pub fn note_version(&mut self, document: impl Into<DocumentName>, version: u64) {
        self.versions.insert(document.into(), version);
    }

    /// The version of the polled `document` that is in force; `None` where none was read yet.
    pub fn version(&self, document: impl Into<DocumentName>) -> Option<u64> {
        self.versions.get(&document.into()).copied()
    }

    /// No module is given without `document` either, or while it is stale; but of a policy that is only monitored nothing is enforced.
    pub fn require(&mut self, document: DocumentName) {
        if self.policy.is_enforced() {
            self.required.insert(document);
        }
    }

    /// Whether its source has not confirmed `document` for too long.
    pub fn note_stale(&mut self, document: &DocumentName, is_stale: bool) {
        if is_stale {
            self.stale.insert(document.clone());
        } else {
            self.stale.remove(document);
        }
    }

    /// Whether `document` is neither read yet nor has failed to be.
    pub fn note_awaited(&mut self, document: &DocumentName, is_awaited: bool) {
        if is_awaited {
            self.awaited.insert(document.clone());
        } else {
            self.awaited.remove(document);
        }
    }

    /// The documents that were neither read yet nor failed to be.
    pub fn awaited(&self) -> impl Iterator<Item = &DocumentName> {
        self.awaited.iter()
    }

    /// Whether every document is in force that no module is given without.
    pub fn is_complete(&self) -> bool {
        self.lacking().is_none()
    }

    /// A document that no module is given without and that is not in force, or is stale.
    pub fn lacking(&self) -> Option<Lacking<'_>> {
        self.required.iter().find_map(|document| match self.versions.contains_key(document) {
            false => Some(Lacking::Unread(document)),
            true => self.stale.get(document).map(Lacking::Stale),
        })
    }
}

/// Why no module is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking<'a> {
    /// This document was not read yet.
    Unread(&'a DocumentName),
    /// Its source has not confirmed this document for too long.
    Stale(&'a DocumentName),
}
