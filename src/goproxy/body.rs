//! What a document must look like to be taken from an upstream or a store.
//!
//! A captive portal, a login page or a misrouted request answers 200 as well; what is not plainly the document is not
//! served, indexed or stored.

use serde::Deserialize;

use super::{Document, File};
use crate::gomod::{self, ModulePath, Version};

/// Why a body is not the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// It begins like a web page.
    #[error("it answered with a web page")]
    Html,
    /// It has no version where one must be.
    #[error("it answered with no JSON of a version: {0}")]
    Info(String),
    /// It names another version than the one asked for.
    #[error("it answered for version {got:?}")]
    OtherVersion {
        /// What it names.
        got: String,
    },
    /// None of its lines is a version.
    #[error("it answered with no list of versions")]
    List,
    /// It is not text.
    #[error("it answered with something that is not text")]
    NotText,
}

/// Checks that `body` is `document` and returns it as it is to be served: a list sorted and without what does not belong
/// in it, everything else byte for byte.
///
/// # Errors
/// A [`BadBody`] that says what it is instead.
pub fn accept(document: &Document, body: Vec<u8>) -> Result<Vec<u8>, BadBody> {
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(BadBody::Html);
    }
    match document {
        Document::Module { file: File::Info(version), .. } => {
            let got = info(&body)?;
            if got == version.as_str() { Ok(body) } else { Err(BadBody::OtherVersion { got }) }
        }
        Document::Module { module, file: File::Latest | File::Query(_) } => {
            let got = info(&body)?;
            match Version::parse(&got) {
                Ok(version) if gomod::check(module, &version).is_ok() => Ok(body),
                _ => Err(BadBody::OtherVersion { got }),
            }
        }
        Document::Module { module, file: File::List } => list(module, &body),
        Document::Module { file: File::Mod(_), .. } | Document::Sumdb { .. } => Ok(body),
    }
}

fn info(body: &[u8]) -> Result<String, BadBody> {
    #[derive(Deserialize)]
    struct Info {
        #[serde(rename = "Version")]
        version: String,
    }
    serde_json::from_slice::<Info>(body)
        .map(|info| info.version)
        .map_err(|error| BadBody::Info(error.to_string()))
}

/// The versions of `body`, as the go command reads them: the first word of each line that is a version and no
/// pseudo-version. A body in which there is text but nothing like a version is no list.
fn list(module: &ModulePath, body: &[u8]) -> Result<Vec<u8>, BadBody> {
    let text = std::str::from_utf8(body).map_err(|_| BadBody::NotText)?;
    let words = text.lines().filter_map(|line| line.split_ascii_whitespace().next());
    let parsed: Vec<_> = words.map(Version::parse).collect();
    if !parsed.is_empty() && parsed.iter().all(Result::is_err) {
        return Err(BadBody::List);
    }
    let mut versions: Vec<_> = parsed.into_iter().flatten().collect();
    versions.retain(|version| !version.is_pseudo() && gomod::check(module, version).is_ok());
    versions.sort();
    versions.dedup();
    Ok(versions.iter().flat_map(|version| [version.as_str(), "\n"]).collect::<String>().into_bytes())
}
