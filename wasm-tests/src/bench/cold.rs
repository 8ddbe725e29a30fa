//! A cold build: how long `go mod download` takes, directly and through a gateway that has nothing yet, where upstream and checksum database are
//! far away and the gateway's storage is near.
//!
//! Nothing but the distance makes it slow, so what is measured is how often one question waits for the answer to another. Each way has an empty
//! module cache; ways are compared within a round.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::settings::Settings;
use super::sample::median;
use super::site::files::text;
use crate::distant::Distant;
use crate::envoy::Envoy;
use crate::fixture::{STORAGE, UPSTREAM};
use crate::go::Go;
use crate::module::Module;
use crate::nginx::Nginx;
use crate::sumdb::Sumdb;
use crate::tree::Tree;

/// What `BENCH_CASES` calls it.
pub(super) const NAME: &str = "cold build";

/// What `BENCH_SERVERS` calls it.
pub(super) const SERVER: &str = "gateway";

/// A round trip to the upstream, and to the database.
const ROUND_TRIP: Duration = Duration::from_millis(40);

/// The modules of the build.
const MODULES: usize = 75;

/// How a build gets at its modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// From upstream and database, with nothing between.
    Direct,
    /// Through a gateway that has nothing.
    Cold,
    /// Through that gateway, from the next machine.
    Next,
}

/// What a build took.
#[derive(Clone, Copy, Debug)]
struct Sample {
    took: Duration,
    /// Requests that reached the upstream, and the database.
    asked: [usize; 2],
}

/// Upstream and database, both far away.
struct World {
    upstream: Nginx,
    far_upstream: Distant,
    sumdb: Sumdb,
    far_sumdb: Distant,
    /// What a project's go.sum has of them all.
    go_sum: String,
    _tree: TempDir,
}

/// Measures it in all rounds; the table.
pub(super) fn measure(settings: &Settings) -> Result<String, String> {
    let world = World::start()?;
    let mut samples: BTreeMap<(bool, Way), Vec<Sample>> = BTreeMap::new();
    for round in 1..=settings.rounds {
        // Of a project that has a go.sum already, the go command asks no database. The gateway does.
        for has_go_sum in [false, true] {
            let (gateway, _storage) = world.gateway()?;
            for way in [Way::Direct, Way::Cold, Way::Next] {
                let sample = world.build(way, &gateway, has_go_sum)?;
                let seconds = sample.took.as_secs_f64();
                eprintln!("round {round}/{}: {NAME}, {way:?}: {seconds:>8.2} s", settings.rounds);
                samples.entry((has_go_sum, way)).or_default().push(sample);
            }
        }
    }
    Ok(format!(
        "{}\n`go mod download` of {MODULES} modules, {} ms to upstream and database, verified; median of {} round(s).\n\
         Ratio: median over the rounds, each against direct in the same round. Storage: nginx, near. Two workers.\n\
         Again: make bench BENCH_CASES='{NAME}' BENCH_ROUNDS={}",
        render(&samples),
        ROUND_TRIP.as_millis(),
        settings.rounds,
        settings.rounds
    ))
}

impl World {
    fn start() -> Result<Self, String> {
        let tree = TempDir::new().map_err(|error| error.to_string())?;
        (0..MODULES).for_each(|number| module(number).write_to(tree.path()));
        let upstream = Nginx::serving(tree.path());
        let sumdb = Sumdb::grown_apart(tree.path());
        let far_upstream = Distant::to(upstream.addr(), ROUND_TRIP);
        let far_sumdb = Distant::to(sumdb.addr(), ROUND_TRIP);
        let go_sum = go_sum(&upstream)?;
        Ok(Self { upstream, far_upstream, sumdb, far_sumdb, go_sum, _tree: tree })
    }

    /// A gateway as it is shipped, with an empty store.
    fn gateway(&self) -> Result<(Envoy, Nginx), String> {
        let storage = Nginx::storage();
        let envoy = Envoy::gateway()
            .cluster(UPSTREAM, self.far_upstream.addr())
            .cluster(STORAGE, storage.addr())
            .cluster(Sumdb::CLUSTER, self.far_sumdb.addr())
            .patch_plugin(&json!({"sumdb": self.sumdb.configured()}))
            .concurrency(2)
            .alone()
            .try_start()?;
        Ok((envoy, storage))
    }

