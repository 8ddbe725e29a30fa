//! One term that compares versions.

use std::cmp::Ordering;

use crate::gomod::{InvalidVersion, Version};

/// A comparison with one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    negated: bool,
    relation: Relation,
    bound: Version,
}

/// How a version must stand to the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    AtLeast,
    AtMost,
    /// At least it, and of its major version.
    Compatible,
    Newer,
    Older,
    /// At least it, and of its major and minor version.
    Patch,
    Same,
    SameMajor,
    SameMinor,
}

/// What has the same major version as the bound, or the same minor one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Major,
    Minor,
}

/// Why a text is no term.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidTerm {
    #[error(
        "it is neither a comparison with a version (like >=v1.2.0) nor one of prerelease, pseudo, incompatible, release"
    )]
    Neither,
    #[error("terms are separated by commas")]
    Space,
    #[error("say {0} for all that begin so, or write the version in full")]
    ShortEqual(String),
    #[error("say ^{0}, or name the minor version too")]
    ShortTilde(String),
    #[error(transparent)]
    Version(#[from] InvalidVersion),
}

impl Term {
    /// Reads a term without its `!`.
    pub(super) fn parse(text: &str, negated: bool) -> Result<Self, InvalidTerm> {
        let (operator, written) = OPERATORS
            .iter()
            .find_map(|(sign, relation)| {
                Some((Some((*sign, *relation)), text.strip_prefix(sign)?.trim_start()))
            })
            .unwrap_or((None, text));
        if written.contains(char::is_whitespace) {
            return Err(InvalidTerm::Space);
        }
        if operator.is_none() && !written.starts_with('v') {
            return Err(InvalidTerm::Neither);
        }
        let (bound, numbers) = bound(written)?;
        let relation = match (operator, numbers) {
            (None, 1) => Relation::SameMajor,
            (None, 2) => Relation::SameMinor,
            (None, _) => Relation::Same,
            (Some((_, Relation::Same)), 1 | 2) => return Err(InvalidTerm::ShortEqual(written.to_owned())),
            (Some((_, Relation::Patch)), 1) => return Err(InvalidTerm::ShortTilde(written.to_owned())),
            (Some((_, relation)), _) => relation,
        };
        Ok(Self { negated, relation, bound })
    }

    /// Whether the term holds for this version.
    pub(super) fn holds(&self, version: &Version) -> bool {
        let bound = &self.bound;
        let order = || version.precedence(bound);
        let same_major = || version.major() == bound.major();
        let same_minor = || version.major_minor() == bound.major_minor();
        let holds = match self.relation {
            Relation::AtLeast => order().is_ge(),
            Relation::AtMost => order().is_le(),
            Relation::Compatible => same_major() && order().is_ge(),
            Relation::Newer => order().is_gt(),
            Relation::Older => order().is_lt(),
            Relation::Patch => same_minor() && order().is_ge(),
            Relation::Same => order().is_eq(),
            Relation::SameMajor => same_major(),
            Relation::SameMinor => same_minor(),
        };
        holds != self.negated
    }

    /// Whether no version can be in both, as their bounds show: `v1` and `v2`, `>=v1.4.0` and `<v1.2.0`. A slip of the pen that
    /// would make a rule for nothing.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        if self.negated || other.negated {
            return false;
        }
        let apart = match (self.family(), other.family()) {
            (Some(Family::Minor), Some(Family::Minor)) => {
                self.bound.major_minor() != other.bound.major_minor()
            }
            (Some(_), Some(_)) => self.bound.major() != other.bound.major(),
            _ => false,
        };
        apart || self.ends_before(other) || other.ends_before(self)
    }

    /// Whether all versions that the term matches are older than all that the later one matches.
    fn ends_before(&self, later: &Self) -> bool {
        let (first, last) = (later.lowest(), self.highest());
        match self.bound.precedence(&later.bound) {
            Ordering::Less if first.is_some() && last.is_some() => true,
            Ordering::Less => {
                (first.is_some() && self.is_family_without(&later.bound))
                    || (last.is_some() && later.is_family_without(&self.bound))
            }
            Ordering::Equal => first.is_some() && last.is_some() && (first, last) != (Some(true), Some(true)),
            Ordering::Greater => false,
        }
    }

    fn is_family_without(&self, version: &Version) -> bool {
        match self.family() {
            Some(Family::Major) => self.bound.major() != version.major(),
            Some(Family::Minor) => self.bound.major_minor() != version.major_minor(),
            None => false,
        }
    }

    /// What versions have in common for which the term holds.
    fn family(&self) -> Option<Family> {
        match self.relation {
            Relation::Compatible | Relation::SameMajor => Some(Family::Major),
            Relation::Patch | Relation::Same | Relation::SameMinor => Some(Family::Minor),
            Relation::AtLeast | Relation::AtMost | Relation::Newer | Relation::Older => None,
        }
    }

    /// Whether the bound itself may be in, if nothing older than it is.
    fn lowest(&self) -> Option<bool> {
        match self.relation {
            Relation::AtLeast | Relation::Compatible | Relation::Patch | Relation::Same => Some(true),
            Relation::Newer => Some(false),
            // A pre-release of the bound is older than it.
            Relation::AtMost | Relation::Older | Relation::SameMajor | Relation::SameMinor => None,
        }
    }

    /// Whether the bound itself may be in, if nothing newer than it is.
    fn highest(&self) -> Option<bool> {
        match self.relation {
            Relation::AtMost | Relation::Same => Some(true),
            Relation::Older => Some(false),
            Relation::AtLeast
            | Relation::Compatible
            | Relation::Newer
            | Relation::Patch
            | Relation::SameMajor
            | Relation::SameMinor => None,
        }
    }
}

/// A version, with how many of its three numbers were written: `v1` is short for `v1.0.0`.
fn bound(written: &str) -> Result<(Version, usize), InvalidVersion> {
    let dots = written.bytes().filter(|byte| *byte == b'.').count();
    let is_plain = written.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'v'));
    match dots {
        // What cannot be made longer is refused as it was written.
        0 | 1 if is_plain => Version::parse(&format!("{written}{}", if dots == 0 { ".0.0" } else { ".0" }))
            .map(|version| (version, dots.saturating_add(1)))
            .or_else(|_| Version::parse(written).map(|version| (version, 3))),
        _ => Version::parse(written).map(|version| (version, 3)),
    }
}

/// The longer ones first.
const OPERATORS: [(&str, Relation); 7] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    (">", Relation::Newer),
    ("<", Relation::Older),
    ("=", Relation::Same),
    ("~", Relation::Patch),
    ("^", Relation::Compatible),
];
