//! Zips that are streamed to each client: the last bytes wait for the proof, however long that takes.

use super::*;
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    sim::Fate,
};

fn streaming(workers: usize, more: &str) -> World {
    world_of(workers, &config(&format!(r#"{more}"fetch": {{"zip_bytes": 0, "wait": "10s"}},"#)))
}

/// The whole of `bytes` comes for `stream`, at once after its head.
fn send(world: &mut World, worker: usize, stream: StreamId, bytes: &[u8]) {
    let verdict = world.answer_routed(worker, stream, 200, &[("date", "now")]);
    assert!(matches!(verdict, Verdict::Edit(_)), "{verdict:?}");
    world.body(worker, stream, bytes, true);
}

/// Milliseconds of a database that is asked while a zip is on its way, and answers when the zip is here.
const SLOW: u64 = 2_000;

fn begin(world: &mut World, worker: usize) -> StreamId {
    let stream = world.begin(worker, ZIP);
    // Storage is asked, and the upstream.
    world.pass(102);
    assert_eq!(routed_to(world, stream), "public");
    stream
}

#[test]
fn scenario_a_crowd_of_streams_waits_for_one_proof() {
    for workers in WORKERS {
        for (bytes, fate) in [(zip_of(""), Fate::Complete), (zip_of("lie"), Fate::Reset)] {
            let mut world = streaming(workers, "");
            world.cluster("sum").latency = SLOW;
            let streams: Vec<_> = (0..2 * workers).map(|at| begin(&mut world, at % workers)).collect();
            for (at, stream) in streams.iter().enumerate() {
                send(&mut world, at % workers, *stream, &bytes);
                let download = world.download(*stream);
                assert_eq!(download.fate, Fate::Open);
                assert!(download.got.len() < bytes.len());
            }
            let mod_too = world.begin(0, MOD);
            world.settle();
            assert_good(&world.response(mod_too));
            for stream in &streams {
                assert_eq!(world.download(*stream).fate, fate);
            }
            assert_eq!(gets(&world, "sum", "v1.0.0"), 1);
            assert_settled(&mut world, workers);
        }
    }
}

#[test]
fn scenario_a_stream_that_nothing_proves_is_reset_unless_that_is_allowed() {
    for workers in WORKERS {
        for fault in [CallFailure::Unreachable, CallFailure::TimedOut] {
            for (more, fate) in [("", Fate::Reset), (WHEN_AVAILABLE, Fate::Complete)] {
                let mut world = streaming(workers, more);
                world.cluster("sum").fault = Some(fault);
                let stream = begin(&mut world, 0);
                send(&mut world, 0, stream, &zip_of(""));
                world.settle();
                assert_eq!(world.download(stream).fate, fate, "{more}");
                assert_settled(&mut world, workers);
            }
        }
    }
}

#[test]
fn scenario_a_slow_proof_holds_a_stream_no_longer_than_anybody_waits() {
    for workers in WORKERS {
        let mut world = streaming(workers, "");
        world.cluster("sum").latency = 60_000;
        let stream = begin(&mut world, 0);
        send(&mut world, 0, stream, &zip_of(""));
        world.pass(9_000);
        assert_eq!(world.download(stream).fate, Fate::Open);
        world.pass(2_000);
        assert_eq!(world.download(stream).fate, Fate::Reset);
        world.settle();
        assert_settled(&mut world, workers);
    }
}

#[test]
fn scenario_a_client_that_leaves_its_stream_leaves_the_proof_to_the_others() {
    for workers in WORKERS {
        let mut world = streaming(workers, "");
        world.cluster("sum").latency = SLOW;
        let (first, second) = (begin(&mut world, 0), begin(&mut world, workers - 1));
        send(&mut world, 0, first, &zip_of(""));
        send(&mut world, workers - 1, second, &zip_of(""));
        world.leave(0, first);
        world.settle();
        assert_eq!(world.download(second).fate, Fate::Complete);
        assert_eq!(world.download(first).fate, Fate::Open, "nobody tells who left");
        assert_settled(&mut world, workers);
    }
}
