//! The content of one file: taken out of the zip, measured and hashed.

use sha2::{Digest, Sha256};
use zlib_rs::{Inflate, InflateFlush, Status, crc32::crc32};

use super::Fault;
use super::sought;
use crate::license::MAX_TEXT;

/// A file whose bytes go by.
pub(super) struct Content {
    method: Method,
    /// Bytes of the zip that are still to come, where that is known.
    left: Option<usize>,
    /// Bytes of the zip so far.
    pub(super) packed: u64,
    /// Bytes of the file so far.
    pub(super) size: u64,
    pub(super) crc: u32,
    hash: Sha256,
    /// What the file begins with, where that is to be read.
    text: Option<Vec<u8>>,
    /// Bytes that were taken and may be behind the content; once it has ended, they are.
    pub(super) behind: Vec<u8>,
}

/// How the bytes of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Deflated: it ends where it says so itself.
    Deflated,
    /// As it is, and as long as was said before.
    Stored,
    /// As it is, and as long as is said behind.
    Sought,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So much was done, and there may be more to do.
    Worked(usize),
    /// There is nothing to do without more bytes.
    Starved,
    /// The content has ended.
    Ended,
}

impl Content {
    /// `left` is how many bytes there are of it in the zip, or may be.
    pub(super) fn new(method: Method, left: Option<usize>, unpacker: &mut Unpacker) -> Self {
        if method == Method::Deflated {
            unpacker.begin();
        }
        Self { method, left, packed: 0, size: 0, crc: 0, hash: Sha256::new(), text: None, behind: Vec::new() }
    }

    /// The same, of which the text is kept as far as anything is read in it.
    pub(super) fn with_text(self) -> Self {
        Self { text: Some(Vec::new()), ..self }
    }

    /// What the file begins with, where that was kept.
    pub(super) fn take_text(&mut self) -> Option<Vec<u8>> {
        self.text.take()
    }

    /// Takes bytes off the front of `input` and does at most `budget` bytes of work with them, `budget` > 0.
    ///
    /// # Errors
    /// Where the content is malformed, or does not end with what there is of it in the zip. Deflated data may end before.
    pub(super) fn step(
        &mut self,
        input: &mut &[u8],
        budget: usize,
        unpacker: &mut Unpacker,
    ) -> Result<Step, Fault> {
        if self.method == Method::Sought {
            return Ok(self.seek(input, budget));
        }
        let ours = input.get(..self.left.unwrap_or(usize::MAX).min(input.len())).unwrap_or_default();
        let (taken, made, has_ended) = match self.method {
            Method::Deflated => unpacker.step(ours, budget)?,
            Method::Stored | Method::Sought => {
                let taken = ours.get(..budget.min(ours.len())).unwrap_or_default();
                (taken.len(), taken, self.left == Some(taken.len()))
            }
        };
        *input = input.get(taken..).unwrap_or_default();
        self.left = self.left.map(|left| left.saturating_sub(taken));
        self.packed += taken as u64;
        self.absorb(made);
        if has_ended {
            return Ok(Step::Ended);
        }
        match (taken + made.len(), self.left) {
            (0, Some(0)) => Err(Fault::Size("compressed size")),
            (0, _) if input.is_empty() => Ok(Step::Starved),
            (0, _) => Err(Fault::Deflate),
            (work, _) => Ok(Step::Worked(work)),
        }
    }

    /// Takes bytes off the front of `input`, up to the descriptor that is of all that came before it.
    fn seek(&mut self, input: &mut &[u8], budget: usize) -> Step {
        let all = *input;
        let (taken, rest) = all.split_at_checked(budget.min(MADE)).unwrap_or((all, &[]));
        *input = rest;
        if taken.is_empty() {
            return Step::Starved;
        }
        let waited = self.behind.len();
        let mut window = std::mem::take(&mut self.behind);
        window.extend_from_slice(taken);
        let (crc, size) = (self.crc, self.size);
        let of_all_before = |at: usize| crc32(crc, window.get(..at).unwrap_or_default());
        let found = sought::find(&window, size, of_all_before);
        let end = found.unwrap_or_else(|| window.len().saturating_sub(sought::LENGTH - 1));
        let content = window.get(..end).unwrap_or_default();
        self.packed += content.len() as u64;
        self.absorb(content);
        if found.is_none() {
            self.behind = window.split_off(end);
            return Step::Worked(taken.len());
        }
        // What is not needed is given back.
        let needed = end.max(waited);
        *input = all.get(needed - waited..).unwrap_or_default();
        self.behind = window.get(end..needed).unwrap_or_default().to_vec();
        Step::Ended
    }

    fn absorb(&mut self, made: &[u8]) {
        self.size += made.len() as u64;
        self.crc = crc32(self.crc, made);
        self.hash.update(made);
        if let Some(text) = &mut self.text {
            let room = MAX_TEXT.saturating_sub(text.len());
            text.extend_from_slice(made.get(..room.min(made.len())).unwrap_or_default());
        }
    }

    /// The hash of the content when it has ended.
    pub(super) fn hash(self) -> [u8; 32] {
        self.hash.finalize().into()
    }
}

/// Inflates one file after the other.
pub(super) struct Unpacker {
    inflate: Inflate,
    made: Box<[u8]>,
}

/// What is inflated at once. Each call copies the last 32 KiB into the window besides; twice that makes little of it.
const MADE: usize = 64 << 10;

/// A window of 32 KiB, which is all that deflate has.
const WINDOW_BITS: u8 = 15;

impl Unpacker {
    pub(super) fn new() -> Self {
        Self { inflate: Inflate::new(false, WINDOW_BITS), made: vec![0; MADE].into() }
    }

    /// Another file begins.
    pub(super) fn begin(&mut self) {
        self.inflate.reset(false);
    }

    /// How many bytes were taken, what was made of them, and whether that was all.
    pub(super) fn step(&mut self, input: &[u8], budget: usize) -> Result<(usize, &[u8], bool), Fault> {
        let (taken, made) = (self.inflate.total_in(), self.inflate.total_out());
        let room = self.made.len().min(budget);
        let input = input.get(..input.len().min(budget)).unwrap_or_default();
        let output = self.made.get_mut(..room).unwrap_or_default();
        let status =
            self.inflate.decompress(input, output, InflateFlush::NoFlush).map_err(|_| Fault::Deflate)?;
        let since = |before, now: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        let taken = since(taken, self.inflate.total_in());
        let made = self.made.get(..since(made, self.inflate.total_out())).unwrap_or_default();
        Ok((taken, made, status == Status::StreamEnd))
    }
}
