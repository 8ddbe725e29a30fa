//! The steps of a check: the rest of a record, or a piece of a file.

use std::mem;

use super::{Check, File, Found, Phase, State};
use crate::modzip::content::{Content, Method, Step};
use crate::modzip::end::{self, End};
use crate::modzip::record::{self, DEFLATED, DESCRIPTOR_LENGTH, Kind, Local, STORED};
use crate::modzip::{ENTRY_WORK, Fault, MAX_ENTRIES, MAX_ZIP, NAME_WORK};

impl Check {
    pub(super) fn step(&mut self, input: &mut &[u8], budget: usize) -> Result<Step, Fault> {
        let all = *input;
        let step = match &mut self.state {
            State::Content(_, content) => {
                let step = content.step(input, budget, &mut self.unpacker)?;
                self.consumed += (all.len() - input.len()) as u64;
                self.measure()?;
                if step == Step::Ended { self.content_ended()? } else { step }
            }
            State::Confirming | State::Complete if !input.is_empty() || !self.held.is_empty() => {
                self.start = self.consumed - self.held.len() as u64;
                return Err(Fault::Trailing);
            }
            State::Confirming => self.confirm()?,
            State::Complete => Step::Ended,
            _ => {
                let is_whole = self.gather(input);
                self.consumed += (all.len() - input.len()) as u64;
                if is_whole { self.read(input)? } else { Step::Starved }
            }
        };
        if self.consumed > MAX_ZIP {
            return Err(Fault::ZipTooLarge);
        }
        // The bytes that the step had to read count as work, also where it found nothing.
        let taken = all.len() - input.len();
        self.look_for_entries(all.get(..taken).unwrap_or_default());
        Ok(if let Step::Worked(work) = step { Step::Worked(work.max(taken)) } else { step })
    }

    /// Takes of the input what the record at hand still wants; whether that is all, as far as its length is known.
    fn gather(&mut self, input: &mut &[u8]) -> bool {
        let want = match &self.state {
            State::Record(kind) => kind.length(&self.held),
            State::Behind(..) => DESCRIPTOR_LENGTH,
            State::Between | State::Content(..) | State::Confirming | State::Complete => 4,
        };
        let missing = want.saturating_sub(self.held.len());
        let (taken, rest) = input.split_at_checked(missing).unwrap_or((*input, &[]));
        self.held.extend_from_slice(taken);
        *input = rest;
        self.held.len() >= want
    }

    /// Reads what was gathered.
    fn read(&mut self, input: &mut &[u8]) -> Result<Step, Fault> {
        match &self.state {
            State::Between => match Kind::of(self.held.get(..4).unwrap_or_default()) {
                Some(kind) => self.begin(kind),
                None => self.skip(input),
            },
            State::Record(kind) if self.held.len() < kind.length(&self.held) => Ok(Step::Worked(0)),
            State::Record(Kind::Local) => self.local(),
            State::Record(Kind::Central) => self.central(),
            State::Record(kind @ (Kind::End64 | Kind::Locator | Kind::End)) => self.end(*kind),
            State::Behind(_, found) => {
                let found = Found { descriptor: record::descriptor_crc(&self.held), ..*found };
                let length = record::descriptor_length(&self.held, found.packed.into(), found.size.into());
                Ok(self.file_ended(found, length))
            }
            State::Content(..) | State::Confirming | State::Complete => Ok(Step::Starved),
        }
    }

    /// Begins the record whose signature has come, if it may stand here.
    fn begin(&mut self, kind: Kind) -> Result<Step, Fault> {
        match (self.phase, kind) {
            (Phase::Files, Kind::Local) | (Phase::Directory, Kind::Central) => {}
            (Phase::Files, Kind::Central) => {
                self.directory = self.start;
                self.phase = Phase::Directory;
            }
            (_, Kind::End64 | Kind::Locator | Kind::End) => self.leave_directory(),
            _ => return Err(Fault::Record),
        }
        if self.phase == Phase::End {
            self.end.get_or_insert(self.start);
        }
        self.state = State::Record(kind);
        Ok(Step::Worked(0))
    }

    fn leave_directory(&mut self) {
        if self.phase == Phase::Files {
            self.directory = self.start;
        }
        if self.phase != Phase::End {
            self.directory_end = self.start;
        }
        self.phase = Phase::End;
    }

