//! What may stand in the version position of a request. Semantics of golang.org/x/mod module.EscapeVersion and
//! module.UnescapeVersion.

use std::fmt::{self, Display, Formatter};

use super::element::{self, Kind};
use super::escape;
use super::version::{InvalidVersion, VersionFault};

/// A version query: a branch, a tag, a commit prefix, `v1`, or a version. It is valid as a file name.
///
/// A branch with a slash is none: such a name never reaches a proxy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query(String);

impl Query {
    /// Checks an unescaped query: what module.EscapeVersion accepts.
    ///
    /// # Errors
    /// Where the text is no file name as Go means it, holds `!`, or characters outside ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidVersion> {
        element::check(text, Kind::Version).map_err(|fault| InvalidVersion::new(text, fault.into()))?;
        Ok(Self(text.to_owned()))
    }

    /// Reads a query as it stands in a proxy URL, after percent-decoding. Semantics of module.UnescapeVersion.
    ///
    /// # Errors
    /// As [`unescape_version`].
    pub fn unescape(escaped: &str) -> Result<Self, InvalidVersion> {
        unescape_version(escaped).map(Self)
    }

    /// The query as it stands in a proxy URL, before percent-encoding. Semantics of module.EscapeVersion.
    pub fn escaped(&self) -> String {
        escape::escape(&self.0)
    }

    /// The query, unescaped.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Reads the version position of a proxy URL, after percent-decoding, without deciding whether it is a version or a
/// query. Semantics of module.UnescapeVersion.
///
/// # Errors
/// Where the text holds capitals, characters outside ASCII or a `!` without a small letter after it, or where what it
/// stands for is no file name as Go means it.
pub fn unescape_version(escaped: &str) -> Result<String, InvalidVersion> {
    let text =
        escape::unescape(escaped).ok_or_else(|| InvalidVersion::new(escaped, VersionFault::Unescaped))?;
    match element::check(&text, Kind::Version) {
        Ok(()) => Ok(text),
        Err(fault) => Err(InvalidVersion::new(&text, fault.into())),
    }
}
