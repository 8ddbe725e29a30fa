//! What failed lately, by name: whether that is each one's own affair, or seems to hold for all.

use std::{collections::VecDeque, time::Duration};

use crate::http::Timestamp;

/// The names that failed within a window, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::worker) struct Failures {
    window: Duration,
    /// The oldest first, no more than [`SEVERAL`].
    recent: VecDeque<(Timestamp, String)>,
}

impl Failures {
    /// None yet. One counts for as long as `window`.
    pub(in crate::worker) const fn within(window: Duration) -> Self {
        Self { window, recent: VecDeque::new() }
    }

    /// `name` failed.
    pub(in crate::worker) fn note(&mut self, name: &str, now: Timestamp) {
        let window = self.window;
        self.recent.retain(|(since, other)| now.is_within(window, *since) && other != name);
        if self.recent.len() >= SEVERAL {
            self.recent.pop_front();
        }
        self.recent.push_back((now, name.to_owned()));
    }

    /// Something succeeded: what failed is what it was that failed.
    pub(in crate::worker) fn clear(&mut self) {
        self.recent.clear();
    }

    /// Whether `name` failed lately.
    pub(in crate::worker) fn has(&self, name: &str, now: Timestamp) -> bool {
        self.current(now).any(|other| other == name)
    }

    /// Whether so many different ones failed, and none succeeded between them, that the next will.
    pub(in crate::worker) fn are_several(&self, now: Timestamp) -> bool {
        self.current(now).count() >= SEVERAL
    }

    fn current(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let is_current = move |(since, _): &&(Timestamp, String)| now.is_within(self.window, *since);
        self.recent.iter().filter(is_current).map(|(_, name)| name.as_str())
    }
}

/// How many failures are believed of all: one may be odd, and so may be two files of one module.
const SEVERAL: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_different_ones_in_a_row_are_believed_of_all_for_a_while() {
        let mut failures = Failures::within(Duration::from_secs(10));
        let at = |seconds: u64| Timestamp(1_000_000 + 1_000 * seconds);
        for seconds in 0..5 {
            failures.note("a", at(seconds));
        }
        failures.note("b", at(5));
        assert!(!failures.are_several(at(5)), "one of them failed often");
        failures.note("c", at(6));
        assert!(failures.are_several(at(6)));
        assert!(!failures.are_several(at(15)), "the first is long ago");
        assert!(failures.has("c", at(15)) && !failures.has("a", at(15)));
        // Also where the clock was set back.
        assert!(!failures.has("c", Timestamp(0)));
        for name in ["d", "e", "f", "g"] {
            failures.note(name, at(15));
        }
        assert!(failures.recent.len() == SEVERAL && failures.are_several(at(15)));
        failures.clear();
        assert!(!failures.has("g", at(15)));
    }
}
