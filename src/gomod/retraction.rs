//! Which versions of a module its author has retracted. Semantics of modload.CheckRetractions.

use super::Version;

/// A retraction: these versions are not to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retraction {
    /// The first of them; `None` where all versions up to the last are meant.
    pub low: Option<Version>,
    /// The last of them.
    pub high: Version,
    /// Why, in the author's words; empty where nothing is said.
    pub rationale: String,
}

/// All retractions of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retractions {
    /// As they are written.
    all: Vec<Retraction>,
    /// The same, with those joined that overlap, in the order of versions: a list of a hundred thousand versions is held against them.
    joined: Vec<(Option<Version>, Version)>,
}

impl Retractions {
    /// Whether nothing is retracted.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty()
    }

    /// As they are written.
    pub fn all(&self) -> &[Retraction] {
        &self.all
    }

    #[cfg(test)]
    pub(super) fn joined(&self) -> usize {
        self.joined.len()
    }

    /// Whether this version is retracted.
    pub fn has(&self, version: &Version) -> bool {
        let after = self.joined.partition_point(|(low, _)| begins_by(low.as_ref(), version));
        let last = after.checked_sub(1).and_then(|last| self.joined.get(last));
        last.is_some_and(|(_, high)| version.precedence(high).is_le())
    }

    /// Why this version is retracted, in the words that the go command shows: the first that are given. Empty where none are.
    pub fn rationale(&self, version: &Version) -> &str {
        self.rationales(version).next().unwrap_or_default()
    }

    /// All that is said of why this version is retracted, as `go list -m -retracted` shows it.
    pub fn rationales(&self, version: &Version) -> impl Iterator<Item = &str> {
        let has = move |one: &&Retraction| {
            begins_by(one.low.as_ref(), version) && version.precedence(&one.high).is_le()
        };
        let given = self.all.iter().filter(has).map(|one| one.rationale.as_str());
        given.filter(|rationale| !rationale.is_empty())
    }
}

impl FromIterator<Retraction> for Retractions {
    fn from_iter<T: IntoIterator<Item = Retraction>>(all: T) -> Self {
        let all: Vec<Retraction> = all.into_iter().collect();
        let mut pairs: Vec<_> = all.iter().map(|one| (one.low.as_ref(), &one.high)).collect();
        // An interval whose end comes first holds nothing.
        pairs.retain(|(low, high)| begins_by(*low, high));
        pairs.sort_unstable_by(|(a, _), (b, _)| match (a, b) {
            (Some(a), Some(b)) => a.precedence(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        let mut joined: Vec<(Option<Version>, Version)> = Vec::new();
        for (low, high) in pairs {
            match joined.last_mut() {
                Some((_, last)) if begins_by(low, last) => {
                    if last.precedence(high).is_lt() {
                        *last = high.clone();
                    }
                }
                _ => joined.push((low.cloned(), high.clone())),
            }
        }
        Self { all, joined }
    }
}

/// Whether what begins with `low` has begun by `version`.
fn begins_by(low: Option<&Version>, version: &Version) -> bool {
    low.is_none_or(|low| low.precedence(version).is_le())
}
