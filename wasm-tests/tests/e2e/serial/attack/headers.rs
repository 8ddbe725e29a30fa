//! Thousands of requests that wait for one answer, with and without 60 KiB of headers each, which cost the sender 60 bytes.

use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::attack::site::Site;
use modgate_wasm_tests::attack::{Fleet, Form, Trial, bounds};
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::module::Module;

/// Of one connection; the shipped configuration may allow fewer.
const STREAMS: usize = 100;
const LIST: &str = "/slow.example/m/@v/list";
const ZIP: &str = "/slow.example/m/@v/v1.0.0.zip";
/// A header that just fits into HPACK's table, and so many of it as Envoy takes unless it is told otherwise (60 KiB).
const BALLAST: usize = 3900;
const MOST: usize = 14;

#[test]
fn headers_of_60_kib_for_60_bytes() {
    // At 19,317 of them the worker's VM had no memory left.
    crowd("header bomb", LIST, Form::wanted().of(6_000, 24_000), |_| MOST);
}

#[test]
fn headers_as_large_as_they_may_be() {
    crowd("header bomb that is let through", LIST, Form::wanted().of(6_000, 24_000), largest);
}

#[test]
fn headers_of_a_usual_size() {
    crowd("small header bomb", LIST, Form::wanted().of(6_000, 24_000), |_| 1);
}

#[test]
fn twenty_thousand_who_wait_for_a_list() {
    crowd("waiters for a list", LIST, Form::wanted().of(5_000, 20_000), |_| 0);
}

#[test]
fn twenty_thousand_who_wait_for_a_zip() {
    crowd("waiters for a zip", ZIP, Form::wanted().of(5_000, 20_000), |_| 0);
}

/// How many times the ballast may be in a request that the gateway answers.
fn largest(site: &Site) -> usize {
    let takes = |times: &usize| {
        let mut fleet = Fleet::new(site.envoy.addr(), 1, 64 << 10).ballast(BALLAST, *times);
        fleet.send(1, |_| "/-/healthz".to_owned(), || true);
        fleet.outcome(Duration::from_secs(5)).contains_key("200")
    };
    (1..=MOST).rev().find(takes).unwrap_or_default()
}

fn crowd(name: &'static str, path: &str, count: usize, ballast: fn(&Site) -> usize) {
    let mut trial = Trial::alone(name);
    let (site, gate) = (Site::start(1), Gate::new());
    let module = Module::at(ZIP);
    site.upstream.on(LIST, Reply::ok("v1.0.0\n").served().held(&gate));
    site.upstream.on(ZIP, Reply::ok(module.zip()).served().held(&gate));
    let times = ballast(&site);
    let others = site.bystander();
    others.wait(50);
    trial.begin(&site.envoy);
    let mut fleet = Fleet::new(site.envoy.addr(), STREAMS, 64 << 10).ballast(BALLAST, times);
    fleet.send(count, |_| path.to_owned(), || site.envoy.usage().rss < bounds::FUSE);
    // The last of them arrive, and others ask while all of them wait.
    sleep(Duration::from_secs(2));
    trial.size(format!(
        "{} of {count} GETs with {times} x {BALLAST} bytes, {} connections, {} kB sent",
        fleet.requests(),
        fleet.connections(),
        fleet.bytes() / 1000
    ));
    gate.open();
    let outcome = fleet.outcome(Duration::from_secs(20));
    let unanswered = outcome.get("no answer").copied().unwrap_or_default();
    trial.check(unanswered == 0, format!("{unanswered} have no answer after 20 s"));
    if times == 0 {
        let served = outcome.get("200").copied().unwrap_or_default();
        trial.check(served > 0, "none of those who waited was served");
    }
    trial.note(format!("{outcome:?}"));
    if let Some(error) = fleet.refused() {
        trial.note(format!("no more connections: {error}"));
    }
    trial.memory(&site.envoy);
    trial.others(others.stop());
    trial.end();
}
