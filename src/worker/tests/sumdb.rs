//! What is held against a checksum database: what is proven, kept and given, and by how little asking.

mod ahead;
mod chance;
mod clients;
mod depth;
mod evidence;
mod forks;
mod lies;
mod lost;
mod many;
mod outages;
mod streamed;

use super::{body, crowd, gets, routed_to};
use crate::{
    gomod::{ModulePath, Version},
    http::Response,
    modzip::{Check, H1},
    sim::{Database, World, key, zip},
};

const MOD: &str = "/example.com/m/@v/v1.0.0.mod";
const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const LOOKUP: &str = "/sumdb/sum.test/lookup/example.com/m@v1.0.0";
const STORED_MOD: &str = "/modules/example.com/m/@v/v1.0.0.mod";
const STORED_LOOKUP: &str = "/modules/sumdb/sum.test/lookup/example.com/m@v1.0.0";
const STORED_HEAD: &str = "/modules/sumdb/sum.test/latest";
const GO_MOD: &str = "module example.com/m\n";

/// Whatever a scenario holds for is tried with each.
const WORKERS: [usize; 3] = [1, 2, 4];

/// One upstream, storage and a checksum database, with `more` of the configuration.
fn config(more: &str) -> String {
    format!(
        r#"{{{more}
        "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}}],
        "storage": {{"cluster": "storage", "url": "http://storage.test/modules"}},
        "sumdb": [{{"name": "sum.test", "key": "{}", "cluster": "sum", "url": "https://sum.test"}}]}}"#,
        key()
    )
}

const WHEN_AVAILABLE: &str = r#""verify": {"mode": "when_available"},"#;

fn world(workers: usize) -> World {
    world_of(workers, &config(""))
}

/// A world of that configuration, whose database has a record of the one module that its upstream has.
fn world_of(workers: usize, config: &str) -> World {
    let mut world = World::new(workers, config);
    furnish(&mut world);
    world
}

fn furnish(world: &mut World) {
    world.cluster("storage").latency = 1;
    let mut database = Database::new("", 20);
    database.publish("example.com/m", "v1.0.0", &h1(&zip_of("")), &H1::of_go_mod(GO_MOD.as_bytes()));
    let sum = world.cluster("sum");
    sum.latency = 50;
    sum.database = Some(database);
    let public = world.cluster("public");
    public.latency = 100;
    public.serve("/base/example.com/m/@v/v1.0.0.mod", GO_MOD);
    public.serve_bytes("/base/example.com/m/@v/v1.0.0.zip", zip_of(""));
}

/// Every worker dies and forgets everything, and what they shared is lost: Envoy was started anew.
fn restart(world: &mut World, workers: usize) {
    (0..workers).for_each(|worker| world.crash(worker));
    world.gateways[0].memory = Default::default();
    world.clusters.values_mut().for_each(|cluster| cluster.asked.clear());
}

/// The module's zip, with `more` in its one file.
fn zip_of(more: &str) -> Vec<u8> {
    let files = [("go.mod", GO_MOD.as_bytes().to_vec()), ("m.go", format!("package m\n{more}").into_bytes())];
    zip("example.com/m@v1.0.0/", &files)
}

fn h1(zip: &[u8]) -> H1 {
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let mut check = Check::new(&module, &version);
    check.push(zip, usize::MAX).unwrap();
    check.finish().unwrap().h1
}

fn database(world: &mut World) -> &mut Database {
    world.cluster("sum").database.as_mut().unwrap()
}

/// One more module version that everybody has, of this name.
fn publish(world: &mut World, module: &str) -> String {
    let go_mod = format!("module {module}\n");
    database(world).publish(module, "v1.0.0", &H1([7; 32]), &H1::of_go_mod(go_mod.as_bytes()));
    world.cluster("public").serve(&format!("/base/{module}/@v/v1.0.0.mod"), &go_mod);
    format!("/{module}/@v/v1.0.0.mod")
}

fn counted(world: &World, name: &str) -> u64 {
    world.counters.get(&format!("modgate.{name}")).copied().unwrap_or_default()
}

fn stored(world: &World, path: &str) -> Option<String> {
    world.clusters["storage"].body(path)
}

#[track_caller]
fn assert_settled(world: &mut World, workers: usize) {
    assert!(world.is_idle());
    for worker in 0..workers {
        let jobs = world.worker(worker).jobs();
        assert!(jobs.is_empty(), "worker {worker} is not done: {jobs:?}");
    }
}

/// A GET at the last worker, after which nothing is under way.
#[track_caller]
fn get(world: &mut World, workers: usize, path: &str) -> Response {
    let response = world.get(workers - 1, path);
    assert_settled(world, workers);
    response
}

/// Where a zip is streamed from, after which its client leaves.
#[track_caller]
fn route(world: &mut World, workers: usize, path: &str) -> String {
    let stream = world.begin(workers - 1, path);
    world.settle();
    let cluster = routed_to(world, stream).to_owned();
    world.leave(workers - 1, stream);
    assert_settled(world, workers);
    cluster
}

#[track_caller]
fn assert_good(response: &Response) {
    assert_eq!((response.status, body(response)), (200, GO_MOD));
}

