//! One worker, its memory and its callouts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use modgate::config::Config;
use modgate::cx::{BodyVerdict, CallId, Command, Cx, StreamId, Verdict};
use modgate::http::{CallFailure, Callout, Headers, Reply, RequestHead, ResponseHead, Timestamp};
use modgate::shared::{Memory, Seat};
use modgate::worker::Worker;

/// In every request's `authorization` and `cookie`: it must show up nowhere.
pub(super) const CLIENTS_SECRET: &str = "the-clients-secret";

/// Whether a cluster may see this path: the storage and the upstream of private modules any, all others no private one.
pub(super) fn is_allowed(config: &Config, cluster: &str, path: &str) -> bool {
    let endpoints = config.upstreams.iter().map(|upstream| &upstream.endpoint);
    let endpoints = endpoints.chain(config.sumdb.iter().map(|sumdb| &sumdb.endpoint));
    let endpoints = endpoints.chain(config.storage.iter().map(|storage| &storage.endpoint));
    let Some(endpoint) = endpoints.into_iter().find(|endpoint| endpoint.cluster == cluster) else {
        return false;
    };
    let Some(below) = path.strip_prefix(&format!("{}/", endpoint.path_prefix)) else { return false };
    let module = below.strip_prefix("lookup/").unwrap_or(below);
    let host = module.split(['/', '@']).next().unwrap_or_default();
    let is_private = !config.private.modules.is_empty() && host.ends_with(".corp.example.com");
    !is_private || matches!(cluster, "own" | "storage")
}

/// Seconds after which every request has ended: a search has half of them, what it is verified by the other half.
const LONGEST: u32 = 400;

/// What the filter's surroundings are to it.
pub(super) struct World {
    calls: VecDeque<CallId>,
    config: Config,
    down: bool,
    memory: Memory,
    now: Timestamp,
    replies: VecDeque<Reply>,
    seen: BTreeSet<CallId>,
    verdicts: BTreeMap<StreamId, Verdict>,
    worker: Worker,
}

impl World {
    pub(super) fn new(config: &Config, replies: VecDeque<Reply>) -> Self {
        Self {
            calls: VecDeque::new(),
            config: config.clone(),
            down: false,
            memory: Memory::default(),
            now: Timestamp(1_700_000_000_000),
            replies,
            seen: BTreeSet::new(),
            verdicts: BTreeMap::new(),
            worker: Worker::new(config.clone(), Seat::default(), &Memory::default()),
        }
    }

    /// A worker beside this one, a minute later, when nothing answers any more.
    pub(super) fn another(self) -> Self {
        let mut other = Self::new(&self.config, VecDeque::new());
        other.memory = self.memory;
        other.now = Timestamp(self.now.0 + 60_000);
        other.down = true;
        other
    }

    pub(super) fn begin(&mut self, head: &RequestHead) -> (StreamId, Verdict) {
        let stream = StreamId(u32::try_from(self.verdicts.len()).unwrap());
        let verdict = self.step(|worker, cx| worker.request_head(stream, head, cx));
        self.verdicts.insert(stream, verdict.clone());
        (stream, verdict)
    }

    pub(super) fn leave(&mut self, stream: StreamId) {
        self.step(|worker, cx| worker.stream_gone(stream, cx));
        self.verdicts.remove(&stream);
    }

    /// Every callout ends, in the order made, and every pause between two attempts.
    pub(super) fn settle(&mut self) {
        for _ in 0..LONGEST {
            while let Some(id) = self.calls.pop_front() {
                self.now.0 += 10;
                let nothing = Reply::Answered { status: 404, headers: Headers::default(), body: Vec::new() };
                let reply = match self.down {
                    true => Reply::Failed(CallFailure::Unreachable),
                    false => self.replies.pop_front().unwrap_or(nothing),
                };
                self.step(|worker, cx| worker.call_done(id, reply, cx));
            }
            while self.worker.has_work() {
                self.step(Worker::work);
            }
            let waits = self.verdicts.values().any(|verdict| *verdict == Verdict::Wait);
            if self.calls.is_empty() && !waits && (self.worker.is_idle() || !self.routed().is_empty()) {
                return;
            }
            self.now.0 += 1000;
            self.step(Worker::tick);
        }
    }

