//! What the workers of one gateway share of its fleet: whose turn it is to look at storage, what this gateway has to say there, and what it
//! has heard. It is lost with the process, which draws another name then.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{Expected, QueueId, SharedKv};
use crate::{
    config::{Endpoint, Storage},
    fleet::{Bulletin, Reading, Told},
    http::{SKEW, Timestamp},
};

/// Where that is kept, of one storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetStore {
    name: String,
    /// The furthest that the next round can be away.
    every: Duration,
}

/// Which worker makes a round, and when the next one begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    worker: u32,
    /// When that worker is given up; the beginning of all where none makes one.
    until: Timestamp,
    next: Timestamp,
    /// Whether there is something to say since the round began that is under way.
    is_rung: bool,
    /// When the first round began.
    begun: Timestamp,
    /// Whether a round has come to its end.
    has_ended: bool,
}

/// What this gateway has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its place, once storage has its bulletin there.
    pub place: Option<u8>,
    /// Counts what has changed of what it says.
    pub revision: u64,
    told: u64,
    hooks: Vec<Told>,
    /// The first segment that is whole.
    first: u64,
    /// The last segment that was begun.
    segment: u64,
    /// Those that are being written, and when each is given up.
    pending: Vec<(u64, Timestamp)>,
    feeds: Vec<Reading>,
    /// When the last poll of each ended, by this gateway's clock.
    polled: Vec<Timestamp>,
}

/// What this gateway has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Places that were taken when they were last looked at.
    pub places: u8,
    /// The other gateways, each once.
    pub members: Vec<Member>,
    /// The feeds of which something was missed, and when: they are read here once.
    pub behind: Vec<(String, Timestamp)>,
    /// The revision of its own that storage has, and since when.
    pub written: Option<(u64, Timestamp)>,
    /// How many gateways the host was told of.
    pub counted: u64,
}

/// Another gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its place.
    pub place: u8,
    /// The entity tag of its bulletin.
    pub etag: String,
    /// When it was written, by its own clock.
    pub written: Timestamp,
    /// Which one it was.
    pub revision: u64,
    /// The last hook that was heard of.
    pub told: u64,
    /// The last segment that was read.
    pub segment: u64,
    /// The feeds that it reads.
    pub feeds: Vec<Follows>,
}

/// A feed that another gateway reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// Which.
    pub feed: String,
    /// How many polls it has ended.
    pub polls: u64,
    /// When it was seen that it has ended the last, by this gateway's clock.
    pub seen: Timestamp,
    /// The last segment that has lines from before.
    pub upto: u64,
}

impl FleetStore {
    /// That of the fleet on this storage, which is looked at `every` so often.
    pub fn new(storage: &Storage, every: Duration) -> Self {
        let Endpoint { authority, path_prefix, .. } = &storage.endpoint;
        Self {
            name: format!("modgate/fleet/{}", number([authority, path_prefix, &storage.key_prefix])),
            every,
        }
    }

    /// Whether the first round is being waited for, and is not awaited for longer than `patience`.
    pub fn awaits_first(&self, kv: &dyn SharedKv, patience: Duration, now: Timestamp) -> bool {
        let turn: Turn = self.read(kv, "turn");
        let is_new = turn.begun == Timestamp::default() || now.is_within(patience, turn.begun);
        !turn.has_ended && is_new
    }

    /// When the first round began.
    pub fn begun(&self, kv: &dyn SharedKv) -> Timestamp {
        self.read::<Turn>(kv, "turn").begun
    }

    /// Claims a round for `worker`, if one is due: no other worker begins one until then.
    pub fn claim(&self, kv: &mut dyn SharedKv, worker: QueueId, until: Timestamp, now: Timestamp) -> bool {
        // What is further away than that is from before the clock was set back.
        let is_past = |time: Timestamp, most: Duration| time <= now || time.since(now) > most + SKEW;
        self.change(kv, "turn", |turn: &mut Turn| {
            let is_free = is_past(turn.until, until.since(now));
            let is_due = turn.is_rung || is_past(turn.next, self.every);
            if !(is_free && is_due) {
                return None;
            }
            if turn.begun == Timestamp::default() {
                turn.begun = now;
            }
            (turn.worker, turn.until, turn.is_rung) = (worker.0, until, false);
            Some(())
        })
        .is_some()
    }

