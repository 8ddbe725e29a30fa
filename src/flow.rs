//! The machines that walk a request from its head to its answer.
//!
//! `request` is one client's: it decides, looks into the index, and else waits; `next` is what becomes of it at each of its steps. `route`
//! and `passing` are the way of a zip that the host streams to it. `search`, `write`, `copy` and `probe` are jobs of the worker: they make
//! callouts, outlive the client that began them, and are shared by all clients that wait for the same. Each is data and is driven by
//! [`crate::worker`]; none makes a call itself.

mod advice;
mod by_version;
pub mod cache_state;
pub mod caller;
mod catalog;
mod content;
mod copy;
mod evidence;
mod explain;
mod exposed;
mod handover;
mod hit;
mod hooked;
mod keep;
mod known;
mod license;
mod listed;
mod logged;
mod mirror;
mod monitored;
mod next;
mod origin;
mod page;
mod passing;
mod prewarm;
mod probe;
mod proving;
mod published;
mod question;
mod receiving;
mod request;
mod respond;
mod route;
mod ruling;
mod search;
mod searched;
mod shelf;
mod shown;
mod sifting;
mod statement;
mod status;
mod sums;
mod waived;
mod wishes;
mod withdrawn;
mod write;

pub use self::advice::Advice;
pub use self::catalog::{Listing, SEGMENT_LINES, Turn, segment, too_many_lists};
pub use self::content::{is_to_be_read, known_contents, note_content, refused_for};
pub use self::copy::{Copying, NextPiece, NotCopied};
pub use self::evidence::Evidencing;
pub use self::explain::Explaining;
pub use self::exposed::{Exposing, exposure_line, keeping, ledger_name, named, served_store};
pub use self::handover::Handover;
pub use self::hit::Hit;
pub use self::hooked::{Delivery, Renewal};
pub use self::keep::keep;
pub use self::known::Known;
pub use self::license::{license_record, note_licenses, reads_licenses, refused_by_license};
pub use self::logged::{Said, log, lookup, place, record_of};
pub use self::mirror::{Mirror, Mirroring};
pub use self::monitored::Sightings;
pub use self::next::{Making, Next};
pub use self::origin::note_origin;
pub use self::page::refuse_page;
pub use self::passing::{Passing, Verified, VerifyError, loss_by};
pub use self::prewarm::{
    Build, Came, Files, Order, OrderHead, OrderKind, Wish, appeared, begun, came, errand, lacked, lacking,
    read_body, too_many_orders,
};
pub use self::probe::{Asked, PROBE_ROUND, Probe, SourceHealth, readiness};
pub use self::proving::{ProofStep, Proving};
pub use self::published::{Publication, Publications, Published, keep_first_seen, published_by};
pub use self::question::{Ended, Parked};
pub use self::receiving::Receiving;
pub use self::request::pass_on;
pub use self::respond::unreadable;
pub use self::route::{Ask, IndexUpdate, Routed};
pub use self::search::{Search, Step, ZipHead};
pub use self::searched::{End, News, Searched};
pub use self::shelf::Shelf;
pub use self::sifting::{Sifting, SiftingKey};
pub use self::statement::{heard, to_be_heard};
pub use self::status::{
    BudgetStatus, ClientsStatus, DatabaseStatus, DocumentStatus, FlightsStatus, IndexStatus, LogClockStatus,
    Occupancy, PrewarmStatus, SourceStatus, Status, StorageStatus,
};
pub use self::sums::Sums;
pub use self::wishes::Wishes;
pub use self::write::{Write, Written, is_unwritten, worth_writing};

/// Bytes of content that one call unpacks and hashes of a zip that no client is being sent, about 4 ms (140 MB/s in V8).
const SLICE: usize = 512 << 10;
