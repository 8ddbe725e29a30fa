//! What follows a zip into storage, and in which order.

use super::*;

const INFO: &str = "/modules/example.com/m/%40v/v1.0.0.info";
const MOD: &str = "/modules/example.com/m/%40v/v1.0.0.mod";

fn has(world: &World, path: &str) -> bool {
    storage(world).bytes(path).is_some()
}

/// A zip is stored while storage does not take this file of its version.
fn without(world: &mut World, file: &'static str) {
    world.cluster("storage").fault_of = Some(("PUT", file, CallFailure::Unreachable));
    let stream = begin(world, 0, None);
    assert_eq!(send_all(world, 0, stream, middling()), Fate::Complete);
    world.settle();
    world.cluster("storage").fault_of = None;
    assert_stored(world, middling());
}

/// Whoever sees an `.info` in storage believes that all of the version is there.
#[test]
fn scenario_no_info_is_written_before_its_go_mod() {
    for asked_before in [false, true] {
        let mut world = world(1, middling());
        if asked_before {
            world.cluster("storage").fault_of = Some(("PUT", ".mod", CallFailure::Unreachable));
            assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
            assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.mod").status, 200);
        }
        without(&mut world, ".mod");
        assert_eq!((has(&world, MOD), has(&world, INFO)), (false, false), "{asked_before}");
        // Once the one is written the other follows, whichever is asked for.
        world.pass(61_000);
        assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.mod").status, 200);
        world.settle();
        assert_eq!((has(&world, MOD), has(&world, INFO)), (true, true), "{asked_before}");
    }
}

#[test]
fn scenario_an_info_that_was_not_taken_is_written_when_it_is_asked_for() {
    let mut world = world(1, middling());
    without(&mut world, ".info");
    assert_eq!((has(&world, MOD), has(&world, INFO)), (true, false));
    world.pass(61_000);
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
    world.settle();
    assert!(has(&world, INFO));
}

/// Another gateway stored the go.mod and the zip, and died.
#[test]
fn scenario_a_version_without_its_info_is_completed_by_who_asks_for_that() {
    let mut world = world(1, middling());
    let cluster = world.cluster("storage");
    cluster.serve(MOD, "module example.com/m\n").serve_bytes(STORED, middling().to_vec());
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(routed_to(&world, stream), "storage");
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
    world.settle();
    assert!(has(&world, INFO));
}

/// And by who has asked for that before, once it is known that all else is there.
#[test]
fn scenario_an_info_that_came_before_the_rest_was_known_is_written() {
    let mut world = world(1, middling());
    let cluster = world.cluster("storage");
    cluster.serve(MOD, "module example.com/m\n").serve_bytes(STORED, middling().to_vec());
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
    let _ = world.begin(0, ZIP);
    world.pass(100);
    assert!(!has(&world, INFO));
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.mod").status, 200);
    world.settle();
    assert!(has(&world, INFO));
}
