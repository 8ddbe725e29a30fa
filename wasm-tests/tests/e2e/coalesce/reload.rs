//! A crowd that waits while the configuration changes.

use modgate_wasm_tests::at_one_two_and_four_workers;
use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM, builder};
use modgate_wasm_tests::http::Request;
use serde_json::json;

use super::{assert_spread, gather};

at_one_two_and_four_workers!(who_waits_is_answered_across_reloads_and_nothing_is_fetched_for_each);

fn who_waits_is_answered_across_reloads_and_nothing_is_fetched_for_each(workers: u32) {
    let (upstream, storage, dir) = (Faulty::start(), Faulty::store(), tempfile::tempdir().unwrap());
    let (builder, mut discovery) =
        builder(upstream.addr(), storage.addr()).concurrency(workers).discovered(dir.path());
    let envoy = builder.start();
    let (path, body, gate) = ("/reload.example/m/@v/v1.0.0.mod", "module m\n", Gate::new());
    upstream.on(path, Reply::ok(body).served().held(&gate));
    let request = || Request::get(path).compare_body(body.into());

    let old = gather(&envoy, request(), 100, || upstream.hits(path) > 0);
    assert_spread(&envoy, workers);
    // The same sources under other settings: what is known and what is under way is of use to both.
    discovery.push(&json!({"admin": {"path_prefix": "/-/second/"}}));
    assert!(!envoy.wait_discovered(2));
    let new = Crowd::new(envoy.addr(), request()).and(100);
    envoy.wait_active(200);
    discovery.push(&json!({"admin": {"path_prefix": "/-/third/"}}));
    assert!(!envoy.wait_discovered(3));
    let newest = Crowd::new(envoy.addr(), request()).and(100);
    envoy.wait_active(300);

    gate.open();
    for (name, crowd) in [("old", old), ("new", new), ("newest", newest)] {
        let answers = crowd.answers();
        println!("{workers} workers, {name}: {:?}", answers.tally());
        answers.assert_all(200, body.len() as u64);
    }
    let fetches = upstream.hits(path);
    println!("{workers} workers: {fetches} fetches for three configurations");
    assert!(fetches <= 2, "{fetches} fetches");
    envoy.wait_idle(&[UPSTREAM, STORAGE]);
    assert_eq!(envoy.get(path).header("x-modgate-cache"), Some("hit"));
}
