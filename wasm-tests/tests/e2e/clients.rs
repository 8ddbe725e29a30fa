//! Many clients at once, and clients that leave.

use std::collections::BTreeMap;
use std::time::Duration;

use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, UPSTREAM};
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::module::{LARGEST_GO_MOD, Module, large_go_mod};
use modgate_wasm_tests::wait;
use serde_json::json;

const DOCUMENTS: [(&str, &str); 4] = [
    ("/crowd.example/m/@v/list", "v1.0.0\n"),
    ("/crowd.example/m/@latest", r#"{"Version":"v1.0.0"}"#),
    ("/crowd.example/m/@v/v1.0.0.info", r#"{"Version":"v1.0.0"}"#),
    ("/crowd.example/m/@v/v1.0.0.mod", "module crowd.example/m\n"),
];

fn stack(workers: u32) -> Scripted {
    Scripted::with(&json!({}), |envoy| envoy.concurrency(workers))
}

/// For those who look at its memory.
fn alone(workers: u32) -> Scripted {
    Scripted::with(&json!({}), |envoy| envoy.concurrency(workers).alone())
}

/// Requests under way, each on a connection of its own.
fn ask(stack: &Scripted, path: &str, count: usize) -> Vec<Conn> {
    (0..count)
        .map(|_| {
            let mut conn = Conn::open(stack.envoy.addr()).unwrap();
            conn.send(&Request::get(path)).unwrap();
            conn
        })
        .collect()
}

#[track_caller]
fn wait_for_clients(stack: &Scripted, count: u64) {
    wait::until(&format!("{count} requests are under way"), Duration::from_secs(20), || {
        stack.envoy.stat("http.modgate.downstream_rq_active") == count
    });
}

/// 200 clients for each document, all there before an upstream answers: the questions it is asked, document by document.
fn crowd(workers: u32) -> Vec<usize> {
    let (stack, gate) = (stack(workers), Gate::new());
    let mut asked = Vec::new();
    for (path, text) in DOCUMENTS {
        stack.upstream.on(path, Reply::ok(text).served().held(&gate));
        asked.push((path, text, ask(&stack, path, 200)));
    }
    wait_for_clients(&stack, 800);
    gate.open();
    let mut caches: BTreeMap<String, usize> = BTreeMap::new();
    for (path, text, clients) in &mut asked {
        for client in clients {
            let head = client.head().unwrap();
            let answer = client.rest(&Request::get(path), head).unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (200, *text), "{path}");
            *caches.entry(answer.header("x-modgate-cache").unwrap().to_owned()).or_default() += 1;
        }
    }
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    assert_eq!(caches.values().sum::<usize>(), 800);
    let fetched = DOCUMENTS.iter().map(|(path, _)| stack.upstream.hits(path)).collect::<Vec<_>>();
    assert_eq!(caches["upstream"], fetched.iter().sum::<usize>(), "{caches:?}");
    assert_eq!(stack.envoy.metrics("requests_total"), 800);
    fetched
}

#[test]
fn a_crowd_costs_one_question_over_all_workers() {
    for workers in [1, 4] {
        assert_eq!(crowd(workers), [1, 1, 1, 1], "{workers}");
    }
}

#[test]
fn a_fetch_outlives_the_client_that_began_it() {
    for (others, path) in
        [(0, "/leave.example/alone/@v/v1.0.0.mod"), (3, "/leave.example/crowd/@v/v1.0.0.mod")]
    {
        let (stack, gate) = (stack(1), Gate::new());
        stack.upstream.on(path, Reply::ok("module leave.example/m\n").served().held(&gate));
        let first = ask(&stack, path, 1);
        stack.upstream.wait_hits(path, 1);
        let mut rest = ask(&stack, path, others);
        wait_for_clients(&stack, others as u64 + 1);
        drop(first);
        wait_for_clients(&stack, others as u64);
        gate.open();
        for client in &mut rest {
            let head = client.head().unwrap();
            assert_eq!((head.status, head.header("x-modgate-cache")), (200, Some("coalesced")));
        }
        // It is written and indexed, whoever is left to be answered.
        stack.storage.wait_hits(path, 2);
        assert_eq!(stack.storage.requests_for(path)[1].method, "PUT");
        assert_eq!(stack.storage.requests_for(path)[1].body, b"module leave.example/m\n");
        assert_eq!(stack.get(path).header("x-modgate-cache"), Some("hit"), "{others} others");
        assert_eq!(stack.upstream.hits(path), 1);
    }
}

#[test]
fn a_thousand_clients_that_leave_cost_nothing() {
    let (stack, late) = (alone(2), Gate::new());
    // A document that waits for the upstream, and a zip that waits for what storage says.
    let (document, zip) = ("/gone.example/m/@v/v1.0.0.mod", "/gone.example/m/@v/v1.0.0.zip");
    stack.upstream.on(document, Reply::ok("module gone.example/m\n").held(&late));
    let whole = || Reply::ok(Module::at(zip).zip()).served();
    let stored = [Reply::status(404).served().held(&late), whole().ranges()];
    stack.storage.on_each(&format!("GET {zip}"), stored);
    stack.upstream.on(zip, whole());
    let mut sizes = Vec::new();
    for _ in 0..5 {
        let clients = (ask(&stack, document, 150), ask(&stack, zip, 50));
        wait_for_clients(&stack, 200);
        drop(clients);
        wait_for_clients(&stack, 0);
        sizes.push(stack.envoy.usage().rss);
    }
    late.open();
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    assert_eq!(stack.upstream.hits(zip), 1, "what was begun is stored for the next");
    assert_eq!(stack.upstream.hits(document), 1, "one question for all");
    let growth = sizes[4].saturating_sub(sizes[0]);
    println!("after 200 and after 1000 clients: {} KiB", growth >> 10);
    assert!(growth < 4 << 20, "{sizes:?}");
    assert_eq!((stack.get(document).status, stack.get(zip).status), (200, 200));
    assert_eq!(stack.upstream.hits(zip), 1);
}

#[test]
fn clients_that_leave_before_anything_is_known_leave_nothing() {
    let stack = stack(1);
    for number in 0..200 {
        // At once, in the middle of its head, after a byte of the answer.
        let path = format!("/hasty.example/m{number}/@v/v1.0.0.mod");
        stack.upstream.on(&path, Reply::ok("module m\n").served());
        let mut conn = Conn::open(stack.envoy.addr()).unwrap();
        match number % 3 {
            0 => conn.write(b"GET /hasty.example/").unwrap(),
            1 => conn.send(&Request::get(&path)).unwrap(),
            _ => {
                conn.send(&Request::get(&path)).unwrap();
                assert_eq!(conn.head().unwrap().status, 200);
            }
        }
    }
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
}

#[test]
fn a_crowd_for_the_largest_document_shares_one_copy() {
    const LARGEST: u64 = LARGEST_GO_MOD as u64;
    const CLIENTS: u64 = 24;
    let largest = Body::from(large_go_mod(LARGEST_GO_MOD));
    let (stack, gate, path) = (alone(1), Gate::new(), "/large.example/m/@v/v1.0.0.mod");
    stack.upstream.on(path, Reply::ok(largest.clone()).held(&gate));
    let clients = ask(&stack, path, 24);
    wait_for_clients(&stack, CLIENTS);
    let before = stack.envoy.forget_peak();
    gate.open();
    let request = Request::get(path).compare_body(largest);
    let mut given = 0;
    for mut client in clients {
        let head = client.head().unwrap();
        let answer = client.rest(&request, head).unwrap();
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), Some("5"));
            continue;
        }
        assert_eq!((answer.status, answer.length, answer.pattern), (200, LARGEST, true));
        given += 1;
    }
    // As many as may be unread at once.
    assert!((2..=4).contains(&given), "{given}");
    // Envoy makes two copies for each client who is given it; the filter, and the write to storage, a few in all.
    let growth = stack.envoy.usage().peak - before;
    println!("{given} of {CLIENTS} clients of 16 MiB: {} MiB", growth >> 20);
    assert!(growth < (2 * 4 + 16) * LARGEST, "{} MiB", growth >> 20);
}
