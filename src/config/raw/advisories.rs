//! The section `advisories`.

use std::time::Duration;

use serde::Deserialize;

use super::RawAdvisorySource;
use super::words::{RawDuration, Section};
use crate::config::{WhenStale, setting::Setting};

/// Where advisories come from, by which rules can decide (`advisories` in a rule): which versions are known to be vulnerable, or malicious.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawAdvisories {
    /// The sources. None by default.
    pub(in crate::config) sources: Option<Vec<Section<RawAdvisorySource>>>,
    /// How long after its source last confirmed them the advisories of a source are stale. Those that were never read are.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::STALE_AFTER.schema()))]
    pub(in crate::config) stale_after: Option<RawDuration>,
    /// What holds while the advisories of any source are stale. By default the ones that were read last do, and
    /// `modgate_advisories_stale` says so: an outage of a database stops no build.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = WhenStale::default())))]
    pub(in crate::config) when_stale: Option<WhenStale>,
    /// The path, such as `/vulndb` and below `match.path_prefix`, at which the gateway serves what it has read of all sources as Go's database
    /// does, for `govulncheck -db`. By default it does not. Each source's records then take up to 16 MiB of the memory that workers share.
    pub(in crate::config) mirror: Option<String>,
}

impl RawAdvisories {
    pub(in crate::config) const STALE_AFTER: Setting<Duration> = Setting {
        name: "stale_after",
        // A weekend, over which no operator looks at a source that fails.
        default: Duration::from_secs(3 * 24 * 60 * 60),
        // A few polls of a source that is near.
        least: Duration::from_secs(60),
        // A year of 365.25 days: who takes older ones for good needs no source.
        most: Duration::from_secs(31_557_600),
        beyond: None,
    };
}
