//! What the tests of the policy are made of.

use super::{Action, Principal, Rule, Versions};
use crate::gomod::{ModulePath, Pattern, Version};

pub(super) fn module(path: &str) -> ModulePath {
    ModulePath::parse(path).unwrap()
}

pub(super) fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

/// A rule for what these patterns match.
pub(super) fn rule<'a>(patterns: impl IntoIterator<Item = &'a str>, action: Action) -> Rule {
    let modules = patterns.into_iter().map(|text| Pattern::parse(text).unwrap()).collect();
    Rule::new("policy.rules[0]", modules, action)
}

impl Rule {
    /// For these versions alone.
    pub(super) fn having(mut self, versions: &[&str]) -> Self {
        self.versions = Some(Versions::parse(versions.iter().copied()).unwrap());
        self
    }

    /// Not enforced.
    pub(super) fn watched(mut self) -> Self {
        self.enforced = false;
        self
    }

    /// For these callers alone.
    pub(super) fn told(mut self, principals: &[&str]) -> Self {
        self.principals = principals.iter().map(|text| Principal::parse(text).unwrap()).collect();
        self
    }
}
