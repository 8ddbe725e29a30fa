//! The steps of a check: the rest of a record, or a piece of a file.

use std::mem;

use super::{Check, File, Last, State};
use crate::modzip::content::{Content, Method, Step};
use crate::modzip::record::{self, DESCRIPTOR, Directory, Kind, Local, STORED};
use crate::modzip::{Fault, MAX_ZIP, names};

/// What an entry costs beside its bytes: a hash to begin and to end, and its place among the others.
const ENTRY_WORK: usize = 512;
/// What a byte of a name costs: it is compared with some ten others of the same folder.
const NAME_WORK: usize = 8;

impl Check {
    pub(super) fn step(&mut self, input: &mut &[u8], budget: usize) -> Result<Step, Fault> {
        let before = input.len();
        let step = match &mut self.state {
            State::Content(_, content) => {
                let step = content.step(input, budget, &mut self.unpacker)?;
                self.consumed += (before - input.len()) as u64;
                self.measure()?;
                if step == Step::Ended { self.content_ended()? } else { step }
            }
            State::Complete if input.is_empty() => Step::Ended,
            State::Complete => {
                self.start = self.consumed;
                return Err(Fault::Trailing);
            }
            _ => {
                let is_whole = self.gather(input);
                self.consumed += (before - input.len()) as u64;
                if is_whole { self.read()? } else { Step::Starved }
            }
        };
        if self.consumed > MAX_ZIP {
            return Err(Fault::ZipTooLarge);
        }
        // What the step had to read is work whatever came of it.
        let taken = before - input.len();
        Ok(if let Step::Worked(work) = step { Step::Worked(work.max(taken)) } else { step })
    }

    /// Takes of the input what the record at hand still wants; whether that is all, as far as its length is known.
    fn gather(&mut self, input: &mut &[u8]) -> bool {
        let want = match &self.state {
            State::Record(kind) => kind.length(&self.held),
            State::Descriptor(file) => record::descriptor_length(&self.held, file.is_wide),
            State::Between | State::Content(..) | State::Complete => 4,
        };
        let missing = want.saturating_sub(self.held.len());
        let (taken, rest) = input.split_at_checked(missing).unwrap_or((*input, &[]));
        self.held.extend_from_slice(taken);
        *input = rest;
        self.held.len() >= want
    }

    /// Reads what was gathered.
    fn read(&mut self) -> Result<Step, Fault> {
        match &self.state {
            State::Between => self.begin(),
            State::Record(kind) if self.held.len() < kind.length(&self.held) => Ok(Step::Worked(0)),
            State::Record(Kind::Local) => self.local(),
            State::Record(Kind::Central) => self.central(),
            State::Record(kind @ (Kind::End64 | Kind::Locator | Kind::End)) => self.end(*kind),
            State::Descriptor(file) => {
                if self.held.len() < record::descriptor_length(&self.held, file.is_wide) {
                    return Ok(Step::Worked(0));
                }
                record::descriptor(&self.held, file.is_wide, &file.facts)?;
                Ok(self.file_ended())
            }
            State::Content(..) | State::Complete => Ok(Step::Starved),
        }
    }

    /// Begins the record whose signature has come, if it may stand here.
    fn begin(&mut self) -> Result<Step, Fault> {
        let kind = Kind::of(&self.held).ok_or(Fault::Record)?;
        match (self.last, kind) {
            (Last::File, Kind::Local) | (Last::Central, Kind::Central) => {}
            (Last::File, Kind::Central) => self.directory = self.start,
            (Last::File | Last::Central, Kind::End64 | Kind::End) => {
                if !self.entries.is_listed() {
                    return Err(Fault::Differs("number of entries"));
                }
                if self.last == Last::File {
                    self.directory = self.start;
                }
                self.end = Some(self.start);
            }
            (Last::End64, Kind::Locator) | (Last::Locator, Kind::End) => {}
            _ => return Err(Fault::Record),
        }
        self.state = State::Record(kind);
        Ok(Step::Worked(0))
    }

