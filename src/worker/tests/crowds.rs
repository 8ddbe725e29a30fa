//! Many ask for the same at once, over several workers: one asks the sources, all are answered.

use super::{CONFIG, EMPTY_ZIP, body, header, streaming, world};
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    sim::World,
};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const LIST: &str = "/example.com/m/@v/list";

/// `each` requests of `path` at every worker.
fn crowd(world: &mut World, workers: usize, each: usize, path: &str) -> Vec<StreamId> {
    (0..workers * each).map(|number| world.begin(number % workers, path)).collect()
}

fn routed_to(world: &World, stream: StreamId) -> &str {
    match world.verdict(stream) {
        Verdict::Edit(edit) => {
            edit.set.iter().find(|(name, _)| name == "x-modgate-cluster").map_or("", |(_, value)| value)
        }
        other => panic!("not routed: {other:?}"),
    }
}

fn gets(world: &World, cluster: &'static str, path: &str) -> usize {
    world.clusters[cluster]
        .asked
        .iter()
        .filter(|asked| asked.starts_with("GET ") && asked.ends_with(path))
        .count()
}

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
fn scenario_a_crowd_for_a_zip_costs_one_fetch_and_streams_from_storage() {
    for workers in [1, 2, 4] {
        let mut world = world(workers);
        let streams = crowd(&mut world, workers, 5, ZIP);
        world.settle();
        assert_eq!(world.clusters["public"].asked, ["GET /base/example.com/m/@v/v1.0.0.zip"]);
        let range = ("range".to_owned(), "bytes=0-8388607".to_owned());
        assert!(world.clusters["public"].callouts[0].headers.contains(&range));
        assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "storage"));
        let stored = world.clusters["storage"].body("/modules/example.com/m/@v/v1.0.0.zip");
        assert_eq!(stored.as_deref(), Some(EMPTY_ZIP));
        let asked = world.clusters["storage"].asked.len();
        let later = world.begin(0, ZIP);
        assert_eq!(routed_to(&world, later), "storage");
        assert_eq!(world.clusters["storage"].asked.len(), asked, "the index knows");
    }
}

#[test]
fn scenario_a_large_zip_is_streamed_to_each_and_remembered_as_large() {
    let mut world = world(2);
    let range = [("content-range", "bytes 0-1/20000000")];
    world.cluster("public").answer("/base/example.com/m/@v/v1.0.0.zip", 206, &range, "PK");
    for _ in 0..2 {
        let streams = crowd(&mut world, 2, 3, ZIP);
        world.settle();
        assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "public"));
    }
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1, "its beginning is not fetched in vain again");
    // It disappears: what the index says is no word to stand by.
    let stream = world.begin(0, ZIP);
    let Verdict::Respond(answer) = world.answer_routed(0, stream, 404, &[("date", "now")]) else {
        panic!("a 404 passed on");
    };
    assert_eq!(answer.status, 404);
    world.cluster("public").answer("/base/example.com/m/@v/v1.0.0.zip", 404, &[], "");
    assert_eq!(world.get(1, ZIP).status, 404, "known");
}

#[test]
fn scenario_a_zip_that_the_host_cannot_hold_is_streamed_once_its_upstream_says_that_it_is_there() {
    let mut world = world(2);
    world.cluster("public").fault_once = Some(CallFailure::Broken);
    for worker in 0..2 {
        let stream = world.begin(worker, ZIP);
        world.settle();
        assert_eq!(routed_to(&world, stream), "public");
    }
    let path = "/base/example.com/m/@v/v1.0.0.zip";
    assert_eq!(world.clusters["public"].asked, [format!("GET {path}"), format!("HEAD {path}")], "remembered");
}

#[test]
fn scenario_a_fetch_that_breaks_is_no_reason_to_stop_at_an_upstream_that_has_nothing() {
    for (fallback, two) in [("any_error", true), ("not_found", false)] {
        let config = format!(
            r#"{{"storage": {{"cluster": "storage", "url": "http://storage.test"}}, "upstreams": [
                {{"name": "one", "cluster": "one", "url": "http://one.test", "fallback": "{fallback}"}},
                {{"name": "two", "cluster": "two", "url": "http://two.test"}}]}}"#
        );
        let mut world = World::new(1, &config);
        world.cluster("storage").latency = 1;
        world.cluster("one").fault = Some(CallFailure::Broken);
        world.cluster("two").serve(ZIP, EMPTY_ZIP);
        let stream = world.begin(0, ZIP);
        world.settle();
        if two {
            assert_eq!(routed_to(&world, stream), "storage");
        } else {
            assert_eq!(world.response(stream).status, 502);
        }
        assert_eq!(gets(&world, "two", "v1.0.0.zip"), usize::from(two), "{fallback}");
    }
}

#[test]
fn scenario_a_store_that_takes_no_zip_costs_the_copy_alone() {
    let mut world = world(2);
    world.cluster("storage").refuse_put = true;
    let streams = crowd(&mut world, 2, 3, ZIP);
    world.settle();
    assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "public"));
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
    assert_eq!(world.counters["modgate.storage_writes_total.outcome.full"], 1);
}

