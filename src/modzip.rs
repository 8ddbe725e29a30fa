//! Module zips, checked while their bytes stream by, and the hash that go.sum and the checksum database know them by.
//!
//! [`Check`] takes the bytes of one zip in order and holds nothing back but the state of its parser. What it finds
//! fit is what golang.org/x/mod/zip.Unzip unpacks, with the very [`H1`] that dirhash.HashZip computes (both as Go
//! 1.27.3 ships them), and is unambiguous besides: Go finds a zip's files from its end, this parser from its start,
//! so both see the same only where every byte belongs to exactly one record.
//!
//! # Stricter than Go
//!
//! A zip is unfit, though Go may take it, where
//! - bytes stand before, between or after its records, or records that a module zip has no use for: an archive's
//!   extra data, signatures, the extensible part of a zip64 end;
//! - the local headers and the central directory do not tell of the same files, in the same order, with the same
//!   method, flags, time, sum and sizes;
//! - a stored file has its sizes behind it (flag bit 3), so that nothing says where it ends;
//! - a file's sum or sizes are wrong in a place where Go does not look, or its deflated data go on after their end;
//! - a folder is named twice, or a comment looks like the end of a zip;
//! - it has more than [`MAX_ENTRIES`] entries, [`MAX_NAMES`] bytes of names, or a name longer than [`MAX_NAME`].
//!
//! Neither looks at modes: what is marked as a symbolic link is unpacked as a plain file. The time of a file, the
//! systems and versions in its header, its comment and extra fields other than zip64 are nobody's business and not
//! covered by the hash.
//!
//! # Bounds
//!
//! A check never holds more than 32 MiB (with the most and longest names allowed), about 120 KiB and 150 bytes per
//! file with usual ones. What one call does is bounded by its budget.

mod check;
mod content;
mod entries;
mod extra;
mod h1;
mod names;
mod record;
mod unfit;

#[cfg(test)]
mod tests;

pub use self::check::{Check, Checked};
pub use self::entries::{MAX_ENTRIES, MAX_NAMES};
pub use self::h1::H1;
pub use self::names::{MAX_GO_MOD, MAX_LICENSE, MAX_NAME};
pub use self::unfit::{Fault, Unfit};

/// Bytes that a zip may have, and all its files together when unpacked. Source: MaxZipFile of golang.org/x/mod/zip.
pub const MAX_ZIP: u64 = 500 << 20;
