//! Records of the index: what was written is read, by whom it was written for and by nobody else.
//!
//! Input: the key's path on the first line, the record's bytes below.

use std::time::Duration;

use modgate::goproxy::{Found, Missing};
use modgate::http::Timestamp;
use modgate::shared::{Entry, Heat, Key, Loss, Occupant, Record};

use super::first_line;

/// Any bytes are a record or none; any record is read as it was written; none is read under another key.
pub fn check(input: &[u8]) {
    let (path, bytes) = first_line(input);
    let sources = bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    let key = Key { sources, path: &path };

    // The memory is shared: whatever stands there is somebody's record, or none.
    for key in [key, stated_key(bytes).unwrap_or(key)] {
        if let Some(entry) = Entry::decode(bytes, key) {
            is_read_back(key, &entry);
        }
    }

    let since = Timestamp(sources.rotate_left(17));
    for known in [false, true] {
        for doubted in [false, true] {
            is_read_back(key, &Entry::Stored { since, checked: known, doubted });
        }
    }
    for loss in [Loss::Gone, Loss::NoZip, Loss::Wrong] {
        is_read_back(key, &Entry::Lost { since, loss });
    }
    is_read_back(key, &Entry::Streamed { upstream: 0xfe, since, moved: true });
    let limit = bytes.get(8..16).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    let limit = limit.filter(|limit| *limit < u64::MAX).map(Duration::from_millis);
    let checked = Some(since).filter(|checked| checked.0 != 0);
    for (checked, limit) in [(None, None), (checked, limit)] {
        is_read_back(key, &Entry::Found(Found { checked, limit, ..Found::fetched(bytes.to_vec(), since) }));
    }
    let reason = String::from_utf8_lossy(bytes).into_owned();
    for gone in [false, true] {
        is_read_back(key, &Entry::Missing(Missing { gone, reason: reason.clone(), since, limit }));
    }
}

/// Whether `input` is a record.
pub fn is_read(input: &[u8]) -> bool {
    let (_, bytes) = first_line(input);
    stated_key(bytes).is_some_and(|key| Entry::decode(bytes, key).is_some())
}

fn is_read_back(key: Key<'_>, entry: &Entry) {
    let heat = Heat { uses: entry.since().0.to_le_bytes()[0], touched: key.sources as u32 };
    let Some(bytes) = (Record { key, entry, heat }).encode() else {
        assert!(key.path.len() > usize::from(u16::MAX));
        return;
    };
    assert_eq!(Entry::decode(&bytes, key).as_ref(), Some(entry));
    let occupant = Occupant::of(&bytes).unwrap();
    assert_eq!((occupant.key, occupant.heat, occupant.since), (key, heat, entry.since()));
    // What is of no kind says nothing, whatever follows, and neither does a pointer.
    for kind in [0, 16, 17, u8::MAX] {
        assert_eq!(Occupant::of(&[&[kind], &bytes[1..]].concat()).unwrap().entry(), None);
    }

    let longer = format!("{}x", key.path);
    let shorter = key.path.char_indices().last().map_or("x", |(end, _)| &key.path[..end]);
    for path in [longer.as_str(), shorter] {
        assert_eq!(Entry::decode(&bytes, Key { path, ..key }), None);
    }
    for bit in [0, 31, 63] {
        assert_eq!(Entry::decode(&bytes, Key { sources: key.sources ^ (1 << bit), ..key }), None);
    }
    // The head alone is less than a record, and so is whatever breaks off in it or in the key.
    for end in [0, 1, 39, 39 + key.path.len()] {
        assert_eq!(Entry::decode(&bytes[..end], key), None);
    }
}

/// The key that the bytes themselves claim to be of, so that mutations of a record get past the check of it.
fn stated_key(bytes: &[u8]) -> Option<Key<'_>> {
    let sources = u64::from_le_bytes(bytes.get(30..38)?.try_into().ok()?);
    let length = usize::from(u16::from_le_bytes(bytes.get(38..40)?.try_into().ok()?));
    let path = std::str::from_utf8(bytes.get(40..40 + length)?).ok()?;
    Some(Key { sources, path })
}
