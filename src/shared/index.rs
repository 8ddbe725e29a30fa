//! A fixed number of slots, and which records get one.
//!
//! The host's shared data cannot forget a key, so the index uses as many as it is configured for and no more, whatever
//! clients ask for. Documents and missing answers live apart, so that a flood of unknown names evicts no document.
//!
//! **Where a record lives.** A keyed hash gives each key two slots of its region; the record stands in one of them and is
//! read with one or two reads.
//!
//! **Which record stays.** Every record carries its heat: how often it was used, counted slowly, halved while it rests. A look-up that hits
//! writes the heat down once in a while (`heat.rs`). A new record takes the slot that is worth less, and only if clients have asked for the
//! new record more often than that slot is worth. Each worker guesses how often that was (`sketch.rs`). A scan asks for everything once: it
//! runs through the slots whose records were not used again and evicts no other, whichever worker it comes through. A document that clients
//! ask for often gets in anyway. No record is dropped for its age or for another configuration: a record of other sources cools down like
//! any other, and until then a configuration that is rolled back finds it.
//!
//! **A record that is too large** is kept by each worker for itself, if at all (`annex.rs`), neither compressed nor over several slots. A
//! `.info` of 196 bytes deflates to 168 and a list of 2,025 versions from 17 KB to 4, but unpacking that list takes 41 us on each hit (zlib,
//! native) where reading it takes 3. A chain of slots could lose one of its slots to any other key.
//!
//! **Which write wins.** All writes are compare-and-swap. A worker whose write loses reads again and decides again. The newer of two answers
//! stays. Two workers that keep the same key at once may take a slot each. Both look again after their write, and the one that looks last
//! finds both records and empties the older.

mod kept;
mod place;
mod scan;

pub use self::kept::{Kept, NotKept};
use self::place::{Attempt, Newcomer, Place};
pub use self::scan::Cursor;
use super::{
    Entry, Expected, Heat, Key, Occupant, Record, Seat, SharedKv,
    annex::Annex,
    fingerprint::{fetch_scope, fingerprint},
    keyed::{Keyed, Purpose},
    record::set_heat,
    sketch::Sketch,
};
use crate::{
    config::{self, Config, limits::NEGATIVE_ENTRY_BYTES},
    goproxy::Found,
    http::Timestamp,
};

/// Which slots a record lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// For documents, and for what storage has.
    Found,
    /// For what does not exist.
    Missing,
}

impl Region {
    /// Its word in the names of its slots, and for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
        }
    }
}

/// The index of one configuration, as one worker sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    sizes: config::Index,
    keyed: Keyed,
    sources: u64,
    fetch_scope: u64,
    /// The keys that were looked up in vain.
    asked: Sketch,
    /// What is too large for the slots.
    annex: Annex,
}

impl Index {
    /// The index of `config`: of its size, for answers from its sources.
    pub fn new(config: &Config, seat: Seat) -> Self {
        let sources = fingerprint(config);
        Self {
            sizes: config.index,
            keyed: Keyed::new(seat.seed),
            sources,
            fetch_scope: fetch_scope(config, sources),
            asked: Sketch::new(),
            annex: Annex::default(),
        }
    }

    /// What `region` knows of `path`. Counts as a use of the record, or of the key as one that was asked for in vain.
    pub fn look_up(
        &mut self,
        kv: &mut dyn SharedKv,
        region: Region,
        path: &str,
        now: Timestamp,
    ) -> Option<Entry> {
        if let Some(found) = self.apart(kv, region, path) {
            self.annex.touch(path);
            return Some(Entry::Found(found));
        }
        let place = self.place(region, path);
        let Some((name, mut read, entry)) = place.find(kv) else {
            self.asked.count(place.hash);
            return None;
        };
        if let Some(heat) = Occupant::of(&read.value).and_then(|occupant| occupant.heat.used(now)) {
            set_heat(&mut read.value, heat);
            // A worker that wrote first wrote the same heat, or a newer answer.
            let _ = kv.put(&name, &read.value, Expected::Version(read.version));
        }
        Some(entry)
    }

    /// As [`Index::look_up`], without counting a use: for a second look on behalf of the same request, or to see what became of an answer.
    /// Otherwise a record that a client asked for once would look used, and that alone tells use from a scan.
    pub fn peek(&self, kv: &dyn SharedKv, region: Region, path: &str) -> Option<Entry> {
        self.apart(kv, region, path)
            .map(Entry::Found)
            .or_else(|| self.place(region, path).find(kv).map(|(_, _, entry)| entry))
    }

    /// What is kept apart under `path`, unless the slots know better: another worker found something newer there, or that there is
    /// none any more.
    fn apart(&self, kv: &dyn SharedKv, region: Region, path: &str) -> Option<Found> {
        let found = self.annex.get(path).filter(|_| region == Region::Found)?;
        let is_newer = |region| {
            let entry = self.place(region, path).find(kv).map(|(_, _, entry)| entry);
            entry.is_some_and(|entry| entry.since() >= found.since)
        };
        (!is_newer(Region::Found) && !is_newer(Region::Missing)).then(|| found.clone())
    }

