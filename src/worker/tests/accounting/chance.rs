//! Whatever happens in whatever order, on whatever host: each request is accounted for exactly once, with the bytes that its client got.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::super::{EMPTY_ZIP, hosts::LEAST, random::Random, tiny_index};
use crate::{
    cx::{StreamId, Verdict},
    http::{CallFailure, Response},
    metrics::StatusClass,
    shared::Capabilities,
    sim::{Fate, Happening, World},
};

const CONFIG: &str = r#"{
    "match": {"hosts": ["gateway.test"]},
    "admin": {"explain": ["@anonymous"]},
    "fetch": {"concurrent": 4, "concurrent_per_upstream": 3, "wait": "30s", "zip_wait": "4s"},
    "freshness": {"list": "30s", "negative": "10s"},
    "policy": {"rules": [
        {"modules": ["m0.example"], "action": "deny"},
        {"modules": ["m1.example"], "action": "cooldown", "age": "7d"}]},
    "upstreams": [{"name": "public", "cluster": "public", "url": "http://public.test"}],
    "storage": {"cluster": "storage", "url": "http://storage.test"}
}"#;

const WORKERS: usize = 2;

/// A request that has not ended.
struct Open {
    worker: usize,
    head_only: bool,
    /// The status of the response that it was routed for, once that has begun.
    sends: Option<u16>,
}

struct Run {
    world: World,
    random: Random,
    seed: u64,
    open: BTreeMap<StreamId, Open>,
    /// How many requests were answered, by the class of the status.
    answered: BTreeMap<&'static str, u64>,
    /// How many clients left before there was an answer.
    left: u64,
    /// Bytes of bodies that clients got.
    bytes: u64,
}

