//! The ledgers of what was served, as all workers of one Envoy share them, and which worker takes them to storage next.
//!
//! They live apart from the index: nothing evicts them, and they outlive a configuration. They are numbered, so that what they take is bounded;
//! those of another storage are others, lest one Modgate of an Envoy write into its storage what another served.
//!
//! One worker at a time brings one ledger together with what storage has of it, then the next:
//!
//! ```text
//!          claim: until then         end: the next ledger, at once       the last one: all again in SYNC_EVERY
//!   due ───────────────────▶ asked ──────────────────────────▶ due ... ──────────────────────────────────────▶ due
//!    ▲                         │ storage failed, or the worker died
//!    └──────── CLAIM ──────────┘
//! ```

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{
    Expected, SharedKv,
    bytes::take,
    fingerprint::base,
    ledger::{Keeping, LEDGERS, Ledger},
};
use crate::{
    config::Storage,
    http::{SKEW, Timestamp},
};

/// Where the ledgers of one storage are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedStore {
    name: String,
}

/// A ledger was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed<T> {
    /// What the change has to say.
    pub said: T,
    /// How many versions had to be left out.
    pub forgotten: u64,
    /// Whether it says something else than before.
    pub is_other: bool,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Turn {
    /// The ledger whose turn it is.
    ledger: u8,
    /// Whether all of them were brought together with storage once.
    complete: bool,
    /// When it is due.
    next: Timestamp,
}

impl ServedStore {
    /// Those that go to `storage`; without one, those that go nowhere.
    pub fn new(storage: Option<&Storage>) -> Self {
        let mut digest = Sha256::new();
        if let Some(storage) = storage {
            for text in base(&storage.endpoint).into_iter().chain([storage.key_prefix.as_str()]) {
                digest.update(text);
                // A byte that none of them contains.
                digest.update([0xff]);
            }
        }
        let scope = digest.finalize().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
        Self { name: format!("modgate/served/{scope:016x}") }
    }

    /// A ledger.
    pub fn read(&self, kv: &dyn SharedKv, ledger: u8, keeping: Keeping) -> Ledger {
        let read = kv.get(&self.ledger(ledger));
        let mut read = read.and_then(|read| Ledger::decode(&read.value)).unwrap_or_default();
        read.prune(keeping);
        read
    }

    /// Changes a ledger; `None` where other workers were faster each time, and nothing is changed.
    pub fn change<T>(
        &self,
        kv: &mut dyn SharedKv,
        ledger: u8,
        keeping: Keeping,
        mut change: impl FnMut(&mut Ledger) -> T,
    ) -> Option<Changed<T>> {
        let name = self.ledger(ledger);
        for _ in 0..ATTEMPTS {
            let read = kv.get(&name);
            let mut changed = read.as_ref().and_then(|read| Ledger::decode(&read.value)).unwrap_or_default();
            let said = change(&mut changed);
            changed.prune(keeping);
            let forgotten = changed.cut();
            let bytes = changed.encode().into_bytes();
            let is_other = read.as_ref().is_none_or(|read| read.value != bytes);
            if !is_other || kv.put(&name, &bytes, Expected::unchanged(read.as_ref())).is_ok() {
                return Some(Changed { said, forgotten, is_other });
            }
        }
        None
    }

    /// The ledger that this worker is to bring together with storage now, if one is due.
    pub fn claim_turn(&self, kv: &mut dyn SharedKv, now: Timestamp) -> Option<u8> {
        let name = self.turn();
        let read = kv.get(&name);
        let turn = read.as_ref().and_then(|read| Turn::decode(&read.value)).unwrap_or_default();
        // One that is further away than any is put off is from before the clock was set back.
        if turn.next > now && turn.next.since(now) <= SYNC_EVERY + SKEW {
            return None;
        }
        let claimed = Turn { next: now.after(CLAIM), ..turn };
        let put = kv.put(&name, &claimed.encode(), Expected::unchanged(read.as_ref()));
        put.is_ok().then_some(turn.ledger)
    }

    /// This ledger was brought together with storage; whether all of them have been for the first time.
    pub fn end_turn(&self, kv: &mut dyn SharedKv, ledger: u8, now: Timestamp) -> bool {
        let name = self.turn();
        let read = kv.get(&name);
        let turn = read.as_ref().and_then(|read| Turn::decode(&read.value)).unwrap_or_default();
        if turn.ledger != ledger {
            return false;
        }
        let ended = match ledger.saturating_add(1) {
            LEDGERS.. => Turn { ledger: 0, complete: true, next: now.after(SYNC_EVERY) },
            ledger => Turn { ledger, next: now, ..turn },
        };
        let put = kv.put(&name, &ended.encode(), Expected::unchanged(read.as_ref()));
        put.is_ok() && ended.complete && !turn.complete
    }

