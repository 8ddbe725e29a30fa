//! Several gateways on one storage that tell each other what they have heard: one reads a feed for all, and a hook at one reaches all.

use super::body;
use crate::{
    config::Config,
    feed::Moment,
    fleet::{Bulletin, Told},
    http::{CallFailure, Headers, Reply, Timestamp},
    sim::World,
};

/// Lists and "not found" are fresh for a day: what is seen sooner was told.
const CONFIG: &str = r#"{
    "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}],
    "storage": {"cluster": "storage", "url": "http://storage.test/modules"},
    "freshness": {"list": "1day", "latest": "1day", "query": "1day", "negative": "1h"},
    "sync": {
        "hooks": [{"name": "forge", "kind": "gerrit", "secrets": ["a-secret-that-is-drawn"],
                   "repositories": {"forge.test/*": "example.com/*"}}],
        "feeds": [{"name": "go", "cluster": "index", "url": "https://index.test"}],
        "fleet": {"every": "5s"}
    }
}"#;

const MODULE: &str = "example.com/m";

/// For how long a feed is believed to be read at most: a minute and a half, two rounds and ten seconds.
const LAPSE: u64 = 110_000;

/// Gateways of two workers each, the first of which has begun before the others.
fn open(gateways: usize, storage: &str) -> World {
    let mut world = World::empty();
    let public = world.cluster("public");
    public.latency = 20;
    world.cluster("storage").latency = 5;
    world.cluster("index").feed = Some(Vec::new());
    publish(&mut world, MODULE, "v1.0.0");
    for _ in 0..gateways {
        join(&mut world, storage);
        world.pass(7_000);
    }
    world
}

fn join(world: &mut World, storage: &str) -> usize {
    let config = CONFIG.replace("modules\"", &format!("modules\"{storage}"));
    world.join(2, Config::parse(&config).unwrap())
}

/// A gateway is there no more, as far as the others can see.
fn end(world: &mut World, gateway: usize) {
    let config = r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test/base"}]}"#;
    [0, 1].iter().for_each(|worker| world.replace(gateway * 2 + worker, config));
}

