//! What becomes of files that no client waits for: the same as of a client's request (`receive.rs`), up to where that would be answered.

use std::time::Duration;

use super::{
    Worker,
    event::Event,
    flights::Boarding,
    key::{DateLookupKey, ErrandId, SearchKey, Undecided, Waiter},
};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{Came, End, Ended, Next, Parked, Routed, Searched, came},
    plan::{Source, Want},
    shared::{Entry, Region},
};

impl Worker {
    /// Reads on what a client has posted.
    pub(super) fn read_order(&mut self, stream: StreamId, cx: &mut Cx<'_>) {
        let is_there = self.clients.has(stream);
        if let Some(verdict) = self.prewarms.read(stream, is_there, &mut self.services, cx) {
            self.clients.show(stream, |_| verdict, cx);
        }
        self.prewarm(cx);
    }

    /// Asks for as many files as may be asked for now, and looks after those that are asked for.
    pub(super) fn prewarm(&mut self, cx: &mut Cx<'_>) {
        if !self.prewarms.is_at_work() {
            return;
        }
        self.look_at_copied(cx);
        for errand in self.prewarms.late(cx.now) {
            let reason = "it was not there in time".to_owned();
            self.errand_came(errand, &Came::Failed { reason, again: false }, cx);
        }
        for _ in 0..AT_A_TURN {
            let is_backed_up = self.flights.is_backed_up();
            let Some((errand, parked)) = self.prewarms.next(is_backed_up, &mut self.services, cx) else {
                break;
            };
            self.run_errand(errand, Next::Ask(parked), cx);
        }
        for (stream, verdict) in self.prewarms.tell(cx) {
            self.clients.show(stream, |_| verdict, cx);
        }
    }

    /// A search is over that a file waited for.
    pub(super) fn resume_errand(&mut self, errand: ErrandId, searched: &Searched, cx: &mut Cx<'_>) {
        let Some(parked) = self.prewarms.unpark(errand) else { return };
        let next = self.conclude(&parked, searched, false, cx);
        self.run_errand(errand, next, cx);
        self.services.emit(Event::Errands);
    }

    /// It is known now when a file's version was published.
    pub(super) fn decide_errand(&mut self, errand: ErrandId, cx: &mut Cx<'_>) {
        let Some(parked) = self.prewarms.release(errand) else { return };
        self.run_errand(errand, Next::Again(parked), cx);
        self.services.emit(Event::Errands);
    }

    /// Does what becomes of a file, up to where a client would be answered.
    fn run_errand(&mut self, errand: ErrandId, mut next: Next, cx: &mut Cx<'_>) {
        loop {
            next = match next {
                Next::Again(mut parked) => match parked.take_ended() {
                    Some(ended) => {
                        let Ended { searched, coalesced } = *ended;
                        self.conclude(&parked, &searched, coalesced, cx)
                    }
                    None => Next::Ask(parked),
                },
                Next::Ask(parked) => {
                    let (known, given) = (cx.counted.len(), cx.given.len());
                    let next = parked.ask(&mut self.services.known(), cx);
                    uncount(known, given, cx);
                    next
                }
                Next::Dates(mut parked, module, versions) => {
                    let key = DateLookupKey { module, may_fetch: parked.may_date() };
                    parked.note_dated();
                    self.prewarms.hold(errand, parked);
                    self.dates.join(&key, versions, Undecided::Errand(errand), cx.now);
                    return self.ask_dates(&key, cx);
                }
                Next::Hit(_) if let Some(parked) = self.prewarms.look_closer(errand, cx.now) => {
                    Next::Search(parked, None)
                }
                Next::Hit(hit) => Next::Answer(hit.give(None)),
                Next::Rewrite(hit, want, found) => {
                    self.storage.write_again(&want, found, &mut self.services, cx);
                    Next::Hit(hit)
                }
                Next::Refresh(verdict, ..) => Next::Answer(verdict),
                Next::Route(..) if let Some(parked) = self.prewarms.look_closer(errand, cx.now) => {
                    Next::Search(parked, None)
                }
                Next::Route(_, routed) => return self.errand_routed(errand, &routed, cx),
                Next::Search(parked, known) => {
                    self.prewarms.note_searched(errand);
                    let waiter = Waiter::Errand(errand);
                    match self.fly(cx, |flights, ground| flights.wait(waiter, &parked, known, ground)) {
                        Boarding::Landed(landed) => {
                            self.write_back(&landed, cx);
                            self.conclude(&parked, &landed.searched, landed.coalesced, cx)
                        }
                        Boarding::Waits { .. } => return self.prewarms.park(errand, parked),
                    }
                }
                Next::Answer(verdict) => return self.errand_came(errand, &came(&verdict), cx),
                // A file of a version is answered by none of these.
                Next::List(_)
                | Next::LookAgain(..)
                | Next::Make(_)
                | Next::Order(_)
                | Next::Probe
                | Next::Receive(_)
                | Next::Sift(..)
                | Next::Status => return self.errand_came(errand, &came(&Verdict::Continue), cx),
            }
        }
    }

