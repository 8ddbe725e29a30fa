//! How the gateway is doing: each part says what it knows.

use super::{Worker, clock::Clock};
use crate::{cx::Cx, flow::Status};

impl Worker {
    /// How the gateway is doing, as this worker sees it. What stands in the index is counted anew for the next who asks.
    pub(super) fn status(&mut self, cx: &Cx<'_>) -> Status {
        let mut status = Status { version: env!("CARGO_PKG_VERSION"), ..Status::default() };
        // Each of them, and whichever comes to them.
        let Self {
            catalogs,
            census,
            clients,
            clock: _,
            dates,
            exposures: _,
            fleet: _,
            flights,
            forecasts: _,
            journal: _,
            lists,
            looks: _,
            passages,
            polls,
            prewarms,
            probes,
            services,
            storage,
            verify,
            waivers: _,
        } = self;
        census.count_anew(services, cx.now);
        census.status(&services.index, cx.now, &mut status.index);
        clients.status(&mut status.worker.clients);
        flights.status(&mut status.worker.flights);
        polls.status(&services.in_force, cx, &mut status.documents);
        services.status(cx, &mut status);
        storage.status(&mut status.worker.storage);
        verify.status(&services.config, cx.kv, &mut status);
        Clock::status(services, cx.kv, &mut status);
        status.worker.catalogs = catalogs.len();
        status.worker.dated_modules = dates.len();
        status.worker.lists = lists.len();
        status.worker.passing_zips = passages.len();
        prewarms.status(&mut status.worker.prewarm);
        status.worker.probing = probes.is_asking();
        status
    }
}
