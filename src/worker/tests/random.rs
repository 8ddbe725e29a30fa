//! Whatever happens in whatever order to workers that share memory: all are answered, and by what is or lately was true.

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
};

use super::{EMPTY_ZIP, hosts::LEAST};
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    shared::Capabilities,
    sim::{Happening, World},
};

const CONFIG: &str = r#"{
    "fetch": {"concurrent": 4, "concurrent_per_upstream": 3, "wait": "30s", "zip_wait": "4s"},
    "freshness": {"stale_if_error": "2m", "stale_while_revalidate": "1m", "list": "30s", "negative": "10s"},
    "upstreams": [
        {"name": "one", "cluster": "one", "url": "http://one.test", "fallback": "any_error"},
        {"name": "two", "cluster": "two", "url": "http://two.test"}],
    "storage": {"cluster": "storage", "url": "http://storage.test"}
}"#;

const WORKERS: usize = 3;

/// How long a search may take, a request wait for it, and its answer go unlooked at while time passes.
const SLACK: u64 = 12_000 + 30_000 + 60_000;

/// The most that `stale_if_error` and the freshness of a list allow.
const OLDEST: u64 = 150_000 + SLACK;

/// The freshness of a "not found".
const OLDEST_MISSING: u64 = 10_000 + SLACK;

/// `SplitMix64`.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range.start() + (bits ^ (bits >> 31)) % (range.end() - range.start() + 1)
    }

    /// One of so many: 0 or more, and less.
    pub(super) fn below(&mut self, many: usize) -> usize {
        usize::try_from(self.next(0..=many as u64 - 1)).unwrap()
    }
}

/// A client, and what it asked.
struct Client {
    worker: usize,
    module: u64,
    file: &'static str,
    may_fetch: bool,
}

struct Run {
    world: World,
    random: Random,
    clients: BTreeMap<StreamId, Client>,
    /// When each module's list was said to be what, nothing where there was none; the newest last.
    lists: BTreeMap<u64, Vec<(u64, Option<String>)>>,
    edits: u64,
    seed: u64,
}

impl Run {
    fn new(host: Capabilities, seed: u64) -> Self {
        let read_only = CONFIG.replace("http://storage.test\"", "http://storage.test\", \"write\": false");
        let mut world = World::on(host, WORKERS, if writes(seed) { CONFIG } else { &read_only });
        world.resize_index(super::tiny_index(8, 4));
        let mut random = Random(seed);
        for cluster in ["one", "two", "storage"] {
            world.cluster(cluster).latency =
                [1, 50, 900, 6_000][usize::try_from(random.next(0..=3)).unwrap()];
        }
        let (clients, lists) = (BTreeMap::new(), BTreeMap::new());
        let mut run = Self { world, random, clients, lists, edits: 0, seed };
        for module in 0..4 {
            run.lists.insert(module, vec![(0, None)]);
            run.edit(module);
            let version = format!("/m{module}.example/x/@v/v1.0.0");
            let two = run.world.cluster("two");
            two.serve(&format!("{version}.mod"), &go_mod(module)).serve(&format!("{version}.zip"), EMPTY_ZIP);
        }
        run
    }

    /// The upstream has another list for `module`, or none any more.
    fn edit(&mut self, module: u64) {
        self.edits += 1;
        let path = format!("/m{module}.example/x/@v/list");
        let list = (self.random.next(0..=3) > 0).then(|| format!("v1.{}.{module}\n", self.edits));
        match &list {
            Some(list) => {
                let limit = [("cache-control", "max-age=0")];
                let headers = if module == 1 { &limit[..] } else { &[] };
                self.world.cluster("two").answer(&path, 200, headers, list);
            }
            // As if nobody had ever had it: storage would otherwise stand in for ever.
            None => {
                self.world.cluster("two").answer(&path, 404, &[], "");
                self.world.cluster("storage").answer(&path, 404, &[], "");
            }
        }
        self.lists.get_mut(&module).unwrap().push((self.world.now.0, list));
    }

    fn happen(&mut self) {
        let worker = usize::try_from(self.random.next(0..=2)).unwrap();
        let module = self.random.next(0..=3);
        match self.random.next(0..=39) {
            0..=14 => self.ask(worker, module),
            15..=18 => self.world.happen(Happening::Time(100)),
            19..=22 => self.world.happen(Happening::Call),
            23..=25 => self.world.happen(Happening::Message),
            26..=31 => {
                let millis = [100, 700, 2_100, 15_000][usize::try_from(self.random.next(0..=3)).unwrap()];
                self.world.pass(millis);
            }
            32 => {
                let millis = self.random.next(1..=60_000);
                self.world.pass(millis);
            }
            33 => self.edit(module),
            34 => {
                self.world.crash(worker);
                let world = &self.world;
                self.clients.retain(|stream, client| {
                    client.worker != worker || matches!(world.verdict(*stream), Verdict::Respond(_))
                });
            }
            35 => {
                let gone =
                    self.clients.iter().find(|(stream, _)| *self.world.verdict(**stream) == Verdict::Wait);
                if let Some((stream, worker)) = gone.map(|(stream, client)| (*stream, client.worker)) {
                    self.world.leave(worker, stream);
                    self.clients.remove(&stream);
                }
            }
            36..=37 => {
                let cluster = ["one", "two", "storage"][worker];
                let fault = [CallFailure::TimedOut, CallFailure::Broken, CallFailure::Dropped][worker];
                let down = self.random.next(0..=1) == 0;
                self.world.cluster(cluster).fault = down.then_some(fault);
            }
            _ => self.stream(),
        }
        self.check();
    }

