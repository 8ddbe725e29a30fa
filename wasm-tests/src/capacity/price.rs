//! What a request costs the sources, by what the index had of it. The filter's own worker says so, in the simulated world: with storage, an
//! upstream and a checksum database of 60,000 records, as many as a proof has three levels of tiles for.

use std::collections::BTreeMap;

use modgate::config::Config;
use modgate::cx::Verdict;
use modgate::gomod::{ModulePath, Version};
use modgate::modzip::{Check, H1};
use modgate::sim::{self, Database, World};

use super::gateway::Seen;
use super::load::{Ask, SUMDB};
use super::parameters::Kind;

/// Requests to each source.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Price {
    pub(super) reads: f64,
    pub(super) writes: f64,
    pub(super) upstream: f64,
    pub(super) sumdb: f64,
}

/// The price of each kind and outcome.
#[derive(Clone, Debug)]
pub(super) struct Prices(BTreeMap<(Kind, Seen), Price>);

/// A world with the sources of all gateways, and what has been asked of them so far.
pub(super) struct Site {
    pub(super) world: World,
    paid: Price,
}

impl Prices {
    /// Asks the worker.
    pub(super) fn asked() -> Self {
        let mut site = Site::new(1);
        let mut prices = BTreeMap::new();
        // The first version brings the tree head, and the tiles at the top. Of the second the tile is asked for first and then the lookup, so
        // that they are no part of the price of its go.mod.
        site.publish([0, 20], RECORDS);
        site.ask(0, FIRST);
        site.ask(0, TILE);
        let asks = KINDS.map(|kind| Ask { kind, name: if is_of_version(kind) { 20 } else { 1 } });
        let mut price = |site: &mut Site, worker, seen| {
            for ask in asks {
                prices.insert((ask.kind, seen), site.ask(worker, ask));
            }
        };
        price(&mut site, 0, Seen::New);
        price(&mut site, 0, Seen::Fresh);
        site.world.pass(75_000);
        price(&mut site, 0, Seen::Stale);
        site.world.pass(150_000);
        price(&mut site, 0, Seen::Expired);
        // Another gateway has nothing but what storage has.
        let other = site.join(1);
        site.ask(other, FIRST);
        site.ask(other, TILE);
        price(&mut site, other, Seen::Lost);
        Self(prices)
    }

    pub(super) fn of(&self, kind: Kind, seen: Seen) -> Price {
        self.0.get(&(kind, seen)).copied().unwrap_or_default()
    }
}

impl Site {
    /// One gateway of so many workers.
    pub(super) fn new(workers: usize) -> Self {
        let mut world = World::empty();
        world.join(workers, config());
        world.cluster("storage").latency = 1;
        let public = world.cluster("public");
        public.latency = 20;
        public.made = Some(made);
        let sum = world.cluster("sum");
        (sum.latency, sum.database) = (20, Some(Database::new("", RECORDS)));
        Self { world, paid: Price::default() }
    }

    /// One more gateway; the number of its first worker.
    pub(super) fn join(&mut self, workers: usize) -> usize {
        self.world.join(workers, config())
    }

    /// Has the database record these versions, each followed by so many others.
    pub(super) fn publish(&mut self, names: impl IntoIterator<Item = u64>, more: u64) {
        let database = self.world.cluster("sum").database.as_mut().unwrap();
        for name in names {
            let (module, version) = names_of(name);
            let zip = zip_of(&module, &version);
            let (path, number) = (ModulePath::parse(&module).unwrap(), Version::parse(&version).unwrap());
            let mut check = Check::new(&path, &number);
            check.push(&zip, usize::MAX).unwrap();
            let sum = check.finish().unwrap().h1;
            database.publish(&module, &version, &sum, &H1::of_go_mod(go_mod(&module).as_bytes()));
            database.grow("", more);
        }
    }

