//! Signed tree heads: how many records does the database have, and what is the hash of them all?

use std::fmt::{self, Display, Formatter};

use base64::Engine;

use super::merkle::Hash;
use super::{BASE64, Key, note};

/// A tree head that the database's key has signed.
///
/// It displays as the note it was read from, less what others signed, and so can be kept and opened again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    size: u64,
    root: Hash,
    note: String,
}

/// Why bytes are no tree head of the database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tree head is forged or broken: {0}")]
pub struct Forged(pub(super) &'static str);

impl SignedHead {
    /// Opens a signed tree note, as `latest` is one and a lookup ends with one.
    ///
    /// # Errors
    /// Where `key` has not signed it, or it is not about a tree.
    pub fn open(bytes: &[u8], key: &Key) -> Result<Self, Forged> {
        let note::Opened { text, note } = note::open(bytes, key).map_err(Forged)?;
        let (size, root) = tree(text).ok_or(Forged("what is signed is not a tree head"))?;
        Ok(Self { size, root, note })
    }

    /// How many records the tree has: at most `i64::MAX`, as in Go.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hash of the tree.
    pub fn root(&self) -> &[u8; 32] {
        &self.root
    }

    /// The signed note: its text, and the key's own signature alone.
    pub fn note(&self) -> &[u8] {
        self.note.as_bytes()
    }
}

impl Display for SignedHead {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.note)
    }
}

/// The size in a note that was opened before: whose signature it has is not looked at.
pub(super) fn claimed_size(note: &[u8]) -> Option<u64> {
    tree(std::str::from_utf8(note).ok()?).map(|(size, _)| size)
}

/// Semantics of tlog.ParseTree: lines after the third are for the future, and ignored.
fn tree(text: &str) -> Option<(u64, Hash)> {
    let rest = text.strip_prefix("go.sum database tree\n")?;
    let (size, rest) = rest.split_once('\n')?;
    let (root, _) = rest.split_once('\n')?;
    let size = number(size)?;
    Some((size, BASE64.decode(root).ok()?.try_into().ok()?))
}

/// Reads a number in the one way it may be written: decimal, no sign, no zeros before it, at most `i64::MAX`.
pub(super) fn number(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok())?;
    (number.to_string() == text).then_some(number)
}
