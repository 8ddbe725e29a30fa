//! A fixed number of slots.
//!
//! The host's shared data cannot forget a key, so the index uses as many as it is configured for and no more, whatever is
//! asked: a key's hash chooses its slot, a record that falls into a taken slot replaces what is there. Documents and
//! answers that there is none live apart, so that a flood of unknown names evicts nothing of worth.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Entry, Expected, Key, Record, Seat, SharedKv, fingerprint::fingerprint};
use crate::config::{self, Config, limits::NEGATIVE_ENTRY_BYTES};
use crate::http::Timestamp;

/// Which slots a record lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// For documents, and for what storage has.
    Found,
    /// For what does not exist.
    Missing,
}

/// The index of one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    sizes: config::Index,
    seed: u64,
    sources: u64,
}

impl Index {
    /// The index of `config`: of its size, for answers from its sources.
    pub fn new(config: &Config, seat: Seat) -> Self {
        Self { sizes: config.index, seed: seat.seed, sources: fingerprint(config) }
    }

    /// What `region` knows of `path`.
    pub fn look_up(
        &mut self,
        kv: &mut dyn SharedKv,
        region: Region,
        path: &str,
        _now: Timestamp,
    ) -> Option<Entry> {
        let key = self.key(path);
        Entry::decode(&kv.get(&self.slot(region, key))?.value, key)
    }

    /// Keeps `entry` under `path`, if it is small enough.
    pub fn keep(&mut self, kv: &mut dyn SharedKv, path: &str, entry: &Entry, _now: Timestamp) {
        let (region, limit) = match entry {
            Entry::Found(_) | Entry::Stored { .. } | Entry::Streamed { .. } => {
                (Region::Found, self.sizes.max_entry_bytes)
            }
            Entry::Missing(_) => (Region::Missing, NEGATIVE_ENTRY_BYTES),
        };
        let key = self.key(path);
        if let Some(bytes) = (Record { key, entry }).encode()
            && u32::try_from(bytes.len()).is_ok_and(|length| length <= limit)
        {
            let slot = self.slot(region, key);
            let expected = Expected::unchanged(kv.get(&slot).as_ref());
            // Who loses against another worker's write leaves it at that.
            let _ = kv.put(&slot, &bytes, expected);
        }
    }

    pub fn spread(&self, _path: &str, _since: Timestamp) -> u8 {
        0
    }
    pub fn sources(&self) -> u64 {
        self.sources
    }
    pub fn forget(&mut self, kv: &mut dyn SharedKv, path: &str) {
        let slot = self.slot(Region::Found, self.key(path));
        let read = kv.get(&slot);
        let _ = kv.put(&slot, b"", Expected::unchanged(read.as_ref()));
    }
    fn key<'a>(&self, path: &'a str) -> Key<'a> {
        Key { sources: self.sources, path }
    }

    fn slot(&self, region: Region, key: Key<'_>) -> String {
        let mut hasher = DefaultHasher::new();
        (self.seed, key).hash(&mut hasher);
        let (name, slots) = match region {
            Region::Found => ("found", self.sizes.slots),
            Region::Missing => ("missing", self.sizes.negative_slots),
        };
        format!("{PREFIX}{name}/{}", hasher.finish() % u64::from(slots.max(1)))
    }
}

/// Every filter with the same `vm_id` shares one name space, under Istio filters of other makers too.
const PREFIX: &str = "modgate/index/";
