//! Module zips, checked, and the hash that go.sum and the checksum database know them by.
//!
//! What is found fit is what golang.org/x/mod/zip.Unzip unpacks, with the very [`H1`] that dirhash.HashZip computes (both as Go
//! 1.27.3 ships them). Go finds a zip's files from its end. [`WholeCheck`] reads one that is all there, and does the same.
//! [`Check`] takes the bytes of one that passes by, in order, and holds nothing back but the state of its parser: it reads the files
//! as they come, and when the directory has come at the end it holds what it found to what Go will find. What the directory does
//! not speak of is passed over, as by Go.
//!
//! An [`Archive`] is read like a [`WholeCheck`], and is no module: what its entries hold is its reader's affair.
//!
//! # Stricter than Go
//!
//! `docs/stricter.md` lists it, and `testdata/zips.jsonl` has an example of each. In short: a [`WholeCheck`] refuses what would take too
//! much memory or work; a [`Check`] also refuses what the zip tells too late, or too misleadingly, to be known in time.
//!
//! Neither looks at modes: an entry that is marked as a symbolic link is unpacked as a plain file. The time of a file, flags, systems and
//! versions in its header, its comment and extra fields other than zip64 are ignored, and the hash does not cover them.
//!
//! # Bounds
//!
//! A check never holds more than 48 MiB (with the most and longest names allowed), about 120 KiB and 300 bytes per
//! file with usual ones. What one call does is bounded by its budget.

mod archive;
mod check;
mod content;
mod directory;
mod end;
mod extra;
mod h1;
mod licensing;
mod listing;
mod names;
mod record;
mod sought;
mod unfit;
mod whole;

#[cfg(test)]
mod tests;

use crate::license::Licenses;

pub use self::archive::{Archive, Limits, Turn, Unarchived};
pub use self::check::Check;
pub use self::h1::H1;
pub use self::listing::{MAX_ENTRIES, MAX_NAMES};
pub use self::names::{MAX_GO_MOD, MAX_LICENSE, MAX_NAME};
pub use self::unfit::{Fault, Unfit};
pub use self::whole::WholeCheck;

/// Bytes that a zip may have, and all its files together when unpacked. Source: MaxZipFile of golang.org/x/mod/zip.
pub const MAX_ZIP: u64 = 500 << 20;

/// What a module zip was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The hash of its files, as go.sum has it.
    pub h1: H1,
    /// The same without the module and the version in their names: copies by other names have it as well.
    pub files: H1,
    /// Files, and folders where it names any.
    pub entries: usize,
    /// Bytes of the zip.
    pub bytes: u64,
    /// Bytes of all files, unpacked.
    pub content_bytes: u64,
    /// What licences its files say, where that was to be read and could be told.
    pub licenses: Option<Licenses>,
}

/// What an entry costs beside its bytes: a hash to begin and to end, and its place among the others.
const ENTRY_WORK: usize = 512;
/// What a byte of a name costs: it is compared with some ten others of the same folder.
const NAME_WORK: usize = 8;