    /// Prolongs the round of `worker`, unless it was given up.
    pub fn prolong(&self, kv: &mut dyn SharedKv, worker: QueueId, until: Timestamp) -> bool {
        self.change(kv, "turn", |turn: &mut Turn| {
            (turn.worker == worker.0 && turn.until != Timestamp::default()).then(|| turn.until = until)
        })
        .is_some()
    }

    /// Ends the round of `worker`, unless it was given up. The next begins then, or where there is something to say at `soonest`.
    pub fn end(&self, kv: &mut dyn SharedKv, worker: QueueId, next: Timestamp, soonest: Timestamp) {
        self.change(kv, "turn", |turn: &mut Turn| {
            (turn.worker == worker.0 && turn.until != Timestamp::default()).then(|| {
                turn.until = Timestamp::default();
                turn.next = if turn.is_rung { soonest } else { next };
                (turn.is_rung, turn.has_ended) = (false, true);
            })
        });
    }

    /// There is something to say: a round is due at once, or after the one that is under way.
    pub fn ring(&self, kv: &mut dyn SharedKv) {
        self.change(kv, "turn", |turn: &mut Turn| {
            let is_news = !turn.is_rung;
            turn.is_rung = true;
            is_news.then_some(())
        });
    }

    /// What this gateway has to say.
    pub fn said(&self, kv: &dyn SharedKv) -> Said {
        self.read(kv, "said")
    }

    /// Changes that, unless `change` has nothing to change; `None` as well where other workers were faster each time.
    pub fn say<T>(&self, kv: &mut dyn SharedKv, change: impl FnMut(&mut Said) -> Option<T>) -> Option<T> {
        self.change(kv, "said", change)
    }

    /// What this gateway has heard.
    pub fn heard(&self, kv: &dyn SharedKv) -> Heard {
        self.read(kv, "heard")
    }

    /// Keeps what it has heard: the one worker does whose round it is.
    pub fn keep(&self, kv: &mut dyn SharedKv, heard: &Heard) {
        self.change(kv, "heard", |kept: &mut Heard| {
            kept.clone_from(heard);
            Some(())
        });
    }

    fn read<V: Default + DeserializeOwned>(&self, kv: &dyn SharedKv, what: &str) -> V {
        kv.get(&self.key(what)).and_then(|read| decode(&read.value)).unwrap_or_default()
    }

    fn change<V: Default + Serialize + DeserializeOwned, T>(
        &self,
        kv: &mut dyn SharedKv,
        what: &str,
        mut change: impl FnMut(&mut V) -> Option<T>,
    ) -> Option<T> {
        let key = self.key(what);
        for _ in 0..ATTEMPTS {
            let read = kv.get(&key);
            let mut value = read.as_ref().and_then(|read| decode(&read.value)).unwrap_or_default();
            let said = change(&mut value)?;
            let bytes = postcard::to_allocvec(&(LAYOUT, value)).ok()?;
            if kv.put(&key, &bytes, Expected::unchanged(read.as_ref())).is_ok() {
                return Some(said);
            }
        }
        None
    }

    fn key(&self, what: &str) -> String {
        format!("{} {what}", self.name)
    }
}

impl Said {
    /// A hook has told this.
    pub fn tell(&mut self, told: Told, now: Timestamp) {
        self.revision = self.revision.wrapping_add(1);
        self.told = self.told.saturating_add(1);
        self.hooks.push(Told { number: self.told, at: now.0, ..told });
        let mut bytes = 0_usize;
        let kept = self.hooks.iter().rev().take_while(|told| {
            let texts = told.roots.iter().chain(&told.tags).chain(&told.branches);
            // What stands around each in JSON, and around all of them.
            bytes = texts.fold(bytes.saturating_add(100), |sum, text| {
                sum.saturating_add(text.len()).saturating_add(4)
            });
            bytes <= MAX_HOOK_BYTES && now.is_within(HOOKS_KEPT, Timestamp(told.at))
        });
        let gone = self.hooks.len().saturating_sub(kept.count().max(1));
        self.hooks.drain(..gone);
    }

