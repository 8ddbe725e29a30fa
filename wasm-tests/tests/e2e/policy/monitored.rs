//! A gate that is not enforced: builds go through, and it says what it would have refused.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use modgate::http::Timestamp;
use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};

use super::{FILES, assert_go_shows, assert_refused, go, with};

at_two_workers!(a_gate_begins_without_breaking_a_build);

/// The configuration that the documentation begins with.
fn gate() -> Value {
    let gate: Value = serde_json::from_str(include_str!("../../../../examples/gate/gate.json")).unwrap();
    let page = include_str!("../../../../docs/policy.md");
    let (_, section) = page.split_once("\n## Start a gate without breaking a build\n").unwrap();
    let (_, block) = section.split_once("```json fragment\n").unwrap();
    let shown: Value = serde_json::from_str(block.split_once("```").unwrap().0).unwrap();
    assert_eq!(shown, gate, "the page shows it");
    gate
}

/// A module whose one version was published so long ago.
fn aged(path: &str, age: Duration) -> Module {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let time = Timestamp((now - age).as_secs() * 1000);
    Module::new(path, "v1.4.0").published(&time.rfc3339())
}

fn a_gate_begins_without_breaking_a_build(workers: u32) {
    const HOUR: Duration = Duration::from_secs(3600);
    let young = aged("example.com/Acme/young", HOUR);
    let fork = aged("github.com/acme/log", 1000 * HOUR);
    let ours = aged("corp.example.com/m", HOUR);
    let all = [(&young, Some("young")), (&fork, Some("forks")), (&ours, None)];

    let stack = with(workers, &gate());
    stack.upstream.serve_all(&all.map(|(module, _)| module.clone()));
    for (module, rule) in all {
        go(&stack).get(&module.query()).expect_ok();
        // The second time from the index, and a third time as it was given a moment ago.
        for path in FILES.iter().cycle().take(9).map(|kind| module.url(kind)).chain([module.latest_url()]) {
            let answer = stack.get(&path);
            assert_eq!((answer.status, answer.header("x-modgate-monitored")), (200, rule), "{path}");
        }
        let list = stack.get(&module.list_url());
        let of_all = rule.filter(|rule| *rule == "forks");
        assert_eq!((list.text().as_str(), list.header("x-modgate-monitored")), ("v1.4.0\n", of_all));
    }
    let counted = |reason: &str| stack.envoy.metric(&format!("monitored_total.reason.{reason}"));
    assert!(counted("young") >= 13 && counted("forks") >= 14, "{} {}", counted("young"), counted("forks"));
    assert_eq!(stack.envoy.metric("refusals_total.reason.young"), 0);
    let line = "monitored: github.com/acme/log@v1.4.0 would be refused by rule forks, which is not enforced";
    assert!(stack.envoy.log_contains(line), "{}", stack.envoy.log());
    let explained = stack.get("/-/explain?module=github.com/acme/log&version=v1.4.0").json();
    assert_eq!((&explained["decision"], &explained["enforced"]), (&json!("allow"), &json!(false)));
    assert_eq!(explained["monitored"]["says"], "would be refused by rule forks, which is not enforced");
    assert_eq!(explained["considered"][1]["outcome"], "would decide, but is not enforced");

    // One rule is enforced.
    let mut next = gate();
    next["policy"].as_object_mut().unwrap().remove("enforce");
    next["policy"]["rules"][1]["enforce"] = json!(false);
    let stack = with(workers, &next);
    stack.upstream.serve_all(&all.map(|(module, _)| module.clone()));
    assert_go_shows(&go(&stack).get(&fork.query()), &["forks"]);
    go(&stack).get(&young.query()).expect_ok();
    let answer = stack.get(&young.url("mod"));
    assert_eq!((answer.status, answer.header("x-modgate-monitored")), (200, Some("young")));
    assert_refused(&stack.get(&fork.url("mod")), &["forks"]);
}
