//! Zips that are read along as they pass: a good one arrives bit by bit, and no other is ever a whole response, however it
//! is sent. Hashes are a matter of the suites that have a checksum database; here every zip must be a zip.

use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{Scripted, UPSTREAM};
use modgate_wasm_tests::http::{Conn, Error, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

const PATH: &str = "/passing.example/m/@v/v1.0.0.zip";

fn stack(workers: u32) -> Scripted {
    Scripted::with(&json!({"fetch": {"zip_bytes": 0}}), |envoy| envoy.concurrency(workers))
}

fn module() -> Module {
    Module::new("passing.example/m", "v1.0.0")
}

/// The ways in which an upstream can send a body.
fn framings(body: &Body) -> [(&'static str, Reply); 3] {
    let reply = Reply::ok(body.clone()).served().ranges();
    [("length", reply.clone()), ("chunked", reply.clone().chunked()), ("until close", reply.until_close())]
}

fn verified(stack: &Scripted, outcome: &str) -> u64 {
    stack.envoy.metric(&format!("verifications_total.outcome.{outcome}"))
}

at_two_workers!(good_zips_arrive_as_they_were_sent, no_other_zip_is_a_whole_response);

fn good_zips_arrive_as_they_were_sent(workers: u32) {
    let stack = stack(workers);
    let words: String = (0..400_000).map(|number| format!("var V{number} = {number}\n")).collect();
    for (name, module) in [
        ("small", module()),
        ("stored", module().padded(5 << 20)),
        ("deflated", module().file("words.go", words).deflated()),
        // It is read more slowly than it comes.
        ("dense", module().file("zeros.bin", vec![0; 64 << 20]).deflated()),
    ] {
        let zip = module.zip();
        for (framing, reply) in framings(&zip) {
            stack.upstream.on(PATH, reply);
            let request = Request::get(PATH).header("range", "bytes=1-2").compare_body(zip.clone());
            let answer = request.send(stack.envoy.addr());
            let what = format!("{name}, {framing}");
            assert_eq!((answer.status, answer.length, answer.pattern), (200, zip.len(), true), "{what}");
            assert_eq!(answer.header("accept-ranges"), None, "{what}");
        }
    }
    stack.envoy.wait_idle(&[UPSTREAM]);
    stack.envoy.wait_metric("verifications_total.outcome.exempt", 12);
}

fn no_other_zip_is_a_whole_response(workers: u32) {
    let stack = stack(workers);
    let good = module().padded(300_000).zip().to_vec();
    let end = good.len();
    let directory = good.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let bad = [
        ("a byte early", flipped(70)),
        ("a byte in the middle", flipped(150_000)),
        ("a byte in the directory", flipped(directory + 30)),
        ("a byte in the end", flipped(end - 3)),
        ("a byte more", [&good[..], b"x"].concat()),
        ("a zip twice", [&good[..], &good[..]].concat()),
        ("a byte less", good[..end - 1].to_vec()),
        ("no directory", good[..directory].to_vec()),
        ("half of it", good[..end / 2].to_vec()),
        ("another version's", Module::new("passing.example/m", "v1.0.1").zip().to_vec()),
        ("a page", b"<html>".to_vec()),
    ];
    let mut count = 0;
    for (name, bytes) in bad {
        for (framing, reply) in framings(&bytes.clone().into()) {
            stack.upstream.on(PATH, reply);
            let Err(Error::Truncated(part)) = Request::get(PATH).try_send(stack.envoy.addr()) else {
                panic!("{name}, {framing}: a whole response");
            };
            assert_eq!(part.status, 200, "{name}, {framing}");
            assert!(bytes.starts_with(&part.body), "{name}, {framing}");
            assert!(part.body.len() <= end - 22, "{name}, {framing}: {} of {end}", part.body.len());
            count += 1;

            stack.upstream.on(PATH, Reply::ok(good.clone()).served());
            let answer = stack.get(PATH);
            assert_eq!((answer.status, answer.body == good), (200, true), "{name}, {framing}: the next");
        }
    }
    stack.envoy.wait_idle(&[UPSTREAM]);
    stack.envoy.wait_metric("verifications_total.outcome.exempt", count);
    assert_eq!(verified(&stack, "unfit"), count);
    assert!(stack.envoy.log_contains("passing.example/m@v1.0.0 from upstream golang"));
}

#[test]
fn clients_that_hang_up_and_an_upstream_that_dies_leave_nothing() {
    let stack = stack(1);
    let zip = module().padded(4 << 20).zip();
    let gate = Gate::new();
    stack.upstream.on(PATH, Reply::ok(zip.clone()).served().held_in_body(2 << 20, &gate));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let mut conn = Conn::open(stack.envoy.addr()).unwrap();
            conn.send(&Request::get(PATH)).unwrap();
            assert_eq!(conn.head().unwrap().status, 200);
            assert!(conn.skip_some().unwrap() > 0);
            conn
        })
        .collect();
    drop(clients);
    gate.open();
    stack.envoy.wait_idle(&[UPSTREAM]);

    stack.upstream.on(PATH, Reply::ok(zip.clone()).served().close_after(3 << 20));
    let cut = Request::get(PATH).discard_body().try_send(stack.envoy.addr());
    assert!(matches!(cut, Err(Error::Truncated(_))));
    stack.envoy.wait_idle(&[UPSTREAM]);
    assert_eq!(stack.envoy.metrics("verifications_total"), 0, "none of them came to its end");
}

#[test]
fn many_at_once_all_arrive_and_the_worker_answers_others_meanwhile() {
    let stack = stack(1);
    let zip = module().file("zeros.bin", vec![0; 96 << 20]).deflated().zip();
    let gate = Gate::new();
    stack.upstream.on(PATH, Reply::ok(zip.clone()).served().ranges().chunked().held_in_body(10_000, &gate));
    let addr = stack.envoy.addr();
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let request = Request::get(PATH).compare_body(zip.clone()).deadline(Duration::from_secs(60));
            thread::spawn(move || request.send(addr).pattern)
        })
        .collect();
    wait::until("all are under way", Duration::from_secs(10), || {
        stack.envoy.stat(&format!("cluster.{UPSTREAM}.upstream_rq_active")) == 16
    });
    gate.open();
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let begun = Instant::now();
        let page = Request::get("/-/healthz").send(addr);
        assert_eq!(page.status, 200);
        slowest = slowest.max(begun.elapsed());
    }
    println!("answers took {slowest:?} at most");
    // To read all of them takes some ten seconds.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    assert!(clients.into_iter().all(|client| client.join().unwrap()));
    stack.envoy.wait_idle(&[UPSTREAM]);
}
