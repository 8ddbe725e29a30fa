//! From a normalised path to what it asks for.

use super::{Document, File, SumdbFile, Target, Zip};
use crate::{
    gomod::{self, ModulePath, Query, Version},
    goproxy::Refusal,
};

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
