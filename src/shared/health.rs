//! How a source was doing when a worker last asked it: one record for each source, which all workers read and write. It outlives a
//! configuration, and the VM that wrote it.

use std::time::Duration;

use super::{SharedKv, SourceId, bytes::take, slots::Place};
use crate::http::Timestamp;

/// What is known of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether it ever answered.
    pub ever: bool,
    /// Whether it failed last time, in any way.
    pub failing: bool,
    /// Whether it let this gateway's own last request time out.
    pub silent: bool,
    /// Whether the gateway had no such cluster then.
    pub lacks_cluster: bool,
    /// When it last answered, unless it has failed since.
    heard: Timestamp,
    /// When it last let a request time out, or a worker began to test whether it still does.
    tried: Timestamp,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It answered.
    Answer,
    /// It failed, but at once; or it failed a client, whose request may be the reason.
    Failure,
    /// It was not asked: the gateway has no such cluster.
    NoCluster,
    /// It kept this gateway waiting, or cannot be reached.
    Silence,
}

/// What is known of `source`.
pub fn health(kv: &dyn SharedKv, source: SourceId) -> Health {
    Place::find(kv, KIND, source).record.and_then(|bytes| Health::decode(&bytes)).unwrap_or_default()
}

/// Notes what came of asking `source`, and returns what was known before; `None` where the answer adds nothing.
pub fn note_health(kv: &mut dyn SharedKv, source: SourceId, heard: Heard, now: Timestamp) -> Option<Health> {
    for _ in 0..ATTEMPTS {
        let place = Place::find(kv, KIND, source);
        let before = place.record.as_deref().and_then(Health::decode).unwrap_or_default();
        if heard == Heard::Answer && before.says_so_already(now) {
            return None;
        }
        if place.put(kv, source, &before.then(heard, now).encode()) {
            return Some(before);
        }
    }
    None
}

/// Whether `source` is asked in its turn, and not last: it answers in time, or failed to long ago and this request is the first to test
/// whether it still does.
pub fn takes_its_turn(kv: &mut dyn SharedKv, source: SourceId, now: Timestamp) -> bool {
    let place = Place::find(kv, KIND, source);
    let Some(known) = place.record.as_deref().and_then(Health::decode).filter(|known| known.silent) else {
        return true;
    };
    !now.is_within(REST, known.tried) && place.put(kv, source, &Health { tried: now, ..known }.encode())
}

impl Health {
    /// Whether it answered a moment ago, and has not failed since.
    pub fn is_heard_of(&self, now: Timestamp) -> bool {
        !self.silent && now.is_within(FRESH, self.heard)
    }

    /// How long ago it answered, as far as that was noted, unless it has failed since.
    pub fn answered(&self, now: Timestamp) -> Option<Duration> {
        (self.heard != Timestamp::default()).then(|| now.since(self.heard))
    }

    /// Whether another answer at `now` says nothing that is not written.
    fn says_so_already(&self, now: Timestamp) -> bool {
        self.ever && !self.failing && !self.silent && now.is_within(STEP, self.heard)
    }

    fn then(self, heard: Heard, now: Timestamp) -> Self {
        let known = Self { lacks_cluster: false, ..self };
        match heard {
            Heard::Answer => Self { ever: true, failing: false, silent: false, heard: now, ..known },
            Heard::Failure => Self { failing: true, heard: Timestamp::default(), ..known },
            Heard::NoCluster => {
                Self { failing: true, lacks_cluster: true, heard: Timestamp::default(), ..known }
            }
            Heard::Silence => {
                Self { failing: true, silent: true, heard: Timestamp::default(), tried: now, ..known }
            }
        }
    }

