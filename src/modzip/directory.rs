//! The directory of a zip that is all there: where it is, what it tells, and where that stands. As Go's archive/zip finds it.

use super::Fault;
use super::end::{self, End};
use super::record::{self, Central, Kind};

/// Where the directory is.
#[derive(Debug)]
pub(super) struct Directory {
    /// How many bytes stand before the zip itself; below zero where its directory says so.
    pub(super) base: i64,
    /// Where the directory begins.
    pub(super) start: usize,
    pub(super) end: End,
}

/// An entry of the directory.
pub(super) struct Entry<'a> {
    /// Its bytes.
    pub(super) length: usize,
    pub(super) name: &'a [u8],
    pub(super) central: Central,
}

impl Directory {
    /// Finds the end, and by it the directory.
    pub(super) fn find(zip: &[u8]) -> Result<Self, Fault> {
        let mut at = end::find(zip).ok_or(Fault::Truncated)?;
        let mut end = zip.get(at..).and_then(End::read).ok_or(Fault::Truncated)?;
        if end.is_full()
            && let Some(locator) = at.checked_sub(20).and_then(|locator| zip.get(locator..at))
            && let Some(wide) = end::located(locator)
        {
            at = usize::try_from(wide).map_err(|_| Fault::Zip64)?;
            let record = at.checked_add(56).and_then(|end| zip.get(at..end)).ok_or(Fault::Zip64)?;
            let is_one = Kind::of(record.get(..4).unwrap_or_default()) == Some(Kind::End64);
            end = End::read_wide(record).filter(|_| is_one).ok_or(Fault::Zip64)?;
        }
        let base = end.base(at as u64)?;
        let offset =
            |base: i64| base.checked_add_unsigned(end.offset()).and_then(|at| usize::try_from(at).ok());
        let is_within = |at: &usize| *at < zip.len();
        let stated = offset(base).filter(is_within).ok_or(Fault::End("place of the directory"))?;
        let begins = |at: &usize| matches!(entry(zip, *at), Ok(Some(_)));
        match offset(0).filter(begins) {
            // What stands before the zip is there, and the directory knows of it.
            Some(start) if base > 0 => Ok(Self { base: 0, start, end }),
            _ => Ok(Self { base, start: stated, end }),
        }
    }
}

/// The directory's entry at this place; `None` where Go takes it for none.
pub(super) fn entry(zip: &[u8], at: usize) -> Result<Option<Entry<'_>>, Fault> {
    let rest = zip.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Err(Fault::End("place of the directory"));
    }
    if Kind::of(rest.get(..4).unwrap_or_default()) != Some(Kind::Central) {
        return Ok(None);
    }
    let length = Kind::Central.length(rest);
    let Some(record) = rest.get(..length).filter(|record| record.len() >= Kind::Central.length(&[])) else {
        return Ok(None);
    };
    Ok(record::central(record).ok().map(|(name, central)| Entry { length, name, central }))
}

/// Where the content begins whose local header is at this offset, by `base`; `None` where there is no such header.
pub(super) fn content(zip: &[u8], base: i64, offset: u64) -> Option<usize> {
    let at = base.checked_add_unsigned(offset).and_then(|at| usize::try_from(at).ok())?;
    at.checked_add(record::body_offset(zip.get(at..)?)?)
}

/// Whether the content that begins at `start` and has this CRC-32 has the one that the directory states. Semantics of archive/zip
/// checksumReader.
pub(super) fn has_its_sum(zip: &[u8], central: &Central, start: usize, crc: u32) -> bool {
    if !central.has_descriptor {
        return central.crc == 0 || central.crc == crc;
    }
    let packed = usize::try_from(central.packed).ok();
    let behind = packed.and_then(|packed| zip.get(start.checked_add(packed)?..)).unwrap_or_default();
    let length = if behind.starts_with(record::SIGNED) { 16 } else { 12 };
    behind.get(..length).and_then(record::descriptor_crc) == Some(central.crc) && central.crc == crc
}
