//! Hosts that can do less than Envoy: what the core does without.

use std::time::Duration;

use super::{CONFIG, EMPTY_ZIP, INFO, body, crowd, gets, routed_to, world_on};
use crate::{
    cx::Verdict,
    http::CallFailure,
    shared::{Capabilities, LEASE},
    sim::World,
};

/// Nothing that a host may lack.
pub(super) const LEAST: Capabilities =
    Capabilities { queue: false, hold_response: false, respond_late: false, named_clusters: false };

const MUTE: Capabilities = Capabilities { queue: false, ..Capabilities::ALL };
const STREAMING: Capabilities = Capabilities { hold_response: false, ..Capabilities::ALL };
const SETTLED: Capabilities = Capabilities { respond_late: false, ..Capabilities::ALL };

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const LIST: &str = "/example.com/m/@v/list";
const STORED: &str = "/modules/example.com/m/@v/v1.0.0.zip";

/// A tick until the first callout is made, one until the followers see that it has ended, and the callouts themselves.
const SOON: u64 = 100 + 100 + 100 + 10;

#[test]
fn scenario_without_messages_one_worker_fetches_and_the_others_see_what_it_found() {
    for workers in [1, 2, 4] {
        for file in ["@v/list", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@latest", "@v/master.info"] {
            let mut world = world_on(MUTE, workers);
            let path = format!("/example.com/m/{file}");
            let streams = crowd(&mut world, workers, 5, &path);
            world.pass(SOON);
            let bodies: Vec<_> =
                streams.iter().map(|stream| body(&world.response(*stream)).to_owned()).collect();
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{path}");
            assert_eq!(world.clusters["public"].asked.len(), 1, "{path} at {workers}");
            world.settle();
            assert!(world.is_idle());
        }
    }
}

#[test]
fn scenario_without_messages_a_crowd_for_a_zip_costs_one_fetch() {
    let mut world = world_on(MUTE, 4);
    let streams = crowd(&mut world, 4, 5, ZIP);
    world.pass(SOON);
    assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "storage"));
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
}

#[test]
fn scenario_without_messages_a_worker_that_dies_is_followed_by_one_that_takes_over() {
    let mut world = world_on(MUTE, 3);
    world.cluster("public").latency = 3_000;
    let streams = crowd(&mut world, 3, 1, LIST);
    world.pass(500);
    world.crash(0);
    world.pass(u64::try_from(LEASE.as_millis()).unwrap() + 3_000 + SOON);
    assert!(streams[1..].iter().all(|stream| world.response(*stream).status == 200));
    assert_eq!(gets(&world, "public", "list"), 2, "once by the one that died, and once by the next");
}

#[test]
fn scenario_without_messages_a_failure_is_each_worker_s_own_and_nobody_waits_for_ever() {
    let mut world = world_on(MUTE, 3);
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    let streams = crowd(&mut world, 3, 2, LIST);
    world.settle();
    assert!(streams.iter().all(|stream| world.response(*stream).status == 502));
    assert!(world.is_idle());
}

#[test]
fn scenario_without_messages_it_takes_no_room_to_see_what_another_found() {
    let config = CONFIG.replacen('{', r#"{"fetch": {"concurrent": 1}, "#, 1);
    let mut world = World::on(MUTE, 2, &config);
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 500;
    world
        .cluster("public")
        .serve("/base/example.com/m/@v/list", "v1.0.0\n")
        .serve("/base/x.test/y/@v/list", "");
    world.begin(0, LIST);
    let stream = world.begin(1, LIST);
    world.pass(400);
    // The worker that follows is busy with something else when the other is done.
    world.begin(1, "/x.test/y/@v/list");
    world.pass(400);
    assert_eq!(world.response(stream).status, 200);
}

#[test]
fn scenario_where_nothing_is_held_back_a_zip_is_fetched_whole_and_given_from_storage() {
    for verdict in [STREAMING, LEAST_BY_NAME] {
        let mut world = world_on(verdict, 2);
        let streams = crowd(&mut world, 2, 3, ZIP);
        world.settle();
        assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "storage"));
        assert_eq!(world.clusters["storage"].body(STORED).as_deref(), Some(EMPTY_ZIP));
        assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
        assert!(streams.iter().all(|stream| world.worker(0).inspects(*stream).is_none()));
    }
}

const LEAST_BY_NAME: Capabilities = Capabilities { named_clusters: true, ..LEAST };

#[test]
fn scenario_where_nothing_is_held_back_what_storage_has_is_read_once_before_it_is_given() {
    // First all right, then spoiled.
    for (stored, from) in [(EMPTY_ZIP, "storage"), ("PK and no more", "nowhere")] {
        let mut world = world_on(STREAMING, 1);
        world.cluster("storage").serve(STORED, stored);
        // The index has that storage has something, of which nothing was read.
        world.begin_with(0, "HEAD", ZIP, &[]);
        world.settle();
        for _ in 0..2 {
            let stream = world.begin(0, ZIP);
            world.settle();
            match from {
                "storage" => assert_eq!(routed_to(&world, stream), "storage"),
                _ => assert_eq!(world.response(stream).status, 502, "{:?}", world.verdict(stream)),
            }
        }
        if from == "storage" {
            assert_eq!(gets(&world, "storage", "v1.0.0.zip"), 1, "read once");
            assert_eq!(world.clusters["public"].asked.len(), 0);
        }
    }
}

