//! What a request asks for.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::{
    gomod::{ModulePath, Query, Version},
    http::Kind,
};

/// Anything this proxy can be asked for below its prefix, but for [`super::Page`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A small document, answered here.
    Document(Document),
    /// Whether this proxy serves a checksum database.
    Supported {
        /// The database's name.
        sumdb: String,
    },
    /// A module's content, streamed.
    Zip(Zip),
}

/// A small document: it fits in memory, in the index, and in one callout.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    /// Of a module.
    Module {
        /// Which.
        module: ModulePath,
        /// The file asked for.
        file: File,
    },
    /// Of a checksum database.
    Sumdb {
        /// The database's name.
        sumdb: String,
        /// The file asked for.
        file: SumdbFile,
    },
}

/// A document of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// `@v/<version>.info` of a canonical version.
    Info(Version),
    /// What is known of the licences of a version. Storage alone has it, beside its files. No client asks for it by a path.
    License(Version),
    /// `@latest`.
    Latest,
    /// `@v/list`.
    List,
    /// `@v/<version>.mod`.
    Mod(Version),
    /// `@v/<query>.info` of anything else: a branch, a commit, `v1`, a version that names another major.
    Query(Query),
    /// The versions that storage has all of, pseudo-versions too: a list as `@v/list` is one. No client asks for it by a path.
    Stored,
}

/// A document of a checksum database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SumdbFile {
    /// `latest`: the signed tree head.
    Latest,
    /// `lookup/<module>@<version>`.
    Lookup(ModulePath, Version),
    /// `tile/...`, by its checked path.
    Tile(String),
}

/// A module's content at a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zip {
    /// The module.
    pub module: ModulePath,
    /// The version.
    pub version: Version,
}

/// How long a document stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheClass {
    /// It never changes.
    Immutable,
    /// As long as configured for lists.
    List,
    /// As long as configured for `@latest`.
    Latest,
    /// As long as configured for queries.
    Query,
    /// As long as configured for a checksum database's tree head.
    SumdbLatest,
}

impl Target {
    /// What it counts as.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Document(document) => document.kind(),
            Self::Supported { .. } => Kind::Sumdb,
            Self::Zip(_) => Kind::Zip,
        }
    }
}

impl Document {
    /// What a request for it counts as.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Module { file, .. } => match file {
                File::Info(_) => Kind::Info,
                File::Latest => Kind::Latest,
                // It is asked for so that the zip can be given.
                File::License(_) => Kind::Zip,
                File::List | File::Stored => Kind::List,
                File::Mod(_) => Kind::Mod,
                File::Query(_) => Kind::Query,
            },
            Self::Sumdb { .. } => Kind::Sumdb,
        }
    }

    /// The module named, if one is.
    pub fn module(&self) -> Option<&ModulePath> {
        match self {
            Self::Module { module, .. } | Self::Sumdb { file: SumdbFile::Lookup(module, _), .. } => {
                Some(module)
            }
            Self::Sumdb { .. } => None,
        }
    }

    /// The escaped path below a proxy's (or a database's) base address, without a leading slash.
    pub fn path(&self) -> String {
        match self {
            Self::Module { module, file } => {
                let module = module.escaped();
                match file {
                    File::Info(version) => format!("{module}/@v/{}.info", version.escaped()),
                    File::Latest => format!("{module}/@latest"),
                    File::License(version) => format!("{module}/@license/{}", version.escaped()),
                    File::List => format!("{module}/@v/list"),
                    File::Mod(version) => format!("{module}/@v/{}.mod", version.escaped()),
                    File::Query(query) => format!("{module}/@v/{}.info", query.escaped()),
                    File::Stored => format!("{module}/@v/"),
                }
            }
            Self::Sumdb { file, .. } => match file {
                SumdbFile::Latest => "latest".to_owned(),
                SumdbFile::Lookup(module, version) => {
                    format!("lookup/{}@{}", module.escaped(), version.escaped())
                }
                SumdbFile::Tile(tile) => format!("tile/{tile}"),
            },
        }
    }

    /// The module version it is of by its own name, where it is of one.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Module {
                file: File::Info(version) | File::License(version) | File::Mod(version), ..
            }
            | Self::Sumdb { file: SumdbFile::Lookup(_, version), .. } => Some(version),
            Self::Module { .. } | Self::Sumdb { .. } => None,
        }
    }

    /// Whether storage alone knows it: what storage has, and not what there is.
    pub fn is_of_storage(&self) -> bool {
        matches!(self, Self::Module { file: File::License(_) | File::Stored, .. })
    }

    /// How long it stays what it is.
    pub fn cache_class(&self) -> CacheClass {
        match self {
            Self::Module { file, .. } => match file {
                File::Info(_) | File::License(_) | File::Mod(_) => CacheClass::Immutable,
                File::Latest => CacheClass::Latest,
                File::List | File::Stored => CacheClass::List,
                File::Query(_) => CacheClass::Query,
            },
            Self::Sumdb { file: SumdbFile::Latest, .. } => CacheClass::SumdbLatest,
            Self::Sumdb { .. } => CacheClass::Immutable,
        }
    }

    /// Its media type.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Module {
                file: File::Info(_) | File::Latest | File::License(_) | File::Query(_), ..
            } => "application/json",
            Self::Sumdb { file: SumdbFile::Tile(_), .. } => "application/octet-stream",
            Self::Module { .. } | Self::Sumdb { .. } => "text/plain; charset=utf-8",
        }
    }
}

/// What a person calls it, for reasons and logs.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module { module, file } => match file {
                File::Info(version) | File::License(version) | File::Mod(version) => {
                    write!(f, "{module}@{version}")
                }
                File::Latest => write!(f, "{module}@latest"),
                File::List | File::Stored => write!(f, "{module}"),
                File::Query(query) => write!(f, "{module}@{query}"),
            },
            Self::Sumdb { sumdb, .. } => write!(f, "{sumdb}/{}", self.path()),
        }
    }
}

impl Zip {
    /// Its media type.
    pub const CONTENT_TYPE: &str = "application/zip";

    /// The escaped path below a proxy's base address, without a leading slash.
    pub fn path(&self) -> String {
        format!("{}/@v/{}.zip", self.module.escaped(), self.version.escaped())
    }

    /// As [`Zip::path`], of the version's `.info`.
    pub fn info_path(&self) -> String {
        format!("{}/@v/{}.info", self.module.escaped(), self.version.escaped())
    }
}

impl fmt::Display for Zip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.module, self.version)
    }
}
