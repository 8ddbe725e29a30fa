//! What is going on: whether the upstream serves, and which rules are in force. Clients look at it when they send and when they are
//! answered, since what is right depends on both.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

/// Shared by those who ask and the one who makes the weather.
#[derive(Debug)]
pub(super) struct Weather {
    begun: Instant,
    upstream: AtomicU8,
    changes: AtomicU32,
    /// When the outage was over, in milliseconds since the beginning.
    over: AtomicU64,
    rule: AtomicU8,
}

/// The upstream, as clients may expect it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upstream {
    Serves,
    /// Somewhere between two states.
    Changes,
    Fails,
}

/// The rule that refuses a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Absent,
    /// On its way to the workers.
    Coming,
    InForce,
}

/// One look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) upstream: Upstream,
    pub(super) changes: u32,
    pub(super) rule: Rule,
    /// Milliseconds since the outage was over; nothing before.
    pub(super) since_outage: Option<u64>,
}

impl Weather {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            upstream: AtomicU8::new(0),
            changes: AtomicU32::new(0),
            over: AtomicU64::new(u64::MAX),
            rule: AtomicU8::new(0),
        }
    }

    pub(super) fn now(&self) -> Moment {
        let over = self.over.load(Ordering::SeqCst);
        Moment {
            upstream: match self.upstream.load(Ordering::SeqCst) {
                0 => Upstream::Serves,
                1 => Upstream::Changes,
                _ => Upstream::Fails,
            },
            changes: self.changes.load(Ordering::SeqCst),
            rule: match self.rule.load(Ordering::SeqCst) {
                0 => Rule::Absent,
                1 => Rule::Coming,
                _ => Rule::InForce,
            },
            since_outage: (over != u64::MAX).then(|| self.millis().saturating_sub(over)),
        }
    }

    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn set_upstream(&self, upstream: Upstream) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        if upstream == Upstream::Serves {
            self.over.store(self.millis(), Ordering::SeqCst);
        }
        self.upstream.store(upstream as u8, Ordering::SeqCst);
    }

    pub(super) fn set_rule(&self, rule: Rule) {
        self.rule.store(rule as u8, Ordering::SeqCst);
    }
}
