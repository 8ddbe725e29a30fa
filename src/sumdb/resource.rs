//! What a checksum database can be asked for.

use std::fmt::{self, Display, Formatter};

use super::Tile;
use crate::gomod::{ModulePath, Version};

/// One of a database's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The newest tree head.
    Latest,
    /// The record of a module version, with a tree head that has it.
    Lookup {
        /// The module.
        module: ModulePath,
        /// Its version.
        version: Version,
    },
    /// A part of the tree.
    Tile(Tile),
}

impl Resource {
    /// Its path below the database's address, escaped as the protocol has it and not percent-encoded:
    /// `lookup/github.com/!azure/x@v1.0.0`, `tile/8/0/x001/067.p/3`.
    pub fn path(&self) -> String {
        match self {
            Self::Latest => "latest".to_owned(),
            Self::Lookup { module, version } => {
                format!("lookup/{}@{}", module.escaped(), version.escaped())
            }
            Self::Tile(tile) => format!("tile/{tile}"),
        }
    }
}

impl Display for Resource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&self.path())
    }
}
