//! The index, the leases, polled documents, how sources are doing and how much they are asked: what all workers of one Envoy
//! know, kept in the host's shared data.
//!
//! Nothing here can be relied upon to be there: another worker writes between any two calls, another build of this filter
//! may have written before, and everything is gone with the last of them. Whatever is read says of what it is, and is
//! checked for it.

mod annex;
mod bytes;
mod calls;
mod fingerprint;
pub mod heads;
mod heat;
mod index;
mod keyed;
mod kv;
mod lease;
mod memory;
mod pace;
pub mod polled;
mod record;
mod sighting;
mod sketch;
mod slots;
#[cfg(test)]
mod tests;

pub use self::calls::{Mine, SHARE, begin_call, left_in_all, tell_calls};
pub use self::heads::Advanced;
pub use self::heat::{Heat, REST_SECS};
pub use self::index::{Cursor, Index, Kept, NotKept, Region};
pub use self::kv::{Conflict, Expected, SharedKv, Versioned};
pub use self::lease::{LEASE, Lease, Leases};
pub use self::memory::Memory;
pub use self::pace::{Gate, MAX_PAUSE, complain, pass, pauses_until};
pub use self::record::{Entry, Key, Loss, Occupant, Record};
pub use self::sighting::{FRESH, Heard, REST, Sighting, note_sighting, sighting, takes_its_turn};
pub use self::slots::SourceId;

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
