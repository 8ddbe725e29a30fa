//! One zip in progress: which record comes next, and what each says to the others.

use super::content::{Content, Step, Unpacker};
use super::end::End;
use super::h1::Summary;
use super::licensing::Licensing;
use super::listing::Listing;
use super::record::Kind;
use super::{Checked, Fault, Unfit};
use crate::gomod::{ModulePath, Version};

mod confirm;
mod steps;

/// The check of one zip, in progress.
pub struct Check {
    /// What the directory tells of the files.
    listing: Listing,
    /// The files that went by, in the order of their places.
    files: Vec<Found>,
    summary: Summary,
    unpacker: Unpacker,
    state: State,
    phase: Phase,
    /// What of a record has come, and what may be the beginning of one.
    held: Vec<u8>,
    /// Where the record at hand begins.
    start: u64,
    consumed: u64,
    content_bytes: u64,
    /// Where the central directory begins, and where it ends.
    directory: u64,
    directory_end: u64,
    /// Where the end records begin.
    end: Option<u64>,
    /// The end with 64 bits, and where it is.
    end64: Option<(u64, End)>,
    /// Where the locator is, and what it says.
    locator: Option<(u64, Option<u64>)>,
    /// How many bytes stand before the zip itself.
    base: u64,
    /// Bytes of all files that the directory tells of.
    packed: u64,
    prefix: Prefix,
    has_more_work: bool,
    failed: Option<Unfit>,
    /// The licences, where they are to be read.
    licensing: Option<Licensing>,
}

enum State {
    /// Before a record, or within the four bytes that say which it is.
    Between,
    Record(Kind),
    Content(File, Content),
    /// Behind a content, where a descriptor may be.
    Behind(File, Found),
    /// The end is read; what went by is compared with what the directory tells.
    Confirming,
    Complete,
}

/// Which records may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Files, or the directory.
    Files,
    /// The directory's next entry, or the end.
    Directory,
    /// The end.
    End,
}

/// A file whose content, or what follows that, is going by.
struct File {
    name: Vec<u8>,
    /// Where its header is.
    at: u64,
    method: u16,
    has_descriptor: bool,
}

/// A file that went by: what Go would find at this place.
#[derive(Clone, Copy, Debug)]
struct Found {
    at: u32,
    method: u16,
    packed: u32,
    size: u32,
    crc: u32,
    /// The CRC-32 in the descriptor behind it.
    descriptor: Option<u32>,
    hash: [u8; 32],
}

/// Bytes before the zip itself, as programs that unpack themselves have them.
#[derive(Default)]
struct Prefix {
    is_there: bool,
    /// The last three bytes that went by, and where among all what looks like an entry of a directory begins.
    last: Vec<u8>,
    entries: Vec<u64>,
}

/// Bytes of memory that one file takes that went by.
const FILE: usize = 128;

impl Check {
    /// Of the zip of this version, which the caller knows to [belong](crate::gomod::check) to the module.
    pub fn new(module: &ModulePath, version: &Version) -> Self {
        Self {
            listing: Listing::new(format!("{module}@{version}/")),
            files: Vec::new(),
            summary: Summary::default(),
            unpacker: Unpacker::new(),
            state: State::Between,
            phase: Phase::Files,
            held: Vec::new(),
            start: 0,
            consumed: 0,
            content_bytes: 0,
            directory: 0,
            directory_end: 0,
            end: None,
            end64: None,
            locator: None,
            base: 0,
            packed: 0,
            prefix: Prefix::default(),
            has_more_work: false,
            failed: None,
            licensing: None,
        }
    }

    /// Also reads which licences the files say, if that `is_wanted`.
    pub fn read_licenses(&mut self, is_wanted: bool) {
        self.licensing = is_wanted.then(Licensing::default);
    }

    /// Takes the next bytes, and says how many of them: all, or fewer where the budget was used up. The rest is to
    /// be given again.
    ///
    /// `budget` is in bytes taken and made of them, with a few hundred for each entry; it is overrun by one entry's
    /// at most. So what a call takes is bounded however much the bytes inflate to.
    ///
    /// # Errors
    /// Where the zip is not fit, now and whenever asked again. Nothing of it may go further.
    pub fn push(&mut self, bytes: &[u8], budget: usize) -> Result<usize, Unfit> {
        if let Some(unfit) = &self.failed {
            return Err(unfit.clone());
        }
        let mut rest = bytes;
        let mut left = budget.max(1);
        self.has_more_work = true;
        while left > 0 {
            match self.step(&mut rest, left) {
                Ok(Step::Worked(work)) => left = left.saturating_sub(work.max(1)),
                Ok(Step::Starved | Step::Ended) => {
                    self.has_more_work = false;
                    break;
                }
                Err(fault) => {
                    self.has_more_work = false;
                    let unfit = self.blame(fault);
                    return Err(self.failed.insert(unfit).clone());
                }
            }
        }
        Ok(bytes.len() - rest.len())
    }

    /// Whether the last [`push`](Self::push) stopped because of its budget: then the next goes on, be it with no
    /// further bytes.
    pub fn has_more_work(&self) -> bool {
        self.has_more_work
    }

    /// How many bytes of the zip, from its start, may be given to a client before the verdict: all that were taken,
    /// but none of the records at the end, without which nothing is a zip.
    pub fn releasable(&self) -> u64 {
        match (self.end, &self.state) {
            (Some(end), _) => end,
            (None, State::Between | State::Behind(..)) => self.start,
            // What was taken and may be behind the content is not known to be any.
            (None, State::Content(_, content)) => self.consumed - content.behind.len() as u64,
            (None, _) => self.consumed,
        }
    }

    /// About how many bytes of memory it takes, at most: it never gets less.
    pub fn weight(&self) -> usize {
        let texts = self.licensing.as_ref().map_or(0, Licensing::weight);
        Self::LEAST + self.listing.weight() + self.files.len().saturating_mul(FILE) + texts
    }

    /// Bytes of memory that each takes.
    pub const LEAST: usize = 120 << 10;

    /// Whether the end has been read whole. Any byte after it makes the zip unfit.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Confirming | State::Complete)
    }

    /// What the zip holds, when no more bytes come.
    ///
    /// # Errors
    /// Where it is not fit; where it breaks off, [`Unfit::is_truncated`].
    pub fn finish(mut self) -> Result<Checked, Unfit> {
        if let Some(unfit) = self.failed {
            return Err(unfit);
        }
        if !self.is_complete() {
            return Err(self.blame(Fault::Truncated));
        }
        while let State::Confirming = self.state {
            self.step(&mut [].as_slice(), usize::MAX).map_err(|fault| self.blame(fault))?;
        }
        let (h1, files) = self.summary.finish();
        Ok(Checked {
            h1,
            files,
            entries: self.listing.len(),
            bytes: self.consumed,
            content_bytes: self.listing.content_bytes(),
            licenses: self.licensing.and_then(Licensing::licenses),
        })
    }

    fn blame(&self, fault: Fault) -> Unfit {
        let shown = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let name = match &self.state {
            State::Content(file, _) | State::Behind(file, _) => Some(shown(&file.name)),
            State::Record(kind) => kind.name(&self.held).map(shown),
            State::Between | State::Confirming | State::Complete => None,
        };
        // Nothing is wrong with the record that breaks off, but with what does not follow.
        let at = if fault == Fault::Truncated { self.consumed } else { self.start };
        Unfit::new(fault, at, name.as_deref())
    }
}