    /// A segment begins to be written, which is given up then; its number. `None` where this gateway has no place: what was to be in it is
    /// missed by the others, who see that.
    pub fn begin_segment(&mut self, until: Timestamp) -> Option<u64> {
        self.segment = self.segment.saturating_add(1);
        if self.place.is_none() {
            self.lose_segments();
            return None;
        }
        self.pending.push((self.segment, until));
        Some(self.segment)
    }

    /// Storage has taken this segment, or has not.
    pub fn end_segment(&mut self, number: u64, is_stored: bool) {
        self.pending.retain(|(pending, _)| *pending != number);
        if !is_stored {
            self.first = self.first.max(number.saturating_add(1));
        }
    }

    /// None of the segments up to now is there any more.
    fn lose_segments(&mut self) {
        self.first = self.segment.saturating_add(1);
        self.pending.clear();
    }

    /// A poll of `feed` has ended, and has come so far; its lines stand in segments.
    pub fn note_read(&mut self, feed: &str, cursor: &[u8], now: Timestamp) {
        self.revision = self.revision.wrapping_add(1);
        let at = self.feeds.iter().position(|reading| reading.feed == feed);
        let polls = at.and_then(|at| self.feeds.get(at)).map_or(0, |reading| reading.polls);
        if let Some(at) = at {
            self.feeds.remove(at);
            self.polled.remove(at);
        } else if self.feeds.len() >= MAX_FEEDS {
            self.feeds.remove(0);
            self.polled.remove(0);
        }
        self.feeds.push(Reading::new(feed, polls.saturating_add(1), cursor, self.segment));
        self.polled.push(now);
    }

    /// When this gateway has ended its last poll of `feed`.
    pub fn polled(&self, feed: &str) -> Option<Timestamp> {
        self.feeds.iter().zip(&self.polled).find(|(reading, _)| reading.feed == feed).map(|(_, at)| *at)
    }

    /// Gives its place up, which another has: what stands there is that one's.
    pub fn leave_place(&mut self) {
        self.place = None;
        self.revision = self.revision.wrapping_add(1);
        self.lose_segments();
    }

    /// What others read. A worker that has died while it wrote a segment has not written it.
    pub fn bulletin(&mut self, name: &str, now: Timestamp) -> Bulletin {
        let gone = self.pending.iter().filter(|(_, until)| *until <= now).map(|(number, _)| *number).max();
        if let Some(gone) = gone {
            self.end_segment(gone, false);
            self.pending.retain(|(_, until)| *until > now);
        }
        let first =
            self.first.max(1).max((self.segment.saturating_add(1)).saturating_sub(crate::fleet::SEGMENTS));
        let whole =
            self.pending.iter().map(|(number, _)| number.saturating_sub(1)).min().unwrap_or(self.segment);
        Bulletin {
            written: now.0,
            revision: self.revision,
            told: self.told,
            hooks: self.hooks.clone(),
            first: first.min(whole.saturating_add(1)),
            last: whole,
            feeds: self.feeds.clone(),
            ..Bulletin::new(name)
        }
    }
}

/// A number for what these texts say.
fn number<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text);
        // A byte that none of them contains.
        digest.update([0xff]);
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// By which gateways know that they read the same feed: its address. How each gets there is its own affair.
pub fn feed_number(endpoint: &Endpoint) -> String {
    number([&endpoint.authority, &endpoint.path_prefix])
}

fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Option<V> {
    let (layout, value) = postcard::from_bytes::<(u8, V)>(bytes).ok()?;
    (layout == LAYOUT).then_some(value)
}

const LAYOUT: u8 = 1;

/// How long what a hook has told is kept for others: as long as lists are believed at most where hooks come, by the documentation's advice,
/// several times over.
const HOOKS_KEPT: Duration = Duration::from_secs(60 * 60);

/// Bytes of them, which a bulletin has room for: hundreds of usual ones.
const MAX_HOOK_BYTES: usize = 40 << 10;

