//! What a request asks for.

use std::fmt;

use super::Refusal;
use crate::gomod::{self, ModulePath, Query, Version};

/// Anything this proxy can be asked for below its prefix, but for [`Page`]s.
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
    /// `@latest`.
    Latest,
    /// `@v/list`.
    List,
    /// `@v/<version>.mod`.
    Mod(Version),
    /// `@v/<query>.info` of anything else: a branch, a commit, `v1`, a version that names another major.
    Query(Query),
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

/// One of this proxy's own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The filter runs.
    Healthz,
    /// The filter runs and has seen what it fetches from.
    Readyz,
    /// Which build runs.
    Version,
}

/// How long a document stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// For ever.
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
    /// Reads a normalised path, as `path::place` gives it.
    ///
    /// # Errors
    /// A [`Refusal`] that says what is wrong: malformed names, or a file that the protocol does not have.
    pub fn parse(path: &str) -> Result<Self, Refusal> {
        if let Some((module, file)) = path.split_once("/@v/") {
            return parse_file(&parse_module(module)?, file);
        }
        if let Some(module) = path.strip_suffix("/@latest") {
            return Ok(document(parse_module(module)?, File::Latest));
        }
        match path.strip_prefix("sumdb/").and_then(split_sumdb) {
            Some((sumdb, file)) => parse_sumdb(sumdb, file),
            None => Err(Refusal::Malformed(format!("malformed path: no module before {path:?}"))),
        }
    }

    /// The word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Document(Document::Module { file, .. }) => match file {
                File::Info(_) => "info",
                File::Latest => "latest",
                File::List => "list",
                File::Mod(_) => "mod",
                File::Query(_) => "query",
            },
            Self::Document(Document::Sumdb { .. }) | Self::Supported { .. } => "sumdb",
            Self::Zip(_) => "zip",
        }
    }

    /// The module named, if one is.
    pub fn module(&self) -> Option<&ModulePath> {
        match self {
            Self::Document(document) => document.module(),
            Self::Zip(zip) => Some(&zip.module),
            Self::Supported { .. } => None,
        }
    }
}

impl Document {
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
                    File::List => format!("{module}/@v/list"),
                    File::Mod(version) => format!("{module}/@v/{}.mod", version.escaped()),
                    File::Query(query) => format!("{module}/@v/{}.info", query.escaped()),
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

    /// How long it stays what it is.
    pub fn lifetime(&self) -> Lifetime {
        match self {
            Self::Module { file, .. } => match file {
                File::Info(_) | File::Mod(_) => Lifetime::Immutable,
                File::Latest => Lifetime::Latest,
                File::List => Lifetime::List,
                File::Query(_) => Lifetime::Query,
            },
            Self::Sumdb { file: SumdbFile::Latest, .. } => Lifetime::SumdbLatest,
            Self::Sumdb { .. } => Lifetime::Immutable,
        }
    }

    /// Its media type.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Module { file: File::Info(_) | File::Latest | File::Query(_), .. } => "application/json",
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
                File::Info(version) | File::Mod(version) => write!(f, "{module}@{version}"),
                File::Latest => write!(f, "{module}@latest"),
                File::List => write!(f, "{module}"),
                File::Query(query) => write!(f, "{module}@{query}"),
            },
            Self::Sumdb { sumdb, .. } => write!(f, "{sumdb}/{}", self.path()),
        }
    }
}

impl Zip {
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

impl Page {
    /// Every page.
    pub const ALL: [Self; 3] = [Self::Healthz, Self::Readyz, Self::Version];

    /// Its name below the configured prefix.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthz => "healthz",
            Self::Readyz => "readyz",
            Self::Version => "version",
        }
    }
}

fn document(module: ModulePath, file: File) -> Target {
    Target::Document(Document::Module { module, file })
}

/// Reads the module's name. A path with raw capitals and no `!` can only be an unescaped one, as a person types it; one
/// with both is ambiguous, and unescaping refuses it.
fn parse_module(text: &str) -> Result<ModulePath, Refusal> {
    let module = if text.contains('!') { ModulePath::unescape(text) } else { ModulePath::parse(text) };
    module.map_err(|error| Refusal::Malformed(error.to_string()))
}

