//! The section `vanity`.

use serde::Deserialize;

use crate::config::VersionControl;

/// An import path that is answered for, and where its repository is.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawVanity {
    /// The import path of the repository's root: `go.acme.example/widgets`. Its host has to be routed to this gateway. With a `*` as its last
    /// element, any one element: `go.acme.example/*`. Where several fit, the longest is taken, and one without a `*` before one with it.
    pub(in crate::config) import: Option<String>,
    /// What the repository is kept in. With `mod` its modules are had from the module proxy at `repository` alone, such as this gateway.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = VersionControl::default())))]
    pub(in crate::config) vcs: Option<VersionControl>,
    /// The address of the repository, which every client is told: `https://git.acme.example/acme/widgets`, without a password. A `*` in it
    /// is what stands for the `*` of `import`.
    pub(in crate::config) repository: Option<String>,
    /// The folder of the repository in which the module's root is, where that is not the repository's: `go`. The go command reads it
    /// from Go 1.25 on; an older one does not take an answer that has it.
    pub(in crate::config) subdirectory: Option<String>,
}
