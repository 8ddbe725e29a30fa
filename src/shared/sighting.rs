//! How a source was doing when somebody last heard of it: one record for each, which all workers read and write. It outlives a
//! configuration, and the VM that wrote it.

use std::time::Duration;

use super::{SharedKv, SourceId, bytes::take, slots::Place};
use crate::http::Timestamp;

/// What is known of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Whether it ever answered.
    pub ever: bool,
    /// Whether it failed last time, in whatever way.
    pub failing: bool,
    /// Whether it kept this gateway waiting in vain when the gateway last asked for something itself.
    pub silent: bool,
    /// When it last answered, unless it has failed since.
    heard: Timestamp,
    /// When it last kept somebody waiting in vain, or somebody set out to see whether it still does.
    tried: Timestamp,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It answered.
    Answer,
    /// It failed, but did not keep anybody waiting; or it failed a client, who may be the reason.
    Failure,
    /// It kept this gateway waiting, or cannot be reached.
    Silence,
}

/// What is known of `source`.
pub fn sighting(kv: &dyn SharedKv, source: SourceId) -> Sighting {
    Place::find(kv, KIND, source).record.and_then(|bytes| Sighting::decode(&bytes)).unwrap_or_default()
}

/// Notes what came of asking `source`, and returns what was known before; nothing where nothing new is known.
pub fn note_sighting(
    kv: &mut dyn SharedKv,
    source: SourceId,
    heard: Heard,
    now: Timestamp,
) -> Option<Sighting> {
    for _ in 0..ATTEMPTS {
        let place = Place::find(kv, KIND, source);
        let before = place.record.as_deref().and_then(Sighting::decode).unwrap_or_default();
        if heard == Heard::Answer && before.says_so_already(now) {
            return None;
        }
        if place.put(kv, source, &before.then(heard, now).encode()) {
            return Some(before);
        }
    }
    None
}

/// Whether `source` is to be asked in its turn, and not last: it keeps nobody waiting, or did so long ago and whoever asks now
/// is the first to see whether it still does.
pub fn takes_its_turn(kv: &mut dyn SharedKv, source: SourceId, now: Timestamp) -> bool {
    let place = Place::find(kv, KIND, source);
    let Some(known) = place.record.as_deref().and_then(Sighting::decode).filter(|known| known.silent) else {
        return true;
    };
    !now.is_within(REST, known.tried) && place.put(kv, source, &Sighting { tried: now, ..known }.encode())
}

impl Sighting {
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
        match heard {
            Heard::Answer => Self { ever: true, failing: false, silent: false, heard: now, ..self },
            Heard::Failure => Self { failing: true, heard: Timestamp::default(), ..self },
            Heard::Silence => {
                Self { failing: true, silent: true, heard: Timestamp::default(), tried: now, ..self }
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
        let flags = u8::from(self.ever) | u8::from(self.failing) << 1 | u8::from(self.silent) << 2;
        let mut bytes = vec![LAYOUT, flags];
        bytes.extend(self.heard.0.to_le_bytes());
        bytes.extend(self.tried.0.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let [layout, flags] = take(&mut bytes)?;
        let heard = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let tried = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let [ever, failing, silent] = [1, 2, 4].map(|flag| flags & flag != 0);
        (layout == LAYOUT && bytes.is_empty()).then_some(Self { ever, failing, silent, heard, tried })
    }
}

const KIND: &str = "source";

const LAYOUT: u8 = 1;

/// For how long a source that keeps everybody waiting is asked last. Then one request sees whether it still does.
pub const REST: Duration = Duration::from_secs(5);

/// How long an answer says that the next request will be answered too. A store that begins to hang costs those who come within
/// this time a failed download; whoever comes later asks before, which costs a client of an idle gateway a millisecond.
pub const FRESH: Duration = Duration::from_secs(2);

/// How old what is written of an answer may become under load: a write a second for each source, whatever is asked of it.
const STEP: Duration = Duration::from_secs(1);

/// Who loses so many races knows what those know who won.
const ATTEMPTS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, shared::Memory};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn source() -> SourceId {
        let config = r#"{"upstreams": [{"cluster": "c", "url": "https://proxy.test"}]}"#;
        SourceId::of(&Config::parse(config).unwrap().upstreams[0].endpoint)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp(NOW.0 + millis)
    }

