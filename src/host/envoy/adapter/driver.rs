//! Drives a worker: hands it the host's events, and has the host do what it wants. The root context and its streams share one.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::{Duration, UNIX_EPOCH},
};

use proxy_wasm::{
    hostcalls,
    types::{MapType, Status},
};

use super::{
    apply, headers,
    kv::SharedData,
    mail::{self, Mail},
    metrics::Metrics,
};
use crate::{
    cx::{CallId, Command, Cx, StreamId, Verdict},
    host::envoy::reply,
    http::{CallFailure, Callout, Length, Reply, Timestamp},
    shared::QueueId,
    worker::Worker,
};

/// The worker under one configuration, and what the adapter remembers between the host's callbacks.
pub(super) struct Driver {
    pub(super) worker: Worker,
    /// Content types of answers without a body, which the host strips (see `apply`).
    pub(super) stripped: BTreeMap<StreamId, (String, Length)>,
    pub(super) root: u32,
    /// The worker's own queue.
    queue: QueueId,
    /// Whether the host is about to call the root for what is in the outbox.
    rung: bool,
    /// How often the host calls the root; `None` while its clock stands still.
    ticking: Option<Duration>,
    /// When the worker last ticked.
    ticked: Timestamp,
    metrics: Metrics,
    outbox: VecDeque<(CallId, Callout)>,
    /// Streams that wait and are to be resumed.
    resumed: VecDeque<(StreamId, Resumption)>,
    tokens: BTreeMap<u32, CallId>,
}

/// How a stream that waits is resumed.
pub(super) enum Resumption {
    /// The host passes on what it holds back of the response.
    Release,
    /// This verdict is applied to its request.
    Request(Verdict),
    /// The host resets it.
    Reset,
}

