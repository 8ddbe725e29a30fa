//! Documents: a list, `@latest`, an info, a go.mod, a branch.

use std::time::Instant;

use modgate_wasm_tests::at_one_two_and_four_workers;
use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Stack, UPSTREAM};
use modgate_wasm_tests::http::Request;
use serde_json::json;

use super::{assert_spread, gather};

at_one_two_and_four_workers!(
    a_thousand_cold_requests_are_one_question,
    who_began_it_may_leave,
    what_a_crowd_was_told_is_known
);

const CROWD: usize = 1000;

fn asking(path: &str, body: &str) -> Request {
    Request::get(path).compare_body(body.into())
}

fn a_thousand_cold_requests_are_one_question(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    let go_mod = format!("module crowd.example/m\n// {}\n", "x".repeat(2000));
    for (file, body) in [
        ("@v/list", "v1.0.0\nv1.1.0\n"),
        ("@latest", r#"{"Version":"v1.1.0"}"#),
        ("@v/v1.0.0.info", r#"{"Version":"v1.0.0"}"#),
        ("@v/v1.0.0.mod", go_mod.as_str()),
        ("@v/main.info", r#"{"Version":"v1.1.1-0.20240102030405-0123456789ab"}"#),
    ] {
        let (path, gate) = (format!("/crowd.example/m/{file}"), Gate::new());
        stack.upstream.on(&path, Reply::ok(body).served().held(&gate));
        let crowd = gather(&stack.envoy, asking(&path, body), CROWD, || stack.upstream.hits(&path) > 0);
        let connections = assert_spread(&stack.envoy, workers);
        let opened = Instant::now();
        gate.open();
        let answers = crowd.answers();
        println!("{workers} workers {connections:?}, {file}: {:?} {:?}", opened.elapsed(), answers.tally());
        answers.assert_all(200, body.len() as u64);
        assert_eq!(stack.upstream.hits(&path), 1, "{file}");
        assert_eq!((answers.from("upstream"), answers.from("coalesced")), (1, CROWD - 1), "{file}");
        stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    }
}

fn who_began_it_may_leave(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    let (path, body, gate) = ("/crowd.example/m/@v/list", "v1.0.0\n", Gate::new());
    stack.upstream.on(path, Reply::ok(body).served().held(&gate));
    let mut crowd = gather(&stack.envoy, asking(path, body), CROWD, || stack.upstream.hits(path) > 0);
    assert_spread(&stack.envoy, workers);
    crowd.first_leaves();
    stack.envoy.wait_active(CROWD - 1);
    gate.open();
    let answers = crowd.answers();
    answers.assert_all(200, body.len() as u64);
    assert_eq!((answers.0.len(), stack.upstream.hits(path)), (CROWD - 1, 1));
}

/// Whoever asks next gets it from the index, on every worker, whichever of them fetched it.
fn what_a_crowd_was_told_is_known(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    let (path, body, gate) = ("/crowd.example/m/@v/v1.0.0.info", r#"{"Version":"v1.0.0"}"#, Gate::new());
    stack.upstream.on(path, Reply::ok(body).served().held(&gate));
    let crowd = gather(&stack.envoy, asking(path, body), 40, || stack.upstream.hits(path) > 0);
    gate.open();
    crowd.answers().assert_all(200, body.len() as u64);
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    let answers = Crowd::new(stack.envoy.addr(), asking(path, body)).and(40).answers();
    answers.assert_all(200, body.len() as u64);
    assert_eq!((answers.from("hit"), stack.upstream.hits(path)), (40, 1), "{:?}", answers.tally());
}
