//! A search is over: those who waited for it go on.

use super::{Stream, Undecided, Worker, errand::Errand, key::Waiter};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{End, Parked, Reception, Resumed, Searched},
    plan::Want,
};

impl Worker {
    /// Tells all who wait.
    pub(super) fn answer(&mut self, errand: &Errand, searched: &Searched, cx: &mut Cx<'_>) {
        for waiter in errand.waiting() {
            self.let_go(waiter, &errand.want, searched, cx);
        }
    }

    pub(super) fn let_go(&mut self, waiter: &Waiter, want: &Want, searched: &Searched, cx: &mut Cx<'_>) {
        let stream = match waiter {
            Waiter::Stream(stream) => *stream,
            Waiter::Sums(who) => return self.hear_sums(who, want, searched, cx),
            Waiter::Date(dating, version) => return self.hear_date(dating, version, searched, cx),
        };
        if let Some(Stream::Parked { parked, coalesced }) = self.streams.remove(&stream) {
            let verdict = self.resume(stream, *parked, coalesced, searched, cx);
            if verdict != Verdict::Wait {
                self.go_on_with(stream, verdict, cx);
            }
        }
    }

    /// What becomes of a request that was received before: of what it asks next, or of what it asked when something had to be
    /// found out first.
    pub(super) fn ask_again(&mut self, stream: StreamId, parked: Parked, cx: &mut Cx<'_>) -> Verdict {
        let if_none_match = parked.if_none_match().map(str::to_owned);
        let reception = Reception::again(parked, &mut self.services.known(), cx);
        self.receive(stream, if_none_match.as_deref(), reception, cx)
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
                    self.send_off(stream, routed, cx.now);
                }
                verdict
            }
            Resumed::Next(parked) => self.ask_again(stream, *parked, cx),
            Resumed::Long(sifting) => {
                let (parked, searched) = (Box::new(parked), Box::new(searched.clone()));
                let then = Undecided::Searched { parked, coalesced, searched };
                self.wait_for_sifting(stream, then, sifting, cx)
            }
            Resumed::Undated(module, versions) => {
                let (parked, searched) = (Box::new(parked), Box::new(searched.clone()));
                let then = Undecided::Searched { parked, coalesced, searched };
                self.wait_for_dates(stream, then, &module, versions, cx)
            }
        }
    }
}
