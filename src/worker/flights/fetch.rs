//! A search of this worker's, from the room that it takes to what it came to.

use std::time::Duration;

use super::{
    super::{
        event::{Event, ToProve},
        flight::{Flight, Landed},
        key::{Owner, SearchKey, Slice},
        services::Services,
    },
    Course, Fetch, Flights, Ground,
    land::{land, release},
    prepare::prepare,
    queued::Turn,
};
use crate::{
    cx::Cx,
    flow::{End, Search, Searched, Step, Sums, cache_state, is_to_be_read},
    goproxy::{Document, Failure, FailureKind},
    http::{Reply, Timestamp},
    metrics::{Counter, OwnReason},
    plan::Want,
    shared::{Entry, Lease, Leases},
};

impl Flights {
    /// Sees to it that something is found out, here or by another worker. What turns out at once is returned.
    pub(in crate::worker) fn board(&mut self, flight: Flight, ground: &mut Ground<'_, '_>) -> Option<Landed> {
        let key = flight.key();
        let Ground { services, cx, .. } = ground;
        let whole = matches!(flight.want, Want::Zip(_)) && services.budget.has_room_for_a_zip(cx.now);
        let has_room = (services.budget.has_room() || flight.is_of_sums())
            && (whole || !is_given_whole(&flight, services, cx.now));
        // To follow another worker takes no room, and to see what one that was followed has found takes none.
        let has_room = has_room || flight.may_fetch && services.leases.is_held(cx.kv, &key.path, cx.now);
        if !has_room && let Some(searched) = found_meanwhile(&flight, services, cx) {
            return Some(Landed { flight, searched, coalesced: true, stored: None });
        }
        if !has_room {
            cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
            let reason = format!("{}: too many other requests are being fetched", flight.want.describe());
            let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
            let searched = flight.or_known(Searched::failed(failure), &services.config, cx.now);
            return Some(Landed { flight, searched, coalesced: false, stored: None });
        }
        let lease =
            if flight.may_fetch { services.leases.acquire(cx.kv, &key.path, cx.now) } else { Lease::Alone };
        match lease {
            Lease::Followed => {
                if flight.is_awaited() {
                    let look_at = services.leases.look_at(cx.now);
                    let flight = Box::new(flight);
                    self.searches.insert(key, Course::Follow { flight, look_at });
                }
                return None;
            }
            Lease::Led => {
                if let Some(searched) = found_meanwhile(&flight, services, cx) {
                    release(&key, &searched, services, cx);
                    return Some(Landed { flight, searched, coalesced: true, stored: None });
                }
            }
            Lease::Alone => {}
        }
        self.search(key, flight, lease, whole, ground)
    }

    /// Begins a search.
    pub(super) fn search(
        &mut self,
        key: SearchKey,
        flight: Flight,
        lease: Lease,
        whole: bool,
        ground: &mut Ground<'_, '_>,
    ) -> Option<Landed> {
        let Ground { services, cx, .. } = ground;
        let (mut search, whole) = prepare(&key, &flight, whole, services, cx);
        services.budget.begin(whole);
        let number = services.attempt();
        if let Some((module, version)) = search.foresees_sums(&services.config).filter(|_| !flight.head_only)
        {
            services.emit(Event::Foreseen(key.clone(), module.clone(), version.clone()));
        }
        let step = search.advance(&services.config, cx);
        let renew_at = (lease == Lease::Led).then(|| Leases::renewal(cx.now));
        let fetch = Fetch { number, flight, search, worked: false, fresh: false, renew_at, again_at: None };
        self.drive(key, Box::new(fetch), step, ground)
    }

    /// The reply to a search's question.
    pub(in crate::worker) fn on_reply(&mut self, key: SearchKey, reply: Reply, ground: &mut Ground<'_, '_>) {
        if let Some(mut fetch) = self.take_fetch(&key) {
            let step = fetch.search.on_reply(reply, &ground.services.config, ground.cx);
            self.walk(key, fetch, step, ground);
        }
    }

