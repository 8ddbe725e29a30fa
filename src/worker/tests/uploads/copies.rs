//! Zips that are copied into storage afterwards.

use super::*;
use crate::worker::Worker;

/// A client leaves before a byte came.
fn leave_one(world: &mut World, path: &str) {
    let stream = begin_at(world, 0, path, None);
    world.leave(0, stream);
}

fn copies(worker: &Worker) -> usize {
    worker.storage.copying()
}

#[test]
fn scenario_a_slow_store_slows_the_copy_and_fills_no_memory() {
    let mut world = world(1, large());
    leave_one(&mut world, ZIP);
    world.cluster("storage").latency = 30_000;
    world.pass(20_000);
    // Two parts are held, and no more is asked for.
    assert_eq!(gets(&world, "public", ".zip"), 2);
    world.pass(60_000);
    assert_eq!(gets(&world, "public", ".zip"), 3);
    world.settle();
    assert_stored(&world, large());
    let all: Vec<_> = world.clusters["public"].callouts.iter().flat_map(|callout| &callout.headers).collect();
    assert_eq!(all.iter().filter(|(name, _)| name == "range").count(), 5);
    assert_eq!(all.iter().filter(|(name, _)| name == "if-match").count(), 4, "all of one zip");
}

#[test]
fn scenario_a_copy_that_is_not_what_it_has_to_be_leaves_nothing() {
    for broken in [flawed(middling()), middling()[..5 << 20].to_vec(), b"<html>".to_vec()] {
        let mut world = world(1, &broken);
        leave_one(&mut world, ZIP);
        world.settle();
        assert_clean(&world);
        assert_eq!(writes(&world, "flawed"), 1);
        assert!(world.log.concat().contains("ERROR example.com/m@v1.0.0 from upstream public"));
    }
}

#[test]
fn scenario_an_upstream_that_gives_no_parts_is_not_asked_for_all() {
    for (fault, gives_ranges) in [(None, false), (Some(CallFailure::Broken), true)] {
        let mut world = world(1, middling());
        let public = world.cluster("public");
        (public.gives_ranges, public.fault_of) = (gives_ranges, fault.map(|fault| ("GET", ".zip", fault)));
        leave_one(&mut world, ZIP);
        world.settle();
        assert_clean(&world);
        assert_eq!((writes(&world, "no_ranges"), gets(&world, "public", ".zip")), (1, 1));
    }
    // What is one piece need not be given in parts.
    let small = zip_of("example.com/m", 1 << 20);
    let mut world = world(1, &small);
    world.cluster("public").gives_ranges = false;
    leave_one(&mut world, ZIP);
    world.settle();
    assert_stored(&world, &small);
}

#[test]
fn scenario_an_upstream_that_fails_is_asked_three_times_and_by_the_next_client() {
    let mut world = world(1, middling());
    leave_one(&mut world, ZIP);
    world.cluster("public").fault_of = Some(("GET", ".zip", CallFailure::TimedOut));
    world.settle();
    assert_clean(&world);
    assert_eq!((writes(&world, "not_given"), gets(&world, "public", ".zip")), (1, 3));
    world.cluster("public").fault_of = None;
    let next = begin(&mut world, 0, None);
    assert_eq!(send_all(&mut world, 0, next, middling()), Fate::Complete);
    world.settle();
    assert_stored(&world, middling());
}

#[test]
fn scenario_a_copy_that_storage_does_not_take_is_given_up() {
    let mut world = world(1, middling());
    leave_one(&mut world, ZIP);
    world.cluster("storage").fault_of = Some(("PUT", "partNumber", CallFailure::Unreachable));
    world.settle();
    assert_clean(&world);
    assert_eq!((writes(&world, "left"), writes(&world, "unreachable")), (1, 1));
    assert_eq!(storage(&world).bucket.begun(), 1);
}

#[test]
fn scenario_a_copy_needs_a_proof_like_any_other() {
    let more = format!(
        r#""verify": {{"mode": "when_available"}},
        "sumdb": [{{"name": "sum.test", "key": "{}", "cluster": "sum", "url": "https://sum.test"}}],"#,
        key()
    );
    let mut world = world_of(1, &config(&more), middling());
    world.cluster("sum").latency = 50;
    leave_one(&mut world, ZIP);
    world.settle();
    assert_clean(&world);
    assert_eq!((writes(&world, "left"), writes(&world, "unproven")), (1, 1));
}

#[test]
fn scenario_two_are_copied_at_once_and_eight_wait() {
    let mut world = world(1, middling());
    let modules: Vec<_> = (0..12).map(|number| format!("example.com/m{number}")).collect();
    for module in &modules {
        let path = format!("/base/{module}/@v/v1.0.0.zip");
        world.cluster("public").serve_bytes(&path, zip_of(module, 1 << 20));
    }
    world.cluster("public").latency = 200;
    let streams: Vec<_> = modules
        .iter()
        .map(|module| {
            let path = format!("/{module}/@v/v1.0.0.zip");
            let stream = world.begin(0, &path);
            world.pass(500);
            let _ = world.answer_routed(0, stream, 200, &[("date", "now")]);
            stream
        })
        .collect();
    for stream in streams {
        world.leave(0, stream);
    }
    let mut most = 0;
    for _ in 0..40 {
        world.pass(100);
        most = most.max(copies(world.worker(0)));
    }
    world.settle();
    assert_eq!(most, 2);
    let zips = storage(&world).paths().filter(|path| path.ends_with(".zip")).count();
    assert_eq!((zips as u64 + writes(&world, "skipped"), zips), (12, 8));
    assert!(world.is_idle());
}

#[test]
fn scenario_one_worker_of_all_copies() {
    let mut world = world(4, middling());
    let streams: Vec<_> = (0..4).map(|worker| begin(&mut world, worker, None)).collect();
    for (worker, stream) in streams.into_iter().enumerate() {
        world.leave(worker, stream);
    }
    world.settle();
    assert_stored(&world, middling());
    assert_eq!(writes(&world, "left"), 1);
    assert_eq!((storage(&world).bucket.begun(), gets(&world, "public", ".zip")), (1, 2));
}
