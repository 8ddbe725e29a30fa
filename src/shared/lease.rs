//! One worker fetches, the others wait for it.
//!
//! A lease says which worker fetches a key, and which workers want to be told of the end. Each key has one slot of a fixed number, chosen
//! by a keyed hash: **one**, not two, so that a compare-and-swap of that slot alone decides which worker leads, and two leaders of one key
//! would take two values in one place. The price is that two keys may share a slot: the second worker then fetches alone, as if there were
//! no leases. With 100 fetches under way that happens to one in forty.
//!
//! ```text
//!            acquire                        renew, on ticks
//!   free ─────────────▶ held by A ◀──────────────────────────┐
//!    ▲                  │  │  └──────────────────────────────┘
//!    │ release by A:    │  │ acquire by B: B is written down as waiting
//!    │ its followers    │  │
//!    └──────────────────┘  │ A neither renewed nor released for 2 s
//!                          ▼
//!                   expired: the worker that acquires first leads, and the followers wait for it
//! ```
//!
//! The leader tells the workers that follow of the end. If it died, they are told nothing: each must acquire again once [`LEASE`] is over,
//! and then leads, follows another, or fetches alone. Where the host carries no messages
//! ([`super::Capabilities::queue`]) no follower is written down, and each acquires again and again.

mod record;

use std::time::Duration;

use self::record::LeaseRecord;
use super::{
    Expected, Index, Key, QueueId, Seat, SharedKv, Versioned,
    keyed::{Keyed, Purpose},
};
use crate::{
    config::limits::LEASE_SLOTS,
    http::{SKEW, Timestamp},
};

/// For how long a leader is believed to be alive. Long enough for a few ticks of a busy worker, short enough for a client
/// to wait when a worker crashed.
pub const LEASE: Duration = Duration::from_secs(2);

/// What an attempt to lead ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// This worker fetches, renews meanwhile, and releases.
    Led,
    /// Another worker fetches and sends word; if none comes within [`LEASE`], acquire again.
    Followed,
    /// There is no leader to wait for, and no worker will wait for this one: fetch without a lease.
    Alone,
}

/// The leases of one worker, for what it fetches from its configured sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leases {
    keyed: Keyed,
    /// As [`Index::fetch_scope`] has it.
    sources: u64,
    queue: QueueId,
    /// Whether those who follow are told.
    tells: bool,
}

impl Leases {
    /// The leases of the worker in this seat, for what it fetches for `index`.
    pub fn new(index: &Index, seat: Seat) -> Self {
        let (queue, tells) = (seat.queue, seat.host.queue);
        Self { keyed: index.keyed(), sources: index.fetch_scope(), queue, tells }
    }

    /// The queue of the worker whose they are.
    pub fn queue(&self) -> QueueId {
        self.queue
    }

    /// Tries to lead the fetch of `path`. Asking again changes nothing, but extends a lease that is ours.
    pub fn acquire(&self, kv: &mut dyn SharedKv, path: &str, now: Timestamp) -> Lease {
        let slot = self.slot(path);
        for _ in 0..ATTEMPTS {
            let read = kv.get(&slot.name);
            let (next, lease) = match held(read.as_ref()) {
                Some(held) if held.key != slot.key && held.is_live(now) => return Lease::Alone,
                Some(held) if held.key == slot.key && held.holder != self.queue && held.is_live(now) => {
                    if !self.tells || held.waiting.contains(&self.queue) {
                        return Lease::Followed;
                    }
                    (held.joined(self.queue), Lease::Followed)
                }
                Some(held) if held.key == slot.key => (Some(held.taken(self.queue, now)), Lease::Led),
                _ => (Some(LeaseRecord::new(slot.key, self.queue, now)), Lease::Led),
            };
            let Some(bytes) = next.and_then(|held| held.encode()) else {
                return Lease::Alone;
            };
            if kv.put(&slot.name, &bytes, Expected::unchanged(read.as_ref())).is_ok() {
                return lease;
            }
        }
        Lease::Alone
    }

    /// Whether a worker leads the fetch of `path`, this worker included.
    pub fn is_held(&self, kv: &dyn SharedKv, path: &str, now: Timestamp) -> bool {
        let slot = self.slot(path);
        let read = kv.get(&slot.name);
        held(read.as_ref()).is_some_and(|held| held.key == slot.key && held.is_live(now))
    }

    /// Extends the lease of `path` if it is still this worker's, expired or not; false where it is lost.
    pub fn renew(&self, kv: &mut dyn SharedKv, path: &str, now: Timestamp) -> bool {
        self.change(kv, path, |held| held.taken(self.queue, now).encode()).is_some()
    }

    /// Gives up the lease of `path` if it is still this worker's, expired or not, and returns the workers that wait for the end. It returns
    /// none where the lease is lost: they wait for another worker.
    pub fn release(&self, kv: &mut dyn SharedKv, path: &str) -> Vec<QueueId> {
        self.change(kv, path, |_| Some(Vec::new())).unwrap_or_default()
    }

    /// Whether `at`, a time that was set at most [`LEASE`] ahead, has come. One that is further away is from before the clock was
    /// set back.
    pub fn is_due(at: Timestamp, now: Timestamp) -> bool {
        at <= now || at.since(now) > LEASE
    }

    /// When a lease that is renewed now is to be renewed again.
    pub fn renewal(now: Timestamp) -> Timestamp {
        now.after(LEASE / 2)
    }

    /// When a follower acquires again if no message has come: when the lease that it saw just now runs out, unless the leader renews it. At
    /// once on a host without messages.
    pub fn look_at(&self, now: Timestamp) -> Timestamp {
        if self.tells { now.after(LEASE) } else { now }
    }

    /// Writes `next` in place of this worker's lease of `path`, and returns the workers that wait; `None` where the lease is not this
    /// worker's.
    fn change<'a>(
        &self,
        kv: &mut dyn SharedKv,
        path: &'a str,
        next: impl Fn(LeaseRecord<'_>) -> Option<Vec<u8>>,
    ) -> Option<Vec<QueueId>> {
        let slot: Slot<'a> = self.slot(path);
        for _ in 0..ATTEMPTS {
            let read = kv.get(&slot.name);
            let held = held(read.as_ref())?;
            if held.key != slot.key || held.holder != self.queue {
                return None;
            }
            let waiting = held.waiting.clone();
            if kv.put(&slot.name, &next(held)?, Expected::unchanged(read.as_ref())).is_ok() {
                return Some(waiting);
            }
        }
        None
    }

    fn slot<'a>(&self, path: &'a str) -> Slot<'a> {
        let key = Key { sources: self.sources, path };
        let [hash, _] = self.keyed.hash(Purpose::Lease, key, 0);
        Slot { key, name: format!("{PREFIX}{}", hash % u64::from(LEASE_SLOTS)) }
    }
}

/// Where the lease of one key stands.
struct Slot<'a> {
    key: Key<'a>,
    name: String,
}

fn held(read: Option<&Versioned>) -> Option<LeaseRecord<'_>> {
    LeaseRecord::decode(&read?.value)
}

impl LeaseRecord<'_> {
    /// Whether its holder is believed to be alive. A lease that runs for longer than any is given is from before the clock
    /// was set back.
    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires && self.expires.since(now) <= LEASE + SKEW
    }
}

/// A race is lost to a worker that joined, to one that took the lease over, or to one that let go. No more workers can
/// join than there is room for, so that a leader does not lose its lease to those that wait for it.
const ATTEMPTS: usize = record::MOST_WAITING + 2;

const PREFIX: &str = "modgate/lease/";

#[cfg(test)]
mod tests;