    fn ask(&mut self, worker: usize, module: u64) {
        let file = ["@v/list", "@v/list", "@v/v1.0.0.mod", "@v/v1.0.0.zip"]
            [usize::try_from(self.random.next(0..=3)).unwrap()];
        let headers = match self.random.next(0..=9) {
            0 => &[("disable-module-fetch", "true")][..],
            1 => &[("cache-control", "no-cache")],
            _ => &[],
        };
        let may_fetch = !headers.contains(&("disable-module-fetch", "true"));
        let path = format!("/m{module}.example/x/{file}");
        let stream = self.world.begin_with(worker, "GET", &path, headers);
        self.clients.insert(stream, Client { worker, module, file, may_fetch });
    }

    /// A routed zip's response comes, or its client leaves in the middle.
    fn stream(&mut self) {
        let routed =
            self.clients.iter().find(|(stream, _)| matches!(self.world.verdict(**stream), Verdict::Route(_)));
        let Some((stream, worker)) = routed.map(|(stream, client)| (*stream, client.worker)) else { return };
        self.clients.remove(&stream);
        let status = if self.random.next(0..=3) == 0 { 404 } else { 200 };
        if let Verdict::Edit(_) = self.world.answer_routed(worker, stream, status, &[("date", "now")]) {
            let (first, rest) = EMPTY_ZIP.as_bytes().split_at(7);
            self.world.body(worker, stream, first, false);
            if self.random.next(0..=3) == 0 {
                self.world.leave(worker, stream);
            } else {
                self.world.body(worker, stream, rest, true);
            }
        }
    }

    /// Those who were answered leave.
    fn check(&mut self) {
        let answered: Vec<_> = self
            .clients
            .keys()
            .copied()
            .filter(|stream| matches!(self.world.verdict(*stream), Verdict::Respond(_)))
            .collect();
        for stream in answered {
            let client = self.clients.remove(&stream).unwrap();
            let answer = self.world.response(stream);
            assert!(matches!(answer.status, 200 | 404 | 502 | 503 | 504), "{}: {answer:?}", self.seed);
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            if client.file == "@v/v1.0.0.mod" && client.may_fetch {
                assert_ne!(answer.status, 404, "{}: it was always there: {body}", self.seed);
                assert!(answer.status != 200 || body == go_mod(client.module), "{}: {body}", self.seed);
            }
            if client.file != "@v/list" || !client.may_fetch {
                continue;
            }
            let since = |oldest: u64| self.world.now.0.saturating_sub(oldest);
            let said = |list: Option<&str>, oldest: u64| {
                let history = &self.lists[&client.module];
                history.iter().enumerate().any(|(at, (_, said))| {
                    said.as_deref() == list
                        && history.get(at + 1).is_none_or(|(until, _)| *until >= since(oldest))
                })
            };
            match answer.status {
                // A list that is stored stands in for as long as it takes.
                200 if writes(self.seed) => {
                    assert!(said(Some(&body), self.world.now.0), "{}: {body:?} never so", self.seed);
                }
                200 => assert!(said(Some(&body), OLDEST), "{}: {body:?} too old or never so", self.seed),
                404 => assert!(said(None, OLDEST_MISSING), "{}: it is there: {body}", self.seed),
                _ => {}
            }
        }
    }
}

fn go_mod(module: u64) -> String {
    format!("module m{module}.example/x\n")
}

/// Whether storage is written to.
fn writes(seed: u64) -> bool {
    seed % 2 == 1
}

#[test]
fn whatever_happens_all_are_answered_by_what_was_lately_true() {
    are_answered(Capabilities::ALL, 0..100);
}

#[test]
fn and_on_hosts_that_can_do_less() {
    let all = Capabilities::ALL;
    are_answered(Capabilities { queue: false, ..all }, 100..140);
    are_answered(Capabilities { hold_response: false, ..all }, 140..160);
    are_answered(Capabilities { respond_late: false, ..all }, 160..180);
    let least = Capabilities { named_clusters: true, ..LEAST };
    are_answered(least, 180..220);
}

fn are_answered(host: Capabilities, seeds: Range<u64>) {
    for seed in seeds {
        let mut run = Run::new(host, seed);
        for _ in 0..400 {
            run.happen();
        }
        run.world.settle();
        run.check();
        while !run.clients.is_empty() {
            let before = run.clients.len();
            run.stream();
            run.check();
            assert!(run.clients.len() < before, "{seed}: somebody waits for ever");
        }
        run.world.settle();
        assert!(run.world.is_idle(), "{seed}");
        // Nothing of the budget is lost.
        for cluster in ["one", "two", "storage"] {
            run.world.cluster(cluster).fault = None;
        }
        run.world.pass(600_000);
        for worker in 0..WORKERS {
            let streams: Vec<_> = (0..3)
                .map(|n| run.world.begin(worker, &format!("/new{n}.example/w{worker}/@v/list")))
                .collect();
            run.world.settle();
            for stream in streams {
                assert_eq!(run.world.response(stream).status, 404, "{seed}: worker {worker}");
            }
        }
    }
}