    /// The sums are known of what a search holds.
    pub(in crate::worker) fn set_sums(&mut self, key: SearchKey, sums: Sums, ground: &mut Ground<'_, '_>) {
        if let Some(mut fetch) = self.take_fetch(&key) {
            let step = fetch.search.set_sums(sums, &ground.services.config, ground.cx);
            self.walk(key, fetch, step, ground);
        }
    }

    /// The sums are known of what a search will hold.
    pub(in crate::worker) fn know_sums(&mut self, key: &SearchKey, sums: Sums) {
        if let Some(Course::Fetch(fetch)) = self.searches.get_mut(key) {
            fetch.search.know_sums(sums);
        }
    }

    /// Goes on with what a search does in slices.
    pub(in crate::worker) fn work(&mut self, key: SearchKey, ground: &mut Ground<'_, '_>) {
        if let Some(mut fetch) = self.take_fetch(&key) {
            let step = fetch.search.work(&ground.services.config, ground.cx);
            self.walk(key, fetch, step, ground);
        }
    }

    /// What a search found is proven, or why it is not.
    pub(in crate::worker) fn proven(
        &mut self,
        key: &SearchKey,
        searched: Searched,
        ground: &mut Ground<'_, '_>,
    ) {
        if let Some(fetch) = self.take_fetch(key) {
            let landed = land(key, *fetch, searched, ground.services, ground.cx);
            ground.services.emit(Event::Landed(landed.into()));
        }
    }

    /// What a search found is refused, and may have been spoiled in storage: the database itself is asked once more.
    pub(in crate::worker) fn search_anew(&mut self, key: SearchKey, ground: &mut Ground<'_, '_>) {
        if let Some(mut fetch) = self.take_fetch(&key) {
            fetch.fresh = true;
            fetch.search = Search::new(fetch.flight.want.clone(), &ground.services.config, true, false);
            fetch.search.avoid_storage();
            let step = fetch.search.advance(&ground.services.config, ground.cx);
            self.walk(key, fetch, step, ground);
        }
    }

    /// Takes a step of a search that may be its last.
    pub(super) fn walk(
        &mut self,
        key: SearchKey,
        fetch: Box<Fetch>,
        step: Step,
        ground: &mut Ground<'_, '_>,
    ) {
        if let Some(landed) = self.drive(key, fetch, step, ground) {
            ground.services.emit(Event::Landed(landed.into()));
        }
    }

    /// Asks what is to be asked next, or ends.
    fn drive(
        &mut self,
        key: SearchKey,
        mut fetch: Box<Fetch>,
        mut step: Step,
        ground: &mut Ground<'_, '_>,
    ) -> Option<Landed> {
        loop {
            match step {
                Step::Ask(source, callout) => {
                    if fetch.search.was_limited() {
                        fetch.number = ground.services.attempt();
                    }
                    let turn = if fetch.flight.is_nested() {
                        Turn::GoOn
                    } else {
                        Turn::Begin { module: fetch.flight.want.module().cloned(), number: fetch.number }
                    };
                    let services = &ground.services;
                    let pause = services.budget.paused_for(source, ground.cx);
                    let pause =
                        pause.filter(|_| fetch.search.may_do_without(source, &services.config)).map(seconds);
                    let owner = Owner::Search(key.clone());
                    if pause.is_none() && self.call_or_queue(owner, source, callout, turn, ground).is_ok() {
                        break;
                    }
                    ground.cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
                    step = fetch.search.turned_away(pause, &ground.services.config, ground.cx);
                }
                Step::Pause { least, jitter } => {
                    let again_at = ground.services.after_pause(&key.path, (least, jitter), ground.cx.now);
                    fetch.again_at = Some(again_at);
                    break;
                }
                Step::Sums if self.has_no_room_to_hold(fetch.search.go_mod_bytes()) => {
                    ground.cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
                    let reason = format!(
                        "{}: too many other large go.mod files are being fetched; try again",
                        fetch.flight.want.describe()
                    );
                    let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
                    let sums = Sums::Unproven { failure, acceptable: false };
                    step = fetch.search.set_sums(sums, &ground.services.config, ground.cx);
                }
                Step::Sums => match fetch.flight.want.version() {
                    Some((module, version)) => {
                        let holds = Event::Holds(key.clone(), module.clone(), version.clone());
                        ground.services.emit(holds);
                        break;
                    }
                    None => step = fetch.search.set_sums(Sums::Exempt, &ground.services.config, ground.cx),
                },
                Step::Work if !fetch.worked && self.has_no_room_to_read(fetch.search.list_bytes()) => {
                    ground.cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
                    step = fetch.search.leave_list(&ground.services.config, ground.cx);
                }
                // Most are read to their end at once.
                Step::Work
                    if ground.services.slices.is_empty() && !std::mem::replace(&mut fetch.worked, true) =>
                {
                    step = fetch.search.work(&ground.services.config, ground.cx);
                }
                Step::Work => {
                    ground.services.slices.add(Slice::Search(key.clone()));
                    break;
                }
                Step::Done(searched) if is_to_be_proven(&fetch.flight.want, &searched) => {
                    let (want, fresh) = (fetch.flight.want.clone(), fetch.fresh);
                    let unproven = ToProve { key: key.clone(), want, fresh, searched };
                    ground.services.emit(Event::ToProve(unproven.into()));
                    break;
                }
                Step::Done(searched) => {
                    return Some(land(&key, *fetch, searched, ground.services, ground.cx));
                }
            }
        }
        self.searches.insert(key, Course::Fetch(fetch));
        None
    }

