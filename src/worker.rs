//! One worker: its parts, and what it hands on from one to the other.
//!
//! What is under way belongs to the worker, not to the stream that began it: it goes on when that client leaves, and all clients that ask
//! for the same meanwhile wait for the same flight. The adapter reports events and does what [`Cx::commands`] say.
//!
//! A part owns its state, and of the other parts it knows the keys alone (`key.rs`). All parts work with the services. What another part is
//! to do, a part returns or leaves as an event; the worker hands it on, and decides nothing.
//!
//! ```text
//!    requests.rs   call_done   message   work   tick.rs        what the host reports
//!         └────────────┴──────────┬────────┴───────┘
//!                                 ▼
//!                 worker.rs, receive.rs, settle.rs, status.rs  who is asked what, in which order
//!    ┌─────────┬───────┬───────┬──┴────┬───────┬──────┬───────┬─────────┬────────┐
//! clients   passing  lists   dates  flights  verify storage  poll  probe, census, clock, .. the parts
//!                    looks   prewarms
//!    └─────────┴───────┴───────┴──┬────┴───────┴──────┴───────┴─────────┴────────┘
//!                                 ▼
//!                services, event, flight, key                  what all of them know
//! ```
//!
//! A cold go.mod that has to be verified, hop by hop; every `call_done` is an event of the host's, every name in
//! capitals one of the worker's own (`event.rs`), and no part is entered from within another:
//!
//! ```text
//! admit   request_head ─▶ carry_out ─▶ flights.wait: room, lease, search ─▶ clients.park        GET .mod: storage
//! search  call_done ─▶ flights.on_reply                                                       GET .mod: an upstream
//!         call_done ─▶ flights.on_reply ─▶ Holds ─▶ verify.look_up ─▶ flights.board           GET lookup: storage
//!         call_done ─▶ flights.on_reply                                                       GET lookup: the database
//! prove   call_done ─▶ flights.on_reply ─▶ ToProve ─▶ verify.begin, advance ─▶ flights.part   GET latest, tiles
//!         call_done ─▶ flights.on_part_reply ─▶ PartFound ─▶ verify.hear, advance
//! finish    ─▶ Proven ─▶ storage.write_proven                                                 PUT tiles
//!           ─▶ flights.proven ─▶ Landed, the lookup ─▶ storage.write_back                     PUT lookup
//!           ─▶ Answered ─▶ verify.read ─▶ flights.learn ─▶ Landed, the go.mod
//!           ─▶ storage.write_back                                                             PUT .mod
//! resume    ─▶ Answered ─▶ clients.unpark ─▶ receive.resume ─▶ clients.go_on                  200
//! ```

mod catalogs;
mod census;
mod clients;
mod clock;
mod dates;
mod errands;
mod event;
mod exposures;
mod fleet;
mod flight;
mod flights;
mod fly;
mod forecasts;
mod journal;
mod key;
mod lists;
mod looks;
mod passing;
mod poll;
mod prewarms;
mod probe;
mod receive;
mod requests;
mod services;
mod settle;
mod status;
mod storage;
mod tick;
mod verify;
mod waivers;

use self::{
    catalogs::Catalogs,
    census::Census,
    clients::Clients,
    clock::Clock,
    dates::Dates,
    exposures::Exposures,
    fleet::Fleet,
    flights::Flights,
    forecasts::Forecasts,
    journal::Journal,
    key::{Owner, Slice},
    lists::Lists,
    looks::Looks,
    passing::Passages,
    poll::Polls,
    prewarms::Prewarms,
    probe::Probes,
    services::{Call, Services},
    storage::Storing,
    verify::Verify,
    waivers::WaiverWatch,
};
use crate::{
    config::Config,
    cx::{CallId, Command, Cx},
    flow::{Handover, readiness},
    http::{Reply, Timestamp},
    shared::{Seat, SharedKv},
};

/// The state of one worker under one configuration.
#[derive(Debug)]
pub struct Worker {
    catalogs: Catalogs,
    census: Census,
    clients: Clients,
    clock: Clock,
    dates: Dates,
    exposures: Exposures,
    fleet: Fleet,
    flights: Flights,
    forecasts: Forecasts,
    journal: Journal,
    lists: Lists,
    looks: Looks,
    passages: Passages,
    polls: Polls,
    prewarms: Prewarms,
    probes: Probes,
    services: Services,
    storage: Storing,
    verify: Verify,
    waivers: WaiverWatch,
}

impl Worker {
    /// A worker with nothing to do. The polled documents that others have read are in force from the start.
    pub fn new(config: Config, seat: Seat, kv: &dyn SharedKv) -> Self {
        let mut worker = Self {
            catalogs: Catalogs::default(),
            census: Census::default(),
            clients: Clients::new(seat.seed),
            clock: Clock::default(),
            dates: Dates::default(),
            exposures: Exposures::new(&config),
            fleet: Fleet::new(&config, seat),
            flights: Flights::default(),
            forecasts: Forecasts::default(),
            journal: Journal::new(seat),
            lists: Lists::default(),
            looks: Looks::default(),
            passages: Passages::default(),
            polls: Polls::new(&config, seat.queue),
            prewarms: Prewarms::default(),
            probes: Probes::default(),
            storage: Storing::new(),
            verify: Verify::new(&config),
            waivers: WaiverWatch::default(),
            services: Services::new(config, seat),
        };
        worker.polls.start(&mut worker.services.in_force, kv);
        worker
    }

