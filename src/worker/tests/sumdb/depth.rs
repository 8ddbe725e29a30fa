//! How many questions in a row a client waits for who asks for something that a gateway does not have: each is a round trip to a source.
//! Callouts take the same time here, whichever source answers, so a wait divided by it is the number.

use super::{LOOKUP, MOD, ZIP, assert_settled, config, furnish, publish, restart};
use crate::{cx::Verdict, sim::World};

const INFO: &str = "/example.com/m/@v/v1.0.0.info";
const LATEST: &str = "/example.com/m/@latest";
const LIST: &str = "/example.com/m/@v/list";

/// What each callout takes, in milliseconds.
const ROUND_TRIP: u64 = 40;

/// A world in which every source is equally far away.
fn world() -> World {
    let mut world = World::new(1, &config(""));
    furnish(&mut world);
    let public = world.cluster("public");
    for path in [INFO, LATEST] {
        public.serve(&format!("/base{path}"), r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z"}"#);
    }
    public.serve(&format!("/base{LIST}"), "v1.0.0\n");
    ["storage", "public", "sum"].into_iter().for_each(|source| world.cluster(source).latency = ROUND_TRIP);
    world
}

/// The round trips until a client has its answer, or is routed to the source that has it. What follows is done before the next.
fn depth(world: &mut World, path: &str) -> u64 {
    let (begun, stream) = (world.now, world.begin(0, path));
    while *world.verdict(stream) == Verdict::Wait {
        world.pass(1);
    }
    let waited = u64::try_from(world.now.since(begun).as_millis()).unwrap();
    assert!(
        matches!(world.verdict(stream), Verdict::Route(_)) || world.response(stream).status == 200,
        "{path}"
    );
    world.settle();
    world.leave(0, stream);
    assert_settled(world, 1);
    waited / ROUND_TRIP
}

/// Of an `.info`: its place in storage, where it may be kept aside, the upstream. Of a record: storage, the database; and of each of its tiles
/// the same. The record of a go.mod or a zip is looked up beside it: its own storage and upstream cost no more. A zip is put into storage before
/// it is given from there.
#[test]
fn what_a_client_waits_for() {
    for (path, expected) in [
        (INFO, 3),
        // The upstream alone, as for a list.
        (LATEST, 1),
        (LIST, 1),
        // In between, storage says which tree head it remembers: once, for each Envoy.
        (LOOKUP, 5),
        (MOD, 5),
        (ZIP, 6),
    ] {
        assert_eq!(depth(&mut world(), path), expected, "{path}, first of all");
    }
    // As the go command asks.
    let mut world = world();
    let second = publish(&mut world, "example.com/n");
    for (path, expected) in [(MOD, 5), (LOOKUP, 0), (INFO, 3), (ZIP, 3), (&second, 2)] {
        assert_eq!(depth(&mut world, path), expected, "{path}, of a build");
    }
    // Storage alone: its place, and the record with its head and its tile.
    for (path, expected) in [(INFO, 1), (MOD, 3), (LOOKUP, 3), (ZIP, 3)] {
        restart(&mut world, 1);
        assert_eq!(depth(&mut world, path), expected, "{path}, first after a restart");
    }
}
