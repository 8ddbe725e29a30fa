//! A store, or an upstream, that takes requests and never answers: how long whoever asks for a zip waits, and for whom.

use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, UPSTREAM};
use modgate_wasm_tests::http::{self, Response};
use modgate_wasm_tests::module::Module;
use serde_json::json;

/// What storage may take, as these gateways are configured.
const TIMEOUT: Duration = Duration::from_secs(1);
/// What the filter gives a routed request beyond that, to connect (`worker::clients::routed::CONNECT`).
const CONNECT: Duration = Duration::from_secs(2);
/// How long it is enough that somebody has heard of storage (`shared::FRESH`).
const FRESH: Duration = Duration::from_secs(2);
/// How long a silent store is asked last (`shared::REST`).
const REST: Duration = Duration::from_secs(5);
/// The pauses between four tries: 250, 500 and 1,000 ms, each half as long again at most, and ended by a tick.
const PAUSES: Duration = Duration::from_secs(3);
/// What a busy machine may take beyond what is promised.
const SLACK: Duration = Duration::from_millis(900);

const PATH: &str = "/unwell.example/m/@v/v1.0.0.zip";
const LENGTH: u64 = 300_000;

/// A store that has everything, and hangs from `begin` to `end`.
struct Hang {
    begin: Gate,
    end: Gate,
}

impl Hang {
    fn of(server: &Faulty) -> Self {
        let (begin, end) = (Gate::new(), Gate::new());
        let (begun, ended) = (begin.clone(), end.clone());
        server.otherwise(move |seen| {
            let reply = match (seen.method.as_str(), seen.target.ends_with(".zip")) {
                ("PUT", _) => Reply::status(201),
                (_, true) => Reply::ok(Module::at(&seen.target).padded(LENGTH).zip()),
                (_, false) => Reply::status(404),
            };
            let reply = reply.served();
            if begun.is_open() && !ended.is_open() { reply.held(&ended) } else { reply }
        });
        Self { begin, end }
    }
}

fn stack(workers: u32) -> (Scripted, Hang) {
    let storage = json!({"storage": {"timeout": "1s", "reverify": "never"}});
    let stack = Scripted::with(&storage, |envoy| envoy.concurrency(workers));
    let hang = Hang::of(&stack.storage);
    (stack, hang)
}

fn serve(stack: &Scripted, path: &str) {
    stack.upstream.on(path, Reply::ok(Module::at(path).padded(LENGTH).zip()).served());
}

fn timed(stack: &Scripted, path: &str) -> (Response, Duration) {
    let begun = Instant::now();
    let answer = stack.get(path);
    (answer, begun.elapsed())
}

fn come_from(answer: &Response) -> (u16, &str) {
    (answer.status, answer.header("x-modgate-cache").unwrap_or_default())
}

#[track_caller]
fn assert_from(stack: &Scripted, path: &str, from: &str, within: Duration) {
    let (answer, took) = timed(stack, path);
    println!("{path}: {:?} after {took:?}", come_from(&answer));
    assert_eq!(come_from(&answer), (200, from), "{}", answer.text());
    assert!(took < within + SLACK, "{took:?}");
}

#[test]
fn a_zip_of_a_store_that_hangs_comes_from_the_upstream_as_soon_as_the_store_has_had_its_time() {
    let (stack, hang) = stack(4);
    serve(&stack, PATH);
    assert_from(&stack, PATH, "storage", Duration::ZERO);
    thread::sleep(FRESH + Duration::from_millis(200));
    hang.begin.open();
    // The first asks whether it is there.
    assert_from(&stack, PATH, "upstream", TIMEOUT);
    // Nobody else has to find that out, on whatever worker: for as long as the store rests, and then one.
    let addr = stack.envoy.addr();
    let begun = Instant::now();
    let clients: Vec<_> = (0..24)
        .map(|_| {
            thread::spawn(move || {
                let begun = Instant::now();
                (http::get(addr, PATH), begun.elapsed())
            })
        })
        .collect();
    for client in clients {
        let (answer, took) = client.join().unwrap();
        assert_eq!(come_from(&answer), (200, "upstream"));
        assert!(took < SLACK, "{took:?}");
    }
    assert!(begun.elapsed() < REST, "they were no crowd");
    // A zip that nobody asked for before is not waited for either.
    let cold = "/unwell.example/cold/@v/v1.0.0.zip";
    serve(&stack, cold);
    assert_from(&stack, cold, "upstream", Duration::ZERO);
    hang.end.open();
    thread::sleep(REST);
    assert_from(&stack, PATH, "storage", Duration::ZERO);
    stack.envoy.wait_idle(&[STORAGE, UPSTREAM]);
    stack.envoy.assert_unharmed();
}