    /// One build.
    fn build(&self, way: Way, gateway: &Envoy, has_go_sum: bool) -> Result<Sample, String> {
        let (proxy, sumdb) = match way {
            // The database itself is no farther than it is through the upstream, and asked at once.
            Way::Direct => (self.far_upstream.url(), format!("{} {}", self.sumdb.key(), self.far_sumdb.url())),
            Way::Cold | Way::Next => (gateway.url(), self.sumdb.key().to_owned()),
        };
        let go = Go::new(&proxy).env("GOSUMDB", &sumdb);
        let go_sum = if has_go_sum { self.go_sum.as_str() } else { "" };
        prepare(&go, go_sum)?;
        let asked = || [self.upstream.requests().len(), self.sumdb.asked().len()];
        let before = asked();
        let run = go.run(&["mod", "download"]);
        let after = asked();
        if !run.ok() {
            return Err(format!("{NAME}, {way:?}: go mod download fails: {}", run.stderr));
        }
        let zips = Tree::at(&go.cache().join("cache/download")).entries().len();
        if zips != MODULES {
            return Err(format!("{NAME}, {way:?}: {zips} of {MODULES} modules are there"));
        }
        Ok(Sample { took: run.took, asked: [after[0] - before[0], after[1] - before[1]] })
    }
}

/// The go.sum of a project that requires what `upstream` has.
fn go_sum(upstream: &Nginx) -> Result<String, String> {
    let go = Go::new(&format!("http://{}", upstream.addr()));
    prepare(&go, "")?;
    let run = go.run(&["mod", "download", "-json"]);
    if !run.ok() {
        return Err(format!("{NAME}: go mod download fails: {}", run.stderr));
    }
    let of_module = |module: &Value| {
        let of = |name: &str| module[name].as_str().unwrap_or_default().to_owned();
        let (path, version) = (of("Path"), of("Version"));
        format!("{path} {version} {}\n{path} {version}/go.mod {}\n", of("Sum"), of("GoModSum"))
    };
    Ok(run.jsons().iter().map(of_module).collect())
}

/// Most of a few dozen KB, some of a few hundred, as modules are.
fn module(number: usize) -> Module {
    let length = [20_000, 40_000, 80_000, 160_000, 1_200_000][number % 5];
    Module::new(&format!("cold.example.com/owner{number}/module"), &format!("v1.{number}.0"))
        .file("text.go", text(length))
        .deflated()
}

/// Makes the go command's folder a project that requires all of them.
fn prepare(go: &Go, go_sum: &str) -> Result<(), String> {
    let require = |number| format!("\tcold.example.com/owner{number}/module v1.{number}.0\n");
    let required: String = (0..MODULES).map(require).collect();
    let go_mod = format!("module example.test/scratch\n\ngo 1.21\n\nrequire (\n{required})\n");
    let write = |name, content: &str| fs::write(go.work().join(name), content);
    let written = write("go.mod", &go_mod).and_then(|()| write("go.sum", go_sum));
    written.map_err(|error| format!("the build's folder: {error}"))
}

fn render(samples: &BTreeMap<(bool, Way), Vec<Sample>>) -> String {
    let mut text = "| cold build                                 | seconds | ratio | upstream | database |\n\
                    |--------------------------------------------|--------:|------:|---------:|---------:|\n"
        .to_owned();
    for ((has_go_sum, way), own) in samples {
        let seconds = median(own.iter().map(|sample| sample.took.as_secs_f64()).collect()).unwrap_or_default();
        let direct = samples.get(&(*has_go_sum, Way::Direct)).into_iter().flatten();
        let ratio = median(own.iter().zip(direct).map(|(own, direct)| own.took.div_duration_f64(direct.took)).collect()).unwrap_or_default();
        let name = match way {
            Way::Direct => "directly",
            Way::Cold => "through a gateway that has nothing",
            Way::Next => "the next machine, through it",
        };
        let name = format!("{name}{}", if *has_go_sum { "; go.sum" } else { "" });
        let [upstream, database] = own.last().map(|sample| sample.asked).unwrap_or_default();
        text += &format!("| {name:<42} | {seconds:>7.2} | {ratio:>4.2}x | {upstream:>8} | {database:>8} |\n");
    }
    text
}
