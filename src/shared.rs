//! The index: answers kept in the host's shared data, for all workers of one Envoy.

mod fingerprint;
mod index;
mod lease;
pub use lease::*;
mod kv;
mod memory;
mod record;

pub use self::index::{Index, Region};
pub use self::kv::{Conflict, Expected, SharedKv, Versioned};
pub use self::memory::Memory;
pub use self::record::{Entry, Key, Record};

/// A worker's queue, as the host names it; another worker's messages to it arrive there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueId(pub u32);

/// A worker's place among those that share this memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// Its own queue.
    pub queue: QueueId,
    /// The key of every hash of this memory: the same for all workers, unknown outside.
    pub seed: u64,
}