impl Driver {
    pub(super) fn new(root: u32, worker: Worker, queue: QueueId) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            worker,
            stripped: BTreeMap::new(),
            root,
            queue,
            rung: false,
            ticking: None,
            ticked: Timestamp::default(),
            metrics: Metrics::default(),
            outbox: VecDeque::new(),
            resumed: VecDeque::new(),
            tokens: BTreeMap::new(),
        }))
    }

    /// The root is configured. If the worker polls documents, its clock begins now, before the first client asks for anything.
    pub(super) fn start(&mut self) {
        if self.worker.watches() {
            self.set_clock(Some(TICK));
        }
    }

    /// An event of a stream, within a callback of that stream.
    pub(super) fn stream<T>(&mut self, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let result = self.step(event);
        self.ring();
        result
    }

    /// Whether this stream still waits.
    pub(super) fn holds(&self, stream: StreamId) -> bool {
        let is_request = |resumption: &Resumption| matches!(resumption, Resumption::Request(_));
        self.worker.holds(stream)
            || self.resumed.iter().any(|(waiting, resumption)| *waiting == stream && is_request(resumption))
    }

    /// The answer in place of the response that begins just now, if the core has decided on one.
    pub(super) fn take_answer(&mut self, stream: StreamId) -> Option<Verdict> {
        let at = self.resumed.iter().position(|(waiting, _)| *waiting == stream)?;
        match self.resumed.remove(at)? {
            (_, Resumption::Request(answer @ Verdict::Respond(_))) => Some(answer),
            (_, other) => {
                self.resumed.insert(at, (stream, other));
                None
            }
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.worker.is_idle() && self.resumed.is_empty()
    }

    /// An event of the worker, within a callback of the root. The callouts in the outbox are sent.
    pub(super) fn root(&mut self, event: impl FnOnce(&mut Worker, &mut Cx<'_>)) {
        self.step(event);
        self.send();
    }

    /// A callback of the root ends: resumes streams that wait, as many as may be resumed at once. The host resumes them when the callback
    /// is over, and calls the filter for each from within the call for the last. Some three hundred such calls fill the VM's stack.
    pub(super) fn resume_some(&mut self) {
        for _ in 0..MAX_RESUMED {
            let Some((stream, resumption)) = self.resumed.pop_front() else { break };
            apply::resume(self, stream, resumption);
        }
        self.ring();
    }

    /// Has the host call the root again, if callouts or resumptions are left.
    fn ring(&mut self) {
        let is_done = self.outbox.is_empty() && self.resumed.is_empty();
        if !self.rung && !is_done {
            self.rung = mail::ring(self.queue);
        }
    }

    /// Mail has come into `queue`. It need not be this worker's queue: the host may hand a worker the queue of a VM that it has dropped.
    pub(super) fn open_mail(&mut self, queue: QueueId) {
        while let Some(mail) = mail::next(queue) {
            match mail {
                Mail::Bell => {
                    self.rung = false;
                    self.send();
                }
                Mail::Message(message) => self.root(|worker, cx| worker.message(&message, cx)),
            }
        }
    }

    /// The host's clock has ticked.
    pub(super) fn tick(&mut self) {
        // If the host has not called for the last bell by now, the bell was lost.
        self.rung = false;
        if self.worker.has_work() {
            self.root(Worker::work);
        }
        let now = now();
        if self.worker.has_work() && now.since(self.ticked) < TICK {
            return;
        }
        self.ticked = now;
        self.root(Worker::tick);
        self.tell();
        if !self.worker.has_work() {
            self.set_clock(self.period());
        }
    }

    /// The last event here: the host is told what was counted, and the clock stops.
    pub(super) fn finish(&mut self) {
        self.tell();
        self.set_clock(None);
    }

    /// Tells the host what the core has counted since it was told last.
    fn tell(&mut self) {
        let told = self.worker.tell();
        self.carry_out(told);
    }

    /// How often the host's clock has to call; `None` while nothing is due.
    fn period(&self) -> Option<Duration> {
        let is_left = !self.outbox.is_empty() || !self.resumed.is_empty();
        let is_due = self.worker.has_news() || self.worker.needs_ticks() || is_left;
        if is_due { Some(TICK) } else { self.worker.watches().then_some(WATCH) }
    }

    fn set_clock(&mut self, period: Option<Duration>) {
        if self.ticking != period && hostcalls::set_tick_period(period.unwrap_or_default()).is_ok() {
            self.ticking = period;
        }
    }

    /// Steps the worker and carries out its commands. Callouts stay in the outbox for [`Self::send`], and resumptions for
    /// [`Self::resume_some`].
    fn step<T>(&mut self, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let (result, commands) = self.worker.step(now(), &mut SharedData, event);
        self.carry_out(commands);
        // The host's clock runs only while something is due: an idle gateway sleeps.
        if self.worker.has_work() {
            self.set_clock(Some(SLICE));
        } else if let Some(period) = self.period()
            && self.ticking.is_none_or(|ticking| ticking > period)
        {
            self.set_clock(Some(period));
        }
        result
    }

    fn carry_out(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Call { id, callout } => self.outbox.push_back((id, callout)),
                Command::Measure(measure) => self.metrics.tell(measure),
                Command::Notify { queue, message } => mail::send(queue, &message),
                Command::Log(level, line) => log::log!(level, "{line}"),
                Command::Release { stream } => self.resumed.push_back((stream, Resumption::Release)),
                Command::Reset { stream } => self.resumed.push_back((stream, Resumption::Reset)),
                Command::Resume { stream, verdict } => {
                    self.resumed.push_back((stream, Resumption::Request(verdict)));
                }
            }
        }
    }

    /// Makes the callouts in the outbox, within a callback of the root.
    fn send(&mut self) {
        while let Some((id, callout)) = self.outbox.pop_front() {
            match dispatch(&callout) {
                Ok(token) => {
                    self.tokens.insert(token, id);
                }
                Err(status) => {
                    let failure = match status {
                        Status::InternalFailure => CallFailure::Unavailable,
                        _ => CallFailure::Misconfigured,
                    };
                    self.step(|worker, cx| worker.call_done(id, Reply::Failed(failure), cx));
                }
            }
        }
    }

    /// A callout ended.
    pub(super) fn receive(&mut self, token: u32, num_headers: usize, body_size: usize) {
        let Some(id) = self.tokens.remove(&token) else {
            return;
        };
        // With no headers there is nothing to read, and asking for it would trap.
        let head = (num_headers > 0).then(|| headers::response(MapType::HttpCallResponseHeaders)).flatten();
        #[cfg(feature = "crash-hook")]
        if head.as_ref().is_some_and(|(_, headers)| headers.first("x-modgate-crash") == Some("yes")) {
            log::error!("told to crash by x-modgate-crash");
            std::process::abort();
        }
        let body = if head.is_some() && body_size > 0 { body(body_size) } else { Vec::new() };
        // A body that cannot be read is not an empty one.
        let head = head.filter(|_| body.len() == body_size);
        self.root(|worker, cx| worker.call_done(id, reply::of_callout(head, body), cx));
    }
}

/// How late a count reaches the host, and how late the worker is woken. Far below the interval at which metrics are
/// scraped, and ten calls a second are nothing to a worker that is busy.
const TICK: Duration = Duration::from_millis(100);

/// How often a worker looks for another policy bundle while nothing else is due: half of the shortest interval at which it is
/// asked for. Two calls a second are nothing to an idle gateway.
const WATCH: Duration = Duration::from_millis(500);

/// The time others have between two slices of work: the host's shortest, in truth some four milliseconds. A queue gives them
/// none: what is put into it is handed over before the host (Envoy 1.40) looks at its sockets again.
const SLICE: Duration = Duration::from_millis(1);

/// Far from the three hundred that are too many (Envoy 1.40), and enough that a crowd is gone in a few milliseconds.
const MAX_RESUMED: usize = 64;

fn body(size: usize) -> Vec<u8> {
    hostcalls::get_buffer(proxy_wasm::types::BufferType::HttpCallResponseBody, 0, size)
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn dispatch(callout: &Callout) -> Result<u32, Status> {
    let mut headers = vec![
        (":method", callout.method),
        (":scheme", callout.scheme),
        (":authority", callout.authority.as_str()),
        (":path", callout.path.as_str()),
    ];
    headers.extend(callout.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let body = (!callout.body.is_empty()).then_some(&callout.body[..]);
    hostcalls::dispatch_http_call(&callout.cluster, headers, body, Vec::new(), callout.timeout)
}

fn now() -> Timestamp {
    let since = hostcalls::get_current_time().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Timestamp(u64::try_from(since.unwrap_or(Duration::ZERO).as_millis()).unwrap_or(u64::MAX))
}