    pub(super) fn verdict_of(&self, stream: StreamId) -> Verdict {
        self.verdicts[&stream].clone()
    }

    /// The streams whose response the worker wants to see.
    pub(super) fn routed(&self) -> Vec<(StreamId, Verdict)> {
        let all = self.verdicts.iter().filter(|(stream, _)| self.worker.awaits_response(**stream));
        all.map(|(stream, verdict)| (*stream, verdict.clone())).collect()
    }

    pub(super) fn respond(&mut self, stream: StreamId, head: &ResponseHead) -> Verdict {
        let verdict = self.step(|worker, cx| worker.response_head(stream, head, cx));
        assert!(!self.worker.awaits_response(stream), "a response has one head");
        verdict
    }

    /// The body of a response comes that has begun, and is no zip; then the client leaves.
    pub(super) fn end(&mut self, stream: StreamId) {
        if self.worker.inspects(stream).is_some() {
            let body = b"PK\x03\x04 and no more".to_vec();
            let verdict = self.step(|worker, cx| worker.response_body(stream, body, true, cx));
            assert_eq!(verdict, BodyVerdict::Reset, "it is no zip");
        }
        self.leave(stream);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.worker.is_idle()
    }

    fn step<T>(&mut self, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let (result, mut commands) = self.worker.step(self.now, &mut self.memory, event);
        commands.extend(self.worker.tell());
        for command in commands {
            match command {
                Command::Call { id, callout } => {
                    assert!(self.seen.insert(id), "{id:?} is taken");
                    self.is_proper(&callout);
                    self.calls.push_back(id);
                }
                Command::Measure(measure) => {
                    let name = measure.metric.to_string();
                    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
                    assert!(name.bytes().all(is_plain), "{name:?}");
                }
                Command::Notify { queue, .. } => panic!("no worker {queue:?} is there"),
                Command::Log(_, line) => assert!(!line.contains(CLIENTS_SECRET), "{line:?}"),
                Command::Release { stream } | Command::Reset { stream } => {
                    panic!("nothing of {stream:?} is held")
                }
                Command::Resume { stream, verdict } => {
                    assert_ne!(verdict, Verdict::Wait, "{stream:?} waits again");
                    let before = self.verdicts.insert(stream, verdict);
                    let was_routed = matches!(before, Some(Verdict::Route(_)));
                    let is_answered = matches!(self.verdicts[&stream], Verdict::Respond(_));
                    assert!(
                        before == Some(Verdict::Wait) || was_routed && is_answered,
                        "{stream:?} did not wait"
                    );
                }
            }
        }
        result
    }

    fn is_proper(&self, callout: &Callout) {
        let Callout { cluster, method, scheme, authority, path, headers, body, timeout } = callout;
        assert!(matches!(*method, "GET" | "HEAD" | "PUT") && matches!(*scheme, "http" | "https"));
        assert!(!authority.is_empty() && timeout.as_millis() > 0);
        assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()), "{path:?}");
        assert!(path.split('/').all(|element| !matches!(element, "." | "..")), "{path:?}");
        assert!(is_allowed(&self.config, cluster, path), "{path} is not for {cluster}");
        assert!(body.is_empty() || (*method == "PUT" && cluster == "storage"), "{method} to {cluster}");
        for (name, value) in headers {
            assert!(!matches!(name.as_str(), "cookie" | "x-forwarded-for"), "{name}");
            assert!(!value.contains(CLIENTS_SECRET) && !value.chars().any(char::is_control), "{name}");
        }
    }
}
