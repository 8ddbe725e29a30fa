//! Zips that the filter fetches whole: once from the upstream into storage, and from there to whoever asks, whatever the
//! first one asked for and however badly either side behaves.

use std::fs;
use std::time::Duration;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::body::{Body, Piece};
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, Stack, UPSTREAM};
use modgate_wasm_tests::http::{Error, Request, Response};
use modgate_wasm_tests::module::Module;
use serde_json::json;

at_two_workers!(
    whatever_part_the_first_one_wants_the_whole_is_stored,
    a_zip_of_any_size_comes_from_an_upstream_without_ranges,
    a_store_that_does_not_take_it_costs_the_copy_alone,
);

fn methods(server: &Faulty, path: &str) -> Vec<String> {
    server.requests_for(path).into_iter().map(|seen| seen.method).collect()
}

fn come_from(answer: &Response) -> (u16, &str) {
    (answer.status, answer.header("x-modgate-cache").unwrap_or_default())
}

fn whatever_part_the_first_one_wants_the_whole_is_stored(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    let all = 0..usize::MAX;
    for (number, (method, headers, status, part)) in [
        ("GET", &[][..], 200, all.clone()),
        ("HEAD", &[], 200, 0..0),
        ("GET", &[("range", "bytes=10-99")], 206, 10..100),
        ("GET", &[("range", "bytes=100000-")], 206, 100_000..usize::MAX),
        ("HEAD", &[("range", "bytes=0-9")], 206, 0..0),
        ("GET", &[("range", "bytes=999999999-")], 416, 0..0),
        // What one knows of the upstream's copy is no word about storage's.
        ("GET", &[("range", "bytes=0-9"), ("if-range", "\"upstream's\"")], 200, all.clone()),
        ("GET", &[("if-none-match", "\"upstream's\"")], 200, all),
        ("GET", &[("if-match", "\"upstream's\"")], 412, 0..0),
    ]
    .into_iter()
    .enumerate()
    {
        let module = Module::new("example.com/Cold/m", &format!("v1.0.{number}")).padded(200_000);
        let (path, zip) = (module.url("zip"), module.zip().to_vec());
        let reply = Reply::ok(zip.clone()).served().header("set-cookie", "tracking=1").etag("\"upstream's\"");
        stack.upstream.on(&path, if number % 2 == 0 { reply.ranges() } else { reply });
        let request = headers
            .iter()
            .fold(Request::new(method, &path), |asked, (name, value)| asked.header(name, value));
        let answer = stack.envoy.send(&request);
        let what = format!("{method} {headers:?}");
        assert_eq!(come_from(&answer), (status, "storage"), "{what}");
        assert_eq!(answer.header("set-cookie"), None, "{what}");
        if status < 300 {
            let part = &zip[part.start..part.end.min(zip.len())];
            assert!(answer.body == part, "{what}: {} bytes", answer.length);
            assert_eq!(answer.header("content-type"), Some("application/zip"), "{what}");
        }
        assert_eq!(methods(&stack.upstream, &path), ["GET"], "{what}");
        let stored = fs::read(stack.storage.data().join(path.trim_start_matches('/'))).unwrap();
        assert!(stored == zip, "{what}");
        let again = stack.get(&path);
        assert_eq!((come_from(&again), again.body == zip), ((200, "storage"), true), "{what}");
        assert_eq!(stack.upstream.hits(&path), 1, "{what}");
    }
}

/// 10 MB are more than is asked for and less than the host holds, 40 MB are more than that.
fn a_zip_of_any_size_comes_from_an_upstream_without_ranges(workers: u32) {
    // Nothing that is streamed is stored, so that each client is an upstream's.
    let patch = json!({"storage": {"gather_bytes": 0}});
    let stack = Scripted::with(&patch, |builder| builder.concurrency(workers));
    for (size, chunked, upstream) in [
        (10 << 20, false, &["GET", "GET", "GET"][..]),
        (10 << 20, true, &["GET", "GET", "GET"]),
        // It says that it has it, and gives it to each. Nobody is to wait for 32 MiB in vain again.
        (40 << 20, false, &["GET", "HEAD", "GET", "GET"]),
        (40 << 20, true, &["GET", "HEAD", "GET", "GET"]),
    ] {
        let module = Module::new("example.com/m", &format!("v1.{}.{}", size >> 20, u8::from(chunked)));
        let module = module.padded(size);
        let (path, zip) = (module.url("zip"), module.zip());
        let reply = Reply::ok(zip.clone()).served();
        stack.upstream.on(&path, if chunked { reply.chunked() } else { reply });
        stack.storage.keep(&path);
        for _ in 0..2 {
            let answer = Request::get(&path).compare_body(zip.clone()).send(stack.envoy.addr());
            assert_eq!(come_from(&answer), (200, "upstream"), "{size}");
            assert_eq!((answer.length, answer.pattern), (zip.len(), true), "{size}");
        }
        assert_eq!(methods(&stack.upstream, &path), upstream, "{size}, chunked {chunked}");
        assert_eq!(stack.storage.hits_with("PUT", &path), 0);
    }
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
}