    /// One event, and what is to be done after it. What was counted meanwhile is added up.
    pub fn step<T>(
        &mut self,
        now: Timestamp,
        kv: &mut dyn SharedKv,
        event: impl FnOnce(&mut Self, &mut Cx<'_>) -> T,
    ) -> (T, Vec<Command>) {
        let mut cx = Cx::new(now, kv);
        let result = event(self, &mut cx);
        self.services.add_up(cx.counted);
        self.exposures.note_all(&cx.given);
        (result, cx.commands)
    }

    /// Whether [`Worker::tell`] has anything to say.
    pub fn has_news(&self) -> bool {
        self.services.tally().is_behind()
    }

    /// What was counted since this was asked last.
    pub fn tell(&mut self) -> Vec<Command> {
        self.services.tell().into_iter().map(Command::Measure).collect()
    }

    /// One slice of what takes long, a few milliseconds at most.
    pub fn work(&mut self, cx: &mut Cx<'_>) {
        match self.services.slices.next() {
            Some(Slice::Catalog(stream)) => {
                let is_there = self.clients.has(stream);
                if let Some(verdict) = self.catalogs.work(stream, is_there, &mut self.services, cx) {
                    self.clients.show(stream, |_| verdict, cx);
                }
            }
            Some(Slice::Census) => self.census.work(&mut self.services, cx),
            Some(Slice::Copy(zip)) => self.storage.work(&zip, &mut self.services, cx),
            Some(Slice::Exposures) => self.exposures.work(&mut self.services, cx),
            Some(Slice::Fleet) => self.fleet.work(&mut self.services, cx),
            Some(Slice::Forecast) => self.forecasts.work(&mut self.services, cx),
            Some(Slice::Looks) => self.walk_looks(cx),
            Some(Slice::Making) => self.clients.work(&mut self.services, cx),
            Some(Slice::Order(stream)) => self.read_order(stream, cx),
            Some(Slice::Passing(stream)) => self.passages.work(stream, &mut self.services, cx),
            Some(Slice::Poll(key)) => {
                let is_new = self.polls.work(&key, &mut self.services, cx);
                if is_new {
                    self.decide_anew();
                }
            }
            Some(Slice::Search(key)) => self.fly(cx, |flights, ground| flights.work(key, ground)),
            Some(Slice::Sifting(key)) => {
                let is_there = |stream| self.clients.has(stream);
                let decided = self.lists.work(key, is_there, &mut self.services, cx);
                self.decide(decided, cx);
            }
            None => {}
        }
        self.settle(cx);
    }

    /// A callout ended.
    pub fn call_done(&mut self, call: CallId, reply: Reply, cx: &mut Cx<'_>) {
        let Some(Call { owner, account, since }) = self.services.take_call(call) else {
            return;
        };
        // Where a redirect led is another's affair.
        self.services.note_reply((account, since), |source| self.flights.told(&owner, source), &reply, cx);
        let services = &mut self.services;
        match owner {
            Owner::Catalog(stream) => {
                let is_there = self.clients.has(stream);
                if let Some(verdict) = self.catalogs.on_reply((stream, is_there), &reply, services, cx) {
                    self.clients.show(stream, |_| verdict, cx);
                }
            }
            Owner::Exposures => self.exposures.on_reply(&reply, services, cx),
            Owner::Clock => self.clock.on_reply(&reply, services, cx),
            Owner::Copy(key) => self.storage.on_copy_reply(&key, call, reply, services, cx),
            Owner::Fleet(call) => self.fleet.on_reply(call, reply, services, cx),
            Owner::Forecast => self.forecasts.on_reply(&reply, services, cx),
            Owner::Journal => self.journal.on_reply(&reply, cx),
            Owner::Part(key) => self.fly(cx, |flights, ground| flights.on_part_reply(key, reply, ground)),
            Owner::Poll(key) => self.polls.on_reply(&key, call, reply, services, cx),
            Owner::Probe => {
                for stream in self.probes.on_reply(services, cx) {
                    let page = |cx: &mut Cx<'_>| {
                        readiness(&services.source_health, &services.config, &services.in_force, cx)
                    };
                    self.clients.show(stream, page, cx);
                }
            }
            Owner::Search(key) => self.fly(cx, |flights, ground| flights.on_reply(key, reply, ground)),
            Owner::Upload(key) => self.storage.on_upload_reply(&key, call, &reply, services, cx),
            Owner::Write(object) => self.storage.on_write_reply(object, reply, services, cx),
        }
        self.settle(cx);
        self.fly(cx, Flights::call_queued);
        self.settle(cx);
    }

    /// Another worker sent this: a zip that this one is to store, or the result of a search that it waits for.
    pub fn message(&mut self, message: &[u8], cx: &mut Cx<'_>) {
        match Handover::decode(message) {
            Some(handover) => self.storage.take_over(&handover, &self.services, cx),
            None => self.fly(cx, |flights, ground| flights.on_news(message, ground)),
        }
        self.settle(cx);
    }

    /// Something else is in force: nothing that was decided before holds.
    fn decide_anew(&mut self) {
        self.services.shelf.clear();
        self.clients.forget_answers();
        self.lists.begin_again();
        self.exposures.look_anew();
    }
}

#[cfg(test)]
mod tests;
