//! Zips that go into storage while they pass by: what is in storage afterwards, and that no client minds.

mod broken;
mod chance;
mod copies;
mod gather;
mod many;
mod rest;
mod spoiled;

use std::sync::OnceLock;

use super::{gets, routed_to};
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    sim::{Cluster, Fate, World, key, zip},
};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const STORED: &str = "/modules/example.com/m/%40v/v1.0.0.zip";
const ORIGIN: &str = "/base/example.com/m/@v/v1.0.0.zip";

/// Bytes of one piece as a client gets them.
const PIECE: usize = 256 << 10;

/// Storage takes parts of 5 MiB, one at a time: 15 MiB may be held.
fn config(more: &str) -> String {
    format!(
        r#"{{{more} "fetch": {{"zip_bytes": 0}},
        "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}}],
        "storage": {{"cluster": "storage", "url": "http://storage.test/modules", "dialect": "s3",
                     "part_bytes": 5242880, "parts_in_flight": 1}}}}"#
    )
}

/// A world whose one upstream has this zip, gives parts of it, and has what belongs to it.
fn world(workers: usize, bytes: &[u8]) -> World {
    world_of(workers, &config(""), bytes)
}

fn world_of(workers: usize, config: &str, bytes: &[u8]) -> World {
    let mut world = World::new(workers, config);
    world.cluster("storage").latency = 1;
    let public = world.cluster("public");
    (public.latency, public.gives_ranges) = (5, true);
    public
        .serve("/base/example.com/m/@v/v1.0.0.info", super::INFO)
        .serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n")
        .serve_bytes(ORIGIN, bytes.to_vec());
    world
}

/// A zip of 17 MiB, in four parts.
fn large() -> &'static [u8] {
    static LARGE: OnceLock<Vec<u8>> = OnceLock::new();
    LARGE.get_or_init(|| zip_of("example.com/m", 17 << 20))
}

/// A zip of 6 MiB, in two parts.
fn middling() -> &'static [u8] {
    static MIDDLING: OnceLock<Vec<u8>> = OnceLock::new();
    MIDDLING.get_or_init(|| zip_of("example.com/m", 6 << 20))
}

/// A zip of a module, of about this size.
fn zip_of(module: &str, size: u32) -> Vec<u8> {
    // What nobody can deflate.
    let mut state = 0x9e37_79b9_u32;
    let noise = (0..size).map(|_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    });
    let go_mod = format!("module {module}\n").into_bytes();
    zip(&format!("{module}@v1.0.0/"), &[("go.mod", go_mod), ("noise", noise.collect())])
}

/// As `bytes`, with another byte in its middle.
fn flawed(bytes: &[u8]) -> Vec<u8> {
    let mut flawed = bytes.to_vec();
    flawed[bytes.len() / 2] ^= 1;
    flawed
}

/// A download from the upstream whose head came.
fn begin(world: &mut World, worker: usize, length: Option<usize>) -> StreamId {
    begin_at(world, worker, ZIP, length)
}

fn begin_at(world: &mut World, worker: usize, path: &str, length: Option<usize>) -> StreamId {
    let stream = world.begin(worker, path);
    world.pass(100);
    assert_eq!(routed_to(world, stream), "public");
    let length = length.map(|length| length.to_string());
    let headers: Vec<_> = [("date", "now")]
        .into_iter()
        .chain(length.as_deref().map(|length| ("content-length", length)))
        .collect();
    let verdict = world.answer_routed(worker, stream, 200, &headers);
    assert!(matches!(verdict, Verdict::Edit(_)), "{verdict:?}");
    stream
}

/// Some bytes come, a millisecond each piece.
fn send(world: &mut World, worker: usize, stream: StreamId, bytes: &[u8]) {
    for piece in bytes.chunks(PIECE) {
        world.body(worker, stream, piece, false);
        world.pass(1);
        if world.download(stream).fate != Fate::Open {
            return;
        }
    }
}

/// All of it comes; what became of the download.
fn send_all(world: &mut World, worker: usize, stream: StreamId, bytes: &[u8]) -> Fate {
    send(world, worker, stream, bytes);
    if world.download(stream).fate == Fate::Open {
        world.body(worker, stream, &[], true);
        world.pass(1);
    }
    world.download(stream).fate
}

