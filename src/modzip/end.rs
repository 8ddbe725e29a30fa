//! The end of a zip: where its directory is, and how many entries that has. Semantics of archive/zip readDirectoryEnd.

use super::Fault;
use super::record::{END, Fields, Kind, MAX32};

/// What the end says of the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    entries: u64,
    size: u64,
    offset: u64,
}

impl End {
    /// Reads the record that ends a zip.
    pub(super) fn read(record: &[u8]) -> Option<Self> {
        let mut fields = Fields(record);
        fields.skip(10);
        let (entries, size, offset) = (fields.u16()?, fields.u32()?, fields.u32()?);
        Some(Self { entries: entries.into(), size: size.into(), offset: offset.into() })
    }

    /// Reads the one with 64 bits. Which length and which disks it states Go does not look at.
    pub(super) fn read_wide(record: &[u8]) -> Option<Self> {
        let mut fields = Fields(record);
        fields.skip(32);
        Some(Self { entries: fields.u64()?, size: fields.u64()?, offset: fields.u64()? })
    }

    /// Whether it may say to look at the end with 64 bits.
    pub(super) fn is_full(&self) -> bool {
        self.entries == u64::from(u16::MAX) || self.size == MAX32 || self.offset == MAX32
    }

    /// Where the directory would be if nothing stood before the zip.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes stand before the zip itself, by a directory that ends at `at`; below zero where it cannot end there.
    pub(super) fn base(&self, at: u64) -> Result<i64, Fault> {
        let signed = |number: u64| i64::try_from(number).map_err(|_| Fault::End("place of the directory"));
        let base = signed(at)?.checked_sub(signed(self.size)?);
        let base = base.and_then(|base| base.checked_sub(signed(self.offset).ok()?));
        base.ok_or(Fault::End("place of the directory"))
    }

    /// Holds the number of entries to that of those which are there, as far as Go does: by the last 16 bits.
    pub(super) fn count(&self, entries: usize) -> Result<(), Fault> {
        let is_it = (self.entries ^ entries as u64).trailing_zeros() >= 16;
        if is_it { Ok(()) } else { Err(Fault::End("number of entries")) }
    }
}

/// Where the locator, which stands right before the end, says that the end with 64 bits is; `None` where Go takes it for none.
pub(super) fn located(locator: &[u8]) -> Option<u64> {
    let mut fields = Fields(locator);
    if Kind::of(fields.bytes(4).ok()?) != Some(Kind::Locator) {
        return None;
    }
    let (disk, at, disks) = (fields.u32()?, fields.u64()?, fields.u32()?);
    ((disk, disks) == (0, 1) && i64::try_from(at).is_ok()).then_some(at)
}

/// Where the end begins in the last bytes of a zip: at the last signature that leaves room for one. Go looks no further than for a
/// comment of the largest length, and takes one that is cut short for none.
pub(super) fn find(zip: &[u8]) -> Option<usize> {
    let reach = zip.len().saturating_sub(REACH);
    let last = zip.get(reach..zip.len().checked_sub(END - 4)?)?;
    let at = reach + last.windows(4).rposition(|four| Kind::of(four) == Some(Kind::End))?;
    let record = zip.get(at..)?;
    (Kind::End.length(record) <= record.len()).then_some(at)
}

/// How far from the end of a zip Go looks for its end record.
pub(super) const REACH: usize = 65 << 10;
