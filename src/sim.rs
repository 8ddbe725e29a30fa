//! A world without Envoy: workers that share memory, clusters with objects and faults, and a clock that moves only when
//! nothing else can. Flows are tested in it, bit by bit repeatable.
//!
//! Callouts take each cluster's latency in virtual time and end in order of their due time; what falls due at the same
//! time ends in the order in which it was called. A filter that would trap in Envoy panics here.

mod bucket;
mod cluster;
mod database;
mod download;
mod listing;
mod zip;

use std::collections::{BTreeMap, VecDeque};

pub(crate) use self::cluster::Cluster;
pub(crate) use self::database::Database;
pub(crate) use self::download::{Download, Fate};
pub(crate) use self::zip::zip;
use crate::{
    config::Config,
    cx::{CallId, Command, Cx, StreamId, Verdict},
    host::envoy::reply::response_head,
    http::{Body, CallFailure, Callout, Headers, Reply, RequestHead, Response, ResponseHead, Timestamp},
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
    /// Gauges by their metric's name.
    pub(crate) gauges: BTreeMap<String, u64>,
    /// Everything logged.
    pub(crate) log: Vec<String>,
    /// What the workers share.
    pub(crate) memory: Memory,
    config: Config,
    workers: Vec<Seated>,
    calls: Vec<Call>,
    downloads: BTreeMap<StreamId, Download>,
    messages: VecDeque<(QueueId, Body)>,
    ticked: Timestamp,
    verdicts: BTreeMap<StreamId, Verdict>,
    streams: u32,
    seats: u32,
}

/// What [`World::happen`] has happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A callout ends.
    Call,
    /// A message arrives.
    Message,
    /// So many milliseconds pass, and all workers tick.
    Time(u64),
}

/// A worker and its queue; another one in the same place has another queue.
struct Seated {
    queue: QueueId,
    worker: Worker,
}

struct Call {
    cluster: String,
    due: Timestamp,
    queue: QueueId,
    id: CallId,
    reply: Reply,
}

impl World {
    /// `workers` workers, each configured with `config`.
    pub(crate) fn new(workers: usize, config: &str) -> Self {
        let config = Config::parse(config).unwrap_or_else(|problems| panic!("{problems}"));
        let mut world = Self {
            now: START,
            clusters: BTreeMap::new(),
            counters: BTreeMap::new(),
            gauges: BTreeMap::new(),
            log: Vec::new(),
            memory: Memory::default(),
            config,
            workers: Vec::new(),
            calls: Vec::new(),
            downloads: BTreeMap::new(),
            messages: VecDeque::new(),
            ticked: START,
            verdicts: BTreeMap::new(),
            streams: 0,
            seats: 0,
        };
        for _ in 0..workers {
            let seated = world.seat();
            world.workers.push(seated);
        }
        world
    }

    fn seat(&mut self) -> Seated {
        self.seats += 1;
        let queue = QueueId(self.seats);
        Seated { queue, worker: Worker::new(self.config.clone(), Seat { queue, seed: 7 }, &self.memory) }
    }

