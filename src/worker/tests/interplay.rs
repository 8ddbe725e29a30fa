//! Where two mechanisms meet: the index and a search, a lease and another configuration, a zip and a slow source.

use super::{CONFIG, EMPTY_ZIP, body, gets, header, world};
use crate::{
    cx::{StreamId, Verdict},
    http::{CallFailure, Timestamp},
    sim::World,
};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";

/// [`CONFIG`] with one more section in front.
fn with(section: &str) -> String {
    CONFIG.replacen('{', &format!("{{{section},"), 1)
}

/// Storage, and two upstreams of which the second has [`ZIP`].
fn chain(workers: usize) -> World {
    let config = r#"{"storage": {"cluster": "storage", "url": "http://storage.test"}, "upstreams": [
        {"name": "one", "cluster": "one", "url": "http://one.test"},
        {"name": "two", "cluster": "two", "url": "http://two.test"}]}"#;
    let mut world = World::new(workers, config);
    world.cluster("storage").latency = 1;
    world.cluster("one").latency = 200;
    world.cluster("two").serve(ZIP, EMPTY_ZIP).latency = 200;
    world
}

fn routed_to(world: &World, stream: StreamId) -> &str {
    match world.verdict(stream) {
        Verdict::Route(route) => {
            route.set.iter().find(|(name, _)| name == "x-modgate-cluster").map_or("", |(_, value)| value)
        }
        other => panic!("not routed: {other:?}"),
    }
}

/// The status of what becomes of a routed stream that is answered 404.
fn disappoint(world: &mut World, stream: StreamId) -> u16 {
    match world.answer_routed(0, stream, 404, &[("date", "now")]) {
        Verdict::Respond(answer) => answer.status,
        other => panic!("passed on: {other:?}"),
    }
}

/// What one request, its search and its write to storage do to the index together is one ask, and no use.
#[test]
fn scenario_a_scan_evicts_nothing_hot() {
    let mut world = World::new(1, CONFIG);
    world.resize_index(super::tiny_index(64, 64));
    let public = world.cluster("public");
    let hot: Vec<_> = (0..16).map(|number| format!("example.com/hot{number}")).collect();
    let scanned: Vec<_> = (0..1_000).map(|number| format!("example.com/scanned{number}")).collect();
    for module in hot.iter().chain(&scanned) {
        public.serve(&format!("/base/{module}/@v/v1.0.0.mod"), &format!("module {module}\n"));
    }
    let mut ask = |module: &String, millis| {
        world.pass(millis);
        let answer = world.get(0, &format!("/{module}/@v/v1.0.0.mod"));
        usize::from(header(&answer, "x-modgate-cache") == "hit")
    };
    for _ in 0..3 {
        hot.iter().for_each(|module| _ = ask(module, 200));
    }
    let mut hits = 0;
    for (number, module) in scanned.iter().enumerate() {
        ask(module, 5);
        if number % 5 == 0 {
            hits += ask(&hot[number / 5 % 16], 0);
        }
    }
    assert!(hits >= 198, "{hits} of 200");
}

/// GitLab lets nobody keep a list (`max-age=0`), so it is asked each time; the 404 from before the first tag is younger than
/// the freshness of a "not found".
#[test]
fn scenario_a_404_from_before_hides_nothing_that_was_found_since() {
    let mut world = world(2);
    let list = "/example.com/new/@v/list";
    assert_eq!(world.get(0, list).status, 404);
    world.pass(3_000);
    let limit = [("cache-control", "max-age=0, private, must-revalidate")];
    world.cluster("public").answer("/base/example.com/new/@v/list", 200, &limit, "v1.0.0\n");
    let anew = world.begin_with(0, "GET", list, &[("cache-control", "no-cache")]);
    world.settle();
    assert_eq!(world.response(anew).status, 200);
    for worker in 0..2 {
        world.pass(2_000);
        assert_eq!(world.get(worker, list).status, 200);
    }
}

/// It may be the one place that still has the version.
#[test]
fn scenario_an_upstreams_404_while_storage_takes_too_long_is_no_404() {
    let mut world = world(1);
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP).latency = 20_000;
    let stream = world.begin(0, ZIP);
    world.pass(15_000);
    assert_eq!(routed_to(&world, stream), "public");
    assert_eq!(disappoint(&mut world, stream), 504);
    world.settle();
    let later = world.begin(0, ZIP);
    assert_eq!(routed_to(&world, later), "storage");
}

#[test]
fn scenario_who_does_not_wait_for_a_slow_zip_is_sent_to_who_may_have_it() {
    let mut world = chain(2);
    world.cluster("two").latency = 29_000;
    let streams: Vec<_> = (0..4).map(|number| world.begin(number % 2, ZIP)).collect();
    world.pass(16_000);
    for stream in streams {
        assert_eq!(routed_to(&world, stream), "two", "one has said that it has none");
    }
    // They all ask it for nothing but the zip itself, and the fetch goes on.
    assert_eq!(world.clusters["two"].asked, [format!("GET {ZIP}")]);
    world.settle();
    let later = world.begin(1, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, later), "storage");
    assert_eq!(gets(&world, "two", "v1.0.0.zip"), 1);
}

