//! What a document must look like to be taken from an upstream or a store.
//!
//! A captive portal, a login page or a misrouted request answers 200 as well; what is not plainly the document is not
//! served, indexed or stored.

use serde_json::{Map, Value, error::Category};

use super::{Document, File, LicenseRecord, ListReader, SumdbFile};
use crate::{
    gomod::{self, Version},
    http::Timestamp,
};

/// Why a body is not the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// It begins like a web page.
    #[error("it answered with a web page")]
    Html,
    /// It has no version where one must be.
    #[error("it is not the JSON of a version: {0}")]
    Info(String),
    /// It names another version than the one asked for.
    #[error("it answered for version {got:?}")]
    OtherVersion {
        /// What it names.
        got: String,
    },
    /// It is not the kind of document that was asked for.
    #[error("it answered with no {0}")]
    Other(&'static str),
    /// It is larger than such a document can be.
    #[error("it answered with {got} bytes, more than {most}")]
    TooLarge {
        /// Its size.
        got: usize,
        /// What is allowed.
        most: usize,
    },
}

/// Checks that `body` is `document` and returns it as it is to be served: of a list the lines that the go command reads, sorted; everything
/// else byte for byte.
///
/// # Errors
/// A [`BadBody`] that says what it is instead.
pub fn accept(document: &Document, body: Vec<u8>) -> Result<Vec<u8>, BadBody> {
    look_over(document, &body)?;
    let is = |fits: bool, what| if fits { Ok(()) } else { Err(BadBody::Other(what)) };
    match document {
        Document::Module { module, file } => match file {
            File::Info(version) => {
                let got = info(&body)?;
                if got != version.as_str() {
                    return Err(BadBody::OtherVersion { got });
                }
            }
            File::Latest | File::Query(_) => {
                let got = info(&body)?;
                if !Version::parse(&got).is_ok_and(|version| gomod::check(module, &version).is_ok()) {
                    return Err(BadBody::OtherVersion { got });
                }
            }
            File::List | File::Stored => return ListReader::of(module, body).finish(),
            File::License(_) => is(LicenseRecord::read(&body).is_some(), "record of licences")?,
            File::Mod(_) => is(is_go_mod(&body), "go.mod")?,
        },
        Document::Sumdb { file, .. } => match file {
            SumdbFile::Latest => is(body.starts_with(b"go.sum database tree\n"), "tree head")?,
            SumdbFile::Lookup(..) => is(is_lookup(&body), "record")?,
            SumdbFile::Tile(tile) => is(is_tile(tile, &body), "tile of that size")?,
        },
    }
    Ok(body)
}

impl Document {
    /// The most bytes that such a document has.
    pub fn most_bytes(&self) -> usize {
        limit(self)
    }

    /// Whether no beginning of it is [`accept`]ed, or proven, as the whole: JSON ends with its last brace, a note with signatures,
    /// and a hash tile has one length.
    pub fn shows_its_end(&self) -> bool {
        match self {
            Self::Module { file, .. } => match file {
                File::Info(_) | File::Latest | File::License(_) | File::Query(_) => true,
                File::List | File::Mod(_) | File::Stored => false,
            },
            Self::Sumdb { file: SumdbFile::Tile(tile), .. } => !is_data(tile),
            Self::Sumdb { .. } => true,
        }
    }
}

/// Refuses what is seen at once not to be `document`.
pub(super) fn look_over(document: &Document, body: &[u8]) -> Result<(), BadBody> {
    let most = limit(document);
    if body.len() > most {
        return Err(BadBody::TooLarge { got: body.len(), most });
    }
    if !is_binary(document) && body.trim_ascii_start().starts_with(b"<") {
        return Err(BadBody::Html);
    }
    Ok(())
}

/// The most bytes such a document has. The go command reads no go.mod over 16 MiB (`MaxGoMod`). Of the other kinds no document comes near
/// its limit, and one that does would cost every worker that reads it. The longest lists of public modules have 200 KB; 4 MiB are some
/// 350,000 versions, which a worker reads in slices and keeps eight times over (`shared::annex`).
fn limit(document: &Document) -> usize {
    const MIB: usize = 1 << 20;
    match document {
        Document::Module { file: File::Mod(_), .. } => 16 * MIB,
        // Some twenty identifiers.
        Document::Module { file: File::License(_), .. } => 1 << 10,
        Document::Module { file: File::List | File::Stored, .. } => 4 * MIB,
        Document::Module { .. } | Document::Sumdb { .. } => MIB,
    }
}

