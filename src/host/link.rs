//! What the root context and its streams share: the worker, and its dealings with the host.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::{Duration, UNIX_EPOCH},
};

use proxy_wasm::{
    hostcalls,
    types::{MapType, MetricType, Status},
};

use super::{kv::SharedData, obey};
use crate::{
    cx::{CallId, Command, Cx, StreamId},
    http::{CallFailure, Callout, Headers, Reply, Timestamp},
    metrics::Metric,
    worker::Worker,
};

/// The worker under one configuration, with what the adapter has to remember.
pub(super) struct Link {
    pub(super) root: u32,
    pub(super) worker: Worker,
    /// Content types of answers without a body, which the host strips (see `obey`).
    pub(super) stripped: BTreeMap<StreamId, String>,
    bell: Bell,
    counters: BTreeMap<Metric, u32>,
    outbox: VecDeque<(CallId, Callout)>,
    tokens: BTreeMap<u32, CallId>,
}

/// The worker's own queue: a message in it makes the host call the root.
struct Bell {
    queue: u32,
    rung: bool,
}

impl Link {
    pub(super) fn new(root: u32, worker: Worker, queue: u32) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            root,
            worker,
            stripped: BTreeMap::new(),
            bell: Bell { queue, rung: false },
            counters: BTreeMap::new(),
            outbox: VecDeque::new(),
            tokens: BTreeMap::new(),
        }))
    }

    /// Steps the worker and does what it wants; its callouts stay in the outbox.
    pub(super) fn step<T>(&mut self, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let mut shared = SharedData;
        let mut cx = Cx::new(now(), &mut shared);
        let result = event(&mut self.worker, &mut cx);
        for command in cx.commands {
            match command {
                Command::Call { id, callout } => self.outbox.push_back((id, callout)),
                Command::Count(metric) => self.count(metric),
                Command::Notify { queue, message } => {
                    let _ = hostcalls::enqueue_shared_queue(queue.0, Some(&message));
                }
                Command::Log(level, line) => log::log!(level, "{line}"),
                Command::Resume { stream, verdict } => obey::resume(self, stream, verdict),
            }
        }
        result
    }

    /// Has the host call the root, if there is anything to send.
    pub(super) fn ring(&mut self) {
        if !self.outbox.is_empty() && !self.bell.rung {
            self.bell.rung = hostcalls::enqueue_shared_queue(self.bell.queue, Some(b"!")).is_ok();
        }
    }

    /// The root is called: sends what is in the outbox.
    pub(super) fn send(&mut self) {
        self.bell.rung = false;
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
        let head =
            (num_headers > 0).then(|| headers(MapType::HttpCallResponseHeaders)).map(|(status, headers)| {
                (status.get(":status").and_then(|status| status.parse().ok()).unwrap_or_default(), headers)
            });
        let body = if head.is_some() && body_size > 0 { body(body_size) } else { Vec::new() };
        self.step(|worker, cx| worker.call_done(id, Reply::read(head, body), cx));
        self.send();
    }

    fn count(&mut self, metric: Metric) {
        let counter = *self.counters.entry(metric).or_insert_with_key(|metric| {
            hostcalls::define_metric(MetricType::Counter, &metric.to_string()).unwrap_or_default()
        });
        let _ = hostcalls::increment_metric(counter, 1);
    }
}

/// The pseudo-headers and the other headers of a map.
pub(super) fn headers(map: MapType) -> (BTreeMap<String, String>, Headers) {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let all = hostcalls::get_map_bytes(map).unwrap_or_default();
    let (pseudo, rest): (Vec<_>, Vec<_>) =
        all.into_iter().map(|(name, value)| (name, text(value))).partition(|(name, _)| name.starts_with(':'));
    (pseudo.into_iter().collect(), rest.into_iter().collect())
}

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
