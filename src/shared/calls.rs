//! How many calls to a source are under way in all workers together.
//!
//! Each worker has a share in one record, and writes how many of its calls are under way whenever one begins or ends. It writes its own
//! count and never a sum, so that the next write makes good for one that was lost. A share that is not renewed runs out: the share of a
//! worker that died becomes free.
//!
//! ```text
//!  begins: the others' shares + mine < most ── put, if no other wrote ─────────▶ it may begin
//!                └── no, or the race was lost too often ─────────────────────────▶ it may not
//!  ends, or a second has passed: put mine
//! ```

use std::time::Duration;

use super::{QueueId, SharedKv, SourceId, bytes::take, slots::Place};
use crate::http::Timestamp;

/// What one worker has under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    worker: QueueId,
    calls: u32,
    /// Those of them that no client waits for any more.
    left: u32,
    renewed: Timestamp,
}

/// What the worker that asks has under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mine {
    /// Its calls to the source.
    pub calls: u32,
    /// Those of them that no client waits for any more, and that cannot be ended.
    pub left: u32,
}

impl Share {
    fn awaited(&self) -> u32 {
        self.calls.saturating_sub(self.left)
    }
}

/// Whether `worker`, which has `mine` under way to `source`, may begin one more where all workers together may have `most`. If so, it is
/// counted. Calls whose clients have left keep no other from asking, but there may be no more than as many of them again.
pub fn begin_call(
    kv: &mut dyn SharedKv,
    source: SourceId,
    worker: QueueId,
    mine: Mine,
    most: u32,
    now: Timestamp,
) -> bool {
    let one_more = Share { worker, calls: mine.calls.saturating_add(1), left: mine.left, renewed: now };
    for _ in 0..ATTEMPTS {
        let place = Place::find(kv, KIND, source);
        let mut shares = others(&place, worker, now);
        shares.push(one_more);
        let sum =
            |of: fn(&Share) -> u32| shares.iter().fold(0_u32, |sum, share| sum.saturating_add(of(share)));
        if sum(Share::awaited) > most || sum(|share| share.calls) > most.saturating_mul(2) {
            return false;
        }
        if place.put(kv, source, &encode(&shares)) {
            return true;
        }
    }
    false
}

/// Writes down that `worker` has `mine` under way to `source`.
pub fn tell_calls(kv: &mut dyn SharedKv, source: SourceId, worker: QueueId, mine: Mine, now: Timestamp) {
    for _ in 0..ATTEMPTS {
        let place = Place::find(kv, KIND, source);
        let mut shares = others(&place, worker, now);
        if mine.calls > 0 {
            shares.push(Share { worker, calls: mine.calls, left: mine.left, renewed: now });
        }
        if place.put(kv, source, &encode(&shares)) {
            return;
        }
    }
}

/// How many calls to `source` of all workers no client waits for any more.
pub fn left_in_all(kv: &dyn SharedKv, source: SourceId, now: Timestamp) -> u32 {
    let shares = Place::find(kv, KIND, source).record.as_deref().and_then(decode).unwrap_or_default();
    let current = shares.iter().filter(|share| now.is_within(SHARE, share.renewed));
    current.fold(0, |sum, share| sum.saturating_add(share.left))
}

/// The shares of all workers but this one that have not run out.
fn others(place: &Place, worker: QueueId, now: Timestamp) -> Vec<Share> {
    let mut shares = place.record.as_deref().and_then(decode).unwrap_or_default();
    shares.retain(|share| share.worker != worker && now.is_within(SHARE, share.renewed));
    shares
}

