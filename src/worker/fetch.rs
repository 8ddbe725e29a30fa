//! Finding something out: by a search of this worker's, or by another worker's where that has the lease (`follow.rs`).

use std::time::Duration;

use super::{
    Job, Owner, Slice, Stream, Worker,
    errand::Errand,
    key::{SearchKey, SumsWaiter},
    queued::Turn,
};
use crate::{
    config::Mode,
    cx::{Cx, StreamId, Verdict},
    flow::{End, Parked, Proving, Search, Searched, Step, Sums, judge, keep_first_seen},
    goproxy::{Failure, Fault, Found, Lifetime},
    http::{Reply, Timestamp},
    metrics::Metric,
    plan::{Source, Want, is_kept_here},
    shared::{Entry, Lease, Leases, Loss, Region},
};

/// A search of this worker's.
#[derive(Debug)]
pub(super) struct Fetch {
    /// Larger than that of any that began before.
    number: u64,
    pub(super) errand: Errand,
    pub(super) search: Search,
    /// The proof of what the search found, where it is a checksum database's.
    pub(super) proving: Option<Box<Proving>>,
    /// Whether it has had its first slice of work.
    worked: bool,
    /// Whether it was seen to that storage is asked for its head.
    pub(super) recalled: bool,
    /// Whether storage is not asked, as something of the proof was spoiled there.
    pub(super) fresh: bool,
    /// When the lease is to be renewed, where there is one.
    pub(super) renew_at: Option<Timestamp>,
    /// When what it asks is asked again, while it pauses.
    pub(super) again_at: Option<Timestamp>,
}

/// An errand that is done.
pub(super) struct Done {
    pub(super) errand: Errand,
    pub(super) searched: Searched,
    /// Whether another worker had found it out meanwhile.
    coalesced: bool,
}

impl Worker {
    /// Parks a stream until what it asks is found out.
    pub(super) fn wait_for(
        &mut self,
        stream: StreamId,
        parked: Parked,
        known: Option<Found>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let errand = Errand::of(&parked, known, stream, cx.now);
        let key = errand.key();
        let coalesced =
            if let Some(same) = self.jobs.get_mut(&Owner::Search(key.clone())).and_then(Job::errand) {
                same.join_stream(stream, parked.since(), cx.now);
                true
            } else {
                if let Some(done) = self.pursue(key.clone(), errand, cx) {
                    return self.resume(stream, parked, done.coalesced, &done.searched, cx);
                }
                matches!(self.jobs.get(&Owner::Search(key)), Some(Job::Follow { .. }))
            };
        self.streams.insert(stream, Stream::Parked { parked: Box::new(parked), coalesced });
        Verdict::Wait
    }

    /// Has `want` asked anew though nobody waits for it, unless somebody is at it.
    pub(super) fn refresh(&mut self, want: Want, known: Found, cx: &mut Cx<'_>) {
        let errand = Errand::new(want, Some(known));
        self.pursue_unasked(errand, cx);
    }

    /// Has `want` found out for the index and for storage, though nobody has asked for it.
    pub(super) fn ask_unasked(&mut self, want: Want, cx: &mut Cx<'_>) {
        self.pursue_unasked(Errand::new(want, None), cx);
    }

    /// Without room nothing is done: nobody is refused anything.
    fn pursue_unasked(&mut self, errand: Errand, cx: &mut Cx<'_>) {
        let key = errand.key();
        if self.services.budget.has_room()
            && !self.jobs.contains_key(&Owner::Search(key.clone()))
            && !self.services.leases.is_held(cx.kv, &key.path, cx.now)
        {
            let _ = self.pursue(key, errand, cx);
        }
    }

    /// The reply to a fetch's question.
    pub(super) fn hear(&mut self, key: SearchKey, mut fetch: Box<Fetch>, reply: Reply, cx: &mut Cx<'_>) {
        let step = fetch.search.step(reply, &self.services.config, cx);
        self.walk(key, fetch, step, cx);
    }

