//! What can go wrong with it: the source, the bundle, the worker that asks, the clock.

use super::*;
use crate::{
    config::limits::MAX_BUNDLE_BYTES,
    http::Timestamp,
    shared::{Expected, SharedKv as _},
};

#[test]
fn scenario_the_last_good_one_stays_and_trouble_is_logged_once() {
    let large = format!("{}{}", text(2, "two.example"), " ".repeat(MAX_BUNDLE_BYTES));
    let wrong =
        r#"{"version": 2, "rules": [{"modules": ["two.example"], "action": "refuse"}, {"acton": "deny"}]}"#;
    for (status, text, outcome, lines) in [
        (404, "", "failed", vec!["its source answers 404"]),
        (500, "", "failed", vec!["its source answers 500"]),
        (302, "", "failed", vec!["its source answers 302"]),
        (200, "<html>", "invalid", vec!["refused: $: not JSON: "]),
        (200, "", "invalid", vec!["refused: $: not JSON: "]),
        (200, wrong, "invalid", vec!["refused: $.rules[0].action: ", "refused: $.rules[1].acton: "]),
        (200, &large, "invalid", vec!["at most 4194304 are allowed"]),
    ] {
        let mut world = settled(2);
        world.log.clear();
        world.cluster("rules").answer(BUNDLE, status, &[], text);
        world.pass(60_000);
        assert!(polls(&world, outcome) >= 5, "{outcome}: {:?}", world.counters);
        (0..2).for_each(|worker| assert_eq!(denied(&mut world, worker), "one.example"));
        for line in &lines {
            let logged = world.log.iter().filter(|logged| logged.contains(line));
            assert!(logged.clone().all(|line| line.starts_with("ERROR policy bundle: ")));
            assert!(logged.clone().all(|line| line.ends_with("; version 1 stays in force")));
            assert_eq!(logged.count(), 1, "{line} in {:?}", world.log);
        }
        publish(&mut world, 1, "one.example");
        world.pass(11_000);
        let last = world.log.last().unwrap();
        assert_eq!(last, "INFO policy bundle: it can be read again; version 1 stays in force");
    }
}

#[test]
fn scenario_other_trouble_is_logged_as_such() {
    let mut world = settled(1);
    world.log.clear();
    for (status, text) in [(404, ""), (503, ""), (200, "{}"), (200, "[]")] {
        world.cluster("rules").answer(BUNDLE, status, &[], text);
        world.pass(21_000);
    }
    let errors = world.log.iter().filter(|line| line.starts_with("ERROR")).count();
    assert_eq!(errors, 5, "one line each, and one for each problem of `{{}}`: {:?}", world.log);
}

#[test]
fn scenario_304_is_an_answer_to_a_tag_alone() {
    let mut world = world(1, "");
    world.cluster("rules").answer(BUNDLE, 304, &[], "");
    world.pass(1_000);
    assert!(polls(&world, "failed") >= 1);
    assert_eq!(
        world.log,
        ["ERROR policy bundle: its source answers 304 though no tag was sent; none was read before"]
    );
    assert_eq!(world.get(0, MOD).status, 503);
}

#[test]
fn scenario_without_tags_contents_are_compared() {
    let mut world = world(2, "");
    world.cluster("rules").serve(BUNDLE, &text(1, "one.example"));
    world.pass(30_000);
    assert_eq!((polls(&world, "changed"), polls(&world, "failed"), world.log.len()), (1, 0, 1));
    assert!(polls(&world, "unchanged") >= 2);
    let has_tag =
        |callout: &crate::http::Callout| callout.headers.iter().any(|(name, _)| name == "if-none-match");
    assert!(!world.clusters["rules"].callouts.iter().any(has_tag));
    // A tag of its own for each answer, as several servers behind one name give them.
    for tag in ["\"a\"", "\"b\"", "\"c\""] {
        world.cluster("rules").answer(BUNDLE, 200, &[("etag", tag)], &text(1, "one.example"));
        world.pass(11_000);
        assert!(world.clusters["rules"].callouts.len() > 3);
    }
    world.pass(11_000);
    assert!(world.clusters["rules"].callouts.last().is_some_and(has_tag));
    assert_eq!((polls(&world, "changed"), world.log.len()), (1, 1));
}

