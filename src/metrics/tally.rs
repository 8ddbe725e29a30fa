//! Counters, added up where they are counted: pages can read them, and the host is told now and then.
//!
//! Telling the host of every single count would be one of the few host calls that an answer from the index makes. Added up, a
//! burst of a thousand answers costs one call per counter.

use std::collections::BTreeMap;

use super::{Counter, Measure};

/// The counters of one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counters: BTreeMap<Counter, Count>,
    /// Whether any of them has something that the host was not told.
    behind: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    total: u64,
    told: u64,
}

impl Tally {
    /// Adds to a counter.
    pub fn add(&mut self, counter: Counter, by: u64) {
        if by == 0 {
            return;
        }
        let has_room = self.counters.len() < MAX_COUNTERS;
        let count = match self.counters.get_mut(&counter) {
            Some(count) => count,
            None if has_room => self.counters.entry(counter).or_default(),
            None => self.counters.entry(Counter::Uncounted).or_default(),
        };
        count.total = count.total.saturating_add(by);
        self.behind = true;
    }

    /// What a counter has come to in this worker, under this configuration.
    pub fn total(&self, counter: &Counter) -> u64 {
        self.counters.get(counter).map_or(0, |count| count.total)
    }

    /// All counters with what they have come to, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Counter, u64)> {
        self.counters.iter().map(|(counter, count)| (counter, count.total))
    }

    /// Whether the host is to be told of something.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// What the host was not told yet, and is told by this.
    pub fn tell(&mut self) -> Vec<Measure> {
        if !std::mem::take(&mut self.behind) {
            return Vec::new();
        }
        let news = self.counters.iter_mut().filter(|(_, count)| count.told < count.total);
        let tell = |(counter, count): (&Counter, &mut Count)| {
            let by = count.total.saturating_sub(count.told);
            count.told = count.total;
            Measure::count(counter.clone(), by)
        };
        news.map(tell).collect()
    }
}

/// Counters of one worker. The labels of a configuration make a few hundred; but each rule has one by its name, and bundles may bring
/// other names for ever. Envoy forgets no metric either.
const MAX_COUNTERS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{OwnReason, Reason};

    fn refusal(rule: &str) -> Counter {
        Counter::Refusal { reason: Reason::Rule(rule.to_owned()) }
    }

    #[test]
    fn the_host_is_told_once_of_what_is_counted_and_the_core_has_the_sum() {
        let mut tally = Tally::default();
        assert!(!tally.is_behind() && tally.tell().is_empty());
        tally.add(refusal("one"), 1);
        tally.add(refusal("two"), 0);
        tally.add(refusal("one"), 2);
        assert!(tally.is_behind());
        assert_eq!(tally.tell(), [Measure::count(refusal("one"), 3)]);
        assert!(!tally.is_behind() && tally.tell().is_empty());
        tally.add(refusal("two"), 5);
        assert_eq!(tally.tell(), [Measure::count(refusal("two"), 5)]);
        let all: Vec<_> = tally.iter().map(|(counter, total)| (counter.to_string(), total)).collect();
        let name = |rule: &str| format!("modgate.refusals_total.reason.{rule}");
        assert_eq!(all, [(name("one"), 3), (name("two"), 5)]);
        let never = Counter::Refusal { reason: OwnReason::Budget.into() };
        assert_eq!((tally.total(&refusal("one")), tally.total(&never)), (3, 0));
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_together() {
        let mut tally = Tally::default();
        for rule in 0..MAX_COUNTERS + 10 {
            tally.add(refusal(&rule.to_string()), 2);
        }
        assert_eq!(tally.iter().count(), MAX_COUNTERS + 1);
        assert_eq!((tally.total(&refusal("0")), tally.total(&Counter::Uncounted)), (2, 20));
        tally.add(refusal("0"), 1);
        assert_eq!(tally.total(&refusal("0")), 3);
    }
}
