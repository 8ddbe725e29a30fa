//! A flood of names and versions that nobody has, none of them twice: it costs no memory, displaces nothing that is in use, and
//! reaches an upstream only as fast as the configuration allows.
//!
//! `make flood` runs it with a million; without a number (`MODGATE_FLOOD`) it is 160,000, however long a busy machine takes for them.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{UPSTREAM, builder};
use modgate_wasm_tests::http::{self, Request};
use modgate_wasm_tests::load::{Load, Shape, Tally};
use modgate_wasm_tests::wait;
use serde_json::json;

const WORKERS: u32 = 2;
/// Of each worker.
const SEARCHES: u32 = 64;
/// Of all workers together.
const CALLS: u32 = 64;
/// More than all workers search for at once, so that some have to be refused.
const FLOOD: Shape = Shape { threads: 2, connections: 128 };
/// In which Envoy's memory settles: the index is full by then, and every pool has its size.
const SETTLED: u64 = 80_000;
/// A hundred times and more what the index holds of "not found", half of it after the memory has settled.
const USUAL: u64 = 160_000;
const HOT: u64 = 100;
const LIST: &str = "v1.0.0\n";
const GO_MOD: &str = "module hot.example/m\n";

/// A hundred lists and go.mod files that everybody uses.
fn hot(number: u64) -> Request {
    let (file, body) = if number.is_multiple_of(2) { ("list", LIST) } else { ("v1.0.0.mod", GO_MOD) };
    let path = format!("/hot.example/m{}/@v/{file}", number % HOT);
    Request::get(&path).compare_body(body.into())
}

/// Every other time a version of a known module, else a module.
fn unknown(number: u64) -> Request {
    Request::get(&match number % 2 {
        0 => format!("/flood.example/m{number}/@v/list"),
        _ => format!("/hot.example/m0/@v/v1.1.{number}.info"),
    })
}

fn start() -> (Envoy, Faulty) {
    let upstream = Faulty::start();
    upstream.otherwise(|seen| match seen.target.rsplit('/').next() {
        Some("v1.0.0.mod") => Reply::ok(GO_MOD).served(),
        Some("list") if seen.target.starts_with("/hot") => Reply::ok(LIST).served(),
        // As fast as upstreams are not.
        _ => Reply::status(404).served().delay(Duration::from_millis(2)),
    });
    let configuration = json!({
        "storage": null,
        "fetch": {"concurrent": SEARCHES, "concurrent_per_upstream": CALLS},
        "freshness": {"list": "1h"},
    });
    let envoy = builder(upstream.addr(), upstream.addr())
        .patch_plugin(&configuration)
        .concurrency(WORKERS)
        .edit(|bootstrap| {
            // A record of each request would fill the disk; Envoy writes it in the same way without a filter.
            drop(bootstrap.hcm().as_object_mut().and_then(|hcm| hcm.remove("access_log")));
        })
        .alone()
        .start();
    (envoy, upstream)
}

/// Asks for what is hot from one connection, so that the flood has the workers otherwise to itself.
fn ask_hot(envoy: &Envoy) -> Load {
    Load::start(envoy.addr(), Shape { threads: 1, connections: 1 }, hot)
}

#[track_caller]
fn assert_hot(hot: &Tally, when: &str) {
    assert_eq!((hot.status(200), hot.wrong), (hot.total(), 0), "{when}: {hot}");
    assert!(hot.from("hit") * 100 >= hot.total() * 99, "{when}: {hot}");
    assert!(hot.total() >= 1000, "{when}: no load: {hot}");
}

#[test]
fn a_flood_of_unknown_names_costs_no_memory_and_no_hit() {
    let wanted = env::var("MODGATE_FLOOD")
        .map_or(USUAL, |number| number.parse::<u64>().expect("MODGATE_FLOOD is a number"));
    let (envoy, upstream) = start();
    for number in (0..HOT).cycle().take(5 * HOT as usize) {
        assert_eq!(envoy.send(&hot(number)).status, 200);
    }
    upstream.remember_nothing();
    let calm = ask_hot(&envoy);
    wait::until("a calm minute", Duration::from_secs(30), || calm.answered() >= 5000);
    let calm = calm.stop();
    println!("hot before: {calm}");
    assert_hot(&calm, "before");

    let (begun, hot) = (Instant::now(), ask_hot(&envoy));
    let flood = Load::start(envoy.addr(), FLOOD, unknown);
    wait::until("the memory settles", Duration::from_secs(300), || flood.answered() >= SETTLED);
    let (settled, mut most) = (envoy.usage().rss, 0);
    while flood.answered() < wanted {
        assert!(begun.elapsed() < Duration::from_secs(900), "only {} in 15 minutes", flood.answered());
        thread::sleep(Duration::from_millis(200));
        most = envoy.usage().rss.max(most);
    }
    let took = begun.elapsed();
    let (flood, hot) = (flood.stop(), hot.stop());
    println!("hot during: {hot}");
    println!("flood of {} in {took:?}: {flood}", flood.total());
    println!(
        "resident memory: {} KiB after {SETTLED}, then at most {} KiB; upstream: {} asked, at most {} at once",
        settled >> 10,
        most >> 10,
        upstream.count(),
        upstream.most_at_once()
    );
    assert_hot(&hot, "during the flood");
    assert!(most * 100 <= settled * 105, "it grows: from {settled} to {most}");

    assert_eq!(flood.status(404) + flood.status(503), flood.total(), "{flood}");
    assert!(flood.status(404) > 1000 && flood.status(503) > 1000, "both are to be seen: {flood}");
    assert_eq!(flood.without_retry, 0, "who is refused is told when to come back");
    let allowed = CALLS as usize;
    assert!(upstream.most_at_once() <= allowed, "{} at once", upstream.most_at_once());
    assert!(upstream.most_at_once() > allowed / 4, "the limit was not tried: {}", upstream.most_at_once());

    // It is over as soon as it is over.
    envoy.wait_idle(&[UPSTREAM]);
    let after = envoy.get("/flood.example/after/@v/list");
    assert_eq!(after.status, 404, "{}", after.text());
}

#[test]
fn all_workers_together_ask_an_upstream_no_more_at_once_than_it_may_be_asked() {
    const MOST: usize = 16;
    let upstream = Faulty::start();
    upstream.otherwise(|_| Reply::status(404).served().delay(Duration::from_millis(400)));
    let configuration = json!({"storage": null, "fetch": {"concurrent_per_upstream": MOST}});
    let envoy = builder(upstream.addr(), upstream.addr()).patch_plugin(&configuration).concurrency(4).start();
    let (addr, begun) = (envoy.addr(), Instant::now());
    let clients: Vec<_> = (0..64)
        .map(|client| {
            thread::spawn(move || {
                let path = |turn: u32| format!("/many{client}.example/m{turn}/@v/list");
                (0..8).map(|turn| http::get(addr, &path(turn)).status).collect::<Vec<_>>()
            })
        })
        .collect();
    let answers: Vec<_> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let [given, refused] = [404, 503].map(|status| answers.iter().filter(|other| **other == status).count());
    let most = upstream.most_at_once();
    println!("{given} asked, {refused} refused, at most {most} at once, in {:?}", begun.elapsed());
    assert_eq!(given + refused, answers.len(), "{answers:?}");
    assert!(most <= MOST, "{most} at once");
    // One in eight is left to what goes on.
    assert!(most >= MOST - MOST / 8 - 1, "the limit was not tried: {most}");
    envoy.wait_idle(&[UPSTREAM]);
    assert_eq!(envoy.get("/after.example/m/@v/list").status, 404, "there is room again");
}
