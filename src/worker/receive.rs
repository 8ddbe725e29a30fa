//! What becomes of a client's request: at once, when its search is over, and when it is known what may be shown.

use super::{
    Worker,
    flights::Boarding,
    key::{DateLookupKey, Undecided, Waiter},
};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{End, Ended, Next, Parked, Searched, Sifting},
    gomod::{ModulePath, Version},
    goproxy::Found,
};

impl Worker {
    /// Does what becomes of a request, whether it has just come or has waited: [`Verdict::Wait`] where it is to wait, or to wait on.
    /// `if_none_match` is what its client has already.
    pub(super) fn carry_out(
        &mut self,
        stream: StreamId,
        if_none_match: Option<&str>,
        next: Next,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        match next {
            Next::Again(mut parked) => match parked.take_ended() {
                Some(ended) => {
                    let Ended { searched, coalesced } = *ended;
                    self.resume(stream, &parked, coalesced, &searched, cx)
                }
                None => self.carry_out(stream, None, Next::Ask(parked), cx),
            },
            Next::Answer(verdict) => verdict,
            Next::Ask(parked) => {
                let if_none_match = parked.if_none_match().map(str::to_owned);
                let next = parked.ask(&mut self.services.known(), cx);
                self.carry_out(stream, if_none_match.as_deref(), next, cx)
            }
            Next::Dates(parked, module, versions) => {
                self.wait_for_dates(stream, parked, module, versions, cx)
            }
            Next::LookAgain(verdict, renewal) => {
                self.fleet.tell(&renewal, &self.services, cx);
                self.look_again(&renewal, cx);
                verdict
            }
            Next::Make(making) => self.clients.make(stream, making, &mut self.services),
            Next::Hit(hit) => hit.give(if_none_match),
            Next::List(listing) => match self.catalogs.begin(stream, listing, &mut self.services, cx) {
                Some(refusal) => refusal,
                None => self.clients.hold_for_list(stream),
            },
            Next::Order(order) => match self.prewarms.take(stream, order, &mut self.services, cx) {
                Some(refusal) => refusal,
                None => self.clients.hold_for_list(stream),
            },
            Next::Probe => match self.probes.ask(stream, &mut self.services, cx) {
                Some(page) => page,
                None => self.clients.hold_for_readiness(stream),
            },
            Next::Receive(receiving) => self.clients.receive(stream, receiving, cx),
            Next::Refresh(verdict, want, known) => {
                self.refresh(want, Some(known), cx);
                verdict
            }
            Next::Rewrite(hit, want, found) => {
                self.storage.write_again(&want, found, &mut self.services, cx);
                hit.give(if_none_match)
            }
            Next::Route(_, routed) if !routed.may_pass(self.services.host) => routed.unread(),
            Next::Route(verdict, routed) => {
                self.clients.send_off(stream, routed, cx.now);
                verdict
            }
            Next::Search(parked, known) => self.wait_for(stream, parked, known, cx),
            Next::Status => self.status(cx).page(),
            Next::Sift(parked, sifting) => self.wait_for_list(stream, parked, sifting, cx),
        }
    }

    /// Parks a stream until what it asks is found out.
    fn wait_for(
        &mut self,
        stream: StreamId,
        parked: Box<Parked>,
        known: Option<Found>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        match self.fly(cx, |flights, ground| flights.wait(Waiter::Stream(stream), &parked, known, ground)) {
            Boarding::Landed(landed) => {
                self.write_back(&landed, cx);
                self.resume(stream, &parked, landed.coalesced, &landed.searched, cx)
            }
            Boarding::Waits { coalesced } => self.clients.park(stream, parked, coalesced),
        }
    }

    /// Has `stream` wait until the list is judged.
    fn wait_for_list(
        &mut self,
        stream: StreamId,
        parked: Box<Parked>,
        sifting: Box<Sifting>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        match self.lists.join(stream, parked.want(), sifting, &mut self.services, cx) {
            Ok(()) => self.clients.hold(stream, parked),
            Err(failure) => parked.fail(&failure),
        }
    }

    /// Has `stream` wait until it is known when these versions were published.
    fn wait_for_dates(
        &mut self,
        stream: StreamId,
        mut parked: Box<Parked>,
        module: ModulePath,
        versions: Vec<Version>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let key = DateLookupKey { module, may_fetch: parked.may_date() };
        parked.note_dated();
        let verdict = self.clients.hold(stream, parked);
        self.dates.join(&key, versions, Undecided::Stream(stream), cx.now);
        // Dates that are known at once resume the stream by a command, as if it had waited.
        self.ask_dates(&key, cx);
        verdict
    }

    /// Does what becomes of a request whose search is over.
    pub(super) fn resume(
        &mut self,
        stream: StreamId,
        parked: &Parked,
        coalesced: bool,
        searched: &Searched,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let since = match &searched.end {
            End::Document(found) => found.since,
            End::Missing(missing) => missing.since,
            End::Failed(_) | End::Zip { .. } => cx.now,
        };
        let jitter = self.services.index.jitter(&parked.want().key(), since);
        let next = parked.resume(searched, coalesced, jitter, &mut self.services.known(), cx);
        self.carry_out(stream, parked.if_none_match(), next, cx)
    }

    /// It is known now what these waited for.
    pub(super) fn decide(&mut self, waiting: Vec<StreamId>, cx: &mut Cx<'_>) {
        for stream in waiting {
            let Some(parked) = self.clients.release(stream) else { continue };
            let verdict = self.carry_out(stream, None, Next::Again(parked), cx);
            self.clients.go_on(stream, verdict, cx);
        }
    }
}
