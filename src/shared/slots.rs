//! Where the record of a source is kept: one for each source, also where several configurations name it.
//!
//! A source is known by what reaches it and by nothing else, so that a configuration which adds an upstream, or sends another
//! header, still knows all the others. Keys cannot be deleted, and who pushes a thousand configurations names a thousand
//! sources: so the places are numbered, and a record says itself whose it is.

use sha2::{Digest, Sha256};

use super::{Expected, SharedKv, bytes::take, fingerprint::base};
use crate::config::Endpoint;

/// A source, with the same number for all workers and all configurations that reach it in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(u64);

/// A place, as it was read.
pub(super) struct Place {
    name: String,
    expected: Expected,
    /// What stands there of the source it was read for.
    pub(super) record: Option<Vec<u8>>,
}

impl SourceId {
    /// The source that `endpoint` reaches.
    pub fn of(endpoint: &Endpoint) -> Self {
        let mut digest = Sha256::new();
        for text in base(endpoint) {
            digest.update(text);
            // A byte that none of them contains.
            digest.update([0xff]);
        }
        Self(digest.finalize().first_chunk().map_or(0, |first| u64::from_le_bytes(*first)))
    }
}

impl Place {
    /// The place of `source` among those of `kind`: its own, or a free one. Where other sources have all its places, it takes the first of
    /// them, and what was known of that source has to be found out again.
    pub(super) fn find(kv: &dyn SharedKv, kind: &str, source: SourceId) -> Self {
        let mut first = None;
        for step in 0..STEPS {
            let name = format!("modgate/{kind}/{}", source.0.wrapping_add(step) % PLACES);
            let read = kv.get(&name);
            let expected = Expected::unchanged(read.as_ref());
            let Some(read) = read else { return Self { name, expected, record: None } };
            let mut rest = &read.value[..];
            if take(&mut rest).map(u64::from_le_bytes) == Some(source.0) {
                return Self { name, expected, record: Some(rest.to_vec()) };
            }
            first.get_or_insert(Self { name, expected, record: None });
        }
        first.unwrap_or_else(|| Self { name: String::new(), expected: Expected::Absent, record: None })
    }

    /// Puts `record` there, unless another worker has written there since it was read; returns whether it did.
    pub(super) fn put(&self, kv: &mut dyn SharedKv, source: SourceId, record: &[u8]) -> bool {
        let bytes = [&source.0.to_le_bytes(), record].concat();
        kv.put(&self.name, &bytes, self.expected).is_ok()
    }
}

/// Places of one kind: several times what one configuration may name (64 upstreams, 16 checksum databases, storage).
const PLACES: u64 = 512;

/// Places that one source may have. That eight in a row are others' takes some five hundred sources in one process' life.
const STEPS: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    #[test]
    fn sources_that_meet_keep_apart_and_their_places_are_bounded() {
        let mut memory = Memory::default();
        let meeting: Vec<_> = (0..STEPS).map(|number| SourceId(7 + number * PLACES)).collect();
        for source in &meeting {
            assert!(Place::find(&memory, "kind", *source).put(&mut memory, *source, &source.0.to_le_bytes()));
        }
        for source in &meeting {
            let found = Place::find(&memory, "kind", *source).record;
            assert_eq!(found.as_deref(), Some(&source.0.to_le_bytes()[..]));
            assert_eq!(Place::find(&memory, "other", *source).record, None);
        }
        // One more than there are places for.
        let late = SourceId(7 + STEPS * PLACES);
        assert!(Place::find(&memory, "kind", late).put(&mut memory, late, b"late"));
        assert_eq!(Place::find(&memory, "kind", late).record.as_deref(), Some(&b"late"[..]));
        assert_eq!(Place::find(&memory, "kind", meeting[0]).record, None);
        for number in 0..5_000 {
            let source = SourceId(number * 977);
            Place::find(&memory, "kind", source).put(&mut memory, source, b"x");
        }
        assert!(memory.keys().len() <= usize::try_from(PLACES).unwrap());
    }

    #[test]
    fn who_loses_a_race_writes_nothing() {
        let mut memory = Memory::default();
        let source = SourceId(3);
        let [first, second] = [(); 2].map(|()| Place::find(&memory, "kind", source));
        assert!(first.put(&mut memory, source, b"first"));
        assert!(!second.put(&mut memory, source, b"second"));
    }
}
