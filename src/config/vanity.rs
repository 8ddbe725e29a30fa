//! Import paths whose repositories are told to the go command.

use serde::Deserialize;

use super::HostPattern;

/// An import path that is answered for, and where its repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vanity {
    /// The host of the import path.
    pub host: HostPattern,
    /// The import path, as far as it is given.
    pub root: String,
    /// Its elements behind the host.
    pub elements: Vec<String>,
    /// Whether any one element follows these.
    pub is_open: bool,
    /// What the repository is kept in.
    pub vcs: VersionControl,
    /// The address of the repository. A `*` in it stands for the element that follows.
    pub repository: String,
    /// The folder in which the module's root is, if that is not the repository's.
    pub subdirectory: Option<String>,
}

/// What a repository is kept in, as the go command calls it (`go help importpath`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum VersionControl {
    /// Git
    #[default]
    Git,
    /// Mercurial
    Hg,
    /// Subversion
    Svn,
    /// Bazaar
    Bzr,
    /// Fossil
    Fossil,
    /// none: a module proxy
    Mod,
}

impl VersionControl {
    /// As a `go-import` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Hg => "hg",
            Self::Svn => "svn",
            Self::Bzr => "bzr",
            Self::Fossil => "fossil",
            Self::Mod => "mod",
        }
    }
}
