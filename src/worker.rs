//! One worker's machine: its parked streams, its jobs, and who waits for what.
//!
//! A job belongs to the worker, not to the stream that began it: it goes on when that client leaves, and everybody who asks
//! the same meanwhile waits for the same job. The adapter reports events and does what [`Cx::commands`] say.

mod again;
mod bundle;
mod copy;
mod errand;
mod fetch;
mod follow;
mod job;
mod key;
mod parts;
mod passing;
mod patience;
mod prove;
mod published;
mod queued;
mod ready;
mod recall;
mod resume;
mod room;
mod routed;
mod services;
mod sifting;
mod sums;
mod upload;
mod write;

use std::collections::{BTreeMap, VecDeque};

use self::{
    bundle::Watch,
    copy::Due,
    job::{Job, Stream, Undecided},
    key::{Owner, Slice},
    queued::Queued,
    ready::Ready,
    room::Room,
    services::{Call, Services, budget::Told},
    sums::KnownSumdb,
    upload::GivenUp,
};
use crate::{
    config::Config,
    cx::{CallId, Command, Cx, StreamId, Verdict},
    endpoint::leads_to,
    flow::{Asked, PROBE_ROUND, Probe, Reception, pass_on, readiness, unreadable},
    goproxy::may_be_ours,
    http::{ReadHeader, Reply, RequestHead, ResponseHead, Timestamp},
    metrics::Metric,
    plan::Source,
    shared::{Seat, SharedKv},
};

/// The state of one worker under one configuration.
#[derive(Debug)]
pub struct Worker {
    /// Zips that are to be copied into storage, oldest first.
    copies: VecDeque<Due>,
    jobs: BTreeMap<Owner, Job>,
    /// What came of the last write, as metrics call it.
    last_write: &'static str,
    /// When those unseen were last asked.
    probed: Timestamp,
    /// What is to be asked as soon as it may be.
    queued: VecDeque<Queued>,
    ready: Ready,
    /// What is kept for clients.
    room: Room,
    /// Since when streams are on their way whose response is yet to begin.
    routes: BTreeMap<StreamId, Timestamp>,
    services: Services,
    /// The checksum databases, as this worker knows them.
    sumdbs: Vec<KnownSumdb>,
    streams: BTreeMap<StreamId, Stream>,
    /// The policy bundle, where there is one.
    watch: Option<Watch>,
}

impl Worker {
    /// A worker with nothing to do. The policy bundle that others have read is in force from the start.
    pub fn new(config: Config, seat: Seat, kv: &dyn SharedKv) -> Self {
        let mut worker = Self {
            copies: VecDeque::new(),
            jobs: BTreeMap::new(),
            last_write: "stored",
            probed: Timestamp::default(),
            queued: VecDeque::new(),
            ready: Ready::new(seat.seed),
            room: Room::default(),
            routes: BTreeMap::new(),
            streams: BTreeMap::new(),
            sumdbs: config.sumdb.iter().map(|_| KnownSumdb::default()).collect(),
            watch: config.policy.bundle.clone().map(|source| Watch::new(source, seat.queue)),
            services: Services::new(config, seat),
        };
        worker.adopt_kept(kv);
        worker
    }

    /// Whether nothing is under way: no callout is out, no stream waits, and nothing is on its way into storage. What is yet
    /// to be copied there does not count.
    pub fn is_idle(&self) -> bool {
        let stores = self.jobs.values().any(|job| matches!(job, Job::Upload(_)));
        let polls = self.watch.as_ref().is_some_and(Watch::is_polling);
        self.services.calls.is_empty()
            && self.streams.is_empty()
            && self.services.slices.is_empty()
            && !stores
            && !polls
    }

    /// Whether anything here depends on time: [`Worker::tick`] is to be called ten times a second then.
    pub fn needs_ticks(&self) -> bool {
        self.is_at_work() || !self.routes.is_empty()
    }

