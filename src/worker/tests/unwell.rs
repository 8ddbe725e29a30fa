//! Sources that keep everybody waiting: who is routed to them, who is asked before, and how long anybody waits.

use super::{CONFIG, EMPTY_ZIP, header, routed_to};
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    shared::{FRESH, REST},
    sim::World,
    worker::clients::CONNECT,
};

const PATH: &str = "/example.com/m/@v/v1.0.0.zip";
const STORED: &str = "/modules/example.com/m/@v/v1.0.0.zip";
/// As the storage of these worlds is configured.
const TIMEOUT: u64 = 5_000;

/// A zip in storage that everybody knows to be there, and an upstream that has it too.
fn warm(workers: usize) -> World {
    let config = CONFIG.replace("modules\"", r#"modules", "reverify": "never""#);
    let mut world = World::new(workers, &config);
    world.cluster("storage").serve(STORED, EMPTY_ZIP).latency = 1;
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP).latency = 10;
    let first = world.begin(0, PATH);
    world.settle();
    assert_eq!(routed_to(&world, first), "storage");
    arrives(&mut world, 0, first);
    world.cluster("storage").asked.clear();
    world.cluster("public").asked.clear();
    world
}

fn hang(world: &mut World) {
    let storage = world.cluster("storage");
    (storage.fault, storage.latency) = (Some(CallFailure::TimedOut), TIMEOUT);
}

fn heal(world: &mut World) {
    let storage = world.cluster("storage");
    (storage.fault, storage.latency) = (None, 1);
}

/// A storage that hangs, and the client that has found out: it is on its way to the upstream.
fn silent() -> (World, StreamId) {
    let mut world = warm(1);
    world.pass(millis(FRESH));
    hang(&mut world);
    let first = world.begin(0, PATH);
    world.settle();
    assert_eq!(routed_to(&world, first), "public");
    (world, first)
}

/// The head of a routed zip comes, whole and well.
fn arrives(world: &mut World, worker: usize, stream: StreamId) {
    let verdict = world.answer_routed(worker, stream, 200, &[("date", "now")]);
    assert!(matches!(verdict, Verdict::Edit(_)), "{verdict:?}");
    world.leave(worker, stream);
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

#[test]
fn scenario_who_is_on_the_way_is_told_when_the_source_has_had_its_time() {
    let mut world = warm(1);
    let stream = world.begin(0, PATH);
    assert_eq!(routed_to(&world, stream), "storage");
    let (early, late) = (world.begin(0, PATH), TIMEOUT + millis(CONNECT));
    world.pass(late - 200);
    arrives(&mut world, 0, early);
    assert_eq!(routed_to(&world, stream), "storage");
    world.pass(300);
    let answer = world.response(stream);
    assert_eq!((answer.status, header(&answer, "retry-after")), (504, "5"));
    assert!(String::from_utf8_lossy(&answer.body).contains("storage: it did not answer in time"));
    assert_eq!(world.counters["modgate.requests_total.kind.zip.cache.none.class.5xx"], 1);
    // The head of the host's own answer, or of the source's, should it come now, changes nothing.
    assert_eq!(world.answer_routed(0, stream, 504, &[]), Verdict::Continue);
    assert!(world.worker(0).is_idle() && !world.worker(0).needs_ticks());
    // Its client may have been the reason: storage is asked by the next, and not distrusted.
    world.pass(FRESH.as_secs() * 1_000);
    let next = world.begin(0, PATH);
    world.settle();
    assert_eq!(routed_to(&world, next), "storage");
    assert_eq!(world.clusters["storage"].asked, [format!("HEAD {STORED}")]);
}

#[test]
fn scenario_a_stream_that_left_or_whose_head_came_has_no_clock() {
    let mut world = warm(1);
    let (left, arrived) = (world.begin(0, PATH), world.begin(0, PATH));
    assert!(world.worker(0).needs_ticks());
    world.leave(0, left);
    let verdict = world.answer_routed(0, arrived, 200, &[("date", "now")]);
    assert!(matches!(verdict, Verdict::Edit(_)));
    assert!(!world.worker(0).needs_ticks());
    world.pass(600_000);
    assert_eq!(routed_to(&world, arrived), "storage");
}

#[test]
fn scenario_under_load_nobody_asks_before_and_an_idle_gateway_asks_once() {
    let mut world = warm(4);
    for turn in 0..40 {
        let stream = world.begin(turn % 4, PATH);
        assert_eq!(routed_to(&world, stream), "storage", "{turn}");
        arrives(&mut world, turn % 4, stream);
        world.pass(500);
    }
    assert_eq!(world.clusters["storage"].asked, [""; 0], "somebody has always just heard of it");
    world.pass(2_000);
    let streams: Vec<_> = (0..12).map(|at| world.begin(at % 4, PATH)).collect();
    world.settle();
    assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "storage"));
    assert_eq!(world.clusters["storage"].asked, [format!("HEAD {STORED}")]);
}