/// Feeds that were read, those of a configuration before included.
const MAX_FEEDS: usize = 8;

/// A worker whose write loses reads again: as often as all workers of a large Envoy can be faster, for what a hook tells is lost to others else.
const ATTEMPTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const NAME: &str = "0123456789abcdef";

    fn store() -> FleetStore {
        FleetStore { name: "modgate/fleet/0".to_owned(), every: Duration::from_secs(5) }
    }

    fn at(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    #[test]
    fn one_worker_makes_a_round_and_what_is_said_meanwhile_has_the_next_begin() {
        let (mut kv, store) = (Memory::default(), store());
        let (a, b) = (QueueId(1), QueueId(2));
        assert!(store.awaits_first(&kv, Duration::from_secs(10), at(0)));
        assert!(store.claim(&mut kv, a, at(10), at(0)) && !store.claim(&mut kv, b, at(10), at(0)));
        assert!(store.awaits_first(&kv, Duration::from_secs(10), at(9)));
        assert!(!store.awaits_first(&kv, Duration::from_secs(10), at(10)));
        store.ring(&mut kv);
        assert!(!store.claim(&mut kv, b, at(11), at(1)), "it is under way");
        store.end(&mut kv, a, at(5), at(2));
        assert!(!store.claim(&mut kv, b, at(11), at(1)) && store.claim(&mut kv, b, at(12), at(2)));
        store.end(&mut kv, a, at(3), at(3));
        assert!(!store.claim(&mut kv, a, at(13), at(3)), "it is not its own to end");
        assert!(store.claim(&mut kv, a, at(22), at(12)), "b is dead");
        assert!(!store.prolong(&mut kv, b, at(30)) && store.prolong(&mut kv, a, at(30)));
        store.end(&mut kv, a, at(35), at(31));
        assert!(
            !store.claim(&mut kv, a, at(40), at(30))
                && store.claim(&mut kv, a, at(10), NOW.before(HOOKS_KEPT))
        );
    }

    #[test]
    fn hooks_are_kept_for_a_while_and_the_newest_have_room() {
        let mut said = Said::default();
        let told = |root: &str| Told::new(&[root.to_owned()], &[]);
        for n in 0..10 {
            said.tell(told("a.b"), at(n * 600));
        }
        let bulletin = said.bulletin(NAME, at(6000));
        assert_eq!((bulletin.hooks.len(), bulletin.told, bulletin.first_told()), (6, 10, 5));
        for _ in 0..5000 {
            said.tell(told(&"x".repeat(300)), at(6000));
        }
        let bulletin = said.bulletin(NAME, at(6000));
        assert_eq!(Bulletin::read(bulletin.text().as_bytes()).unwrap(), bulletin);
        assert!((80..200).contains(&bulletin.hooks.len()), "{}", bulletin.hooks.len());
    }

    #[test]
    fn no_segment_is_told_of_before_all_up_to_it_are_there() {
        let mut said = Said { place: Some(0), ..Said::default() };
        assert_eq!([1, 2, 3].map(|_| said.begin_segment(at(10)).unwrap()), [1, 2, 3]);
        said.end_segment(3, true);
        said.note_read("f", b"", at(0));
        let range = |said: &mut Said, now| {
            let bulletin = said.bulletin(NAME, now);
            assert!(Bulletin::read(bulletin.text().as_bytes()).is_some());
            (bulletin.first, bulletin.last)
        };
        assert_eq!(range(&mut said, at(0)), (1, 0));
        said.end_segment(1, true);
        assert_eq!((range(&mut said, at(0)), said.feeds[0].upto), ((1, 1), 3));
        // The worker that was to write the second is gone: the third is there, and what is before it is not whole.
        assert_eq!(range(&mut said, at(10)), (3, 3));
        said.leave_place();
        assert_eq!((range(&mut said, at(11)), said.begin_segment(at(20))), ((4, 3), None));
        assert_eq!(range(&mut said, at(11)), (5, 4));
        assert_eq!((said.polled("f"), said.polled("g")), (Some(at(0)), None));
    }
}
