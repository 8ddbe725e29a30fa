//! What an upstream or a client asks for with `Cache-Control`.

use std::thread::sleep;
use std::time::{Duration, Instant};

use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Scripted;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::{at_one_two_and_four_workers_together, wait};
use serde_json::{Value, json};

use super::{LIST, come_from};

at_one_two_and_four_workers_together!(
    an_upstream_may_shorten_what_is_configured,
    a_client_may_have_it_asked_anew_once_a_second,
    unless_clients_may_not
);

fn stack(workers: u32, freshness: &Value) -> Scripted {
    Scripted::with(&json!({"freshness": freshness}), |builder| builder.concurrency(workers))
}

fn an_upstream_may_shorten_what_is_configured(workers: u32) {
    let stack = stack(workers, &json!({"list": "60s", "stale_while_revalidate": "0s"}));
    let cases = [
        ("plain", None, false),
        ("shorter", Some("max-age=1"), true),
        ("shared", Some("public, max-age=3600, s-maxage=1"), true),
        ("longer", Some("max-age=3600"), false),
        ("never", Some("no-cache"), true),
    ];
    let path = |name: &str| format!("/{name}.example/m/@v/list");
    for (name, control, _) in cases {
        let reply = |list: &str| {
            let plain = Reply::ok(list).served();
            match control {
                Some(control) => plain.header("cache-control", control),
                None => plain,
            }
        };
        stack.upstream.on_each(&path(name), [reply("v1.0.0\n"), reply("v1.0.0\nv1.1.0\n")]);
        let answer = stack.get(&path(name));
        assert_eq!(answer.text(), "v1.0.0\n", "{name}");
        let left: Option<u32> = answer
            .header("cache-control")
            .and_then(|control| control.split_once("max-age=")?.1.split(',').next()?.parse().ok());
        assert_eq!(
            left.is_some_and(|left| left <= 1),
            control.is_some_and(|_| name != "longer"),
            "{name}: {answer:?}"
        );
    }
    sleep(Duration::from_millis(1300));
    for (name, _, anew) in cases {
        let answer = stack.get(&path(name));
        assert_eq!(answer.text().contains("v1.1.0"), anew, "{name}: {answer:?}");
        assert_eq!(stack.upstream.hits(&path(name)), if anew { 2 } else { 1 }, "{name}");
    }
}

fn a_client_may_have_it_asked_anew_once_a_second(workers: u32) {
    let stack = stack(workers, &json!({"list": "60s"}));
    let headers = [("cache-control", "no-cache"), ("cache-control", "max-age=0")];
    let path = |number: usize| format!("/m{number}.example/m/@v/list");
    for number in 0..headers.len() {
        let lists = ["v1.0.0\n", "v1.0.0\nv1.1.0\n"].map(|list| Reply::ok(list).served());
        stack.upstream.on_each(&path(number), lists);
        assert_eq!(stack.get(&path(number)).text(), "v1.0.0\n");
    }
    sleep(Duration::from_millis(1100));
    for (number, (name, value)) in headers.into_iter().enumerate() {
        let path = path(number);
        assert_eq!(come_from(&stack.get(&path)), (200, "hit"));
        let (begun, request) = (Instant::now(), Request::get(&path).header(name, value));
        let answers = Crowd::new(stack.envoy.addr(), request.clone()).and(40).answers();
        let took = begun.elapsed();
        println!("{workers} workers, {name}: {value}: {:?} in {took:?}", answers.tally());
        assert!(answers.0.iter().flatten().all(|answer| answer.text().contains("v1.1.0")), "{answers:?}");
        assert!(took < Duration::from_secs(1), "else more questions were right: {took:?}");
        assert_eq!(stack.upstream.hits(&path), 2, "{name}: {value}");
        assert_eq!(come_from(&stack.get(&path)), (200, "hit"));
    }
    let request = Request::get(&path(0)).header("cache-control", "no-cache");
    wait::until("a second later it is asked again", Duration::from_secs(3), || {
        assert_eq!(stack.envoy.send(&request).status, 200);
        stack.upstream.hits(&path(0)) == 3
    });
}

fn unless_clients_may_not(workers: u32) {
    let stack = stack(workers, &json!({"list": "60s", "client_no_cache": false}));
    stack.upstream.on(LIST, Reply::ok("v1.0.0\n").served());
    assert_eq!(stack.get(LIST).status, 200);
    sleep(Duration::from_millis(1100));
    let request = Request::get(LIST).header("cache-control", "no-cache");
    let answers = Crowd::new(stack.envoy.addr(), request).and(40).answers();
    assert_eq!((answers.from("hit"), stack.upstream.hits(LIST)), (40, 1), "{:?}", answers.tally());
}
