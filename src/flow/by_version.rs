//! What the index keeps of all versions of a module together, in a few records: a list of a thousand versions is then judged by one or two.

use serde::Serialize;

use super::keep;
use crate::{
    cx::Cx,
    goproxy::Found,
    shared::{Entry, Index, Region},
};

/// Hands on the bodies of the records, in their order, until `take` is false. `record` says what the index calls each.
pub(super) fn read(
    record: impl Fn(usize) -> String,
    index: &Index,
    cx: &Cx<'_>,
    mut take: impl FnMut(&[u8]) -> bool,
) {
    for number in 0..MAX_RECORDS {
        let Some(Entry::Found(found)) = index.peek(cx.kv, Region::Found, &record(number)) else { break };
        if !take(&found.body) {
            break;
        }
    }
}

/// Writes the records of `all`: of each version its name, what is known of it, and how many bytes it takes at most. A record says first whether
/// another follows. Where more is known than fits, the last are left out.
pub(super) fn write<'a, T: Serialize>(
    all: impl Iterator<Item = (&'a str, T, usize)>,
    record: impl Fn(usize) -> String,
    index: &mut Index,
    cx: &mut Cx<'_>,
) {
    let room = index.max_body_bytes(&record(MAX_RECORDS)).saturating_sub(RECORD_BYTES_BESIDE);
    let mut records: Vec<Vec<(&str, T)>> = Vec::new();
    let mut left = 0;
    for (version, known, bytes) in all.filter(|(.., bytes)| *bytes <= room) {
        if bytes > left {
            if records.len() >= MAX_RECORDS {
                break;
            }
            records.push(Vec::new());
            left = room;
        }
        if let Some(some) = records.last_mut() {
            some.push((version, known));
        }
        left = left.saturating_sub(bytes);
    }
    for (number, some) in records.iter().enumerate() {
        let more = records.len() > number.saturating_add(1);
        if let Ok(body) = postcard::to_allocvec(&(more, some)) {
            let entry = Entry::Found(Found::fetched(body, cx.now));
            keep(index, &record(number), &entry, cx);
        }
    }
}

/// Records of a module, all of which are read for each list that is judged. With the default size of a record they hold the dates of 7,000
/// versions, three times what any public module has, in a few milliseconds, and the licences of more than a thousand.
pub(super) const MAX_RECORDS: usize = 4;

/// What a record takes beside its versions.
const RECORD_BYTES_BESIDE: usize = 9;
