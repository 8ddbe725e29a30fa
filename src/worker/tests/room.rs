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
    crowd_for(world, bytes, |_| MOD.to_owned())
}

fn crowd_for(world: &mut World, bytes: usize, path: impl Fn(usize) -> String) -> Vec<StreamId> {
    let large = "x".repeat(bytes);
    let mut waiting = Vec::new();
    loop {
        let stream = world.begin_with(0, "GET", &path(waiting.len()), &[("x-large", &large)]);
        match world.verdict(stream) {
            Verdict::Wait => waiting.push(stream),
            Verdict::Respond(refusal) => {
                assert_eq!((refusal.status, header(refusal, "retry-after")), (503, "5"));
                assert_eq!(world.counters["modgate.requests_total.kind.mod.cache.none.class.5xx"], 1);
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
    for (bytes, least, most) in [(200, 3_000, 4_000), (15 << 10, 1_000, 1_500), (60 << 10, 400, 500)] {
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
        assert!(world.worker(0).clients.is_free(), "who is answered waits no longer");
    }
}

#[test]
fn scenario_a_crowd_for_one_thing_leaves_room_for_others() {
    let mut world = slow();
    let waiting = crowd(&mut world, 60 << 10);
    let others = crowd_for(&mut world, 60 << 10, |number| format!("/example.com/m{}/@v/list", number % 100));
    assert!(others.len().abs_diff(waiting.len()) < 10, "{} beside {}", others.len(), waiting.len());
    for stream in waiting.into_iter().chain(others) {
        world.leave(0, stream);
    }
    assert!(world.worker(0).clients.is_free(), "who has left waits no longer");
}
