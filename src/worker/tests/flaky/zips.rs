//! Zips from an upstream that fails now and then, or is slow.

use super::{
    super::{EMPTY_ZIP, gets, routed_to, world},
    answer,
};
use crate::{
    http::{CallFailure, Reply},
    sim::World,
};

#[test]
fn scenario_a_whole_zip_is_asked_for_again() {
    for fault in [answer(502, &[]), Reply::Failed(CallFailure::Dropped)] {
        let mut world = world(1);
        let path = "/base/example.com/m/@v/v1.0.0.zip";
        world.cluster("public").first(path, vec![fault; 2]);
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        assert_eq!(routed_to(&world, stream), "storage");
        assert_eq!(
            world.clusters["storage"].bytes("/modules/example.com/m/@v/v1.0.0.zip"),
            Some(EMPTY_ZIP.as_bytes())
        );
        assert_eq!(gets(&world, "public", path), 3);
    }
}

/// That it broke off may say that it is larger than the host lets an answer be: its length tells.
#[test]
fn scenario_a_whole_zip_that_breaks_off_is_asked_for_again_where_it_is_small() {
    for (times, stored) in [(1, true), (3, true), (4, false)] {
        let mut world = world(1);
        let path = "/base/example.com/m/@v/v1.0.0.zip";
        let head = answer(200, &[("content-length", "22")]);
        let cut = Reply::Failed(CallFailure::Broken);
        let replies = (0..times).flat_map(|_| [cut.clone(), head.clone()]);
        world.cluster("public").first(path, replies.collect::<Vec<_>>());
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        let cluster = if stored { "storage" } else { "public" };
        assert_eq!(routed_to(&world, stream), cluster, "{times}");
        assert_eq!(gets(&world, "public", path), (times + 1).min(4), "{times}");
    }
    let mut world = world(1);
    let path = "/base/example.com/m/@v/v1.0.0.zip";
    let large = answer(200, &[("content-length", "99000000")]);
    world.cluster("public").first(path, [Reply::Failed(CallFailure::Broken), large]);
    let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
    world.settle();
    assert_eq!(routed_to(&world, stream), "public");
    assert_eq!(gets(&world, "public", path), 1);
}

#[test]
fn scenario_a_zip_too_slow_to_be_fetched_whole_is_streamed_and_not_fetched_twice_at_once() {
    let mut world = world(1);
    world.cluster("public").latency = 40_000;
    let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
    world.pass(13_000);
    let whole = world.clusters["public"].callouts.last().cloned().unwrap();
    assert_eq!((whole.method, whole.timeout.as_millis()), ("GET", 13_500));
    // The host ends it then.
    world.fail_one("public");
    world.pass(200);
    assert_eq!(routed_to(&world, stream), "public");
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
}

/// A server that ignores ranges gives all of a zip where its first byte is asked for: its client is not kept until that is over.
#[test]
fn scenario_a_zip_whose_first_byte_takes_long_is_streamed_unasked() {
    let config = r#"{"upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base",
        "redirects": {"objects.test": "objects"}}]}"#;
    for broken in [false, true] {
        let mut world = World::new(1, config);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP).latency = 60_000;
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.pass(1_000);
        let first = world.clusters["public"].callouts.last().cloned().unwrap();
        assert!(first.timeout.as_secs() <= 15, "{first:?}");
        // The host ends it then: before its head, or in its body.
        world.pass(u64::try_from(first.timeout.as_millis()).unwrap() - 1_000);
        world.fail_one_as("public", if broken { CallFailure::Broken } else { CallFailure::TimedOut });
        world.pass(200);
        assert_eq!(routed_to(&world, stream), "public");
        assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
    }
}