fn writes(world: &World, outcome: &str) -> u64 {
    world
        .counters
        .get(&format!("modgate.storage_writes_total.outcome.{outcome}"))
        .copied()
        .unwrap_or_default()
}

fn storage(world: &World) -> &Cluster {
    &world.clusters["storage"]
}

/// Storage has the zip, whole, and nothing half.
#[track_caller]
fn assert_stored(world: &World, bytes: &[u8]) {
    assert!(storage(world).bytes(STORED) == Some(bytes), "{:?}", storage(world).asked);
    assert_eq!(storage(world).bucket.open(), 0);
    assert!(world.is_idle());
}

/// Storage has nothing of it.
#[track_caller]
fn assert_clean(world: &World) {
    assert!(storage(world).bytes(STORED).is_none());
    assert_eq!(storage(world).bucket.open(), 0, "{:?}", storage(world).asked);
    assert!(world.is_idle());
}

#[test]
fn scenario_what_passes_by_is_in_storage_once_it_is_proven() {
    for length in [None, Some(large().len())] {
        let mut world = world(1, large());
        let stream = begin(&mut world, 0, length);
        send(&mut world, 0, stream, &large()[..large().len() - 10]);
        assert_eq!((storage(&world).bucket.open(), storage(&world).bytes(STORED)), (1, None), "not yet");
        assert_eq!(send_all(&mut world, 0, stream, &large()[large().len() - 10..]), Fate::Complete);
        assert!(world.download(stream).got == large());
        world.settle();
        assert_stored(&world, large());
        // The rest of the version follows, its commit mark last.
        let written: Vec<_> = storage(&world)
            .asked
            .iter()
            .filter(|asked| asked.starts_with("P") && !asked.contains("partNumber"))
            .map(|asked| asked.rsplit('/').next().unwrap().split('=').next().unwrap())
            .collect();
        assert_eq!(written, ["v1.0.0.zip?uploads", "v1.0.0.zip?uploadId", "v1.0.0.mod", "v1.0.0.info"]);
        assert_eq!((writes(&world, "stored"), gets(&world, "public", ".zip")), (3, 0));
        let next = world.begin(0, ZIP);
        assert_eq!(routed_to(&world, next), "storage");
    }
}

#[test]
fn scenario_a_small_one_is_one_request_after_the_verdict() {
    let small = zip_of("example.com/m", 1 << 20);
    let mut world = world(1, &small);
    let stream = begin(&mut world, 0, None);
    send(&mut world, 0, stream, &small);
    assert_eq!(storage(&world).asked.iter().filter(|asked| asked.starts_with("PUT")).count(), 0);
    assert_eq!(send_all(&mut world, 0, stream, &[]), Fate::Complete);
    world.settle();
    assert_stored(&world, &small);
    assert_eq!(storage(&world).bucket.begun(), 0);
}

#[test]
fn scenario_of_a_bad_zip_nothing_is_left_in_storage() {
    for size in [1 << 20, 6 << 20] {
        let good = zip_of("example.com/m", size);
        let bad = flawed(&good);
        for length in [None, Some(bad.len())] {
            let mut world = world(1, &good);
            let stream = begin(&mut world, 0, length);
            assert_eq!(send_all(&mut world, 0, stream, &bad), Fate::Reset);
            world.settle();
            assert_clean(&world);
            assert_eq!((writes(&world, "flawed"), gets(&world, "public", ".zip")), (1, 0));
            // The next good one is stored.
            let stream = begin(&mut world, 0, length);
            assert_eq!(send_all(&mut world, 0, stream, &good), Fate::Complete);
            world.settle();
            assert_stored(&world, &good);
        }
    }
}

