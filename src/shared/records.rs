//! Records of advisories as their sources have them, packed, for the mirror.
//!
//! Ids come and go, and nothing in shared data can be deleted. So records lie in a fixed number of slots, each of a bounded size: one by its
//! id in the slot that the id's sum names. A slot that is full drops the records that were written first.

use zlib_rs::crc32::crc32;

use super::{Expected, SharedKv, bytes::take, polled::source_number};
use crate::config::Endpoint;

/// Where the records of one source are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordStore {
    prefix: String,
}

impl RecordStore {
    /// The store of `document` from the source at `endpoint`.
    pub fn new(document: &str, endpoint: &Endpoint) -> Self {
        Self { prefix: format!("modgate/vulndb/{document}/{:016x}", source_number(endpoint)) }
    }

    /// The packed record with this id; `None` where it is not kept.
    pub fn get(&self, kv: &dyn SharedKv, id: &str) -> Option<Vec<u8>> {
        let slot = kv.get(&self.slot(id))?.value;
        records(&slot).find(|(known, _)| *known == id.as_bytes()).map(|(_, packed)| packed.to_vec())
    }

    /// Keeps a packed record in place of the one before with its id; whether it and all others of its slot are kept.
    pub fn keep(&self, kv: &mut dyn SharedKv, id: &str, packed: &[u8]) -> bool {
        let key = self.slot(id);
        for _ in 0..ATTEMPTS {
            let read = kv.get(&key);
            let before = read.as_ref().map(|read| read.value.as_slice()).unwrap_or_default();
            let mut all: Vec<(&[u8], &[u8])> =
                records(before).filter(|(known, _)| *known != id.as_bytes()).collect();
            let count = all.len().saturating_add(1);
            all.push((id.as_bytes(), packed));
            // The newest first: what was written long ago may be of an id that is not there any more.
            let mut room = SLOT_BYTES;
            let kept = all.iter().rev().take_while(|(id, packed)| {
                let bytes = HEAD.saturating_add(id.len()).saturating_add(packed.len());
                let fits = bytes <= room;
                room = room.saturating_sub(bytes);
                fits
            });
            let kept = kept.count();
            // A record that is too long by itself drops no other, but one of before with its id is not given for it.
            let kept = if kept == 0 {
                all.get(..all.len().saturating_sub(1))
            } else {
                all.get(all.len().saturating_sub(kept)..)
            };
            let kept = kept.unwrap_or_default();
            let is_all = kept.len() == count;
            if kv.put(&key, &encode(kept), Expected::unchanged(read.as_ref())).is_ok() {
                return is_all;
            }
        }
        false
    }

    fn slot(&self, id: &str) -> String {
        format!("{}/{:03x}", self.prefix, crc32(0, id.as_bytes()) % SLOTS)
    }
}

/// Layout 1, then each record, numbers little-endian:
///
/// ```text
///  0              1    1 + length      5 + length
/// +--------------+----+---------------+--------+
/// | length of id | id | length packed | packed |
/// +--------------+----+---------------+--------+
/// ```
fn encode(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = vec![LAYOUT];
    for (id, packed) in records {
        // Ids have at most 40 bytes, and no packed record is longer than a slot.
        bytes.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(id);
        bytes.extend(u32::try_from(packed.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(packed);
    }
    bytes
}

/// The records of a slot; none where another build wrote it in its own way.
fn records(slot: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = slot.strip_prefix(&[LAYOUT]).unwrap_or_default();
    std::iter::from_fn(move || {
        let [length] = take(&mut rest)?;
        let (id, after) = rest.split_at_checked(usize::from(length))?;
        rest = after;
        let length = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
        let (packed, after) = rest.split_at_checked(length)?;
        rest = after;
        Some((id, packed))
    })
}

const LAYOUT: u8 = 1;

/// What a record takes beside its id and itself.
const HEAD: usize = 5;

/// Slots of a source, and bytes of one: 16 MiB in all. Go's database takes 2.7 MB: four records and 2.7 KB in a slot. A record of 16 KiB
/// packed has some 60 KB of JSON.
const SLOTS: u32 = 1024;
const SLOT_BYTES: usize = 16 << 10;

/// Only the worker that polls writes.
const ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, shared::Memory};

    fn store() -> RecordStore {
        let config = Config::parse(include_str!("../config/examples/minimal.json")).unwrap();
        RecordStore::new("go", &config.upstreams[0].endpoint)
    }

    #[test]
    fn each_record_is_found_by_its_id_and_the_last_of_each_id_counts() {
        let (store, mut kv) = (store(), Memory::default());
        let ids: Vec<_> = (0..5000).map(|n| format!("GO-2026-{n:04}")).collect();
        for times in [1, 2] {
            for id in &ids {
                assert!(store.keep(&mut kv, id, &id.repeat(times * 10).into_bytes()));
            }
            for id in &ids {
                assert_eq!(store.get(&kv, id), Some(id.repeat(times * 10).into_bytes()));
            }
        }
        assert_eq!(store.get(&kv, "GO-2026-5000"), None);
        let other = RecordStore { prefix: "modgate/vulndb/other/0".to_owned() };
        assert_eq!(other.get(&kv, &ids[0]), None);
    }

    #[test]
    fn a_slot_never_has_more_than_it_may_and_drops_what_was_written_first() {
        let (store, mut kv) = (store(), Memory::default());
        let slot = store.slot("a0");
        let ids: Vec<_> =
            (0..).map(|n| format!("a{n}")).filter(|id| store.slot(id) == slot).take(40).collect();
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(store.keep(&mut kv, id, &[7; 1000]), n < 16, "{n}");
            assert!(kv.get(&slot).unwrap().value.len() <= SLOT_BYTES + 1);
        }
        let kept: Vec<_> = ids.iter().filter(|id| store.get(&kv, id).is_some()).collect();
        assert_eq!(kept, ids.iter().skip(24).collect::<Vec<_>>());
        let last = ids.last().unwrap();
        assert!(!store.keep(&mut kv, last, &[7; SLOT_BYTES]), "it is too long by itself");
        assert_eq!(store.get(&kv, last), None, "the one before is not given for it");
        assert_eq!(ids.iter().filter(|id| store.get(&kv, id).is_some()).count(), 15);
    }

    #[test]
    fn what_another_build_wrote_is_nothing() {
        assert_eq!(records(b"").count() + records(b"\x02\x01a").count() + records(b"\x01\x05ab").count(), 0);
        let whole = encode(&[(b"a", b"bc")]);
        for cut in 0..whole.len() {
            assert_eq!(records(&whole[..cut]).count(), 0, "{cut}");
        }
    }
}