#[test]
fn scenario_what_an_upstream_calls_a_zip_is_looked_at() {
    let part = ("content-range", "bytes 0-5/6");
    for (status, headers, text) in [(200, &[][..], "<html>"), (200, &[], "PK"), (206, &[part], "<html>")] {
        let mut world = world(1);
        world.cluster("public").answer("/base/example.com/m/@v/v1.0.0.zip", status, headers, text);
        let answer = world.get(0, ZIP);
        assert_eq!(answer.status, 502);
        assert!(body(&answer).contains("not a zip"), "{}", body(&answer));
        assert!(world.clusters["storage"].body("/modules/example.com/m/@v/v1.0.0.zip").is_none());
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
        assert_eq!(world.clusters["public"].asked.len(), 1);
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
    assert_eq!(world.clusters["public"].asked.len(), 1);
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
    assert_eq!(routed_to(&world, later), "storage");
    assert_eq!(world.clusters["public"].asked.len(), 2);
}

#[test]
fn scenario_only_one_worker_refreshes_what_is_stale() {
    let mut world = world(4);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(61_000);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.9.0\n");
    for stream in crowd(&mut world, 4, 5, LIST) {
        let answer = world.response(stream);
        assert_eq!((answer.status, header(&answer, "x-modgate-cache")), (200, "stale"), "at once");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=0");
    }
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), 2);
    for worker in 0..4 {
        let answer = world.get(worker, LIST);
        assert_eq!((body(&answer), header(&answer, "x-modgate-cache")), ("v1.9.0\n", "hit"));
    }
}

#[test]
fn scenario_an_outage_is_met_once_and_then_known() {
    let mut world = world(2);
    assert_eq!(world.get(0, LIST).status, 200);
    world.cluster("public").fault = Some(CallFailure::TimedOut);
    world.cluster("public").latency = 30_000;
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    // Too old to be given unasked: the first waits, and is given it all the same.
    world.pass(600_000);
    let first = world.get(0, LIST);
    assert_eq!((first.status, header(&first, "x-modgate-cache")), (200, "stale"));
    let asked = world.clusters["public"].asked.len();
    for stream in crowd(&mut world, 2, 10, LIST) {
        assert_eq!(header(&world.response(stream), "x-modgate-cache"), "stale", "at once");
    }
    assert!(world.clusters["public"].asked.len() <= asked + 1, "one tries again, in the background");
    // A day later it is too old even for that.
    world.settle();
    world.pass(25 * 3_600_000);
    assert_eq!(world.get(0, LIST).status, 504);
    world.cluster("public").fault = None;
    assert_eq!(header(&world.get(1, LIST), "x-modgate-cache"), "upstream");
}

#[test]
fn scenario_a_module_that_is_gone_is_gone_after_its_list_was_stale() {
    let mut world = world(2);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(61_000);
    world.cluster("public").answer("/base/example.com/m/@v/list", 410, &[], "");
    world.cluster("storage").answer("/modules/example.com/m/@v/list", 404, &[], "");
    assert_eq!(header(&world.get(0, LIST), "x-modgate-cache"), "stale");
    world.settle();
    for worker in 0..2 {
        assert_eq!(world.get(worker, LIST).status, 410);
    }
    assert_eq!(world.clusters["public"].asked.len(), 2);
}

#[test]
fn scenario_a_client_may_ask_for_news() {
    let no_cache = [("cache-control", "no-cache")];
    let mut world = world(1);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(5_000);
    for (asked, wait) in [(2, 500), (2, 600), (3, 0)] {
        let stream = world.begin_with(0, "GET", LIST, &no_cache);
        world.settle();
        assert_eq!(world.response(stream).status, 200);
        assert_eq!(world.clusters["public"].asked.len(), asked);
        world.pass(wait);
    }
    // What never changes is not asked for again.
    let info = "/example.com/m/@v/v1.0.0.info";
    assert_eq!(world.get(0, info).status, 200);
    let asked = world.clusters["public"].asked.len();
    world.pass(5_000);
    world.begin_with(0, "GET", info, &no_cache);
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), asked);
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
    assert_eq!(refused(&world), 15, "of all that is under way, five ask the upstream");
    assert_eq!(header(&world.response(streams[19]), "retry-after"), "5");
    assert_eq!(world.clusters["public"].asked.len(), 5);
    world.settle();
    assert_eq!(refused(&world), 15);
    assert_eq!(world.get(0, "/many.example/m19/@v/list").status, 404, "there is room again");
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

/// Two nodes behind one cluster that do not know of each other's objects, say.
#[test]
fn scenario_a_store_that_loses_what_it_took_is_left_alone_for_a_while() {
    let mut world = world(2);
    let first = world.begin(0, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, first), "storage");
    let Verdict::Respond(answer) = world.answer_routed(0, first, 404, &[("date", "now")]) else {
        panic!("a 404 passed on");
    };
    assert_eq!(answer.status, 503);
    for worker in [0, 1] {
        let stream = world.begin(worker, ZIP);
        world.settle();
        assert_eq!(routed_to(&world, stream), "public");
        // The upstream has lost it too; that nobody has it is no certainty.
        let Verdict::Respond(answer) = world.answer_routed(worker, stream, 404, &[("date", "now")]) else {
            panic!("a 404 passed on");
        };
        assert_eq!(answer.status, 502);
    }
    world.pass(60_000);
    let later = world.begin(1, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, later), "storage");
}