impl Run {
    fn new(host: Capabilities, seed: u64) -> Self {
        let mut world = World::on(host, WORKERS, CONFIG);
        world.resize_index(tiny_index(8, 4));
        let mut random = Random(seed);
        for cluster in ["public", "storage"] {
            world.cluster(cluster).latency = [1, 50, 900, 6_000][random.below(4)];
        }
        let public = world.cluster("public");
        for module in 0..3 {
            let at = |file: &str| format!("/m{module}.example/x/@v/{file}");
            public
                .serve(&at("list"), "v1.0.0\n")
                .serve(&at("v1.0.0.info"), r#"{"Version":"v1.0.0","Time":"2020-01-01T00:00:00Z"}"#)
                .serve(&at("v1.0.0.mod"), &format!("module m{module}.example/x\n"))
                .serve(&at("v1.0.0.zip"), EMPTY_ZIP);
        }
        Self { world, random, seed, open: BTreeMap::new(), answered: BTreeMap::new(), left: 0, bytes: 0 }
    }

    fn happen(&mut self) {
        let worker = self.random.below(WORKERS);
        match self.random.below(40) {
            0..=11 => self.ask(worker),
            12 => self.send(worker),
            13 => self.ask_what_cannot_be_read(worker),
            14..=16 => self.world.happen(Happening::Time(100)),
            17..=20 => self.world.happen(Happening::Call),
            21..=22 => self.world.happen(Happening::Message),
            23..=26 => self.world.pass([100, 700, 2_100, 15_000][self.random.below(4)]),
            27 => {
                let millis = self.random.next(1..=200_000);
                self.world.pass(millis);
            }
            28 => self.crash(worker),
            29..=30 => self.leave(),
            31..=34 => self.answer(),
            35..=37 => self.pour(),
            _ => {
                let cluster = ["public", "storage"][worker];
                let fault = [CallFailure::TimedOut, CallFailure::Broken][worker];
                let is_down = self.random.below(2) == 0;
                self.world.cluster(cluster).fault = is_down.then_some(fault);
            }
        }
        self.check();
    }

    fn ask(&mut self, worker: usize) {
        let module = self.random.below(3);
        let path = match self.random.below(12) {
            0 => "/-/healthz".to_owned(),
            1 => "/-/readyz".to_owned(),
            2 => "/-/status".to_owned(),
            3 => ["/no/module/here", "/m0.example/x/@v/oh"][self.random.below(2)].to_owned(),
            4..=5 => format!("/m{module}.example/x/@v/list"),
            6 => format!("/m{module}.example/x/@latest"),
            7..=8 => format!("/m{module}.example/x/@v/v1.0.0.mod"),
            _ => format!("/m{module}.example/x/@v/v1.0.0.zip"),
        };
        let method = ["GET", "GET", "GET", "GET", "HEAD", "PUT"][self.random.below(6)];
        let headers = match self.random.below(8) {
            0 => &[("disable-module-fetch", "true")][..],
            1 => &[("if-none-match", "*")],
            2 => &[("range", "bytes=0-3")],
            _ => &[],
        };
        let stream = if self.random.below(10) == 0 {
            self.world.begin_for("else.test", worker, &path)
        } else {
            self.world.begin_with(worker, method, &path, headers)
        };
        // What is another's is not counted.
        if *self.world.verdict(stream) == Verdict::Continue {
            return self.world.leave(worker, stream);
        }
        self.came(worker, stream, method == "HEAD");
    }

    /// A body comes, whole, in part, or too large.
    fn send(&mut self, worker: usize) {
        let stream = self.world.begin_post(worker, "/-/explain", &[("content-length", "19")]);
        self.came(worker, stream, false);
        if self.random.below(2) == 0 {
            let body = ["m1.example/x v1.0.0", "m1.example/x v1.0.0 and more"][self.random.below(2)];
            self.world.send(worker, stream, body.as_bytes(), true);
        }
    }

    fn ask_what_cannot_be_read(&mut self, worker: usize) {
        let verdict = self.world.event(worker, |worker, cx| worker.unreadable(cx));
        let Verdict::Respond(response) = verdict else { panic!("{verdict:?}") };
        self.ended(response.status, response.body.len());
    }

    fn came(&mut self, worker: usize, stream: StreamId, head_only: bool) {
        self.open.insert(stream, Open { worker, head_only, sends: None });
    }

    /// What the worker had under way is accounted for no more.
    fn crash(&mut self, worker: usize) {
        self.check();
        self.world.crash(worker);
        self.open.retain(|_, open| open.worker != worker);
    }

    fn pick(&mut self, is_it: impl Fn(&World, StreamId, &Open) -> bool) -> Option<StreamId> {
        let all: Vec<_> =
            self.open.iter().filter(|(stream, open)| is_it(&self.world, **stream, open)).collect();
        let at = self.random.below(all.len().max(1));
        all.get(at).map(|(stream, _)| **stream)
    }

    /// A client leaves, whatever it waits for.
    fn leave(&mut self) {
        let Some(stream) = self.pick(|_, _, _| true) else { return };
        let Open { worker, sends, .. } = self.open.remove(&stream).unwrap();
        self.world.leave(worker, stream);
        match sends {
            Some(status) => self.ended(status, self.world.download(stream).got.len()),
            None => self.left += 1,
        }
    }

    /// The response to a routed request begins.
    fn answer(&mut self) {
        let is_routed = |world: &World, stream, open: &Open| {
            open.sends.is_none() && matches!(world.verdict(stream), Verdict::Route(_))
        };
        let Some(stream) = self.pick(is_routed) else { return };
        let Open { worker, head_only, .. } = self.open[&stream];
        let status = [200, 200, 200, 206, 302, 404, 503][self.random.below(7)];
        match self.world.answer_routed(worker, stream, status, &[("date", "now"), ("location", "/else")]) {
            Verdict::Edit(edit) => {
                let other = edit.set.iter().find(|(name, _)| name == ":status");
                let status = other.map_or(status, |(_, status)| status.parse().unwrap());
                self.open.get_mut(&stream).unwrap().sends = Some(status);
                if head_only {
                    self.world.body(worker, stream, b"", true);
                }
            }
            Verdict::Respond(response) => self.answered(stream, &response),
            other => panic!("{}: {other:?}", self.seed),
        }
    }

    /// More of a body comes: a good one, or one that is none.
    fn pour(&mut self) {
        let Some(stream) = self.pick(|_, _, open| open.sends.is_some()) else { return };
        let worker = self.open[&stream].worker;
        match self.random.below(3) {
            0 => self.world.body(worker, stream, EMPTY_ZIP.as_bytes(), true),
            1 => self.world.body(worker, stream, &EMPTY_ZIP.as_bytes()[..7], false),
            _ => self.world.body(worker, stream, b"no", self.random.below(2) == 0),
        }
    }

    /// A client has its answer, and its stream ends.
    fn answered(&mut self, stream: StreamId, response: &Response) {
        let Open { worker, head_only, .. } = self.open.remove(&stream).unwrap();
        self.ended(response.status, if head_only { 0 } else { response.body.len() });
        self.world.leave(worker, stream);
    }

    /// A request has ended that was answered with this status and so many bytes.
    fn ended(&mut self, status: u16, bytes: usize) {
        *self.answered.entry(StatusClass::of(status).as_str()).or_default() += 1;
        self.bytes += bytes as u64;
    }

    fn check(&mut self) {
        // What is left for the root is done, where the host carries no messages.
        for worker in 0..WORKERS {
            self.world.event(worker, |_, _| ());
        }
        for stream in self.open.keys().copied().collect::<Vec<_>>() {
            let sends = self.open[&stream].sends;
            if let Some(status) = sends.filter(|_| self.world.download(stream).fate != Fate::Open) {
                self.open.remove(&stream);
                self.ended(status, self.world.download(stream).got.len());
            } else if let Verdict::Respond(response) = self.world.verdict(stream) {
                let response = Rc::clone(response);
                self.answered(stream, &response);
            }
        }
        let sum = |prefix: &str, suffix: &str| -> u64 {
            let counters = self.world.counters.iter();
            let those = counters.filter(|(name, _)| name.starts_with(prefix) && name.ends_with(suffix));
            those.map(|(_, count)| count).sum()
        };
        for class in StatusClass::WORDS {
            let answered = sum("modgate.requests_total.", &format!(".class.{class}"));
            let own = self.answered.get(class).copied().unwrap_or_default();
            assert_eq!(answered, own, "{}: answered {class}", self.seed);
        }
        let left = sum("modgate.requests_unfinished_total.", ".outcome.left");
        assert_eq!(left, self.left, "{}: left", self.seed);
        assert_eq!(sum("modgate.response_bytes_total.", ""), self.bytes, "{}: bytes", self.seed);
    }
}

#[test]
fn whatever_happens_each_request_is_accounted_for_exactly_once() {
    let all = Capabilities::ALL;
    let hosts = [
        all,
        all,
        Capabilities { queue: false, ..all },
        Capabilities { hold_response: false, ..all },
        Capabilities { respond_late: false, ..all },
        Capabilities { named_clusters: true, ..LEAST },
    ];
    let mut seen = BTreeSet::new();
    for (host, first) in hosts.into_iter().zip((0..).step_by(12)) {
        for seed in first..first + 12 {
            let mut run = Run::new(host, seed);
            for _ in 0..400 {
                run.happen();
            }
            while !run.open.is_empty() {
                run.leave();
                run.check();
            }
            run.world.settle();
            run.check();
            seen.extend(run.world.counters.into_keys());
        }
    }
    // Else it would say little.
    for kind in ["invalid", "list", "mod", "page", "zip"] {
        assert!(seen.iter().any(|name| name.starts_with(&format!("modgate.requests_total.kind.{kind}."))));
    }
    for outcome in ["aborted", "left", "reset"] {
        let name = format!("modgate.requests_unfinished_total.kind.zip.outcome.{outcome}");
        assert!(seen.contains(&name), "{name}");
    }
}