fn a_store_that_does_not_take_it_costs_the_copy_alone(workers: u32) {
    let patch = json!({"storage": {"timeout": "1s"}});
    for (name, reply, outcome, puts) in [
        ("full", Reply::status(507).served(), "full", 1),
        ("forbidden", Reply::status(403).served(), "refused", 1),
        ("broken", Reply::status(500).served(), "refused", 1),
        ("cut", Reply::ok("").close_before_head(), "dropped", 2),
        ("slow", Reply::status(201).held(&Gate::new()), "timed_out", 1),
    ] {
        // Each has a gateway of its own: after one failure none fetches the next zip for such a store.
        let stack = Scripted::with(&patch, |builder| builder.concurrency(workers));
        let module = Module::new(&format!("example.com/{name}"), "v1.0.0").padded(2 << 20);
        let (path, zip) = (module.url("zip"), module.zip().to_vec());
        stack.upstream.serve(&module);
        stack.storage.on(&format!("PUT {path}"), reply);
        let counter = format!("storage_writes_total.outcome.{outcome}");
        let counted = stack.envoy.metric(&counter);
        for _ in 0..2 {
            let answer = stack.get(&path);
            assert_eq!((come_from(&answer), answer.body == zip), ((200, "upstream"), true), "{name}");
        }
        // One zip that is not taken is no reason to leave the store alone: the next who asks tries again.
        // Another worker that streams the second one finds out for itself, when its client has all of it.
        let (writes, sent) = (stack.envoy.metric(&counter) - counted, stack.storage.hits_with("PUT", &path));
        let (most_writes, most_sent) = (2, puts + TRIES);
        assert!((1..=most_writes).contains(&writes), "{name}: {writes}");
        assert!((puts..=most_sent).contains(&sent), "{name}: {sent}");
        // One or two to be stored, two streamed.
        let gets = methods(&stack.upstream, &path);
        assert!(
            (3..=4).contains(&gets.len()) && gets.iter().all(|method| method == "GET"),
            "{name}: {gets:?}"
        );
        stack.envoy.wait_idle(&[UPSTREAM]);
    }
}

#[test]
fn what_is_no_whole_zip_is_not_stored() {
    let stack = Scripted::with(&json!({}), |builder| builder);
    let path_of = |name: &str| format!("/example.com/{name}/@v/v1.0.0.zip");
    let zip_of = |name: &str| Module::at(&path_of(name)).padded(1 << 20).zip();
    let all = zip_of("cut-short").to_vec();
    let cut_short = Body::of(vec![Piece::Bytes(all[..all.len() - 30].into())]);
    for (name, reply) in [
        ("page", Reply::ok("<html>sign in</html>").header("content-type", "text/html")),
        ("page-in-part", Reply::ok("<html>sign in</html>").ranges()),
        ("empty", Reply::ok("")),
        ("cut-short", Reply::ok(cut_short)),
    ] {
        let (path, zip) = (path_of(name), zip_of(name));
        stack.storage.keep(&path);
        stack.upstream.on(&path, reply.served());
        let answer = stack.get(&path);
        assert_eq!((answer.status, answer.header("retry-after")), (502, Some("5")), "{name}");
        assert!(answer.text().contains("upstream golang: not a zip"), "{name}: {}", answer.text());
        assert_eq!(stack.storage.hits_with("PUT", &path), 0, "{name}");
        stack.upstream.on(&path, Reply::ok(zip.clone()).served());
        assert_eq!(come_from(&stack.get(&path)), (200, "storage"), "{name}: nor remembered");
    }
    // One that breaks off, to the filter and to the client who is given the stream instead.
    for (name, reply) in [
        ("cut", Reply::ok(zip_of("cut")).close_after(1000)),
        (
            "one-byte-short",
            Reply::ok(zip_of("one-byte-short")).close_after(zip_of("one-byte-short").len() - 1),
        ),
        ("chunked", Reply::ok(zip_of("chunked")).chunked().close_after(zip_of("chunked").len())),
    ] {
        let (path, zip) = (path_of(name), zip_of(name));
        stack.storage.keep(&path);
        stack.upstream.on(&path, reply.served());
        let Err(Error::Truncated(_)) = Request::get(&path).discard_body().try_send(stack.envoy.addr()) else {
            panic!("{name}: a whole response");
        };
        assert_eq!(stack.storage.hits_with("PUT", &path), 0, "{name}");
        stack.upstream.on(&path, Reply::ok(zip.clone()).served());
        let answer = Request::get(&path).compare_body(zip.clone()).send(stack.envoy.addr());
        assert_eq!((answer.status, answer.pattern), (200, true), "{name}");
    }
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
}