    /// Whether anything depends on time that this worker has under way itself. What is routed is under way elsewhere.
    pub(crate) fn is_at_work(&self) -> bool {
        let depends = |job: &Job| {
            matches!(job, Job::Dating(_) | Job::Fetch(_) | Job::Follow { .. } | Job::Part(_) | Job::Upload(_))
        };
        let is_asking = self.services.budget.has_shares() || !self.queued.is_empty();
        is_asking || self.jobs.values().any(depends) || !self.copies.is_empty()
    }

    /// Whether [`Worker::work`] is to be called again, as soon as others had their turn.
    pub fn has_work(&self) -> bool {
        !self.services.slices.is_empty()
    }

    /// One slice of what takes long, a few milliseconds at most.
    pub fn work(&mut self, cx: &mut Cx<'_>) {
        match self.services.slices.pop_front() {
            Some(Slice::Copy(zip)) => self.work_on_copy(&zip, cx),
            Some(Slice::Search(key)) => self.work_at(key, cx),
            Some(Slice::Sifting(key)) => self.work_on_sifting(&key, cx),
            Some(Slice::Passing(stream)) => self.read_on(stream, cx),
            None => {}
        }
    }

    /// Whether a request for `path` can be ours. Most of what a gateway carries is not, and nothing more need be read of it
    /// than this, and what [`Worker::pass_on`] looks at.
    pub fn may_answer(&self, path: &str) -> bool {
        self.ready.has(path) || may_be_ours(path, &self.services.config.matching, &self.services.config.admin)
    }

    /// The host's attributes that [`RequestHead::properties`] is to hold, in order.
    pub fn caller_properties(&self) -> impl Iterator<Item = &[String]> {
        self.services.config.callers.properties()
    }

    /// The verdict on a request that is not ours.
    pub fn pass_on(&self, header: ReadHeader<'_>) -> Verdict {
        pass_on(header, &self.services.config)
    }

    /// The answer to a request for what was asked for a moment ago, if it may be given again. Else it is for
    /// [`Worker::request_head`].
    pub fn answer_again(&self, path: &str, header: ReadHeader<'_>, cx: &mut Cx<'_>) -> Option<Verdict> {
        let hit = self.ready.look_up(path, header, &self.services.config.matching, cx.now)?;
        Some(hit.give(header("if-none-match").as_deref(), cx))
    }

    /// The answer to a request whose head the host does not hand over: nobody knows what it asks, or who.
    pub fn unreadable(&self, cx: &mut Cx<'_>) -> Verdict {
        unreadable(cx)
    }

    /// A request's head is there.
    pub fn request_head(&mut self, stream: StreamId, head: &RequestHead, cx: &mut Cx<'_>) -> Verdict {
        let if_none_match = head.headers.first("if-none-match");
        match Reception::of(head, &mut self.services.known(), cx) {
            Reception::Hit(hit) => {
                let verdict = hit.give(if_none_match, cx);
                self.ready.keep(head, hit, cx.now);
                self.room.give(stream, verdict, cx)
            }
            reception if let Some(what) = reception.waits_for() => {
                if let Some(refusal) = self.room.turn_away(head, &what, cx) {
                    return refusal;
                }
                // What is found out at once may resume it before this step has ended.
                self.room.waits(stream, head, &what);
                match self.receive(stream, if_none_match, reception, cx) {
                    Verdict::Wait => Verdict::Wait,
                    verdict => self.room.goes_on(stream, verdict, cx),
                }
            }
            reception => {
                let verdict = self.receive(stream, if_none_match, reception, cx);
                self.room.give(stream, verdict, cx)
            }
        }
    }

    /// Has a stream go on that waited.
    fn go_on_with(&mut self, stream: StreamId, verdict: Verdict, cx: &mut Cx<'_>) {
        let verdict = self.room.goes_on(stream, verdict, cx);
        cx.commands.push(Command::Resume { stream, verdict });
    }

