//! The two pages of one key, and what has to go there for a new record.

use std::ops::Range;

use super::{
    ATTEMPTS, Kept, NotKept,
    class::Class,
    page::{Page, Room},
};
use crate::{
    http::Timestamp,
    shared::{Conflict, Key, Occupant, SharedKv, record::set_heat},
};

/// Where one key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) key: Key<'a>,
    pub(super) class: Class,
    /// The most bytes of a page.
    pub(super) capacity: usize,
    /// None where there is no page at all.
    pub(super) page: Option<u64>,
    /// None where there is one page in all.
    pub(super) other: Option<u64>,
}

/// A record on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Newcomer {
    /// `None` to empty the slot: the answer is too large, or was dropped.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) since: Timestamp,
    /// How often it was asked for, at least once.
    pub(super) asked: u8,
}

/// A record where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    page: Page,
    at: Range<usize>,
}

/// What came of an attempt to keep a record.
enum Attempt {
    Written(Kept),
    Refused(NotKept),
    /// The pages are not what they were.
    Again,
}

impl Place<'_> {
    /// The record of this key, and where it stands.
    pub(super) fn find(&self, kv: &dyn SharedKv) -> Option<Standing> {
        self.names().find_map(|name| {
            let page = Page::read(kv, name);
            let at = page.position(self.key)?;
            page.occupant(&at).is_some().then_some(Standing { page, at })
        })
    }

    /// Writes `newcomer` where its key stands already, else in the page of the two that gives up less for it, if it is worth more than
    /// what that is.
    pub(super) fn write(&self, kv: &mut dyn SharedKv, newcomer: &Newcomer, now: Timestamp) -> Kept {
        for _ in 0..ATTEMPTS {
            match self.attempt(kv, newcomer, now) {
                Attempt::Refused(why) => return Kept::Not(why),
                Attempt::Written(kept) => {
                    self.settle(kv, now);
                    return kept;
                }
                Attempt::Again => {}
            }
        }
        Kept::Not(NotKept::Contended)
    }

    fn attempt(&self, kv: &mut dyn SharedKv, newcomer: &Newcomer, now: Timestamp) -> Attempt {
        let pages = self.read(kv);
        let since = credible(newcomer.since, now);
        let is_newer =
            |page: &Page, at| page.occupant(at).is_some_and(|known| credible(known.since, now) > since);
        if pages.iter().any(|(page, at)| at.as_ref().is_some_and(|at| is_newer(page, at))) {
            return Attempt::Refused(NotKept::Older);
        }
        let same = pages.iter().find_map(|(page, at)| Some((page, at.as_ref()?)));
        let Some(bytes) = &newcomer.bytes else {
            let Some((page, at)) = same else { return Attempt::Refused(NotKept::TooLarge) };
            // Won or lost, the other page may hold it too.
            let _ = page.take(at, kv);
            return Attempt::Again;
        };
        if let Some((page, at)) = same {
            return self.replace(page, at, bytes.clone(), newcomer.asked, kv, now);
        }
        let rooms = pages.iter().filter_map(|(page, _)| {
            let room = page.room(bytes.len(), None, self.capacity, now)?;
            Some((page, room))
        });
        // Of two that give up nothing, the one that is read first, or else the emptier one.
        let enough = self.capacity / 4 * 3;
        let best = rooms.min_by_key(|(page, room)| (room.worth, page.bytes().max(enough)));
        let Some((page, room)) = best else { return Attempt::Refused(NotKept::TooLarge) };
        if !is_worth(newcomer.asked, &room) {
            return Attempt::Refused(NotKept::WorthLess);
        }
        let kept = self.displaced(page, &room).unwrap_or(Kept::New);
        written(page.put(Some(bytes), None, &room, kv), kept)
    }

    /// Writes `bytes` over the record at this place. An answer that has no room where the one before stands is a newcomer: the one before
    /// must not stay, for it would be what every worker sees.
    fn replace(
        &self,
        page: &Page,
        at: &Range<usize>,
        mut bytes: Vec<u8>,
        asked: u8,
        kv: &mut dyn SharedKv,
        now: Timestamp,
    ) -> Attempt {
        let heat = page.occupant(at).map(|occupant| occupant.heat);
        let worth = heat.map_or(0, |heat| heat.worth(now).saturating_add(1)).max(asked);
        if let Some(heat) = heat {
            set_heat(&mut bytes, heat);
        }
        match page.room(bytes.len(), Some(at), self.capacity, now).filter(|room| is_worth(worth, room)) {
            Some(room) => written(
                page.put(Some(&bytes), Some(at), &room, kv),
                self.displaced(page, &room).unwrap_or(Kept::Replaced),
            ),
            None => {
                let _ = page.take(at, kv);
                Attempt::Again
            }
        }
    }

    /// Takes the older answer away where both pages hold one, which two workers at once can bring about.
    fn settle(&self, kv: &mut dyn SharedKv, now: Timestamp) {
        for _ in 0..ATTEMPTS {
            let pages = self.read(kv);
            let [(first, Some(one)), (second, Some(other))] = &pages[..] else { return };
            let since =
                |page: &Page, at| page.occupant(at).and_then(|occupant| credible(occupant.since, now));
            let is_first_older = since(first, one) < since(second, other);
            let (older, at) = if is_first_older { (first, one) } else { (second, other) };
            if older.take(at, kv).is_ok() {
                return;
            }
        }
    }

    /// What it means that a record has this room.
    fn displaced(&self, page: &Page, room: &Room) -> Option<Kept> {
        let paths = page.paths(room);
        (!paths.is_empty()).then(|| Kept::Evicted { paths, region: self.class.region() })
    }

    /// The pages, and where in them the record of this key stands.
    fn read(&self, kv: &dyn SharedKv) -> Vec<(Page, Option<Range<usize>>)> {
        let pages = self.names().map(|name| Page::read(kv, name));
        pages.map(|page| (page.position(self.key), page)).map(|(at, page)| (page, at)).collect()
    }

    /// The names of the pages, in the order in which they are read.
    fn names(&self) -> impl Iterator<Item = String> {
        let class = self.class;
        [self.page, self.other].into_iter().flatten().map(move |page| class.page_name(page))
    }
}

impl Standing {
    /// The record.
    pub(super) fn occupant(&self) -> Option<Occupant<'_>> {
        self.page.occupant(&self.at)
    }

    /// It was used.
    pub(super) fn warm(mut self, now: Timestamp, kv: &mut dyn SharedKv) {
        self.page.warm(&self.at, now, kv);
    }
}

fn written(put: Result<(), Conflict>, kept: Kept) -> Attempt {
    match put {
        Ok(()) => Attempt::Written(kept),
        Err(Conflict) => Attempt::Again,
    }
}

/// Whether what was asked for so often is worth more than what has to go for it.
fn is_worth(asked: u8, room: &Room) -> bool {
    room.worth.is_none_or(|(uses, ..)| uses < asked)
}

/// A time to compare answers by. A time in the future was written before the clock was set back. It counts as older than any other:
/// otherwise it would keep newer answers out until that time comes.
fn credible(since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    since.is_credible(now).then_some(since)
}
