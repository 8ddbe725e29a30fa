//! Many clients at many workers.

use super::*;

#[test]
fn scenario_a_crowd_at_many_workers_costs_one_upload() {
    for workers in [1, 2, 4] {
        let mut world = world(workers, middling());
        let streams: Vec<_> =
            (0..workers + 1).map(|at| (at % workers, begin(&mut world, at % workers, None))).collect();
        for piece in middling().chunks(PIECE) {
            for (worker, stream) in &streams {
                world.body(*worker, *stream, piece, false);
            }
            world.pass(1);
        }
        // The last to begin is the first to end.
        for (worker, stream) in streams.iter().rev() {
            assert_eq!(send_all(&mut world, *worker, *stream, &[]), Fate::Complete);
        }
        world.settle();
        assert_stored(&world, middling());
        assert_eq!((storage(&world).bucket.begun(), gets(&world, "public", ".zip")), (1, 0));
        assert_eq!(writes(&world, "stored"), 3);
    }
}

#[test]
fn scenario_a_download_that_takes_long_keeps_its_lease() {
    let mut world = world(2, middling());
    let slow = begin(&mut world, 0, None);
    for piece in middling().chunks(2 << 20) {
        world.body(0, slow, piece, false);
        world.pass(5_000);
        let quick = begin(&mut world, 1, None);
        world.leave(1, quick);
    }
    assert_eq!(send_all(&mut world, 0, slow, &[]), Fate::Complete);
    world.settle();
    assert_stored(&world, middling());
    assert_eq!((storage(&world).bucket.begun(), writes(&world, "left")), (1, 0));
}

#[test]
fn scenario_what_is_beyond_the_memory_for_it_is_only_streamed() {
    // One such upload may hold all that there is for uploads.
    let config =
        config("").replace("\"part_bytes\": 5242880, \"parts_in_flight\": 1", "\"part_bytes\": 67108864");
    let (one, two) = (zip_of("example.com/m", 1 << 20), zip_of("example.com/n", 1 << 20));
    let mut world = world_of(1, &config, &one);
    world.cluster("public").serve_bytes("/base/example.com/n/@v/v1.0.0.zip", two.clone());
    let first = begin(&mut world, 0, None);
    let second = begin_at(&mut world, 0, "/example.com/n/@v/v1.0.0.zip", None);
    assert_eq!(writes(&world, "skipped"), 1);
    assert_eq!(send_all(&mut world, 0, second, &two), Fate::Complete);
    assert_eq!(send_all(&mut world, 0, first, &one), Fate::Complete);
    world.settle();
    assert_stored(&world, &one);
    assert!(storage(&world).bytes("/modules/example.com/n/%40v/v1.0.0.zip").is_none());
    // There is room again.
    let third = begin_at(&mut world, 0, "/example.com/n/@v/v1.0.0.zip", None);
    assert_eq!(send_all(&mut world, 0, third, &two), Fate::Complete);
    world.settle();
    assert!(storage(&world).bytes("/modules/example.com/n/%40v/v1.0.0.zip").is_some());
}
