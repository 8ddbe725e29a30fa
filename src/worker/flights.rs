//! What is being found out: one flight for each thing wanted, however many wait for it, here and in other workers.
//!
//! A flight is a search of this worker's (`fetch.rs`), or another worker's that this one follows (`follow.rs`). What proofs need beside
//! their subject is searched for too (`part.rs`). All of them ask when they may (`queued.rs`), ask again after a pause (`pause.rs`), and
//! have their waiters until those have waited long enough (`deadlines.rs`).
//!
//! ```text
//! board ─▶ room? ─▶ lease ── another worker's ─▶ follow ─▶ its news, or its lease runs out: board again
//!                     │ ours, or none
//!                     ▼
//!                   search ─▶ ask ─▶ queued ─▶ callout ─▶ on_reply ─▶ ask the next
//!                                                            │ holds a go.mod or a zip ──────────▶ Event::Holds   ─▶ learn
//!                                                            │ a checksum database's file ───────▶ Event::ToProve ─▶ proven, again
//!                                                            ▼
//!                                                          land: index, lease ───────────────────▶ Event::Landed
//! ```

mod deadlines;
mod fetch;
mod follow;
mod land;
mod part;
mod pause;
mod prepare;
mod queued;

use std::collections::{BTreeMap, VecDeque};

use self::{part::PartSearch, prepare::expect_record, queued::Queued};
use super::{
    flight::{Flight, Landed},
    key::{Owner, PartKey, SearchKey, SumsWaiter, Waiter},
    services::{Services, budget::Told},
};
use crate::{
    config::Config,
    cx::{Cx, StreamId},
    flow::{FlightsStatus, Parked, Search},
    goproxy::Found,
    http::Timestamp,
    plan::Source,
};

/// What one worker finds out.
#[derive(Debug, Default)]
pub(super) struct Flights {
    /// What proofs need, being asked for.
    parts: BTreeMap<PartKey, Box<PartSearch>>,
    /// What is to be asked as soon as it may be.
    queued: VecDeque<Queued>,
    searches: BTreeMap<SearchKey, Course>,
}

/// How a flight goes.
#[derive(Debug)]
enum Course {
    /// This worker asks.
    Fetch(Box<Fetch>),
    /// Another worker asks, and sends word.
    Follow {
        flight: Box<Flight>,
        /// When to see whether the other is still there.
        look_at: Timestamp,
    },
}

/// A search of this worker's.
#[derive(Debug)]
struct Fetch {
    /// Larger than that of any that began before.
    number: u64,
    flight: Flight,
    search: Search,
    /// Whether it has had its first slice of work.
    worked: bool,
    /// Whether storage is not asked, as something of the proof was spoiled there.
    fresh: bool,
    /// When the lease is to be renewed, where there is one.
    renew_at: Option<Timestamp>,
    /// When what it asks is asked again, while it pauses.
    again_at: Option<Timestamp>,
}

/// What flights work with.
pub(super) struct Ground<'a, 'c> {
    pub(super) services: &'a mut Services,
    pub(super) present: &'a dyn Present,
    pub(super) cx: &'a mut Cx<'c>,
}

/// Tells which waiters are still there, as the other parts know.
pub(super) trait Present {
    /// Whether `waiter`, no search, is still there.
    fn is_there(&self, waiter: &Waiter) -> bool;
    /// Whether a client has waited for as long as one may in all.
    fn has_waited(&self, stream: StreamId, config: &Config, now: Timestamp) -> bool;

    /// Whether a client is answered without what is searched for, where that is not found in time.
    fn does_without(&self, stream: StreamId) -> bool;
}

/// What becomes of a client that waits for a search.
pub(super) enum Boarding {
    /// It is over already.
    Landed(Box<Landed>),
    /// It waits; whether another request had begun the search.
    Waits { coalesced: bool },
}

