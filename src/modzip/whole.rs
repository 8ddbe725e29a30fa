//! A zip that is all there, read as Go reads it: from its end.
//!
//! What the central directory says is believed, and of a local header only its length. So this reads a zip as the go command does.

use std::rc::Rc;

use super::content::{Content, Method, Step, Unpacker};
use super::directory::{self, Directory, Entry};
use super::end::{self, End};
use super::h1::Summary;
use super::listing::{Listed, Listing};
use super::names;
use super::record::{Central, Kind, STORED};
use super::{Checked, ENTRY_WORK, Fault, MAX_ZIP, NAME_WORK, Unfit};
use crate::gomod::{ModulePath, Version};
use crate::license::{Reader, is_license_file};

/// The check of a zip that is all there, in progress.
pub struct WholeCheck {
    listing: Listing,
    unpacker: Unpacker,
    summary: Summary,
    state: State,
    /// How many bytes stand before the zip itself; below zero where its directory says so.
    base: i64,
    /// Bytes of the zip that were unpacked.
    packed: u64,
    /// The licences, where they are to be read.
    licenses: Option<Reader>,
}

enum State {
    /// Nothing was read yet.
    Begun,
    /// Up to here the directory was read.
    Directory(usize, End),
    /// Before the next file.
    Between,
    /// In this file.
    Content(File, Box<Content>),
    Over,
}

struct File {
    name: Rc<str>,
    listed: Listed,
    /// Where its content begins.
    start: usize,
    /// Up to where it was read.
    at: usize,
}

impl WholeCheck {
    /// Of the zip of this version, which the caller knows to [belong](crate::gomod::check) to the module.
    pub fn new(module: &ModulePath, version: &Version) -> Self {
        Self {
            listing: Listing::new(format!("{module}@{version}/")),
            unpacker: Unpacker::new(),
            summary: Summary::default(),
            state: State::Begun,
            base: 0,
            packed: 0,
            licenses: None,
        }
    }

    /// Also reads which licences the files say, if that `is_wanted`.
    pub fn read_licenses(&mut self, is_wanted: bool) {
        self.licenses = is_wanted.then(Reader::new);
    }

    /// Reads on in `zip`, which is the same each time; what it holds, once that is known.
    ///
    /// `budget` is in bytes taken and made of them, with a few hundred for each entry; it is overrun by one entry's
    /// at most. So what a call takes is bounded however much the bytes inflate to.
    ///
    /// # Errors
    /// Where the zip is not fit. Nothing of it may go further, and it is not to be asked again.
    pub fn work(&mut self, zip: &[u8], budget: usize) -> Result<Option<Checked>, Unfit> {
        let mut left = budget.max(1);
        while left > 0 {
            match self.step(zip, left) {
                Ok(Step::Ended) => {
                    let (h1, files) = self.summary.clone().finish();
                    return Ok(Some(Checked {
                        h1,
                        files,
                        entries: self.listing.len(),
                        bytes: zip.len() as u64,
                        content_bytes: self.listing.content_bytes(),
                        licenses: self.licenses.as_ref().map(Reader::licenses),
                    }));
                }
                Ok(Step::Worked(work)) => left = left.saturating_sub(work.max(1)),
                Ok(Step::Starved) => return Err(self.blame(Fault::Truncated, zip)),
                Err(fault) => return Err(self.blame(fault, zip)),
            }
        }
        Ok(None)
    }

