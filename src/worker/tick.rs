//! What depends on time, and whether anything does.

use super::{Worker, exposures::Exposures, flights::Flights, key::Undecided, waivers::WaiverWatch};
use crate::cx::Cx;

impl Worker {
    /// Whether nothing is under way: no callout is out, no stream waits, and nothing is on its way into storage. What is yet
    /// to be copied there does not count.
    pub fn is_idle(&self) -> bool {
        !self.services.is_calling()
            && self.clients.is_empty()
            && self.passages.is_empty()
            && self.services.slices.is_empty()
            && !self.storage.is_uploading()
    }

    /// Whether anything here depends on time: [`Worker::tick`] is to be called ten times a second then.
    pub fn needs_ticks(&self) -> bool {
        self.is_at_work() || self.clients.has_routed() || self.clients.has_bodies()
    }

    /// Whether anything depends on time that this worker has under way itself. What is routed is under way elsewhere.
    pub(crate) fn is_at_work(&self) -> bool {
        self.services.budget.has_shares()
            || self.flights.is_at_work()
            || !self.dates.is_done()
            || self.storage.is_at_work()
            || self.looks.is_at_work()
            || self.prewarms.is_at_work()
    }

    /// Whether [`Worker::tick`] is to be called twice a second even if nothing is under way.
    pub fn watches(&self) -> bool {
        !self.polls.is_empty()
            || self.services.config.log_clock().is_some()
            || WaiverWatch::watches(&self.services)
            || self.fleet.watches()
            || Exposures::watches(&self.services)
            || self.journal.has_lines()
            || self.services.config.sync.forecast.is_some()
    }

    /// Whether [`Worker::work`] is to be called again, as soon as others had their turn.
    pub fn has_work(&self) -> bool {
        !self.services.slices.is_empty()
    }

    /// Time has passed.
    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        // What others have read is not asked for: that is known first.
        self.fleet.on_tick(&mut self.services, cx);
        self.polls.on_tick(&mut self.services, cx);
        self.look_at_log(cx);
        self.waivers.on_tick(&self.services, cx);
        self.exposures.on_tick(&mut self.services, cx);
        self.journal.on_tick(&mut self.services, cx);
        self.storage.renew_uploads(&self.services, cx);
        self.storage.end_slow_gathers(&mut self.services, cx);
        self.storage.begin_copies(&mut self.services, cx);
        self.settle(cx);
        self.storage.go_on_with_copies(&mut self.services, cx);
        self.settle(cx);
        self.clients.end_slow_routes(&self.services, cx);
        self.clients.end_slow_bodies(cx);
        for key in self.dates.give_up(&self.services, cx.now) {
            self.end_dates(&key, cx);
        }
        self.let_late_ones_go(cx);
        self.settle(cx);
        self.fly(cx, |flights, ground| flights.note_who_left(ground));
        self.services.budget.renew(cx);
        self.fly(cx, Flights::end_pauses);
        self.settle(cx);
        self.fly(cx, Flights::call_queued);
        self.settle(cx);
        self.looks.on_tick(&mut self.services, cx.now);
        self.ask_anew(cx);
        self.settle(cx);
        self.ask_ahead(cx);
        self.settle(cx);
        self.prewarm(cx);
        self.settle(cx);
        for key in self.dates.waiting() {
            self.ask_dates(&key, cx);
        }
        self.settle(cx);
        for key in self.flights.keys() {
            self.fly(cx, |flights, ground| flights.on_tick(&key, ground));
            self.settle(cx);
        }
    }

    /// Answers the clients that wait for dates, and have waited for as long as one may in all.
    fn let_late_ones_go(&mut self, cx: &mut Cx<'_>) {
        let (clients, config, now) = (&self.clients, &self.services.config, cx.now);
        let late = self.dates.late(|who| match who {
            // It is given up with the others that wait for the same.
            Undecided::Errand(_) => false,
            Undecided::Stream(stream) => clients.has_waited(stream, config, now),
        });
        if late.is_empty() {
            return;
        }
        for (who, failure) in late {
            if let Undecided::Stream(stream) = who
                && let Some(parked) = self.clients.release(stream)
            {
                let verdict = parked.fail(&failure);
                self.clients.go_on(stream, verdict, cx);
            }
        }
        self.leave_dates(cx);
    }
}
