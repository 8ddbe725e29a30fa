//! Which deliveries of webhooks came lately, so that the same is not heeded twice.
//!
//! A delivery that was recorded on its way can be sent again for ever where its host signs no time, and by another name where it does not
//! sign that either. So this is for hosts that send twice, and for the few minutes for which a signed time is believed. What a delivery can
//! bring about is bounded elsewhere, however often it comes.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Expected, SharedKv, bytes::take};
use crate::http::Timestamp;

/// Whether the delivery that the host calls `id` has come to `hook` before, a short while ago; from now on it has.
pub fn has_come(kv: &mut dyn SharedKv, hook: &str, id: &str, now: Timestamp) -> bool {
    let mut digest = Sha256::new();
    digest.update(hook);
    // No name of a hook has one.
    digest.update([0]);
    digest.update(id);
    let Some((mark, place)) =
        digest.finalize().split_first_chunk::<MARK>().map(|(mark, rest)| (*mark, rest.first().copied()))
    else {
        return false;
    };
    let name = format!("modgate/deliveries/{}", place.unwrap_or_default() % PAGES);
    for _ in 0..ATTEMPTS {
        let read = kv.get(&name);
        let bytes = read.as_ref().map_or(&[][..], |read| &read.value);
        let mut known: Vec<_> = marks(bytes).filter(|(_, at)| now.is_within(KEPT, *at)).collect();
        if known.iter().any(|(other, _)| *other == mark) {
            return true;
        }
        known.push((mark, now));
        let last = known.len().saturating_sub(MOST);
        let kept = known.iter().skip(last);
        let value: Vec<u8> =
            kept.flat_map(|(mark, at)| mark.iter().copied().chain(at.0.to_le_bytes())).collect();
        if kv.put(&name, &value, Expected::unchanged(read.as_ref())).is_ok() {
            return false;
        }
    }
    // Other workers were faster each time: it is heeded, which costs what a new one does.
    false
}

fn marks(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; MARK], Timestamp)> {
    std::iter::from_fn(move || {
        let mark = take::<MARK>(&mut bytes)?;
        Some((mark, Timestamp(u64::from_le_bytes(take(&mut bytes)?))))
    })
}

/// Bytes of the hash by which a delivery is known: two that meet by chance would cost one look.
const MARK: usize = 16;

/// Pages, and deliveries that each remembers: 1024 in 24 KiB, those of ten minutes at more than one a second.
const PAGES: u8 = 64;

/// As [`PAGES`].
const MOST: usize = 16;

/// How long a delivery is remembered: twice as long as a signed time is believed. An operator who has it sent once more later wants it heeded.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// A worker whose write loses reads again.
const ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    #[test]
    fn the_same_delivery_comes_once_in_ten_minutes() {
        let mut memory = Memory::default();
        let mut comes = |hook: &str, id: &str, at: u64| {
            has_come(&mut memory, hook, id, Timestamp(1_700_000_000_000 + at))
        };
        assert!(!comes("forge", "a", 0) && comes("forge", "a", 1) && comes("forge", "a", 599_999));
        assert!(!comes("other", "a", 2) && !comes("forge", "b", 2));
        assert!(!comes("forge", "a", 600_000), "and the time does not begin anew with each");
        assert!(comes("forge", "a", 600_001));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stay() {
        let (mut memory, now) = (Memory::default(), Timestamp(1_700_000_000_000));
        for n in 0..5000 {
            assert!(!has_come(&mut memory, "forge", &n.to_string(), now.after(Duration::from_millis(n))));
        }
        assert!(memory.keys().len() <= usize::from(PAGES));
        for name in memory.keys() {
            assert!(memory.get(name).unwrap().value.len() <= MOST * (MARK + 8));
        }
        assert!(has_come(&mut memory, "forge", "4999", now.after(Duration::from_secs(6))));
    }
}
