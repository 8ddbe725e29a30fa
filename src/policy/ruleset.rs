//! An ordered list of rules, with the tree that finds those which name a module.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::Rule;
use super::matcher::{Builder, Matcher};
use crate::gomod::ModulePath;

/// Rules in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ruleset {
    rules: Arc<[Rule]>,
    matcher: Matcher,
    /// Whether any of them is not enforced.
    monitors: bool,
    /// Whether any of them asks for licences.
    asks_licenses: bool,
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
                self.given = self.given.saturating_add(1);
                self.monitors |= !rule.enforced;
                self.asks_licenses |= rule.license.is_some();
                self.tree.add(rule);
                let patterns = rule.modules.iter().count().saturating_add(rule.exact.len());
                left = left.saturating_sub(patterns.max(1));
            }
            return None;
        }
        let matcher = self.tree.write(most)?;
        let (monitors, asks_licenses) = (self.monitors, self.asks_licenses);
        Some(Ruleset { rules: std::mem::take(&mut self.rules), matcher, monitors, asks_licenses })
    }
}
