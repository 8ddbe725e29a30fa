//! A fixed number of pages, and which records get room in them.
//!
//! The host's shared data cannot forget a key, so the index uses as many as its size allows and no more, whatever clients ask for. One key is
//! a page of bytes that holds several records: memory is bounded by bytes, and a small record does not cost as much as a large one.
//! Documents and missing answers live apart, so that a flood of unknown names evicts no document.
//!
//! **Where a record lives.** A keyed hash gives each key two pages of its region; the record stands in one of them and is
//! read with one or two reads. A new one takes the first, and the emptier of the two where that is three quarters full, by which pages fill
//! evenly. Reading a page costs little more than reading a record: it is the call of the host that costs, up to some ten KiB.
//!
//! **What is large** stands in pages of its own, which are larger, and a pointer in the page says so: so nothing else pays for the copy of
//! a large page. A pointer and its document are of the same time, or there is no document.
//!
//! **Which record stays.** Every record carries its heat: how often it was used, counted slowly, halved while it rests. A look-up that hits
//! writes the heat down once in a while (`heat.rs`). A new record takes room of what is worth less, and only if clients have asked for the
//! new record more often than that is worth. Each worker guesses how often that was (`sketch.rs`). Of what is worth nothing, what was never
//! used goes first. A scan asks for everything once: it
//! runs through what it left behind itself and evicts no other, whichever worker it comes through. A document that clients
//! ask for often gets in anyway. No record is dropped for its age or for another configuration: a record of other sources cools down like
//! any other, and until then a configuration that is rolled back finds it.
//!
//! **A record that is too large** for any page is kept by each worker for itself, if at all (`annex.rs`), neither compressed nor over several pages. A
//! `.info` of 196 bytes deflates to 168 and a list of 2,025 versions from 17 KB to 4, but unpacking that list takes 41 us on each hit (zlib,
//! native) where reading it takes 3. A chain of pages could lose one of its links to any other key.
//!
//! **Which write wins.** All writes are compare-and-swap. A worker whose write loses reads again and decides again. The newer of two answers
//! stays. Two workers that keep the same key at once may write a page each. Both look again after their write, and the one that looks last
//! finds both records and takes the older away.

mod class;
mod kept;
mod page;
mod place;
mod scan;

