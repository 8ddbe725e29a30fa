//! Advisories: which versions of which modules are known to be vulnerable, or malicious, by OSV records.
//!
//! A source of them ([`Record`]) is reduced to a table of what decisions need ([`Advisories`]), with one entry for each module that a record
//! is about. Which versions an entry affects is what golang.org/x/vuln finds ([`Ranges::contain`]).

mod ranges;
mod table;

pub use self::ranges::{Event, Ranges};
pub use self::table::{Advisories, Advisory};

use crate::gomod::Version;
use crate::http::Timestamp;

/// What is read of an OSV record. One that was withdrawn is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id: `GO-2024-2687`, `MAL-2025-2544`.
    pub id: String,
    /// When it was published first.
    pub published: Timestamp,
    /// Whether people have checked it: of Go's own database, those that do not say `UNREVIEWED`.
    pub is_reviewed: bool,
    /// Whether it says that a module is malicious, and not that it is vulnerable.
    pub is_malicious: bool,
    /// How severe it is.
    pub severity: Severity,
    /// What it is about.
    pub affected: Vec<Affected>,
}

/// A module that a record is about.
#[derive(Clone, Debug, PartialEq, Eq)]
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