#[test]
fn scenario_what_is_not_proven_is_given_and_not_stored() {
    let more = format!(
        r#""verify": {{"mode": "when_available"}},
        "sumdb": [{{"name": "sum.test", "key": "{}", "cluster": "sum", "url": "https://sum.test"}}],"#,
        key()
    );
    let mut world = world_of(1, &config(&more), middling());
    world.cluster("sum").answer("/lookup/example.com/m@v1.0.0", 500, &[("date", "now")], "");
    world.cluster("sum").latency = 50;
    for begun in [1, 1] {
        let stream = begin(&mut world, 0, None);
        send_all(&mut world, 0, stream, middling());
        world.settle();
        assert_eq!(world.download(stream).fate, Fate::Complete);
        assert_clean(&world);
        // The second time it is known before the first byte.
        assert_eq!(storage(&world).bucket.begun(), begun);
    }
    assert_eq!(writes(&world, "unproven"), 1);
}

#[test]
fn scenario_an_object_that_is_there_stays_and_is_read_by_the_next() {
    for bytes in [&zip_of("example.com/m", 1 << 20), middling()] {
        let mut world = world(1, bytes);
        let stream = begin(&mut world, 0, None);
        send(&mut world, 0, stream, bytes);
        world.cluster("storage").serve(STORED, "somebody else's");
        assert_eq!(send_all(&mut world, 0, stream, &[]), Fate::Complete);
        world.settle();
        assert_eq!(storage(&world).body(STORED).unwrap(), "somebody else's");
        assert_eq!((writes(&world, "exists"), storage(&world).bucket.open()), (1, 0));
        let next = world.begin(0, ZIP);
        world.settle();
        assert_eq!(routed_to(&world, next), "storage");
        let _ = world.answer_routed(0, next, 200, &[("date", "now")]);
        assert_eq!(send_all(&mut world, 0, next, b"somebody else's"), Fate::Reset);
        assert!(world.log.concat().contains("ERROR"), "an alarm");
        // What is wrong in storage is left alone.
        let later = begin(&mut world, 0, None);
        assert_eq!(send_all(&mut world, 0, later, bytes), Fate::Complete);
        world.settle();
        assert_eq!(storage(&world).body(STORED).unwrap(), "somebody else's");
        assert!(world.is_idle());
    }
}

const WEBDAV: &str = r#"{
    "fetch": {"zip_bytes": 2097152},
    "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}],
    "storage": {"cluster": "storage", "url": "http://storage.test/modules", "gather_bytes": 4194304}}"#;

/// A world whose storage takes no parts, and whose upstream sends more at once than the host can hold.
fn webdav(bytes: &[u8]) -> World {
    let mut world = world_of(1, WEBDAV, bytes);
    world.cluster("public").fault_once = Some(CallFailure::TimedOut);
    world
}

#[test]
fn scenario_a_store_that_cannot_be_told_to_replace_nothing_is_asked_first() {
    let stored = "/modules/example.com/m/@v/v1.0.0.zip";
    let small = zip_of("example.com/m", 1 << 20);
    let mut world = webdav(&small);
    let stream = begin(&mut world, 0, None);
    send(&mut world, 0, stream, &small);
    world.cluster("storage").serve(stored, "another gateway's");
    assert_eq!(send_all(&mut world, 0, stream, &[]), Fate::Complete);
    world.settle();
    assert_eq!(storage(&world).body(stored).unwrap(), "another gateway's");
    assert_eq!((writes(&world, "exists"), writes(&world, "stored")), (1, 0));
}

#[test]
fn scenario_a_store_without_parts_is_given_what_fits_into_one_request() {
    let stored = "/modules/example.com/m/@v/v1.0.0.zip";
    let small = zip_of("example.com/m", 1 << 20);
    for (bytes, outcome) in [(&small[..], "stored"), (middling(), "too_large")] {
        for length in [None, Some(bytes.len())] {
            let mut world = webdav(bytes);
            let stream = begin(&mut world, 0, length);
            assert_eq!(send_all(&mut world, 0, stream, bytes), Fate::Complete);
            world.settle();
            let is_there = storage(&world).bytes(stored) == Some(bytes);
            assert_eq!(is_there, outcome == "stored", "{length:?}");
            assert!(writes(&world, outcome) > 0, "{outcome} {length:?}");
            assert_eq!(gets(&world, "public", ".zip"), 1, "it is not copied");
            assert!(world.is_idle());
        }
    }
}
