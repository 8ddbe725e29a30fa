//! A table that is read from its bytes, a slice at a time.

use std::ops::Deref;

use super::encoded::{Header, Item, Suffix, read_flags};
use super::table::{Advisories, Table};
use super::{MAX_ENCODED_BYTES, MAX_RECORDS};
use crate::gomod::Version;

/// Bytes that are no table of this build of the filter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a table of advisories as this version of the filter writes it")]
pub struct NotEncoded;

/// A table that is being read.
#[derive(Debug)]
pub struct Decoding<B> {
    bytes: B,
    at: usize,
    header: Header,
    table: Table,
    before: String,
}

impl<B: Deref<Target = [u8]>> Decoding<B> {
    /// Of these bytes.
    ///
    /// # Errors
    /// Where they do not begin as a table does.
    pub fn new(bytes: B) -> Result<Self, NotEncoded> {
        if bytes.len() > MAX_ENCODED_BYTES {
            return Err(NotEncoded);
        }
        let (header, at) = take::<Header>(&bytes, 0)?;
        if !header.is_ours() || usize::try_from(header.records).map_or(true, |records| records > MAX_RECORDS)
        {
            return Err(NotEncoded);
        }
        let table = Table::new(header.modified);
        Ok(Self { bytes, at, header, table, before: String::new() })
    }

    /// Reads on; the table, once that was the last of it.
    ///
    /// # Errors
    /// Where the bytes are not what a table has.
    pub fn work(&mut self) -> Result<Option<Advisories>, NotEncoded> {
        for _ in 0..SLICE {
            let Header { modules, versions, records, .. } = self.header;
            let [modules_read, versions_read, records_read] = self.table.counts();
            if modules_read < modules {
                let path = self.text()?;
                self.table.add_module(&path);
            } else if versions_read < versions {
                // The first one is written whole.
                if versions_read == 0 {
                    self.before.clear();
                }
                let text = format!("v{}", self.text()?);
                let version = Version::canonical(&text).filter(|version| version.as_str() == text);
                self.table.add_version(version.ok_or(NotEncoded)?);
            } else if records_read < records {
                let (item, at) = take::<Item>(&self.bytes, self.at)?;
                self.at = at;
                read_flags(item.flags).ok_or(NotEncoded)?;
                self.table.add_record(&item).ok_or(NotEncoded)?;
            } else if self.at == self.bytes.len() {
                return Ok(Some(std::mem::take(&mut self.table).finish()));
            } else {
                return Err(NotEncoded);
            }
        }
        Ok(None)
    }

    /// The next text.
    fn text(&mut self) -> Result<String, NotEncoded> {
        let (Suffix(common, suffix), at) = take::<Suffix<'_>>(&self.bytes, self.at)?;
        let common = self.before.get(..usize::from(common)).ok_or(NotEncoded)?;
        let text = format!("{common}{suffix}");
        self.at = at;
        self.before.clone_from(&text);
        Ok(text)
    }
}

/// What begins at a place, and where it ends.
fn take<'b, T: serde::Deserialize<'b>>(bytes: &'b [u8], at: usize) -> Result<(T, usize), NotEncoded> {
    let rest = bytes.get(at..).ok_or(NotEncoded)?;
    let (value, rest) = postcard::take_from_bytes(rest).map_err(|_| NotEncoded)?;
    Ok((value, bytes.len().saturating_sub(rest.len())))
}

/// Texts or records that are read at once: a millisecond.
const SLICE: usize = 500;
