//! Versions. Semantics of golang.org/x/mod module.CanonicalVersion and semver.Sort.

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

use super::element::ElementFault;
use super::gosemver::{INCOMPATIBLE, Semver};
use super::pseudo::Pseudo;
use super::quoted::Quoted;
use super::{ModulePath, escape, major};

/// A canonical version: `v` and a full semantic version without build metadata, save `+incompatible`.
///
/// `v1.2.3`, `v1.2.3-rc.1`, `v2.0.0+incompatible` and pseudo-versions such as `v0.0.0-20060102150405-abcdefabcdef`.
/// Numbers may have any length. The order is that of semver.Sort: precedence, then the text, which places `v2.0.0`
/// before `v2.0.0+incompatible`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    text: String,
    // A part of `text`, kept read: lists of versions are sorted.
    prerelease: semver::Prerelease,
}

/// Why a text is not a version, or why a version does not fit its module path. The message names the text and the
/// reason on one bounded line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid version {}: {fault}", Quoted(.version))]
pub struct InvalidVersion {
    version: String,
    fault: VersionFault,
}

impl Version {
    /// Checks that an unescaped text is its own module.CanonicalVersion.
    ///
    /// # Errors
    /// Where the text is no semantic version, or a short (`v1.2`) or decorated (`v1.2.3+meta`) form of another one,
    /// which the message names.
    pub fn parse(text: &str) -> Result<Self, InvalidVersion> {
        let invalid = |fault| InvalidVersion { version: text.to_owned(), fault };
        let parsed = Semver::parse(text).ok_or_else(|| invalid(VersionFault::NotSemver))?;
        let canonical = parsed.canonical();
        if canonical != text {
            return Err(invalid(VersionFault::NotCanonical(canonical)));
        }
        Ok(Self { text: canonical, prerelease: parsed.prerelease })
    }

    /// The version that a text stands for which need not be canonical: short (`v1.2`), or with build metadata, of which no other than
    /// `+incompatible` stays; `None` where it is no semantic version. Semantics of module.CanonicalVersion.
    pub fn canonical(text: &str) -> Option<Self> {
        let parsed = Semver::parse(text)?;
        Some(Self { text: parsed.canonical(), prerelease: parsed.prerelease })
    }

    /// The version, unescaped.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version as it stands in a proxy URL: `v1.0.0-!r!c1`. Semantics of module.EscapeVersion.
    pub fn escaped(&self) -> String {
        escape::escape(&self.text)
    }

    /// `v` and the major version: `v2`. Semantics of semver.Major.
    pub fn major(&self) -> &str {
        self.text.split_once('.').map_or(&self.text, |(major, _)| major)
    }

    /// `v`, the major and the minor version: `v2.1`. Semantics of semver.MajorMinor.
    pub fn major_minor(&self) -> &str {
        let end = self.text.match_indices('.').nth(1).map(|(end, _)| end);
        end.and_then(|end| self.text.get(..end)).unwrap_or(&self.text)
    }

    /// Whether this is a pseudo-version. Semantics of module.IsPseudoVersion.
    pub fn is_pseudo(&self) -> bool {
        self.is_prerelease() && self.pseudo().is_some()
    }

    /// The commit, time and base inside a pseudo-version; `None` where this is none.
    pub fn pseudo(&self) -> Option<Pseudo<'_>> {
        Pseudo::parse(&self.text)
    }

    /// Whether the version ends in `+incompatible`.
    pub fn is_incompatible(&self) -> bool {
        self.text.split_once('+').is_some_and(|(_, build)| build == INCOMPATIBLE)
    }

    /// Whether the version has a pre-release part, as every pseudo-version does. Semantics of semver.Prerelease.
    pub fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }

    /// Which is the newer one. Semantics of semver.Compare: `+incompatible` makes no difference, as it does for the order of
    /// versions, which has to tell all of them apart.
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.numbers(other).then_with(|| self.prerelease.cmp(&other.prerelease))
    }

    /// Compares MAJOR, MINOR and PATCH: without leading zeros, the longer number is the greater. NB: lists of a hundred thousand
    /// versions are ordered by this; to cut the texts into their numbers first takes five times as long.
    fn numbers(&self, other: &Self) -> Ordering {
        let (mut ours, mut theirs) = (self.text.bytes(), other.text.bytes());
        loop {
            let (our, their) = (ours.next(), theirs.next());
            if our == their {
                // The numbers end with the text, or where something else begins.
                if matches!(our, None | Some(b'-' | b'+')) {
                    return Ordering::Equal;
                }
                continue;
            }
            // What is left of the number in which they differ, if they do so in one.
            let length = |first: Option<u8>, rest: std::str::Bytes<'_>| {
                first.into_iter().chain(rest).take_while(u8::is_ascii_digit).count()
            };
            let longer = length(our, ours).cmp(&length(their, theirs));
            let is_number = |byte: &u8| byte.is_ascii_digit();
            return longer.then_with(|| our.filter(is_number).cmp(&their.filter(is_number)));
        }
    }
}

/// Checks that a version belongs under a path: `/v2` holds v2 versions only, a path without suffix v0, v1 and
/// `+incompatible` ones. This is what remains of module.Check once path and version are parsed: module.CheckPathMajor.
///
/// # Errors
/// Where the major version disagrees with the path; the message says which one belongs there.
pub fn check(path: &ModulePath, version: &Version) -> Result<(), InvalidVersion> {
    major::agrees(path.major_suffix(), version).map_err(|wanted| InvalidVersion {
        version: version.text.clone(),
        fault: VersionFault::WrongMajor { path: path.as_str().to_owned(), wanted: wanted.to_owned() },
    })
}

impl InvalidVersion {
    pub(super) fn new(version: &str, fault: VersionFault) -> Self {
        Self { version: version.to_owned(), fault }
    }
}

impl Display for Version {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Semantics of semver.Sort: semver.Compare, then the text.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.precedence(other).then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum VersionFault {
    #[error("a pseudo-version cannot be +incompatible without a version it follows")]
    BaselessIncompatible,
    #[error(transparent)]
    Element(#[from] ElementFault),
    #[error("the version before it would have a negative patch number")]
    NegativePatch,
    #[error("not canonical, that is {}", Quoted(.0))]
    NotCanonical(String),
    #[error("not a semantic version (like v1.2.3)")]
    NotSemver,
    #[error("it is not escaped (a capital is written as ! and its small letter)")]
    Unescaped,
    #[error("module {} holds {} versions only", Quoted(.path), Quoted(.wanted))]
    WrongMajor { path: String, wanted: String },
}
