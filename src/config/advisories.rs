//! Where advisories come from, and what holds while they are old.

use std::time::Duration;

use serde::Deserialize;

use super::{Config, Endpoint};
use crate::metrics::DocumentName;
use crate::policy::InForce;

/// Where advisories come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdvisoriesSection {
    /// The sources, no name twice.
    pub sources: Vec<AdvisorySource>,
    /// How long after its source has confirmed it a table is stale.
    pub stale_after: Duration,
    /// What holds then.
    pub when_stale: WhenStale,
}

/// A source of advisories.
#[derive(Clone, Debug, PartialEq)]
pub struct AdvisorySource {
    /// Its name in metrics, logs and pages.
    pub name: String,
    /// How it is reached; its path is that of the zip, or the base of the database.
    pub endpoint: Endpoint,
    /// How often it is asked.
    pub interval: Duration,
    /// What it has.
    pub format: AdvisoryFormat,
    /// Whether what it tells of is malicious, and not merely vulnerable.
    pub is_malicious: bool,
}

/// What a source of advisories has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum AdvisoryFormat {
    /// the files of Go's vulnerability database, below `url`: the date of its last change is polled, and then what has changed
    Database,
    /// a zip of records, at `url`: the vulndb.zip of Go's database, the all.zip that osv.dev has of an ecosystem, one of your own
    Zip,
}

/// What holds while advisories are stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum WhenStale {
    /// what was read last; nothing, where nothing was read yet
    #[default]
    Allow,
    /// no module is given: clients get 503
    Fail,
}

impl AdvisorySource {
    /// What shared data, metrics and pages call what is read of it.
    pub fn document(&self) -> DocumentName {
        DocumentName::of_source(Self::FAMILY, &self.name)
    }

    /// What metrics call all of them.
    pub const FAMILY: &str = "advisories";
}

impl Config {
    /// What is in force before anything was polled.
    pub fn in_force(&self) -> InForce {
        let mut in_force = self.policy.in_force();
        if self.advisories.when_stale == WhenStale::Fail {
            self.advisories.sources.iter().for_each(|source| in_force.require(source.document()));
        }
        in_force
    }
}
