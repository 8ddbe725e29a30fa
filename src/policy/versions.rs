//! Which versions a rule is for.

use crate::gomod::Version;

/// A set of versions: those that one of its terms holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    texts: Vec<String>,
}

/// Why a text is no set of versions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidVersions(String);

impl Versions {
    /// Reads the members of a list: a version is in the set where it is in one of them.
    ///
    /// # Errors
    /// For the first that is malformed, with its place in the list.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, InvalidVersions)> {
        Ok(Self { texts: texts.into_iter().map(ToOwned::to_owned).collect() })
    }

    /// Whether `version` is in the set.
    pub fn contain(&self, version: &Version) -> bool {
        self.texts.iter().any(|text| text == version.as_str())
    }
}