    /// What becomes of a request, or of what it asks next.
    fn receive(
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
                self.write_again(&want, found, cx);
                hit.give(if_none_match, cx)
            }
            Reception::Long(parked, sifting) => {
                self.wait_for_sifting(stream, Undecided::Asked(parked), sifting, cx)
            }
            Reception::Probe => self.probe(stream, cx),
            Reception::Routed(verdict, routed) => {
                self.send_off(stream, routed, cx.now);
                verdict
            }
            Reception::Search(parked, known) => self.wait_for(stream, *parked, known, cx),
            Reception::Stale(verdict, want, known) => {
                self.refresh(want, known, cx);
                verdict
            }
            Reception::Undated(parked, module, versions) => {
                self.wait_for_dates(stream, Undecided::Asked(parked), &module, versions, cx)
            }
        }
    }

    /// Whether this stream waits.
    pub fn holds(&self, stream: StreamId) -> bool {
        matches!(
            self.streams.get(&stream),
            Some(Stream::Parked { .. } | Stream::Probing | Stream::Undecided(_))
        )
    }

    /// Whether this stream was routed and its response is yet to come.
    pub fn awaits_response(&self, stream: StreamId) -> bool {
        matches!(self.streams.get(&stream), Some(Stream::Routed(_)))
    }

    /// The response to a routed request has begun.
    pub fn response_head(&mut self, stream: StreamId, head: &ResponseHead, cx: &mut Cx<'_>) -> Verdict {
        let Some(routed) = self.arrive(stream) else {
            return Verdict::Continue;
        };
        let reply = Reply::routed(head, routed.cluster(&self.services.config).unwrap_or_default());
        self.services.sightings.note(routed.source, Asked::Other, &reply, &self.services.config, cx);
        if routed.to.as_ref().is_none_or(|to| !to.strayed) {
            self.services.budget.heed(routed.source, &reply, Told::First, cx);
        }
        if let Some(location) = leads_to(&reply).filter(|_| routed.source != Source::Storage) {
            let (verdict, lesson) = routed.redirected(location, &self.services.config, cx);
            self.services.learn(&routed, lesson, cx);
            return verdict;
        }
        if routed.is_inspected() && matches!(reply, Reply::Answered { status: 200, .. }) {
            return self.begin_passing(stream, routed, head, reply, cx);
        }
        let (verdict, lesson) = routed.response(head, reply, &self.services.config, cx);
        self.services.learn(&routed, lesson, cx);
        verdict
    }

    /// A callout ended.
    pub fn call_done(&mut self, call: CallId, reply: Reply, cx: &mut Cx<'_>) {
        let Some(Call { owner: key, permit }) = self.services.calls.remove(&call) else {
            return;
        };
        let Some((permit, asked)) = permit else {
            if self.watch.as_ref().is_some_and(|watch| watch.polls_with(call)) {
                self.hear_bundle(reply, cx);
            }
            return;
        };
        let source = permit.source;
        self.services.budget.give_back(permit, cx);
        // Where a redirect led is another's affair.
        if let Some(told) = self.told(&key, source) {
            self.services.budget.heed(source, &reply, told, cx);
        }
        cx.count(Metric::Callout { target: source.target(&self.services.config), outcome: reply.label() });
        self.services.sightings.note(source, asked, &reply, &self.services.config, cx);
        match (self.jobs.remove(&key), key) {
            (Some(Job::Fetch(fetch)), Owner::Search(key)) => self.hear(key, fetch, reply, cx),
            (Some(Job::Part(part)), key) => self.hear_part(key, part, reply, cx),
            (Some(Job::Probe { mut probe, mut waiting }), key) => {
                let is_over = probe.end_one();
                if is_over || self.services.sightings.is_ready(&self.services.config, cx.kv) {
                    self.answer_probe(&std::mem::take(&mut waiting), cx);
                }
                if !is_over {
                    self.jobs.insert(key, Job::Probe { probe, waiting });
                }
            }
            (Some(Job::Copy(copier)), key) => self.hear_copy(key, copier, call, reply, cx),
            (Some(Job::Upload(uploading)), key) => self.hear_upload(key, uploading, call, &reply, cx),
            (Some(Job::Write(write)), key) => self.written(key, write, reply, cx),
            (Some(job), key) => {
                self.jobs.insert(key, job);
            }
            (None, _) => {}
        }
        if !self.queued.is_empty() {
            self.call_queued(cx);
        }
    }

    /// Whether whoever asks was told by `source` to come later before; nothing where it is not `source` who answers.
    fn told(&self, key: &Owner, source: Source) -> Option<Told> {
        let search = match self.jobs.get(key) {
            Some(Job::Fetch(fetch)) => &fetch.search,
            Some(Job::Part(part)) => part.search(),
            _ => return Some(Told::First),
        };
        if search.has_strayed(source) {
            return None;
        }
        Some(if search.was_limited() { Told::Again } else { Told::First })
    }

    /// A stream ended, answered or not. Whoever waited is not answered; what it waited for goes on.
    pub fn stream_gone(&mut self, stream: StreamId, cx: &mut Cx<'_>) {
        if let Some(key) = self.fed_by(stream) {
            self.end_upload(key, Err(GivenUp::Left), cx);
        }
        self.routes.remove(&stream);
        self.room.gone(stream, cx.now);
        if let Some(Stream::Undecided(_)) = self.streams.remove(&stream) {
            self.stop_dating_for_nobody(cx);
        }
    }

    /// Whether `stream` was given an answer so large that [`Worker::was_read`] is to be told.
    pub fn owes(&self, stream: StreamId) -> bool {
        self.room.owes(stream)
    }

    /// All that `stream` was given has gone out to its client, or will never.
    pub fn was_read(&mut self, stream: StreamId) {
        self.room.read(stream);
    }

    fn probe(&mut self, stream: StreamId, cx: &mut Cx<'_>) -> Verdict {
        if !cx.now.is_within(PROBE_ROUND, self.probed) {
            self.begin_probe(cx);
        }
        // Whoever serves says so at once, whoever else is yet to be heard of.
        if self.services.sightings.is_ready(&self.services.config, cx.kv) {
            return readiness(&self.services.sightings, &self.services.config, cx);
        }
        match self.jobs.get_mut(&Owner::Probe) {
            Some(Job::Probe { waiting, .. }) if waiting.len() < MAX_PROBING => waiting.push(stream),
            _ => return readiness(&self.services.sightings, &self.services.config, cx),
        }
        self.streams.insert(stream, Stream::Probing);
        Verdict::Wait
    }

    /// Asks those unseen, unless they are being asked.
    fn begin_probe(&mut self, cx: &mut Cx<'_>) {
        if self.jobs.contains_key(&Owner::Probe) {
            return;
        }
        self.probed = cx.now;
        let (probe, questions) = Probe::begin(&self.services.sightings, &self.services.config, cx.kv);
        if questions.is_empty() {
            return;
        }
        for (source, callout) in questions {
            let permit = self.services.budget.take(source, cx);
            self.services.call(Owner::Probe, permit, callout, cx);
        }
        self.jobs.insert(Owner::Probe, Job::Probe { probe, waiting: Vec::new() });
    }

    fn answer_probe(&mut self, waiting: &[StreamId], cx: &mut Cx<'_>) {
        for stream in waiting {
            if self.streams.remove(stream).is_some() {
                let verdict = readiness(&self.services.sightings, &self.services.config, cx);
                self.go_on_with(*stream, verdict, cx);
            }
        }
    }
}

/// Who wait for one round of questions, in one worker: more than any fleet of load balancers, and no room for a flood.
const MAX_PROBING: usize = 256;

#[cfg(test)]
mod tests;