    fn local(&mut self) -> Result<Step, Fault> {
        let Local { facts, name, is_wide } = record::local(&self.held, self.start)?;
        let name = names::check(name, self.entries.prefix())?;
        let is_known = facts.flags & DESCRIPTOR == 0;
        if u64::from(facts.size) > names::limit(name) {
            return Err(Fault::TooLarge(names::limit(name)));
        }
        if facts.method == STORED && !is_known {
            return Err(Fault::StoredUnknown);
        }
        let name = self.entries.admit(name)?;
        let method = if facts.method == STORED { Method::Stored } else { Method::Deflated };
        let left = if is_known { usize::try_from(facts.packed).ok() } else { None };
        let content = Content::new(method, left, &mut self.unpacker);
        let work = ENTRY_WORK + NAME_WORK * name.len();
        self.state = State::Content(File { name, facts, hash: [0; 32], is_wide }, content);
        Ok(Step::Worked(work))
    }

    /// Holds what there is of a file so far to what there may be.
    fn measure(&self) -> Result<(), Fault> {
        let State::Content(file, content) = &self.state else { return Ok(()) };
        if content.size > 0 && names::is_folder(&file.name) {
            return Err(Fault::FolderWithContent);
        }
        let limit = names::limit(&file.name);
        if content.size > limit {
            return Err(Fault::TooLarge(limit));
        }
        if self.content_bytes + content.size > MAX_ZIP {
            return Err(Fault::TooLarge(MAX_ZIP));
        }
        if file.facts.flags & DESCRIPTOR == 0 && content.size > file.facts.size.into() {
            return Err(Fault::Size("size"));
        }
        Ok(())
    }

    /// Holds what was stated before a file's content to what that was.
    fn content_ended(&mut self) -> Result<Step, Fault> {
        let (mut file, content) = match mem::replace(&mut self.state, State::Between) {
            State::Content(file, content) => (file, content),
            state => {
                self.state = state;
                return Ok(Step::Worked(0));
            }
        };
        let stated = file.facts.clone();
        let small = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
        (file.facts.packed, file.facts.size) = (small(content.packed), small(content.size));
        file.facts.crc = content.crc;
        file.hash = content.hash();
        let facts = file.facts.clone();
        self.content_bytes += u64::from(facts.size);
        self.held.clear();
        self.start = self.consumed;
        self.state = State::Descriptor(file);

        let has_descriptor = facts.flags & DESCRIPTOR != 0;
        let agrees = |stated: u32, is: u32| stated == is || has_descriptor && stated == 0;
        if !agrees(stated.packed, facts.packed) {
            return Err(Fault::Size("compressed size"));
        }
        if !agrees(stated.size, facts.size) {
            return Err(Fault::Size("size"));
        }
        if !agrees(stated.crc, facts.crc) {
            return Err(Fault::Crc);
        }
        Ok(if has_descriptor { Step::Worked(0) } else { self.file_ended() })
    }

    fn file_ended(&mut self) -> Step {
        if let State::Descriptor(file) = mem::replace(&mut self.state, State::Between) {
            self.entries.add(file.name, file.facts, file.hash);
        }
        self.record_ended(Last::File);
        Step::Worked(ENTRY_WORK)
    }

    fn central(&mut self) -> Result<Step, Fault> {
        let (name, facts) = record::central(&self.held)?;
        self.entries.compare(name, &facts)?;
        self.record_ended(Last::Central);
        Ok(Step::Worked(ENTRY_WORK))
    }

    fn end(&mut self, kind: Kind) -> Result<Step, Fault> {
        let end = self.end.unwrap_or(self.start);
        let found = Directory {
            entries: self.entries.len() as u64,
            offset: self.directory,
            size: end - self.directory,
        };
        let last = match kind {
            Kind::End64 => {
                record::end64(&self.held, &found)?;
                Last::End64
            }
            Kind::Locator => {
                record::locator(&self.held, end)?;
                Last::Locator
            }
            Kind::Local | Kind::Central | Kind::End => {
                record::end(&self.held, &found, self.last == Last::Locator)?;
                self.state = State::Complete;
                return Ok(Step::Worked(0));
            }
        };
        self.record_ended(last);
        Ok(Step::Worked(0))
    }

    fn record_ended(&mut self, last: Last) {
        self.last = last;
        self.held.clear();
        self.start = self.consumed;
        self.state = State::Between;
    }
}