impl Flights {
    /// Whether nothing is being found out.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.parts.is_empty() && self.queued.is_empty() && self.searches.is_empty()
    }

    /// What is being found out.
    pub(super) fn status(&self, status: &mut FlightsStatus) {
        for course in self.searches.values() {
            match course {
                Course::Fetch(fetch) => {
                    *status.searches.entry(fetch.flight.want.kind().as_str()).or_default() += 1;
                }
                Course::Follow { .. } => status.followed += 1,
            }
        }
        status.parts = self.parts.len();
        status.queued = self.queued.len();
    }

    /// Whether anything depends on time that this worker has under way.
    pub(super) fn is_at_work(&self) -> bool {
        !self.parts.is_empty() || !self.queued.is_empty() || !self.searches.is_empty()
    }

    /// Has a client, or what asks as one, wait until what it asks is found out.
    pub(super) fn wait(
        &mut self,
        waiter: Waiter,
        parked: &Parked,
        known: Option<Found>,
        ground: &mut Ground<'_, '_>,
    ) -> Boarding {
        let now = ground.cx.now;
        let flight = Flight::of(parked, known, waiter.clone(), now);
        let key = flight.key();
        if let Some(same) = self.flight_mut(&key) {
            same.join(waiter, parked.since(), now);
            return Boarding::Waits { coalesced: true };
        }
        match self.board(flight, ground) {
            Some(landed) => Boarding::Landed(landed.into()),
            None => {
                let coalesced = matches!(self.searches.get(&key), Some(Course::Follow { .. }));
                Boarding::Waits { coalesced }
            }
        }
    }

    /// Has the waiters of `flight` join what is being found out already; else `flight` is to be begun.
    pub(super) fn join(&mut self, flight: Flight, config: &Config) -> Option<Flight> {
        let Some(course) = self.searches.get_mut(&flight.key()) else { return Some(flight) };
        course.flight_mut().join_all(flight);
        // It may have been begun before the file was here.
        if let Course::Fetch(fetch) = course {
            expect_record(&mut fetch.search, &fetch.flight, config);
        }
        None
    }

    /// Whether what is called so is being found out.
    pub(super) fn has(&self, key: &SearchKey) -> bool {
        self.searches.contains_key(key)
    }

    /// Has this found out for the index and for storage, though no client waits for it, unless it is being found out already. Without
    /// room nothing is done: no client is refused anything.
    pub(super) fn refresh(&mut self, flight: Flight, ground: &mut Ground<'_, '_>) -> Option<Landed> {
        let key = flight.key();
        let services = &ground.services;
        let is_free = services.budget.has_room()
            && !self.searches.contains_key(&key)
            && !services.leases.is_held(ground.cx.kv, &key.path, ground.cx.now);
        if is_free { self.board(flight, ground) } else { None }
    }

    fn flight_mut(&mut self, key: &SearchKey) -> Option<&mut Flight> {
        self.searches.get_mut(key).map(Course::flight_mut)
    }

    /// Whether something waits for its turn to be asked.
    pub(super) fn is_backed_up(&self) -> bool {
        !self.queued.is_empty()
    }

    /// Whether one that waits for it is still there.
    fn is_awaited(&self, flight: &Flight, present: &dyn Present) -> bool {
        flight.waiting().any(|waiter| match waiter {
            Waiter::Ahead(key) | Waiter::Sums(SumsWaiter::Search(key)) => self.searches.contains_key(key),
            waiter => present.is_there(waiter),
        })
    }

    /// Whether `source` has told this owner to come later before; `None` where another host answers for `source`.
    pub(super) fn told(&self, owner: &Owner, source: Source) -> Option<Told> {
        let search = match owner {
            Owner::Part(key) => self.parts.get(key).map(|part| part.search()),
            Owner::Search(key) => match self.searches.get(key) {
                Some(Course::Fetch(fetch)) => Some(&fetch.search),
                _ => None,
            },
            _ => None,
        };
        let Some(search) = search else { return Some(Told::First) };
        if search.has_strayed(source) {
            return None;
        }
        Some(if search.was_limited() { Told::Again } else { Told::First })
    }

    /// What is called so is being found out.
    pub(super) fn keys(&self) -> Vec<SearchKey> {
        self.searches.keys().cloned().collect()
    }

    /// The search of this worker's for `key`, taken out.
    fn take_fetch(&mut self, key: &SearchKey) -> Option<Box<Fetch>> {
        match self.searches.remove(key)? {
            Course::Fetch(fetch) => Some(fetch),
            follow @ Course::Follow { .. } => {
                self.searches.insert(key.clone(), follow);
                None
            }
        }
    }
}

impl Course {
    fn flight_mut(&mut self) -> &mut Flight {
        match self {
            Self::Fetch(fetch) => &mut fetch.flight,
            Self::Follow { flight, .. } => flight,
        }
    }
}