    /// `worker` dies with everything it had under way, and another takes its place.
    pub(crate) fn crash(&mut self, worker: usize) {
        let seated = self.seat();
        let dead = std::mem::replace(&mut self.workers[worker], seated).queue;
        self.calls.retain(|call| call.queue != dead);
        self.messages.retain(|(queue, _)| *queue != dead);
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

    /// The head of a POST whose body is yet to come, by [`World::send`].
    pub(crate) fn begin_post(&mut self, worker: usize, path: &str, headers: &[(&str, &str)]) -> StreamId {
        self.arrive(worker, &RequestHead { ends: false, ..head("POST", path, headers) })
    }

    /// More of the body of `stream` comes, if it is one that is collected; whether it was.
    pub(crate) fn send(&mut self, worker: usize, stream: StreamId, bytes: &[u8], ends: bool) -> bool {
        if !self.workers[worker].worker.receives(stream) {
            return false;
        }
        let verdict = self.step(worker, |worker, cx| worker.request_body(stream, bytes, ends, cx));
        if verdict != Verdict::Wait {
            self.verdicts.insert(stream, verdict);
        }
        true
    }

    /// One more worker, configured otherwise: of another filter in the same Envoy. Its number.
    pub(crate) fn add(&mut self, config: &str) -> usize {
        let config = Config::parse(config).unwrap_or_else(|problems| panic!("{problems}"));
        let config = std::mem::replace(&mut self.config, config);
        let seated = self.seat();
        self.workers.push(seated);
        self.config = config;
        self.workers.len() - 1
    }

    /// Sets the clock. Callouts under way take as long as they would have.
    pub(crate) fn set_clock(&mut self, now: Timestamp) {
        for call in &mut self.calls {
            let left = u64::try_from(call.due.since(self.now).as_millis()).unwrap();
            call.due = Timestamp(now.0 + left);
        }
        (self.now, self.ticked) = (now, now);
    }

    /// Configures `worker` anew.
    pub(crate) fn replace(&mut self, worker: usize, config: &str) {
        self.config = Config::parse(config).unwrap_or_else(|problems| panic!("{problems}"));
        self.workers[worker] = self.seat();
    }

    fn arrive(&mut self, worker: usize, head: &RequestHead) -> StreamId {
        self.streams += 1;
        let stream = StreamId(self.streams);
        // What it waits for can be found out before it is said that it waits; the host resumes it after the callback.
        self.verdicts.insert(stream, Verdict::Wait);
        let verdict = self.step(worker, |worker, cx| {
            worker
                .answer_again(&head.path, &|name| head.value(name), cx)
                .unwrap_or_else(|| worker.request_head(stream, head, cx))
        });
        if verdict != Verdict::Wait {
            let resumed = self.verdicts.insert(stream, verdict);
            assert_eq!(resumed, Some(Verdict::Wait), "{stream:?} was answered twice");
        }
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
        // As HTTP/1.1 sends what nobody has counted.
        let says_length = headers.iter().any(|(name, _)| *name == "content-length");
        let chunked =
            (!says_length && matches!(status, 200 | 206)).then_some(("transfer-encoding", "chunked"));
        let headers = headers.iter().copied().chain(chunked).collect::<Headers>();
        let head = response_head(status, headers, None, None, false);
        self.answer_routed_as(worker, stream, &head)
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

    /// One slice of the work that `worker` has left to do; whether there was any.
    pub(crate) fn work(&mut self, worker: usize) -> bool {
        let has_work = self.workers[worker].worker.has_work();
        if has_work {
            self.step(worker, Worker::work);
        }
        has_work
    }

    /// A worker, for what no event leads to.
    pub(crate) fn worker(&mut self, worker: usize) -> &mut Worker {
        &mut self.workers[worker].worker
    }

    /// An event that no method here stands for.
    pub(crate) fn event<T>(&mut self, worker: usize, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        self.step(worker, event)
    }

    /// Whether a callout to `cluster` is under way.
    pub(crate) fn is_asking(&self, cluster: &str) -> bool {
        self.calls.iter().any(|call| call.cluster == cluster)
    }

    /// How many callouts to `cluster` are under way.
    pub(crate) fn calls_to(&self, cluster: &str) -> usize {
        self.calls.iter().filter(|call| call.cluster == cluster).count()
    }

    /// The callout to `cluster` that ends last fails instead, at once.
    pub(crate) fn fail_one(&mut self, cluster: &str) {
        self.fail_one_as(cluster, CallFailure::TimedOut);
    }

    /// As [`World::fail_one`], in this way.
    pub(crate) fn fail_one_as(&mut self, cluster: &str, failure: CallFailure) {
        let call = self.calls.iter_mut().filter(|call| call.cluster == cluster).max_by_key(|call| call.due);
        let call = call.expect("a callout to fail");
        (call.due, call.reply) = (self.now, Reply::Failed(failure));
    }

    /// The client of `stream` leaves.
    pub(crate) fn leave(&mut self, worker: usize, stream: StreamId) {
        self.step(worker, |worker, cx| worker.stream_gone(stream, cx));
    }

    /// Lets time pass until no callout is out and nothing is waited for.
    pub(crate) fn settle(&mut self) {
        for _ in 0..100_000 {
            self.deliver();
            let next = self.calls.iter().map(|call| call.due).min();
            match next.or_else(|| self.needs_ticks().then(|| self.next_tick())) {
                Some(at) => self.pass_to(at),
                None => return,
            }
        }
        panic!("it never settles");
    }

    /// Lets time pass; callouts that fall due end.
    pub(crate) fn pass(&mut self, millis: u64) {
        self.pass_to(Timestamp(self.now.0 + millis));
    }

    fn pass_to(&mut self, until: Timestamp) {
        loop {
            self.deliver();
            let call = (0..self.calls.len()).min_by_key(|at| self.calls[*at].due);
            let call = call.filter(|at| self.calls[*at].due <= until);
            let tick = Some(self.next_tick()).filter(|at| *at <= until && self.has_clock());
            match (call, tick) {
                (Some(at), tick) if tick.is_none_or(|tick| self.calls[at].due <= tick) => self.end_call(at),
                (_, Some(tick)) => self.tick(tick),
                _ => break,
            }
        }
        self.now = self.now.max(until);
        self.ticked = self.ticked.max(self.now);
    }

    /// One thing happens, out of turn, where it can: nothing else does, be it due or not.
    pub(crate) fn happen(&mut self, event: Happening) {
        match event {
            Happening::Call => {
                if let Some(at) = (0..self.calls.len()).min_by_key(|at| self.calls[*at].due) {
                    self.end_call(at);
                }
            }
            Happening::Message => {
                if let Some((queue, message)) = self.messages.pop_front() {
                    self.hand_over(queue, &message);
                }
            }
            Happening::Time(millis) => {
                let at = Timestamp(self.now.0 + millis);
                self.tick(at);
            }
        }
    }

    /// What is routed is under way until a test answers it.
    fn needs_ticks(&self) -> bool {
        self.workers.iter().any(|seated| seated.worker.is_at_work())
    }

    fn has_clock(&self) -> bool {
        self.workers.iter().any(|seated| is_ticked(&seated.worker))
    }

    fn next_tick(&self) -> Timestamp {
        Timestamp(self.ticked.0 + 100)
    }

    fn tick(&mut self, at: Timestamp) {
        (self.now, self.ticked) = (self.now.max(at), at);
        for worker in 0..self.workers.len() {
            if is_ticked(&self.workers[worker].worker) {
                self.step(worker, Worker::tick);
            }
        }
    }

    /// Delivers what workers wrote each other; to one that died it is lost. What they have left to do is done.
    fn deliver(&mut self) {
        for worker in 0..self.workers.len() {
            while self.workers[worker].worker.has_work() {
                self.step(worker, Worker::work);
            }
        }
        while let Some((queue, message)) = self.messages.pop_front() {
            self.hand_over(queue, &message);
        }
    }

    fn hand_over(&mut self, queue: QueueId, message: &[u8]) {
        if let Some(worker) = self.workers.iter().position(|seated| seated.queue == queue) {
            self.step(worker, |worker, cx| worker.message(message, cx));
        }
    }

    /// What became of `stream` so far.
    pub(crate) fn verdict(&self, stream: StreamId) -> &Verdict {
        &self.verdicts[&stream]
    }

    /// The response given to `stream`.
    pub(crate) fn response(&self, stream: StreamId) -> Response {
        match self.verdict(stream) {
            Verdict::Respond(response) => Response::clone(response),
            other => panic!("{stream:?} was not answered: {other:?}"),
        }
    }

    /// Whether every worker is done with everything.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.workers.iter().all(|seated| seated.worker.is_idle())
    }

    fn end_call(&mut self, at: usize) {
        let call = self.calls.remove(at);
        self.now = self.now.max(call.due);
        if let Some(worker) = self.workers.iter().position(|seated| seated.queue == call.queue) {
            self.step(worker, |worker, cx| worker.call_done(call.id, call.reply, cx));
        }
    }

    fn step<T>(&mut self, worker: usize, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let Seated { queue, worker } = &mut self.workers[worker];
        let queue = *queue;
        let mut cx = Cx::new(self.now, &mut self.memory);
        let result = event(worker, &mut cx);
        for command in cx.commands {
            match command {
                Command::Call { id, callout } => self.call(queue, id, &callout),
                Command::Count(metric) => *self.counters.entry(metric.to_string()).or_default() += 1,
                Command::Notify { queue, message } => self.messages.push_back((queue, message)),
                Command::Gauge(gauge, value) => drop(self.gauges.insert(gauge.to_string(), value)),
                Command::Log(level, line) => self.log.push(format!("{level} {line}")),
                Command::Release { stream } => self.let_go(stream, Download::release),
                Command::Reset { stream } => self.let_go(stream, Download::reset),
                Command::Resume { stream, verdict } => {
                    assert_ne!(verdict, Verdict::Wait, "a stream was resumed to wait");
                    let before = self.verdicts.insert(stream, verdict);
                    let was_routed = matches!(before, Some(Verdict::Route(_)));
                    assert!(
                        before == Some(Verdict::Wait)
                            || was_routed && matches!(self.verdicts[&stream], Verdict::Respond(_)),
                        "{stream:?} did not wait"
                    );
                }
            }
        }
        result
    }

    fn call(&mut self, queue: QueueId, id: CallId, callout: &Callout) {
        let (due, reply) = match self.clusters.get_mut(callout.cluster.as_str()) {
            Some(cluster) => (Timestamp(self.now.0 + cluster.latency), cluster.ask(callout, self.now)),
            None => (self.now, Reply::Failed(CallFailure::Misconfigured)),
        };
        self.calls.push(Call { cluster: callout.cluster.clone(), due, queue, id, reply });
    }
}

fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> RequestHead {
    RequestHead {
        method: method.to_owned(),
        authority: "gateway.test".to_owned(),
        path: path.to_owned(),
        headers: headers.iter().copied().collect(),
        properties: Vec::new(),
        ends: true,
    }
}

/// Whether the host's clock runs for it; that it runs slower where nothing is under way makes no difference here.
fn is_ticked(worker: &Worker) -> bool {
    worker.needs_ticks() || worker.watches()
}

const START: Timestamp = Timestamp(1_700_000_000_000);
