//! Whatever lies, fails, grows and dies in whatever order: all are answered, and nobody is given what is not true.

use std::collections::BTreeMap;

use super::{
    super::{random::Random, tiny_index},
    *,
};
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    sim::Happening,
};

const COUNT: u64 = 3;
const MODULES: u64 = 5;

/// Few searches, so that some are refused.
const MORE: &str = r#""fetch": {"concurrent": 4, "wait": "20s"},"#;

struct Run {
    world: World,
    random: Random,
    clients: BTreeMap<StreamId, (usize, String)>,
    seed: u64,
}

fn module(number: u64) -> String {
    format!("example.com/n{number}")
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut world = world_of(usize::try_from(COUNT).unwrap(), &config(MORE));
        world.resize_index(tiny_index(16, 4));
        let mut random = Random(seed);
        database(&mut world).grow("", random.next(0..=600));
        for number in 0..MODULES {
            publish(&mut world, &module(number));
        }
        for cluster in ["public", "storage", "sum"] {
            world.cluster(cluster).latency =
                [1, 50, 700, 4_000][usize::try_from(random.next(0..=3)).unwrap()];
        }
        Self { world, random, clients: BTreeMap::new(), seed }
    }

    fn any_module(&mut self) -> String {
        module(self.random.next(0..=MODULES - 1))
    }

    fn step(&mut self) {
        let module = self.any_module();
        match self.random.next(0..=19) {
            0..=6 => self.ask(&module),
            7..=10 => self.world.happen(Happening::Call),
            11 => self.world.happen(Happening::Message),
            12 => {
                let millis = self.random.next(0..=3_000);
                self.world.happen(Happening::Time(millis));
            }
            13 => {
                let millis = self.random.next(0..=10_000);
                self.world.pass(millis);
            }
            14 => {
                let more = self.random.next(1..=300);
                database(&mut self.world).grow("", more);
            }
            15 => self.fail(),
            16 => self.lie(&module),
            17 => self.spoil(),
            18 => self.crash(),
            _ => self.leave(),
        }
    }

    fn ask(&mut self, module: &str) {
        let path = match self.random.next(0..=5) {
            0 => format!("/sumdb/sum.test/lookup/{module}@v1.0.0"),
            1 => "/sumdb/sum.test/latest".to_owned(),
            2 => "/sumdb/sum.test/tile/8/0/000.p/21".to_owned(),
            _ => format!("/{module}/@v/v1.0.0.mod"),
        };
        let worker = usize::try_from(self.random.next(0..=COUNT - 1)).unwrap();
        let headers = [("disable-module-fetch", "true")];
        let headers = if self.random.next(0..=7) == 0 { &headers[..] } else { &[] };
        let stream = self.world.begin_with(worker, "GET", &path, headers);
        self.clients.insert(stream, (worker, path));
    }

    fn fail(&mut self) {
        let cluster = ["public", "storage", "sum"][usize::try_from(self.random.next(0..=2)).unwrap()];
        let fault = [None, None, Some(CallFailure::TimedOut), Some(CallFailure::Unreachable)];
        self.world.cluster(cluster).fault = fault[usize::try_from(self.random.next(0..=3)).unwrap()];
    }

    fn lie(&mut self, module: &str) {
        let (cluster, path) = match self.random.next(0..=2) {
            0 => ("public", format!("/base/{module}/@v/v1.0.0.mod")),
            1 => ("sum", format!("/lookup/{module}@v1.0.0")),
            _ => ("sum", "/tile/8/0/000".to_owned()),
        };
        let lie = match (cluster, self.world.clusters["sum"].database.as_ref().unwrap().answer(&path)) {
            (_, Some(mut honest)) => {
                let at = usize::try_from(self.random.next(0..=200)).unwrap() % honest.len();
                honest[at] ^= 1;
                honest
            }
            ("sum", None) => return,
            _ => format!("module {module} // a lie\n").into_bytes(),
        };
        self.world.cluster(cluster).serve_bytes(&path, lie);
        if self.random.next(0..=1) == 0 {
            self.tell_the_truth();
        }
    }

    fn tell_the_truth(&mut self) {
        for number in 0..MODULES {
            let module = module(number);
            let go_mod = format!("module {module}\n");
            self.world.cluster("public").serve(&format!("/base/{module}/@v/v1.0.0.mod"), &go_mod);
            self.world.cluster("sum").remove(&format!("/lookup/{module}@v1.0.0"));
        }
        self.world.cluster("sum").remove("/tile/8/0/000");
    }

    /// One bit of something in storage changes.
    fn spoil(&mut self) {
        let paths: Vec<_> = self.world.clusters["storage"].paths().map(str::to_owned).collect();
        if let Some(most) = u64::try_from(paths.len()).unwrap().checked_sub(1) {
            let path = &paths[usize::try_from(self.random.next(0..=most)).unwrap()];
            let mut bytes = self.world.clusters["storage"].bytes(path).unwrap().to_vec();
            let at = usize::try_from(self.random.next(0..=1_000)).unwrap() % bytes.len();
            bytes[at] ^= 1 << self.random.next(0..=7);
            self.world.cluster("storage").serve_bytes(path, bytes);
        }
    }

    fn crash(&mut self) {
        let all = self.random.next(0..=3) == 0;
        let one = usize::try_from(self.random.next(0..=COUNT - 1)).unwrap();
        for worker in (0..usize::try_from(COUNT).unwrap()).filter(|worker| all || *worker == one) {
            self.world.crash(worker);
            self.clients.retain(|_, (at, _)| *at != worker);
        }
        if all {
            self.world.gateways[0].memory = Default::default();
        }
    }

    fn leave(&mut self) {
        if let Some((stream, (worker, _))) = self.clients.pop_first() {
            self.world.leave(worker, stream);
        }
    }

    /// Everybody was answered, and by nothing but the truth.
    fn assert_truth(&mut self) {
        for (stream, (_, path)) in std::mem::take(&mut self.clients) {
            let Verdict::Respond(answer) = self.world.verdict(stream) else {
                panic!("seed {}: {path} was not answered: {:?}", self.seed, self.world.verdict(stream));
            };
            if answer.status == 200 {
                self.assert_true(&path, &answer.body);
            }
        }
    }

    fn assert_true(&self, path: &str, given: &[u8]) {
        let database = self.world.clusters["sum"].database.as_ref().unwrap();
        if let Some(module) = path.strip_suffix("/@v/v1.0.0.mod") {
            assert_eq!(given, format!("module {}\n", &module[1..]).as_bytes(), "seed {}: {path}", self.seed);
        } else if let Some(version) = path.strip_prefix("/sumdb/sum.test/lookup/") {
            let honest = database.lookup(version, database.size());
            let (record, _) = honest.split_once("\n\n").unwrap();
            assert!(given.starts_with(record.as_bytes()), "seed {}: {path}", self.seed);
        }
    }
}

#[test]
fn scenario_all_are_answered_and_nobody_is_told_a_lie() {
    for seed in 0..100 {
        let mut run = Run::new(seed);
        for _ in 0..150 {
            run.step();
        }
        for cluster in ["public", "storage", "sum"] {
            run.world.cluster(cluster).fault = None;
        }
        run.tell_the_truth();
        run.world.settle();
        run.assert_truth();
        let workers = usize::try_from(COUNT).unwrap();
        assert_settled(&mut run.world, workers);
        // And now that nobody lies or fails, everything is to be had again, whatever stands in storage.
        run.world.pass(120_000);
        run.world.clusters.values_mut().for_each(|cluster| cluster.latency = 50);
        for number in 0..MODULES {
            let path = format!("/{}/@v/v1.0.0.mod", module(number));
            let answer = run.world.get(usize::try_from(number % COUNT).unwrap(), &path);
            assert_eq!(answer.status, 200, "seed {seed}: {}", body(&answer));
            run.assert_true(&path, &answer.body);
        }
        assert_eq!(counted(&run.world, "sumdb_proofs_total.outcome.fork"), 0, "seed {seed}");
        assert_settled(&mut run.world, workers);
    }
}
