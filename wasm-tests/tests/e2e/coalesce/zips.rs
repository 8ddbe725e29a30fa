//! Zips: a cold one is fetched once into storage, and streamed from there to everybody. Where it cannot be stored, or is
//! too large, each client has a stream of its own from the upstream.

use std::fs;
use std::time::Instant;

use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{Stack, builder};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{at_one_and_four_workers, at_one_two_and_four_workers};
use serde_json::json;

use super::{assert_spread, gather};

at_one_two_and_four_workers!(
    a_thousand_cold_downloads_are_one_fetch,
    a_zip_that_is_not_there_is_asked_for_once
);

at_one_and_four_workers!(what_cannot_be_stored_is_streamed_to_each);

const CROWD: usize = 1000;

fn asking(path: &str, zip: &Body) -> Request {
    Request::get(path).compare_body(zip.clone())
}

fn a_thousand_cold_downloads_are_one_fetch(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    for (version, ranges, first_leaves) in [("v1.0.0", true, false), ("v1.1.0", false, true)] {
        let module = Module::new("example.com/Crowd/m", version).padded(60_000);
        let (path, zip, gate) = (module.url("zip"), module.zip(), Gate::new());
        let reply = Reply::ok(zip.clone()).header("content-type", "application/zip").served().held(&gate);
        stack.upstream.on(&path, if ranges { reply.ranges() } else { reply });
        let mut crowd = gather(&stack.envoy, asking(&path, &zip), CROWD, || stack.upstream.hits(&path) > 0);
        let connections = assert_spread(&stack.envoy, workers);
        if first_leaves {
            crowd.first_leaves();
            stack.envoy.wait_active(CROWD - 1);
        }
        let opened = Instant::now();
        gate.open();
        let answers = crowd.answers();
        println!(
            "{workers} workers {connections:?}, ranges {ranges}: {:?} {:?}",
            opened.elapsed(),
            answers.tally()
        );
        answers.assert_all(200, zip.len());
        let asked = stack.upstream.requests_for(&path);
        assert_eq!(asked.iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(), ["GET"]);
        assert!(asked[0].header("range").is_some_and(|range| range.starts_with("bytes=0-")), "{asked:?}");
        let stored = fs::read(stack.storage.data().join(path.trim_start_matches('/'))).unwrap();
        assert!(stored == zip.to_vec(), "storage has the very bytes");
    }
}

/// Storage there is none, or one that is only read, or full, or the zip is larger than what is fetched whole.
fn what_cannot_be_stored_is_streamed_to_each(workers: u32) {
    for (name, patch) in [
        ("none", json!({"storage": null})),
        ("only read", json!({"storage": {"write": false}})),
        ("full", json!({})),
        ("too large", json!({"fetch": {"zip_bytes": 10_000}})),
    ] {
        let (upstream, storage) = (Faulty::start(), Faulty::start());
        // It takes nothing: what is too large to be fetched whole would be stored as the first client's stream passes.
        storage.otherwise(move |seen| Reply::status(if seen.method == "PUT" { 507 } else { 404 }).served());
        let envoy =
            builder(upstream.addr(), storage.addr()).patch_plugin(&patch).concurrency(workers).start();
        let module = Module::new("example.com/m", "v1.0.0").padded(60_000);
        let (path, zip) = (module.url("zip"), module.zip());
        upstream.serve(&module);
        let answers = Crowd::new(envoy.addr(), asking(&path, &zip)).and(100).answers();
        let asked = upstream.hits(&path);
        println!("{workers} workers, {name}: {:?}; {asked} asked", answers.tally());
        answers.assert_all(200, zip.len());
        // Beside the streams at most one fetch by each worker, which found that the zip cannot be kept.
        assert!((100..=100 + workers as usize).contains(&asked), "{name}: {asked}");
    }
}

fn a_zip_that_is_not_there_is_asked_for_once(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    let (path, gate) = ("/missing.example/m/@v/v1.0.0.zip", Gate::new());
    stack.upstream.on(path, Reply::status(404).body("not found: nobody made it\n").served().held(&gate));
    let crowd = gather(&stack.envoy, Request::get(path), 300, || stack.upstream.hits(path) > 0);
    assert_spread(&stack.envoy, workers);
    gate.open();
    let answers = crowd.answers();
    println!("{workers} workers: {:?}", answers.tally());
    assert!(answers.0.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 404)));
    assert_eq!(stack.upstream.hits(path), 1);
}
