//! The section `verify`.

use serde::Deserialize;

use super::words::Section;

/// What is verified against the checksum database.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawVerify {
    /// What happens to a version that the database does not vouch for. A file that contradicts the database, or comes with
    /// a forged proof, is refused in every mode but `off`. The default is the strict one: an operator who configures a
    /// database wants it to count.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "require")))]
    pub(in crate::config) mode: Option<RawMode>,
    /// Other modes for some modules, each with `modules` (globs, as in `private`) and its `mode`; the first that names a module
    /// decides. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) overrides: Option<Vec<Section<RawVerifyOverride>>>,
}

/// Another mode for some modules.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawVerifyOverride {
    /// The modules, as globs.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// How they are verified.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) mode: Option<RawMode>,
}

/// What happens to a version that could not be proven.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawMode {
    /// what cannot be proven is not served: 503 or 504 while the database cannot be asked, 502 where it has no record of it
    Require,
    /// where the database cannot be asked or has no record of it, it is served unproven, not stored, and the database is asked
    /// again after a minute
    WhenAvailable,
    /// the database is never asked; clients may ask it through Modgate all the same
    Off,
}
