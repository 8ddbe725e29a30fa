//! Which modules may be had, and where misses are fetched from.

use std::time::Duration;

use serde::Deserialize;

use super::{Bundle, Config, Endpoint};
use crate::gomod::{ModulePath, Patterns};
use crate::policy::{Policy, Rule};

/// What decides who may have which module version.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySection {
    /// Everything that is in force: `rules`, then the bundle's, then `filter`, then the default.
    pub policy: Policy,
    /// The rules of the configuration itself.
    rules: Vec<Rule>,
    /// What the Athens filter file says, as rules.
    filter: Vec<Rule>,
    /// Where more rules come from.
    pub bundle: Option<BundleSource>,
    /// The version of the bundle that is in force.
    bundle_version: Option<u64>,
    /// What becomes of modules that are not stored.
    pub on_miss: OnMiss,
}

/// Where a policy bundle comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct BundleSource {
    /// How it is reached; its path is all of the bundle's.
    pub endpoint: Endpoint,
    /// How often it is asked for.
    pub interval: Duration,
    /// Whether nothing is served before one was read.
    pub required: bool,
}

/// What becomes of modules that are not stored.
#[derive(Clone, Debug, PartialEq)]
pub struct OnMiss {
    /// Of those that no override names.
    pub mode: MissMode,
    /// In the order written: the first that names a module decides.
    pub overrides: Vec<MissOverride>,
}

/// Something else for some modules.
#[derive(Clone, Debug, PartialEq)]
pub struct MissOverride {
    /// Which modules.
    pub modules: Patterns,
    /// What becomes of them.
    pub mode: MissMode,
}

/// What becomes of what is not stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum MissMode {
    /// it is fetched from the upstreams, and stored
    #[default]
    Fetch,
    /// it is not found; lists and `@latest` contain what is stored
    None,
    /// clients are sent to the upstream that would be asked; for a list, `@latest` or a branch too, unless rules hide some
    /// versions of the module: then these are fetched and answered here
    Redirect,
}

impl MissMode {
    /// As it is written in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::None => "none",
            Self::Redirect => "redirect",
        }
    }
}

impl PolicySection {
    /// The section of a configuration, without a bundle yet.
    pub(super) fn new(
        rules: Vec<Rule>,
        filter: Vec<Rule>,
        deny_by_default: bool,
        bundle: Option<BundleSource>,
        on_miss: OnMiss,
    ) -> Self {
        let policy = Policy::new(rules.iter().chain(&filter).cloned().collect(), deny_by_default);
        Self { policy, rules, filter, bundle, bundle_version: None, on_miss }
    }

    /// Puts the rules of a bundle in force, in place of those of the one before.
    pub fn adopt(&mut self, bundle: &Bundle) {
        let rules = self.rules.iter().chain(&bundle.rules).chain(&self.filter).cloned().collect();
        self.policy = Policy::new(rules, self.policy.denies_by_default());
        self.bundle_version = Some(bundle.version);
    }

    /// The one part of the section that says who is asked, and so belongs to what a configuration reaches. By all else it is
    /// decided who may have what there is, wherever it is from.
    ///
    /// It takes the section apart in full, so that a field which is added has to be decided about.
    pub fn on_miss(&self) -> &OnMiss {
        let Self { on_miss, policy: _, rules: _, filter: _, bundle: _, bundle_version: _ } = self;
        on_miss
    }

    /// The version of the bundle that is in force; nothing where none is.
    pub fn bundle_version(&self) -> Option<u64> {
        self.bundle_version
    }

    /// Whether all rules are there without which nothing is to be served.
    pub fn is_known(&self) -> bool {
        self.bundle_version.is_some() || !self.bundle.as_ref().is_some_and(|bundle| bundle.required)
    }
}

/// Everybody may have everything, and what is not stored is fetched.
impl Default for PolicySection {
    fn default() -> Self {
        let on_miss = OnMiss { mode: MissMode::Fetch, overrides: Vec::new() };
        Self::new(Vec::new(), Vec::new(), false, None, on_miss)
    }
}

impl OnMiss {
    /// What becomes of `module` where it is not stored.
    pub fn mode(&self, module: &ModulePath) -> MissMode {
        let first = self.overrides.iter().find(|one| one.modules.matches(module));
        first.map_or(self.mode, |one| one.mode)
    }
}

impl Config {
    /// What becomes of `module` where it is not stored; offline, nothing is fetched, and nobody is sent elsewhere.
    pub fn on_miss(&self, module: &ModulePath) -> MissMode {
        if self.offline { MissMode::None } else { self.policy.on_miss.mode(module) }
    }
}
