//! Semantic versions with Go's `v`, of any length. Semantics of golang.org/x/mod/semver.
//!
//! The `semver` crate checks and orders pre-releases exactly as Go does (it keeps identifiers as text), but holds
//! MAJOR, MINOR and PATCH in 64 bits. Go does not bound them, so they stay texts here.

/// The parts of a valid version; see semver.parse.
#[derive(Debug)]
pub(super) struct Semver<'a> {
    /// Without the `v`.
    pub(super) major: &'a str,
    pub(super) minor: &'a str,
    pub(super) patch: &'a str,
    pub(super) prerelease: semver::Prerelease,
    /// Without the `+`; empty where there is none.
    pub(super) build: &'a str,
}

impl<'a> Semver<'a> {
    /// Reads a version; `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`. Semantics of semver.parse, which
    /// semver.IsValid asks.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (major, rest) = number(text.strip_prefix('v')?)?;
        if rest.is_empty() {
            return Some(Self::short(major, "0"));
        }
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        if rest.is_empty() {
            return Some(Self::short(major, minor));
        }
        let (patch, rest) = number(rest.strip_prefix('.')?)?;
        let (prerelease, build) = match rest.split_once('+') {
            Some((_, "")) => return None,
            Some((prerelease, build)) => (prerelease, build),
            None => (rest, ""),
        };
        let prerelease = match prerelease.strip_prefix('-') {
            None if prerelease.is_empty() => semver::Prerelease::EMPTY,
            // The crate takes the empty text for "no pre-release"; after a dash it is an error.
            None | Some("") => return None,
            Some(identifiers) => semver::Prerelease::new(identifiers).ok()?,
        };
        semver::BuildMetadata::new(build).ok()?;
        Some(Self { major, minor, patch, prerelease, build })
    }

    /// All three numbers, and no build but `+incompatible`. Semantics of module.CanonicalVersion.
    pub(super) fn canonical(&self) -> String {
        let Self { major, minor, patch, prerelease, build } = self;
        let dash = if prerelease.is_empty() { "" } else { "-" };
        let build = if *build == INCOMPATIBLE { "+incompatible" } else { "" };
        format!("v{major}.{minor}.{patch}{dash}{prerelease}{build}")
    }

    fn short(major: &'a str, minor: &'a str) -> Self {
        Self { major, minor, patch: "0", prerelease: semver::Prerelease::EMPTY, build: "" }
    }
}

/// The one build Go keeps: a v2 or later of a module without go.mod, so without `/vN` in its path.
pub(super) const INCOMPATIBLE: &str = "incompatible";

/// Cuts a decimal number without leading zeros off the front. Semantics of semver.parseInt.
fn number(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.get(..text.len().checked_sub(rest.len())?)?;
    let malformed = number.is_empty() || (number.len() > 1 && number.starts_with('0'));
    (!malformed).then_some((number, rest))
}
