//! A hot list that expires: one worker asks anew, and nobody waits for it.

use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{Scripted, Stack};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::load::{Load, Shape, Tally};
use modgate_wasm_tests::{at_one_two_and_four_workers_together, wait};
use serde_json::json;

use super::LIST;

at_one_two_and_four_workers_together!(
    a_hot_list_costs_one_question_each_time_it_expires,
    nobody_waits_for_a_slow_refresh
);

const BODY: &str = "v1.0.0\nv1.1.0\n";

/// On as many connections that every worker has some.
const SHAPE: Shape = Shape { threads: 2, connections: 12 };

fn ask(_: u64) -> Request {
    Request::get(LIST).compare_body(BODY.into()).deadline(Duration::from_secs(8))
}

/// All were served, without waiting for the upstream.
#[track_caller]
fn assert_served(tally: &Tally) {
    assert_eq!((tally.status(200), tally.wrong), (tally.total(), 0), "{tally}");
    assert_eq!(tally.from("hit") + tally.from("stale"), tally.total(), "nobody waited: {tally}");
    assert!(tally.total() > 2000, "no load: {tally}");
}

fn a_hot_list_costs_one_question_each_time_it_expires(workers: u32) {
    let stack = Stack::with(&json!({"freshness": {"list": "1s"}}), |builder| builder.concurrency(workers));
    stack.upstream.on(LIST, Reply::ok(BODY).served().delay(Duration::from_millis(50)));
    assert_eq!(stack.get(LIST).status, 200);
    let load = Load::start(stack.envoy.addr(), SHAPE, ask);
    sleep(Duration::from_millis(4300));
    let tally = load.stop();
    let refreshes = stack.upstream.hits(LIST) - 1;
    println!("{workers} workers: {refreshes} refreshes in 4.3 s; {tally}");
    assert_served(&tally);
    assert!((3..=5).contains(&refreshes), "{refreshes} refreshes");
    let asked = stack.upstream.requests_for(LIST);
    let closest = asked.windows(2).map(|pair| pair[1].at - pair[0].at).min();
    assert!(closest > Some(Duration::from_millis(700)), "two refreshes for one: {closest:?}");
}

fn nobody_waits_for_a_slow_refresh(workers: u32) {
    let stack = Scripted::with(&json!({"freshness": {"list": "1s"}}), |builder| builder.concurrency(workers));
    let gate = Gate::new();
    let slow = Reply::ok("v1.0.0\nv1.1.0\nv1.2.0\n").served().held(&gate);
    stack.upstream.on_each(LIST, [Reply::ok(BODY).served(), slow]);
    assert_eq!(stack.get(LIST).status, 200);
    let load = Load::start(stack.envoy.addr(), SHAPE, ask);
    sleep(Duration::from_secs(4));
    let tally = load.stop();
    println!("{workers} workers, an upstream that hangs: {tally}");
    assert_served(&tally);
    assert!(tally.within(100) < Duration::from_secs(1), "{tally}");
    assert_eq!(stack.upstream.hits(LIST), 2, "the one that hangs is the only one");
    // What it says in the end is what every worker then says.
    gate.open();
    let answers = || Crowd::new(stack.envoy.addr(), Request::get(LIST)).and(40).answers();
    wait::until("all have the new list", Duration::from_secs(5), || {
        answers().0.iter().flatten().all(|answer| answer.text().contains("v1.2.0"))
    });
}
