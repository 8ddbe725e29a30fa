//! Advisories: which versions of which modules are known to be vulnerable, or malicious, by OSV records.
//!
//! ```text
//!   JSON ── osv ──▶ Record ── Gathering ──▶ encoded bytes ── Decoding ──▶ Advisories
//!   of a zip, or a file each                shared data has them          each worker has them
//! ```
//!
//! A source of them ([`Record`]) is reduced to a table of what decisions need ([`Advisories`]), with one entry for each module that a record
//! is about. Which versions an entry affects is what golang.org/x/vuln finds ([`Ranges::contain`]).
//!
//! # Bounds
//!
//! A source has at most [`MAX_RECORDS`] records, each in at most [`MAX_RECORD_BYTES`] of JSON, and its encoded table at most
//! [`MAX_ENCODED_BYTES`]. Go's own database, of 4,291 records and 6,125 entries, is 192 KB encoded, and takes each worker 0.7 MB.

mod decoding;
mod encoded;
mod gathering;
mod id;
mod joined;
pub mod osv;
mod ranges;
mod reading;

mod table;

#[cfg(test)]
pub(crate) mod tests;

pub use self::decoding::{Decoding, NotEncoded};
pub use self::gathering::{Encoding, Gathering, TooMany, encode};
pub use self::ranges::{Event, Ranges};
pub use self::reading::{Unreadable, ZipRead, ZipReading, database_modified};

pub use self::table::{Advisories, Advisory, Listed};

use crate::gomod::Version;
use crate::http::Timestamp;

/// What is read of an OSV record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its id: `GO-2024-2687`, `MAL-2025-2544`.
    pub id: String,
    /// Other ids of the same.
    pub aliases: Vec<String>,
    /// When it was changed last.
    pub modified: Timestamp,
    /// When it was published first.
    pub published: Timestamp,
    /// Whether people have checked it: of Go's own database, those that do not say `UNREVIEWED`.
    pub is_reviewed: bool,
    /// Whether it says that a module is malicious, and not that it is vulnerable.
    pub is_malicious: bool,
    /// How severe it is.
    pub severity: Severity,
    /// What it is about: nothing, where it was withdrawn or is not about Go modules.
    pub affected: Vec<Affected>,
}

/// A module that a record is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// The module path; `stdlib` and `toolchain` are modules too, whose versions are those of Go.
    pub module: String,
    /// The versions.
    pub ranges: Ranges,
    /// More versions: these very ones.
    pub versions: Vec<Version>,
}

/// How severe an advisory is, in GitHub's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No source says.
    #[default]
    Unknown,
    /// Low.
    Low,
    /// Moderate.
    Moderate,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// Records of one source. Go's database has 4,291, and had 2,500 eight months before.
pub const MAX_RECORDS: usize = 1 << 15;

/// JSON of one record. The longest of Go's database has 8 KB; GitHub's descriptions may have 64 KB. Such a record takes a worker a few
/// milliseconds, and no callback less than a record.
pub const MAX_RECORD_BYTES: usize = 256 << 10;

/// A zip of records: ten times that of Go's database, and a thirtieth of what a VM may have in Envoy. One worker has it while it reads it.
pub const MAX_ZIP_BYTES: usize = 32 << 20;

/// Entries of such a zip: the records, what is passed over, and as many of other kinds.
const MAX_ZIP_ENTRIES: usize = 1 << 16;

/// JSON of all records of a zip: it is read at some 50 MB a second, so in three seconds of slices. Go's database has 5.5 MB.
const MAX_UNPACKED_BYTES: usize = 128 << 20;

/// A table in shared data, which every worker reads when it changes: six times that of Go's database.
pub const MAX_ENCODED_BYTES: usize = 1 << 20;
