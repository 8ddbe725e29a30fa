//! Zips that are fetched whole into storage, and those that cannot be.

use super::{EMPTY_ZIP, body, crowd, gets, routed_to, world};
use crate::{
    cx::Verdict,
    http::{CallFailure, Reply},
    sim::World,
};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";

#[test]
fn scenario_a_crowd_for_a_zip_costs_one_fetch_and_streams_from_storage() {
    for workers in [1, 2, 4] {
        let mut world = world(workers);
        let streams = crowd(&mut world, workers, 5, ZIP);
        world.settle();
        // With a zip, storage gets the rest of its version.
        let files = ["zip", "mod", "info"].map(|file| format!("GET /base/example.com/m/@v/v1.0.0.{file}"));
        assert_eq!(world.clusters["public"].asked, files);
        let puts: Vec<_> =
            world.clusters["storage"].asked.iter().filter_map(|asked| asked.strip_prefix("PUT ")).collect();
        let files = ["zip", "mod", "info"].map(|file| format!("/modules/example.com/m/@v/v1.0.0.{file}"));
        assert_eq!(puts, files);
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
    let large = Reply::Answered {
        status: 200,
        headers: [("content-length", "99000000"), ("date", "now")].into_iter().collect(),
        body: Vec::new(),
    };
    let zip = "/base/example.com/m/@v/v1.0.0.zip";
    world.cluster("public").first(zip, [Reply::Failed(CallFailure::Broken), large]);
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

/// Until storage takes zips again, fetching them whole would cost the upstream each of them twice.
#[test]
fn scenario_a_full_store_is_not_given_the_next_zip_at_once() {
    let mut world = world(1);
    world.cluster("storage").refuse_put = true;
    for number in 0..3 {
        let path = format!("/base/example.com/m{number}/@v/v1.0.0.zip");
        world.cluster("public").serve(&path, EMPTY_ZIP);
        let stream = world.begin(0, path.strip_prefix("/base").unwrap());
        world.settle();
        assert_eq!(routed_to(&world, stream), "public");
    }
    assert_eq!(gets(&world, "public", ".zip"), 1);
    world.cluster("storage").refuse_put = false;
    world.pass(10_000);
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, stream), "storage");
}

/// It would be fetched and handed in for ever.
#[test]
fn scenario_a_store_that_claims_to_have_what_it_does_not_give_is_given_it_once() {
    let mut world = world(1);
    world.cluster("storage").claims_all = true;
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, stream), "public");
    assert_eq!(gets(&world, "public", ".zip"), 1);
}