    /// What follows from what a search came to.
    fn conclude(&mut self, parked: &Parked, searched: &Searched, coalesced: bool, cx: &mut Cx<'_>) -> Next {
        let since = match &searched.end {
            End::Document(found) => found.since,
            End::Missing(missing) => missing.since,
            End::Failed(_) | End::Zip { .. } => cx.now,
        };
        let jitter = self.services.index.jitter(&parked.want().key(), since);
        let (known, given) = (cx.counted.len(), cx.given.len());
        let next = parked.resume(searched, coalesced, jitter, &mut self.services.known(), cx);
        uncount(known, given, cx);
        next
    }

    /// A client would be sent to where a zip is. Storage has it then, or is to get it: what was not fetched whole is copied there in pieces.
    fn errand_routed(&mut self, errand: ErrandId, routed: &Routed, cx: &mut Cx<'_>) {
        let (zip, source) = (&routed.zip, routed.source);
        if source == Source::Storage {
            return self.errand_came(errand, &Came::Ready, cx);
        }
        if self.flights.has(&SearchKey::fetching(&Want::Zip(zip.clone()).key())) {
            // Clients have waited long enough for a search that goes on.
            self.prewarms.ask_later(errand, cx.now);
        } else if self.prewarms.copy(errand, cx.now) {
            self.storage.copy_later(zip, source, cx.now, false, cx);
        } else {
            self.errand_came(errand, &not_stored(), cx);
        }
    }

    /// Looks whether storage has got what is copied there. Another worker may do that.
    fn look_at_copied(&mut self, cx: &mut Cx<'_>) {
        for (errand, zip, since) in self.prewarms.copied() {
            let key = Want::Zip(zip.clone()).key();
            let found = self.services.index.peek(cx.kv, Region::Found, &key);
            if matches!(found, Some(Entry::Stored { .. })) {
                self.errand_came(errand, &Came::Ready, cx);
            } else if !self.storage.is_taking(&zip, &self.services, cx) && !cx.now.is_within(HANDOVER, since)
            {
                // It may have been there before: then that is found out now.
                self.prewarms.ask_later(errand, cx.now);
            }
        }
    }

    fn errand_came(&mut self, errand: ErrandId, came: &Came, cx: &mut Cx<'_>) {
        if let Some((stream, verdict)) = self.prewarms.came(errand, came, &mut self.services, cx) {
            self.clients.show(stream, |_| verdict, cx);
        }
    }
}

/// What was counted since is about a request; there is none.
fn uncount(counted: usize, given: usize, cx: &mut Cx<'_>) {
    cx.counted.truncate(counted);
    cx.given.truncate(given);
}

fn not_stored() -> Came {
    let reason =
        "it is too large to be fetched whole, and storage has not got it in pieces: the log says why";
    Came::Failed { reason: reason.to_owned(), again: false }
}

/// Files that are asked for at one turn: each costs some reads of the index, in all a few milliseconds.
const AT_A_TURN: usize = 32;

/// For how long nothing need be seen of a copy: it waits for its turn, or for another worker to begin it.
const HANDOVER: Duration = Duration::from_secs(30);