    /// Sees to it that the errand is done, here or by another worker. What turns out at once is returned.
    pub(super) fn pursue(&mut self, key: SearchKey, errand: Errand, cx: &mut Cx<'_>) -> Option<Done> {
        // To follow another worker takes no room.
        let has_room = self.services.budget.has_room()
            || errand.is_of_sums()
            || errand.may_fetch && self.services.leases.is_held(cx.kv, &key.path, cx.now);
        if !has_room {
            cx.count(Metric::Refusal { reason: "budget".into() });
            let reason = format!("{}: too many other requests are being fetched", errand.want.describe());
            let failure = Failure { fault: Fault::Overloaded, reason, retry_after: None };
            let searched = errand.or_known(Searched::failed(failure), &self.services.config, cx.now);
            return Some(Done { errand, searched, coalesced: false });
        }
        let lease = if errand.may_fetch {
            self.services.leases.acquire(cx.kv, &key.path, cx.now)
        } else {
            Lease::Alone
        };
        match lease {
            Lease::Followed => {
                if errand.is_awaited() {
                    let look_at = Leases::expiry(cx.now);
                    let errand = Box::new(errand);
                    self.jobs.insert(Owner::Search(key), Job::Follow { errand, look_at });
                }
                return None;
            }
            Lease::Led => {
                // Another worker may have come to an end between the look at the index and the lease.
                // Of a zip's head the index has nothing.
                let has_answer = !(errand.head_only && matches!(errand.want, Want::Zip(_)));
                if has_answer
                    && let Some(searched) = judge::indexed(
                        &errand.want,
                        errand.no_cache,
                        &self.services.index,
                        &self.services.sightings,
                        &self.services.config,
                        cx,
                    )
                    .and_then(Searched::indexed)
                {
                    self.release(&key, &searched, cx);
                    return Some(Done { errand, searched, coalesced: true });
                }
            }
            Lease::Alone => {}
        }
        let whole = matches!(errand.want, Want::Zip(_)) && self.services.budget.has_room_for_a_zip(cx.now);
        self.search(key, errand, lease, whole, cx)
    }

    /// Begins a search.
    pub(super) fn search(
        &mut self,
        key: SearchKey,
        errand: Errand,
        lease: Lease,
        whole: bool,
        cx: &mut Cx<'_>,
    ) -> Option<Done> {
        let found = self.services.index.peek(cx.kv, Region::Found, &key.path);
        // Storage does not take it: it is not fetched once more for its head.
        let whole = whole && !(errand.head_only && matches!(found, Some(Entry::Streamed { .. })));
        let mut search = Search::new(errand.want.clone(), &self.services.config, errand.may_fetch, whole);
        if errand.head_only {
            search.for_a_head();
        }
        if errand.hurried {
            search.hurry();
        }
        if matches!(found, Some(Entry::Streamed { moved: true, .. })) {
            search.expect_it_moved();
        }
        if let Some(Entry::Stored { checked, doubted, .. }) = found {
            search.trust_storage(checked, doubted);
        } else if let Some(loss) = judge::loss(found.as_ref(), &self.services.config, cx.now) {
            search.ask_storage_last(loss);
        }
        if matches!(errand.want, Want::Zip(_)) {
            let fresh =
                judge::fresh(&errand.want, errand.no_cache, &self.services.index, &self.services.config, cx);
            if matches!(fresh, Some(Entry::Stored { .. })) {
                search.expect_it_stored();
            }
        }
        let stands_in = |known| judge::may_stand_in(&errand.want, known, &self.services.config, cx.now);
        if errand.known.as_ref().is_some_and(stands_in) {
            search.expect_a_substitute();
        }
        // Somebody holds what a lookup is about. Where that is given all the same, nobody waits for the database for long.
        match errand.want.module().map(|module| self.services.config.verification(module)) {
            Some(Some((_, Mode::Require))) if errand.is_of_sums() => search.expect_it_recorded(),
            Some(Some((_, Mode::WhenAvailable))) if errand.is_of_sums() => search.expect_a_substitute(),
            _ => {}
        }
        if judge::has_seen(&errand.want, errand.known.as_ref(), &self.services.index, cx) {
            search.expect_it_known();
        }
        // Whoever keeps others waiting is asked after those who may stand in.
        if search.has_choice()
            && let Some(first) = search.first()
            && !self.services.sightings.takes_its_turn(first, cx)
        {
            if first == Source::Storage {
                search.spare_storage();
            } else {
                search.spare_upstreams();
            }
        }
        self.services.budget.begin(whole);
        let number = self.services.attempt();
        let step = search.advance(&self.services.config, cx);
        let renew_at = (lease == Lease::Led).then(|| Leases::renewal(cx.now));
        self.proceed(
            key,
            Box::new(Fetch {
                number,
                errand,
                search,
                proving: None,
                worked: false,
                recalled: false,
                fresh: false,
                renew_at,
                again_at: None,
            }),
            step,
            cx,
        )
    }

