//! A zip of records that is read, a slice at a time.

use super::osv::{self, InvalidRecord};
use super::{Gathering, MAX_RECORD_BYTES, MAX_UNPACKED_BYTES, MAX_ZIP_ENTRIES, TooMany};
use crate::gomod::Quoted;
use crate::http::{Timestamp, gzip::gzip};
use crate::modzip::{Archive, Limits, Turn, Unarchived};

/// Records in a zip: every file whose name ends in `.json`, in whichever folder, but for those of Go's database that list the others.
#[derive(Debug)]
pub struct ZipReading {
    archive: Archive,
    gathering: Gathering,
    /// The name of the file whose content comes next.
    name: String,
    is_malicious: bool,
    now: Timestamp,
    modified: Option<Timestamp>,
    /// Whether records are kept as they are, and those that were read since they were taken last.
    keeps: bool,
    records: Vec<(String, Vec<u8>)>,
}

/// What was read of a zip.
#[derive(Debug)]
pub struct ZipRead {
    /// The records.
    pub gathering: Gathering,
    /// When the database was changed last, where its index says so.
    pub modified: Option<Timestamp>,
}

/// Why records cannot be had from what a source has sent: a bounded line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is something else.
    #[error("it is no zip: it begins with {}", Quoted(.0))]
    NoZip(String),
    /// It is no zip, or not one that is read.
    #[error(transparent)]
    Zip(#[from] Unarchived),
    /// A file of it is no record.
    #[error("{}: {why}", Quoted(.file))]
    Record {
        /// The file.
        file: String,
        /// What is wrong.
        why: InvalidRecord,
    },
    /// A record is one too many.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// A list of what there is cannot be read.
    #[error("{}: {why}", Quoted(.file))]
    Index {
        /// The file.
        file: &'static str,
        /// What is wrong.
        why: String,
    },
    /// There are none.
    #[error("it holds no record")]
    Empty,
}

impl ZipReading {
    /// Of a source that is `malicious` or not, as its records are at `now`.
    pub fn new(is_malicious: bool, now: Timestamp) -> Self {
        let limits =
            Limits { entries: MAX_ZIP_ENTRIES, entry_bytes: MAX_RECORD_BYTES, bytes: MAX_UNPACKED_BYTES };
        Self {
            archive: Archive::new(limits),
            gathering: Gathering::default(),
            name: String::new(),
            is_malicious,
            now,
            modified: None,
            keeps: false,
            records: Vec::new(),
        }
    }

    /// Has it keep each record as it is, too.
    pub fn keep_records(&mut self) {
        self.keeps = true;
    }

    /// The records that were read since this was asked last, each with its id and packed, if they are kept.
    pub fn records(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.records)
    }

    /// Reads on in `zip`, which is the same each time; what it holds, once that was the last.
    ///
    /// # Errors
    /// Where it is not a zip of records.
    pub fn work(&mut self, zip: &[u8]) -> Result<Option<ZipRead>, Unreadable> {
        if !zip.starts_with(SIGNATURE) {
            let begin = zip.get(..SHOWN).unwrap_or(zip);
            return Err(Unreadable::NoZip(String::from_utf8_lossy(begin).into_owned()));
        }
        let mut left = SLICE;
        while left > 0 {
            match self.archive.step(zip)? {
                Turn::More => left = left.saturating_sub(STEP),
                Turn::Named(name) if is_read(&name) => {
                    self.name = name;
                    left = left.saturating_sub(NAME);
                }
                Turn::Named(_) => {
                    self.archive.pass_over();
                    left = left.saturating_sub(NAME);
                }
                Turn::Content(json) => {
                    let cost = RECORD.saturating_add(json.len());
                    left = left.saturating_sub(if self.keeps { cost.saturating_mul(PACKED) } else { cost });
                    self.take(&json)?;
                }
                Turn::End if self.gathering.is_empty() => return Err(Unreadable::Empty),
                Turn::End => {
                    let (gathering, modified) = (std::mem::take(&mut self.gathering), self.modified);
                    return Ok(Some(ZipRead { gathering, modified }));
                }
            }
        }
        Ok(None)
    }

    fn take(&mut self, json: &[u8]) -> Result<(), Unreadable> {
        if self.name == DATABASE {
            self.modified = Some(database_modified(json)?);
            return Ok(());
        }
        let record = osv::read(json, self.is_malicious, self.now);
        let record = record.map_err(|why| Unreadable::Record { file: self.name.clone(), why })?;
        self.gathering.add(&record)?;
        if self.keeps {
            self.records.push((record.id, gzip(json)));
        }
        Ok(())
    }
}

/// When a database of Go's layout was changed last, by its file of that.
///
/// # Errors
/// Where it is not that file.
pub fn database_modified(json: &[u8]) -> Result<Timestamp, Unreadable> {
    #[derive(serde::Deserialize)]
    struct Database {
        modified: String,
    }
    let invalid = |why| Unreadable::Index { file: DATABASE, why };
    let Database { modified } = serde_json::from_slice(json).map_err(|error| invalid(error.to_string()))?;
    osv::read_time(&modified).ok_or_else(|| invalid(format!("{} is no time", Quoted(&modified))))
}

fn is_read(name: &str) -> bool {
    name == DATABASE || name.ends_with(".json") && !name.starts_with("index/")
}

/// How a zip begins that has files and is not put behind something else, and how much is told of what begins otherwise.
const SIGNATURE: &[u8] = b"PK";
const SHOWN: usize = 24;

/// The file of Go's database that says when it was changed last.
const DATABASE: &str = "index/db.json";

/// JSON that is read at once: some fifty records, which take a millisecond or two.
const SLICE: usize = 64 << 10;

/// What a record costs beside its bytes, what a step of unpacking costs that does not end one, and a name.
const RECORD: usize = 512;
const STEP: usize = 16 << 10;
const NAME: usize = 256;

/// How many times as much a record costs that is packed, too.
const PACKED: usize = 4;
