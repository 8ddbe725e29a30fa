//! Any zip that is all there, an entry at a time: not one of a module, but one that holds documents.
//!
//! As with those, the directory at its end is believed. What it may come to is bounded by the reader, before anything is unpacked.

use std::fmt::{self, Display, Formatter};

use zlib_rs::crc32::crc32;

use super::content::Unpacker;
use super::directory::{self, Directory, Entry};
use super::end::End;
use super::record::{Central, DEFLATED, STORED};
use super::{Fault, MAX_NAME};
use crate::gomod::Quoted;

/// What a zip may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many entries it has.
    pub entries: usize,
    /// Bytes of one entry that is read, unpacked.
    pub entry_bytes: usize,
    /// Bytes of all entries that are read, unpacked.
    pub bytes: usize,
}

/// Why a zip cannot be read: a bounded line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unarchived {
    fault: ArchiveFault,
    entry: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum ArchiveFault {
    #[error("{0}")]
    Zip(#[from] Fault),
    #[error("more than {0} entries")]
    Entries(usize),
}

/// A zip that is being read.
pub struct Archive {
    limits: Limits,
    unpacker: Unpacker,
    state: State,
    /// How many bytes stand before the zip itself.
    base: i64,
    entries: usize,
    /// Bytes that were taken, and made of them.
    packed: usize,
    unpacked: usize,
}

#[derive(Debug)]
enum State {
    /// Nothing was read yet.
    Begun,
    /// Up to here the directory was read.
    Directory(usize, End),
    /// In an entry; the directory goes on there.
    Content(Box<Content>, usize, End),
    Over,
}

/// An entry that is being read.
#[derive(Debug)]
struct Content {
    name: String,
    central: Central,
    /// Where its content begins.
    start: usize,
    /// Up to where it was read.
    at: usize,
    made: Vec<u8>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to be done.
    More,
    /// An entry has this name. Its content comes next, unless it is [passed over](Archive::pass_over).
    Named(String),
    /// The content of the entry that was named last.
    Content(Vec<u8>),
    /// That was all.
    End,
}

impl Archive {
    /// Of a zip that comes to no more than that.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            unpacker: Unpacker::new(),
            state: State::Begun,
            base: 0,
            entries: 0,
            packed: 0,
            unpacked: 0,
        }
    }

    /// Reads on in `zip`, which is the same each time: a name, or as much of a content as one step makes, some 64 KiB.
    ///
    /// # Errors
    /// Where the zip is malformed, or comes to more than it may.
    pub fn step(&mut self, zip: &[u8]) -> Result<Turn, Unarchived> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Begun => {
                let Directory { base, start, end } = Directory::find(zip).map_err(unnamed)?;
                self.base = base;
                self.state = State::Directory(start, end);
                Ok(Turn::More)
            }
            State::Directory(at, end) => self.next(zip, at, end),
            State::Content(mut content, at, end) => {
                let unpacked = self.unpack(zip, &mut content);
                let named =
                    |fault| Unarchived { fault: ArchiveFault::Zip(fault), entry: Some(content.name.clone()) };
                let has_ended = unpacked.map_err(named)?;
                if has_ended {
                    self.state = State::Directory(at, end);
                    return Ok(Turn::Content(content.made));
                }
                self.state = State::Content(content, at, end);
                Ok(Turn::More)
            }
            State::Over => Ok(Turn::End),
        }
    }

    /// Nothing is read of the entry that was named last.
    pub fn pass_over(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Content(_, at, end) => State::Directory(at, end),
            state => state,
        };
    }

    /// Reads the directory's next entry; bytes that are no entry end it.
    fn next(&mut self, zip: &[u8], at: usize, end: End) -> Result<Turn, Unarchived> {
        let Some(Entry { length, name, central }) = directory::entry(zip, at).map_err(unnamed)? else {
            end.count(self.entries).map_err(unnamed)?;
            return Ok(Turn::End);
        };
        self.entries = self.entries.saturating_add(1);
        if self.entries > self.limits.entries {
            return Err(Unarchived { fault: ArchiveFault::Entries(self.limits.entries), entry: None });
        }
        let name = String::from_utf8_lossy(name).into_owned();
        if name.len() > MAX_NAME {
            return Err(unnamed(Fault::NameLength));
        }
        let start = directory::content(zip, self.base, central.offset);
        let start =
            start.ok_or_else(|| Unarchived { fault: Fault::Place.into(), entry: Some(name.clone()) })?;
        let content = Content { name: name.clone(), central, start, at: start, made: Vec::new() };
        self.unpacker.begin();
        self.state = State::Content(Box::new(content), at.saturating_add(length), end);
        Ok(Turn::Named(name))
    }

    /// Unpacks on; whether that was all of the entry.
    fn unpack(&mut self, zip: &[u8], content: &mut Content) -> Result<bool, Fault> {
        let Central { method, packed, size, .. } = content.central;
        let limit = self.limits.entry_bytes;
        let size =
            usize::try_from(size).ok().filter(|size| *size <= limit).ok_or(Fault::TooLarge(limit as u64))?;
        let end = usize::try_from(packed).ok().and_then(|packed| content.start.checked_add(packed));
        let rest = end.and_then(|end| zip.get(content.at..end)).ok_or(Fault::Truncated)?;
        let (taken, made, has_ended) = match method {
            STORED => (rest.len(), rest, true),
            DEFLATED => self.unpacker.step(rest, STEP)?,
            _ => return Err(Fault::Method(method)),
        };
        if taken == 0 && made.is_empty() && !has_ended {
            return Err(Fault::Size("compressed size"));
        }
        content.at = content.at.saturating_add(taken);
        self.packed = self.packed.saturating_add(taken);
        self.unpacked = self.unpacked.saturating_add(made.len());
        content.made.extend_from_slice(made);
        if content.made.len() > size {
            return Err(Fault::Size("size"));
        }
        if self.unpacked > self.limits.bytes {
            return Err(Fault::TooLarge(self.limits.bytes as u64));
        }
        // Each byte is unpacked once, unless entries share them: a small zip must not be work without end.
        if self.packed > zip.len() {
            return Err(Fault::Overlap);
        }
        if !has_ended {
            return Ok(false);
        }
        if content.made.len() < size {
            return Err(Fault::Size("size"));
        }
        let crc = crc32(0, &content.made);
        if directory::has_its_sum(zip, &content.central, content.start, crc) {
            Ok(true)
        } else {
            Err(Fault::Crc)
        }
    }
}

fn unnamed(fault: Fault) -> Unarchived {
    Unarchived { fault: fault.into(), entry: None }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("limits", &self.limits)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Unarchived {}

impl Display for Unarchived {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "not a zip that can be read: {}", self.fault)?;
        self.entry.iter().try_for_each(|entry| write!(f, ", in {}", Quoted(entry)))
    }
}

/// Bytes that one step takes, or makes.
const STEP: usize = 64 << 10;