    /// Asks what is to be asked next, or ends.
    pub(super) fn proceed(
        &mut self,
        key: SearchKey,
        mut fetch: Box<Fetch>,
        mut step: Step,
        cx: &mut Cx<'_>,
    ) -> Option<Done> {
        loop {
            match step {
                Step::Ask(source, callout) => {
                    let job_key = Owner::Search(key.clone());
                    if fetch.search.was_limited() {
                        fetch.number = self.services.attempt();
                    }
                    let turn = if fetch.errand.is_nested() {
                        Turn::GoOn
                    } else {
                        Turn::Begin { module: fetch.errand.want.module().cloned(), number: fetch.number }
                    };
                    let pause = self.services.budget.paused_for(source, cx);
                    let pause = pause
                        .filter(|_| fetch.search.may_do_without(source, &self.services.config))
                        .map(seconds);
                    if pause.is_none() && self.call_or_queue(&job_key, source, callout, turn, cx).is_ok() {
                        self.jobs.insert(job_key, Job::Fetch(fetch));
                        return None;
                    }
                    cx.count(Metric::Refusal { reason: "budget".into() });
                    step = fetch.search.turned_away(pause, &self.services.config, cx);
                }
                Step::Pause { least, spread } => {
                    fetch.again_at = Some(self.services.after_pause(&key.path, (least, spread), cx.now));
                    self.jobs.insert(Owner::Search(key), Job::Fetch(fetch));
                    return None;
                }
                Step::Sums if self.has_no_room_to_hold(fetch.search.go_mod_bytes()) => {
                    cx.count(Metric::Refusal { reason: "budget".into() });
                    let reason = format!(
                        "{}: too many others as large are being fetched",
                        fetch.errand.want.describe()
                    );
                    let failure = Failure { fault: Fault::Overloaded, reason, retry_after: None };
                    step = fetch.search.learn(
                        Sums::Unproven { failure, acceptable: false },
                        &self.services.config,
                        cx,
                    );
                }
                Step::Sums => {
                    let known = match fetch.errand.want.version() {
                        Some((module, version)) => {
                            let who = SumsWaiter::Search(key.clone());
                            self.sums(module, version, who, cx)
                        }
                        None => Some(Sums::Exempt),
                    };
                    let Some(sums) = known else {
                        self.jobs.insert(Owner::Search(key), Job::Fetch(fetch));
                        return None;
                    };
                    step = fetch.search.learn(sums, &self.services.config, cx);
                }
                Step::Work if !fetch.worked && self.has_no_room_to_read(fetch.search.list_bytes()) => {
                    cx.count(Metric::Refusal { reason: "budget".into() });
                    step = fetch.search.leave_list(&self.services.config, cx);
                }
                // Most are read to their end at once.
                Step::Work
                    if self.services.slices.is_empty() && !std::mem::replace(&mut fetch.worked, true) =>
                {
                    step = fetch.search.work(&self.services.config, cx);
                }
                Step::Work => {
                    self.services.slices.push_back(Slice::Search(key.clone()));
                    self.jobs.insert(Owner::Search(key), Job::Fetch(fetch));
                    return None;
                }
                Step::Done(searched) => {
                    return match self.begin_proof(&fetch.errand.want, searched) {
                        Ok(proving) => {
                            fetch.proving = Some(Box::new(proving));
                            self.prove(key, fetch, cx)
                        }
                        Err(searched) => Some(self.finish(&key, *fetch, *searched, cx)),
                    };
                }
            }
        }
    }

