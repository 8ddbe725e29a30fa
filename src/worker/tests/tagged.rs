//! Many modules that are tagged while all that tells of it, and all that is asked, fails now and then.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{EMPTY_ZIP, body, random::Random};
use crate::{
    cx::Verdict,
    feed::Moment,
    http::{CallFailure, Timestamp},
    sim::World,
};

const SECRET: &str = "a-secret-that-is-drawn";

const CONFIG: &str = r#"{
    "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}],
    "storage": {"cluster": "storage", "url": "http://storage.test"},
    "index": {"bytes": 16777216},
    "sync": {
        "hooks": [{"name": "forge", "kind": "generic", "secrets": ["a-secret-that-is-drawn"]}],
        "feeds": [{"name": "go", "cluster": "index", "url": "https://index.test"}]
    }
}"#;

const WORKERS: usize = 3;
const MODULES: usize = 200;
/// For how long modules are tagged, in seconds.
const TAGGING: usize = 600;
/// For how long a source fails, or does not, at once.
const SPELL: usize = 5;
/// How often each module is asked for.
const EVERY: usize = 15;

/// When a tag is in the list that a client gets at the latest: the list is fresh for a minute, the next client gets it stale and has it
/// asked for, and the one after that gets it; or that was in one of the spells in which the upstream fails, three in a row at most.
const BOUND: usize = 60 + 2 * EVERY + 3 * SPELL + EVERY;

struct Run {
    world: World,
    random: Random,
    /// The second in which each module is to be tagged, and the one in which a client has seen it.
    tagged: Vec<usize>,
    seen: Vec<Option<usize>>,
    /// How many spells the upstream has failed in.
    failing: usize,
    /// What the upstream was asked while it did not fail, and while it did.
    answered: Vec<String>,
    failed: usize,
}

