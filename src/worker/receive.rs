//! What becomes of a client's request: at once, when its search is over, and when it is known what may be shown.

use super::{Worker, clients::Undecided, flights::Boarding, key::DatingKey};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{End, Parked, Reception, Resumed, Searched, Sifting},
    gomod::{ModulePath, Version},
    goproxy::Found,
};

impl Worker {
    /// What becomes of a request, or of what it asks next.
    pub(super) fn receive(
        &mut self,
        stream: StreamId,
        if_none_match: Option<&str>,
        reception: Reception,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        match reception {
            Reception::Decided(verdict) => verdict,
            Reception::Hit(hit) => hit.give(if_none_match, cx),
            Reception::Unwritten(hit, want, found) => {
                self.storage.write_again(&want, found, &mut self.services, cx);
                hit.give(if_none_match, cx)
            }
            Reception::Long(parked, sifting) => {
                self.wait_for_list(stream, Undecided::Asked(parked), sifting, cx)
            }
            Reception::Probe => match self.probes.ask(stream, &mut self.services, cx) {
                Some(page) => page,
                None => self.clients.hold_for_readiness(stream),
            },
            Reception::Routed(verdict, routed) => {
                self.clients.send_off(stream, routed, cx.now);
                verdict
            }
            Reception::Search(parked, known) => self.wait_for(stream, parked, known, cx),
            Reception::Stale(verdict, want, known) => {
                self.refresh(want, Some(known), cx);
                verdict
            }
            Reception::Undated(parked, module, versions) => {
                self.wait_for_dates(stream, Undecided::Asked(parked), module, versions, cx)
            }
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
        match self.fly(cx, |flights, ground| flights.wait(stream, &parked, known, ground)) {
            Boarding::Landed(landed) => {
                self.write_back(&landed, cx);
                self.resume(stream, *parked, landed.coalesced, &landed.searched, cx)
            }
            Boarding::Waits { coalesced } => self.clients.park(stream, parked, coalesced),
        }
    }

    /// Has `stream` wait until the list is judged.
    fn wait_for_list(
        &mut self,
        stream: StreamId,
        then: Undecided,
        sifting: Box<Sifting>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        match self.lists.join(stream, then.parked().want(), sifting, &mut self.services, cx) {
            Ok(()) => self.clients.hold(stream, then),
            Err(failure) => then.parked().fail(&failure, cx),
        }
    }

    /// Has `stream` wait until it is known when these versions were published.
    fn wait_for_dates(
        &mut self,
        stream: StreamId,
        mut then: Undecided,
        module: ModulePath,
        versions: Vec<Version>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let key = DatingKey { module, may_fetch: then.parked().may_date() };
        then.parked_mut().note_dated();
        let verdict = self.clients.hold(stream, then);
        self.dates.join(&key, versions, stream, cx.now);
        // Whatever is known at once resumes the stream by a command, as if it had waited.
        self.ask_dates(&key, cx);
        verdict
    }

    /// What becomes of a stream whose search is over: [`Verdict::Wait`] where it needs another.
    pub(super) fn resume(
        &mut self,
        stream: StreamId,
        parked: Parked,
        coalesced: bool,
        searched: &Searched,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let since = match &searched.end {
            End::Document(found) => found.since,
            End::Missing(missing) => missing.since,
            End::Failed(_) | End::Zip { .. } => cx.now,
        };
        let spread = self.services.index.spread(&parked.want().key(), since);
        match parked.resume(searched, coalesced, spread, &mut self.services.known(), cx) {
            Resumed::Answered(verdict, routed) => {
                if let Some(routed) = routed {
                    self.clients.send_off(stream, routed, cx.now);
                }
                verdict
            }
            Resumed::Next(parked) => self.ask_again(stream, *parked, cx),
            Resumed::Long(sifting) => {
                let (parked, searched) = (Box::new(parked), Box::new(searched.clone()));
                let then = Undecided::Searched { parked, coalesced, searched };
                self.wait_for_list(stream, then, sifting, cx)
            }
            Resumed::Undated(module, versions) => {
                let (parked, searched) = (Box::new(parked), Box::new(searched.clone()));
                let then = Undecided::Searched { parked, coalesced, searched };
                self.wait_for_dates(stream, then, module, versions, cx)
            }
        }
    }

    /// What becomes of a request that was received before: of what it asks next, or of what it asked when something had to be
    /// found out first.
    fn ask_again(&mut self, stream: StreamId, parked: Parked, cx: &mut Cx<'_>) -> Verdict {
        let if_none_match = parked.if_none_match().map(str::to_owned);
        let reception = Reception::again(parked, &mut self.services.known(), cx);
        self.receive(stream, if_none_match.as_deref(), reception, cx)
    }

    /// It is known now what these waited for.
    pub(super) fn decide(&mut self, waiting: Vec<StreamId>, cx: &mut Cx<'_>) {
        for stream in waiting {
            let verdict = match self.clients.release(stream) {
                Some(Undecided::Asked(parked)) => self.ask_again(stream, *parked, cx),
                Some(Undecided::Searched { parked, coalesced, searched }) => {
                    self.resume(stream, *parked, coalesced, &searched, cx)
                }
                None => continue,
            };
            self.clients.go_on(stream, verdict, cx);
        }
    }
}
