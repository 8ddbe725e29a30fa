//! The answer to a lookup: which record is it, what does it say, and which tree head came with it?

use super::head::number;
use super::{Sums, sums};
use crate::gomod::{ModulePath, Version};

/// The largest answer to a lookup that is read, in bytes: two go.sum lines and a note need a thousandth of it.
const MAX_LOOKUP_BYTES: usize = 1 << 20;

/// An answer to a lookup, taken apart. Nothing of it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number, from 0.
    pub id: u64,
    /// The go.sum lines, with the newline at their end: what the tree holds at that number.
    pub text: &'a str,
    /// The signed tree head.
    pub note: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes the answer apart. Semantics of tlog.ParseRecord.
    ///
    /// # Errors
    /// With what is wrong, in words.
    pub fn parse(body: &'a [u8]) -> Result<Self, &'static str> {
        const MALFORMED: &str = "it is not the answer to a lookup";
        if body.len() > MAX_LOOKUP_BYTES {
            return Err("it is too large for the answer to a lookup");
        }
        let find = |from: &[u8], what: &[u8]| from.windows(what.len()).position(|window| window == what);
        let (id, rest) = find(body, b"\n").and_then(|end| body.split_at_checked(end)).ok_or(MALFORMED)?;
        let id = std::str::from_utf8(id).ok().and_then(number).ok_or(MALFORMED)?;
        let (_, rest) = rest.split_first().ok_or(MALFORMED)?;
        let (text, note) =
            find(rest, b"\n\n").and_then(|end| rest.split_at_checked(end + 1)).ok_or(MALFORMED)?;
        let (_, note) = note.split_first().ok_or(MALFORMED)?;
        let text = std::str::from_utf8(text).ok().filter(|text| is_text(text)).ok_or(MALFORMED)?;
        Ok(Self { id, text, note })
    }

    /// The hashes the record gives for this version of this module, which must be all it is about.
    ///
    /// Hashes of kinds that come after `h1:` are passed over, as the go command does.
    ///
    /// # Errors
    /// With what is wrong, in words: it is about something else, or does not give each hash once.
    pub fn sums(&self, module: &ModulePath, version: &Version) -> Result<Sums, &'static str> {
        let (mut zip, mut go_mod) = (None, None);
        for line in self.text.lines() {
            let rest = line
                .strip_prefix(module.as_str())
                .and_then(|rest| rest.strip_prefix(' '))
                .and_then(|rest| rest.strip_prefix(version.as_str()))
                .ok_or("its record is of another module version")?;
            let (place, sum) = match rest.strip_prefix("/go.mod ") {
                Some(sum) => (&mut go_mod, sum),
                None => (&mut zip, rest.strip_prefix(' ').ok_or("its record is of another module version")?),
            };
            let Some(h1) = sum.strip_prefix("h1:") else { continue };
            let hash = sums::read(h1).ok_or("its record holds a malformed hash")?;
            if place.replace(hash).is_some() {
                return Err("its record gives a hash twice");
            }
        }
        match (zip, go_mod) {
            (Some(zip), Some(go_mod)) => Ok(Sums { zip, go_mod }),
            _ => Err("its record lacks a hash of the zip or of the go.mod"),
        }
    }
}

/// Semantics of tlog.isValidRecordText: lines, none of them empty.
pub(super) fn is_text(text: &str) -> bool {
    text.ends_with('\n')
        && !text.contains("\n\n")
        && !text.starts_with('\n')
        && !text.chars().any(|c| c < ' ' && c != '\n')
}
