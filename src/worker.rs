//! One worker's machine: its parked streams, its jobs, and who waits for what.
//!
//! A job belongs to the worker, not to the stream that began it: it goes on when that client leaves, and everybody who asks
//! the same meanwhile waits for the same job. The adapter reports events and does what [`Cx::commands`] say.

mod ready;

use std::collections::BTreeMap;

use log::Level;

use crate::{
    config::Config,
    cx::{CallId, Command, Cx, StreamId, Verdict},
    flow::{
        Parked, Probe, Reception, Routed, Search, Searched, Sightings, Step, Write, entry, readiness,
        worth_writing,
    },
    goproxy::{Found, may_be_ours},
    http::{Callout, ReadHeader, Reply, RequestHead, ResponseHead, Timestamp},
    metrics::Metric,
    plan::{Source, Want},
    shared::{Index, Seat},
};

use self::ready::Ready;

/// The state of one worker under one configuration.
#[derive(Debug)]
pub struct Worker {
    config: Config,
    index: Index,
    calls: BTreeMap<CallId, (JobKey, Source)>,
    jobs: BTreeMap<JobKey, Job>,
    /// What came of the last write, as metrics call it.
    last_write: &'static str,
    next_call: u32,
    ready: Ready,
    sightings: Sightings,
    streams: BTreeMap<StreamId, Stream>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stream {
    /// Waits for a search; `coalesced` says that another request had begun it.
    Parked { parked: Parked, coalesced: bool },
    /// Waits for the readiness page.
    Probing,
    /// Is on its way, its response yet to come.
    Routed(Routed),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum JobKey {
    Probe,
    Search { want: Want, may_fetch: bool },
    Write { object: String },
}

#[derive(Debug)]
enum Job {
    Probe { probe: Probe, waiting: Vec<StreamId> },
    Search { search: Box<Search>, known: Option<Found>, waiting: Vec<StreamId> },
    Write(Write),
}

impl Worker {
    /// A worker with nothing to do.
    pub fn new(config: Config, seat: Seat) -> Self {
        let index = Index::new(&config, seat);
        Self {
            config,
            index,
            calls: BTreeMap::new(),
            jobs: BTreeMap::new(),
            last_write: "stored",
            next_call: 0,
            ready: Ready::new(seat.seed),
            sightings: Sightings::default(),
            streams: BTreeMap::new(),
        }
    }

    /// Whether nothing is under way: no callout is out and no stream waits.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.streams.is_empty()
    }

    /// Whether a request for `path` can be ours. Most of what a gateway carries is not, and nothing more need be read of it
    /// than this: it is to go on, without [`Worker::route_header`].
    pub fn may_answer(&self, path: &str) -> bool {
        may_be_ours(path, &self.config.matching, &self.config.admin)
    }

    /// The header that no client's request may go on with.
    pub fn route_header(&self) -> &str {
        &self.config.matching.route_header
    }

    /// The answer to a request for what was asked for a moment ago, if it may be given again. Else it is for
    /// [`Worker::request_head`].
    pub fn answer_again(&self, path: &str, header: ReadHeader<'_>, cx: &mut Cx<'_>) -> Option<Verdict> {
        let hit = self.ready.look_up(path, header, &self.config.matching, cx.now)?;
        Some(hit.give(header("if-none-match").as_deref(), cx))
    }

    /// A request's head is there.
    pub fn request_head(&mut self, stream: StreamId, head: &RequestHead, cx: &mut Cx<'_>) -> Verdict {
        match Reception::of(head, &self.config, &self.index, cx) {
            Reception::Decided(verdict) => verdict,
            Reception::Hit(hit) => {
                let verdict = hit.give(head.headers.first("if-none-match"), cx);
                self.ready.keep(head, hit, cx.now);
                verdict
            }
            Reception::Probe => self.probe(stream, cx),
            Reception::Routed(verdict, routed) => {
                self.streams.insert(stream, Stream::Routed(routed));
                verdict
            }
            Reception::Search(parked, known) => self.search(stream, parked, known, cx),
        }
    }

    /// Whether this stream waits.
    pub fn holds(&self, stream: StreamId) -> bool {
        matches!(self.streams.get(&stream), Some(Stream::Parked { .. } | Stream::Probing))
    }

    /// Whether this stream was routed and its response is yet to come.
    pub fn awaits_response(&self, stream: StreamId) -> bool {
        matches!(self.streams.get(&stream), Some(Stream::Routed(_)))
    }

    /// The response to a routed request has begun.
    pub fn response_head(&mut self, stream: StreamId, head: &ResponseHead, cx: &mut Cx<'_>) -> Verdict {
        let Some(Stream::Routed(routed)) = self.streams.remove(&stream) else {
            return Verdict::Continue;
        };
        let expected = routed.source.endpoint(&self.config).map(|endpoint| endpoint.cluster.as_str());
        let reply = Reply::routed(head, expected.unwrap_or_default());
        self.sightings.note(routed.source, &reply, &self.config, cx);
        let (verdict, entry) = routed.response(head, reply, &self.config, cx);
        if let Some(entry) = entry {
            self.index.keep(cx.kv, &Want::Zip(routed.zip).key(), &entry);
        }
        verdict
    }

    /// A callout ended.
    pub fn call_done(&mut self, call: CallId, reply: Reply, cx: &mut Cx<'_>) {
        let Some((key, source)) = self.calls.remove(&call) else {
            return;
        };
        cx.count(Metric::Callout { target: source.target(&self.config), outcome: reply.label() });
        self.sightings.note(source, &reply, &self.config, cx);
        match self.jobs.remove(&key) {
            Some(Job::Probe { mut probe, waiting }) => {
                if probe.end_one() {
                    self.answer_probe(&waiting, cx);
                } else {
                    self.jobs.insert(key, Job::Probe { probe, waiting });
                }
            }
            Some(Job::Search { mut search, known, waiting }) => match search.step(reply, &self.config, cx) {
                Step::Ask(source, callout) => {
                    self.call(key.clone(), source, callout, cx);
                    self.jobs.insert(key, Job::Search { search, known, waiting });
                }
                Step::Done(searched) => self.conclude(&key, searched, known.as_ref(), &waiting, cx),
            },
            Some(Job::Write(write)) => {
                let outcome = write.end(&reply, &self.index, cx);
                if outcome != self.last_write {
                    cx.log(Level::Info, format!("writes to storage: {outcome}"));
                    self.last_write = outcome;
                }
            }
            None => {}
        }
    }

    /// Another worker sent this.
    pub fn message(&mut self, _message: &[u8], _cx: &mut Cx<'_>) {}

    /// Time has passed.
    pub fn tick(&mut self, _cx: &mut Cx<'_>) {}

    /// When the next tick is due, if one is.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        None
    }

    /// A stream ended, answered or not.
    pub fn stream_gone(&mut self, stream: StreamId) {
        match self.streams.remove(&stream) {
            None | Some(Stream::Routed(_)) => {}
            Some(Stream::Parked { .. } | Stream::Probing) => {
                for job in self.jobs.values_mut() {
                    if let Job::Probe { waiting, .. } | Job::Search { waiting, .. } = job {
                        waiting.retain(|waiter| *waiter != stream);
                    }
                }
            }
        }
    }

    fn search(&mut self, stream: StreamId, parked: Parked, known: Option<Found>, cx: &mut Cx<'_>) -> Verdict {
        let key = JobKey::Search { want: parked.want().clone(), may_fetch: parked.may_fetch() };
        if let Some(Job::Search { waiting, .. }) = self.jobs.get_mut(&key) {
            waiting.push(stream);
            self.streams.insert(stream, Stream::Parked { parked, coalesced: true });
            return Verdict::Wait;
        }
        let mut search = Box::new(Search::new(parked.want().clone(), &self.config, parked.may_fetch()));
        match search.advance(&self.config, cx) {
            Step::Ask(source, callout) => {
                self.call(key.clone(), source, callout, cx);
                self.jobs.insert(key, Job::Search { search, known, waiting: vec![stream] });
                self.streams.insert(stream, Stream::Parked { parked, coalesced: false });
                Verdict::Wait
            }
            Step::Done(searched) => {
                let searched = searched.or_known(parked.want(), known.as_ref());
                self.resume(stream, &parked, false, &searched, cx)
            }
        }
    }

    fn conclude(
        &mut self,
        key: &JobKey,
        searched: Searched,
        known: Option<&Found>,
        waiting: &[StreamId],
        cx: &mut Cx<'_>,
    ) {
        let JobKey::Search { want, may_fetch } = key else {
            return;
        };
        let searched = searched.or_known(want, known);
        if let Some(entry) = entry(want, &searched, *may_fetch, cx.now) {
            self.index.keep(cx.kv, &want.key(), &entry);
        }
        for stream in waiting {
            if let Some(Stream::Parked { parked, coalesced }) = self.streams.remove(stream) {
                let verdict = self.resume(*stream, &parked, coalesced, &searched, cx);
                cx.commands.push(Command::Resume { stream: *stream, verdict });
            }
        }
        self.write_back(want, &searched, known, cx);
    }

    fn resume(
        &mut self,
        stream: StreamId,
        parked: &Parked,
        coalesced: bool,
        searched: &Searched,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let (verdict, routed) = parked.resume(searched, coalesced, &self.config, cx);
        if let Some(routed) = routed {
            self.streams.insert(stream, Stream::Routed(routed));
        }
        verdict
    }

    fn write_back(&mut self, want: &Want, searched: &Searched, known: Option<&Found>, cx: &mut Cx<'_>) {
        let Some(storage) = self.config.storage.as_ref().filter(|storage| storage.write) else {
            return;
        };
        let Some((document, found)) = worth_writing(want, searched, known) else {
            return;
        };
        let Some((write, callout)) = Write::begin(storage, want, document, found) else {
            return;
        };
        let key = JobKey::Write { object: want.path() };
        let writes = self.jobs.values().filter(|job| matches!(job, Job::Write(_))).count();
        if writes >= MAX_WRITES || self.jobs.contains_key(&key) {
            cx.count(Metric::StorageWrite { outcome: "skipped" });
            return;
        }
        self.call(key.clone(), Source::Storage, callout, cx);
        self.jobs.insert(key, Job::Write(write));
    }

    fn probe(&mut self, stream: StreamId, cx: &mut Cx<'_>) -> Verdict {
        if let Some(Job::Probe { waiting, .. }) = self.jobs.get_mut(&JobKey::Probe) {
            waiting.push(stream);
        } else {
            let (probe, questions) = Probe::begin(&self.sightings, &self.config);
            if self.sightings.is_ready(&self.config) || questions.is_empty() {
                return readiness(&self.sightings, &self.config, cx);
            }
            for (source, callout) in questions {
                self.call(JobKey::Probe, source, callout, cx);
            }
            self.jobs.insert(JobKey::Probe, Job::Probe { probe, waiting: vec![stream] });
        }
        self.streams.insert(stream, Stream::Probing);
        Verdict::Wait
    }

    fn answer_probe(&mut self, waiting: &[StreamId], cx: &mut Cx<'_>) {
        for stream in waiting {
            if self.streams.remove(stream).is_some() {
                let verdict = readiness(&self.sightings, &self.config, cx);
                cx.commands.push(Command::Resume { stream: *stream, verdict });
            }
        }
    }

    fn call(&mut self, key: JobKey, source: Source, callout: Callout, cx: &mut Cx<'_>) {
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        self.calls.insert(id, (key, source));
        cx.call(id, callout);
    }
}

/// Writes under way at once in one worker. Each holds its document in the host's memory until storage has it; a storage
/// that takes longer than upstreams give loses copies, not memory.
const MAX_WRITES: usize = 64;

#[cfg(test)]
mod tests;