    /// A client asks a worker, and has its answer; what that cost.
    pub(super) fn ask(&mut self, worker: usize, ask: Ask) -> Price {
        let stream = self.world.begin(worker, &format!("/{}", ask.path()));
        self.world.settle();
        let is_routed = matches!(self.world.verdict(stream), Verdict::Route(_));
        self.world.leave(worker, stream);
        let mut now = Price { reads: self.paid.reads + f64::from(u8::from(is_routed)), ..self.paid };
        for (name, cluster) in &mut self.world.clusters {
            for callout in std::mem::take(&mut cluster.callouts) {
                match (*name, callout.method) {
                    ("storage", "PUT") => now.writes += 1.0,
                    ("storage", _) => now.reads += 1.0,
                    ("public", _) => now.upstream += 1.0,
                    _ => now.sumdb += 1.0,
                }
            }
            cluster.asked.clear();
        }
        let before = std::mem::replace(&mut self.paid, now);
        now.less(before)
    }

    /// What was asked of the sources since the beginning.
    pub(super) fn paid(&self) -> Price {
        self.paid
    }
}

impl Price {
    fn less(self, before: Self) -> Self {
        self.plus(before, -1.0)
    }

    /// This, and so many times another.
    pub(super) fn plus(self, other: Self, times: f64) -> Self {
        Self {
            reads: self.reads + other.reads * times,
            writes: self.writes + other.writes * times,
            upstream: self.upstream + other.upstream * times,
            sumdb: self.sumdb + other.sumdb * times,
        }
    }

    /// Requests to all of them.
    pub(super) fn callouts(self) -> f64 {
        self.reads + self.writes + self.upstream + self.sumdb
    }
}

/// As shipped but for the names: storage, one upstream, one checksum database.
fn config() -> Config {
    let text = format!(
        r#"{{"upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test"}}],
        "storage": {{"cluster": "storage", "url": "http://storage.test/modules"}},
        "sumdb": [{{"name": "{SUMDB}", "key": "{}", "cluster": "sum", "url": "https://sum.test"}}]}}"#,
        sim::key()
    );
    Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What the upstream has at a path.
fn made(path: &str) -> Option<Vec<u8>> {
    let (module, file) = path.strip_prefix('/')?.rsplit_once("/@")?;
    if module.contains("/unknown-") || file.ends_with(".7.info") {
        return None;
    }
    let info = |version: &str| format!(r#"{{"Version":"{version}","Time":"2024-01-02T03:04:05Z"}}"#);
    Some(match file {
        "latest" => info("v1.19.0").into_bytes(),
        "v/list" => (0..20).map(|number| format!("v1.{number}.0\n")).collect::<String>().into_bytes(),
        _ => {
            let (version, kind) = file.strip_prefix("v/")?.rsplit_once('.')?;
            match kind {
                "info" => info(version).into_bytes(),
                "mod" => go_mod(module).into_bytes(),
                _ => zip_of(module, version),
            }
        }
    })
}

fn go_mod(module: &str) -> String {
    format!("module {module}\n")
}

fn zip_of(module: &str, version: &str) -> Vec<u8> {
    sim::zip(&format!("{module}@{version}/"), &[("go.mod", go_mod(module).into_bytes())])
}

/// The module and the version of a name.
fn names_of(name: u64) -> (String, String) {
    (format!("github.com/organisation/repository-{}", name / 20), format!("v1.{}.0", name % 20))
}

fn is_of_version(kind: Kind) -> bool {
    matches!(kind, Kind::Info | Kind::Mod | Kind::Zip | Kind::Lookup)
}

const FIRST: Ask = Ask { kind: Kind::Mod, name: 0 };

/// Records of the database before the first version that is asked for, and after each.
pub(super) const RECORDS: u64 = 30_000;
/// Where the record of the second stands.
const TILE: Ask = Ask { kind: Kind::Tile, name: (2 * RECORDS + 1) / 256 };

/// In the order in which they are priced.
pub(super) const KINDS: [Kind; 11] = [
    Kind::List,
    Kind::Latest,
    Kind::Info,
    Kind::Lookup,
    Kind::Mod,
    Kind::Zip,
    Kind::Tile,
    Kind::Head,
    Kind::Supported,
    Kind::UnknownModule,
    Kind::UnknownVersion,
];
