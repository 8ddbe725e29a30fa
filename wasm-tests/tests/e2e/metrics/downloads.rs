//! Downloads: their bytes, and how they ended.

use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{Scripted, UPSTREAM, builder};
use modgate_wasm_tests::http::{Conn, Error, Request};
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::series;

const PATH: &str = "/downloads.example/m/@v/v1.0.0.zip";

/// How many downloads of a 200 ended so, and how many bytes all of them had.
fn downloads(stack: &Scripted, source: &str) -> (u64, u64, [u64; 4]) {
    let series = series(&stack.envoy);
    let of = |name: String| series.get(&name).copied().unwrap_or_default();
    (
        of(format!("modgate_requests_total{{cache=\"{source}\",class=\"2xx\",kind=\"zip\"}}")),
        of(format!("modgate_response_bytes_total{{cache=\"{source}\",kind=\"zip\"}}")),
        ["aborted", "cut", "left", "reset"].map(|outcome| {
            of(format!("modgate_requests_unfinished_total{{kind=\"zip\",outcome=\"{outcome}\"}}"))
        }),
    )
}

#[test]
fn a_download_counts_when_it_ends_with_its_bytes_and_who_ended_it() {
    // Read along as it passes, and stored zips that are not.
    for (config, source, from_storage) in [
        (json!({"fetch": {"zip_bytes": 0}}), "upstream", false),
        (json!({"storage": {"reverify": "never"}}), "storage", true),
    ] {
        let stack = Scripted::with(&config, |envoy| envoy);
        let server = if from_storage { &stack.storage } else { &stack.upstream };
        let zip = Module::at(PATH).padded(4 << 20).zip();
        let length = zip.len();
        server.on(&format!("HEAD {PATH}"), Reply::ok("").served());
        let get = format!("GET {PATH}");
        server.on(&get, Reply::ok(zip.clone()).served());
        let whole = Request::get(PATH).compare_body(zip.clone()).send(stack.envoy.addr());
        assert!(whole.pattern, "{source}");
        stack.envoy.wait_metric(&format!("response_bytes_total.kind.zip.cache.{source}"), length);
        assert_eq!(downloads(&stack, source), (1, length, [0; 4]), "{source}");

        let gate = Gate::new();
        server.on(&get, Reply::ok(zip.clone()).served().held_in_body(2 << 20, &gate));
        let mut conn = Conn::open(stack.envoy.addr()).unwrap();
        conn.send(&Request::get(PATH)).unwrap();
        assert_eq!(conn.head().unwrap().status, 200);
        assert!(conn.skip_some().unwrap() > 0);
        assert_eq!(downloads(&stack, source).0, 1, "{source}: it has not ended");
        drop(conn);
        stack.envoy.wait_metric("requests_unfinished_total.kind.zip.outcome.aborted", 1);
        gate.open();
        let (count, bytes, ended) = downloads(&stack, source);
        assert_eq!((count, ended), (2, [1, 0, 0, 0]), "{source}");
        assert!((length + 1..length + (3 << 20)).contains(&bytes), "{source}: {bytes} of {length}");

        server.on(&get, Reply::ok(zip.clone()).served().close_after(3 << 20));
        let cut = Request::get(PATH).discard_body().try_send(stack.envoy.addr());
        assert!(matches!(cut, Err(Error::Truncated(_))), "{source}: {cut:?}");
        stack.envoy.wait_metric("requests_unfinished_total.kind.zip.outcome.cut", 1);
        assert_eq!(downloads(&stack, source).2, [1, 1, 0, 0], "{source}");
        stack.envoy.wait_idle(&[UPSTREAM]);
    }
}

#[test]
fn a_download_that_the_filter_resets_says_so_and_a_client_that_leaves_before_it_too() {
    let stack = Scripted::with(&json!({"fetch": {"zip_bytes": 0}}), |envoy| envoy);
    let mut bad = Module::at(PATH).padded(300_000).zip().to_vec();
    bad[150_000] ^= 1;
    stack.upstream.on(PATH, Reply::ok(bad).served());
    let reset = Request::get(PATH).try_send(stack.envoy.addr());
    assert!(matches!(reset, Err(Error::Truncated(_))), "{reset:?}");
    stack.envoy.wait_metric("requests_unfinished_total.kind.zip.outcome.reset", 1);

    let gate = Gate::new();
    stack.upstream.on(PATH, Reply::status(404).served().held(&gate));
    let mut conn = Conn::open(stack.envoy.addr()).unwrap();
    conn.send(&Request::get(PATH)).unwrap();
    stack.envoy.wait_active(1);
    drop(conn);
    stack.envoy.wait_metric("requests_unfinished_total.kind.zip.outcome.left", 1);
    gate.open();
    let (count, _, ended) = downloads(&stack, "upstream");
    assert_eq!((count, ended), (1, [0, 0, 1, 1]));
}

/// The old configuration is done by then, and its clock has stopped: it runs once more for what is counted.
#[test]
fn a_download_that_outlives_its_configuration_is_counted() {
    let (upstream, storage, dir) = (Faulty::start(), Faulty::store(), tempfile::tempdir().unwrap());
    let (builder, mut discovery) = builder(upstream.addr(), storage.addr())
        .patch_plugin(&json!({"storage": {"reverify": "never"}}))
        .discovered(dir.path());
    let envoy = builder.start();
    let zip = Module::at(PATH).padded(4 << 20).zip();
    let gate = Gate::new();
    storage.on(&format!("HEAD {PATH}"), Reply::ok("").served());
    storage.on(&format!("GET {PATH}"), Reply::ok(zip.clone()).served().held_in_body(2 << 20, &gate));
    let mut conn = Conn::open(envoy.addr()).unwrap();
    let request = Request::get(PATH).compare_body(zip.clone());
    conn.send(&request).unwrap();
    let head = conn.head().unwrap();
    assert_eq!(head.status, 200);
    for (number, page) in ["/-/second/", "/-/third/"].into_iter().enumerate() {
        discovery.push(&json!({"admin": {"path_prefix": page}}));
        assert!(!envoy.wait_discovered(number as u64 + 2));
        assert_eq!(envoy.get(&format!("{page}healthz")).status, 200);
    }
    gate.open();
    assert!(conn.rest(&request, head).unwrap().pattern);
    envoy.wait_metric("response_bytes_total.kind.zip.cache.storage", zip.len());
    assert_eq!(envoy.metric("requests_total.kind.zip.cache.storage.class.2xx"), 1);
}