#[test]
fn who_is_on_the_way_to_a_store_when_it_begins_to_hang_is_told_so_and_the_request_ends() {
    let (stack, hang) = stack(1);
    serve(&stack, PATH);
    assert_from(&stack, PATH, "storage", Duration::ZERO);
    hang.begin.open();
    let (addr, begun) = (stack.envoy.addr(), Instant::now());
    // More than the host lets go on at once.
    let clients: Vec<_> = (0..100).map(|_| thread::spawn(move || http::get(addr, PATH))).collect();
    for client in clients {
        let answer = client.join().unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (504, Some("5")), "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert!(answer.text().contains("storage: it did not answer in time"), "{}", answer.text());
    }
    let took = begun.elapsed();
    println!("504 after {took:?}");
    assert!(took > TIMEOUT + CONNECT && took < TIMEOUT + CONNECT + SLACK, "{took:?}");
    assert_eq!(stack.envoy.metric("requests_total.kind.zip.cache.none.class.5xx"), 100);
    // Nothing waits for the store any more, though it has not said a word.
    stack.envoy.wait_idle(&[STORAGE]);
    assert_eq!(stack.envoy.stat("cluster.storage.upstream_rq_active"), 0);
    // The next does not trust it.
    assert_from(&stack, PATH, "upstream", TIMEOUT);
    assert_from(&stack, PATH, "upstream", Duration::ZERO);
    hang.end.open();
    stack.envoy.assert_unharmed();
}

#[test]
fn with_the_upstream_down_too_nobody_waits_for_long() {
    let (stack, hang) = stack(4);
    stack.upstream.on(PATH, Reply::ok("").close_before_head());
    assert_from(&stack, PATH, "storage", Duration::ZERO);
    thread::sleep(FRESH + Duration::from_millis(200));
    hang.begin.open();
    for turn in 0..3 {
        let (answer, took) = timed(&stack, PATH);
        println!("turn {turn}: {} after {took:?}: {}", answer.status, answer.text());
        assert!(matches!(answer.status, 502..=504) && answer.header("retry-after").is_some());
        // The upstream is tried four times.
        assert!(took < 2 * TIMEOUT + Duration::from_secs(4), "{took:?}");
    }
    hang.end.open();
    // Storage was asked last, not never.
    assert_from(&stack, PATH, "storage", PAUSES);
    stack.envoy.assert_unharmed();
}

#[test]
fn a_streamed_zip_of_an_upstream_that_hangs_ends_too() {
    let upstream =
        json!([{"name": "golang", "cluster": UPSTREAM, "url": "http://proxy.example", "timeout": "1s"}]);
    let patch = json!({"fetch": {"zip_bytes": 0}, "upstreams": upstream});
    let (stack, late) = (Scripted::with(&patch, |envoy| envoy), Gate::new());
    stack.upstream.on(PATH, Reply::ok("").held(&late));
    let (answer, took) = timed(&stack, PATH);
    println!("{} after {took:?}", answer.status);
    assert_eq!((answer.status, answer.header("retry-after")), (504, Some("5")), "{}", answer.text());
    // It is asked whether it has it, before anybody is sent there.
    assert!(took > TIMEOUT && took < TIMEOUT + CONNECT + SLACK, "{took:?}");
    stack.envoy.wait_idle(&[UPSTREAM]);
    late.open();
    // A download whose head came may take as long as it takes.
    let (slow, gate) = ("/slow.example/m/@v/v1.0.0.zip", Gate::new());
    let zip = Module::at(slow).padded(LENGTH).zip();
    stack.upstream.on(slow, Reply::ok(zip).held_in_body(1000, &gate));
    let addr = stack.envoy.addr();
    let client = thread::spawn(move || http::get(addr, slow));
    thread::sleep(TIMEOUT + CONNECT + SLACK);
    assert!(!client.is_finished());
    gate.open();
    assert_eq!(client.join().unwrap().status, 200);
    stack.envoy.assert_unharmed();
}