#[test]
fn scenario_each_filter_has_its_own_bound_on_what_is_stale() {
    let mut world = world(1);
    let list = "/example.com/m/@v/list";
    assert_eq!(world.get(0, list).status, 200);
    world.pass(3_600_000);
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    let strict = world.add(&with(r#""freshness": {"stale_if_error": "0s"}"#));
    let lax = world.begin(0, list);
    let strict = world.begin(strict, list);
    world.settle();
    assert_eq!(header(&world.response(lax), "x-modgate-cache"), "stale");
    assert_eq!(world.response(strict).status, 502, "though the other leads");
}

#[test]
fn scenario_a_clock_set_back_costs_a_follower_no_more_than_a_dead_leader_does() {
    for crash in [false, true] {
        let mut world = world(2);
        world.cluster("public").latency = 5_000;
        let list = "/example.com/m/@v/list";
        let streams = [world.begin(0, list), world.begin(1, list)];
        world.pass(200);
        world.set_clock(Timestamp(world.now.0 - 3_600_000));
        world.pass(100);
        if crash {
            world.crash(0);
        }
        world.pass(8_000);
        for stream in &streams[usize::from(crash)..] {
            assert_eq!(world.response(*stream).status, 200);
        }
        assert_eq!(world.clusters["public"].asked.len(), 1 + usize::from(crash), "the lease is renewed");
    }
}

#[test]
fn scenario_a_zip_that_its_upstream_lost_may_be_at_the_next() {
    let mut world = chain(1);
    world.cluster("one").answer(ZIP, 206, &[("content-range", "bytes 0-1/20000000")], "PK");
    for _ in 0..2 {
        let stream = world.begin(0, ZIP);
        world.settle();
        assert_eq!(routed_to(&world, stream), "one");
    }
    world.cluster("one").answer(ZIP, 404, &[], "");
    let known = world.begin(0, ZIP);
    assert_eq!(disappoint(&mut world, known), 503);
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, stream), "storage", "fetched from two");
}

/// Other proxies ask with `Disable-Module-Fetch` for whatever their clients name.
#[test]
fn scenario_what_nobody_was_asked_for_makes_no_prefix_barren() {
    let mut world = world(1);
    for number in 0..300 {
        let path = format!("/corp.example/team/m{number}/@v/list");
        let stream = world.begin_with(0, "GET", &path, &[("disable-module-fetch", "true")]);
        world.settle();
        assert_eq!(world.response(stream).status, 404);
    }
    let streams: Vec<_> =
        (0..50).map(|number| world.begin(0, &format!("/corp.example/team/n{number}/@v/list"))).collect();
    world.settle();
    assert!(streams.iter().all(|stream| world.response(*stream).status == 404));
}

#[test]
fn scenario_a_stale_answer_that_is_not_refreshed_for_want_of_room_is_no_refusal() {
    let mut world = World::new(1, &with(r#""fetch": {"concurrent": 1, "concurrent_per_upstream": 1}"#));
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\n").latency = 1_000;
    world.cluster("storage");
    let list = "/example.com/m/@v/list";
    assert_eq!(world.get(0, list).status, 200);
    world.pass(61_000);
    world.begin(0, "/example.com/other/@v/list");
    let stale = world.begin(0, list);
    assert_eq!(header(&world.response(stale), "x-modgate-cache"), "stale");
    assert!(!world.counters.contains_key("modgate.refusals_total.reason.budget"));
}

/// An Envoy that starts during an outage has an empty index, and storage.
#[test]
fn scenario_an_outage_is_met_once_where_storage_alone_knows_an_answer() {
    let mut world = world(2);
    world.cluster("storage").serve("/modules/example.com/m/@v/list", "v1.0.0\n");
    world.cluster("public").fault = Some(CallFailure::TimedOut);
    world.cluster("public").latency = 10_000;
    let list = "/example.com/m/@v/list";
    assert_eq!(header(&world.get(0, list), "x-modgate-cache"), "stale");
    for round in 0..20 {
        let stream = world.begin(round % 2, list);
        let answer = world.response(stream);
        assert_eq!(header(&answer, "x-modgate-cache"), "stale", "at once");
        assert_eq!(header(&answer, "cache-control"), "max-age=0");
        world.pass(3_000);
    }
    world.settle();
    world.cluster("public").fault = None;
    world.pass(6_000);
    world.get(0, list);
    let answer = world.get(1, list);
    assert_eq!((body(&answer), header(&answer, "x-modgate-cache")), ("v1.0.0\nv1.1.0\n", "hit"));
}
