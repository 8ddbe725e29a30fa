//! The content of one file: taken out of the zip, measured and hashed.

use sha2::{Digest, Sha256};
use zlib_rs::{Inflate, InflateFlush, Status};

use super::Fault;

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
}

/// How the bytes of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Deflated,
    Stored,
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
    pub(super) fn new(method: Method, left: Option<usize>, unpacker: &mut Unpacker) -> Self {
        if method == Method::Deflated {
            unpacker.inflate.reset(false);
        }
        Self { method, left, packed: 0, size: 0, crc: 0, hash: Sha256::new() }
    }

    /// Takes bytes off the front of `input` and does at most `budget` bytes of work with them, `budget` > 0.
    ///
    /// # Errors
    /// Where the content is malformed, or longer than what there is of it in the zip.
    pub(super) fn step(
        &mut self,
        input: &mut &[u8],
        budget: usize,
        unpacker: &mut Unpacker,
    ) -> Result<Step, Fault> {
        let ours = input.get(..self.left.unwrap_or(usize::MAX).min(input.len())).unwrap_or_default();
        let (taken, made, has_ended) = match self.method {
            Method::Deflated => unpacker.step(ours, budget)?,
            Method::Stored => {
                let taken = ours.get(..budget.min(ours.len())).unwrap_or_default();
                (taken.len(), taken, self.left == Some(taken.len()))
            }
        };
        *input = input.get(taken..).unwrap_or_default();
        self.left = self.left.map(|left| left.saturating_sub(taken));
        self.packed += taken as u64;
        self.size += made.len() as u64;
        self.crc = zlib_rs::crc32::crc32(self.crc, made);
        self.hash.update(made);
        if has_ended {
            return if self.left.unwrap_or(0) == 0 {
                Ok(Step::Ended)
            } else {
                Err(Fault::Size("compressed size"))
            };
        }
        match (taken + made.len(), self.left) {
            (0, Some(0)) => Err(Fault::Size("compressed size")),
            (0, _) if input.is_empty() => Ok(Step::Starved),
            (0, _) => Err(Fault::Deflate),
            (work, _) => Ok(Step::Worked(work)),
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

    /// How many bytes were taken, what was made of them, and whether that was all.
    fn step(&mut self, input: &[u8], budget: usize) -> Result<(usize, &[u8], bool), Fault> {
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
