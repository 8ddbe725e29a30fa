//! What a worker gives again without asking the index, and for how long: another memory stands for what others wrote there.

use super::*;
use crate::{cx::Verdict, http::Response, shared::Memory, sim::World};

const LIST: &str = "/example.com/m/@v/list";
const MOD: &str = "/example.com/m/@v/v1.0.0.mod";

/// A world whose worker has just answered for [`LIST`] and [`MOD`] from the index, which has forgotten everything since.
fn world(config: &str) -> World {
    let mut world = World::new(2, config);
    for (cluster, latency) in [("storage", 1), ("public", 1)] {
        world.cluster(cluster).latency = latency;
    }
    world.cluster("public").serve(LIST, "v1.0.0\n").serve(MOD, "module example.com/m\n");
    let _ = (world.get(0, LIST), world.get(0, MOD));
    world.pass(100);
    for path in [LIST, MOD] {
        assert_eq!(header(&world.get(0, path), "x-modgate-cache"), "hit");
    }
    world.gateways[0].memory = Memory::default();
    world
}

fn config(more: &str) -> String {
    format!(
        r#"{{"upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test"}}],
            "storage": {{"cluster": "storage", "url": "http://storage.test", "write": false}} {more}}}"#
    )
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str())
}

/// Whether worker 0 answers this at once, as only an answer that it holds ready can be.
fn is_ready(world: &mut World, method: &str, path: &str, headers: &[(&str, &str)]) -> bool {
    let stream = world.begin_with(0, method, path, headers);
    let ready = matches!(world.verdict(stream), Verdict::Respond(_));
    world.settle();
    ready
}

#[test]
fn an_answer_is_given_for_a_second_at_most() {
    let mut world = world(&config(""));
    assert_eq!(world.get(0, MOD).body.to_vec(), b"module example.com/m\n");
    world.pass(999);
    assert!(is_ready(&mut world, "GET", MOD, &[]));
    assert!(is_ready(&mut world, "HEAD", MOD, &[]));
    world.pass(1);
    assert!(!is_ready(&mut world, "GET", MOD, &[]), "the index is asked again, and was emptied");
    assert_eq!(world.counters["modgate.requests_total.kind.mod.cache.hit.class.2xx"], 4);
}

#[test]
fn it_is_this_worker_s_alone_and_gone_with_its_configuration() {
    let mut world = world(&config(""));
    let other = world.begin(1, MOD);
    assert_eq!(world.verdict(other), &Verdict::Wait);
    world.replace(0, &config(""));
    assert!(!is_ready(&mut world, "GET", MOD, &[]));
}

#[test]
fn it_never_promises_more_than_is_left() {
    let mut world = World::new(1, &config(""));
    world.cluster("public").serve(LIST, "v1.0.0\n");
    let fetched = world.now;
    let _ = world.get(0, LIST);
    let mut before = u128::MAX;
    for step in [1, 250, 700, 48, 1, 1, 999, 1, 3, 47_000, 950, 45] {
        world.pass(step);
        // Some of a minute is taken off by chance, the same for all who ask.
        let most = 60_000 - world.now.since(fetched).as_millis();
        let least = 54_000 - world.now.since(fetched).as_millis();
        let response = world.get(0, LIST);
        assert_eq!(header(&response, "x-modgate-cache"), "hit");
        let promised: u128 =
            header(&response, "cache-control").trim_start_matches("max-age=").parse().unwrap();
        assert!((least / 1000..=most / 1000).contains(&promised), "{promised} of {least} to {most} ms");
        assert!(promised <= before, "{promised} after {before}");
        before = promised;
    }
    world.pass(10_001);
    assert_eq!(header(&world.get(0, LIST), "x-modgate-cache"), "stale", "its time is over");
}

#[test]
fn who_wants_something_special_goes_to_the_index() {
    for (name, value) in [("cache-control", "no-cache"), ("cache-control", "max-age=600")] {
        let mut world = world(&config(""));
        assert!(!is_ready(&mut world, "GET", LIST, &[(name, value)]), "{name}: {value}");
        assert!(is_ready(&mut world, "GET", MOD, &[(name, value)]), "{name}: {value} of what never changes");
    }
    assert!(is_ready(&mut world(&config("")), "GET", LIST, &[]));
    let mut world = world(&config(""));
    let plain = [("accept-encoding", "gzip"), ("authorization", "Basic x"), ("disable-module-fetch", "true")];
    assert!(is_ready(&mut world, "GET", MOD, &plain));
    let refused = world.begin_with(0, "POST", MOD, &[]);
    assert_eq!(world.response(refused).status, 405);
    assert!(!is_ready(&mut world, "GET", &format!("{MOD}?"), &[]), "the path is compared as it was sent");
}

#[test]
fn who_has_it_is_told_so() {
    let mut world = world(&config(""));
    let etag = header(&world.get(0, MOD), "etag").to_owned();
    let stream = world.begin_with(0, "GET", MOD, &[("if-none-match", &etag)]);
    let response = world.response(stream);
    assert_eq!((response.status, response.body.len(), header(&response, "etag")), (304, 0, etag.as_str()));
    assert_eq!((header(&response, "content-type"), header(&response, "x-modgate-cache")), ("", "hit"));
    let stream = world.begin_with(0, "GET", MOD, &[("if-none-match", "\"other\"")]);
    assert_eq!(world.response(stream).status, 200);
    assert_eq!(world.counters["modgate.requests_total.kind.mod.cache.hit.class.3xx"], 1);
}

#[test]
fn another_host_gets_none() {
    let mut world = world(&config(r#", "match": {"hosts": ["gateway.test"]}"#));
    assert!(is_ready(&mut world, "GET", MOD, &[]));
    let stream = world.begin_for("other.test", 0, MOD);
    assert_eq!(world.verdict(stream), &Verdict::Continue);
}

#[test]
fn a_clock_that_is_set_back_prolongs_nothing() {
    let mut world = world(&config(""));
    world.now = Timestamp(world.now.0 - 3_600_000);
    assert!(!is_ready(&mut world, "GET", MOD, &[]));
}

#[test]
fn what_nobody_has_pushes_nothing_out() {
    let mut world = world(&config(""));
    for number in 0..4 * SLOTS {
        let _ = world.begin(0, &format!("/example.com/none{number}/@v/list"));
    }
    assert!(is_ready(&mut world, "GET", MOD, &[]));
}

#[test]
fn it_is_bounded() {
    let mut world = World::new(1, &config(""));
    let large = format!("module example.com/m\n//{}", "x".repeat(MAX_BODY));
    world.cluster("public").serve(MOD, &large).serve(LIST, "v1.0.0\n");
    let long = format!("{LIST}?{}", "x".repeat(MAX_PATH));
    for path in [MOD, &long] {
        let _ = (world.get(0, path), world.get(0, path));
    }
    world.gateways[0].memory = Memory::default();
    for path in [MOD, &long] {
        assert!(!is_ready(&mut world, "GET", path, &[]));
    }
}
