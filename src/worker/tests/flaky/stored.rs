//! Sources that fail where another copy is known: in the index, in storage, or in storage alone.

use super::{
    super::{INFO, body, gets, header, world},
    LIST, answer,
};
use crate::{
    http::{CallFailure, Reply},
    sim::World,
};

/// Storage may have the list of before: it is asked before the last tries. Where it has none, those are made.
#[test]
fn scenario_a_list_that_is_stored_is_not_waited_for_and_one_that_is_not_is() {
    let mut stored = world(1);
    stored.cluster("storage").serve(&format!("/modules{LIST}"), "v0.9.0\n");
    stored.cluster("public").get_answered = Some((500, "no"));
    let response = stored.get(0, LIST);
    assert_eq!((response.status, body(&response)), (200, "v0.9.0\n"));
    assert_eq!(gets(&stored, "public", LIST), 2);

    let mut fresh = world(1);
    fresh.cluster("public").first(&format!("/base{LIST}"), vec![answer(500, &[]); 3]);
    let response = fresh.get(0, LIST);
    assert_eq!((response.status, body(&response)), (200, "v1.0.0\nv1.1.0\n"));
    assert_eq!((gets(&fresh, "public", LIST), gets(&fresh, "storage", LIST)), (4, 1));

    let mut down = world(1);
    down.cluster("public").get_answered = Some((500, "no"));
    assert_eq!(down.get(0, LIST).status, 502);
    assert_eq!(gets(&down, "public", LIST), 4);
}

#[test]
fn scenario_what_is_known_is_given_without_many_tries() {
    let mut world = world(1);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(10 * 60 * 1000);
    world.cluster("public").get_answered = Some((500, "no"));
    let began = world.now;
    let response = world.get(0, LIST);
    assert_eq!((response.status, header(&response, "x-modgate-cache")), (200, "stale"));
    assert!(world.now.since(began).as_millis() < 1000);
    assert_eq!(gets(&world, "public", LIST), 3);
}

#[test]
fn scenario_what_is_known_is_given_where_an_upstream_takes_its_time_and_the_next_does_not_wait() {
    let mut world = world(1);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(10 * 60 * 1000);
    world.cluster("public").latency = 58_000;
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\nv1.1.0\nv1.2.0\n");
    let stream = world.begin(0, LIST);
    world.pass(21_000);
    let response = world.response(stream);
    assert_eq!((response.status, header(&response, "x-modgate-cache")), (200, "stale"));
    let next = world.begin(0, LIST);
    assert_eq!(header(&world.response(next), "x-modgate-cache"), "stale");
    world.settle();
    assert!(body(&world.get(0, LIST)).contains("v1.2.0"));
}

/// Restarted: the index has nothing, and the upstream hangs. One waits for it; the others have what is stored.
#[test]
fn scenario_an_upstream_that_hangs_is_waited_for_by_one_and_others_have_what_is_stored() {
    let mut world = world(1);
    for name in ["m", "n", "o"] {
        let list = format!("/modules/example.com/{name}/@v/list");
        world.cluster("storage").serve(&list, "v0.9.0\n");
    }
    world.cluster("public").fault = Some(CallFailure::TimedOut);
    world.cluster("public").latency = 120_000;
    assert_eq!(body(&world.get(0, LIST)), "v0.9.0\n");
    for name in ["n", "o"] {
        let path = format!("/example.com/{name}/@v/list");
        let began = world.now;
        let response = world.get(0, &path);
        assert_eq!((response.status, header(&response, "x-modgate-cache")), (200, "stale"));
        assert!(world.now.since(began).as_millis() < 1000);
        assert_eq!(gets(&world, "public", &path), 0);
    }
    // One in five seconds sees whether it still hangs; when it answers, its word counts again.
    world.pass(5_000);
    world.cluster("public").fault = None;
    world.cluster("public").latency = 100;
    assert_eq!(body(&world.get(0, "/example.com/m/@v/v1.0.0.mod")), "module example.com/m\n");
    world.pass(60_000);
    assert_eq!(body(&world.get(0, LIST)), "v1.0.0\nv1.1.0\n");
}

#[test]
fn scenario_only_storage_can_say_and_it_fails_in_passing() {
    let config =
        r#"{"mode": "offline", "storage": {"cluster": "storage", "url": "http://storage.test/modules"}}"#;
    for fault in [answer(500, &[]), Reply::Failed(CallFailure::Dropped), Reply::Failed(CallFailure::Broken)] {
        let mut world = World::new(1, config);
        let path = "/modules/example.com/m/@v/v1.0.0.info";
        world.cluster("storage").serve(path, INFO).first(path, vec![fault; 3]);
        assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
        assert_eq!(gets(&world, "storage", path), 4);
    }
    // Others can: they are asked at once. And a path of no module stays a quick 404.
    let mut world = world(1);
    world.cluster("storage").get_answered = Some((500, "no"));
    let began = world.now;
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
    assert_eq!(world.get(0, "/example.com/other/@v/list").status, 404);
    assert!(world.now.since(began).as_millis() < 500);
}

/// A version that only storage has left: one failure of storage makes no 502 of it, as long as there is time.
#[test]
fn scenario_what_upstreams_have_lost_is_asked_of_storage_once_more_where_that_fails_in_passing() {
    for fault in [answer(500, &[]), answer(503, &[("retry-after", "3")]), Reply::Failed(CallFailure::Dropped)]
    {
        for failures in 1..=3 {
            let mut world = world(1);
            let path = "/modules/example.com/gone/@v/v1.0.0.info";
            let faults = vec![fault.clone(); failures];
            world.cluster("storage").serve(path, INFO).first(path, faults);
            let response = world.get(0, "/example.com/gone/@v/v1.0.0.info");
            assert_eq!(response.status, 200, "{failures} of {fault:?}: {}", body(&response));
            assert!(gets(&world, "public", "/base/example.com/gone/@v/v1.0.0.info") <= 1, "{fault:?}");
        }
    }
    // Where it goes on failing, that ends and is said.
    let mut world = world(1);
    world.cluster("storage").get_answered = Some((500, "no"));
    let response = world.get(0, "/example.com/gone/@v/v1.0.0.info");
    assert_eq!(response.status, 502, "{}", body(&response));
    assert!(gets(&world, "storage", "/modules/example.com/gone/@v/v1.0.0.info") <= 5);
    assert!(world.is_idle());
}
