//! An ordered list of rules, with the tree that finds those which name a module.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::matcher::{Builder, Matcher};
use super::{Content, Rule};
use crate::gomod::ModulePath;

/// Rules in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ruleset {
    rules: Arc<[Rule]>,
    matcher: Matcher,
    /// The places of those that list hashes, by hash. The first of a hash counts.
    hashes: Arc<BTreeMap<[u8; 32], usize>>,
    /// Whether any of them is not enforced.
    monitors: bool,
    /// Whether any of them asks for licences.
    asks_licenses: bool,
    /// Whether any of them is for what looks like a module in use.
    asks_for_use: bool,
}

impl Ruleset {
    /// Of these, made at once.
    pub fn new(rules: impl Into<Arc<[Rule]>>) -> Self {
        let mut builder = RulesetBuilder::new(rules);
        loop {
            if let Some(ruleset) = builder.work(usize::MAX) {
                return ruleset;
            }
        }
    }

    /// The rules in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether any of them lists hashes of zips.
    pub(super) fn lists_hashes(&self) -> bool {
        !self.hashes.is_empty()
    }

    /// The hashes that any of them lists, where there are any.
    pub(super) fn hashes(&self) -> Option<Arc<BTreeMap<[u8; 32], usize>>> {
        self.lists_hashes().then(|| self.hashes.clone())
    }

    /// The rule that lists a zip that holds this.
    pub(super) fn listing(&self, content: &Content) -> Option<&Rule> {
        let place = content.hashes().find_map(|hash| self.hashes.get(&hash.0))?;
        self.rules.get(*place)
    }

    /// Whether any of them is for what looks like a module in use.
    pub(super) fn asks_for_use(&self) -> bool {
        self.asks_for_use
    }

    /// Whether any of them is not enforced.
    pub(super) fn monitors(&self) -> bool {
        self.monitors
    }

    /// Whether any of them asks for licences.
    pub(super) fn asks_licenses(&self) -> bool {
        self.asks_licenses
    }

    /// The rules that name `module`, in their order.
    pub(super) fn naming(&self, module: &ModulePath) -> impl Iterator<Item = &Rule> {
        let named = self.matcher.places(module).filter_map(|place| self.rules.get(place));
        named.filter(|rule| rule.is_for_likes_of(module))
    }
}

/// A ruleset that is being made, so that no callback has all of it to do.
#[derive(Debug)]
pub struct RulesetBuilder {
    rules: Arc<[Rule]>,
    /// How many of them the tree has been given.
    given: usize,
    /// Whether any of these is not enforced.
    monitors: bool,
    /// Whether any of these asks for licences.
    asks_licenses: bool,
    asks_for_use: bool,
    hashes: BTreeMap<[u8; 32], usize>,
    tree: Builder,
}

impl RulesetBuilder {
    /// Of these, with none of which anything was done yet.
    pub fn new(rules: impl Into<Arc<[Rule]>>) -> Self {
        Self {
            rules: rules.into(),
            given: 0,
            monitors: false,
            asks_licenses: false,
            asks_for_use: false,
            hashes: BTreeMap::new(),
            tree: Builder::default(),
        }
    }

    /// Goes on for so many patterns, or a rule that has more; the ruleset, once that was all.
    pub fn work(&mut self, most: usize) -> Option<Ruleset> {
        if self.given < self.rules.len() {
            let mut left = most;
            while left > 0
                && let Some(rule) = self.rules.get(self.given)
            {
                for hash in &rule.hashes {
                    self.hashes.entry(hash.0).or_insert(self.given);
                }
                self.given = self.given.saturating_add(1);
                self.monitors |= !rule.enforced;
                self.asks_licenses |= rule.license.is_some();
                self.asks_for_use |= rule.asks_for_use();
                self.tree.add(rule);
                let names = rule.modules.iter().count().saturating_add(rule.exact.len());
                left = left.saturating_sub(names.saturating_add(rule.hashes.len()).max(1));
            }
            return None;
        }
        let matcher = self.tree.write(most)?;
        let hashes = std::mem::take(&mut self.hashes).into();
        Some(Ruleset {
            rules: std::mem::take(&mut self.rules),
            matcher,
            hashes,
            monitors: self.monitors,
            asks_licenses: self.asks_licenses,
            asks_for_use: self.asks_for_use,
        })
    }
}
