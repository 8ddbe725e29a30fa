//! Whatever fails, lies, leaves, dies and is late in whatever order: who has a whole zip has the true one, and so has storage.

mod checks;

use std::collections::BTreeMap;

use super::{
    super::{random::Random, tiny_index},
    *,
};
use crate::{
    gomod::{ModulePath, Version},
    http::Timestamp,
    modzip::{Check, H1},
    sim::{Database, Happening},
};

const WORKERS: u64 = 3;

/// The largest zip that is gathered for a storage that takes no parts.
const GATHERED: usize = 6_000_000;

/// Sizes of the modules' zips: one that is fetched whole, one that is streamed and put at once, and one of two parts. The latter two are
/// gathered for a storage that takes no parts.
const SIZES: [u32; 3] = [2_000, 200_000, 5_500_000];

const CLUSTERS: [&str; 3] = ["public", "storage", "sum"];

fn config(seed: u64) -> String {
    let mode = if may_lie(seed) { "when_available" } else { "require" };
    format!(
        r#"{{"verify": {{"mode": "{mode}"}},
        "fetch": {{"zip_bytes": 65536, "concurrent": 6, "wait": "20s", "zip_wait": "4s"}},
        "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test"}}],
        "sumdb": [{{"name": "sum.test", "key": "{}", "cluster": "sum", "url": "https://sum.test"}}],
        "storage": {{"cluster": "storage", "url": "http://storage.test", "reverify": "{}"{}}}}}"#,
        key(),
        if is_spoiled(seed) { "always" } else { "first_read" },
        if is_webdav(seed) {
            format!(r#", "gather_bytes": {GATHERED}"#)
        } else {
            r#", "dialect": "s3", "part_bytes": 5242880, "parts_in_flight": 1"#.to_owned()
        },
    )
}

/// Whether what nothing proves is given.
fn may_lie(seed: u64) -> bool {
    seed % 4 == 1
}