    /// Whether all ledgers were brought together with storage since this Envoy began.
    pub fn is_complete(&self, kv: &dyn SharedKv) -> bool {
        kv.get(&self.turn()).and_then(|read| Turn::decode(&read.value)).is_some_and(|turn| turn.complete)
    }

    /// Whether this worker is the one that looks next at what was served, as no worker has for `rest`.
    pub fn claim_look(&self, kv: &mut dyn SharedKv, rest: Duration, now: Timestamp) -> bool {
        let name = format!("{} look", self.name);
        let read = kv.get(&name);
        let looked = read.as_ref().and_then(|read| Some(u64::from_le_bytes(take(&mut &read.value[..])?)));
        if looked.is_some_and(|looked| now.is_within(rest, Timestamp(looked))) {
            return false;
        }
        kv.put(&name, &now.0.to_le_bytes(), Expected::unchanged(read.as_ref())).is_ok()
    }

    fn ledger(&self, number: u8) -> String {
        format!("{}/{number:02}", self.name)
    }

    fn turn(&self) -> String {
        format!("{} turn", self.name)
    }
}

impl Turn {
    /// Layout 1, numbers little-endian: the layout, the ledger, whether all were brought together once, and when it is due (Unix ms).
    fn encode(self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT, self.ledger, u8::from(self.complete)];
        bytes.extend(self.next.0.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let [layout, ledger, complete] = take(&mut bytes)?;
        let next = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let is_one = layout == LAYOUT && ledger < LEDGERS && bytes.is_empty();
        is_one.then_some(Self { ledger, complete: complete == 1, next })
    }
}

const LAYOUT: u8 = 1;

/// A race is lost to a worker that adds something else to the same ledger.
const ATTEMPTS: usize = 4;

/// How often all ledgers are brought together with storage, for what other Envoys have served: 13 requests a minute.
const SYNC_EVERY: Duration = Duration::from_secs(5 * 60);

/// After so long a worker that has claimed a ledger is dead, or storage has failed: any worker tries again.
const CLAIM: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::{Memory, ledger::Day};

    const KEEPING: Keeping = Keeping { today: Day(20_000), days: 90, names: true };

    fn at(seconds: u64) -> Timestamp {
        Timestamp(1_728_000_000_000 + 1_000 * seconds)
    }

    #[test]
    fn ledgers_have_their_turns_and_all_of_them_again_after_a_while() {
        let (mut kv, store) = (Memory::default(), ServedStore::new(None));
        for ledger in 0..LEDGERS {
            assert_eq!(store.claim_turn(&mut kv, at(0)), Some(ledger));
            assert_eq!(store.claim_turn(&mut kv, at(0)), None, "another worker has it");
            assert_eq!(store.end_turn(&mut kv, ledger, at(0)), ledger + 1 == LEDGERS);
        }
        assert_eq!(store.claim_turn(&mut kv, at(299)), None);
        assert_eq!(store.claim_turn(&mut kv, at(300)), Some(0));
        assert_eq!(store.claim_turn(&mut kv, at(359)), None);
        assert_eq!(store.claim_turn(&mut kv, at(360)), Some(0), "who had it is dead");
        assert!(!store.end_turn(&mut kv, 63, at(360)), "it is another's turn");
        // The clock is set back.
        assert_eq!(store.claim_turn(&mut kv, Timestamp(0)), Some(0));
    }

    #[test]
    fn what_another_build_wrote_is_none_of_ours() {
        let (mut kv, store) = (Memory::default(), ServedStore::new(None));
        for name in [store.turn(), store.ledger(3), format!("{} look", store.name)] {
            kv.put(&name, b"\x09other", Expected::Absent).unwrap();
        }
        assert_eq!(store.claim_turn(&mut kv, at(0)), Some(0));
        assert!(store.claim_look(&mut kv, CLAIM, at(0)) && !store.claim_look(&mut kv, CLAIM, at(1)));
        assert!(store.read(&kv, 3, KEEPING).is_empty());
        let note = |ledger: &mut Ledger| ledger.note("a.test/m@v1.0.0", "ann", KEEPING.today);
        for is_other in [true, false] {
            let changed = Changed { said: (), forgotten: 0, is_other };
            assert_eq!(store.change(&mut kv, 3, KEEPING, note), Some(changed));
        }
        assert_eq!(store.read(&kv, 3, KEEPING).len(), 1);
    }
}
