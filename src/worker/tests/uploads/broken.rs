//! Clients that leave, stores that fail, and workers that die in the middle.

use super::*;

#[test]
fn scenario_a_client_that_leaves_costs_this_pass_and_it_is_copied() {
    for share in [0, 10, 99] {
        let mut world = world(1, large());
        let stream = begin(&mut world, 0, Some(large().len()));
        send(&mut world, 0, stream, &large()[..large().len() / 100 * share]);
        world.leave(0, stream);
        world.settle();
        assert_stored(&world, large());
        assert_eq!(writes(&world, "left"), 1);
        assert_eq!(writes(&world, "stored"), 3);
        assert!(gets(&world, "public", ".zip") > 4, "piece by piece");
    }
}

#[test]
fn scenario_a_part_that_is_not_taken_is_sent_again() {
    let mut world = world(1, large());
    world.cluster("storage").fault_of = Some(("PUT", "partNumber=2", CallFailure::Dropped));
    let stream = begin(&mut world, 0, None);
    for piece in large().chunks(PIECE) {
        world.body(0, stream, piece, false);
        world.pass(1);
        if storage(&world).asked.iter().any(|asked| asked.contains("partNumber=2")) {
            world.cluster("storage").fault_of = None;
        }
    }
    assert_eq!(send_all(&mut world, 0, stream, &[]), Fate::Complete);
    world.settle();
    assert_stored(&world, large());
    assert_eq!(gets(&world, "public", ".zip"), 0);
    let parts = storage(&world).asked.iter().filter(|asked| asked.contains("partNumber=2")).count();
    assert!(parts > 1);
}

#[test]
fn scenario_a_store_that_hangs_costs_this_pass_and_no_client() {
    let mut world = world(1, large());
    let stream = begin(&mut world, 0, Some(large().len()));
    world.cluster("storage").latency = 30_000;
    let began = world.now;
    assert_eq!(send_all(&mut world, 0, stream, large()), Fate::Complete);
    assert!(world.download(stream).got == large());
    assert!(world.now.since(began).as_millis() < 1_000, "nobody waited for storage");
    assert_eq!(storage(&world).asked.iter().filter(|asked| asked.contains("partNumber")).count(), 0);
    world.cluster("storage").latency = 1;
    world.settle();
    assert_stored(&world, large());
    assert_eq!((writes(&world, "overrun"), writes(&world, "stored")), (1, 3));
    assert_eq!(storage(&world).bucket.begun(), 2);
}

#[test]
fn scenario_an_overrun_of_a_bad_zip_is_not_copied() {
    let mut world = world(1, large());
    let stream = begin(&mut world, 0, None);
    world.cluster("storage").latency = 30_000;
    let mut bad = large().to_vec();
    bad[large().len() - 30] ^= 1;
    assert_eq!(send_all(&mut world, 0, stream, &bad), Fate::Reset);
    world.cluster("storage").latency = 1;
    world.settle();
    assert_clean(&world);
    assert_eq!((writes(&world, "flawed"), gets(&world, "public", ".zip")), (1, 0));
}

#[test]
fn scenario_a_store_that_fails_in_passing_gets_it_later() {
    for (method, path) in [("POST", "?uploads"), ("PUT", "partNumber=1"), ("POST", "uploadId")] {
        let mut world = world(1, middling());
        world.cluster("storage").fault_of = Some((method, path, CallFailure::Unreachable));
        let stream = begin(&mut world, 0, None);
        assert_eq!(send_all(&mut world, 0, stream, middling()), Fate::Complete, "{path}");
        world.pass(5_000);
        assert!(storage(&world).bytes(STORED).is_none() && storage(&world).bucket.open() == 0, "{path}");
        assert_eq!((writes(&world, "unreachable"), gets(&world, "public", ".zip")), (1, 0), "{path}");
        world.cluster("storage").fault_of = None;
        world.settle();
        assert_stored(&world, middling());
        assert_eq!(gets(&world, "public", ".zip"), 2, "{path}");
    }
}

#[test]
fn scenario_a_store_that_takes_none_is_left_alone() {
    let small = zip_of("example.com/m", 1 << 20);
    let mut world = world(1, &small);
    world.cluster("storage").refuse_put = true;
    for _ in 0..2 {
        let stream = begin(&mut world, 0, None);
        assert_eq!(send_all(&mut world, 0, stream, &small), Fate::Complete);
        world.pass(1_000);
    }
    world.settle();
    assert_clean(&world);
    assert_eq!((writes(&world, "full"), gets(&world, "public", ".zip")), (1, 0));
    assert_eq!(storage(&world).asked.iter().filter(|asked| asked.starts_with("PUT")).count(), 1);
}

#[test]
fn scenario_a_store_that_is_down_is_spared_until_it_answers_again() {
    let mut world = world(1, middling());
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    let first = begin(&mut world, 0, None);
    assert_eq!(send_all(&mut world, 0, first, middling()), Fate::Complete);
    world.settle();
    assert_eq!((storage(&world).bucket.begun(), gets(&world, "public", ".zip")), (0, 0));
    assert!(storage(&world).asked.iter().all(|asked| asked.starts_with("HEAD")));
    world.cluster("storage").fault = None;
    world.pass(120_000);
    let second = begin(&mut world, 0, None);
    assert_eq!(send_all(&mut world, 0, second, middling()), Fate::Complete);
    world.settle();
    assert_stored(&world, middling());
}

#[test]
fn scenario_what_cannot_even_be_aborted_is_said() {
    let mut world = world(1, middling());
    let bad = flawed(middling());
    world.cluster("storage").fault_of = Some(("DELETE", "uploadId", CallFailure::Unreachable));
    let stream = begin(&mut world, 0, None);
    assert_eq!(send_all(&mut world, 0, stream, &bad), Fate::Reset);
    world.settle();
    assert!(world.is_idle() && storage(&world).bytes(STORED).is_none());
    assert_eq!(storage(&world).bucket.open(), 1);
    assert!(world.log.concat().contains("left to the bucket's lifecycle rule"), "{:?}", world.log);
}

#[test]
fn scenario_where_the_worker_dies_that_stores_the_next_request_stores() {
    let mut world = world(2, middling());
    let first = begin(&mut world, 0, None);
    send(&mut world, 0, first, &middling()[..5 << 20]);
    send(&mut world, 0, first, &middling()[5 << 20..(5 << 20) + PIECE]);
    assert_eq!(storage(&world).bucket.open(), 1);
    world.crash(0);
    let second = begin(&mut world, 1, None);
    assert_eq!(send_all(&mut world, 1, second, middling()), Fate::Complete);
    world.settle();
    assert!(storage(&world).bytes(STORED).is_none(), "the lease of the dead is not over");
    world.pass(2_000);
    let third = begin(&mut world, 1, None);
    assert_eq!(send_all(&mut world, 1, third, middling()), Fate::Complete);
    world.settle();
    assert!(storage(&world).bytes(STORED) == Some(middling()));
    // What the dead one had begun is for the bucket's lifecycle rule.
    assert_eq!((storage(&world).bucket.open(), storage(&world).bucket.begun()), (1, 2));
}
