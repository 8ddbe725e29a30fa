//! Zips that are gathered in memory for a store that takes no parts.

use super::*;

const GATHERED: usize = 8 << 20;

const OTHER: &str = "/example.com/n/@v/v1.0.0.zip";

/// What every worker may hold: less than any of the zips has.
const WHOLE: usize = 1 << 10;

/// Up to 8 MiB are gathered; every zip is streamed.
fn config() -> String {
    format!(
        r#"{{"fetch": {{"zip_bytes": {WHOLE}}},
        "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}}],
        "storage": {{"cluster": "storage", "url": "http://storage.test/modules", "gather_bytes": {GATHERED}}}}}"#
    )
}

fn world(workers: usize, bytes: &[u8]) -> World {
    let mut world = world_of(workers, &config(), bytes);
    let public = world.cluster("public");
    public
        .serve("/base/example.com/n/@v/v1.0.0.info", super::super::INFO)
        .serve("/base/example.com/n/@v/v1.0.0.mod", "module example.com/n\n")
        .serve_bytes("/base/example.com/n/@v/v1.0.0.zip", other().to_vec());
    world
}

/// Another zip of 6 MiB.
fn other() -> &'static [u8] {
    static OTHER: OnceLock<Vec<u8>> = OnceLock::new();
    OTHER.get_or_init(|| zip_of("example.com/n", 6 << 20))
}

fn stored<'a>(world: &'a World, path: &str) -> Option<&'a [u8]> {
    storage(world).bytes(&format!("/modules{path}"))
}

/// How often the upstream was asked for a piece of a zip that is copied. For a client it is asked for the beginning, to see how large the
/// zip is.
fn copied(world: &World) -> usize {
    let beginning = format!("bytes=0-{}", WHOLE - 1);
    let callouts = world.clusters["public"].callouts.iter();
    let ranges = callouts.flat_map(|callout| &callout.headers).filter(|(name, _)| name == "range");
    ranges.filter(|(_, range)| *range != beginning).count()
}

/// How often storage was given a zip.
fn puts(world: &World) -> usize {
    storage(world).asked.iter().filter(|asked| asked.starts_with("PUT") && asked.ends_with(".zip")).count()
}

/// Bytes that the uploads of the first worker may come to hold.
fn held(world: &mut World) -> usize {
    world.worker(0).storage.may_hold()
}

#[test]
fn scenario_a_large_zip_is_written_by_one_request_once_it_is_proven() {
    for length in [None, Some(middling().len())] {
        let mut world = world(1, middling());
        let stream = begin(&mut world, 0, length);
        send(&mut world, 0, stream, &middling()[..middling().len() - 10]);
        assert_eq!((puts(&world), held(&mut world)), (0, length.unwrap_or(GATHERED)), "not yet");
        assert_eq!(send_all(&mut world, 0, stream, &middling()[middling().len() - 10..]), Fate::Complete);
        world.settle();
        assert!(stored(&world, ZIP) == Some(middling()));
        assert_eq!((puts(&world), held(&mut world), copied(&world)), (1, 0, 0));
        assert_eq!(writes(&world, "stored"), 3, "with the rest of its version");
        let next = world.begin(0, ZIP);
        assert_eq!(routed_to(&world, next), "storage");
    }
}

