//! How much clients can have a worker keep for them.

use super::{header, world};
use crate::{
    cx::{StreamId, Verdict},
    sim::World,
};

const MOD: &str = "/example.com/m/@v/v1.0.0.mod";
const KNOWN: &str = "/example.com/known/@v/v1.0.0.mod";

/// A worker whose upstream takes its time, and which knows [`KNOWN`].
fn slow() -> World {
    let mut world = world(1);
    for module in ["m", "known"] {
        let path = format!("/base/example.com/{module}/@v/v1.0.0.mod");
        world.cluster("public").serve(&path, &format!("module example.com/{module}\n"));
    }
    assert_eq!(world.get(0, KNOWN).status, 200);
    world.cluster("public").latency = 20_000;
    world
}

/// Clients who send `bytes` of headers each and wait, until one is turned away.
fn crowd(world: &mut World, bytes: usize) -> Vec<StreamId> {
    let large = "x".repeat(bytes);
    let mut waiting = Vec::new();
    loop {
        let stream = world.begin_with(0, "GET", MOD, &[("x-large", &large)]);
        match world.verdict(stream) {
            Verdict::Wait => waiting.push(stream),
            Verdict::Respond(refusal) => {
                assert_eq!((refusal.status, header(refusal, "retry-after")), (503, "5"));
                world.leave(0, stream);
                return waiting;
            }
            other => panic!("{other:?}"),
        }
        assert!(waiting.len() < 20_000, "nobody is turned away");
    }
}

#[test]
fn scenario_those_who_wait_are_bounded_by_what_they_sent() {
    for (bytes, least, most) in [(200, 6_000, 8_000), (15 << 10, 2_000, 3_000), (60 << 10, 800, 1_000)] {
        let mut world = slow();
        let waiting = crowd(&mut world, bytes);
        assert!((least..most).contains(&waiting.len()), "{} with {bytes}", waiting.len());
        let known = world.begin(0, KNOWN);
        assert_eq!(world.response(known).status, 200, "what is known is given whoever waits");
        // One leaves, and there is room for one.
        world.leave(0, waiting[0]);
        let next = world.begin(0, MOD);
        assert_eq!(*world.verdict(next), Verdict::Wait);
        world.settle();
        for stream in &waiting[1..] {
            assert_eq!(world.response(*stream).status, 200);
        }
        assert!(world.worker(0).room.is_free(), "who is answered waits no longer");
    }
}
