//! Under which prefixes hardly anything was found lately.
//!
//! A flood of unknown names comes below few prefixes, whose owner it costs nothing to make up names. Counted per first two
//! elements of a module path (`github.com/owner`), within a minute, in a table of fixed size: a prefix that finds its place
//! taken by one with more misses is not counted.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use crate::{gomod::ModulePath, http::Timestamp};

/// The misses of the last minute.
#[derive(Debug)]
pub(super) struct Prefixes {
    seed: u64,
    places: Vec<PrefixSlot>,
}

#[derive(Clone, Copy, Debug, Default)]
struct PrefixSlot {
    prefix: u64,
    since: Timestamp,
    misses: u32,
}

impl Prefixes {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, places: vec![PrefixSlot::default(); PLACES] }
    }

    /// Whether so much was not found below `module`'s prefix that what comes next is hardly better.
    pub(super) fn is_barren(&self, module: &ModulePath, now: Timestamp) -> bool {
        let prefix = self.hash(module);
        let place = self.places.get(place(prefix));
        place.is_some_and(|place| place.is_of(prefix, now) && place.misses >= BARREN)
    }

    /// Nothing was found of `module`.
    pub(super) fn note_missing(&mut self, module: &ModulePath, now: Timestamp) {
        let prefix = self.hash(module);
        let Some(place) = self.places.get_mut(place(prefix)) else {
            return;
        };
        if place.is_of(prefix, now) {
            place.misses = place.misses.saturating_add(1);
        } else if place.misses <= 1 || !place.is_current(now) {
            *place = PrefixSlot { prefix, since: now, misses: 1 };
        }
    }

    /// Something was found of `module`: below a prefix where modules are found, many names that do not exist are asked for too.
    pub(super) fn note_found(&mut self, module: &ModulePath, now: Timestamp) {
        let prefix = self.hash(module);
        if let Some(place) = self.places.get_mut(place(prefix)).filter(|place| place.is_of(prefix, now)) {
            place.misses = place.misses.saturating_sub(FORGIVEN);
        }
    }

    fn hash(&self, module: &ModulePath) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.seed.hash(&mut hasher);
        module.as_str().split('/').take(ELEMENTS).for_each(|element| element.hash(&mut hasher));
        hasher.finish()
    }
}

impl PrefixSlot {
    fn is_current(&self, now: Timestamp) -> bool {
        self.since <= now && now.since(self.since) < WINDOW
    }

    fn is_of(&self, prefix: u64, now: Timestamp) -> bool {
        self.prefix == prefix && self.is_current(now)
    }
}

fn place(prefix: u64) -> usize {
    usize::try_from(prefix % PLACES as u64).unwrap_or_default()
}

/// A host and an owner: `github.com/owner`.
const ELEMENTS: usize = 2;

const PLACES: usize = 256;

const WINDOW: Duration = Duration::from_secs(60);

/// More than many people's go commands ask for below one owner's name in a minute without finding it: the go command tries each prefix of
/// every import path that it has not met before, and a "not found" is remembered.
const BARREN: u32 = 256;

/// For each thing found, more misses than its import path has elements.
const FORGIVEN: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str) -> ModulePath {
        ModulePath::parse(path).unwrap()
    }

    #[test]
    fn a_prefix_is_barren_for_a_while_after_many_misses_and_no_other_is() {
        let mut prefixes = Prefixes::new(1);
        let start = Timestamp(1_000_000);
        for number in 0..BARREN {
            assert!(!prefixes.is_barren(&module("flood.example/a/new"), start));
            prefixes.note_missing(&module(&format!("flood.example/a/m{number}")), start);
        }
        assert!(prefixes.is_barren(&module("flood.example/a/new"), start));
        assert!(prefixes.is_barren(&module("flood.example/a"), start));
        assert!(!prefixes.is_barren(&module("flood.example/b"), start));
        assert!(!prefixes.is_barren(&module("other.example/a/new"), start));
        assert!(!prefixes.is_barren(&module("flood.example/a/new"), Timestamp(start.0 + 60_000)));
    }

    #[test]
    fn a_prefix_under_which_things_are_found_is_not_barren() {
        let mut prefixes = Prefixes::new(1);
        let now = Timestamp(1_000_000);
        for number in 0..10 * BARREN {
            prefixes.note_missing(&module(&format!("corp.example/team/m{number}")), now);
            if number % 10 == 0 {
                prefixes.note_found(&module("corp.example/team/there"), now);
            }
            assert!(!prefixes.is_barren(&module("corp.example/team/new"), now));
        }
    }

    #[test]
    fn prefixes_that_meet_do_not_count_for_each_other() {
        let mut prefixes = Prefixes::new(1);
        let now = Timestamp(1_000_000);
        // Far more prefixes than places, each with fewer misses than make one barren.
        for number in 0..20_000 {
            prefixes.note_missing(&module(&format!("x{number}.example/a")), now);
        }
        for number in 0..20_000 {
            assert!(!prefixes.is_barren(&module(&format!("x{number}.example/a")), now));
        }
    }
}
