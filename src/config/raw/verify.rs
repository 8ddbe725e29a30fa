//! The section `verify`.

use serde::Deserialize;

use super::words::Section;
use crate::config::Mode;

/// What is verified against the checksum database.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawVerify {
    /// What happens to a version that the database does not vouch for. A file that contradicts the database, or comes with
    /// a forged proof, is refused in every mode but `off`. The default is the strict one: an operator who configures a
    /// database wants it to count.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Mode::default())))]
    pub(in crate::config) mode: Option<Mode>,
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
    pub(in crate::config) mode: Option<Mode>,
}
