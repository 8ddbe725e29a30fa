//! How long requests and callouts take, as histograms, and who the callouts ask.

use std::time::Duration;

use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{Scripted, builder};
use modgate_wasm_tests::wait;
use serde_json::json;

use super::{histograms, series};

const MOD: &str = "/times.example/m/@v/v1.0.0.mod";
/// Envoy adds histograms up every five seconds (`stats_flush_interval`).
const FLUSHED: Duration = Duration::from_secs(20);

#[test]
fn who_waited_is_in_a_histogram_and_who_did_not_is_in_none() {
    let stack = Scripted::with(&json!({}), |envoy| envoy);
    let late = Duration::from_millis(300);
    stack.upstream.on(MOD, Reply::ok("module times.example/m\n").delay(late));
    let gone = "/times.example/gone/@v/v1.0.0.mod";
    stack.upstream.on(gone, Reply::ok("").close_before_head());
    assert_eq!((stack.get(MOD).status, stack.get(gone).status), (200, 502));
    for _ in 0..20 {
        assert_eq!(stack.get(MOD).header("x-modgate-cache"), Some("hit"));
    }
    assert_eq!(stack.get("/-/healthz").status, 200);
    stack.envoy.wait_metric("storage_writes_total.outcome.stored", 1);

    // Each of four attempts; the pauses between them are the request's.
    let names = [
        ("modgate_request_duration_ms{cache=\"upstream\",kind=\"mod\"}", 1),
        ("modgate_callout_duration_ms{class=\"2xx\",target=\"golang\"}", 1),
        ("modgate_request_duration_ms{cache=\"none\",kind=\"mod\"}", 1),
        ("modgate_callout_duration_ms{class=\"none\",target=\"golang\"}", 4),
    ];
    let seen = wait::poll(FLUSHED, || {
        let seen = histograms(&stack.envoy);
        let has = |(name, count): &(&str, u64)| seen.get(*name).is_some_and(|(seen, _)| seen == count);
        names.iter().all(has).then_some(seen)
    });
    let seen = seen.unwrap_or_else(|| panic!("{:?}", histograms(&stack.envoy)));
    // Envoy knows a value up to a tenth.
    for (name, least) in [(names[0].0, 250.0), (names[1].0, 250.0), (names[2].0, 100.0)] {
        let (_, sum) = seen[name];
        assert!((least..10_000.0).contains(&sum), "{name}: {sum} ms");
    }
    assert!(seen.keys().all(|name| !name.contains("\"hit\"") && !name.contains("\"page\"")), "{seen:?}");
    assert_eq!(series(&stack.envoy)["modgate_requests_total{cache=\"hit\",class=\"2xx\",kind=\"mod\"}"], 20);
}

#[test]
fn a_poll_is_a_callout_like_any_other() {
    let (upstream, storage, rules) = (Faulty::start(), Faulty::store(), Faulty::start());
    rules
        .on("/bundle.json", Reply::ok(json!({"version": 7, "rules": []}).to_string()).etag("\"7\"").served());
    let bundle = json!({"cluster": "rules", "url": "http://rules.example/bundle.json", "interval": "1s"});
    let envoy = builder(upstream.addr(), storage.addr())
        .cluster("rules", rules.addr())
        .patch_plugin(&json!({"policy": {"bundle": bundle}}))
        .start();
    envoy.wait_metric("callouts_total.target.policy_bundle.outcome.ok", 1);
    envoy.wait_metric("callouts_total.target.policy_bundle.outcome.redirect", 1);
    let name =
        |class: &str| format!("modgate_callout_duration_ms{{class=\"{class}\",target=\"policy_bundle\"}}");
    wait::until("polls are in a histogram", FLUSHED, || {
        let seen = histograms(&envoy);
        ["2xx", "3xx"].iter().all(|class| seen.contains_key(&name(class)))
    });
}
