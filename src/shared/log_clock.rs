//! How old the log of a checksum database is, record by record: at which times this gateway, or another over the same storage, knew the log to
//! have how many records.
//!
//! An author can write any time into a commit. That the log had a record when it had so many of them cannot be made to be earlier. The
//! pairs of size and time ([`Pairs`]) live apart from the index, under names of their own: none may make room for anything. All workers share them;
//! one of them at a time ([`claim`]) sees to it that they grow, and that storage has them.

mod pairs;

use std::time::Duration;

pub use self::pairs::{Cover, InvalidPairs, MAX_BYTES, Pairs};
use super::{Expected, SharedKv, bytes::take};
use crate::{
    http::{SKEW, Timestamp},
    sumdb::Key,
};

/// The pairs of the database that `key` is of, as far as this Envoy knows them.
pub fn pairs(kv: &dyn SharedKv, key: &Key) -> Pairs {
    // What another program wrote there are no pairs.
    kv.get(&name(key)).and_then(|read| Pairs::read(&read.value, key).ok()).unwrap_or_default()
}

/// Changes the pairs; `change` says what they are then. Returns what stands there.
pub fn change(kv: &mut dyn SharedKv, key: &Key, change: impl Fn(Pairs) -> Pairs) -> Pairs {
    let name = name(key);
    let mut after = Pairs::default();
    for _ in 0..ATTEMPTS {
        let read = kv.get(&name);
        let before = read.as_ref().and_then(|read| Pairs::read(&read.value, key).ok()).unwrap_or_default();
        after = change(before.clone());
        if after == before || kv.put(&name, &after.text(key), Expected::unchanged(read.as_ref())).is_ok() {
            return after;
        }
    }
    after
}

/// Whether the pairs that storage has from before are among those here, or storage has none. `sources` says which storage, as
/// [`super::Index::sources`] has it: of another one that says nothing.
pub fn is_recalled(kv: &dyn SharedKv, key: &Key, sources: u64) -> bool {
    kv.get(&recalled(key, sources)).is_some()
}

/// Storage's pairs were read, or there are none.
pub fn note_recalled(kv: &mut dyn SharedKv, key: &Key, sources: u64) {
    // The worker that was faster says the same.
    let _ = kv.put(&recalled(key, sources), b"1", Expected::unchanged(None));
}

/// Claims the next look at the log, if one is due: no other worker takes one until [`PATIENCE`] has passed, or until an hour has where
/// [`end`] says that it came to something.
pub fn claim(kv: &mut dyn SharedKv, key: &Key, sources: u64, now: Timestamp) -> bool {
    let name = round(key, sources);
    let read = kv.get(&name);
    let next = read.as_ref().and_then(|read| {
        let mut rest = &read.value[..];
        take(&mut rest).map(u64::from_le_bytes).map(Timestamp)
    });
    // One that is further away than any is put off is from before the clock was set back.
    let is_due = next.is_none_or(|next| next <= now || next.since(now) > PERIOD + SKEW);
    is_due && kv.put(&name, &now.after(PATIENCE).0.to_le_bytes(), Expected::unchanged(read.as_ref())).is_ok()
}

/// A look at the log came to something: the next is due in an hour.
pub fn end(kv: &mut dyn SharedKv, key: &Key, sources: u64, now: Timestamp) {
    let name = round(key, sources);
    let read = kv.get(&name);
    // Where another worker has claimed the next one by now, that one says when.
    let _ = kv.put(&name, &now.after(PERIOD).0.to_le_bytes(), Expected::unchanged(read.as_ref()));
}

fn name(key: &Key) -> String {
    format!("modgate/clock/{key}")
}

fn recalled(key: &Key, sources: u64) -> String {
    format!("{} recalled {sources:016x}", name(key))
}

fn round(key: &Key, sources: u64) -> String {
    format!("{} round {sources:016x}", name(key))
}

/// How often a worker looks how large the log is: an age is exact to an hour, and the database hears of it 24 times a day.
pub const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Until when a look may take, and how soon another follows one that came to nothing.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A worker that loses a race looks again. The winners have kept what one that loses so many had to say.
const ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{shared::Memory, sim::key};

    #[test]
    fn one_worker_looks_in_an_hour_and_another_takes_over_when_it_dies() {
        let (mut memory, key) = (Memory::default(), key());
        let begin = Timestamp(1_700_000_000_000);
        let at = |seconds| begin.after(Duration::from_secs(seconds));
        assert!(claim(&mut memory, &key, 1, at(0)));
        assert!(!claim(&mut memory, &key, 1, at(29)));
        assert!(claim(&mut memory, &key, 2, at(29)), "it is another storage's");
        assert!(claim(&mut memory, &key, 1, at(30)), "who claimed it is silent");
        end(&mut memory, &key, 1, at(31));
        assert!(!claim(&mut memory, &key, 1, at(31 + 3599)));
        assert!(claim(&mut memory, &key, 1, at(31 + 3600)));
        // The clock was set back by a day.
        end(&mut memory, &key, 1, at(86_400));
        assert!(claim(&mut memory, &key, 1, at(0)));
    }

    #[test]
    fn what_stands_there_and_are_no_pairs_is_replaced() {
        let (mut memory, key) = (Memory::default(), key());
        let now = Timestamp(1_700_000_000_000);
        memory.put(&name(&key), b"junk", Expected::Absent).unwrap();
        assert_eq!(pairs(&memory, &key), Pairs::default());
        let noted = change(&mut memory, &key, |pairs| pairs.noted(7, now).unwrap());
        assert_eq!((pairs(&memory, &key), noted.cover(6)), (noted.clone(), Cover::First(now)));
    }

    #[test]
    fn one_storage_s_pairs_are_not_another_s() {
        let (mut memory, key) = (Memory::default(), key());
        note_recalled(&mut memory, &key, 1);
        assert!(is_recalled(&memory, &key, 1) && !is_recalled(&memory, &key, 2));
    }
}