#[test]
fn scenario_of_a_bad_large_zip_storage_hears_nothing() {
    let bad = flawed(middling());
    for length in [None, Some(bad.len())] {
        let mut world = world(1, &bad);
        let stream = begin(&mut world, 0, length);
        assert_eq!(send_all(&mut world, 0, stream, &bad), Fate::Reset);
        world.settle();
        assert_eq!((puts(&world), held(&mut world), writes(&world, "flawed")), (0, 0, 1));
        assert_eq!(copied(&world), 0, "it is not copied");
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_a_second_one_waits_until_the_first_is_stored() {
    for length in [None, Some(other().len())] {
        let mut world = world(1, middling());
        let first = begin(&mut world, 0, Some(middling().len()));
        let second = begin_at(&mut world, 0, OTHER, length);
        send(&mut world, 0, first, &middling()[..3 << 20]);
        assert_eq!(send_all(&mut world, 0, second, other()), Fate::Complete);
        world.pass(20_000);
        assert_eq!((held(&mut world), puts(&world)), (middling().len(), 0), "one alone is held");
        assert_eq!(copied(&world), 0, "and the other is not read yet");
        assert_eq!(send_all(&mut world, 0, first, &middling()[3 << 20..]), Fate::Complete);
        world.settle();
        assert!(stored(&world, ZIP) == Some(middling()) && stored(&world, OTHER) == Some(other()));
        assert_eq!((puts(&world), copied(&world), held(&mut world)), (2, 2, 0));
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_those_that_wait_are_read_one_after_the_other() {
    let mut world = world(2, middling());
    let third = zip_of("example.com/o", 6 << 20);
    world.cluster("public").serve_bytes("/base/example.com/o/@v/v1.0.0.zip", third.clone());
    let first = begin(&mut world, 0, Some(middling().len()));
    for path in [OTHER, "/example.com/o/@v/v1.0.0.zip"] {
        let stream = begin_at(&mut world, 1, path, Some(other().len()));
        world.leave(1, stream);
    }
    assert_eq!(send_all(&mut world, 0, first, middling()), Fate::Complete);
    world.settle();
    assert!(stored(&world, OTHER) == Some(other()));
    assert!(stored(&world, "/example.com/o/@v/v1.0.0.zip") == Some(&third));
    assert_eq!((copied(&world), writes(&world, "skipped")), (4, 0), "each in two pieces");
}

#[test]
fn scenario_one_worker_of_all_gathers_what_the_others_are_asked_for() {
    for length in [None, Some(other().len())] {
        let mut world = world(3, middling());
        let first = begin(&mut world, 0, None);
        assert_eq!(send_all(&mut world, 0, first, middling()), Fate::Complete);
        world.settle();
        let mut most = [0; 3];
        let second = begin_at(&mut world, 2, OTHER, length);
        for piece in other().chunks(PIECE) {
            world.body(2, second, piece, false);
            world.pass(1);
            most = [0, 1, 2].map(|worker| most[worker].max(world.worker(worker).storage.may_hold()));
        }
        assert_eq!(send_all(&mut world, 2, second, &[]), Fate::Complete);
        world.cluster("public").latency = 300;
        for _ in 0..30 {
            world.pass(100);
            most = [0, 1, 2].map(|worker| most[worker].max(world.worker(worker).storage.may_hold()));
        }
        world.settle();
        assert!(stored(&world, OTHER) == Some(other()), "{length:?}");
        assert!(most[0] > WHOLE && most[1..].iter().all(|most| *most <= WHOLE), "{length:?}: {most:?}");
        assert_eq!(copied(&world), 2, "the copy, in two pieces");
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_when_the_worker_that_gathers_has_died_another_does() {
    let mut world = world(2, middling());
    let first = begin(&mut world, 0, None);
    send(&mut world, 0, first, &middling()[..2 << 20]);
    world.crash(0);
    world.pass(3_000);
    // The first that is handed over is lost, and shows that the worker is dead.
    for (passes, is_stored) in [(0, false), (11_000, true)] {
        world.pass(passes);
        let stream = begin_at(&mut world, 1, OTHER, Some(other().len()));
        assert_eq!(send_all(&mut world, 1, stream, other()), Fate::Complete);
        world.settle();
        assert_eq!(stored(&world, OTHER).is_some(), is_stored);
    }
    assert_eq!(copied(&world), 0);
}

#[test]
fn scenario_a_slow_client_keeps_no_other_zip_out() {
    let mut world = world(1, middling());
    let slow = begin(&mut world, 0, Some(middling().len()));
    send(&mut world, 0, slow, &middling()[..1 << 20]);
    world.pass(58_000);
    assert_eq!((held(&mut world), writes(&world, "slow")), (middling().len(), 0));
    world.pass(10_000);
    assert_eq!(
        (held(&mut world), writes(&world, "slow"), puts(&world)),
        (0, 1, 1),
        "it was copied meanwhile"
    );
    assert!(stored(&world, ZIP) == Some(middling()));
    assert_eq!(send_all(&mut world, 0, slow, &middling()[1 << 20..]), Fate::Complete);
    assert!(world.download(slow).got == middling(), "the client does not notice");
    world.settle();
    assert_eq!(puts(&world), 1);
    assert!(world.is_idle());
}

#[test]
fn scenario_an_upstream_that_is_slower_than_that_is_not_read_for_storage_again_and_again() {
    let mut world = world(1, middling());
    let leaves = begin(&mut world, 0, Some(middling().len()));
    world.leave(0, leaves);
    world.cluster("public").latency = 200_000;
    world.pass(250_000);
    assert_eq!((copied(&world), held(&mut world)), (2, middling().len()), "one piece came");
    world.cluster("public").latency = 400_000;
    world.fail_one("public");
    world.pass(290_000);
    assert_eq!((copied(&world), writes(&world, "slow")), (3, 1));
    assert_eq!((held(&mut world), writes(&world, "left")), (0, 1));
    world.pass(1_000_000);
    assert_eq!(copied(&world), 3);
}

#[test]
fn scenario_what_broke_off_is_copied_and_what_storage_did_not_take_too() {
    // The client leaves halfway.
    let mut left = world(1, middling());
    let stream = begin(&mut left, 0, Some(middling().len()));
    send(&mut left, 0, stream, &middling()[..3 << 20]);
    left.leave(0, stream);
    left.settle();
    assert!(stored(&left, ZIP) == Some(middling()));
    assert_eq!((writes(&left, "left"), puts(&left), held(&mut left)), (1, 1, 0));
    // Storage takes nothing for a while.
    let mut failing = world(1, middling());
    failing.cluster("storage").fault_of = Some(("PUT", ".zip", CallFailure::TimedOut));
    let stream = begin(&mut failing, 0, Some(middling().len()));
    assert_eq!(send_all(&mut failing, 0, stream, middling()), Fate::Complete);
    failing.pass(5_000);
    assert_eq!((puts(&failing), held(&mut failing), writes(&failing, "timed_out")), (3, 0, 1));
    failing.cluster("storage").fault_of = None;
    failing.settle();
    failing.pass(20_000);
    failing.settle();
    assert!(stored(&failing, ZIP) == Some(middling()));
}

#[test]
fn scenario_an_upstream_without_ranges_is_asked_for_no_copy_twice() {
    let mut world = world(2, middling());
    world.cluster("public").gives_ranges = false;
    let first = begin(&mut world, 0, None);
    assert_eq!(send_all(&mut world, 0, first, middling()), Fate::Complete);
    world.settle();
    for _ in 0..3 {
        let stream = begin_at(&mut world, 1, OTHER, Some(other().len()));
        assert_eq!(send_all(&mut world, 1, stream, other()), Fate::Complete);
        world.settle();
    }
    assert_eq!((copied(&world), writes(&world, "no_ranges"), writes(&world, "skipped")), (1, 1, 2));
    // As it passes by the worker that gathers, it is stored all the same.
    let stream = begin_at(&mut world, 0, OTHER, Some(other().len()));
    assert_eq!(send_all(&mut world, 0, stream, other()), Fate::Complete);
    world.settle();
    assert!(stored(&world, OTHER) == Some(other()));
}

#[test]
fn scenario_what_is_larger_than_that_says_so() {
    for length in [None, Some(large().len())] {
        let mut world = world(1, large());
        for _ in 0..2 {
            let stream = begin(&mut world, 0, length);
            assert_eq!(send_all(&mut world, 0, stream, large()), Fate::Complete);
            world.settle();
        }
        assert_eq!((writes(&world, "too_large"), puts(&world), copied(&world)), (2, 0, 0));
        let said =
            world.log.iter().filter(|line| line.ends_with("example.com/m@v1.0.0 is not stored: too_large"));
        assert_eq!(said.count(), 2);
        assert!(world.is_idle());
    }
    // Of a copy that is known from its first piece.
    let mut world = world(1, large());
    let stream = begin(&mut world, 0, None);
    world.leave(0, stream);
    world.settle();
    assert_eq!((writes(&world, "too_large"), copied(&world)), (1, 1));
}
