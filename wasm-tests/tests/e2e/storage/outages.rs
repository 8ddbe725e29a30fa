//! A store that is down, full or forbidden costs the copies and nothing else.

use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::{at_one_and_four_workers, wait};

use super::put;

at_one_and_four_workers!(
    a_store_that_is_down_costs_the_copies_alone,
    a_write_that_fails_costs_nobody_anything
);

fn a_store_that_is_down_costs_the_copies_alone(workers: u32) {
    let (mut storage, upstream) = (Nginx::storage(), Faulty::start());
    let module = |number: u32| Module::new(&format!("example.com/m{number}"), "v1.0.0");
    (0..3).for_each(|number| upstream.serve(&module(number)));
    let all = |envoy: &Envoy, number: u32| {
        let _ = Go::new(&envoy.url()).mod_download(&[&module(number).query()]).expect_ok();
        assert_eq!(envoy.get(&module(number).list_url()).status, 200);
    };

    storage.stop();
    let envoy = fixture::builder(upstream.addr(), storage.addr()).concurrency(workers).start();
    all(&envoy, 0);
    assert_eq!(
        envoy.metrics("storage_writes_total"),
        0,
        "where somebody has just asked in vain nothing is sent"
    );
    let asked = envoy.metric("callouts_total.target.storage.outcome.unreachable");
    assert!(
        (1..=2).contains(&asked),
        "the others do not wait where somebody has just waited in vain: {asked}"
    );
    let missing = envoy.get("/example.com/none/@v/v1.0.0.mod");
    assert_eq!(missing.status, 502, "the store may have it");
    assert_eq!(
        envoy.get("/example.com/none/@v/list").status,
        404,
        "of what changes an upstream's word counts"
    );

    storage.start_again();
    // Until then it is asked last, and given nothing.
    sleep(Duration::from_secs(6));
    all(&envoy, 1);
    envoy.wait_metric("storage_writes_total.outcome.stored", 5);
    assert_eq!(storage.files().len(), 5, "info, go.mod, zip and list, and the info aside");

    // A zip that the store was said to have comes from the upstream once it was seen that it does not.
    put(&storage, &module(2).url("zip"), module(2).zip().to_vec());
    assert_eq!(envoy.get(&module(2).url("zip")).header("x-modgate-cache"), Some("storage"));
    storage.stop();
    let answer = envoy.get(&module(2).url("zip"));
    assert_eq!((answer.status, answer.header("retry-after")), (502, Some("5")));
    all(&envoy, 2);
    assert_eq!(envoy.get(&module(1).url("info")).header("x-modgate-cache"), Some("hit"));
}

fn a_write_that_fails_costs_nobody_anything(workers: u32) {
    let (storage, upstream) = (Faulty::start(), Faulty::start());
    let envoy = fixture::builder(upstream.addr(), storage.addr()).concurrency(workers).start();
    let never = Gate::new();
    for (name, reply, outcome) in [
        ("full", Reply::status(507), "full"),
        ("forbidden", Reply::status(403), "refused"),
        ("unauthorized", Reply::status(401), "refused"),
        ("broken", Reply::status(500), "refused"),
        ("conflict", Reply::status(409), "conflict"),
        ("cut", Reply::ok("").close_before_head(), "dropped"),
    ] {
        let module = Module::new(&format!("example.com/{name}"), "v1.0.0");
        upstream.serve(&module);
        let before = envoy.metric(&format!("storage_writes_total.outcome.{outcome}"));
        storage.on(&format!("PUT {}", module.url("mod")), reply);
        for cache in ["upstream", "hit"] {
            let answer = envoy.get(&module.url("mod"));
            assert_eq!((answer.status, answer.text().as_str()), (200, module.go_mod()), "{name}");
            assert_eq!(answer.header("x-modgate-cache"), Some(cache), "{name}");
        }
        envoy.wait_metric(&format!("storage_writes_total.outcome.{outcome}"), before + 1);
        let line = format!("writes to storage: {outcome}");
        wait::until(&line, Duration::from_secs(5), || envoy.log_contains(&line));
        let methods: Vec<String> = storage.requests().into_iter().map(|seen| seen.method).collect();
        assert_eq!(methods, ["GET", "PUT"], "{name}: no second try");
        storage.forget();
    }
    // The answer is out before the store has taken the copy.
    let slow = Module::new("example.com/slow", "v1.0.0");
    upstream.serve(&slow);
    storage.on(&format!("PUT {}", slow.url("mod")), Reply::status(201).held(&never));
    assert_eq!(envoy.send(&Request::get(&slow.url("mod")).deadline(Duration::from_secs(4))).status, 200);
    storage.wait_hits(&slow.url("mod"), 2);
    never.open();
    envoy.wait_metric("storage_writes_total.outcome.stored", 1);
}