#[test]
fn scenario_a_store_that_hangs_costs_one_timeout_for_all() {
    let mut world = warm(4);
    world.pass(millis(FRESH));
    hang(&mut world);
    let first = world.begin(0, PATH);
    world.pass(TIMEOUT + 100);
    assert_eq!(routed_to(&world, first), "public");
    // For as long as it rests nobody waits, whatever worker it is, and whatever zip.
    for worker in 0..4 {
        let stream = world.begin(worker, PATH);
        world.pass(50);
        assert_eq!(routed_to(&world, stream), "public", "{worker}");
    }
    assert_eq!(world.clusters["storage"].asked.len(), 1);
    // Then one tries, for all.
    world.pass(millis(REST));
    let one = world.begin(1, PATH);
    world.pass(50);
    assert_eq!(*world.verdict(one), Verdict::Wait);
    world.cluster("public").serve("/base/example.com/other/@v/v1.0.0.zip", EMPTY_ZIP);
    let other = world.begin(2, "/example.com/other/@v/v1.0.0.zip");
    world.pass(50);
    assert_eq!(routed_to(&world, other), "public");
    world.pass(TIMEOUT);
    assert_eq!(routed_to(&world, one), "public");
    assert_eq!(world.clusters["storage"].asked.len(), 2);

    heal(&mut world);
    world.pass(millis(REST));
    let again = world.begin(3, PATH);
    world.settle();
    assert_eq!(routed_to(&world, again), "storage", "what it had is not forgotten");
    let next = world.begin(2, PATH);
    assert_eq!(routed_to(&world, next), "storage");
}

#[test]
fn scenario_a_silent_store_is_asked_last_and_not_never() {
    let (mut world, first) = silent();
    world.leave(0, first);
    // The upstream has lost it meanwhile, and storage is well again before anybody knows.
    world.cluster("public").remove("/base/example.com/m/@v/v1.0.0.zip");
    heal(&mut world);
    let next = world.begin(0, PATH);
    world.settle();
    assert_eq!(routed_to(&world, next), "storage");
    // Neither has it, or says so: that is no "not found".
    world.leave(0, next);
    world.pass(60_000);
    hang(&mut world);
    let begun = world.now;
    for _ in 0..2 {
        assert_eq!(world.get(0, PATH).status, 502);
    }
    assert_eq!(
        world.now.since(begun).as_millis(),
        u128::from(2 * TIMEOUT) + 40,
        "each had to wait for storage, and to ask the upstream by HEAD and by GET"
    );
}

#[test]
fn scenario_where_storage_is_all_there_is_it_is_asked_however_it_does() {
    let config = CONFIG.replace("modules\"", r#"modules", "reverify": "never""#).replacen(
        '{',
        r#"{"mode": "offline","#,
        1,
    );
    let mut world = World::new(1, &config);
    world.cluster("storage").serve(STORED, EMPTY_ZIP);
    hang(&mut world);
    for _ in 0..3 {
        let begun = world.now;
        assert_eq!(world.get(0, PATH).status, 502);
        assert_eq!(world.now.since(begun).as_millis(), u128::from(TIMEOUT));
    }
    heal(&mut world);
    let stream = world.begin(0, PATH);
    world.settle();
    assert_eq!(routed_to(&world, stream), "storage");
}

#[test]
fn scenario_a_silent_store_is_given_nothing_of_what_upstreams_are_asked_for_first() {
    let mut world = warm(2);
    world.cluster("public").serve("/base/example.com/m/@v/v1.1.0.mod", "module example.com/m\n");
    for number in 0..4 {
        world.cluster("public").serve(&format!("/base/example.com/m{number}/@v/list"), "v1.0.0\n");
    }
    hang(&mut world);
    assert_eq!(world.get(0, "/example.com/m/@v/v1.1.0.mod").status, 200);
    world.cluster("storage").asked.clear();
    for number in 0..4 {
        assert_eq!(world.get(number % 2, &format!("/example.com/m{number}/@v/list")).status, 200);
    }
    assert_eq!(world.clusters["storage"].asked, [""; 0]);
    heal(&mut world);
    world.pass(millis(REST) + 1000);
    world.cluster("public").serve("/base/example.com/m9/@v/list", "v1.0.0\n");
    assert_eq!(world.get(0, "/example.com/m9/@v/list").status, 200);
    assert!(world.clusters["storage"].bytes("/modules/example.com/m9/@v/list").is_some());
}

#[test]
fn documents_wait_for_a_silent_store_no_more_than_zips_do() {
    let (mut world, _) = silent();
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    let begun = world.now;
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.mod").status, 200);
    assert!(world.now.since(begun).as_millis() < u128::from(TIMEOUT));
}
