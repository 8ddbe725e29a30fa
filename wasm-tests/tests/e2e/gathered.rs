//! Zips of more than `fetch.zip_bytes` over WebDAV, on a real Envoy before the bundled nginx: stored by one request, once for all workers,
//! and in the memory of one.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::envoy::Builder;
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Stack, UPSTREAM};
use modgate_wasm_tests::http::{Conn, Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

/// What Envoy may grow by beside the zip in the filter's memory, and the copy of it that Envoy sends.
const SLACK: u64 = 48 << 20;

fn start(workers: u32) -> Stack {
    Stack::with(&json!({}), |envoy| envoy.concurrency(workers))
}

fn alone(workers: u32) -> Stack {
    let stack = Stack::with(&json!({}), |envoy| Builder::alone(envoy.concurrency(workers)));
    // Connections and caches are there before memory is looked at.
    for number in 0..4 {
        let small = Module::new(&format!("warm.example/m{number}"), "v1.0.0").padded(4 << 20);
        stack.upstream.serve(&small);
        assert_eq!(stack.get(&small.url("zip")).status, 200);
    }
    stack
}

/// From now on the upstream has this module, and gives parts of it.
fn serve(stack: &Stack, module: &Module) {
    stack.upstream.serve(module);
    stack.upstream.on(&module.url("zip"), reply(&module.zip()));
}

fn reply(zip: &Body) -> Reply {
    Reply::ok(zip.clone()).served().ranges().etag("\"it\"")
}

fn fetch(stack: &Stack, module: &Module) -> Response {
    let request = Request::get(&module.url("zip")).compare_body(module.zip());
    let answer = request.deadline(Duration::from_secs(60)).send(stack.envoy.addr());
    assert_eq!((answer.status, answer.length, answer.pattern), (200, module.zip().len(), true));
    answer
}

/// What a client of the same worker waits longest for an answer from the index, until it `is_over`.
fn longest_answer(stack: &Stack, is_over: &AtomicBool) -> Duration {
    let mut conn = Conn::open(stack.envoy.addr()).unwrap();
    let request = Request::get("/warm.example/m0/@v/v1.0.0.info");
    let mut longest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        assert_eq!(conn.exchange(&request).unwrap().status, 200);
        longest = longest.max(begun.elapsed());
        thread::sleep(Duration::from_millis(2));
    }
    longest
}

/// How often the upstream was asked for all of a zip, and for a part.
fn reads(stack: &Stack, module: &Module) -> (usize, usize) {
    let asked = stack.upstream.requests_for(&module.url("zip"));
    let parts = asked.iter().filter(|seen| seen.header("range").is_some()).count();
    (asked.iter().filter(|seen| seen.method == "GET").count() - parts, parts)
}

/// Waits until all of the version is stored, and compares the zip.
#[track_caller]
fn wait_stored(stack: &Stack, module: &Module) {
    let file = |kind| stack.storage.data().join(module.url(kind).trim_start_matches('/'));
    wait::until("all of the version is stored", Duration::from_secs(40), || file("info").exists());
    assert!(fs::read(file("zip")).unwrap() == module.zip().to_vec(), "other bytes");
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
}