    /// Keeps `entry` under `path`, unless a newer one stands there or both slots hold records that are worth more. An entry that is too large
    /// is kept for this worker alone, and the entry before it is dropped: otherwise all workers would see that one for ever.
    pub fn keep(&mut self, kv: &mut dyn SharedKv, path: &str, entry: &Entry, now: Timestamp) -> Kept {
        let (region, limit) = match entry {
            Entry::Found(_) | Entry::Stored { .. } | Entry::Lost { .. } | Entry::Streamed { .. } => {
                (Region::Found, self.sizes.max_entry_bytes)
            }
            Entry::Missing(_) => (Region::Missing, NEGATIVE_ENTRY_BYTES),
        };
        let place = self.place(region, path);
        let asked = self.asked.asked(place.hash).max(1);
        let heat = Heat::first(asked, now);
        let fits = |length: usize| u32::try_from(length).is_ok_and(|length| length <= limit);
        let may_fit = !matches!(entry, Entry::Found(found) if !fits(found.body.len()));
        let bytes = may_fit.then(|| Record { key: place.key, entry, heat }.encode()).flatten();
        let bytes = bytes.filter(|bytes| fits(bytes.len()));
        let is_apart = bytes.is_none();
        let kept = write(place, kv, &Newcomer { bytes, since: entry.since(), asked }, now);
        match entry {
            Entry::Found(found) if is_apart => {
                self.annex.keep(path, found);
                return Kept::Apart;
            }
            Entry::Missing(_) => {}
            _ => self.annex.forget(path),
        }
        if is_apart { Kept::Not(NotKept::TooLarge) } else { kept }
    }

    /// Keeps for this worker alone what another worker found out, if that is too large for a slot. If it is not, the other worker has kept it.
    pub fn keep_apart(&mut self, path: &str, entry: &Entry) {
        if let Entry::Found(found) = entry
            && found.body.len() > self.max_body_bytes(path)
        {
            self.annex.keep(path, found);
        }
    }

    /// Drops what `region` knows of `path` as of `now`: it is known to be wrong.
    pub fn forget(&mut self, kv: &mut dyn SharedKv, region: Region, path: &str, now: Timestamp) {
        if region == Region::Found {
            self.annex.forget(path);
        }
        let _ = write(self.place(region, path), kv, &Newcomer { bytes: None, since: now, asked: 0 }, now);
    }

    /// A number that is the same for this path and `since` on all workers, and differs among paths and among times: how
    /// much earlier than others an answer may be asked for again, in 256ths.
    pub fn jitter(&self, path: &str, since: Timestamp) -> u8 {
        let [bits, _] = self.keyed.hash(Purpose::Spread, self.key(path), since.0);
        bits.to_le_bytes()[0]
    }

    /// How many bytes a document may have that is kept under `path`.
    pub fn max_body_bytes(&self, path: &str) -> usize {
        let most = usize::try_from(self.sizes.max_entry_bytes).unwrap_or_default();
        most.saturating_sub(path.len()).saturating_sub(HEAD_BYTES)
    }

    /// How many slots a region has.
    pub fn slots(&self, region: Region) -> u32 {
        match region {
            Region::Found => self.sizes.slots,
            Region::Missing => self.sizes.negative_slots,
        }
    }

    /// Which sources its answers are from, as [`Key`] has it.
    pub fn sources(&self) -> u64 {
        self.sources
    }

    /// Which sources are asked for which modules: workers with the same number may wait for one another's searches and use the results.
    pub fn fetch_scope(&self) -> u64 {
        self.fetch_scope
    }

    pub(super) fn keyed(&self) -> Keyed {
        self.keyed
    }

    fn key<'a>(&self, path: &'a str) -> Key<'a> {
        Key { sources: self.sources, path }
    }

    fn place<'a>(&self, region: Region, path: &'a str) -> Place<'a> {
        let key = self.key(path);
        let purpose = match region {
            Region::Found => Purpose::Found,
            Region::Missing => Purpose::Missing,
        };
        let [first, second] = self.keyed.hash(purpose, key, 0);
        let slots = u64::from(self.slots(region).max(1));
        let slot = first % slots;
        // Never the same slot, unless there is but one.
        let other = (slots > 1).then(|| (slot + 1 + second % (slots - 1)) % slots);
        Place { key, hash: second.rotate_left(32) ^ first, region, slot, other }
    }
}

fn write(place: Place<'_>, kv: &mut dyn SharedKv, newcomer: &Newcomer, now: Timestamp) -> Kept {
    for _ in 0..ATTEMPTS {
        match place.keep(kv, newcomer, now) {
            Attempt::Refused(why) => return Kept::Not(why),
            Attempt::Written(kept) => {
                place.settle(kv, now);
                return kept;
            }
            Attempt::Again => {}
        }
    }
    Kept::Not(NotKept::Contended)
}

/// More than a record has beside its path and its document.
const HEAD_BYTES: usize = 128;

/// A worker whose write loses reads again. If it loses so many times, another worker has kept an answer that is as good.
const ATTEMPTS: usize = 3;
