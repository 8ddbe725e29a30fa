//! The hash that says in which pages a key lives.
//!
//! It is `SipHash`-1-3 under the seed of this memory, so that no client can choose names that fall into one page. All workers must agree,
//! those of a newer build of this filter included: the standard library promises no hash that stays the same between its versions, and
//! feeds numbers in the machine's byte order.

use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::Key;

/// The hash of one memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keyed {
    seed: u64,
}

/// What is hashed: the same key falls elsewhere for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Found = 1,
    Missing = 2,
    Lease = 3,
    Spread = 4,
    Large = 5,
    Origin = 6,
}

impl Keyed {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Two independent numbers.
    pub(super) fn hash(self, purpose: Purpose, key: Key<'_>, number: u64) -> [u64; 2] {
        let mut hasher = SipHasher13::new_with_keys(self.seed, self.seed.rotate_left(32) ^ DOMAIN);
        hasher.write(&[purpose as u8]);
        hasher.write(&key.sources.to_le_bytes());
        hasher.write(&number.to_le_bytes());
        // The only part whose length differs, and the last.
        hasher.write(key.path.as_bytes());
        let hash = hasher.finish128();
        [hash.h1, hash.h2]
    }
}

/// The seed has half the bits of a key of this hash; the other half only has to differ from the first.
const DOMAIN: u64 = u64::from_le_bytes(*b"modgate\0");
