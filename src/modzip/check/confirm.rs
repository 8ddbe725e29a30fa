//! Compares what went by with what the directory tells of it: what Go will find there.

use super::steps::MAX_SUSPECTS;
use super::{Check, Found, Prefix, State};
use crate::modzip::content::Step;
use crate::modzip::end::{self, End};
use crate::modzip::h1::EMPTY;
use crate::modzip::listing::Listed;
use crate::modzip::record::{Central, END, STORED};
use crate::modzip::{ENTRY_WORK, Fault, names};

impl Check {
    /// The end has come: holds the directory that Go will find by it to the one that went by.
    pub(super) fn find_directory(&mut self) -> Result<(), Fault> {
        // Go takes the last end for which there is room.
        if end::find(&self.held) != Some(0) {
            return Err(Fault::Comment);
        }
        let mut end = End::read(&self.held).ok_or(Fault::Record)?;
        let mut at = self.start;
        let located = self.locator.filter(|(locator, _)| locator + 20 == at).and_then(|(_, located)| located);
        if end.is_full()
            && let Some(located) = located
        {
            let (place, wide) = self.end64.filter(|(place, _)| *place == located).ok_or(Fault::Zip64)?;
            (at, end) = (place, wide);
        }
        end.count(self.listing.len())?;
        const MISPLACED: Fault = Fault::End("place of the directory");
        let base = u64::try_from(end.base(at)?).map_err(|_| MISPLACED)?;
        let is_at = |base: u64| base.checked_add(end.offset()) == Some(self.directory);
        // Nothing stands before the zip, or its directory knows of it.
        if is_at(0) && (base == 0 || self.listing.len() > 0) {
            self.base = 0;
            return Ok(());
        }
        // Where something that looks like an entry is at the stated place all the same, Go may take it for the directory.
        let Prefix { is_there, entries, .. } = &self.prefix;
        let is_doubtful = entries.len() > MAX_SUSPECTS || entries.contains(&end.offset());
        if !is_at(base) || !is_there || is_doubtful {
            return Err(MISPLACED);
        }
        self.base = base;
        Ok(())
    }

    /// Holds the next file that the directory tells of to the one that went by at its place, and takes it into the hash. Each time
    /// it is one: no call has to sum up all at once.
    pub(super) fn confirm(&mut self) -> Result<Step, Fault> {
        let Some((name, Listed { central, times })) = self.listing.pop() else {
            self.state = State::Complete;
            return Ok(Step::Worked(0));
        };
        let at = central.offset.checked_add(self.base).ok_or(Fault::Place)?;
        self.start = at;
        let found = self.files.binary_search_by_key(&at, |found| found.at.into()).ok();
        let found = found.and_then(|found| self.files.get(found)).ok_or(Fault::Place)?;
        let hash = if names::is_folder(&name) {
            EMPTY
        } else {
            self.packed += u64::from(found.packed);
            if self.packed > self.consumed {
                return Err(Fault::Overlap);
            }
            found.differs(&central).map_or(Ok(found.hash), Err)?
        };
        if let Some(licensing) = &mut self.licensing {
            licensing.name(at, &name);
        }
        (0..times).for_each(|_| self.summary.add(&hash, self.listing.prefix(), &name));
        Ok(Step::Worked(ENTRY_WORK.saturating_mul(times)))
    }
}

impl Found {
    /// What Go would not find as the directory tells it.
    fn differs(&self, central: &Central) -> Option<Fault> {
        let packed = u64::from(self.packed);
        if self.method != central.method {
            return Some(Fault::Differs("compression method"));
        }
        // Deflated data say themselves where they end.
        if packed > central.packed || packed < central.packed && central.method == STORED {
            return Some(Fault::Differs("compressed size"));
        }
        if u64::from(self.size) != central.size {
            return Some(Fault::Size("size"));
        }
        let is_right = if central.has_descriptor {
            // It stands where the directory says that the content ends.
            packed == central.packed && self.descriptor == Some(central.crc) && self.crc == central.crc
        } else {
            central.crc == 0 || self.crc == central.crc
        };
        (!is_right).then_some(Fault::Crc)
    }
}

/// What [`end::find`] is given here is the record with its comment, and no more.
const _: () = assert!(END + 0xffff < end::REACH);
