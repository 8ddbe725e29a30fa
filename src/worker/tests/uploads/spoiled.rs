//! Objects in storage that are not what they have to be.

use super::*;

/// Two upstreams, of which the first or the second has the module.
fn two(is_first: bool, bytes: &[u8]) -> World {
    let public = r#"{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}"#;
    let other = r#"{"name": "other", "cluster": "other", "url": "https://other.test"}"#;
    let both = if is_first { [public, other] } else { [other, public] };
    let mut world = world_of(1, &config("").replace(public, &both.join(",")), bytes);
    world.cluster("other").latency = 5;
    world
}

/// Storage has another zip in its place, which a client has found out.
fn spoil(world: &mut World) {
    world.cluster("storage").serve_bytes(STORED, flawed(middling()));
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(routed_to(world, stream), "storage");
    let _ = world.answer_routed(0, stream, 200, &[("date", "now")]);
    assert_eq!(send_all(world, 0, stream, &flawed(middling())), Fate::Reset);
}

#[test]
fn scenario_what_is_spoiled_is_left_alone_for_a_day_whoever_has_it_else() {
    for is_first in [true, false] {
        let mut world = two(is_first, middling());
        spoil(&mut world);
        for _ in 0..3 {
            let stream = begin(&mut world, 0, None);
            assert_eq!(send_all(&mut world, 0, stream, middling()), Fate::Complete);
            world.settle();
            world.pass(120_000);
        }
        // The upstream it comes from fails, which says nothing of storage.
        let stream = world.begin(0, ZIP);
        world.settle();
        let _ = world.answer_routed(0, stream, 503, &[("date", "now")]);
        let stream = begin(&mut world, 0, None);
        world.leave(0, stream);
        world.settle();
        assert_eq!(storage(&world).bucket.begun(), 0, "what could not be stored is not tried");
        assert!(storage(&world).bytes(STORED) == Some(&flawed(middling())[..]));
        // After a day somebody may have removed it.
        world.cluster("storage").remove(STORED);
        world.pass(24 * 60 * 60 * 1000);
        let stream = begin(&mut world, 0, None);
        assert_eq!(send_all(&mut world, 0, stream, middling()), Fate::Complete);
        world.settle();
        assert_stored(&world, middling());
    }
}
