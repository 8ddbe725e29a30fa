//! Rules that come from a URL: how soon they hold, and what holds when they cannot be had.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::{self, Request};
use modgate_wasm_tests::port::Port;
use modgate_wasm_tests::{at_one_and_four_workers, wait};
use serde_json::json;

at_one_and_four_workers!(
    a_new_rule_holds_soon_on_every_worker_and_no_request_is_lost,
    what_was_read_last_holds_while_nothing_better_can_be_had
);

const BUNDLE: &str = "/policy/bundle.json";
const GOOD: &str = "/good.example/m/@v/v1.0.0.mod";
const EVIL: &str = "/evil.example/m/@v/v1.0.0.mod";
/// An interval, half a second until a clock ticks, and as much until the others have noticed; and a slow machine.
const SOON: Duration = Duration::from_secs(5);

struct Stack {
    envoy: Envoy,
    workers: u32,
    _upstream: Faulty,
    _storage: Faulty,
}

impl Stack {
    fn start(workers: u32, rules: SocketAddr, edit: impl FnOnce(Builder) -> Builder) -> Self {
        let (upstream, storage) = (Faulty::start(), Faulty::store());
        for path in [GOOD, EVIL] {
            upstream.on(path, Reply::ok("module m\n"));
        }
        let bundle =
            json!({"cluster": "rules", "url": format!("http://rules.example{BUNDLE}"), "interval": "1s"});
        let builder = builder(upstream.addr(), storage.addr())
            .cluster("rules", rules)
            .concurrency(workers)
            .patch_plugin(&json!({"policy": {"bundle": bundle}}));
        Self { envoy: edit(builder).start(), workers, _upstream: upstream, _storage: storage }
    }

    /// Waits until every worker answers `path` so; for how long.
    fn wait_for(&self, path: &str, status: u16) -> Duration {
        let begun = Instant::now();
        wait::until(&format!("{path} is {status} everywhere"), SOON, || {
            let crowd = Crowd::new(self.envoy.addr(), Request::get(path)).and(25 * self.workers as usize);
            crowd.answers().0.iter().flatten().all(|answer| answer.status == status)
        });
        begun.elapsed()
    }

    fn polls(&self, outcome: &str) -> u64 {
        self.envoy.stat(&format!("wasmcustom.modgate.policy_bundle_polls_total.outcome.{outcome}"))
    }

    fn logged(&self, text: &str) -> usize {
        self.envoy.log().matches(text).count()
    }
}

fn publish(rules: &Faulty, version: u64, denied: &str) {
    let bundle = json!({"version": version, "rules": [
        {"name": "bundled", "modules": [denied], "action": "deny", "reason": "because"},
    ]});
    rules.on(BUNDLE, Reply::ok(bundle.to_string()).etag(&format!("W/\"{version}\"")).served());
}

fn a_new_rule_holds_soon_on_every_worker_and_no_request_is_lost(workers: u32) {
    let rules = Faulty::start();
    publish(&rules, 1, "nobody.example");
    let stack = Stack::start(workers, rules.addr(), |builder| builder);
    stack.wait_for(GOOD, 200);
    stack.wait_for(EVIL, 200);

    let (end, addr) = (Gate::new(), stack.envoy.addr());
    let clients = [(); 4].map(|()| {
        let end = end.clone();
        thread::spawn(move || {
            let mut served = 0;
            while !end.is_open() {
                assert_eq!(http::get(addr, GOOD).status, 200);
                served += 1;
            }
            served
        })
    });
    let mut took = Vec::new();
    for version in 2..5 {
        let is_denied = version % 2 == 0;
        publish(&rules, version, if is_denied { "evil.example" } else { "nobody.example" });
        took.push(stack.wait_for(EVIL, if is_denied { 403 } else { 200 }));
    }
    end.open();
    let served: u32 = clients.into_iter().map(|client| client.join().unwrap()).sum();
    println!("{workers} workers: in force after {took:?}, {served} requests meanwhile");
    assert!(served > 50, "{served} requests were no load");

    let refused = stack.envoy.get(EVIL).text();
    assert!(refused.contains("bundled") && refused.contains("because"), "{refused}");
    let sent = rules.requests_for(BUNDLE);
    let unconditional = sent.iter().filter(|seen| seen.header("if-none-match").is_none()).count();
    assert_eq!(unconditional, 1, "with the tag of the one in force, but for the first");
    // Counts and gauges reach the host with the next tick. One worker has read each version for all.
    let lines = [
        "modgate_policy_bundle_version{} 4",
        "modgate_policy_bundle_age_seconds{} ",
        "modgate_policy_bundle_polls_total{outcome=\"changed\"} 4",
    ];
    wait::until(&format!("metrics have {lines:?}"), SOON, || {
        let prometheus = stack.envoy.prometheus();
        lines.iter().all(|line| prometheus.contains(line))
    });
}

