//! Thousands of requests that wait for one answer, with and without 60 KiB of headers each, which cost the sender 60 bytes.

use std::time::Duration;

use modgate_wasm_tests::attack::site::Site;
use modgate_wasm_tests::attack::{Fleet, Form, Trial, bounds};
use modgate_wasm_tests::faulty::{Gate, Reply};

/// Nobody needs more than one module more often.
const STREAMS: usize = 100;
const SLOW: &str = "/slow.example/m/@v/list";

#[test]
fn headers_of_60_kib_for_60_bytes() {
    // At 19,317 of them the worker's VM had no memory left.
    crowd("header bomb", Form::wanted().of(6_000, 24_000), Some((3900, 14)));
}

#[test]
fn headers_that_a_limit_of_16_kib_lets_through() {
    crowd("small header bomb", Form::wanted().of(10_000, 24_000), Some((3900, 3)));
}

#[test]
fn twenty_thousand_who_wait() {
    crowd("waiters", Form::wanted().of(5_000, 20_000), None);
}

fn crowd(name: &'static str, count: usize, ballast: Option<(usize, usize)>) {
    let mut trial = Trial::alone(name);
    let (site, gate) = (Site::start(1), Gate::new());
    site.upstream.on(SLOW, Reply::ok("v1.0.0\n").served().held(&gate));
    let others = site.bystander();
    others.wait(50);
    trial.begin(&site.envoy);
    let mut fleet = Fleet::new(site.envoy.addr(), STREAMS, 64 << 10);
    if let Some((bytes, times)) = ballast {
        fleet = fleet.ballast(bytes, times);
    }
    fleet.send(count, |_| SLOW.to_owned(), || site.envoy.usage().rss < bounds::FUSE);
    // The last of them arrive, and others ask while all of them wait.
    std::thread::sleep(Duration::from_secs(2));
    trial.size(format!(
        "{} of {count} GETs, {} connections, {} kB sent",
        fleet.requests(),
        fleet.connections(),
        fleet.bytes() / 1000
    ));
    gate.open();
    let outcome = fleet.outcome(Duration::from_secs(20));
    let unanswered = outcome.get("no answer").copied().unwrap_or_default();
    trial.check(unanswered == 0, format!("{unanswered} have no answer after 20 s"));
    if ballast.is_none() {
        let served = outcome.get("200").copied().unwrap_or_default();
        trial.check(served > 0, "none of those who waited was served");
    }
    trial.note(format!("{outcome:?}"));
    trial.memory(&site.envoy);
    trial.others(others.stop());
    trial.end();
}
