//! A failure is shared as an answer is: an upstream in trouble is not asked a thousand times for it.

use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Stack, UPSTREAM, tries};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::{at_one_and_four_workers, at_one_two_and_four_workers_together};
use serde_json::json;

use super::{assert_spread, gather};

at_one_and_four_workers!(everybody_is_told_the_same_failure);

at_one_two_and_four_workers_together!(
    nobody_waits_for_ever,
    what_is_fetched_too_late_for_a_crowd_is_there_for_the_next
);

const CROWD: usize = 300;

fn everybody_is_told_the_same_failure(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    for (name, reply, status, outcome) in [
        ("error", Reply::status(500).served(), 502, "error"),
        ("overloaded", Reply::status(503).header("retry-after", "170").served(), 503, "refused"),
        ("missing", Reply::status(404).served(), 404, "missing"),
        ("gone", Reply::status(410).served(), 410, "missing"),
        ("refused", Reply::status(403).body("licence").served(), 403, "refused"),
        ("page", Reply::ok("<html>").header("content-type", "text/html").served(), 502, "ok"),
        ("cut", Reply::huge(9_000).close_after(100), 502, "broken"),
        ("closed", Reply::ok("").close_before_head(), 502, "dropped"),
    ] {
        let (path, gate) = (format!("/{name}.example/m/@v/v1.0.0.mod"), Gate::new());
        stack.upstream.on(&path, reply.held(&gate));
        let crowd = gather(&stack.envoy, Request::get(&path), CROWD, || stack.upstream.hits(&path) > 0);
        assert_spread(&stack.envoy, workers);
        gate.open();
        let answers = crowd.answers();
        println!("{workers} workers, {name}: {:?}", answers.tally());
        let told = answers.0[0].as_ref().unwrap();
        assert_eq!((told.status, told.header("retry-after").is_some()), (status, status >= 502), "{name}");
        for answer in &answers.0 {
            let answer = answer.as_ref().unwrap();
            assert_eq!(
                (answer.status, answer.text(), answer.header("retry-after")),
                (status, told.text(), told.header("retry-after")),
                "{name}"
            );
        }
        assert_eq!(stack.upstream.hits(&path) as u64, tries(outcome), "{name}");
        stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    }
}

fn nobody_waits_for_ever(workers: u32) {
    let stack = Stack::with(&json!({"fetch": {"wait": "2s"}}), |builder| builder.concurrency(workers));
    let (path, never) = ("/silent.example/m/@v/v1.0.0.mod", Gate::new());
    stack.upstream.on(path, Reply::ok("").held(&never));
    let begun = Instant::now();
    let crowd = gather(&stack.envoy, Request::get(path), 40, || stack.upstream.hits(path) > 0);
    assert_spread(&stack.envoy, workers);
    let answers = crowd.answers();
    let waited = begun.elapsed();
    println!("{workers} workers: {waited:?} {:?}", answers.tally());
    for answer in &answers.0 {
        let answer = answer.as_ref().unwrap();
        assert_eq!((answer.status, answer.header("retry-after").is_some()), (504, true), "{}", answer.text());
    }
    assert!((Duration::from_millis(1900)..Duration::from_secs(5)).contains(&waited), "{waited:?}");
    assert_eq!(stack.upstream.hits(path), 1);
    never.open();
}

fn what_is_fetched_too_late_for_a_crowd_is_there_for_the_next(workers: u32) {
    let stack = Stack::with(&json!({"fetch": {"wait": "1s"}}), |builder| builder.concurrency(workers));
    let (path, gate) = ("/late.example/m/@v/v1.0.0.mod", Gate::new());
    stack.upstream.on(path, Reply::ok("module m\n").served().held(&gate));
    let crowd = gather(&stack.envoy, Request::get(path), 40, || stack.upstream.hits(path) > 0);
    assert!(crowd.answers().0.iter().flatten().all(|answer| answer.status == 504));
    gate.open();
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    let answer = stack.get(path);
    assert_eq!((answer.status, answer.header("x-modgate-cache")), (200, Some("hit")));
    assert_eq!(stack.upstream.hits(path), 1);
}
