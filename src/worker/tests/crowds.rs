//! Many ask for the same at once, over several workers: one asks the sources, all are answered.

use super::{CONFIG, EMPTY_ZIP, body, crowd, gets, header, routed_to, streaming, world};
use crate::{
    cx::{StreamId, Verdict},
    sim::World,
};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const LIST: &str = "/example.com/m/@v/list";

#[test]
fn scenario_a_crowd_over_all_workers_costs_one_fetch() {
    for workers in [1, 2, 4] {
        for file in ["@v/list", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@latest", "@v/master.info"] {
            let mut world = world(workers);
            let path = format!("/example.com/m/{file}");
            let mut streams = crowd(&mut world, workers, 5, &path);
            // Some come while it is under way.
            world.pass(50);
            streams.extend(crowd(&mut world, workers, 5, &path));
            world.settle();
            assert_eq!(world.clusters["public"].asked.len(), 1, "{path} at {workers}");
            let bodies: Vec<_> =
                streams.iter().map(|stream| body(&world.response(*stream)).to_owned()).collect();
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{path}");
            let coalesced = streams
                .iter()
                .filter(|stream| header(&world.response(**stream), "x-modgate-cache") == "coalesced")
                .count();
            assert_eq!(coalesced, streams.len() - 1, "{path} at {workers}");
            assert!(world.is_idle());
        }
    }
}

#[test]
fn scenario_the_first_client_leaves_and_the_others_do_not_notice() {
    for path in [LIST, ZIP] {
        let mut world = world(2);
        let first = world.begin(0, path);
        let streams = crowd(&mut world, 2, 3, path);
        world.pass(50);
        world.leave(0, first);
        world.settle();
        assert_eq!(gets(&world, "public", path), 1);
        assert!(streams.iter().all(|stream| *world.verdict(*stream) != Verdict::Wait));
        assert_eq!(*world.verdict(first), Verdict::Wait, "nobody answers who left");
    }
}

#[test]
fn scenario_one_failure_is_shared_by_all_who_waited() {
    let mut world = world(4);
    world.cluster("public").answer("/base/example.com/m/@v/list", 500, &[], "");
    let streams = crowd(&mut world, 4, 5, LIST);
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), 4, "all tries are made for all");
    let first = world.response(streams[0]);
    assert_eq!(first.status, 502);
    assert!(streams.iter().all(|stream| world.response(*stream).body == first.body));
}

#[test]
fn scenario_a_dead_leaders_place_is_taken() {
    for path in [LIST, ZIP, "/example.com/m/@v/v1.0.0.mod"] {
        let mut world = world(4);
        let streams = crowd(&mut world, 4, 3, path);
        world.pass(20);
        world.crash(0);
        let begun = world.now;
        world.settle();
        assert_eq!(gets(&world, "public", path), 2, "{path}");
        // Those of the dead worker are the host's to end.
        for (number, stream) in streams.iter().enumerate().filter(|(number, _)| number % 4 != 0) {
            assert_ne!(*world.verdict(*stream), Verdict::Wait, "{path} {number}");
        }
        assert!(world.now.since(begun).as_secs() < 4, "{:?}", world.now.since(begun));
        let after = world.begin(0, path);
        assert_ne!(*world.verdict(after), Verdict::Wait, "the new worker reads what the others found");
    }
}

#[test]
fn scenario_a_slow_leader_keeps_its_lease() {
    let mut world = world(2);
    world.cluster("public").latency = 20_000;
    let streams = crowd(&mut world, 2, 2, LIST);
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), 1);
    assert!(streams.iter().all(|stream| world.response(*stream).status == 200));
}

#[test]
fn scenario_nobody_waits_longer_than_configured() {
    let config = CONFIG.replacen('{', r#"{"fetch": {"wait": "10s", "zip_wait": "3s"},"#, 1);
    let mut world = World::new(2, &config);
    world.cluster("storage").latency = 1;
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP).latency = 29_000;
    let lists = crowd(&mut world, 2, 2, LIST);
    let zips = crowd(&mut world, 2, 2, ZIP);
    world.pass(3_200);
    // A zip is streamed then, from the one upstream that may have it.
    assert!(zips.iter().all(|stream| routed_to(&world, *stream) == "public"));
    assert!(lists.iter().all(|stream| *world.verdict(*stream) == Verdict::Wait));
    world.pass(7_000);
    for stream in lists {
        let answer = world.response(stream);
        assert_eq!((answer.status, header(&answer, "retry-after")), (504, "5"));
    }
    // What was asked for goes on, and whoever comes later has it.
    world.settle();
    let later = world.begin(0, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, later), "storage");
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
    assert_eq!(gets(&world, "public", "@v/list"), 1);
}

