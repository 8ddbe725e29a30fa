//! A world without Envoy: workers that share memory, clusters with objects and faults, and a clock that moves only when
//! nothing else can. Flows are tested in it, bit by bit repeatable.
//!
//! Callouts take each cluster's latency in virtual time and end in order of their due time; what falls due at the same
//! time ends in the order in which it was called. A filter that would trap in Envoy panics here.

mod cluster;

use std::collections::BTreeMap;

pub(crate) use self::cluster::Cluster;
use crate::{
    config::Config,
    cx::{CallId, Command, Cx, StreamId, Verdict},
    http::{CallFailure, Callout, Headers, Reply, RequestHead, Response, ResponseHead, Timestamp},
    shared::{Memory, QueueId, Seat},
    worker::Worker,
};

/// The world.
pub(crate) struct World {
    /// Virtual time.
    pub(crate) now: Timestamp,
    /// By Envoy's name.
    pub(crate) clusters: BTreeMap<&'static str, Cluster>,
    /// Counters by their metric's name.
    pub(crate) counters: BTreeMap<String, u64>,
    /// Everything logged.
    pub(crate) log: Vec<String>,
    /// What the workers share.
    pub(crate) memory: Memory,
    workers: Vec<Worker>,
    calls: Vec<Call>,
    messages: Vec<(QueueId, Vec<u8>)>,
    verdicts: BTreeMap<StreamId, Verdict>,
    streams: u32,
}

struct Call {
    due: Timestamp,
    worker: usize,
    id: CallId,
    reply: Reply,
}

impl World {
    /// `workers` workers, each configured with `config`.
    pub(crate) fn new(workers: usize, config: &str) -> Self {
        Self {
            now: Timestamp(1_700_000_000_000),
            clusters: BTreeMap::new(),
            counters: BTreeMap::new(),
            log: Vec::new(),
            memory: Memory::default(),
            workers: (0..).take(workers).map(|number| worker(number, config)).collect(),
            calls: Vec::new(),
            messages: Vec::new(),
            verdicts: BTreeMap::new(),
            streams: 0,
        }
    }

    /// The cluster `name`, made where it is not yet.
    pub(crate) fn cluster(&mut self, name: &'static str) -> &mut Cluster {
        self.clusters.entry(name).or_default()
    }

    /// A GET of `path` that arrives at `worker` now.
    pub(crate) fn begin(&mut self, worker: usize, path: &str) -> StreamId {
        self.begin_with(worker, "GET", path, &[])
    }

    /// A GET of `path` on another host than the usual, `gateway.test`.
    pub(crate) fn begin_for(&mut self, authority: &str, worker: usize, path: &str) -> StreamId {
        let authority = authority.to_owned();
        self.arrive(worker, &RequestHead { authority, ..head("GET", path, &[]) })
    }

