//! Zips as they stream: bit by bit what was sent, in flat memory, and never whole when they are not.

use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, Stack, UPSTREAM};
use modgate_wasm_tests::http::{Conn, Error, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

const LARGE: u64 = 300 << 20;
/// What Envoy may grow by, whatever the size of the zip. Its buffers hold a few MiB.
const GROWTH: u64 = 64 << 20;

fn whole(path: &str, expected: Body) -> Request {
    Request::get(path).compare_body(expected).deadline(Duration::from_secs(60))
}

/// A small one first: connections and caches are there before memory is looked at.
fn warm(stack: &Stack) {
    let small = Module::new("warm.example/m", "v1.0.0").padded(4 << 20);
    stack.upstream.serve(&small);
    small.write_to(stack.storage.data());
    for _ in 0..4 {
        assert_eq!(stack.get(&small.url("zip")).status, 200);
    }
}

#[track_caller]
fn assert_flat(stack: &Stack, before: u64, what: &str) {
    let growth = stack.envoy.usage().peak.saturating_sub(before);
    println!("{what}: {} KiB", growth >> 10);
    assert!(growth < GROWTH, "{what}: Envoy grew by {} MiB", growth >> 20);
}

#[test]
fn three_hundred_megabytes_stream_in_flat_memory() {
    let large = Module::new("large.example/m", "v1.0.0").padded(LARGE);
    let kept = Module::new("kept.example/m", "v1.0.0").padded(LARGE);
    for workers in [1, 4] {
        let stack = Stack::with(&json!({}), |envoy| envoy.concurrency(workers).alone());
        warm(&stack);
        stack.upstream.serve(&large);
        kept.write_to(stack.storage.data());
        for (module, from) in [(&large, "upstream"), (&kept, "storage")] {
            let before = stack.envoy.forget_peak();
            let answer = whole(&module.url("zip"), module.zip()).send(stack.envoy.addr());
            assert_eq!(
                (answer.status, answer.length, answer.pattern),
                (200, module.zip().len(), true),
                "{from}"
            );
            assert_eq!(answer.header("x-modgate-cache"), Some(from));
            assert_flat(&stack, before, &format!("from {from}, {workers} workers"));
        }
        // Several at once, and one client that does not read for a while.
        let before = stack.envoy.forget_peak();
        let (addr, url) = (stack.envoy.addr(), large.url("zip"));
        let request = whole(&url, large.zip());
        let mut slow = Conn::open(addr).unwrap();
        slow.send(&request).unwrap();
        let head = slow.head().unwrap();
        let paused = format!("cluster.{UPSTREAM}.upstream_flow_control_paused_reading_total");
        wait::until("Envoy stops reading", Duration::from_secs(10), || stack.envoy.stat(&paused) > 0);
        let clients: Vec<_> = (0..2)
            .map(|_| {
                let request = request.clone();
                thread::spawn(move || request.send(addr))
            })
            .collect();
        for client in clients {
            assert!(client.join().unwrap().pattern);
        }
        let answer = slow.rest(&request, head).unwrap();
        assert_eq!((answer.length, answer.pattern), (large.zip().len(), true));
        assert_flat(&stack, before, &format!("three at once and one of them slow, {workers} workers"));
        stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    }
}

#[test]
fn a_range_is_that_part_of_the_zip() {
    let stack = Stack::start();
    let (fetched, kept) = (
        Module::new("a.example/m", "v1.0.0").padded(1 << 20),
        Module::new("b.example/m", "v1.0.0").padded(1 << 20),
    );
    stack.upstream.serve(&fetched);
    kept.write_to(stack.storage.data());
    // The first is in storage afterwards.
    assert_eq!(stack.get(&fetched.url("zip")).status, 200);
    for module in [fetched, kept] {
        let bytes = module.zip().to_vec();
        for (range, from, to) in [
            ("bytes=0-0", 0, 1),
            ("bytes=1000-99999", 1000, 100_000),
            ("bytes=-500", bytes.len() - 500, bytes.len()),
        ] {
            let answer = stack.envoy.send(&Request::get(&module.url("zip")).header("range", range));
            assert_eq!(answer.status, 206, "{range}");
            assert_eq!(
                answer.header("content-range").unwrap(),
                format!("bytes {from}-{}/{}", to - 1, bytes.len())
            );
            assert!(answer.body == bytes[from..to], "{range}");
        }
        let head = stack.envoy.send(&Request::new("HEAD", &module.url("zip")));
        assert_eq!(
            (head.status, head.header("content-length").unwrap()),
            (200, bytes.len().to_string().as_str())
        );
    }
}

#[test]
fn a_client_that_hangs_up_ends_the_download() {
    let stack = Stack::start();
    let kept = Module::new("kept.example/m", "v1.0.0").padded(32 << 20);
    kept.write_to(stack.storage.data());
    let endless = "/large.example/m/@v/v1.0.0.zip";
    stack.upstream.on(endless, Reply::ok(Module::at(endless).padded(LARGE).zip()).served().chunked());
    for (path, cluster) in [(endless, UPSTREAM), (&kept.url("zip"), STORAGE)] {
        let clients: Vec<Conn> = (0..8)
            .map(|_| {
                let mut conn = Conn::open(stack.envoy.addr()).unwrap();
                conn.send(&Request::get(path)).unwrap();
                assert_eq!(conn.head().unwrap().status, 200);
                assert!(conn.skip_some().unwrap() > 0);
                conn
            })
            .collect();
        wait::until("all are under way", Duration::from_secs(10), || {
            stack.envoy.stat(&format!("cluster.{cluster}.upstream_rq_active")) == 8
        });
        drop(clients);
        stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    }
    assert_eq!(stack.envoy.metrics("requests_total.kind.zip"), 16, "their heads were answered");
}

#[test]
fn a_zip_that_breaks_off_is_never_a_whole_one() {
    let stack = Scripted::with(&json!({"fetch": {"zip_bytes": 0}}), |envoy| envoy);
    let zip_at = |path: &str| Module::at(path).padded(3 << 20).zip();
    for (name, chunked, cut) in [
        ("cut", false, Some(1 << 20)),
        ("cut-at-once", false, Some(0)),
        ("one-byte-short", false, None),
        ("chunked", true, Some(1 << 20)),
        ("chunked-without-its-end", true, None),
    ] {
        for (server, from) in [(&stack.upstream, "upstream"), (&stack.storage, "storage")] {
            let path = format!("/{from}.example/{name}/@v/v1.0.0.zip");
            let zip = zip_at(&path);
            let length = cut.unwrap_or_else(|| zip.len() - u64::from(!chunked));
            let reply = Reply::ok(zip.clone()).served().close_after(length);
            server.on(&path, if chunked { reply.chunked() } else { reply });
            let begun = Instant::now();
            let request = Request::get(&path).compare_body(zip.clone());
            let Err(Error::Truncated(part)) = request.try_send(stack.envoy.addr()) else {
                panic!("{from}, {name}: a whole response");
            };
            assert_eq!((part.status, part.header("x-modgate-cache")), (200, Some(from)), "{name}");
            // A reset may overtake the last bytes, but what came is right.
            assert!(part.length <= length && part.pattern, "{from}, {name}: {} bytes", part.length);
            assert!(begun.elapsed() < Duration::from_millis(900), "{from}, {name}: delayed_close_timeout?");
            server.on(&path, Reply::ok(zip.clone()).served());
            let answer = request.send(stack.envoy.addr());
            assert_eq!(
                (answer.status, answer.length, answer.pattern),
                (200, zip.len(), true),
                "{from}, {name}"
            );
        }
    }
    for name in ["chunked", "until-close"] {
        let path = format!("/whole.example/{name}/@v/v1.0.0.zip");
        let (zip, reply) = (zip_at(&path), Reply::ok(zip_at(&path)).served());
        stack.upstream.on(&path, if name == "chunked" { reply.chunked() } else { reply.until_close() });
        let answer = Request::get(&path).compare_body(zip.clone()).send(stack.envoy.addr());
        assert_eq!((answer.status, answer.length, answer.pattern), (200, zip.len(), true), "{name}");
    }
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
}

#[test]
fn a_zip_that_stands_still_ends() {
    let stack = Scripted::with(&json!({"fetch": {"zip_bytes": 0}}), |envoy| {
        envoy.edit(|bootstrap| bootstrap.hcm()["stream_idle_timeout"] = "1s".into())
    });
    let never = Gate::new();
    let stuck = "/stuck.example/m/@v/v1.0.0.zip";
    let zip = Module::at(stuck).padded(3 << 20).zip();
    // It is asked for its first byte before.
    stack.upstream.on(stuck, Reply::ok(zip.clone()).served().ranges().held_in_body(1 << 20, &never));
    let begun = Instant::now();
    let Err(Error::Truncated(part)) = Request::get(stuck).compare_body(zip).try_send(stack.envoy.addr())
    else {
        panic!("a whole response");
    };
    assert_eq!((part.status, part.length, part.pattern), (200, 1 << 20, true));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    stack.envoy.wait_idle(&[UPSTREAM]);
    never.open();
}

#[test]
fn an_upstream_that_gives_no_zip_is_named() {
    // By the answer to a HEAD before it is streamed, and by that to the filter's own fetch.
    for zip_bytes in [0, 8 << 20] {
        let upstream = json!({
            "name": "golang", "cluster": UPSTREAM, "url": "https://proxy.golang.org", "timeout": "1s"
        });
        let patch = json!({"fetch": {"zip_bytes": zip_bytes}, "upstreams": [upstream]});
        names_who_gives_no_zip(&Scripted::with(&patch, |envoy| envoy), zip_bytes == 0);
    }
}

fn names_who_gives_no_zip(stack: &Scripted, by_head: bool) {
    let (late, retry) = (Gate::new(), Some("5"));
    // Envoy's own answer to a HEAD has no text that says which of the two it was.
    let hung_up = if by_head { "it could not be reached" } else { "it closed the connection" };
    for (name, reply, status, retry, reason) in [
        ("hang-up", Reply::ok("").close_before_head(), 502, retry, hung_up),
        ("garbage", Reply::raw(b"220 ftp ready\r\n"), 502, retry, "was no HTTP"),
        ("headers-of-100-kb", Reply::ok("").header("x-long", &"x".repeat(100_000)), 502, retry, "too large"),
        ("silent", Reply::ok("").held(&late), 504, retry, "it did not answer in time"),
        (
            "s301",
            Reply::status(301).header("location", "https://me:SECRET@cdn.example/SECRET?sig=SECRET"),
            502,
            retry,
            "redirects to cdn.example, which is not listed",
        ),
        ("s401", Reply::status(401), 502, retry, "this gateway's credentials"),
        ("s403", Reply::status(403), 403, None, "refuses it (403)"),
        ("s500", Reply::status(500).body("<html>"), 502, retry, "answered 500"),
        ("s503", Reply::status(503), 503, retry, "is overloaded (503)"),
        (
            "bytes-in-headers",
            Reply::raw(b"HTTP/1.1 500 \xff\r\nx: \xfe\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
            502,
            retry,
            "answered 500",
        ),
    ] {
        let path = format!("/fault.example/{name}/@v/v1.0.0.zip");
        stack.upstream.on(&path, reply);
        stack.storage.keep(&path);
        let answer = stack.get(&path);
        let text = answer.text();
        assert_eq!((answer.status, answer.header("retry-after")), (status, retry), "{name}: {text}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{name}");
        assert!(text.contains(reason) && text.contains("upstream golang"), "{name}: {text}");
        stack.upstream.on(&path, Reply::ok(Module::at(&path).zip()));
        assert_eq!(stack.get(&path).status, 200, "{name}: nothing of it was kept");
    }
    late.open();
    stack.envoy.wait_idle(&[UPSTREAM]);
}