fn parse_file(module: &ModulePath, file: &str) -> Result<Target, Refusal> {
    if file == "list" {
        return Ok(document(module.clone(), File::List));
    }
    let unknown = || {
        Refusal::Unknown(format!(
            "not found: @v/{file} of {module}: a module proxy has list, <version>.info, <version>.mod and <version>.zip"
        ))
    };
    let (version, extension) = file.rsplit_once('.').ok_or_else(unknown)?;
    if !matches!(extension, "info" | "mod" | "zip") {
        return Err(unknown());
    }
    let query = if version.contains('!') { Query::unescape(version) } else { Query::parse(version) };
    let query = query.map_err(|error| Refusal::Malformed(error.to_string()))?;
    let canonical =
        Version::parse(query.as_str()).and_then(|version| gomod::check(module, &version).map(|()| version));
    match (extension, canonical) {
        ("info", Ok(version)) => Ok(document(module.clone(), File::Info(version))),
        // Asked for a version that cannot be one of this module, a proxy may still resolve it (v2.0.0 to v2.0.0+incompatible).
        ("info", Err(_)) => Ok(document(module.clone(), File::Query(query))),
        ("mod", Ok(version)) => Ok(document(module.clone(), File::Mod(version))),
        ("zip", Ok(version)) => Ok(Target::Zip(Zip { module: module.clone(), version })),
        (_, Err(error)) => Err(Refusal::Unknown(format!(
            "not found: {module}@{query}: .{extension} is of a canonical version only: {error}"
        ))),
        _ => Err(unknown()),
    }
}

/// A database's name, which may hold slashes, and the file after it.
fn split_sumdb(path: &str) -> Option<(&str, &str)> {
    path.match_indices('/').find_map(|(at, _)| {
        let (sumdb, file) = (path.get(..at)?, path.get(at + 1..)?);
        let first = file.split('/').next()?;
        matches!(first, "latest" | "lookup" | "supported" | "tile").then_some((sumdb, file))
    })
}

fn parse_sumdb(sumdb: &str, file: &str) -> Result<Target, Refusal> {
    let sumdb = sumdb.to_owned();
    let of = |file| Target::Document(Document::Sumdb { sumdb: sumdb.clone(), file });
    match file.split_once('/').unwrap_or((file, "")) {
        ("supported", "") => Ok(Target::Supported { sumdb }),
        ("latest", "") => Ok(of(SumdbFile::Latest)),
        ("lookup", key) => {
            let Some((module, version)) = key.rsplit_once('@') else {
                return Err(Refusal::Malformed(format!("malformed lookup {key:?}: want <module>@<version>")));
            };
            let module = parse_module(module)?;
            let version =
                if version.contains('!') { gomod::unescape_version(version) } else { Ok(version.to_owned()) }
                    .map_err(|error| error.to_string())
                    .and_then(|version| Version::parse(&version).map_err(|error| error.to_string()))
                    .map_err(Refusal::Malformed)?;
            Ok(of(SumdbFile::Lookup(module, version)))
        }
        ("tile", tile) if is_tile(tile) => Ok(of(SumdbFile::Tile(tile.to_owned()))),
        _ => Err(Refusal::Unknown(format!(
            "not found: {sumdb}/{file}: a checksum database has supported, latest, lookup/ and tile/"
        ))),
    }
}

/// Whether `tile` is a tile's path as golang.org/x/mod/sumdb/tlog writes it below `tile/`: `<height>/<level or data>/`,
/// any `xNNN/`, `NNN`, and for a partial tile `.p/<width>`.
fn is_tile(tile: &str) -> bool {
    let number =
        |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (tile, width) = match tile.split_once(".p/") {
        Some((tile, width)) => (tile, Some(width)),
        None => (tile, None),
    };
    let mut elements = tile.split('/');
    let (Some(height), Some(level), Some(last)) = (elements.next(), elements.next(), elements.next_back())
    else {
        return false;
    };
    number(height)
        && (level == "data" || number(level))
        && elements.all(|element| {
            element.strip_prefix('x').is_some_and(|digits| digits.len() == 3 && number(digits))
        })
        && last.len() == 3
        && number(last)
        && width.is_none_or(number)
}