/// Hash tiles are; any byte may stand first in one.
fn is_binary(document: &Document) -> bool {
    matches!(document, Document::Sumdb { file: SumdbFile::Tile(tile), .. } if !is_data(tile))
}

/// What a `.info`, an `@latest` or the answer to a query says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The version.
    pub version: Version,
    /// When it was published; `None` where that is not said, or is the zero of Go's clock.
    pub time: Option<Timestamp>,
}

impl Info {
    /// Reads a document that was [`accept`]ed. Of several times, which the go command takes in any case, the last one
    /// counts: it makes the version the youngest.
    pub fn read(body: &[u8]) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let of = |name: &str| {
            let name = name.to_owned();
            object.iter().filter(move |(key, _)| is_key(key, &name)).map(|(_, value)| value)
        };
        let version = Version::parse(of("version").next()?.as_str()?).ok()?;
        let time = of("time").filter_map(Value::as_str).filter_map(time).max();
        Some(Self { version, time })
    }
}

/// A time as RFC 3339 has it, after 1970: Go's zero is long before, and says that nothing is known.
fn time(text: &str) -> Option<Timestamp> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    u64::try_from(time.timestamp_millis()).ok().filter(|time| *time > 0).map(Timestamp)
}

/// Whether the go command takes `key` for `name`, which is in small letters: in any case, as encoding/json folds it, to which the
/// long s and the Kelvin sign are letters like others.
fn is_key(key: &str, name: &str) -> bool {
    let folded = key.chars().map(|character| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => character.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}

/// What is wrong with it, without its words: they are an upstream's, and may be anything.
fn why(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Eof => "it ends too soon".to_owned(),
        Category::Data | Category::Io => "it is no object".to_owned(),
        Category::Syntax => format!("line {}, column {}", error.line(), error.column()),
    }
}

/// The version in `body`. The go command takes a key in any case, so a second one could make it read another version.
fn info(body: &[u8]) -> Result<String, BadBody> {
    let object: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| BadBody::Info(why(&error)))?;
    let mut versions = object.iter().filter(|(key, _)| is_key(key, "version"));
    match (versions.next(), versions.next()) {
        (Some((_, Value::String(version))), None) => Ok(version.clone()),
        _ => Err(BadBody::Info("it does not have exactly one Version, as a string".to_owned())),
    }
}

/// Whether a line declares a module, without which the go command takes no go.mod.
fn is_go_mod(body: &[u8]) -> bool {
    body.split(|byte| *byte == b'\n').any(|line| {
        line.trim_ascii_start().strip_prefix(b"module").is_some_and(|rest| {
            rest.first().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'(' | b'"' | b'`'))
        })
    })
}

/// Whether `body` is a record's number, its text, and a signed tree head, as golang.org/x/mod/sumdb writes them.
fn is_lookup(body: &[u8]) -> bool {
    let number = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let number = number.strip_prefix(b"+").unwrap_or(number);
    let tree = b"\n\ngo.sum database tree\n";
    !number.is_empty()
        && number.iter().all(u8::is_ascii_digit)
        && body.windows(tree.len()).any(|window| window == tree)
}

/// Whether `body` can be the tile at `tile` (`<height>/<level or data>/...`): a hash tile has 32 bytes for each hash.
fn is_tile(tile: &str, body: &[u8]) -> bool {
    if is_data(tile) {
        return !body.is_empty();
    }
    let height = tile.split('/').next().and_then(|height| height.parse::<u32>().ok());
    let width = match tile.split_once(".p/") {
        Some((_, width)) => width.parse().ok(),
        None => height.and_then(|height| 1_usize.checked_shl(height)),
    };
    width.and_then(|width| width.checked_mul(32)) == Some(body.len())
}

fn is_data(tile: &str) -> bool {
    tile.split('/').nth(1) == Some("data")
}
