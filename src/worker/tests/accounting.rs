//! What is counted of a request, and of a callout, when it has ended.

mod chance;

use super::{EMPTY_ZIP, streaming, world};
use crate::{
    cx::{StreamId, Verdict},
    http::{BodyEnd, Ending},
    metrics::{Cache, Counter, Kind, StatusClass},
    sim::{Fate, World, zip},
};

const MOD: &str = "/example.com/m/@v/v1.0.0.mod";
const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
/// Bytes of the go.mod that the upstream gives.
const LENGTH: u64 = 21;

/// A counter by what comes after `modgate.` in its name.
fn count(world: &World, name: &str) -> u64 {
    world.counters.get(&format!("modgate.{name}")).copied().unwrap_or_default()
}

/// What a histogram got.
fn times<'a>(world: &'a World, name: &str) -> &'a [u64] {
    world.histograms.get(&format!("modgate.{name}")).map_or(&[], Vec::as_slice)
}

/// All requests that were answered, and all that ended otherwise.
fn ended(world: &World) -> (u64, u64) {
    let sum = |prefix: &str| {
        world.counters.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, count)| count).sum()
    };
    (sum("modgate.requests_total."), sum("modgate.requests_unfinished_total."))
}

#[test]
fn scenario_who_waited_has_a_duration_and_who_did_not_costs_no_call_of_the_host() {
    let mut world = world(1);
    let stream = world.begin(0, MOD);
    assert_eq!(ended(&world), (0, 0), "it has not ended");
    world.settle();
    assert_eq!(world.response(stream).status, 200);
    assert_eq!(times(&world, "request_duration_ms.kind.mod.cache.upstream"), [101]);
    assert_eq!(times(&world, "callout_duration_ms.target.storage.class.4xx"), [1]);
    assert_eq!(times(&world, "callout_duration_ms.target.public.class.2xx"), [100]);
    assert_eq!(times(&world, "callout_duration_ms.target.storage.class.2xx"), [1], "the write");
    world.pass(2_000);

    let before = world.histograms.clone();
    for _ in 0..3 {
        assert_eq!(world.get(0, MOD).status, 200);
    }
    assert_eq!(world.histograms, before);
    assert_eq!(count(&world, "requests_total.kind.mod.cache.hit.class.2xx"), 3);
    let tally = world.worker(0).services.tally();
    let hits = Counter::Request { kind: Kind::Mod, cache: Cache::Hit, class: StatusClass::Successful };
    assert_eq!(tally.total(&hits), 3, "it can be read here");
}

#[test]
fn scenario_a_callout_that_nobody_answers_took_as_long_as_it_was_waited_for() {
    let mut world = world(1);
    world.begin(0, MOD);
    world.pass(50);
    world.fail_one("public");
    world.settle();
    assert_eq!(times(&world, "callout_duration_ms.target.public.class.none")[0], 49);
    assert_eq!(count(&world, "callouts_total.target.public.outcome.timed_out"), 1);
}

#[test]
fn scenario_bytes_are_those_of_bodies_that_are_sent() {
    let mut world = world(1);
    let etag = {
        let answer = world.get(0, MOD);
        super::header(&answer, "etag").to_owned()
    };
    assert_eq!(count(&world, "response_bytes_total.kind.mod.cache.upstream"), LENGTH);
    let hits = |world: &World| count(world, "response_bytes_total.kind.mod.cache.hit");
    // From the index, and given again a moment later.
    for answers in 1..4 {
        assert_eq!(world.worker(0).clients.has_answer(MOD), answers > 1);
        world.get(0, MOD);
        assert_eq!(hits(&world), answers * LENGTH);
    }
    for (method, headers) in [("HEAD", vec![]), ("GET", vec![("if-none-match", etag.as_str())])] {
        world.begin_with(0, method, MOD, &headers);
    }
    assert_eq!(hits(&world), 3 * LENGTH, "a head has no body, nor has a 304");
    assert_eq!(ended(&world), (6, 0));
    let mut world = super::world(1);
    let stream = world.begin_with(0, "HEAD", MOD, &[]);
    world.settle();
    assert_eq!(world.response(stream).status, 200);
    assert_eq!(count(&world, "response_bytes_total.kind.mod.cache.upstream"), 0, "nor when it has waited");
}