#[test]
fn a_toolchain_is_read_once_and_stored_in_twice_its_memory() {
    let stack = alone(1);
    let before = stack.envoy.forget_peak();
    for (name, size) in [("one", 86 << 20), ("two", 90 << 20)] {
        let module =
            Module::new(&format!("toolchain.example/{name}"), "v0.0.1-go1.25.0.linux-amd64").padded(size);
        serve(&stack, &module);
        let is_stored = AtomicBool::new(false);
        let longest = thread::scope(|scope| {
            let bystander = scope.spawn(|| longest_answer(&stack, &is_stored));
            assert_eq!(fetch(&stack, &module).header("x-modgate-cache"), Some("upstream"));
            wait_stored(&stack, &module);
            is_stored.store(true, Ordering::Relaxed);
            bystander.join().unwrap()
        });
        assert_eq!(fetch(&stack, &module).header("x-modgate-cache"), Some("storage"));
        assert_eq!(reads(&stack, &module), (1, 1), "{name}: its beginning, to see how large it is");
        assert_eq!(stack.storage.hits_with("PUT", &module.url("zip")), 1, "{name}");
        let (growth, kept) =
            (stack.envoy.usage().peak.saturating_sub(before), stack.envoy.usage().rss - before);
        println!("{name}: {} MiB at most, {} MiB afterwards; {longest:?}", growth >> 20, kept >> 20);
        // Envoy takes its copy in one step.
        assert!(longest < Duration::from_secs(2), "{name}: another client waited {longest:?}");
        assert!(growth < 2 * size + SLACK, "{name}: Envoy grew by {} MiB", growth >> 20);
    }
}

#[test]
fn many_at_many_workers_take_the_memory_of_one() {
    let stack = alone(4);
    let before = stack.envoy.forget_peak();
    let size = 100 << 20;
    let modules = ["one", "two", "three"]
        .map(|name| Module::new(&format!("many.example/{name}"), "v1.0.0").padded(size));
    for module in &modules {
        serve(&stack, module);
    }
    // Each connection is of another worker, as likely as not.
    thread::scope(|scope| {
        for module in &modules {
            scope.spawn(|| fetch(&stack, module));
        }
    });
    for module in &modules {
        wait_stored(&stack, module);
        assert_eq!(reads(&stack, module).0, 1, "for its client");
    }
    let growth = stack.envoy.usage().peak.saturating_sub(before);
    println!("three at four workers: {} MiB at most", growth >> 20);
    // Of each its beginning too, of 8 MiB, once in its worker and once in Envoy: to see how large it is.
    assert!(growth < 2 * size + 2 * SLACK, "Envoy grew by {} MiB", growth >> 20);
}

at_two_workers!(a_client_that_hangs_up_does_not_cost_the_copy, what_is_too_large_says_so);

fn a_client_that_hangs_up_does_not_cost_the_copy(workers: u32) {
    let (stack, gate) = (start(workers), Gate::new());
    let module = Module::new("left.example/m", "v1.0.0").padded(70 << 20);
    serve(&stack, &module);
    stack.upstream.on(&module.url("zip"), reply(&module.zip()).held_in_body(40 << 20, &gate));
    let mut client = Conn::open(stack.envoy.addr()).unwrap();
    client.send(&Request::get(&module.url("zip"))).unwrap();
    assert_eq!(client.head().unwrap().status, 200);
    let mut read = 0;
    while read < 30 << 20 {
        read += client.skip_some().unwrap();
    }
    stack.upstream.on(&module.url("zip"), reply(&module.zip()));
    drop(client);
    gate.open();
    wait_stored(&stack, &module);
    assert_eq!(fetch(&stack, &module).header("x-modgate-cache"), Some("storage"));
    assert_eq!(stack.envoy.metric("storage_writes_total.outcome.left"), 1);
}

fn what_is_too_large_says_so(workers: u32) {
    let patch = json!({"storage": {"gather_bytes": 10 << 20}});
    let stack = Stack::with(&patch, |envoy| envoy.concurrency(workers));
    let module = Module::new("large.example/m", "v1.0.0").padded(11 << 20);
    serve(&stack, &module);
    for _ in 0..2 {
        assert_eq!(fetch(&stack, &module).header("x-modgate-cache"), Some("upstream"));
    }
    stack.envoy.wait_metric("storage_writes_total.outcome.too_large", 2);
    assert!(stack.envoy.log_contains("large.example/m@v1.0.0 is not stored: too_large"));
    assert!(!stack.storage.data().join(module.url("zip").trim_start_matches('/')).exists());
    assert_eq!(stack.get("/-/readyz").status, 200);
}
