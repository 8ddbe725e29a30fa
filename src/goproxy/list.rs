//! A list of versions, read a slice at a time.
//!
//! Anyone can publish a module of a hundred thousand versions. To read, order and tag its list at once would keep a worker's other clients
//! waiting for half a second; so a long list is read for a few milliseconds at each turn.

mod line;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, btree_map},
    iter::Peekable,
    vec,
};

use sha2::{Digest, Sha256};

pub use self::line::{Line, Moment};
use super::{BadBody, Document, Etag, File, body};
use crate::gomod::{self, ModulePath, Version};

/// A list on its way from a source's bytes to the bytes that are served: the versions that the go command reads, in Go's order, each once.
#[derive(Debug)]
pub struct ListReader {
    module: ModulePath,
    body: Vec<u8>,
    /// Up to where it is read.
    at: usize,
    /// Whether there is any word in it.
    has_words: bool,
    /// Whether there is anything like a version in it, of this module or not.
    has_versions: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Reading: the versions that came in order, and all others. Many lists are in order, and then no version needs to be sorted in.
    Reads { ascending: Vec<Line>, others: BTreeMap<Version, Line> },
    /// Writing both, as one.
    Writes(Box<Writing>),
}

#[derive(Debug)]
struct Writing {
    ascending: Peekable<vec::IntoIter<Line>>,
    others: Peekable<btree_map::IntoValues<Version, Line>>,
    written: Vec<u8>,
    digest: Sha256,
}

impl ListReader {
    /// The reader of `body` as `document`; where that is no list, or nothing long, the body is given back.
    ///
    /// # Errors
    /// The body.
    pub fn of_long(document: &Document, body: Vec<u8>) -> Result<Self, Vec<u8>> {
        match document {
            Document::Module { module, file: File::List | File::Stored }
                if body.len() >= AT_ONCE && body::look_over(document, &body).is_ok() =>
            {
                Ok(Self::of(module, body))
            }
            _ => Err(body),
        }
    }

    pub(super) fn of(module: &ModulePath, body: Vec<u8>) -> Self {
        Self {
            module: module.clone(),
            body,
            at: 0,
            has_words: false,
            has_versions: false,
            phase: Phase::Reads { ascending: Vec::new(), others: BTreeMap::new() },
        }
    }

    /// Bytes of the list as it came.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Goes on for a few milliseconds: nothing while there is more to do, else what is served, and its tag.
    pub fn work(&mut self) -> Option<Result<(Vec<u8>, Etag), BadBody>> {
        self.work_on(SLICE_LINES, SLICE_BYTES)
    }

    /// All that is left to do, at once.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, BadBody> {
        loop {
            if let Some(read) = self.work_on(usize::MAX, usize::MAX) {
                return read.map(|(body, _)| body);
            }
        }
    }

    fn work_on(&mut self, lines: usize, bytes: usize) -> Option<Result<(Vec<u8>, Etag), BadBody>> {
        match &mut self.phase {
            Phase::Reads { .. } => self.read(lines, bytes).err().map(Err),
            Phase::Writes(writing) => {
                writing.write(lines.saturating_mul(WRITTEN), bytes).then(|| Ok(writing.finish()))
            }
        }
    }

    /// Reads some lines as the go command does.
    fn read(&mut self, lines: usize, bytes: usize) -> Result<(), BadBody> {
        let Phase::Reads { ascending, others } = &mut self.phase else { return Ok(()) };
        let end = self.at.saturating_add(bytes);
        for _ in 0..lines {
            let rest = self.body.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return self.turn();
            }
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            self.at = self.at.saturating_add(line.len()).saturating_add(1);
            // The go command passes over lines that are no versions, including bytes that are no text.
            let line = &*String::from_utf8_lossy(line);
            self.has_words |= !line.trim_ascii().is_empty();
            if let Some(line) = Line::parse(line) {
                self.has_versions = true;
                let version = line.version();
                if gomod::check(&self.module, version).is_ok() {
                    if ascending.last().is_none_or(|last| last.version() < version) {
                        ascending.push(line);
                    } else {
                        let line = match others.remove(version) {
                            Some(other) => other.or_later(line),
                            None => line,
                        };
                        others.insert(line.version().clone(), line);
                    }
                }
            }
            if self.at >= end {
                break;
            }
        }
        Ok(())
    }

    /// It is read to its end.
    fn turn(&mut self) -> Result<(), BadBody> {
        if self.has_words && !self.has_versions {
            return Err(no_list());
        }
        if let Phase::Reads { ascending, others } = &mut self.phase {
            let writing = Writing {
                ascending: std::mem::take(ascending).into_iter().peekable(),
                others: std::mem::take(others).into_values().peekable(),
                written: Vec::with_capacity(self.body.len()),
                digest: Sha256::new(),
            };
            self.phase = Phase::Writes(writing.into());
        }
        self.body = Vec::new();
        Ok(())
    }
}

impl Writing {
    /// Writes some lines; whether they were the last ones.
    fn write(&mut self, lines: usize, bytes: usize) -> bool {
        let begin = self.written.len();
        let mut is_done = false;
        for _ in 0..lines {
            let Some(line) = self.next() else {
                is_done = true;
                break;
            };
            line.write(&mut self.written);
            if self.written.len().saturating_sub(begin) >= bytes {
                break;
            }
        }
        self.digest.update(self.written.get(begin..).unwrap_or_default());
        is_done
    }

    fn finish(&mut self) -> (Vec<u8>, Etag) {
        let tag = Etag::read(std::mem::take(&mut self.digest));
        (std::mem::take(&mut self.written), tag)
    }

    /// The next of both: what is in both comes once.
    fn next(&mut self) -> Option<Line> {
        let Self { ascending, others, .. } = self;
        let Some(other) = others.peek() else { return ascending.next() };
        match ascending.peek().map(|line| line.version().cmp(other.version())) {
            Some(Ordering::Less) => ascending.next(),
            Some(Ordering::Equal) => match (ascending.next(), others.next()) {
                (Some(line), Some(other)) => Some(line.or_later(other)),
                (line, other) => line.or(other),
            },
            Some(Ordering::Greater) | None => others.next(),
        }
    }
}

fn no_list() -> BadBody {
    BadBody::Other("list of versions")
}

/// Bytes of a list that is read at once, in some ten milliseconds: few public modules have a longer one.
const AT_ONCE: usize = 32 << 10;

/// Lines of a slice: about 4 ms where each has to find its place among a hundred thousand others (Envoy's V8).
const SLICE_LINES: usize = 2000;

/// As many lines are written in the time in which one is read.
const WRITTEN: usize = 4;

/// Bytes of a slice, where its lines are long.
const SLICE_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