fn module(n: usize) -> String {
    format!("example.com/m{n}")
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let tagged = (0..MODULES).map(|_| 1 + random.below(TAGGING)).collect();
        let world = World::new(WORKERS, CONFIG);
        let mut run = Self {
            world,
            random,
            tagged,
            seen: vec![None; MODULES],
            failing: 0,
            answered: Vec::new(),
            failed: 0,
        };
        for cluster in ["public", "storage", "index"] {
            run.world.cluster(cluster).latency = 20;
        }
        run.world.cluster("index").feed = Some(Vec::new());
        for n in 0..MODULES {
            run.publish(n, &["v1.0.0"]);
        }
        run.world.pass(2_000);
        for n in 0..MODULES {
            run.ask([n].into_iter(), 0);
            // They do not grow old together.
            run.world.pass(200);
        }
        run.world.cluster("public").asked.clear();
        run
    }

    fn publish(&mut self, n: usize, versions: &[&str]) {
        let (module, newest) = (module(n), versions.last().unwrap());
        let info = format!(r#"{{"Version":"{newest}"}}"#);
        let public = self.world.cluster("public");
        public.serve(&format!("/base/{module}/@v/list"), &versions.join("\n"));
        public.serve(&format!("/base/{module}/@latest"), &info);
        public.serve(&format!("/base/{module}/@v/{newest}.info"), &info);
        public.serve(&format!("/base/{module}/@v/{newest}.mod"), &format!("module {module}\n"));
        public.serve(&format!("/base/{module}/@v/{newest}.zip"), EMPTY_ZIP);
    }

    /// A tag is pushed: the upstream has it, the index tells of it, and a delivery of the hook comes, or is lost.
    fn tag(&mut self, n: usize) {
        self.publish(n, &["v1.0.0", "v1.1.0"]);
        let line = (Moment::of(self.world.now).to_string(), module(n), "v1.1.0".to_owned());
        self.world.cluster("index").feed.as_mut().unwrap().push(line);
        if self.random.below(10) < 3 {
            return;
        }
        let worker = self.random.below(WORKERS);
        let text = format!(r#"{{"repository":"https://{}","ref":"refs/tags/v1.1.0"}}"#, module(n));
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let signature: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [("x-modgate-signature", signature.as_str())];
        let stream = self.world.begin_post(worker, "/-/hooks/forge", &headers);
        self.world.send(worker, stream, text.as_bytes(), true);
        assert_eq!(self.world.response(stream).status, 202);
    }

    /// Clients ask for the lists of these modules. No tick of the workers is passed over, so that time passes by the tenth of a second.
    fn ask(&mut self, modules: impl Iterator<Item = usize>, second: usize) {
        let asked: Vec<_> = modules
            .map(|n| {
                let worker = self.random.below(WORKERS);
                (n, worker, self.world.begin(worker, &format!("/{}/@v/list", module(n))))
            })
            .collect();
        for (n, worker, stream) in asked {
            while matches!(self.world.verdict(stream), Verdict::Wait) {
                self.world.pass(100);
            }
            let answer = self.world.response(stream);
            assert_eq!(answer.status, 200, "a list that was there once is always there");
            if body(&answer).contains("v1.1.0") {
                self.seen[n].get_or_insert(second);
            }
            self.world.leave(worker, stream);
        }
    }

    /// A new version is wanted by a client of each worker at once.
    fn fetch(&mut self, n: usize) {
        let names = ["info", "mod", "zip"].map(|kind| format!("/{}/@v/v1.1.0.{kind}", module(n)));
        let asked: Vec<_> = (0..WORKERS)
            .flat_map(|worker| names.clone().map(|name| (worker, self.world.begin(worker, &name))))
            .collect();
        self.world.settle();
        for (worker, stream) in asked {
            match self.world.verdict(stream) {
                Verdict::Respond(answer) => assert_eq!(answer.status, 200, "{}", body(answer)),
                Verdict::Route(..) => {
                    assert_eq!(super::routed_to(&self.world, stream), "storage");
                    let _ = self.world.answer_routed(worker, stream, 200, &[("date", "now")]);
                }
                other => panic!("{other:?}"),
            }
            self.world.leave(worker, stream);
        }
    }

    /// A source begins to fail, or stops.
    fn change(&mut self) {
        let fault = |fails: bool| fails.then_some(CallFailure::Unreachable);
        let fails = self.failing < 3 && self.random.below(10) < 2;
        self.failing = if fails { self.failing + 1 } else { 0 };
        self.world.cluster("public").fault = fault(fails);
        let fails = self.random.below(10) < 4;
        self.world.cluster("index").fault = fault(fails);
    }

    fn note_asked(&mut self) {
        let asked = std::mem::take(&mut self.world.cluster("public").asked);
        if self.failing > 0 {
            self.failed += asked.len();
        } else {
            self.answered.extend(asked);
        }
    }

    fn run(&mut self) {
        for second in 1..TAGGING + BOUND {
            let began = self.world.now;
            if second % SPELL == 0 {
                self.note_asked();
                self.change();
            }
            for n in 0..MODULES {
                if self.tagged[n] == second {
                    self.tag(n);
                }
            }
            let before = self.seen.clone();
            self.ask((0..MODULES).filter(|n| n % EVERY == second % EVERY), second);
            // Where the upstream fails just then, a go command would be told so, and try again.
            let is_new = |n: &usize| self.seen[*n].is_some() && before[*n].is_none();
            for n in (0..MODULES).filter(is_new).collect::<Vec<_>>() {
                let fault = self.world.cluster("public").fault.take();
                self.note_asked();
                let failing = std::mem::take(&mut self.failing);
                self.fetch(n);
                self.note_asked();
                self.failing = failing;
                self.world.cluster("public").fault = fault;
            }
            while self.world.now < Timestamp(began.0 + 1000) {
                self.world.pass(100);
            }
        }
        self.note_asked();
    }
}

/// What comes of it: how long tags took, and what the upstream was asked.
fn took(seed: u64) -> (Vec<usize>, usize) {
    let mut run = Run::new(seed);
    run.run();
    let mut took: Vec<usize> = (0..MODULES)
        .map(|n| run.seen[n].unwrap_or_else(|| panic!("seed {seed}: {n} was never seen")) - run.tagged[n])
        .collect();
    took.sort_unstable();
    assert!(*took.last().unwrap() <= BOUND, "seed {seed}: {took:?}");
    // What never changes is fetched once, however many want it.
    let files = |kind: &str| run.answered.iter().filter(|asked| asked.ends_with(kind)).collect::<Vec<_>>();
    for kind in ["v1.1.0.info", "v1.1.0.mod", "v1.1.0.zip"] {
        let mut asked = files(kind);
        asked.sort();
        let all = asked.len();
        asked.dedup();
        assert_eq!((asked.len(), all), (MODULES, MODULES), "seed {seed}: {kind}");
    }
    (took, run.answered.len() + run.failed)
}

/// The questions of one module in that time: each time that its list is not fresh any more, the list and `@latest` because of its tag, told once
/// or twice, and the three files of the version. An outage adds none: what is asked for in vain is not asked for again at once.
const QUESTIONS: usize = (TAGGING + BOUND) / 54 + 2 * 2 + 3;

#[test]
fn scenario_two_hundred_tags_are_seen_in_time_whatever_fails() {
    let (took, asked) = took(1);
    println!(
        "half of {MODULES} tags are seen within {} s, nine of ten within {} s, all within {} s; the upstream is asked {asked} times",
        took[MODULES / 2],
        took[MODULES * 9 / 10],
        took[MODULES - 1]
    );
    assert!(asked <= MODULES * QUESTIONS, "{asked}");
}
