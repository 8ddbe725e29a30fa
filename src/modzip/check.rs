//! One zip in progress: which record comes next, and what each says to the others.

use std::rc::Rc;

use super::content::{Content, Step, Unpacker};
use super::entries::Entries;
use super::record::{Facts, Kind};
use super::{Fault, H1, Unfit};
use crate::gomod::{ModulePath, Version};

mod steps;

/// The check of one zip, in progress.
pub struct Check {
    entries: Entries,
    unpacker: Unpacker,
    state: State,
    /// The record before this one, which says what may follow.
    last: Last,
    /// What of a record has come.
    held: Vec<u8>,
    /// Where the record at hand begins.
    start: u64,
    consumed: u64,
    content_bytes: u64,
    /// Where the central directory begins, and where it ends.
    directory: u64,
    end: Option<u64>,
    has_more_work: bool,
    failed: Option<Unfit>,
}

/// What a module zip was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The hash of its files.
    pub h1: H1,
    /// Files, and folders where it names any.
    pub entries: usize,
    /// Bytes of the zip.
    pub bytes: u64,
    /// Bytes of all files, unpacked.
    pub content_bytes: u64,
}

enum State {
    /// Before a record, or within the four bytes that say which it is.
    Between,
    Record(Kind),
    Content(File, Content),
    Descriptor(File),
    Complete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    File,
    Central,
    End64,
    Locator,
}

/// A file whose content, or what follows that, is going by.
struct File {
    name: Rc<str>,
    /// As the local header states them; with the content they become what they are.
    facts: Facts,
    hash: [u8; 32],
    is_wide: bool,
}

impl Check {
    /// Of the zip of this version, which the caller knows to [belong](crate::gomod::check) to the module.
    pub fn new(module: &ModulePath, version: &Version) -> Self {
        Self {
            entries: Entries::new(format!("{module}@{version}/")),
            unpacker: Unpacker::new(),
            state: State::Between,
            last: Last::File,
            held: Vec::new(),
            start: 0,
            consumed: 0,
            content_bytes: 0,
            directory: 0,
            end: None,
            has_more_work: false,
            failed: None,
        }
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
            (None, State::Between) => self.start,
            (None, _) => self.consumed,
        }
    }

    /// About how many bytes of memory it takes, at most: it never gets less.
    pub fn weight(&self) -> usize {
        Self::LEAST.saturating_add(self.entries.weight())
    }

    /// Bytes of memory that each takes.
    pub const LEAST: usize = 120 << 10;

    /// Whether the end has been read whole. Any byte after it makes the zip unfit.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// What the zip holds, when no more bytes come.
    ///
    /// # Errors
    /// Where it is not fit; where it breaks off, [`Unfit::is_truncated`].
    pub fn finish(self) -> Result<Checked, Unfit> {
        if let Some(unfit) = self.failed {
            return Err(unfit);
        }
        if !self.is_complete() {
            return Err(self.blame(Fault::Truncated));
        }
        Ok(Checked {
            entries: self.entries.len(),
            bytes: self.consumed,
            content_bytes: self.content_bytes,
            h1: self.entries.h1(),
        })
    }

    fn blame(&self, fault: Fault) -> Unfit {
        let name = match &self.state {
            State::Content(file, _) | State::Descriptor(file) => Some(file.name.to_string()),
            State::Record(kind) => {
                kind.name(&self.held).map(|name| String::from_utf8_lossy(name).into_owned())
            }
            State::Between | State::Complete => None,
        };
        // Nothing is wrong with the record that breaks off, but with what does not follow.
        let at = if fault == Fault::Truncated { self.consumed } else { self.start };
        Unfit::new(fault, at, name.as_deref())
    }
}
