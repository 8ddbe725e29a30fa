//! How often something happened in the last second or two.

use std::time::Duration;

use crate::http::Timestamp;

/// A count of the second that runs, and of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    since: Timestamp,
    now: u32,
    before: u32,
}

impl Tally {
    /// It happened once more.
    pub(super) fn count(&mut self, now: Timestamp) {
        if !now.is_within(SECOND, self.since) {
            let before = if now.is_within(SECOND * 2, self.since) { self.now } else { 0 };
            *self = Self { since: now, now: 0, before };
        }
        self.now = self.now.saturating_add(1);
    }

    /// How often it happened in a second lately.
    pub(super) fn lately(&self, now: Timestamp) -> u32 {
        if now.is_within(SECOND * 2, self.since) { self.now.max(self.before) } else { 0 }
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_lately_is_the_better_of_two_seconds() {
        let start = Timestamp(1_700_000_000_000);
        let at = |millis| start.after(Duration::from_millis(millis));
        let mut tally = Tally::default();
        assert_eq!(tally.lately(start), 0);
        for _ in 0..20 {
            tally.count(at(0));
        }
        assert_eq!(tally.lately(at(999)), 20);
        for _ in 0..3 {
            tally.count(at(1100));
        }
        assert_eq!(tally.lately(at(1900)), 20);
        tally.count(at(2200));
        assert_eq!(tally.lately(at(2300)), 3);
        assert_eq!(tally.lately(at(9000)), 0);
        tally.count(at(9000));
        assert_eq!(tally.lately(at(9000)), 1);
    }
}
