//! From a normalised path to what it asks for.

use std::fmt;

use super::{Document, File, SumdbFile, Target, Zip};
use crate::{
    gomod::{self, ModulePath, Query, Version},
    goproxy::Refusal,
    sumdb::Tile,
};

impl Target {
    /// Reads a normalised path, as `path::place` gives it.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], which says what is wrong: malformed names, or a file that the protocol does not have. It is a "not found" and
    /// no bad request: tools ask the next proxy after a 404, and none after a 400.
    pub fn parse(path: &str) -> Result<Self, Refusal> {
        if let Some((module, file)) = path.split_once("/@v/") {
            return parse_file(&parse_module(module)?, file);
        }
        if let Some(module) = path.strip_suffix("/@latest") {
            return Ok(document(parse_module(module)?, File::Latest));
        }
        match path.strip_prefix("sumdb/").and_then(split_sumdb) {
            Some((sumdb, file)) => parse_sumdb(sumdb, file),
            None => Err(unknown(format!("{path:?} names no module and no file of one"))),
        }
    }
}

fn unknown(why: impl fmt::Display) -> Refusal {
    Refusal::Unknown(format!("not found: {why}"))
}

fn document(module: ModulePath, file: File) -> Target {
    Target::Document(Document::Module { module, file })
}

/// Reads the module's name. A path with raw capitals and no `!` can only be an unescaped one, as a person types it; one
/// with both is ambiguous, and unescaping refuses it.
fn parse_module(text: &str) -> Result<ModulePath, Refusal> {
    let module = if text.contains('!') { ModulePath::unescape(text) } else { ModulePath::parse(text) };
    module.map_err(unknown)
}

fn parse_file(module: &ModulePath, file: &str) -> Result<Target, Refusal> {
    if file == "list" {
        return Ok(document(module.clone(), File::List));
    }
    let no_file = || {
        unknown(format!(
            "@v/{file} of {module}: a module proxy has list, <version>.info, <version>.mod and <version>.zip"
        ))
    };
    let (version, extension) = file.rsplit_once('.').ok_or_else(no_file)?;
    if !matches!(extension, "info" | "mod" | "zip") {
        return Err(no_file());
    }
    let query = if version.contains('!') { Query::unescape(version) } else { Query::parse(version) };
    // A branch with a slash is one of these: the go command asks no proxy for it.
    let query = query.map_err(unknown)?;
    let canonical =
        Version::parse(query.as_str()).and_then(|version| gomod::check(module, &version).map(|()| version));
    match (extension, canonical) {
        ("info", Ok(version)) => Ok(document(module.clone(), File::Info(version))),
        // Asked for a version that cannot be one of this module, a proxy may still resolve it (v2.0.0 to v2.0.0+incompatible).
        ("info", Err(_)) => Ok(document(module.clone(), File::Query(query))),
        ("mod", Ok(version)) => Ok(document(module.clone(), File::Mod(version))),
        ("zip", Ok(version)) => Ok(Target::Zip(Zip { module: module.clone(), version })),
        (_, Err(error)) => {
            Err(unknown(format!("{module}@{query}: .{extension} is of a canonical version only: {error}")))
        }
        _ => Err(no_file()),
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
                return Err(unknown(format!("malformed lookup {key:?}: want <module>@<version>")));
            };
            let module = parse_module(module)?;
            let version =
                if version.contains('!') { gomod::unescape_version(version) } else { Ok(version.to_owned()) }
                    .map_err(|error| error.to_string())
                    .and_then(|version| Version::parse(&version).map_err(|error| error.to_string()))
                    .map_err(unknown)?;
            Ok(of(SumdbFile::Lookup(module, version)))
        }
        ("tile", tile) => match Tile::parse(tile) {
            Some(tile) => Ok(of(SumdbFile::Tile(tile.to_string()))),
            None => Err(unknown(format!(
                "{sumdb}/tile/{tile}: the tiles of a checksum database are tile/8/<level>/... and tile/8/data/..., as the go \
                 command asks for them; nothing proves others"
            ))),
        },
        _ => Err(unknown(format!(
            "{sumdb}/{file}: a checksum database has supported, latest, lookup/ and tile/"
        ))),
    }
}
