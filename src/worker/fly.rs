//! Flights, with access to what other parts know of the waiters: whether a client is still there.

use super::{
    Worker,
    clients::Clients,
    clock::Clock,
    dates::Dates,
    flights::{Flights, Ground, Present},
    key::{SumsWaiter, Waiter},
    passing::Passages,
    prewarms::Prewarms,
    storage::Storing,
};
use crate::{
    config::Config,
    cx::{Cx, StreamId},
    http::Timestamp,
};

impl Worker {
    /// Has flights do something, with the waiters in sight.
    pub(super) fn fly<T>(
        &mut self,
        cx: &mut Cx<'_>,
        what: impl FnOnce(&mut Flights, &mut Ground<'_, '_>) -> T,
    ) -> T {
        let Self { clients, clock, dates, flights, passages, prewarms, services, storage, .. } = self;
        let present = Waiters { clients, clock, dates, passages, prewarms, storage };
        what(flights, &mut Ground { services, present: &present, cx })
    }
}

/// Where the clients and parts that wait for a flight are looked up.
struct Waiters<'a> {
    clients: &'a Clients,
    clock: &'a Clock,
    dates: &'a Dates,
    passages: &'a Passages,
    prewarms: &'a Prewarms,
    storage: &'a Storing,
}

impl Present for Waiters<'_> {
    fn is_there(&self, waiter: &Waiter) -> bool {
        match waiter {
            Waiter::Clock => self.clock.awaits_head(),
            Waiter::Date(key, _) => self.dates.has(key),
            Waiter::Errand(errand) => self.prewarms.has(*errand),
            Waiter::Stream(stream) | Waiter::Sums(SumsWaiter::Passing(stream)) => {
                self.clients.has(*stream) || self.passages.has(*stream)
            }
            Waiter::Sums(SumsWaiter::Copy(zip)) => self.storage.copies(zip),
            // Flights know their own.
            Waiter::Ahead(_) | Waiter::Sums(SumsWaiter::Search(_)) => false,
        }
    }

    fn does_without(&self, stream: StreamId) -> bool {
        self.clients.does_without(stream)
    }

    fn has_waited(&self, stream: StreamId, config: &Config, now: Timestamp) -> bool {
        self.clients.has_waited(stream, config, now)
    }
}