    /// Whether a go.mod of so many bytes is one too many to wait for its sums. A usual one never is.
    fn has_no_room_to_hold(&self, bytes: usize) -> bool {
        let held = |job: &Job| if let Job::Fetch(fetch) = job { fetch.search.go_mod_bytes() } else { 0 };
        bytes > USUAL_GO_MOD && self.jobs.values().map(held).fold(bytes, usize::saturating_add) > MAX_GO_MODS
    }

    /// Whether a list of so many bytes is one too many to be read.
    fn has_no_room_to_read(&self, bytes: usize) -> bool {
        let held = |job: &Job| if let Job::Fetch(fetch) = job { fetch.search.list_bytes() } else { 0 };
        bytes > 0 && self.jobs.values().map(held).fold(bytes, usize::saturating_add) > MAX_LISTS
    }

    /// Goes on with what a search does in slices.
    pub(super) fn work_at(&mut self, key: SearchKey, cx: &mut Cx<'_>) {
        if let Some(mut fetch) = self.take_fetch(&key) {
            let step = fetch.search.work(&self.services.config, cx);
            self.walk(key, fetch, step, cx);
        }
    }

    /// Takes a step of a search that may be its last.
    pub(super) fn walk(&mut self, key: SearchKey, fetch: Box<Fetch>, step: Step, cx: &mut Cx<'_>) {
        if let Some(done) = self.proceed(key, fetch, step, cx) {
            self.answer(&done.errand, &done.searched, cx);
        }
    }

    /// The search of this worker's for `key`, out of the jobs.
    pub(super) fn take_fetch(&mut self, key: &SearchKey) -> Option<Box<Fetch>> {
        let job_key = Owner::Search(key.clone());
        match self.jobs.remove(&job_key)? {
            Job::Fetch(fetch) => Some(fetch),
            job => {
                self.jobs.insert(job_key, job);
                None
            }
        }
    }

    /// A search is over: the index learns of it, and storage, and the workers that follow.
    pub(super) fn finish(
        &mut self,
        key: &SearchKey,
        fetch: Fetch,
        searched: Searched,
        cx: &mut Cx<'_>,
    ) -> Done {
        let Fetch { errand, search, renew_at, .. } = fetch;
        self.services.budget.end(search.is_whole());
        match (&searched.end, errand.want.module()) {
            // That storage has some of it, or nothing, says nothing about what there is.
            _ if errand.want.is_of_storage() => {}
            (End::Missing(_), Some(module)) if errand.may_fetch => {
                self.services.budget.note_missing(module, cx.now)
            }
            (End::Document(_) | End::Zip { .. }, Some(module)) => {
                self.services.budget.note_found(module, cx.now)
            }
            _ => {}
        }
        if let Some(scope) = search.not_taken() {
            self.services.budget.note_not_taken(&key.path, scope, cx.now);
        } else if search.was_stored() {
            self.services.budget.note_taken();
        }
        let in_vain = searched.is_failed() || searched.is_stale(&errand.want);
        // What may stand in is each filter's own to say.
        let news = renew_at.is_some().then(|| searched.clone());
        let searched = errand.or_known(searched, &self.services.config, cx.now);
        // What one configuration does not ask for is another's to ask for, and it may come soon.
        let may_fetch = errand.may_fetch && !is_kept_here(&errand.want, &self.services.config);
        if let Some(entry) = searched.entry(&errand.want, may_fetch, cx.now)
            && !self.loss(&key.path, cx).is_some_and(|loss| says_less(&entry, loss))
            && !(searched.storage_failed && self.hides_what_is_stored(&entry, &key.path, cx))
        {
            // The two regions do not know of each other, and either would be believed once the other's word has aged.
            match entry {
                Entry::Missing(_) if errand.known.is_none() => {}
                Entry::Missing(_) => self.services.index.forget(cx.kv, Region::Found, &key.path, cx.now),
                _ => self.services.index.forget(cx.kv, Region::Missing, &key.path, cx.now),
            }
            self.services.index.keep(cx.kv, &key.path, &entry, cx.now);
        } else if searched.is_forbidden() && errand.want.lifetime() != Lifetime::Immutable {
            self.services.index.forget(cx.kv, Region::Found, &key.path, cx.now);
        } else if let (Some(known), true) = (worth_knowing(&errand, &searched), in_vain) {
            self.keep_asked_in_vain(key, known, cx);
        }
        // Those who ask about many versions keep what they find out of all of them at once.
        if let (End::Document(found), false) = (&searched.end, errand.is_nested()) {
            keep_first_seen(&errand.want, found, &self.services.config, &mut self.services.index, cx);
        }
        if let Some(news) = news {
            self.release(key, &news, cx);
        }
        self.write_back(&errand, &searched, search.was_stored(), cx);
        Done { errand, searched, coalesced: false }
    }