#[test]
fn scenario_an_older_one_and_another_of_the_same_version_are_taken_and_said() {
    let mut world = settled(2);
    for (version, module, said) in [
        (5, "five.example", "INFO policy bundle: version 5, of 1 rules, is in force in place of version 1"),
        (
            3,
            "three.example",
            "WARN policy bundle: version 3, of 1 rules, is in force in place of version 5, which is newer",
        ),
        (
            3,
            "other.example",
            "WARN policy bundle: version 3, of 1 rules, is in force in place of another one of the same version",
        ),
    ] {
        publish(&mut world, version, module);
        world.pass(11_000);
        (0..2).for_each(|worker| assert_eq!(denied(&mut world, worker), module));
        assert_eq!(world.log.last().map(String::as_str), Some(said));
    }
}

#[test]
fn scenario_a_worker_that_dies_asking_is_replaced_by_another() {
    for workers in [1, 3] {
        let mut world = world(workers, r#", "timeout": "3s""#);
        world.cluster("rules").latency = 1_000;
        world.pass(500);
        assert!(world.is_asking("rules"));
        world.crash(0);
        world.pass(3_000);
        assert_eq!(asked(&world), 1, "{workers}: it might still come");
        world.pass(3_000);
        assert_eq!(asked(&world), 2, "{workers}");
        (0..workers).for_each(|worker| assert_eq!(denied(&mut world, worker), "one.example"));
        assert!(!world.is_asking("rules") && world.is_idle());
    }
}

#[test]
fn scenario_whoever_was_given_up_has_nothing_more_to_say() {
    let mut world = world(2, r#", "timeout": "1s""#);
    // Longer than the host would let it.
    world.cluster("rules").latency = 4_000;
    world.pass(500);
    world.cluster("rules").latency = 1;
    publish(&mut world, 2, "two.example");
    world.pass(3_000);
    (0..2).for_each(|worker| assert_eq!(denied(&mut world, worker), "two.example"));
    world.pass(2_000);
    (0..2).for_each(|worker| assert_eq!(denied(&mut world, worker), "two.example"));
    assert_eq!(polls(&world, "changed"), 1);
}

#[test]
fn scenario_a_clock_that_is_set_back_puts_nothing_off() {
    let mut world = settled(2);
    publish(&mut world, 2, "two.example");
    let back = Timestamp(world.now.0 - 3_600_000);
    world.set_clock(back);
    world.pass(1_000);
    (0..2).for_each(|worker| assert_eq!(denied(&mut world, worker), "two.example"));
    assert_eq!(world.gauges["modgate.policy_bundle_age_seconds"], 0);
    let polled = asked(&world);
    world.pass(5_000);
    assert_eq!(asked(&world), polled);
}

#[test]
fn scenario_a_shorter_interval_holds_at_once() {
    let mut world = settled(1);
    world.replace(0, &config("").replace("\"10s\"", "\"6h\""));
    world.pass(11_000);
    world.replace(0, &config(""));
    publish(&mut world, 2, "two.example");
    world.pass(500);
    assert_eq!(denied(&mut world, 0), "two.example");
}

#[test]
fn scenario_what_another_build_wrote_is_asked_for_once_more() {
    let mut world = settled(2);
    let keys: Vec<_> =
        world.gateways[0].memory.keys().filter(|key| key.contains("bundle")).map(str::to_owned).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for garbage in [&b""[..], b"\x01", b"\x02 of another layout, however long it may be, it is not ours"] {
        for key in &keys {
            let version = world.gateways[0].memory.get(key).unwrap().version;
            world.gateways[0].memory.put(key, garbage, Expected::Version(version)).unwrap();
        }
        world.crash(0);
        assert_eq!(denied(&mut world, 0), "");
        assert_eq!(denied(&mut world, 1), "one.example", "who has it keeps it");
        world.pass(500);
        (0..2).for_each(|worker| assert_eq!(denied(&mut world, worker), "one.example"));
    }
}
