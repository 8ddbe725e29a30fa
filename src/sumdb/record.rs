//! The answer to a lookup: which record is it, what does it say, and which tree head came with it?

use super::{Sums, head, sums};
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
        let id = std::str::from_utf8(id).ok().and_then(id_of).ok_or(MALFORMED)?;
        let (_, rest) = rest.split_first().ok_or(MALFORMED)?;
        let (text, note) =
            find(rest, b"\n\n").and_then(|end| rest.split_at_checked(end + 1)).ok_or(MALFORMED)?;
        let (_, note) = note.split_first().ok_or(MALFORMED)?;
        let text = std::str::from_utf8(text).ok().filter(|text| is_text(text)).ok_or(MALFORMED)?;
        Ok(Self { id, text, note })
    }

    /// How many records the tree had, as the head says that came with it.
    pub fn tree_size(&self) -> Option<u64> {
        head::claimed_size(self.note)
    }

    /// The hashes the record gives for this version of this module.
    ///
    /// As the go command does, lines about anything else are passed over, and hashes of kinds that come after `h1:`; of several
    /// the first one counts.
    ///
    /// # Errors
    /// With what is wrong, in words: it is about something else, or does not give both hashes.
    pub fn sums(&self, module: &ModulePath, version: &Version) -> Result<Sums, &'static str> {
        let (mut zip, mut go_mod) = (None, None);
        let mut is_of_it = false;
        for line in self.text.split('\n') {
            let rest = line
                .strip_prefix(module.as_str())
                .and_then(|rest| rest.strip_prefix(' '))
                .and_then(|rest| rest.strip_prefix(version.as_str()));
            let of_go_mod = rest.and_then(|rest| rest.strip_prefix("/go.mod "));
            let of_zip = rest.and_then(|rest| rest.strip_prefix(' '));
            let (place, sum) = match (of_go_mod, of_zip) {
                (Some(sum), _) => (&mut go_mod, sum),
                (None, Some(sum)) => (&mut zip, sum),
                (None, None) => continue,
            };
            is_of_it = true;
            let Some(h1) = sum.strip_prefix("h1:") else { continue };
            let hash = sums::read(h1).ok_or("its record holds a malformed hash")?;
            place.get_or_insert(hash);
        }
        match (zip, go_mod) {
            (Some(zip), Some(go_mod)) => Ok(Sums { zip, go_mod }),
            _ if !is_of_it => Err("its record is of another module version"),
            _ => Err("its record lacks a hash of the zip or of the go.mod"),
        }
    }
}

/// Reads a record's number as Go does (strconv.ParseInt): with a plus before it and zeros, if need be. One below zero is in no tree.
fn id_of(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|id| is_number && i64::try_from(*id).is_ok())
}

/// Semantics of tlog.isValidRecordText: lines, none of them empty but the first.
pub(super) fn is_text(text: &str) -> bool {
    text.ends_with('\n') && !text.contains("\n\n") && !text.chars().any(|c| c < ' ' && c != '\n')
}