    /// What is known was asked about in vain just now: who asks next need not find that out by waiting.
    pub(super) fn keep_asked_in_vain(&mut self, key: &SearchKey, known: Found, cx: &mut Cx<'_>) {
        let known = Found { checked: Some(cx.now), ..known };
        self.services.index.keep(cx.kv, &key.path, &Entry::Found(known), cx.now);
    }

    /// Whether `entry` says who else has a zip that is known to be stored. Storage that does not answer has not lost it.
    fn hides_what_is_stored(&self, entry: &Entry, path: &str, cx: &Cx<'_>) -> bool {
        let is_stored =
            || matches!(self.services.index.peek(cx.kv, Region::Found, path), Some(Entry::Stored { .. }));
        matches!(entry, Entry::Streamed { .. }) && is_stored()
    }

    /// What storage has in place of the zip that is called `path` in the index, as far as that is known. Whoever else has it, that is
    /// still so.
    pub(super) fn loss(&self, path: &str, cx: &Cx<'_>) -> Option<Loss> {
        let entry = self.services.index.peek(cx.kv, Region::Found, path);
        judge::loss(entry.as_ref(), &self.services.config, cx.now)
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// Bytes of a go.mod that are never too many: as many searches as may be under way by default hold 32 MiB of such.
const USUAL_GO_MOD: usize = 64 << 10;

/// Bytes of all go.mods that one worker holds until their sums are known: eight of the largest, an eighth of what a VM may have.
const MAX_GO_MODS: usize = 128 << 20;

/// Bytes of all lists that one worker reads in slices: ten of the largest. Read and ordered, each takes six times as much.
const MAX_LISTS: usize = 40 << 20;

/// Whether what was found out leaves it as it was that storage has something else in place of a zip, or nothing.
fn says_less(entry: &Entry, loss: Loss) -> bool {
    match entry {
        // It was merely asked whether it has something.
        Entry::Stored { checked: false, .. } => loss.is_spoiled(),
        // With that, storage would not be asked at all.
        Entry::Streamed { .. } => true,
        // What stands before a store says nothing of what is in it.
        Entry::Lost { loss: Loss::NoZip, .. } => loss == Loss::Wrong,
        Entry::Found(_) | Entry::Lost { .. } | Entry::Missing(_) | Entry::Stored { .. } => false,
    }
}

/// What is known of a document after its sources were asked in vain: what storage has, never fresh, or else what the index
/// had.
fn worth_knowing(errand: &Errand, searched: &Searched) -> Option<Found> {
    match (&searched.end, searched.source) {
        (End::Document(found), Some(Source::Storage)) if errand.may_fetch => {
            Some(Found { limit: Some(Duration::ZERO), ..found.clone() })
        }
        _ => errand.known.clone(),
    }
}
