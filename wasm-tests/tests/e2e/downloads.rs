//! Downloads have connections of their own, and are tried again while there is no answer.

use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::{STORAGE, Scripted};
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::module::Module;
use serde_json::json;

/// More than Envoy and the kernel hold of a download.
const LARGE: u64 = 40 << 20;

#[test]
fn downloads_that_stand_still_take_no_connection_from_look_ups() {
    const CONNECTIONS: usize = 4;
    let stack = Scripted::with(&json!({}), |builder| {
        builder.edit(|bootstrap| {
            let thresholds = &mut bootstrap.cluster(STORAGE, STORAGE)["circuit_breakers"]["thresholds"];
            for threshold in thresholds.as_array_mut().unwrap() {
                threshold["max_connections"] = json!(CONNECTIONS);
            }
        })
    });
    let large = Module::new("example.com/large", "v1.0.0").padded(LARGE);
    stack.storage.serve(&large);
    let mut still = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut conn = Conn::open(stack.envoy.addr()).unwrap();
        conn.send(&Request::get(&large.url("zip"))).unwrap();
        assert_eq!(conn.head().unwrap().status, 200);
        still.push(conn);
    }
    // The next waits for a connection, for as long as those before it have theirs.
    let mut waiting = Conn::open(stack.envoy.addr()).unwrap();
    waiting.send(&Request::get(&large.url("zip"))).unwrap();
    for number in 0..20 {
        let small = Module::new(&format!("example.com/small{number}"), "v1.0.0");
        stack.storage.serve(&small);
        let begun = Instant::now();
        let answer = stack.get(&small.url("mod"));
        assert_eq!((answer.status, answer.header("x-modgate-cache")), (200, Some("storage")));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    assert_eq!(stack.envoy.stat("cluster.storage.circuit_breakers.high.cx_open"), 1);
    assert_eq!(stack.envoy.stat("cluster.storage.circuit_breakers.default.cx_open"), 0);
    drop(still);
    assert_eq!(waiting.head().unwrap().status, 200);
}

#[test]
fn a_download_whose_connection_breaks_before_the_answer_is_tried_again() {
    let stack = Scripted::with(&json!({}), |builder| builder);
    let module = Module::new("example.com/m", "v1.0.0").padded(300_000);
    stack.storage.serve(&module);
    let zip = module.url("zip");
    let whole = || Reply::ok(module.zip()).header("content-type", "application/zip").served();
    assert_eq!(stack.get(&zip).status, 200);
    stack.storage.forget();
    let broken = || Reply::status(200).close_before_head();
    stack.storage.on_each(&format!("GET {zip}"), [broken(), broken(), whole()]);
    let answer = stack.get(&zip);
    assert_eq!((answer.status, answer.length), (200, module.zip().len()));
    assert_eq!(stack.storage.hits(&zip), 3);
}
