//! Module paths. Semantics of golang.org/x/mod module.CheckPath, module.EscapePath and module.UnescapePath.

use std::fmt::{self, Display, Formatter};

use super::element::{self, ElementFault, Kind};
use super::quoted::Quoted;
use super::{escape, major};

/// A module path such as `github.com/Azure/azure-sdk-for-go` or `gopkg.in/yaml.v3`, valid as Go means it.
///
/// It is not empty, is made of ASCII letters, digits and `-._~` in slash-separated elements, the first of which is a
/// lower-case host name with a dot; no element is a Windows device or short name. A final `/vN` has N >= 2 without a
/// leading zero; under `gopkg.in/` a final `.vN` is required.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModulePath(String);

/// Why a text is not a module path. The message names the text and the reason on one bounded line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed module path {}: {fault}", Quoted(.path))]
pub struct InvalidPath {
    path: String,
    fault: PathFault,
}

impl ModulePath {
    /// Checks an unescaped path. Semantics of module.CheckPath.
    ///
    /// # Errors
    /// Where Go would refuse the path.
    pub fn parse(path: &str) -> Result<Self, InvalidPath> {
        check(path).map_err(|fault| InvalidPath { path: path.to_owned(), fault })?;
        Ok(Self(path.to_owned()))
    }

    /// Reads a path as it stands in a proxy URL, after percent-decoding: `github.com/!azure/azure-sdk-for-go`.
    /// Semantics of module.UnescapePath.
    ///
    /// # Errors
    /// Where the text holds capitals, characters outside ASCII or a `!` without a small letter after it, or where what
    /// it stands for is not a module path.
    pub fn unescape(escaped: &str) -> Result<Self, InvalidPath> {
        let path = escape::unescape(escaped)
            .ok_or_else(|| InvalidPath { path: escaped.to_owned(), fault: PathFault::Unescaped })?;
        Self::parse(&path)
    }

    /// The path as it stands in a proxy URL, before percent-encoding. Semantics of module.EscapePath.
    pub fn escaped(&self) -> String {
        escape::escape(&self.0)
    }

    /// The path, unescaped.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names no repository on a forge that names them by owner and name, as `github.com/acme`. The go command asks for every
    /// prefix of an import path, and so for many of these. Semantics of `vcsPaths` in cmd/go/internal/vcs for the first two; a project of
    /// gitlab.com has a namespace as well.
    pub fn is_short_of_a_repository(&self) -> bool {
        let mut elements = self.0.split('/');
        let on_forge = matches!(elements.next(), Some("github.com" | "bitbucket.org" | "gitlab.com"));
        on_forge && elements.count() < 2
    }

    /// The major version the path ends with: `/v2`, for gopkg.in `.v3` or `.v3-unstable`, or empty.
    /// Semantics of module.SplitPathVersion.
    pub fn major_suffix(&self) -> &str {
        major::suffix(&self.0).unwrap_or_default()
    }
}

impl Display for ModulePath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum PathFault {
    #[error("two slashes in a row")]
    DoubleSlash,
    #[error(transparent)]
    Element(#[from] ElementFault),
    #[error("it is empty")]
    Empty,
    #[error(transparent)]
    First(#[from] FirstFault),
    #[error("it begins with a dash")]
    LeadingDash,
    #[error("its major version suffix is not one Go allows")]
    Major,
    #[error("it ends with a slash")]
    TrailingSlash,
    #[error("it is not escaped (a capital is written as ! and its small letter)")]
    Unescaped,
}

/// What is wrong with a first element beyond what [`element::check`] finds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FirstFault {
    #[error("the character '{}' is not allowed in the first element", .0.escape_default())]
    Forbidden(char),
    #[error("the first element {} has no dot", Quoted(.0))]
    NoDot(String),
}

/// Semantics of module.CheckPath, with module.checkPath for `modulePath`.
fn check(path: &str) -> Result<(), PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path.starts_with('-') {
        return Err(PathFault::LeadingDash);
    }
    if path.contains("//") {
        return Err(PathFault::DoubleSlash);
    }
    if path.ends_with('/') {
        return Err(PathFault::TrailingSlash);
    }
    for element in path.split('/') {
        element::check(element, Kind::Module)?;
    }
    check_first(path.split('/').next().unwrap_or_default())?;
    if major::suffix(path).is_none() {
        return Err(PathFault::Major);
    }
    Ok(())
}

/// The first element names a host: it has a dot, and only characters a host name has.
pub(super) fn check_first(first: &str) -> Result<(), FirstFault> {
    if !first.contains('.') {
        return Err(FirstFault::NoDot(first.to_owned()));
    }
    match first.chars().find(|c| !first_char(*c)) {
        Some(c) => Err(FirstFault::Forbidden(c)),
        None => Ok(()),
    }
}

/// Whether a first element may hold this character. Semantics of module.firstPathOK.
pub(super) fn first_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')
}