/// Layout 2, numbers little-endian: the layout, and for each worker its queue, its calls, those that no client waits for, and when it wrote
/// that (Unix ms). Layout 1 did not know the third.
fn encode(shares: &[Share]) -> Vec<u8> {
    let mut bytes = vec![LAYOUT];
    for Share { worker, calls, left, renewed } in shares {
        bytes.extend(worker.0.to_le_bytes());
        bytes.extend(calls.to_le_bytes());
        bytes.extend(left.to_le_bytes());
        bytes.extend(renewed.0.to_le_bytes());
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Share>> {
    if take(&mut bytes)? != [LAYOUT] {
        return None;
    }
    let mut shares = Vec::with_capacity(bytes.len() / 20);
    while !bytes.is_empty() {
        shares.push(Share {
            worker: QueueId(u32::from_le_bytes(take(&mut bytes)?)),
            calls: u32::from_le_bytes(take(&mut bytes)?),
            left: u32::from_le_bytes(take(&mut bytes)?),
            renewed: Timestamp(u64::from_le_bytes(take(&mut bytes)?)),
        });
    }
    Some(shares)
}

const KIND: &str = "calls";

const LAYOUT: u8 = 2;

/// How long a share holds that is not renewed. A worker that lives renews it three times meanwhile.
pub const SHARE: Duration = Duration::from_secs(3);

/// More races than one call loses while every worker of a large Envoy begins one: a race is lost only to one that is won.
const ATTEMPTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::{Memory, tests::source};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn calls(calls: u32) -> Mine {
        Mine { calls, left: 0 }
    }

    #[test]
    fn who_has_asked_and_left_keeps_nobody_from_asking_up_to_a_bound() {
        let (mut memory, source) = (Memory::default(), source());
        tell_calls(&mut memory, source, QueueId(1), Mine { calls: 10, left: 0 }, NOW);
        assert!(!begin_call(&mut memory, source, QueueId(2), calls(0), 10, NOW));
        tell_calls(&mut memory, source, QueueId(1), Mine { calls: 10, left: 4 }, NOW);
        for mine in 0..4 {
            assert!(begin_call(&mut memory, source, QueueId(2), calls(mine), 10, NOW), "{mine}");
        }
        assert!(!begin_call(&mut memory, source, QueueId(2), calls(4), 10, NOW));
        tell_calls(&mut memory, source, QueueId(1), Mine { calls: 20, left: 20 }, NOW);
        assert!(
            !begin_call(&mut memory, source, QueueId(2), calls(0), 10, NOW),
            "twice as many, and no more"
        );
    }

    #[test]
    fn all_workers_together_have_no_more_than_the_most() {
        let (mut memory, source) = (Memory::default(), source());
        let mut mine = [0; 4];
        let mut begun = 0;
        for turn in 0..40 {
            let worker = turn % 4;
            let queue = QueueId(u32::try_from(worker).unwrap());
            if begin_call(&mut memory, source, queue, calls(mine[worker]), 10, NOW) {
                mine[worker] += 1;
                begun += 1;
            }
        }
        assert_eq!(begun, 10);
        tell_calls(&mut memory, source, QueueId(0), calls(mine[0] - 1), NOW);
        assert!(begin_call(&mut memory, source, QueueId(3), calls(mine[3]), 10, NOW));
        assert!(!begin_call(&mut memory, source, QueueId(2), calls(mine[2]), 10, NOW));
    }

    #[test]
    fn who_died_gives_back_and_who_lives_keeps() {
        let (mut memory, source) = (Memory::default(), source());
        for mine in 0..3 {
            assert!(begin_call(&mut memory, source, QueueId(1), calls(mine), 4, NOW));
        }
        assert!(begin_call(&mut memory, source, QueueId(2), calls(0), 4, NOW));
        let later = NOW.after(SHARE / 2);
        tell_calls(&mut memory, source, QueueId(2), calls(1), later);
        let end = NOW.after(SHARE);
        for mine in 0..3 {
            assert!(begin_call(&mut memory, source, QueueId(3), calls(mine), 4, end), "{mine}");
        }
        assert!(
            !begin_call(&mut memory, source, QueueId(3), calls(3), 4, end),
            "the second worker's is still under way"
        );
        // A clock that is set back does not keep a dead worker's share without end.
        assert!(begin_call(&mut memory, source, QueueId(4), calls(0), 1, Timestamp(NOW.0 - 3_600_000)));
    }

    #[test]
    fn what_another_build_wrote_counts_nothing_and_who_has_nothing_takes_no_room() {
        let (mut memory, source) = (Memory::default(), source());
        for bytes in [&[][..], &[1], &[LAYOUT, 1, 2, 3]] {
            assert_eq!(decode(bytes), None);
            assert!(Place::find(&memory, KIND, source).put(&mut memory, source, bytes));
            assert!(begin_call(&mut memory, source, QueueId(1), calls(0), 1, NOW));
        }
        tell_calls(&mut memory, source, QueueId(1), calls(0), NOW);
        assert_eq!(Place::find(&memory, KIND, source).record, Some(vec![LAYOUT]));
    }
}