    fn step(&mut self, zip: &[u8], budget: usize) -> Result<Step, Fault> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Begun => self.begin(zip),
            State::Directory(at, end) => self.entry(zip, at, end),
            State::Between => self.next_file(zip),
            State::Content(file, content) => self.content(zip, file, content, budget),
            State::Over => Ok(Step::Ended),
        }
    }

    /// Finds the directory.
    fn begin(&mut self, zip: &[u8]) -> Result<Step, Fault> {
        if zip.len() as u64 > MAX_ZIP {
            return Err(Fault::ZipTooLarge);
        }
        let directory = Directory::find(zip)?;
        self.base = directory.base;
        self.state = State::Directory(directory.start, directory.end);
        Ok(Step::Worked(end::REACH))
    }

    /// Reads the directory's next entry; bytes that are no entry end it.
    fn entry(&mut self, zip: &[u8], at: usize, end: End) -> Result<Step, Fault> {
        self.state = State::Directory(at, end);
        let Some(Entry { length, name, central }) = directory::entry(zip, at)? else {
            end.count(self.listing.len())?;
            self.state = State::Between;
            return Ok(Step::Worked(1));
        };
        self.listing.add(name, central)?;
        self.state = State::Directory(at + length, end);
        Ok(Step::Worked(ENTRY_WORK + NAME_WORK * name.len()))
    }

    /// Finds the content of the next file, in the order of names.
    fn next_file(&mut self, zip: &[u8]) -> Result<Step, Fault> {
        let Some((name, listed)) = self.listing.pop() else { return Ok(Step::Ended) };
        let Central { method, packed, offset, .. } = listed.central;
        let found = directory::content(zip, self.base, offset);
        let start = found.unwrap_or_default();
        // Nothing is read of a folder, even if it has content.
        let (method, packed) = match method {
            _ if names::is_folder(&name) => (Method::Stored, 0),
            STORED => (Method::Stored, packed),
            _ => (Method::Deflated, packed),
        };
        let there = zip.len().saturating_sub(start);
        let left = usize::try_from(packed).map_or(there, |packed| packed.min(there));
        let mut content = Content::new(method, Some(left), &mut self.unpacker);
        if self.licenses.is_some() && is_license_file(&name) {
            content = content.with_text();
        }
        let content = Box::new(content);
        self.state = State::Content(File { name, listed, start, at: start }, content);
        if found.is_none() { Err(Fault::Place) } else { Ok(Step::Worked(ENTRY_WORK)) }
    }

    fn content(
        &mut self,
        zip: &[u8],
        mut file: File,
        mut content: Box<Content>,
        budget: usize,
    ) -> Result<Step, Fault> {
        let mut rest = zip.get(file.at..).unwrap_or_default();
        let before = rest.len();
        let step = content.step(&mut rest, budget, &mut self.unpacker);
        file.at += before - rest.len();
        self.packed += (before - rest.len()) as u64;
        let Listed { central, times } = file.listed;
        let has_ended = step == Ok(Step::Ended);
        let fault = if content.size > central.size || has_ended && content.size < central.size {
            Some(Fault::Size("size"))
        } else if self.packed > zip.len() as u64 {
            // Each byte is unpacked once, unless files share them: a small zip must not be work without end.
            Some(Fault::Overlap)
        } else if has_ended
            && !names::is_folder(&file.name)
            && !directory::has_its_sum(zip, &file.listed.central, file.start, content.crc)
        {
            Some(Fault::Crc)
        } else {
            None
        };
        if has_ended && fault.is_none() {
            if let (Some(reader), Some(text)) = (&mut self.licenses, content.take_text()) {
                reader.file(&file.name, &text);
            }
            let hash = (*content).hash();
            (0..times).for_each(|_| self.summary.add(&hash, self.listing.prefix(), &file.name));
            self.state = State::Between;
            return Ok(Step::Worked(ENTRY_WORK.saturating_mul(times)));
        }
        self.state = State::Content(file, content);
        fault.map_or(step, Err)
    }

    fn blame(&self, fault: Fault, zip: &[u8]) -> Unfit {
        let (at, name) = match &self.state {
            State::Directory(at, _) => {
                let record = zip.get(*at..).unwrap_or_default();
                (*at, Kind::Central.name(record).map(|name| String::from_utf8_lossy(name).into_owned()))
            }
            State::Content(file, _) => {
                let at = self.base.saturating_add_unsigned(file.listed.central.offset);
                let name = format!("{}{}", self.listing.prefix(), file.name);
                (usize::try_from(at).unwrap_or(zip.len()), Some(name))
            }
            State::Begun | State::Between | State::Over => (zip.len(), None),
        };
        Unfit::new(fault, at as u64, name.as_deref())
    }
}