fn what_was_read_last_holds_while_nothing_better_can_be_had(workers: u32) {
    let port = Port::reserve();
    let addr = port.addr();
    let rules = Faulty::start_at(addr);
    publish(&rules, 1, "evil.example");
    let dir = tempfile::tempdir().unwrap();
    let mut discovery = None;
    let stack = Stack::start(workers, addr, |builder| {
        let (builder, file) = builder.discovered(dir.path());
        discovery = Some(file);
        builder
    });
    let mut discovery = discovery.unwrap();
    stack.wait_for(EVIL, 403);

    rules.on(
        BUNDLE,
        Reply::ok(r#"{"version": 2, "rules": [{"modules": ["*"], "action": "denny"}]}"#).served(),
    );
    wait::until("it is read twice", SOON, || stack.polls("invalid") >= 2);
    assert_eq!(stack.logged("policy bundle: refused: $.rules[0].action"), 1);
    drop(rules);
    wait::until("it is asked for twice", SOON, || stack.polls("failed") >= 2);
    assert_eq!(stack.logged("; version 1 stays in force"), 2, "once for each trouble");

    // Under another configuration too, from its first request on.
    for number in 1..=3 {
        discovery.push(&json!({"admin": {"path_prefix": format!("/-/page{number}/")}}));
        assert!(!stack.envoy.wait_discovered(1 + number));
        for (path, status) in [(EVIL, 403), (GOOD, 200), (&format!("/-/page{number}/readyz"), 200)] {
            let answers = Crowd::new(stack.envoy.addr(), Request::get(path)).and(40).answers();
            assert!(
                answers.0.iter().flatten().all(|answer| answer.status == status),
                "{path}: {:?}",
                answers.tally()
            );
        }
    }

    let rules = Faulty::start_at(addr);
    publish(&rules, 1, "evil.example");
    wait::until("its source is back", SOON, || stack.logged("policy bundle: it can be read again") == 1);
    publish(&rules, 2, "good.example");
    stack.wait_for(EVIL, 200);
    stack.wait_for(GOOD, 403);
}

#[test]
fn nothing_is_given_before_it_was_read() {
    let port = Port::reserve();
    let addr = port.addr();
    let stack = Stack::start(2, addr, |builder| builder);
    wait::until("it is asked for", SOON, || stack.polls("failed") >= 1);
    let early = stack.envoy.get(GOOD);
    assert_eq!((early.status, early.header("retry-after")), (503, Some("5")));
    assert!(early.text().contains("has not read its policy bundle yet"), "{}", early.text());
    assert_eq!(stack.envoy.get("/-/healthz").status, 200);
    let unready = stack.envoy.get("/-/readyz");
    assert_eq!(unready.status, 503);
    assert!(unready.text().contains("\"policy_bundle\":null"), "{}", unready.text());

    let rules = Faulty::start_at(addr);
    publish(&rules, 7, "evil.example");
    let took = stack.wait_for(GOOD, 200);
    println!("served {took:?} after its source was there");
    let ready = stack.envoy.get("/-/readyz");
    assert_eq!(ready.status, 200);
    assert!(ready.text().contains("\"policy_bundle\":7"), "{}", ready.text());
    assert_eq!(stack.envoy.get(EVIL).status, 403);
}