    /// Passes over what belongs to no record: the directory says where the files are, and does not speak of this.
    fn skip(&mut self, input: &mut &[u8]) -> Result<Step, Fault> {
        if self.phase == Phase::Directory {
            self.leave_directory();
        }
        if self.phase == Phase::Files && self.files.is_empty() {
            self.prefix.is_there = true;
            let is_page = self.start == 0 && self.held.first().is_some_and(|first| PAGE.contains(first));
            if is_page || self.start > MAX_PREFIX {
                self.start = 0;
                return Err(Fault::Record);
            }
        }
        let next = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'P');
        let after = self.held.get(1..).unwrap_or_default();
        let count = next(after).map_or(self.held.len(), |at| at + 1);
        self.held.drain(..count);
        let mut passed = count;
        if self.held.is_empty() {
            let here = input.get(..input.len().min(SKIPPED)).unwrap_or_default();
            let more = next(here).unwrap_or(here.len());
            *input = input.get(more..).unwrap_or_default();
            self.consumed += more as u64;
            passed += more;
        }
        self.start += passed as u64;
        Ok(Step::Worked(passed))
    }

    fn local(&mut self) -> Result<Step, Fault> {
        let Local { method, has_descriptor, packed, name } = record::local(&self.held)?;
        let is_known = packed != 0 || !has_descriptor;
        let packed = usize::try_from(packed).ok();
        let (how, left) = match method {
            DEFLATED => (Method::Deflated, None),
            STORED if !is_known => (Method::Sought, None),
            // What is in it is not unpacked by Go either, and may be none of the directory's files.
            _ if is_known => (Method::Stored, packed),
            _ => return Err(Fault::Method(method)),
        };
        if self.files.len() == MAX_ENTRIES {
            return Err(Fault::TooMany);
        }
        let file = File { name: name.to_vec(), at: self.start, method, has_descriptor };
        let mut content = Content::new(how, left, &mut self.unpacker);
        if self.licensing.as_ref().is_some_and(|licensing| licensing.wants(&file.name, self.listing.prefix()))
        {
            content = content.with_text();
        }
        self.record_ended();
        self.state = State::Content(file, content);
        Ok(Step::Worked(ENTRY_WORK))
    }

    /// Holds what there is of a file so far to what there may be of all.
    fn measure(&self) -> Result<(), Fault> {
        let State::Content(_, content) = &self.state else { return Ok(()) };
        if self.content_bytes + content.size > MAX_ZIP {
            return Err(Fault::TooLarge(MAX_ZIP));
        }
        Ok(())
    }

    fn content_ended(&mut self) -> Result<Step, Fault> {
        let (file, mut content) = match mem::replace(&mut self.state, State::Between) {
            State::Content(file, content) => (file, content),
            state => {
                self.state = state;
                return Ok(Step::Worked(0));
            }
        };
        let small = |number: u64| u32::try_from(number).map_err(|_| Fault::ZipTooLarge);
        self.content_bytes += content.size;
        self.held = mem::take(&mut content.behind);
        if let (Some(licensing), Some(text)) = (&mut self.licensing, content.take_text()) {
            licensing.hold(file.at, text);
        }
        self.start = self.consumed - self.held.len() as u64;
        let found = Found {
            at: small(file.at)?,
            method: file.method,
            packed: small(content.packed)?,
            size: small(content.size)?,
            crc: content.crc,
            descriptor: None,
            hash: content.hash(),
        };
        if file.has_descriptor {
            self.state = State::Behind(file, found);
            return Ok(Step::Worked(0));
        }
        Ok(self.file_ended(found, 0))
    }

    /// The file is done with, and `length` bytes of what is held belong to it.
    fn file_ended(&mut self, found: Found, length: usize) -> Step {
        self.files.push(found);
        self.held.drain(..length.min(self.held.len()));
        self.start = self.consumed - self.held.len() as u64;
        self.state = State::Between;
        Step::Worked(ENTRY_WORK)
    }

    fn central(&mut self) -> Result<Step, Fault> {
        let (name, central) = record::central(&self.held)?;
        self.listing.add(name, central)?;
        let work = ENTRY_WORK + NAME_WORK * name.len();
        self.record_ended();
        Ok(Step::Worked(work))
    }

    fn end(&mut self, kind: Kind) -> Result<Step, Fault> {
        match kind {
            Kind::End64 => self.end64 = End::read_wide(&self.held).map(|end| (self.start, end)),
            Kind::Locator => self.locator = Some((self.start, end::located(&self.held))),
            Kind::Local | Kind::Central | Kind::End => {
                self.find_directory()?;
                self.record_ended();
                self.state = State::Confirming;
                return Ok(Step::Worked(0));
            }
        }
        self.record_ended();
        Ok(Step::Worked(0))
    }

    /// What is held beyond the record belongs to the next.
    fn record_ended(&mut self) {
        if let State::Record(kind) = self.state {
            let length = kind.length(&self.held).min(self.held.len());
            self.held.drain(..length);
        }
        self.start = self.consumed - self.held.len() as u64;
        self.state = State::Between;
    }

    /// Remembers where Go might find a directory other than the one at the end: it looks there where bytes stand before the zip.
    fn look_for_entries(&mut self, bytes: &[u8]) {
        if !self.prefix.is_there || self.phase != Phase::Files {
            return;
        }
        let mut window = mem::take(&mut self.prefix.last);
        let begins = self.consumed - bytes.len() as u64 - window.len() as u64;
        window.extend_from_slice(bytes);
        let entries = window.windows(4).enumerate().filter(|(_, four)| Kind::of(four) == Some(Kind::Central));
        let room = (MAX_SUSPECTS + 1).saturating_sub(self.prefix.entries.len());
        self.prefix.entries.extend(entries.map(|(at, _)| begins + at as u64).take(room));
        self.prefix.last = window.split_off(window.len().saturating_sub(3));
    }
}

/// Bytes that are passed over at once.
const SKIPPED: usize = 64 << 10;

/// Bytes that may stand before the first file. What unpacks itself begins with a program of that size.
const MAX_PREFIX: u64 = 1 << 20;

/// What no program begins with, but the pages and documents that stand in for a zip.
const PAGE: &[u8] = b"<{[ \t\r\n";

/// Places that are remembered. Behind a program there is hardly one.
pub(super) const MAX_SUSPECTS: usize = 1024;
