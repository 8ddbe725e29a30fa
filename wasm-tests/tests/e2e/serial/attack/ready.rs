//! Whether a gateway is in rotation during an outage: all its workers say the same, and it is ready where it can serve.

use std::time::Duration;

use modgate_wasm_tests::attack::Trial;
use modgate_wasm_tests::attack::site::{calm, warm};
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::wait;
use serde_json::json;

const WORKERS: u32 = 4;
/// New connections: enough that every worker has some.
const PROBES: usize = 32;

/// How many of the probes were answered 200.
fn ready(envoy: &Envoy) -> usize {
    (0..PROBES).filter(|_| http::get(envoy.addr(), "/-/readyz").status == 200).count()
}

fn check(trial: &mut Trial, envoy: &Envoy, when: &str) {
    let count = ready(envoy);
    trial.check(count == PROBES, format!("{when}: ready in {count} of {PROBES} probes"));
}

#[test]
fn an_outage_of_the_upstream_takes_no_gateway_out_of_rotation() {
    let mut trial = Trial::beside("readiness in an outage");
    let (upstream, storage, dir) = (Faulty::start(), Nginx::storage(), tempfile::tempdir().unwrap());
    calm(&upstream);
    let (building, mut discovery) =
        builder(upstream.addr(), storage.addr()).concurrency(WORKERS).discovered(dir.path());
    let envoy = building.alone().start();
    trial.size(format!("{WORKERS} workers, {PROBES} probes each time"));
    trial.begin(&envoy);
    let list = "/calm.example/m/@v/list";
    wait::until("it is ready", Duration::from_secs(10), || {
        http::get(envoy.addr(), "/-/readyz").status == 200
    });
    // One worker alone has served; then its upstream goes.
    let mut kept = http::Conn::open(envoy.addr()).unwrap();
    for path in [list, &warm().url("mod"), &warm().url("zip")] {
        assert_eq!(kept.exchange(&http::Request::get(path)).unwrap().status, 200);
    }
    let stored = storage.data().join(list.trim_start_matches('/'));
    wait::until("the list is stored", Duration::from_secs(10), || stored.exists());
    let addr = upstream.addr();
    drop(upstream);
    check(&mut trial, &envoy, "the upstream gone");
    discovery.push(&json!({"freshness": {"list": "1s"}}));
    assert!(!envoy.wait_discovered(2));
    check(&mut trial, &envoy, "after a push");
    assert_eq!(envoy.get(list).status, 200, "it can serve");

    // A gateway that starts now can serve what storage has.
    let late = builder(addr, storage.addr()).concurrency(WORKERS).start();
    assert_eq!(late.get(list).status, 200, "it can serve");
    check(&mut trial, &late, "started in the outage");
    drop(late);

    // It is no constant: one that can serve nothing is not ready, and says so with every worker.
    drop(storage);
    let lost = builder(addr, addr).concurrency(WORKERS).start();
    let count = ready(&lost);
    trial.check(count == 0, format!("without storage and upstream: ready in {count} of {PROBES} probes"));
    trial.memory(&envoy);
    trial.end();
}