#[test]
fn the_chain_is_asked_as_for_any_document() {
    let (first, second) = (Faulty::start(), Faulty::start());
    let upstream = |name: &str, fallback: &str| json!({"name": name, "cluster": name, "url": "http://proxy.example", "fallback": fallback});
    for (fallback, replies) in [
        (
            "not_found",
            vec![
                ("missing", Reply::status(404), true),
                ("gone", Reply::status(410), true),
                ("broken", Reply::status(500), false),
                ("garbage", Reply::raw(b"220 ftp ready\r\n"), false),
                ("page", Reply::ok("<html>"), false),
            ],
        ),
        (
            "any_error",
            vec![
                ("missing", Reply::status(404), true),
                ("broken", Reply::status(500), true),
                ("garbage", Reply::raw(b"220 ftp ready\r\n"), true),
                ("cut", Reply::ok("").close_before_head(), true),
                ("page", Reply::ok("<html>"), true),
            ],
        ),
    ] {
        let patch = json!({"upstreams": [upstream("first", fallback), upstream("second", "not_found")]});
        let stack = Scripted::with(&patch, |builder| {
            builder.cluster("first", first.addr()).cluster("second", second.addr())
        });
        for (name, reply, falls) in replies {
            let module = Module::new(&format!("example.com/{name}"), "v1.0.0");
            let path = module.url("zip");
            stack.storage.keep(&path);
            first.on(&path, if name == "garbage" { reply } else { reply.served() });
            second.on(&path, Reply::ok(module.zip()).served());
            let before = second.hits(&path);
            let answer = stack.get(&path);
            let expected = if falls { (200, "storage") } else { (502, "") };
            assert_eq!(come_from(&answer), expected, "{fallback}, {name}: {}", answer.text());
            assert_eq!(second.hits(&path) - before, usize::from(falls), "{fallback}, {name}");
        }
        // Nobody has it: said once, remembered.
        let path = "/example.com/none/@v/v1.0.0.zip";
        let before = second.hits(path);
        for cache in ["upstream", "hit"] {
            let answer = stack.get(path);
            assert_eq!(come_from(&answer), (404, cache), "{}", answer.text());
        }
        assert_eq!(second.hits(path) - before, 1);
    }
}

#[test]
fn a_store_that_is_slow_to_take_it_holds_nobody_longer_than_configured() {
    let (stack, gate) =
        (Scripted::with(&json!({"fetch": {"zip_wait": "1s"}}), |builder| builder), Gate::new());
    let module = Module::new("example.com/m", "v1.0.0").padded(1 << 20);
    let (path, zip) = (module.url("zip"), module.zip().to_vec());
    stack.upstream.serve(&module);
    stack.storage.on(&format!("PUT {path}"), Reply::status(201).served().held(&gate));
    let answer = stack.envoy.send(&Request::get(&path).deadline(Duration::from_secs(4)));
    assert_eq!((come_from(&answer), answer.body == zip), ((200, "upstream"), true));
    gate.open();
    stack.envoy.wait_metric("storage_writes_total.outcome.stored", 1);
    stack.storage.on(&path, Reply::ok(zip.clone()).served());
    let later = stack.get(&path);
    assert_eq!(
        (come_from(&later), later.body == zip),
        ((200, "storage"), true),
        "the next one has it from there"
    );
    assert_eq!(methods(&stack.upstream, &path), ["GET", "GET"]);
}

/// How often an upload sends a request that fails in passing.
const TRIES: usize = 3;