/// Whether the index loses most of what it had.
fn is_forgetful(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

/// Whether storage takes no parts, and knows of no condition.
fn is_webdav(seed: u64) -> bool {
    seed % 5 == 2
}

/// Whether what is in storage changes there. Where that is forgotten as soon as it was found out, each client finds it out.
fn is_spoiled(seed: u64) -> bool {
    seed % 7 == 3 && !is_forgetful(seed)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn module(number: usize) -> String {
    format!("example.com/n{number}")
}

fn zips() -> &'static [Vec<u8>] {
    static ZIPS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ZIPS.get_or_init(|| (0..).zip(SIZES).map(|(number, size)| zip_of(&module(number), size)).collect())
}

fn h1(module: &str, zip: &[u8]) -> H1 {
    let (module, version) = (ModulePath::parse(module).unwrap(), Version::parse("v1.0.0").unwrap());
    let mut check = Check::new(&module, &version);
    check.push(zip, usize::MAX).unwrap();
    check.finish().unwrap().h1
}

/// A file of a module's one version, as the upstream has it and as storage must.
fn truth(number: usize, file: &str) -> Vec<u8> {
    match file {
        "info" => super::super::INFO.as_bytes().to_vec(),
        "mod" => format!("module {}\n", module(number)).into_bytes(),
        _ => zips()[number].clone(),
    }
}

fn path(number: usize, file: &str) -> String {
    format!("/{}/@v/v1.0.0.{file}", module(number))
}

/// Somebody who asked.
struct Client {
    worker: usize,
    number: usize,
    file: &'static str,
    body: Coming,
}

/// What is yet to come of the zip that somebody is given.
enum Coming {
    /// All, and its head.
    Head,
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing.
    Nothing,
}

struct Run {
    world: World,
    random: Random,
    clients: BTreeMap<StreamId, Client>,
    /// Uploads that nobody can know of any more.
    lost: usize,
    has_crashed: bool,
    seed: u64,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut world = World::new(index(WORKERS), &config(seed));
        if is_forgetful(seed) {
            // Little room, so that what was kept is lost again.
            world.resize_index(tiny_index(16, 4));
        }
        let mut random = Random(seed);
        for cluster in CLUSTERS {
            world.cluster(cluster).latency = [1, 50, 700, 4_000][index(random.next(0..=3))];
        }
        let mut database = Database::new("", 20);
        for number in 0..SIZES.len() {
            let (name, go_mod) = (module(number), truth(number, "mod"));
            database.publish(&name, "v1.0.0", &h1(&name, &zips()[number]), &H1::of_go_mod(&go_mod));
        }
        world.cluster("sum").database = Some(database);
        world.cluster("public").gives_ranges = true;
        world.cluster("storage").gives_ranges = true;
        let mut run = Self { world, random, clients: BTreeMap::new(), lost: 0, has_crashed: false, seed };
        run.tell_the_truth();
        run
    }

    fn tell_the_truth(&mut self) {
        for number in 0..SIZES.len() {
            for file in ["info", "mod", "zip"] {
                self.world.cluster("public").serve_bytes(&path(number, file), truth(number, file));
            }
        }
    }

    fn stored_as(&self, number: usize, file: &str) -> String {
        let path = path(number, file);
        if is_webdav(self.seed) { path } else { path.replace('@', "%40") }
    }

    fn step(&mut self) {
        match self.random.next(0..=29) {
            0..=5 => self.ask(),
            6..=14 => self.stream(),
            15..=18 => self.world.happen(Happening::Call),
            19 => self.world.happen(Happening::Message),
            20 => {
                let millis = self.random.next(0..=3_000);
                self.world.happen(Happening::Time(millis));
            }
            21..=23 => {
                let millis = self.random.next(0..=10_000);
                self.world.pass(millis);
            }
            24 => self.fail(),
            25 => self.lose(),
            26 => self.lie(),
            27 if self.random.next(0..=3) == 0 => self.crash(),
            28 if self.random.next(0..=3) == 0 => {
                let back = self.random.next(0..=200_000);
                let now = self.world.now.0;
                self.world.set_clock(Timestamp(now - back));
            }
            28 if is_spoiled(self.seed) => self.spoil(),
            29 => self.leave(),
            _ => {
                for worker in 0..index(WORKERS) {
                    self.world.work(worker);
                }
            }
        }
        self.see();
        self.assert_stored_truth();
        self.assert_little_is_held();
    }

    fn ask(&mut self) {
        let (worker, number) = (index(self.random.next(0..=WORKERS - 1)), index(self.random.next(0..=2)));
        let file = ["info", "mod", "zip", "zip", "zip"][index(self.random.next(0..=4))];
        let method = if self.random.next(0..=15) == 0 { "HEAD" } else { "GET" };
        let stream = self.world.begin_with(worker, method, &path(number, file), &[]);
        if method == "GET" {
            self.clients.insert(stream, Client { worker, number, file, body: Coming::Head });
        } else {
            self.world.leave(worker, stream);
        }
    }

    /// Something comes of a zip that is routed: its head, or a piece.
    fn stream(&mut self) {
        let mut routed = self.routed();
        if !routed.is_empty() {
            let at = self.random.next(0..=u64::try_from(routed.len() - 1).unwrap());
            let stream = routed.swap_remove(index(at));
            self.go_on(stream);
        }
    }

    /// Those to whom something may come.
    fn routed(&self) -> Vec<StreamId> {
        let is_routed = |stream: &StreamId| matches!(self.world.verdict(*stream), Verdict::Route(_));
        let comes = |(stream, client): &(&StreamId, &Client)| {
            is_routed(stream) && !matches!(client.body, Coming::Nothing)
        };
        self.clients.iter().filter(comes).map(|(stream, _)| *stream).collect()
    }

    fn go_on(&mut self, stream: StreamId) {
        let Some(mut client) = self.clients.remove(&stream) else { return };
        client.body = match client.body {
            Coming::Head => match self.head(stream, &client) {
                Some(bytes) => {
                    self.world.body(client.worker, stream, &[], false);
                    Coming::Bytes(bytes)
                }
                None => return self.world.leave(client.worker, stream),
            },
            Coming::Bytes(mut bytes) => {
                let most = [1_000, 100_000, 2 << 20, 8 << 20][index(self.random.next(0..=3))];
                let rest = bytes.split_off(bytes.len().min(most));
                let ends = rest.is_empty() && self.random.next(0..=1) == 0;
                self.world.body(client.worker, stream, &bytes, ends);
                match rest.is_empty() {
                    true if !ends && self.world.download(stream).fate == Fate::Open => {
                        self.world.body(client.worker, stream, &[], true);
                        Coming::Nothing
                    }
                    true => Coming::Nothing,
                    false => Coming::Bytes(rest),
                }
            }
            Coming::Nothing => Coming::Nothing,
        };
        self.clients.insert(stream, client);
    }

    /// The head of what a cluster gives, and what it gives; nothing where that is none.
    fn head(&mut self, stream: StreamId, client: &Client) -> Option<Vec<u8>> {
        let from = routed_to(&self.world, stream).to_owned();
        let at = match from.as_str() {
            "storage" => self.stored_as(client.number, "zip"),
            _ => path(client.number, "zip"),
        };
        let cluster = &self.world.clusters[from.as_str()];
        let bytes = cluster.bytes(&at).filter(|_| cluster.fault.is_none()).map(<[u8]>::to_vec);
        let status = match bytes {
            _ if cluster.fault.is_some() => 503,
            None => 404,
            Some(_) => 200,
        };
        let length =
            bytes.as_ref().filter(|_| self.random.next(0..=1) == 0).map(|bytes| bytes.len().to_string());
        let length = length.as_deref().map(|length| ("content-length", length));
        let headers: Vec<_> = [("date", "now")].into_iter().chain(length).collect();
        let verdict = self.world.answer_routed(client.worker, stream, status, &headers);
        bytes.filter(|_| matches!(verdict, Verdict::Edit(_)))
    }

    fn fail(&mut self) {
        let cluster = CLUSTERS[index(self.random.next(0..=2))];
        let fault =
            [None, Some(CallFailure::TimedOut), Some(CallFailure::Unreachable), Some(CallFailure::Dropped)];
        let fault = fault[index(self.random.next(0..=3))];
        let of = [
            ("POST", "uploads="),
            ("PUT", "partNumber"),
            ("POST", "uploadId"),
            ("DELETE", ""),
            ("PUT", ".mod"),
            ("PUT", ".zip"),
            ("PUT", ".info"),
            ("GET", ".zip"),
            ("HEAD", ""),
        ];
        let of = of[index(self.random.next(0..=8))];
        let full = self.random.next(0..=3) == 0;
        let at = self.world.cluster(cluster);
        (at.fault, at.fault_of, at.refuse_put) = (None, None, false);
        match fault {
            Some(fault) if full => at.fault = Some(fault),
            Some(fault) => at.fault_of = Some((of.0, of.1, fault)),
            None => at.refuse_put = full,
        }
    }

    /// What a cluster has done is not heard of.
    fn lose(&mut self) {
        let cluster = CLUSTERS[index(self.random.next(0..=2))];
        if self.world.is_asking(cluster) {
            self.world.fail_one(cluster);
            self.lost += usize::from(cluster == "storage");
        }
    }

    fn lie(&mut self) {
        if self.random.next(0..=1) == 0 {
            return self.tell_the_truth();
        }
        let (number, file) = (index(self.random.next(0..=2)), ["mod", "zip"][index(self.random.next(0..=1))]);
        let mut lie = truth(number, file);
        match self.random.next(0..=2) {
            0 => lie.push(0),
            1 => lie.truncate(lie.len() / 2),
            _ => lie = flawed(&lie),
        }
        self.world.cluster("public").serve_bytes(&path(number, file), lie);
    }

    /// One bit of a zip or a go.mod in storage changes.
    fn spoil(&mut self) {
        let (number, file) = (index(self.random.next(0..=2)), ["mod", "zip"][index(self.random.next(0..=1))]);
        let path = self.stored_as(number, file);
        if let Some(bytes) = storage(&self.world).bytes(&path).map(flawed) {
            self.world.cluster("storage").serve_bytes(&path, bytes);
        }
    }

    fn crash(&mut self) {
        let worker = index(self.random.next(0..=WORKERS - 1));
        self.has_crashed = true;
        self.lost += storage(&self.world).bucket.open();
        self.world.crash(worker);
        self.clients.retain(|_, client| client.worker != worker);
    }

    fn leave(&mut self) {
        if let Some((stream, client)) = self.clients.pop_first() {
            self.world.leave(client.worker, stream);
        }
    }
}

#[test]
fn scenario_whatever_happens_what_is_whole_is_true() {
    for seed in 0..40 {
        let mut run = Run::new(seed);
        for _ in 0..250 {
            run.step();
        }
        run.finish();
        run.recover();
    }
}
