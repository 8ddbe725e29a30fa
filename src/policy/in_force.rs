//! What is in force while a worker runs: the rules of all origins as one policy, and which polled documents they come from.
//!
//! A configuration is what an operator wrote and does not change. What is polled changes while the worker runs, and stands here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Policy, Rule, Ruleset, Waivers};
use crate::advisory::Advisories;

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
    versions: BTreeMap<&'static str, u64>,
    /// The documents that no module is given without.
    required: BTreeSet<&'static str>,
}

impl InForce {
    /// The rules of a configuration, before anything was polled; `required` names the documents that no module is given without. Of a
    /// policy that is only `monitored` nothing is enforced, those documents included.
    pub fn new(
        rules: impl IntoIterator<Item = (Origin, Arc<[Rule]>)>,
        (deny_by_default, monitored): (bool, bool),
        required: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let rulesets = rules.into_iter().map(|(origin, rules)| (origin, Ruleset::new(rules)));
        let policy = Policy { rulesets: rulesets.collect(), deny_by_default, monitored, ..Policy::default() };
        let required = required.into_iter().filter(|_| !monitored);
        Self { policy, versions: BTreeMap::new(), required: required.collect() }
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

    /// Puts the advisories of one source in force, in place of those it had before.
    pub fn replace_advisories(&mut self, source: &str, advisories: Advisories) {
        self.policy.advisories.insert(source.to_owned(), advisories);
    }

    /// This version of the polled `document` is in force from now on.
    pub fn note_version(&mut self, document: &'static str, version: u64) {
        self.versions.insert(document, version);
    }

    /// The version of the polled `document` that is in force; `None` where none was read yet.
    pub fn version(&self, document: &'static str) -> Option<u64> {
        self.versions.get(document).copied()
    }

    /// Whether every document is in force that no module is given without.
    pub fn is_complete(&self) -> bool {
        self.required.iter().all(|document| self.versions.contains_key(document))
    }
}
