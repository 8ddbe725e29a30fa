//! What one part has another do: a result goes to the parts whose clients wait for it, and what is needed for it is asked of the part that
//! knows.

use super::{
    Worker,
    event::Event,
    flight::{Flight, Landed},
    key::{DateLookupKey, SearchKey, SumsWaiter, Undecided, Waiter},
    verify::{Begun, Lookup, Need, Progress},
};
use crate::{
    config::Mode,
    cx::Cx,
    feed::Published,
    flow::{Renewal, Searched, Sums, to_be_heard},
    gomod::{ModulePath, Version},
    goproxy::Found,
    plan::Want,
};

impl Worker {
    /// Hands on what parts have left to be done, until nothing is left. What comes of one thing is done before the next: who waited for
    /// the first of two answers is answered before the second is looked at.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>) {
        self.hear_authors(cx);
        let mut ahead = self.services.take_events();
        while let Some(event) = ahead.pop_front() {
            if let Some(rest) = self.hand_on(event, cx) {
                ahead.push_front(rest);
            }
            for event in self.services.take_events().into_iter().rev() {
                ahead.push_front(event);
            }
        }
    }

    /// Hands on what a part has left to be done, or the first of it; the rest is returned.
    fn hand_on(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Event> {
        match event {
            Event::Answered(mut answered) => {
                let waiter = answered.waiting.pop_front()?;
                self.answer(&waiter, &answered.want, &answered.searched, cx);
                return Some(Event::Answered(answered));
            }
            Event::Appeared(module, versions) => {
                self.prewarms.appeared(&module, versions, &mut self.services, cx);
            }
            Event::Completed(module, version) => {
                self.journal.note(module, version, &self.services, cx);
            }
            Event::CopyBegins(zip) => {
                let sums = self.sums(&zip.module, &zip.version, SumsWaiter::Copy(zip.clone()), cx);
                self.storage.copy(&zip, sums, &mut self.services, cx);
            }
            Event::Errands => self.prewarm(cx),
            Event::Foreseen(key, module, version) => self.look_up_ahead(key, &module, &version, cx),
            Event::Heard(published) => self.hear(&published, cx),
            Event::Holds(key, module, version) => {
                let who = SumsWaiter::Search(key.clone());
                if let Some(sums) = self.sums(&module, &version, who, cx) {
                    self.fly(cx, |flights, ground| flights.set_sums(key, sums, ground));
                }
            }
            Event::Landed(landed) => {
                self.write_back(&landed, cx);
                return Some(Event::Answered(landed.answered().into()));
            }
            Event::Licensed(zip, licenses) => {
                self.storage.note_licenses(&zip, &licenses, &mut self.services, cx);
            }
            Event::PartFound(mut found) => {
                let (who, attempt) = found.waiting.pop_front()?;
                if self.verify.on_part(&who, attempt, &found) {
                    self.prove(who, cx);
                }
                return Some(Event::PartFound(found));
            }
            Event::Passed(stream, verdict) => {
                self.storage.end_along(stream, verdict, &mut self.services, cx);
            }
            Event::Proven(want, found) => {
                self.storage.write_proven(&want, &found, &mut self.services, cx);
            }
            Event::Polled(document, cursor) => {
                self.fleet.end_poll(&document, cursor, &mut self.services, cx);
            }
            Event::Published(document, published) => {
                self.fleet.share(&document, &published, &mut self.services, cx);
                self.hear(&published, cx);
            }
            Event::Recalled(want, searched) => {
                self.verify.on_recalled(&want, &searched, &self.services, cx);
            }
            Event::ToProve(to_prove) => {
                let key = to_prove.key.clone();
                match self.verify.begin(*to_prove, &mut self.services) {
                    Begun::Proving => self.prove(key, cx),
                    Begun::Unprovable(searched) => {
                        self.fly(cx, |flights, ground| flights.proven(&key, searched, ground));
                    }
                }
            }
            Event::Told(renewal) => self.look_again(&renewal, cx),
            Event::Wanted(want) => self.refresh(want, None, cx),
        }
        None
    }

    /// Has it found out what the authors of modules say, of which that was wished for. Where a source is to be asked for two things, the
    /// second follows from the first when it lands.
    fn hear_authors(&mut self, cx: &mut Cx<'_>) {
        for module in self.services.wishes.take() {
            if let Some((want, found)) = to_be_heard(&module, &mut self.services.known(), cx) {
                self.refresh(want, found, cx);
            }
        }
    }

    /// Has `want` found out though no client waits for it.
    pub(super) fn refresh(&mut self, want: Want, known: Option<Found>, cx: &mut Cx<'_>) {
        self.begin_refresh(Flight::new(want, known), cx);
    }

    fn begin_refresh(&mut self, flight: Flight, cx: &mut Cx<'_>) {
        let landed = self.fly(cx, |flights, ground| flights.refresh(flight, ground));
        if let Some(landed) = landed {
            self.write_back(&landed, cx);
        }
    }

    /// Looks again at what the gateway was told has changed: the one way in for whatever tells it.
    pub(super) fn look_again(&mut self, renewal: &Renewal, cx: &mut Cx<'_>) {
        let Self { flights, looks, services, .. } = self;
        looks.begin(renewal, &|key: &str| flights.has(&SearchKey::fetching(key)), services, cx);
        // What was given within the last second may be given again, and would hide what is new.
        self.clients.forget_answers();
        self.ask_anew(cx);
    }

    /// Looks again at the modules of which versions became known.
    fn hear(&mut self, published: &[Published], cx: &mut Cx<'_>) {
        let Self { flights, looks, services, .. } = self;
        let is_flying = |key: &str| flights.has(&SearchKey::fetching(key));
        if looks.hear(published, &is_flying, services, cx) {
            self.clients.forget_answers();
        }
        self.ask_anew(cx);
    }

    /// Asks for what is to be asked for anew by now.
    pub(super) fn ask_anew(&mut self, cx: &mut Cx<'_>) {
        let Self { flights, looks, services, .. } = self;
        let taken = looks.take(&|key: &str| flights.has(&SearchKey::fetching(key)), services, cx);
        for (want, found) in taken {
            self.begin_refresh(Flight::new(want, found).told(), cx);
        }
    }

    /// Asks for what is likely to be asked for.
    pub(super) fn ask_ahead(&mut self, cx: &mut Cx<'_>) {
        for (want, known) in self.forecasts.on_tick(&mut self.services, cx) {
            self.refresh(want, known, cx);
        }
    }

    /// Looks on for modules that are to be looked at again.
    pub(super) fn walk_looks(&mut self, cx: &mut Cx<'_>) {
        let Self { flights, looks, services, .. } = self;
        looks.work(&|key: &str| flights.has(&SearchKey::fetching(key)), services, cx);
        self.ask_anew(cx);
    }

    /// What a search of this worker's brought goes to storage, where that lacks it.
    pub(super) fn write_back(&mut self, landed: &Landed, cx: &mut Cx<'_>) {
        if let Some(stored) = landed.stored {
            self.storage.write_back(&landed.flight, &landed.searched, stored, &mut self.services, cx);
        }
    }

    /// Tells one of the waiters what was found out.
    fn answer(&mut self, waiter: &Waiter, want: &Want, searched: &Searched, cx: &mut Cx<'_>) {
        match waiter {
            Waiter::Ahead(key) => {
                // All else is asked once more when the file is here. Until then it says nothing of the database: there may be no such version.
                if searched.is_judged() {
                    let sums = self.verify.read(want, searched, &self.services.config, cx.now);
                    self.flights.know_sums(key, sums);
                }
            }
            Waiter::Clock => self.clock.on_head(want, searched, &mut self.services, cx),
            Waiter::Date(key, version) => {
                self.dates.note(key, version.clone(), want, searched, &self.services, cx);
                // There is room for one more.
                if let Some(next) = self.dates.first_waiting() {
                    self.ask_dates(&next, cx);
                }
                self.ask_dates(key, cx);
            }
            Waiter::Errand(errand) => self.resume_errand(*errand, searched, cx),
            Waiter::Stream(stream) => {
                if let Some((parked, coalesced)) = self.clients.unpark(*stream) {
                    let verdict = self.resume(*stream, &parked, coalesced, searched, cx);
                    self.clients.go_on(*stream, verdict, cx);
                }
            }
            Waiter::Sums(who) => {
                let sums = self.verify.read(want, searched, &self.services.config, cx.now);
                match who {
                    SumsWaiter::Copy(zip) => self.storage.copy(zip, Some(sums), &mut self.services, cx),
                    SumsWaiter::Passing(stream) => {
                        self.passages.set_sums(*stream, sums, &mut self.services, cx);
                    }
                    SumsWaiter::Search(key) => {
                        self.fly(cx, |flights, ground| flights.set_sums(key.clone(), sums, ground));
                    }
                }
            }
        }
    }

    /// The sums, where they are known already or none are needed; else `who` hears of them later.
    pub(super) fn sums(
        &mut self,
        module: &ModulePath,
        version: &Version,
        who: SumsWaiter,
        cx: &mut Cx<'_>,
    ) -> Option<Sums> {
        let who = Waiter::Sums(who);
        let (flight, instead) = match self.verify.look_up(module, version, who, &mut self.services, cx) {
            Lookup::Known(sums) => return Some(sums),
            Lookup::Ask(flight, instead) => (*flight, instead),
        };
        let flight = self.flights.join(flight, &self.services.config)?;
        if instead.is_some() {
            return instead;
        }
        let landed = self.fly(cx, |flights, ground| flights.board(flight, ground))?;
        self.write_back(&landed, cx);
        Some(self.verify.read(&landed.flight.want, &landed.searched, &self.services.config, cx.now))
    }

    /// Begins the record's flight while the file is still on its way. What is exempt is not asked about, what is known or under way is not
    /// asked for twice, and a database that a module is given without is not asked before it is needed: that it fails for a version that does
    /// not exist would say nothing of those that do.
    fn look_up_ahead(&mut self, key: SearchKey, module: &ModulePath, version: &Version, cx: &mut Cx<'_>) {
        if !self.flights.has(&key) {
            return;
        }
        let is_required = matches!(self.services.config.verification(module), Some((_, Mode::Require)));
        let who = Waiter::Ahead(key);
        if is_required
            && let Lookup::Ask(flight, None) =
                self.verify.look_up(module, version, who, &mut self.services, cx)
            && !self.flights.has(&flight.key())
            && self.services.budget.may_look_ahead()
            && let Some(landed) = self.fly(cx, |flights, ground| flights.board(*flight, ground))
        {
            self.write_back(&landed, cx);
        }
    }

    /// Looks how old the log is by which versions are dated, where that is due.
    pub(super) fn look_at_log(&mut self, cx: &mut Cx<'_>) {
        let Some((want, waiter)) = self.clock.on_tick(&self.services, cx) else { return };
        let flight = Flight::of_waiter(want, true, waiter, cx.now);
        if let Some(flight) = self.flights.join(flight, &self.services.config)
            && let Some(landed) = self.fly(cx, |flights, ground| flights.board(flight, ground))
        {
            self.write_back(&landed, cx);
            self.clock.on_head(&landed.flight.want, &landed.searched, &mut self.services, cx);
        }
    }

    /// Asks about as many versions as may be asked about at once, and lets those go on who wait where nothing is left to be asked.
    pub(super) fn ask_dates(&mut self, key: &DateLookupKey, cx: &mut Cx<'_>) {
        while let Some((version, flight)) = self.dates.next(key, &self.services, cx) {
            if let Some(flight) = self.flights.join(flight, &self.services.config)
                && let Some(landed) = self.fly(cx, |flights, ground| flights.board(flight, ground))
            {
                self.write_back(&landed, cx);
                let want = &landed.flight.want;
                self.dates.note(key, version, want, &landed.searched, &self.services, cx);
            }
        }
        self.dates.place(key, &self.services, cx);
        self.end_dates(key, cx);
    }

    /// Lets those go on who wait, where nothing is left to be asked.
    pub(super) fn end_dates(&mut self, key: &DateLookupKey, cx: &mut Cx<'_>) {
        if let Some(waiting) = self.dates.end(key, &mut self.services, cx) {
            for who in waiting {
                match who {
                    Undecided::Errand(errand) => self.decide_errand(errand, cx),
                    Undecided::Stream(stream) => self.decide(vec![stream], cx),
                }
            }
            self.services.publications.forget_failures(&key.module);
        }
    }

    /// Clients have left that may have waited for dates.
    pub(super) fn leave_dates(&mut self, cx: &mut Cx<'_>) {
        let is_there = |who| match who {
            Undecided::Errand(errand) => self.prewarms.has(errand),
            Undecided::Stream(stream) => self.clients.has(stream),
        };
        for key in self.dates.leave(is_there) {
            self.end_dates(&key, cx);
        }
    }

    /// Goes on with the proof of what the search for `key` found.
    fn prove(&mut self, key: SearchKey, cx: &mut Cx<'_>) {
        loop {
            match self.verify.advance(&key, &mut self.services, cx) {
                Progress::Wait => return,
                Progress::Recall(need) => match self.part(&key, &need, cx) {
                    Some(searched) => {
                        self.verify.on_recalled(&need.want, &searched, &self.services, cx);
                    }
                    None => return,
                },
                Progress::Ask(needs) => {
                    for need in needs {
                        if let Some(searched) = self.part(&key, &need, cx) {
                            self.verify.supply(&key, need.attempt, &need.want, &searched);
                        }
                    }
                }
                Progress::Over(searched) => {
                    return self.fly(cx, |flights, ground| flights.proven(&key, searched, ground));
                }
                Progress::Again => {
                    return self.fly(cx, |flights, ground| flights.search_anew(key, ground));
                }
            }
        }
    }

    fn part(&mut self, key: &SearchKey, need: &Need, cx: &mut Cx<'_>) -> Option<Searched> {
        let who = (key, need.attempt);
        self.fly(cx, |flights, ground| flights.part(&need.want, who, need.may_fetch, need.source, ground))
    }
}
