//! Signed notes: which text has the key signed? Semantics of note.Open with one verifier.

use base64::Engine;

use super::key::is_name;
use super::{BASE64, Key};

/// The largest note that is read, in bytes. Source: tlog.ParseTree.
const MAX_NOTE_BYTES: usize = 1_000_000;

/// As many lines may be signatures. Source: note.Open.
const MAX_SIGNATURES: usize = 100;

/// What a signature's line begins with.
const DASH: &str = "\u{2014} ";

/// A note that holds.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    /// What was signed, with the newline at its end.
    pub(super) text: &'a str,
    /// The same as a note of its own, with the key's signature alone: signatures that others added are not kept.
    pub(super) note: String,
}

/// Opens a note. Others may have signed it as well, which says nothing; a line that claims to be the key's must be.
///
/// # Errors
/// With what is wrong, in words.
pub(super) fn open<'a>(note: &'a [u8], key: &Key) -> Result<Opened<'a>, &'static str> {
    const MALFORMED: &str = "it is not a signed note";
    if note.len() > MAX_NOTE_BYTES {
        return Err("it is too large for a signed note");
    }
    let note = std::str::from_utf8(note).map_err(|_| MALFORMED)?;
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(MALFORMED);
    }
    let split = note.rfind("\n\n").ok_or(MALFORMED)?;
    let (text, rest) = note.split_at_checked(split + 1).ok_or(MALFORMED)?;
    let signatures = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n')).ok_or(MALFORMED)?;

    let mut ours = None;
    for (n, line) in signatures.split('\n').enumerate() {
        if n == MAX_SIGNATURES {
            return Err("it has too many signatures");
        }
        let (name, signature) =
            line.strip_prefix(DASH).and_then(|line| line.split_once(' ')).ok_or(MALFORMED)?;
        let decoded = BASE64.decode(signature).map_err(|_| MALFORMED)?;
        let (id, signature) = decoded.split_first_chunk().ok_or(MALFORMED)?;
        if !is_name(name) || signature.is_empty() {
            return Err(MALFORMED);
        }
        // Of several by one key the first counts.
        if ours.is_some() || name != key.name() || *id != key.id() {
            continue;
        }
        if !key.has_signed(text, signature) {
            return Err("its signature is not by the database's key");
        }
        ours = Some(format!("{text}\n{DASH}{name} {}\n", BASE64.encode(&decoded)));
    }
    ours.map(|note| Opened { text, note }).ok_or("the database's key has not signed it")
}
