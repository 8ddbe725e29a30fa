//! The newest tree head that was verified, of each checksum database.
//!
//! It lives apart from the index, under a name of its own: there are as many as databases are configured, and none must make
//! room for anything. Without it a database could tell one worker one history, and the next worker another.

use super::{Expected, SharedKv};
use crate::sumdb::{Key, SignedHead};

/// What came of handing in a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// It is the newest now, or was already.
    Newest,
    /// Another is newer than the one it was compared to, and it must be compared to that.
    Behind(SignedHead),
}

/// The newest verified head of the database that `key` is of.
pub fn head(kv: &dyn SharedKv, key: &Key) -> Option<SignedHead> {
    // A value that another program wrote there is no head.
    SignedHead::open(&kv.get(&name(key))?.value, key).ok()
}

/// Hands in a head that was found consistent with `known`.
pub fn advance(kv: &mut dyn SharedKv, key: &Key, known: Option<&SignedHead>, head: &SignedHead) -> Advanced {
    let name = name(key);
    for _ in 0..ATTEMPTS {
        let read = kv.get(&name);
        let newest = read.as_ref().and_then(|read| SignedHead::open(&read.value, key).ok());
        match newest {
            Some(newest) if newest.root() == head.root() && newest.size() == head.size() => {
                return Advanced::Newest;
            }
            Some(newest)
                if known
                    .is_none_or(|known| known.size() != newest.size() || known.root() != newest.root()) =>
            {
                return Advanced::Behind(newest);
            }
            Some(newest) if newest.size() >= head.size() => return Advanced::Newest,
            _ => {}
        }
        if kv.put(&name, head.note(), Expected::unchanged(read.as_ref())).is_ok() {
            return Advanced::Newest;
        }
    }
    Advanced::Newest
}

/// Whether the newest head is known to continue the last one that storage has from before, or storage has none. `sources` says
/// which storage, as [`super::Index::sources`] has it: of another one that says nothing.
pub fn is_recalled(kv: &dyn SharedKv, key: &Key, sources: u64) -> bool {
    kv.get(&recalled(key, sources)).is_some()
}

/// Storage's head was compared, or there is none.
pub fn note_recalled(kv: &mut dyn SharedKv, key: &Key, sources: u64) {
    // The worker that was faster says the same.
    let _ = kv.put(&recalled(key, sources), b"1", Expected::unchanged(None));
}

fn recalled(key: &Key, sources: u64) -> String {
    format!("{} recalled {sources:016x}", name(key))
}

fn name(key: &Key) -> String {
    format!("modgate/sumdb/{key}")
}

/// A worker that loses a race looks again. The winners have compared the head of one that loses so many.
const ATTEMPTS: usize = 3;