#[test]
fn scenario_what_is_beyond_the_budget_is_503_and_no_404() {
    let config = CONFIG.replacen('{', r#"{"fetch": {"concurrent": 10, "concurrent_per_upstream": 5},"#, 1);
    let mut world = World::new(1, &config);
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 1_000;
    let streams: Vec<_> =
        (0..20).map(|number| world.begin(0, &format!("/many.example/m{number}/@v/list"))).collect();
    let refused = |world: &World| {
        streams
            .iter()
            .filter(
                |stream| matches!(world.verdict(**stream), Verdict::Respond(answer) if answer.status == 503),
            )
            .count()
    };
    world.pass(10);
    assert_eq!(refused(&world), 10);
    assert_eq!(header(&world.response(streams[19]), "retry-after"), "5");
    assert_eq!(world.clusters["public"].asked.len(), 5, "of all that is under way, five ask the upstream");
    world.settle();
    assert_eq!(refused(&world), 10, "the others waited for their turn");
    assert_eq!(world.clusters["public"].asked.len(), 10);
    assert_eq!(world.get(0, "/many.example/m19/@v/list").status, 404, "there is room again");
}

#[test]
fn scenario_an_upstream_is_asked_no_more_at_once_by_all_workers_together_than_one_may() {
    let config = CONFIG.replacen('{', r#"{"fetch": {"concurrent_per_upstream": 8, "zip_bytes": 0},"#, 1);
    let mut world = World::new(4, &config);
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 10_000;
    let lists = |world: &mut World, from: usize| -> Vec<_> {
        (from..from + 40).map(|at| world.begin(at % 4, &format!("/many{at}.example/m/@v/list"))).collect()
    };
    let refused = |world: &World, streams: &[StreamId]| {
        let is_503 = |stream: &&StreamId| matches!(world.verdict(**stream), Verdict::Respond(answer) if answer.status == 503);
        streams.iter().filter(is_503).count()
    };
    let first = lists(&mut world, 0);
    world.pass(10);
    // One in eight is left to what goes on with something that was begun.
    assert_eq!((world.calls_to("public"), refused(&world, &first)), (7, 0));
    // They still count when they have been under way for long, and a worker's no longer when it is dead.
    world.pass(5_000);
    let second = lists(&mut world, 100);
    world.pass(10);
    assert_eq!((world.calls_to("public"), refused(&world, &second)), (7, 0));
    world.crash(0);
    world.pass(3_100);
    assert_eq!(world.clusters["public"].asked.len(), 7 + 2, "the dead worker had two");
    assert_eq!(world.calls_to("public"), 7);
    world.settle();
    let last = world.begin(2, "/last.example/m/@v/list");
    world.settle();
    assert_eq!(world.response(last).status, 404, "there is room again");
}

#[test]
fn scenario_what_goes_on_waits_for_its_turn_and_is_not_refused() {
    let rule = r#"{"modules": ["*"], "action": "cooldown", "age": "7d"}"#;
    let config = CONFIG.replacen(
        '{',
        &format!(r#"{{"fetch": {{"concurrent_per_upstream": 3}}, "policy": {{"rules": [{rule}]}},"#),
        1,
    );
    let mut world = World::new(2, &config);
    world.cluster("storage").latency = 1;
    let public = world.cluster("public");
    public.latency = 50;
    let versions: Vec<_> = (0..100).map(|number| format!("v1.0.{number}")).collect();
    public.serve("/base/example.com/m/@v/list", &format!("{}\n", versions.join("\n")));
    for version in &versions {
        let info = format!(r#"{{"Version":"{version}","Time":"2020-01-02T03:04:05Z"}}"#);
        public.serve(&format!("/base/example.com/m/@v/{version}.info"), &info);
    }
    let stream = world.begin(0, LIST);
    let mut most = 0;
    for _ in 0..400 {
        world.pass(10);
        most = most.max(world.calls_to("public"));
    }
    let answer = world.response(stream);
    assert_eq!((answer.status, body(&answer).lines().count()), (200, 100));
    assert_eq!(most, 3);
    assert!(world.is_idle() && !world.worker(0).needs_ticks());
}

#[test]
fn scenario_a_flood_below_one_prefix_leaves_room_for_others() {
    let mut world = streaming(1);
    for number in 0..300 {
        assert_eq!(world.get(0, &format!("/flood.example/a/m{number}/@v/list")).status, 404);
    }
    let streams: Vec<_> =
        (300..400).map(|number| world.begin(0, &format!("/flood.example/a/m{number}/@v/list"))).collect();
    let others: Vec<_> =
        (0..100).map(|number| world.begin(0, &format!("/other{number}.example/a/@v/list"))).collect();
    world.settle();
    let count = |streams: &[StreamId], status| {
        streams.iter().filter(|stream| world.response(**stream).status == status).count()
    };
    assert_eq!((count(&streams, 404), count(&streams, 503)), (4, 96));
    assert_eq!(count(&others, 404), 100);
}

/// Nothing ends a callout, so those of who has left go on; they are no reason to refuse who has not.
#[test]
fn scenario_who_asks_and_leaves_keeps_nobody_from_asking() {
    let upstream = r#"{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}"#;
    let mut world = World::new(1, &format!(r#"{{"upstreams": [{upstream}]}}"#));
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\n").latency = 20_000;
    let mut number = 0;
    let mut storm = |world: &mut World| {
        let mut streams = Vec::new();
        loop {
            number += 1;
            let stream = world.begin(0, &format!("/example.com/slow{number}/@v/list"));
            if *world.verdict(stream) != Verdict::Wait {
                return streams;
            }
            streams.push(stream);
        }
    };
    let first = storm(&mut world);
    let full = world.begin(0, LIST);
    assert_eq!(world.response(full).status, 503, "while they wait it is full");
    for stream in &first {
        world.leave(0, *stream);
    }
    let other = world.begin(0, LIST);
    assert_eq!(*world.verdict(other), Verdict::Wait, "when they have left it is not");
    for _ in 0..5 {
        for stream in storm(&mut world) {
            world.leave(0, stream);
        }
    }
    let asked = world.clusters["public"].asked.len();
    assert!(asked <= 512, "an upstream is asked no more than twice what it is asked at once: {asked}");
    world.settle();
    assert_eq!(world.response(other).status, 200);
}