    /// A request that arrives at `worker` now.
    pub(crate) fn begin_with(
        &mut self,
        worker: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> StreamId {
        self.arrive(worker, &head(method, path, headers))
    }

    /// Configures `worker` anew.
    pub(crate) fn replace(&mut self, worker: usize, config: &str) {
        let queue = u32::try_from(self.workers.len() + worker).unwrap();
        self.workers[worker] = self::worker(queue, config);
    }

    fn arrive(&mut self, worker: usize, head: &RequestHead) -> StreamId {
        self.streams += 1;
        let stream = StreamId(self.streams);
        let verdict = self.step(worker, |worker, cx| {
            worker
                .answer_again(&head.path, &|name| head.value(name), cx)
                .unwrap_or_else(|| worker.request_head(stream, head, cx))
        });
        self.verdicts.insert(stream, verdict);
        stream
    }

    /// A GET of `path` at `worker`, and whatever follows from it until nothing is under way.
    pub(crate) fn get(&mut self, worker: usize, path: &str) -> Response {
        let stream = self.begin(worker, path);
        self.settle();
        self.response(stream)
    }

    /// The head of the response to a routed stream, as its cluster would send it.
    pub(crate) fn answer_routed(
        &mut self,
        worker: usize,
        stream: StreamId,
        status: u16,
        headers: &[(&str, &str)],
    ) -> Verdict {
        let headers = headers.iter().copied().collect::<Headers>();
        self.answer_routed_as(worker, stream, &ResponseHead { status, headers, details: None, cluster: None })
    }

    /// As [`World::answer_routed`], from a host that says how it came about.
    pub(crate) fn answer_routed_as(
        &mut self,
        worker: usize,
        stream: StreamId,
        head: &ResponseHead,
    ) -> Verdict {
        self.step(worker, |worker, cx| worker.response_head(stream, head, cx))
    }

    /// The client of `stream` leaves.
    pub(crate) fn leave(&mut self, worker: usize, stream: StreamId) {
        self.workers[worker].stream_gone(stream);
    }

    /// Lets time pass until no callout is out.
    pub(crate) fn settle(&mut self) {
        while self.end_next_call() {}
    }

    /// Lets time pass; callouts that fall due end.
    pub(crate) fn pass(&mut self, millis: u64) {
        let until = Timestamp(self.now.0 + millis);
        while self.calls.iter().any(|call| call.due <= until) {
            self.end_next_call();
        }
        self.now = until;
    }

    /// What became of `stream` so far.
    pub(crate) fn verdict(&self, stream: StreamId) -> &Verdict {
        &self.verdicts[&stream]
    }

    /// The response given to `stream`.
    pub(crate) fn response(&self, stream: StreamId) -> Response {
        match self.verdict(stream) {
            Verdict::Respond(response) => response.clone(),
            other => panic!("{stream:?} was not answered: {other:?}"),
        }
    }

    /// Whether every worker is done with everything.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.workers.iter().all(Worker::is_idle)
    }

    fn end_next_call(&mut self) -> bool {
        let next = (0..self.calls.len()).min_by_key(|at| self.calls[*at].due);
        let Some(call) = next.map(|at| self.calls.remove(at)) else {
            return false;
        };
        self.now = self.now.max(call.due);
        self.step(call.worker, |worker, cx| worker.call_done(call.id, call.reply, cx));
        true
    }

    fn step<T>(&mut self, worker: usize, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx::new(self.now, &mut self.memory);
        let result = event(&mut self.workers[worker], &mut cx);
        for command in cx.commands {
            match command {
                Command::Call { id, callout } => self.call(worker, id, &callout),
                Command::Count(metric) => *self.counters.entry(metric.to_string()).or_default() += 1,
                Command::Notify { queue, message } => self.messages.push((queue, message)),
                Command::Log(level, line) => self.log.push(format!("{level} {line}")),
                Command::Resume { stream, verdict } => {
                    assert_ne!(verdict, Verdict::Wait, "a stream was resumed to wait");
                    let before = self.verdicts.insert(stream, verdict);
                    assert_eq!(before, Some(Verdict::Wait), "{stream:?} did not wait");
                }
            }
        }
        result
    }

    fn call(&mut self, worker: usize, id: CallId, callout: &Callout) {
        let (due, reply) = match self.clusters.get_mut(callout.cluster.as_str()) {
            Some(cluster) => (Timestamp(self.now.0 + cluster.latency), cluster.ask(callout)),
            None => (self.now, Reply::Failed(CallFailure::Misconfigured)),
        };
        self.calls.push(Call { due, worker, id, reply });
    }
}

fn worker(queue: u32, config: &str) -> Worker {
    let config = Config::parse(config).unwrap_or_else(|problems| panic!("{problems}"));
    Worker::new(config, Seat { queue: QueueId(queue), seed: 7 })
}

fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> RequestHead {
    RequestHead {
        method: method.to_owned(),
        authority: "gateway.test".to_owned(),
        path: path.to_owned(),
        headers: headers.iter().copied().collect(),
    }
}
