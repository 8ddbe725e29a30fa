//! The section `exposure`.

use serde::Deserialize;

use super::words::RawCount;
use crate::config::setting::Setting;

/// What is remembered of what was served. An empty object has the defaults.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawExposure {
    /// For how many days a version is remembered after it was served last, and a caller after it got the version last.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::DAYS.schema()))]
    pub(in crate::config) days: Option<RawCount>,
    /// Whether callers are remembered by name: the first name of each, in the order of `callers.principals`. With `false` it is known
    /// about how many there were. With `true` these names are in the storage and in the log, for whoever reads those. Not by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::CALLERS)))]
    pub(in crate::config) callers: Option<bool>,
}

impl RawExposure {
    pub(in crate::config) const DAYS: Setting<u32> = Setting {
        name: "days",
        // A quarter: what was built before was built anew since, or is to be looked for where it runs.
        default: 90,
        // With none nothing would be remembered: the section is left out for that.
        least: 1,
        // A year and a day. More is for an archive of access logs.
        most: 366,
        beyond: Some("leave `exposure` out to remember nothing, and keep access logs for longer"),
    };

    /// Who fetched what is about persons: an operator has to ask for that.
    pub(in crate::config) const CALLERS: bool = false;
}