#[track_caller]
fn assert_refused(response: &Response, words: &[&str]) {
    let text = body(response);
    assert_eq!(response.status, 502, "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn scenario_a_go_mod_is_proven_once_and_everything_that_proves_it_is_kept() {
    for workers in WORKERS {
        let mut world = world(workers);
        assert_good(&get(&mut world, workers, MOD));
        assert_eq!(
            world.clusters["sum"].asked,
            ["GET /lookup/example.com/m@v1.0.0", "GET /tile/8/0/000.p/21"]
        );
        assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
        let database = world.clusters["sum"].database.as_ref().unwrap();
        assert_eq!(stored(&world, STORED_LOOKUP), Some(database.lookup("example.com/m@v1.0.0", 21)));
        assert_eq!(stored(&world, STORED_HEAD), Some(database.head(21)));
        assert!(stored(&world, "/modules/sumdb/sum.test/tile/8/0/000.p/21").is_some());
        assert_eq!(counted(&world, "verifications_total.outcome.ok"), 1);
        assert_eq!(counted(&world, "sumdb_proofs_total.outcome.proven"), 1);
        let asked = world.clusters["storage"].asked.len();
        for worker in 0..workers {
            assert_good(&world.get(worker, MOD));
            assert_eq!(world.get(worker, LOOKUP).status, 200);
        }
        assert_eq!((world.clusters["storage"].asked.len(), world.clusters["sum"].asked.len()), (asked, 2));
    }
}

/// Records, tiles and heads too, from the database and out of storage.
#[test]
fn scenario_what_comes_encoded_is_proven_like_the_rest() {
    for workers in WORKERS {
        let mut world = world(workers);
        for name in ["public", "storage", "sum"] {
            world.cluster(name).encodes = true;
        }
        assert_good(&get(&mut world, workers, MOD));
        assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
        restart(&mut world, workers);
        assert_good(&get(&mut world, workers, MOD));
        assert!(world.clusters["public"].asked.is_empty());
    }
}

#[test]
fn scenario_a_zip_is_proven_before_it_is_stored() {
    for workers in WORKERS {
        let mut world = world(workers);
        assert_eq!(route(&mut world, workers, ZIP), "storage");
        assert_eq!(gets(&world, "sum", "/lookup/example.com/m@v1.0.0"), 1);
        // And so is the go.mod that follows it there.
        assert_eq!(counted(&world, "verifications_total.outcome.ok"), 2);
    }
}

#[test]
fn scenario_after_a_restart_storage_proves_what_it_has() {
    for workers in WORKERS {
        let mut world = world(workers);
        get(&mut world, workers, MOD);
        restart(&mut world, workers);
        assert_good(&get(&mut world, workers, MOD));
        assert!(world.clusters["sum"].asked.is_empty() && world.clusters["public"].asked.is_empty());
        assert_eq!(gets(&world, "storage", "/sumdb/sum.test/latest"), 1, "the last head is recalled");
    }
}

/// Privacy: what is not verified, nobody hears of.
#[test]
fn scenario_what_is_not_verified_is_not_asked_for() {
    for more in [
        r#""verify": {"mode": "off"},"#,
        r#""verify": {"overrides": [{"modules": ["example.com"], "mode": "off"}]},"#,
        r#""private": {"nosumdb": ["example.com"]},"#,
    ] {
        for workers in WORKERS {
            let mut world = world_of(workers, &config(more));
            assert_good(&get(&mut world, workers, MOD));
            assert_eq!(route(&mut world, workers, ZIP), "storage");
            assert_eq!(world.clusters["sum"].asked, Vec::<String>::new(), "{more}");
            assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
            assert_eq!(counted(&world, "verifications_total.outcome.exempt"), 2);
        }
    }
}

/// An index that was filled with nothing proven is nothing to a worker that is to prove everything.
#[test]
fn scenario_what_was_kept_unproven_is_not_given_by_a_stricter_configuration() {
    for more in [r#""verify": {"mode": "off"},"#, WHEN_AVAILABLE] {
        let mut world = world_of(1, &config(more));
        let lie = "module example.com/m // a lie\n";
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", lie);
        world.cluster("sum").fault = Some(crate::http::CallFailure::Unreachable);
        assert_eq!(body(&get(&mut world, 1, MOD)), lie);
        world.cluster("sum").fault = None;
        world.replace(0, &config(""));
        assert_refused(&get(&mut world, 1, MOD), &["checksum database"]);
    }
}

#[test]
fn scenario_what_may_not_be_fetched_is_proven_by_what_storage_has() {
    let no_fetch = [("disable-module-fetch", "true")];
    let mut world = world(1);
    get(&mut world, 1, MOD);
    restart(&mut world, 1);
    let stream = world.begin_with(0, "GET", MOD, &no_fetch);
    world.settle();
    assert_good(&world.response(stream));
    assert_eq!(world.log, Vec::<String>::new());
    // Somebody else's copy that nothing here proves.
    restart(&mut world, 1);
    world.cluster("storage").remove(STORED_LOOKUP);
    let stream = world.begin_with(0, "GET", MOD, &no_fetch);
    world.settle();
    assert_refused(&world.response(stream), &["cannot be verified"]);
    assert!(world.clusters["sum"].asked.is_empty() && world.clusters["public"].asked.is_empty());
    assert_settled(&mut world, 1);
}