    /// Layout 1, numbers little-endian:
    ///
    /// ```text
    ///  0        1       2         10        18
    /// +--------+-------+---------+---------+
    /// | layout | flags | heard   | tried   |
    /// | 1      |       | Unix ms | Unix ms |
    /// +--------+-------+---------+---------+
    /// ```
    fn encode(&self) -> Vec<u8> {
        let flags = u8::from(self.ever)
            | u8::from(self.failing) << 1
            | u8::from(self.silent) << 2
            | u8::from(self.lacks_cluster) << 3;
        let mut bytes = vec![LAYOUT, flags];
        bytes.extend(self.heard.0.to_le_bytes());
        bytes.extend(self.tried.0.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let [layout, flags] = take(&mut bytes)?;
        let heard = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let tried = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let [ever, failing, silent, lacks_cluster] = [1, 2, 4, 8].map(|flag| flags & flag != 0);
        (layout == LAYOUT && bytes.is_empty()).then_some(Self {
            ever,
            failing,
            silent,
            lacks_cluster,
            heard,
            tried,
        })
    }
}

const KIND: &str = "source";

const LAYOUT: u8 = 1;

/// For how long a source that lets requests time out is asked last. Then one request tests whether it still does.
pub const REST: Duration = Duration::from_secs(5);

/// How long an answer says that the next request will be answered too. A store that begins to hang costs the clients that come within this
/// time a failed download. For a later client the store is asked first, which costs a client of an idle gateway a millisecond.
pub const FRESH: Duration = Duration::from_secs(2);

/// How old the record of an answer may become under load: one write a second for each source, however many requests it answers.
const STEP: Duration = Duration::from_secs(1);

/// Who loses so many races knows what those know who won.
const ATTEMPTS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::{Memory, tests::source};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn at(millis: u64) -> Timestamp {
        Timestamp(NOW.0 + millis)
    }

    #[test]
    fn what_was_seen_stays_seen_and_what_is_silent_rests_until_one_tries() {
        let (mut memory, source) = (Memory::default(), source());
        assert_eq!(health(&memory, source), Health::default());
        assert!(takes_its_turn(&mut memory, source, NOW), "of whom nothing is known");
        assert_eq!(note_health(&mut memory, source, Heard::Answer, NOW), Some(Health::default()));
        assert!(health(&memory, source).is_heard_of(at(1_999)));
        assert!(!health(&memory, source).is_heard_of(at(2_000)));

        note_health(&mut memory, source, Heard::Silence, at(100));
        let known = health(&memory, source);
        assert!(known.ever && known.failing && known.silent && !known.is_heard_of(at(100)));
        assert!(!takes_its_turn(&mut memory, source, at(5_099)));
        assert!(takes_its_turn(&mut memory, source, at(5_100)), "one tries");
        assert!(!takes_its_turn(&mut memory, source, at(5_100)), "and no other");
        assert!(takes_its_turn(&mut memory, source, at(10_100)), "until that one should have told");

        let before = note_health(&mut memory, source, Heard::Answer, at(10_200)).unwrap();
        assert!(before.failing);
        assert!(health(&memory, source).is_heard_of(at(10_200)));
        assert!(takes_its_turn(&mut memory, source, at(10_200)));
    }

    #[test]
    fn a_failure_is_no_silence_but_the_next_asks_before() {
        let (mut memory, source) = (Memory::default(), source());
        note_health(&mut memory, source, Heard::Answer, NOW);
        note_health(&mut memory, source, Heard::Failure, at(1));
        let known = health(&memory, source);
        assert!(known.ever && known.failing && !known.silent && !known.is_heard_of(at(1)));
        assert!(takes_its_turn(&mut memory, source, at(1)));
    }

    #[test]
    fn under_load_an_answer_is_written_once_a_second() {
        let (mut memory, source) = (Memory::default(), source());
        let writes =
            (0..5_000).filter(|at_ms| note_health(&mut memory, source, Heard::Answer, at(*at_ms)).is_some());
        assert_eq!(writes.count(), 5);
        assert!(health(&memory, source).is_heard_of(at(5_000)));
    }

    #[test]
    fn a_clock_that_is_set_back_neither_vouches_nor_condemns() {
        let (mut memory, source) = (Memory::default(), source());
        note_health(&mut memory, source, Heard::Answer, at(3_600_000));
        assert!(!health(&memory, source).is_heard_of(NOW));
        note_health(&mut memory, source, Heard::Silence, at(3_600_000));
        assert!(takes_its_turn(&mut memory, source, NOW));
        // Another worker's clock may be a little ahead.
        note_health(&mut memory, source, Heard::Answer, at(1_000));
        assert!(health(&memory, source).is_heard_of(NOW));
    }

    #[test]
    fn what_another_build_wrote_says_nothing() {
        let (mut memory, source) = (Memory::default(), source());
        let place = Place::find(&memory, KIND, source);
        let good = Health { ever: true, heard: NOW, ..Health::default() }.encode();
        for bytes in [
            &[][..],
            &[9],
            &good[..good.len() - 1],
            &[&good[..], &[0]].concat(),
            &[&[2], &good[1..]].concat(),
        ] {
            assert_eq!(Health::decode(bytes), None, "{bytes:?}");
        }
        assert!(place.put(&mut memory, source, &[2, 7]));
        assert_eq!(health(&memory, source), Health::default());
        note_health(&mut memory, source, Heard::Answer, NOW);
        assert!(health(&memory, source).is_heard_of(NOW));
    }
}