#[test]
fn scenario_a_client_that_leaves_was_not_answered() {
    let mut world = world(1);
    let streams = [world.begin(0, MOD), world.begin(0, MOD)];
    world.pass(10);
    world.leave(0, streams[0]);
    assert_eq!(ended(&world), (0, 1));
    assert_eq!(count(&world, "requests_unfinished_total.kind.mod.outcome.left"), 1);
    world.settle();
    world.leave(0, streams[1]);
    assert_eq!(ended(&world), (1, 1));
}

/// A zip on its way to the client, whose head has come.
fn download(world: &mut World) -> StreamId {
    let stream = world.begin(0, ZIP);
    world.settle();
    assert!(matches!(world.verdict(stream), Verdict::Route(_)));
    world.pass(300);
    assert!(matches!(world.answer_routed(0, stream, 200, &[]), Verdict::Edit(_)));
    world.pass(700);
    stream
}

#[test]
fn scenario_a_download_is_accounted_for_when_its_stream_ends() {
    let good = zip("example.com/m@v1.0.0/", &[("go.mod", b"module example.com/m\n".to_vec())]);
    let public = |world: &mut World| {
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    };
    for (body, fate, bytes, unfinished) in [
        (good.clone(), Fate::Complete, good.len() as u64, None),
        (b"PK\x03\x04 and no more".to_vec(), Fate::Reset, 0, Some("reset")),
    ] {
        let mut world = streaming(1);
        public(&mut world);
        let stream = download(&mut world);
        assert_eq!(ended(&world), (0, 0));
        world.body(0, stream, &body, true);
        assert_eq!(world.download(stream).fate, fate);
        assert_eq!(ended(&world), (1, u64::from(unfinished.is_some())), "{fate:?}");
        assert_eq!(count(&world, "requests_total.kind.zip.cache.upstream.class.2xx"), 1);
        assert_eq!(count(&world, "response_bytes_total.kind.zip.cache.upstream"), bytes);
        assert!(times(&world, "request_duration_ms.kind.zip.cache.upstream")[0] >= 1_000);
        if let Some(how) = unfinished {
            assert_eq!(count(&world, &format!("requests_unfinished_total.kind.zip.outcome.{how}")), 1);
        }
    }
}

#[test]
fn scenario_a_download_that_ends_early_says_who_ended_it() {
    // Shown whole, but not let go: the client left while the verdict was waited for.
    for (told, outcome) in [(Ending::Aborted, "aborted"), (Ending::Cut, "cut"), (Ending::Whole, "aborted")] {
        let mut world = streaming(1);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
        let stream = download(&mut world);
        world.body(0, stream, b"PK", false);
        assert!(world.worker(0).is_sending(stream));
        world.event(0, |worker, cx| {
            worker.response_ended(stream, BodyEnd { bytes: 2, how: told });
            worker.stream_gone(stream, cx);
        });
        assert!(!world.worker(0).is_sending(stream));
        assert_eq!(ended(&world), (1, 1), "{told:?}");
        assert_eq!(count(&world, &format!("requests_unfinished_total.kind.zip.outcome.{outcome}")), 1);
        assert_eq!(count(&world, "response_bytes_total.kind.zip.cache.upstream"), 2);
    }
}

#[test]
fn scenario_a_source_that_does_not_answer_a_routed_request_ends_it_once() {
    let mut world = streaming(1);
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    let stream = world.begin(0, ZIP);
    world.settle();
    world.pass(200_000);
    assert_eq!(world.response(stream).status, 504);
    world.leave(0, stream);
    assert_eq!(ended(&world), (1, 0));
    assert_eq!(count(&world, "requests_total.kind.zip.cache.none.class.5xx"), 1);
}