    #[test]
    fn what_was_seen_stays_seen_and_what_is_silent_rests_until_one_tries() {
        let (mut memory, source) = (Memory::default(), source());
        assert_eq!(sighting(&memory, source), Sighting::default());
        assert!(takes_its_turn(&mut memory, source, NOW), "of whom nothing is known");
        assert_eq!(note_sighting(&mut memory, source, Heard::Answer, NOW), Some(Sighting::default()));
        assert!(sighting(&memory, source).is_heard_of(at(1_999)));
        assert!(!sighting(&memory, source).is_heard_of(at(2_000)));

        note_sighting(&mut memory, source, Heard::Silence, at(100));
        let known = sighting(&memory, source);
        assert!(known.ever && known.failing && known.silent && !known.is_heard_of(at(100)));
        assert!(!takes_its_turn(&mut memory, source, at(5_099)));
        assert!(takes_its_turn(&mut memory, source, at(5_100)), "one tries");
        assert!(!takes_its_turn(&mut memory, source, at(5_100)), "and no other");
        assert!(takes_its_turn(&mut memory, source, at(10_100)), "until that one should have told");

        let before = note_sighting(&mut memory, source, Heard::Answer, at(10_200)).unwrap();
        assert!(before.failing);
        assert!(sighting(&memory, source).is_heard_of(at(10_200)));
        assert!(takes_its_turn(&mut memory, source, at(10_200)));
    }

    #[test]
    fn a_failure_is_no_silence_but_the_next_asks_before() {
        let (mut memory, source) = (Memory::default(), source());
        note_sighting(&mut memory, source, Heard::Answer, NOW);
        note_sighting(&mut memory, source, Heard::Failure, at(1));
        let known = sighting(&memory, source);
        assert!(known.ever && known.failing && !known.silent && !known.is_heard_of(at(1)));
        assert!(takes_its_turn(&mut memory, source, at(1)));
    }

    #[test]
    fn under_load_an_answer_is_written_once_a_second() {
        let (mut memory, source) = (Memory::default(), source());
        let writes = (0..5_000)
            .filter(|at_ms| note_sighting(&mut memory, source, Heard::Answer, at(*at_ms)).is_some());
        assert_eq!(writes.count(), 5);
        assert!(sighting(&memory, source).is_heard_of(at(5_000)));
    }

    #[test]
    fn a_clock_that_is_set_back_neither_vouches_nor_condemns() {
        let (mut memory, source) = (Memory::default(), source());
        note_sighting(&mut memory, source, Heard::Answer, at(3_600_000));
        assert!(!sighting(&memory, source).is_heard_of(NOW));
        note_sighting(&mut memory, source, Heard::Silence, at(3_600_000));
        assert!(takes_its_turn(&mut memory, source, NOW));
        // Another worker's clock may be a little ahead.
        note_sighting(&mut memory, source, Heard::Answer, at(1_000));
        assert!(sighting(&memory, source).is_heard_of(NOW));
    }

    #[test]
    fn what_another_build_wrote_says_nothing() {
        let (mut memory, source) = (Memory::default(), source());
        let place = Place::find(&memory, KIND, source);
        let good = Sighting { ever: true, heard: NOW, ..Sighting::default() }.encode();
        for bytes in [
            &[][..],
            &[9],
            &good[..good.len() - 1],
            &[&good[..], &[0]].concat(),
            &[&[2], &good[1..]].concat(),
        ] {
            assert_eq!(Sighting::decode(bytes), None, "{bytes:?}");
        }
        assert!(place.put(&mut memory, source, &[2, 7]));
        assert_eq!(sighting(&memory, source), Sighting::default());
        note_sighting(&mut memory, source, Heard::Answer, NOW);
        assert!(sighting(&memory, source).is_heard_of(NOW));
    }
}