/// The upstream has these of a module.
fn publish(world: &mut World, module: &str, versions: &str) {
    let newest = versions.split(' ').next_back().unwrap();
    let info = format!(r#"{{"Version":"{newest}"}}"#);
    let public = world.cluster("public");
    public.serve(&format!("/base/{module}/@v/list"), &versions.replace(' ', "\n"));
    public.serve(&format!("/base/{module}/@latest"), &info);
}

/// The index gets to know a version.
fn tell(world: &mut World, module: &str, version: &str) {
    let time = Moment::of(world.now).to_string();
    world.cluster("index").feed.as_mut().unwrap().push((time, module.to_owned(), version.to_owned()));
}

/// A webhook of a repository, to this worker.
fn push(world: &mut World, worker: usize, repository: &str, tag: &str) {
    let body = format!(
        r#"{{"type":"ref-updated","refUpdate":{{"refName":"refs/tags/{tag}","oldRev":"0000","newRev":"1111","project":"{repository}"}}}}"#
    );
    let stream = world.begin_post(worker, "/-/hooks/forge?token=a-secret-that-is-drawn", &[]);
    world.send(worker, stream, body.as_bytes(), true);
    assert_eq!(world.response(stream).status, 202);
}

#[track_caller]
fn list(world: &mut World, worker: usize) -> String {
    body(&world.get(worker, &format!("/{MODULE}/@v/list"))).replace('\n', " ").trim().to_owned()
}

/// How often the index was asked since this was asked last.
fn polls(world: &mut World) -> usize {
    std::mem::take(&mut world.cluster("index").asked).len()
}

fn counted(world: &World, name: &str) -> u64 {
    world.counters.get(&format!("modgate.{name}")).copied().unwrap_or_default()
}

fn fleet(world: &World, outcome: &str) -> u64 {
    counted(world, &format!("fleet_total.outcome.{outcome}"))
}

fn bulletin(world: &World, place: u8) -> Bulletin {
    let path = format!("/modules/fleet/{place:02}.json");
    Bulletin::read(world.clusters["storage"].bytes(&path).unwrap()).unwrap()
}

fn put(world: &mut World, place: u8, bulletin: &Bulletin) {
    let path = format!("/modules/fleet/{place:02}.json");
    world.cluster("storage").serve(&path, &bulletin.text());
}

const DIALECTS: [&str; 2] = ["", r#", "dialect": "s3""#];

#[test]
fn scenario_one_gateway_of_all_asks_the_index_and_all_look_again() {
    for dialect in DIALECTS {
        let mut world = open(3, dialect);
        assert_eq!(world.gauges["modgate.fleet_members"], 3);
        for gateway in 0..3 {
            assert_eq!(list(&mut world, gateway * 2), "v1.0.0");
        }
        world.pass(60_000);
        polls(&mut world);
        publish(&mut world, MODULE, "v1.0.0 v1.1.0");
        tell(&mut world, MODULE, "v1.1.0");
        tell(&mut world, "unknown.example/m", "v1.0.0");
        world.pass(70_000);
        assert!((1..=2).contains(&polls(&mut world)), "{dialect}: of three gateways one asks, once a minute");
        for worker in 0..6 {
            assert_eq!(list(&mut world, worker), "v1.0.0 v1.1.0", "{dialect}: {worker}");
        }
        assert_eq!(counted(&world, "feed_lines_total.target.feed_go.outcome.new"), 2);
        assert_eq!(
            counted(&world, "feed_lines_total.target.feed_go.outcome.heard"),
            4,
            "two gateways, two lines"
        );
        // It stays so.
        world.pass(600_000);
        assert!((9..13).contains(&polls(&mut world)), "{dialect}");
        for outcome in ["missed", "moved", "failed", "unreadable"] {
            assert_eq!(fleet(&world, outcome), 0, "{dialect}: {outcome}: {:?}", world.log);
        }
        let names: Vec<_> =
            world.clusters["storage"].paths().filter(|path| path.contains("/fleet/")).collect();
        assert_eq!(
            names,
            [
                "/modules/fleet/00.json",
                "/modules/fleet/00/01.txt",
                "/modules/fleet/01.json",
                "/modules/fleet/02.json"
            ],
            "each gateway has one place"
        );
    }
}

#[test]
fn scenario_without_a_fleet_each_gateway_asks_for_itself() {
    let mut world = World::empty();
    world.cluster("index").feed = Some(Vec::new());
    let config = CONFIG.replace(r#""fleet": {"every": "5s"}"#, r#""modules": []"#);
    for _ in 0..2 {
        world.join(2, Config::parse(&config).unwrap());
    }
    world.pass(70_000);
    assert!(polls(&mut world) >= 4);
    assert_eq!(world.clusters.get("storage").map_or(0, |storage| storage.asked.len()), 0);
}

#[test]
fn scenario_a_hook_at_one_gateway_reaches_the_others_in_time() {
    for dialect in DIALECTS {
        for from in 0..3 {
            let mut world = open(3, dialect);
            for worker in 0..6 {
                assert_eq!(list(&mut world, worker), "v1.0.0");
                let path = format!("/{MODULE}/@v/v1.1.0.info");
                assert_eq!(world.get(worker, &path).status, 404);
            }
            publish(&mut world, MODULE, "v1.0.0 v1.1.0");
            world
                .cluster("public")
                .serve(&format!("/base/{MODULE}/@v/v1.1.0.info"), r#"{"Version":"v1.1.0"}"#);
            // Whatever the time at which it comes within a round.
            world.pass(1_300 * (from as u64 + 1));
            push(&mut world, from * 2, "forge.test/m", "v1.1.0");
            world.pass(7_500);
            for worker in 0..6 {
                assert_eq!(list(&mut world, worker), "v1.0.0 v1.1.0", "{dialect}: from {from} to {worker}");
                assert_eq!(world.get(worker, &format!("/{MODULE}/@v/v1.1.0.info")).status, 200);
            }
            assert_eq!((fleet(&world, "told"), fleet(&world, "heard")), (1, 2), "{dialect}");
            // It is heard once, and costs nothing any more.
            world.cluster("public").asked.clear();
            world.pass(600_000);
            assert_eq!(world.clusters["public"].asked, [""; 0]);
            assert_eq!(fleet(&world, "heard"), 2);
        }
    }
}

#[test]
fn scenario_hooks_at_all_gateways_at_once_are_all_heard() {
    let mut world = open(3, "");
    let modules: Vec<_> = (0..30).map(|n| format!("m{n}")).collect();
    for module in &modules {
        publish(&mut world, &format!("example.com/{module}"), "v1.0.0");
        for worker in [0, 2, 4] {
            assert_eq!(world.get(worker, &format!("/example.com/{module}/@v/list")).status, 200);
        }
    }
    for (n, module) in modules.iter().enumerate() {
        publish(&mut world, &format!("example.com/{module}"), "v1.0.0 v1.1.0");
        push(&mut world, n % 6, &format!("forge.test/{module}"), "v1.1.0");
        world.pass(100);
    }
    world.pass(15_000);
    for module in &modules {
        for worker in [0, 2, 4] {
            let answer = world.get(worker, &format!("/example.com/{module}/@v/list"));
            assert!(body(&answer).contains("v1.1.0"), "{module} at {worker}");
        }
    }
    assert_eq!((fleet(&world, "told"), fleet(&world, "heard"), fleet(&world, "missed")), (30, 60, 0));
}

#[test]
fn scenario_where_the_gateway_that_reads_ends_another_takes_over_and_nothing_is_lost() {
    let mut world = open(3, "");
    for worker in [2, 4] {
        assert_eq!(list(&mut world, worker), "v1.0.0");
    }
    world.pass(120_000);
    end(&mut world, 0);
    // Told of when no gateway reads.
    publish(&mut world, MODULE, "v1.0.0 v1.1.0");
    tell(&mut world, MODULE, "v1.1.0");
    polls(&mut world);
    world.pass(LAPSE + 20_000);
    assert!(polls(&mut world) > 0);
    world.pass(10_000);
    for worker in [2, 4] {
        assert_eq!(list(&mut world, worker), "v1.0.0 v1.1.0", "{worker}");
    }
    world.pass(120_000);
    polls(&mut world);
    world.pass(600_000);
    assert!((9..13).contains(&polls(&mut world)), "one of the two that are left");
    assert_eq!(counted(&world, "feed_lines_total.target.feed_go.outcome.new"), 1);
    assert_eq!(world.gauges["modgate.fleet_members"], 2);
}

#[test]
fn scenario_a_worker_that_dies_costs_nothing() {
    let mut world = open(2, "");
    assert_eq!(list(&mut world, 2), "v1.0.0");
    publish(&mut world, MODULE, "v1.0.0 v1.1.0");
    push(&mut world, 0, "forge.test/m", "v1.1.0");
    // Whichever of them makes the round of each gateway.
    for worker in [0, 2] {
        world.pass(20);
        world.crash(worker);
    }
    world.pass(25_000);
    assert_eq!(list(&mut world, 3), "v1.0.0 v1.1.0");
    assert_eq!(world.gauges["modgate.fleet_members"], 2, "they have their places still");
}

/// Both begin at once: each sees no other.
#[test]
fn scenario_two_that_read_at_once_cost_a_question_and_lose_nothing() {
    for dialect in DIALECTS {
        let mut world = open(0, "");
        for _ in 0..2 {
            join(&mut world, dialect);
        }
        world.pass(15_000);
        assert_eq!(world.gauges["modgate.fleet_members"], 2, "{dialect}: {:?}", world.log);
        for worker in [0, 2] {
            assert_eq!(list(&mut world, worker), "v1.0.0");
        }
        publish(&mut world, MODULE, "v1.0.0 v1.1.0");
        tell(&mut world, MODULE, "v1.1.0");
        world.pass(70_000);
        for worker in [0, 2] {
            assert_eq!(list(&mut world, worker), "v1.0.0 v1.1.0");
        }
        polls(&mut world);
        world.pass(600_000);
        assert!((9..13).contains(&polls(&mut world)), "{dialect}: one goes on");
        let names: Vec<_> = [0, 1].map(|place| bulletin(&world, place).member).into();
        assert_ne!(names[0], names[1], "each has a place of its own");
    }
}

#[test]
fn scenario_while_storage_is_down_each_gateway_reads_the_feed_itself() {
    let mut world = open(2, "");
    for worker in [0, 2] {
        assert_eq!(list(&mut world, worker), "v1.0.0");
    }
    world.pass(120_000);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    publish(&mut world, MODULE, "v1.0.0 v1.1.0");
    tell(&mut world, MODULE, "v1.1.0");
    polls(&mut world);
    world.pass(130_000);
    assert!((3..7).contains(&polls(&mut world)), "both");
    for worker in [0, 2] {
        assert_eq!(list(&mut world, worker), "v1.0.0 v1.1.0");
    }
    let said = world.log.iter().filter(|line| line.contains("what gateways tell each other")).count();
    assert!((1..=4).contains(&said), "once for each worker that makes rounds: {:?}", world.log);
    // A hook that comes meanwhile is told when storage is there again.
    publish(&mut world, MODULE, "v1.0.0 v1.1.0 v1.2.0");
    push(&mut world, 0, "forge.test/m", "v1.2.0");
    world.pass(60_000);
    assert_eq!(list(&mut world, 2), "v1.0.0 v1.1.0");
    world.cluster("storage").fault = None;
    world.pass(15_000);
    assert_eq!(list(&mut world, 2), "v1.0.0 v1.1.0 v1.2.0");
    world.pass(300_000);
    polls(&mut world);
    world.pass(600_000);
    assert!((9..13).contains(&polls(&mut world)), "one again");
}

#[test]
fn scenario_what_no_gateway_can_have_written_is_passed_over_and_made_good() {
    let mut world = open(2, "");
    assert_eq!(list(&mut world, 2), "v1.0.0");
    let right = bulletin(&world, 0).text();
    for garbled in ["", "{", &right[..right.len() - 3], "<html>sign in</html>", &"x".repeat(100_000)] {
        let before = fleet(&world, "unreadable");
        world.cluster("storage").serve("/modules/fleet/00.json", garbled);
        world.pass(6_000);
        assert!(fleet(&world, "unreadable") > before, "{garbled:.20}");
        world.pass(6_000);
        assert_eq!(
            bulletin(&world, 0).member,
            Bulletin::read(right.as_bytes()).unwrap().member,
            "{garbled:.20}"
        );
    }
    publish(&mut world, MODULE, "v1.0.0 v1.1.0");
    push(&mut world, 0, "forge.test/m", "v1.1.0");
    world.pass(8_000);
    assert_eq!(list(&mut world, 2), "v1.0.0 v1.1.0");
    assert_eq!(fleet(&world, "missed"), 0);
}

#[test]
fn scenario_a_segment_that_is_lost_has_the_others_read_the_feed_once_themselves() {
    let mut world = open(2, "");
    for worker in [0, 2] {
        assert_eq!(list(&mut world, worker), "v1.0.0");
    }
    world.pass(120_000);
    polls(&mut world);
    // What is written there is not what is read.
    for n in 0..64 {
        let cut =
            [Reply::Answered { status: 200, headers: Headers::default(), body: b"{\"modgate\":1".to_vec() }];
        let path = format!("/modules/fleet/00/{n:02}.txt");
        world.cluster("storage").first(&path, [Reply::Failed(CallFailure::Broken)]);
        world.cluster("storage").first(&path, cut);
    }
    publish(&mut world, MODULE, "v1.0.0 v1.1.0");
    tell(&mut world, MODULE, "v1.1.0");
    world.pass(LAPSE + 70_000);
    assert_eq!(list(&mut world, 2), "v1.0.0 v1.1.0");
    assert!(fleet(&world, "missed") > 0 || fleet(&world, "failed") > 0);
    world.pass(120_000);
    polls(&mut world);
    world.pass(600_000);
    assert!((9..13).contains(&polls(&mut world)), "one again");
}

#[test]
fn scenario_a_gateway_that_begins_goes_on_where_others_have_read() {
    let mut world = open(1, "");
    world.pass(300_000);
    end(&mut world, 0);
    // Older than what a gateway begins with that knows of no other.
    let module = "followed.example/m";
    publish(&mut world, module, "v1.0.0");
    tell(&mut world, module, "v1.0.0");
    world.pass(1_200_000);
    polls(&mut world);
    let config = CONFIG.replace(r#""fleet": {"#, r#""modules": ["followed.example"], "fleet": {"#);
    world.join(1, Config::parse(&config).unwrap());
    world.pass(10_000);
    let asked = std::mem::take(&mut world.cluster("index").asked);
    assert_eq!(asked.len(), 1);
    let since = asked[0].split_once("since=").unwrap().1;
    let expected = Moment::of(Timestamp(world.now.0 - 1_300_000)).to_string();
    assert!(since < expected.as_str(), "{since} is after {expected}");
    assert_eq!(list_of(&world, module), 1, "what became known since is asked for");
    // The place of the one that has ended is free again.
    assert_eq!(world.clusters["storage"].paths().filter(|path| path.ends_with("/fleet/01.json")).count(), 0);
}

fn list_of(world: &World, module: &str) -> usize {
    let path = format!("GET /base/{module}/@v/list");
    world.clusters["public"].asked.iter().filter(|asked| **asked == path).count()
}

#[test]
fn scenario_a_gateway_whose_place_is_taken_takes_another_and_says_all_again() {
    let mut world = open(2, "");
    assert_eq!(list(&mut world, 2), "v1.0.0");
    publish(&mut world, MODULE, "v1.0.0 v1.1.0");
    push(&mut world, 0, "forge.test/m", "v1.1.0");
    world.pass(1_000);
    // Another one had seen it free, and writes over it before any has read it.
    let other = Bulletin { written: world.now.0, ..Bulletin::new("0123456789abcdef") };
    let own = bulletin(&world, 0).member;
    put(&mut world, 0, &other);
    world.pass(15_000);
    assert_eq!(fleet(&world, "moved"), 1);
    assert_eq!((bulletin(&world, 0).member, bulletin(&world, 2).member), (other.member, own));
    assert_eq!(list(&mut world, 2), "v1.0.0 v1.1.0");
    assert_eq!(fleet(&world, "heard"), 1);
}

/// Whoever can write to storage can say there what he likes: an upstream is asked, and no more than for hooks.
#[test]
fn scenario_what_is_forged_costs_questions_alone() {
    let mut world = open(1, "");
    assert_eq!(list(&mut world, 0), "v1.0.0");
    let mut forged = Bulletin { written: world.now.0, ..Bulletin::new("0123456789abcdef") };
    for n in 1..=100 {
        let told = Told::new(&[MODULE.to_owned(), format!("x{n}.example")], &[]);
        forged.hooks.push(Told { number: n, at: world.now.0, ..told });
    }
    (forged.told, forged.last) = (100, 1 << 40);
    forged.first = (1 << 40) - 63;
    let future = crate::feed::Cursor {
        since: world.now,
        mark: crate::feed::Mark::from(Moment::of(Timestamp(world.now.0 + 86_400_000))),
    };
    forged.feeds.push(crate::fleet::Reading::new("0000000000000000", 1, &future.encode(), 1 << 40));
    put(&mut world, 1, &forged);
    world.cluster("public").asked.clear();
    polls(&mut world);
    world.pass(20_000);
    let asked = world.clusters["public"].asked.len();
    assert!((1..=25).contains(&asked), "{asked} in 20 seconds");
    world.pass(120_000);
    assert!(polls(&mut world) >= 2, "the feed is read here all the same");
    assert_eq!(list(&mut world, 0), "v1.0.0");
}