#[test]
fn scenario_where_nothing_is_held_back_a_zip_that_cannot_be_read_before_is_refused_and_says_why() {
    let large = [("content-range", "bytes 0-1/20000000")];
    let mut world = world_on(STREAMING, 2);
    world.cluster("public").answer("/base/example.com/m/@v/v1.0.0.zip", 206, &large, "PK");
    for worker in [0, 1] {
        let refused = world.get(worker, ZIP);
        assert_eq!(refused.status, 502);
        assert_eq!(
            body(&refused),
            "example.com/m@v1.0.0: not verified: this host gives only zips that fetch.zip_bytes allows and that storage \
             has\n"
        );
    }
    let mut world = world_on(STREAMING, 1);
    world.cluster("storage").refuse_put = true;
    let refused = world.get(0, ZIP);
    assert_eq!(refused.status, 502);
    assert!(body(&refused).contains("not written: "), "{}", body(&refused));
    // Who asks for its head alone is given nothing that could be wrong.
    let mut world = world_on(STREAMING, 1);
    world.cluster("public").answer("/base/example.com/m/@v/v1.0.0.zip", 206, &large, "PK");
    let head = world.begin_with(0, "HEAD", ZIP, &[]);
    world.settle();
    assert_eq!(world.response(head).status, 200);
}

#[test]
fn scenario_where_nothing_is_held_back_a_slow_zip_is_waited_for() {
    let mut world = world_on(STREAMING, 2);
    // Longer than anybody waits for a zip where it could be streamed.
    world.cluster("public").latency = 20_000;
    let streams = crowd(&mut world, 2, 2, ZIP);
    world.pass(20_500);
    assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "storage"));
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
    assert_eq!(
        world.clusters["public"].callouts[0].timeout,
        Duration::from_secs(120),
        "as long as any request"
    );
}

#[test]
fn scenario_where_nothing_is_held_back_a_zip_too_many_is_told_to_come_again() {
    let mut world = world_on(STREAMING, 1);
    let path = |n: usize| format!("/example.com/m/@v/v1.{n}.0.zip");
    world.cluster("public").made = Some(|path| path.ends_with(".zip").then(|| EMPTY_ZIP.into()));
    let streams: Vec<_> = (0..17).map(|n| world.begin(0, &path(n))).collect();
    assert_eq!(world.response(streams[16]).status, 503);
    world.settle();
    assert!(streams[..16].iter().all(|stream| routed_to(&world, *stream) == "storage"));
    let again = world.begin(0, &path(16));
    world.settle();
    assert_eq!(routed_to(&world, again), "storage");
}

#[test]
fn scenario_where_no_late_answer_is_taken_the_source_s_own_gets_our_status_and_headers() {
    let mut world = world_on(SETTLED, 1);
    world.cluster("storage").serve(STORED, EMPTY_ZIP);
    world.begin(0, ZIP);
    world.settle();
    let headers = [("date", "now"), ("content-length", "3"), ("set-cookie", "a=b"), ("x-internal", "1")];
    let stream = world.begin(0, ZIP);
    let Verdict::Edit(edit) = world.answer_routed(0, stream, 404, &headers) else { panic!("not changed") };
    let status = edit.set.iter().find(|(name, _)| name == ":status").map(|(_, status)| status.as_str());
    assert_eq!(status, Some("503"), "it was there a moment ago: nobody is told that there is none");
    assert!(edit.set.iter().any(|(name, value)| name == "cache-control" && value == "no-store"), "{edit:?}");
    assert_eq!(edit.remove, ["date", "set-cookie", "x-internal"], "the body ends where its source says");
}

#[test]
fn scenario_where_no_late_answer_is_taken_a_slow_source_is_left_to_the_host() {
    for (host, is_ended) in [(Capabilities::ALL, true), (SETTLED, false)] {
        let mut world = world_on(host, 1);
        let stream = world.begin(0, ZIP);
        world.settle();
        world.pass(600_000);
        assert_eq!(matches!(world.verdict(stream), Verdict::Respond(_)), is_ended);
    }
}

#[test]
fn scenario_where_clusters_have_no_names_callouts_go_to_the_address_of_the_url() {
    let mut world = World::on(LEAST, 2, &CONFIG.replace("storage.test/", "storage.test:9000/"));
    world
        .cluster("proxy.test:443")
        .serve("/base/example.com/m/@v/v1.0.0.info", INFO)
        .serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    world.cluster("storage.test:9000").latency = 1;
    assert_eq!(body(&world.get(0, "/example.com/m/@v/v1.0.0.info")), INFO);
    let stream = world.begin(1, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, stream), "storage", "which cluster that is, the host's configuration says");
    assert_eq!(world.clusters["storage.test:9000"].body(STORED).as_deref(), Some(EMPTY_ZIP));
}
