//! What the zips of a module's versions hold, as far as that was found out: what a listing is about that no name tells.
//!
//! Nothing is asked for it here. What is not known applies to nothing, and a zip that has to be known is read before it is given.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Policy, Ruleset};
use crate::gomod::Version;
use crate::modzip::{Checked, H1};

/// What is known of a version's zip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its hash as go.sum has it.
    pub h1: H1,
    /// The hash of its files without the module and the version in their names; `None` where the zip was not read, and a checksum
    /// database has its hash.
    pub files: Option<H1>,
}

/// What is known of the zips of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents(BTreeMap<Version, Content>);

impl Content {
    /// What a checksum database has.
    pub fn logged(h1: H1) -> Self {
        Self { h1, files: None }
    }

    /// Whether the zip was read.
    pub fn is_read(&self) -> bool {
        self.files.is_some()
    }

    /// The hashes by which it can be listed.
    pub(super) fn hashes(&self) -> impl Iterator<Item = H1> {
        [Some(self.h1), self.files].into_iter().flatten()
    }
}

/// What is listed as malicious by the hashes of zips, for whom no policy is at hand.
#[derive(Clone, Debug, Default)]
pub struct ListedHashes(Vec<Arc<BTreeMap<[u8; 32], usize>>>);

impl ListedHashes {
    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|listed| listed.is_empty())
    }

    /// Whether a zip that holds this is listed, waived or not.
    pub fn have(&self, content: &Content) -> bool {
        self.0.iter().any(|listed| content.hashes().any(|hash| listed.contains_key(&hash.0)))
    }
}

impl Policy {
    /// What is listed by the hashes of zips. It is shared, not copied.
    pub fn listed_hashes(&self) -> ListedHashes {
        ListedHashes(self.malicious.values().filter_map(Ruleset::hashes).collect())
    }
}

impl From<&Checked> for Content {
    fn from(checked: &Checked) -> Self {
        Self { h1: checked.h1, files: Some(checked.files) }
    }
}

impl Contents {
    /// What is known of the zip of `version`.
    pub fn get(&self, version: &Version) -> Option<&Content> {
        self.0.get(version)
    }

    /// Whether the zip of `version` was read.
    pub fn has_read(&self, version: &Version) -> bool {
        self.get(version).is_some_and(Content::is_read)
    }

    /// Adds what is known of the zip of `version`, in place of what was known before.
    pub fn insert(&mut self, version: Version, content: Content) {
        self.0.insert(version, content);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Version, &Content)> {
        self.0.iter()
    }
}

impl FromIterator<(Version, Content)> for Contents {
    fn from_iter<I: IntoIterator<Item = (Version, Content)>>(contents: I) -> Self {
        Self(contents.into_iter().collect())
    }
}
