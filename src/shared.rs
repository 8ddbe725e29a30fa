//! The index, the leases, polled documents, how old the log of a checksum database is, how sources are doing and how much they are
//! asked: what all workers of one Envoy know, kept in the host's shared data.
//!
//! Nothing here can be relied upon to be there: another worker writes between any two calls, another build of this filter may have written
//! before, and everything is gone with the last of them. Each record says what it is about, and is checked for that when it is read.

mod annex;
mod bytes;
mod calls;
mod deliveries;
mod fingerprint;
mod fleet;
mod gatherer;
mod health;
mod heat;
mod hours;
mod index;
mod keyed;
mod kv;
mod lease;
mod ledger;
pub mod log_clock;
mod memory;
mod origins;
mod pace;
pub mod polled;
mod prewarmed;
mod record;
mod records;
mod seat;
mod served;
mod sketch;
mod slots;
#[cfg(test)]
mod tests;
mod told;
pub mod tree_heads;

pub use self::calls::{Mine, SHARE, begin_call, left_in_all, tell_calls};
pub use self::deliveries::has_come;
pub use self::fleet::{FleetStore, Follows, Heard as FleetHeard, Member, Said, feed_number};
pub use self::gatherer::{call_gatherer, gatherer, heard_as_gatherer};
pub use self::health::{FRESH, Health, Heard, REST, health, note_health, takes_its_turn};
pub use self::heat::{Heat, REST_SECS};
pub use self::hours::claim_hour;
pub use self::index::{Cursor, Index, Kept, NotKept, Region};
pub use self::kv::{Conflict, Expected, SharedKv, Versioned};
pub use self::lease::{LEASE, Lease, Leases};
pub use self::ledger::{Day, Keeping, LEDGERS, Ledger, Served, ledger_of};
pub use self::memory::Memory;
pub use self::origins::{note_root, roots_of};
pub use self::pace::{Gate, MAX_PAUSE, complain, pass, pauses_until};
pub use self::prewarmed::{Progress, Trouble, TroubleKind, prewarming, take_turn};
pub use self::record::{Entry, Key, Loss, Occupant, Record};
pub use self::records::RecordStore;
pub use self::seat::{Capabilities, QueueId, Seat};
pub use self::served::{Changed, ServedStore};
pub use self::slots::SourceId;
pub use self::told::is_to_tell;
pub use self::tree_heads::Advanced;
