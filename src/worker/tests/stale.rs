//! What is too old to be believed: given all the same, asked for anew, or not given.

use super::{body, crowd, header, world};
use crate::http::CallFailure;

const LIST: &str = "/example.com/m/@v/list";

#[test]
fn scenario_only_one_worker_refreshes_what_is_stale() {
    let mut world = world(4);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(61_000);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.9.0\n");
    for stream in crowd(&mut world, 4, 5, LIST) {
        let answer = world.response(stream);
        assert_eq!((answer.status, header(&answer, "x-modgate-cache")), (200, "stale"), "at once");
        assert_eq!(header(&answer, "cache-control"), "max-age=0");
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