    /// Whether a go.mod of so many bytes is one too many to wait for its sums. A usual one never is.
    fn has_no_room_to_hold(&self, bytes: usize) -> bool {
        bytes > USUAL_GO_MOD
            && self.fetches().map(Search::go_mod_bytes).fold(bytes, usize::saturating_add) > MAX_GO_MODS
    }

    /// Whether a list of so many bytes is one too many to be read.
    fn has_no_room_to_read(&self, bytes: usize) -> bool {
        bytes > 0 && self.fetches().map(Search::list_bytes).fold(bytes, usize::saturating_add) > MAX_LISTS
    }

    fn fetches(&self) -> impl Iterator<Item = &Search> {
        self.searches.values().filter_map(|course| match course {
            Course::Fetch(fetch) => Some(&fetch.search),
            Course::Follow { .. } => None,
        })
    }
}

/// What another worker has found out between the look at the index and the lease.
fn found_meanwhile(flight: &Flight, services: &mut Services, cx: &Cx<'_>) -> Option<Searched> {
    // Of a zip's head the index has nothing.
    if flight.head_only && matches!(flight.want, Want::Zip(_)) {
        return None;
    }
    // What it is to be read for is not known yet.
    if let Want::Zip(zip) = &flight.want
        && is_to_be_read(zip, &services.known(), cx)
    {
        return None;
    }
    let Services { index, source_health, config, .. } = &*services;
    let entry = cache_state::indexed(&flight.want, flight.no_cache, index, source_health, config, cx)?;
    let is_unread = matches!(entry, Entry::Stored { checked: false, .. } | Entry::Streamed { .. });
    if is_unread && !services.host.hold_response { None } else { Searched::indexed(entry) }
}

/// Whether it is for a zip that is given only after it was fetched whole, and zips are fetched so just now.
fn is_given_whole(flight: &Flight, services: &Services, now: Timestamp) -> bool {
    let is_zip = matches!(flight.want, Want::Zip(_)) && !flight.head_only;
    let is_fetched = services.config.fetch.zip_bytes > 0 && !services.budget.rests_from_zips(now);
    is_zip && is_fetched && !services.host.hold_response
}

/// Whether what was found is given only once it is proven.
fn is_to_be_proven(want: &Want, searched: &Searched) -> bool {
    matches!(
        (want, &searched.end, searched.source),
        (Want::Document(Document::Sumdb { .. }), End::Document(_), Some(_))
    )
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// Bytes of a go.mod that are never too many: as many searches as may be under way by default hold 32 MiB in go.mods of this size.
const USUAL_GO_MOD: usize = 64 << 10;

/// Bytes of all go.mods that one worker holds until their sums are known: eight of the largest, an eighth of what a VM may have.
const MAX_GO_MODS: usize = 128 << 20;

/// Bytes of all lists that one worker reads in slices: ten of the largest. Read and ordered, each takes six times as much.
const MAX_LISTS: usize = 40 << 20;
