//! Which modules may be had, and where misses are fetched from.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Bundle, Config, Endpoint, Sumdb};
use crate::gomod::{ModulePath, Patterns};
use crate::policy::{InForce, Origin, Rule, Ruleset, Waivers};

/// What decides who may have which module version, as it is configured. What is in force while a worker runs, the rules of a polled
/// bundle among it, is an [`InForce`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicySection {
    /// The rules of the configuration itself. What is in force shares them: there may be thousands.
    pub rules: Arc<[Rule]>,
    /// What the Athens filter file says, as rules.
    pub filter: Arc<[Rule]>,
    /// What is malicious, as rules that deny.
    pub malicious: Arc<[Rule]>,
    /// What operators have decided to live with.
    pub waivers: Waivers,
    /// Whether what no rule decides is refused.
    pub deny_by_default: bool,
    /// Whether nothing of it is enforced: it is only said what would have been decided.
    pub monitored: bool,
    /// By which clock the age of a version is told.
    pub clock: Clock,
    /// What becomes of versions that their authors have retracted.
    pub retracted: RetractedMode,
    /// Whether the licences of versions are read though no rule asks for them.
    pub licenses: bool,
    /// Where more rules come from.
    pub bundle: Option<BundleSource>,
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

/// By which clock the age of a version is told, where a rule asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Clock {
    /// by the time in its `.info`, which its author can date back; by when this Envoy first saw it, where that has none
    #[default]
    Info,
    /// by when the checksum database's log had it, too: the later of the two counts. Modules that `verify` leaves out are dated
    /// as with `info`
    Log,
}

/// What becomes of modules that are not stored. By default they are fetched.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// What becomes of a version that its author has retracted, where a client names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum RetractedMode {
    /// it is refused, with the author's reason; lists and `@latest` do not show it
    Deny,
    /// clients get it, as from any proxy
    #[default]
    Show,
    /// clients get it, with the author's reason in a header; it is counted
    Warn,
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
    /// What is in force before anything was polled.
    pub fn in_force(&self) -> InForce {
        let rules =
            [(Origin::Configuration, self.rules.clone()), (Origin::AthensFilter, self.filter.clone())];
        let required = self.bundle.as_ref().filter(|bundle| bundle.required).map(|_| Bundle::NAME.into());
        let mut in_force = InForce::new(rules, (self.deny_by_default, self.monitored), required);
        in_force.replace_malicious(Origin::Configuration, Ruleset::new(self.malicious.clone()));
        in_force.replace_waivers(Origin::Configuration, self.waivers.clone());
        in_force
    }

    /// Whether no client may have what its author has retracted.
    pub fn denies_retracted(&self) -> bool {
        self.retracted == RetractedMode::Deny && !self.monitored
    }

    /// Whether it is found out what the authors of modules say of them.
    pub fn hears_authors(&self) -> bool {
        self.retracted != RetractedMode::Show
    }

    /// The one part of the section that says which sources are asked, and so belongs to what a configuration reaches. All other parts say
    /// who may have what there is, from any source.
    ///
    /// It takes the section apart in full, so that a field which is added has to be decided about.
    pub fn on_miss(&self) -> &OnMiss {
        let Self {
            on_miss,
            clock: _,
            rules: _,
            filter: _,
            malicious: _,
            waivers: _,
            deny_by_default: _,
            monitored: _,
            retracted: _,
            licenses: _,
            bundle: _,
        } = self;
        on_miss
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
    /// What becomes of `module` where it is not stored; offline, nothing is fetched, and no client is sent elsewhere.
    pub fn on_miss(&self, module: &ModulePath) -> MissMode {
        if self.offline { MissMode::None } else { self.policy.on_miss.mode(module) }
    }

    /// By which clock the age of `module`'s versions is told. What no checksum database may hear of stands in no log.
    pub fn clock(&self, module: &ModulePath) -> Clock {
        match self.policy.clock {
            Clock::Log if self.verification(module).is_some() => Clock::Log,
            Clock::Log | Clock::Info => Clock::Info,
        }
    }

    /// The database by whose log ages are told, where they are.
    pub fn log_clock(&self) -> Option<&Sumdb> {
        // The one that `verification` names: it knows every public module.
        self.sumdb.first().filter(|_| self.policy.clock == Clock::Log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_database_may_hear_of_is_dated_by_its_info() {
        let clock = |clock: &str, module: &str| {
            let config = Config::parse(&format!(
                r#"{{"upstreams": [{{"cluster": "c", "url": "http://h"}}], "policy": {{"clock": "{clock}"}},
                    "private": {{"modules": ["corp.example.com"]}},
                    "sumdb": [{{"name": "sum.golang.org", "cluster": "s", "url": "http://s"}}],
                    "verify": {{"mode": "when_available", "overrides": [{{"modules": ["off.example.com"], "mode": "off"}}]}}}}"#
            ))
            .unwrap();
            assert_eq!(config.log_clock().is_some(), clock == "log");
            config.clock(&ModulePath::parse(module).unwrap())
        };
        for (module, expected) in
            [("a.com", Clock::Log), ("corp.example.com/m", Clock::Info), ("off.example.com", Clock::Info)]
        {
            assert_eq!(clock("log", module), expected, "{module}");
            assert_eq!(clock("info", module), Clock::Info, "{module}");
        }
    }
}
