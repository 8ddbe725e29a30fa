//! What a version is beside its number.

use crate::gomod::Version;

/// A set of kinds, one bit for each: a version is a release, a pre-release or a pseudo-version, and any of them with or
/// without `+incompatible`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    /// Every kind.
    pub(super) const ALL: Self = Self(0b11_11_11);
    /// No kind, and so no version.
    pub(super) const NONE: Self = Self(0);
    const RELEASE: Self = Self(0b00_00_11);
    const PRERELEASE: Self = Self(0b00_11_00);
    const PSEUDO: Self = Self(0b11_00_00);
    const INCOMPATIBLE: Self = Self(0b10_10_10);

    /// The kinds that a word names.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "incompatible" => Some(Self::INCOMPATIBLE),
            "prerelease" => Some(Self::PRERELEASE),
            "pseudo" => Some(Self::PSEUDO),
            "release" => Some(Self::RELEASE),
            _ => None,
        }
    }

    /// What is in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is not in it.
    pub(super) fn others(self) -> Self {
        Self(Self::ALL.0 & !self.0)
    }

    /// Whether the version is of one of these kinds.
    pub(super) fn have(self, version: &Version) -> bool {
        // Most sets name none, and looking at a version closely takes longer than comparing its number.
        self == Self::ALL || self.and(Self::of(version)) != Self::NONE
    }

    fn of(version: &Version) -> Self {
        let kind = if version.is_pseudo() {
            Self::PSEUDO
        } else if version.is_prerelease() {
            Self::PRERELEASE
        } else {
            Self::RELEASE
        };
        kind.and(if version.is_incompatible() { Self::INCOMPATIBLE } else { Self::INCOMPATIBLE.others() })
    }
}