pub use self::kept::{Kept, NotKept};
pub use self::scan::Cursor;
use self::{
    class::Class,
    page::most_record_bytes,
    place::{Newcomer, Place, Standing},
};
use super::{
    Entry, Heat, Key, Record, Seat, SharedKv,
    annex::Annex,
    fingerprint::{fetch_scope, fingerprint},
    keyed::{Keyed, Purpose},
    record::pointer,
    sketch::Sketch,
};
use crate::{
    config::{self, Config, limits::NEGATIVE_ENTRY_BYTES},
    goproxy::Found,
    http::Timestamp,
};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Documents, and what storage has.
    Found,
    /// What does not exist.
    Missing,
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
    /// What is too large for the pages.
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
        let Some((entry, standing)) = self.find(kv, region, path) else {
            self.asked.count(self.hash(region, path));
            return None;
        };
        standing.into_iter().flatten().for_each(|standing| standing.warm(now, kv));
        Some(entry)
    }

    /// As [`Index::look_up`], without counting a use: for a second look on behalf of the same request, or to see what became of an answer.
    /// Otherwise a record that a client asked for once would look used, and that alone tells use from a scan.
    pub fn peek(&self, kv: &dyn SharedKv, region: Region, path: &str) -> Option<Entry> {
        self.apart(kv, region, path)
            .map(Entry::Found)
            .or_else(|| self.find(kv, region, path).map(|(entry, _)| entry))
    }

    /// Whether clients ask for the document under `path` time and again.
    pub fn is_hot(&self, kv: &dyn SharedKv, path: &str, now: Timestamp) -> bool {
        let standing = self.place(Class::of(Region::Found), path).find(kv);
        let heat = standing.and_then(|standing| Some(standing.occupant()?.heat));
        heat.is_some_and(|heat| heat.is_hot(now))
    }

    /// What is kept apart under `path`, unless the pages know better: another worker found something newer there, or that there is
    /// none any more.
    fn apart(&self, kv: &dyn SharedKv, region: Region, path: &str) -> Option<Found> {
        let found = self.annex.get(path).filter(|_| region == Region::Found)?;
        let is_newer = |region| {
            let standing = self.place(Class::of(region), path).find(kv);
            standing
                .and_then(|standing| Some(standing.occupant()?.since))
                .is_some_and(|since| since >= found.since)
        };
        (!is_newer(Region::Found) && !is_newer(Region::Missing)).then(|| found.clone())
    }

    /// Keeps `entry` under `path`, unless a newer one stands there or both slots hold records that are worth more. An entry that is too large
    /// is kept for this worker alone, and the entry before it is dropped: otherwise all workers would see that one for ever.
    pub fn keep(&mut self, kv: &mut dyn SharedKv, path: &str, entry: &Entry, now: Timestamp) -> Kept {
        let region = match entry {
            Entry::Found(_) | Entry::Stored { .. } | Entry::Lost { .. } | Entry::Streamed { .. } => {
                Region::Found
            }
            Entry::Missing(_) => Region::Missing,
        };
        let (place, large) = (self.place(Class::of(region), path), self.place(Class::Large, path));
        let asked = self.asked.asked(self.hash(region, path)).max(1);
        let (since, heat) = (entry.since(), Heat::first(asked, now));
        let newcomer = |bytes| Newcomer { bytes, since, asked };
        let most = self.most_bytes(region);
        let may_fit = !matches!(entry, Entry::Found(found) if found.body.len() > most);
        let bytes = may_fit.then(|| Record { key: place.key, entry, heat }.encode()).flatten();
        let bytes = bytes.filter(|bytes| bytes.len() <= most);
        let is_apart = bytes.is_none();
        let is_large = bytes.as_ref().is_some_and(|bytes| bytes.len() > self.small_bytes(region));
        let kept = if !is_large {
            place.write(kv, &newcomer(bytes), now)
        } else {
            match large.write(kv, &newcomer(bytes), now) {
                refused @ Kept::Not(why) => {
                    if why != NotKept::Older {
                        let _ = place.write(kv, &newcomer(None), now);
                    }
                    refused
                }
                kept => place.write(kv, &newcomer(pointer(place.key, since, heat)), now).after(kept),
            }
        };
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
        // A large document without a pointer is none, and cools down.
        let nothing = Newcomer { bytes: None, since: now, asked: 0 };
        let _ = self.place(Class::of(region), path).write(kv, &nothing, now);
    }

    /// A number that is the same for this path and `since` on all workers, and differs among paths and among times: how
    /// much earlier than others an answer may be asked for again, in 256ths.
    pub fn jitter(&self, path: &str, since: Timestamp) -> u8 {
        let [bits, _] = self.keyed.hash(Purpose::Spread, self.key(path), since.0);
        bits.to_le_bytes()[0]
    }

    /// How many bytes a document may have that is kept under `path`.
    pub fn max_body_bytes(&self, path: &str) -> usize {
        self.most_bytes(Region::Found).saturating_sub(path.len()).saturating_sub(HEAD_BYTES)
    }

    /// How many bytes it takes of the host's memory at most.
    pub fn memory_bound_bytes(&self) -> u64 {
        self.sizes.memory_bound_bytes()
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

    /// What stands under `path`, and where: the record, or the pointer and the record.
    fn find(&self, kv: &dyn SharedKv, region: Region, path: &str) -> Option<(Entry, [Option<Standing>; 2])> {
        let standing = self.place(Class::of(region), path).find(kv)?;
        let occupant = standing.occupant()?;
        if !occupant.is_pointer() {
            return Some((occupant.entry()?, [Some(standing), None]));
        }
        let large = self.place(Class::Large, path).find(kv)?;
        let document = large.occupant().filter(|document| document.since == occupant.since)?;
        Some((document.entry()?, [Some(standing), Some(large)]))
    }

    /// The largest record of `region` that stands beside others, and not among the large ones.
    fn small_bytes(&self, region: Region) -> usize {
        let page = most_record_bytes(Class::of(region).pages(&self.sizes).capacity());
        match region {
            Region::Found if self.sizes.large.count > 0 => page / 2,
            Region::Found => page,
            Region::Missing => page.min(usize::try_from(NEGATIVE_ENTRY_BYTES).unwrap_or_default()),
        }
    }

    /// The largest record of `region`.
    fn most_bytes(&self, region: Region) -> usize {
        match region {
            Region::Found if self.sizes.large.count > 0 => most_record_bytes(self.sizes.large.capacity()),
            _ => self.small_bytes(region),
        }
    }

    fn key<'a>(&self, path: &'a str) -> Key<'a> {
        Key { sources: self.sources, path }
    }

    /// What the sketch calls it.
    fn hash(&self, region: Region, path: &str) -> u64 {
        let [first, second] = self.keyed.hash(Class::of(region).purpose(), self.key(path), 0);
        second.rotate_left(32) ^ first
    }

    fn place<'a>(&self, class: Class, path: &'a str) -> Place<'a> {
        let key = self.key(path);
        let [first, second] = self.keyed.hash(class.purpose(), key, 0);
        let pages = class.pages(&self.sizes);
        let count = u64::from(pages.count);
        let page = first.checked_rem(count);
        // Another one, wherever there is another.
        let other = page.zip(second.checked_rem(count.saturating_sub(1)));
        let other = other.map(|(page, step)| (page + 1 + step) % count);
        Place { key, class, capacity: pages.capacity(), page, other }
    }
}

/// More than a record has beside its path and its document.
const HEAD_BYTES: usize = 128;

/// A worker whose write loses reads again. If it loses so many times, another worker has kept an answer that is as good.
const ATTEMPTS: usize = 3;
