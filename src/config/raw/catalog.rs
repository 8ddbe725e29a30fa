//! The section `catalog`.

use serde::Deserialize;

/// The pages that list what the storage has. An empty object has the defaults.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawCatalog {
    /// The callers who may ask for them, named as in `principals` of a rule. Without it every caller may, and no private module
    /// (`private.modules`) is named to any. With it private modules are named too, to those of these callers whom the policy lets have
    /// them.
    pub(in crate::config) principals: Option<Vec<Option<String>>>,
}
