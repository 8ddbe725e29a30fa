//! What gateways that share a storage tell each other there: which hooks have come, and what was read of feeds.
//!
//! Each gateway has a place of its own, a number, and writes the objects of that place alone. So no write of one can undo what another has
//! written, and a store needs to know no condition. It needs to list nothing either: places are taken in order, and who reads them reads
//! until there is none.
//!
//! ```text
//!  fleet/00.json        the bulletin of the gateway that has place 0: hooks of the last hour, how far it has read feeds
//!  fleet/00/00.txt ..   lines of feeds that it has read, in segments; the 64th overwrites the first
//!  fleet/01.json ..     of the next
//! ```
//!
//! Nothing that is read there is believed. An entry has the gateway ask an upstream, which is all that a hook and a feed do.

mod bulletin;
mod segment;

pub use self::{
    bulletin::{Bulletin, MAX_BULLETIN_BYTES, Reading, Told},
    segment::{MAX_SEGMENT_BYTES, SEGMENT_BYTES, Segment, segment},
};

/// Places that a fleet has. Each that was ever taken is a question to storage in each round.
pub const PLACES: u8 = 32;

/// Segments of one place: a poll reads at most 26 pages of 2,000 lines, some 50 bytes each here, and that is 55 segments.
pub const SEGMENTS: u64 = 64;

/// Reads what another build may have written: which of them is understood here.
const LAYOUT: u8 = 1;
