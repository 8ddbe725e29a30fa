//! What the author of a module has retracted in a go.mod that a client may not see yet.

use super::*;
use crate::{http::CallFailure, worker::tests::tiny_index};

const COOLDOWN: &str = r#"{"modules": ["*"], "action": "cooldown", "age": "7d"}"#;
const M: &str = "example.com/m";
const LIST: &str = "/example.com/m/@v/list";
const LATEST: &str = "/example.com/m/@latest";
const NEWEST: &str = "/base/example.com/m/@v/v1.3.0.mod";

/// Three old versions and one of yesterday, whose go.mod says this.
fn furnished(workers: usize, config: &str, go_mod: &str) -> World {
    let mut world = world(workers, config);
    publish(
        &mut world,
        M,
        &[("v1.0.0", 90 * DAY), ("v1.1.0", 80 * DAY), ("v1.2.0", 60 * DAY), ("v1.3.0", DAY)],
    );
    let young = format!(r#"{{"Version":"v1.3.0","Time":"{}"}}"#, rfc3339(START - DAY));
    resolve(&mut world, M, "@latest", &young);
    world.cluster("public").serve(NEWEST, &format!("module {M}\n\n{go_mod}\n"));
    world
}

fn is_fresh(got: &Got) -> bool {
    !got.cache_control.ends_with("max-age=0")
}

#[test]
fn what_a_hidden_version_retracts_is_neither_listed_nor_the_latest_and_can_be_had_by_its_name() {
    for (rule, go_mod, list, latest) in [
        (COOLDOWN, "retract v1.2.0 // leaks", "v1.0.0\nv1.1.0\n", "v1.1.0"),
        (COOLDOWN, "retract [v1.1.0, v1.2.0]", "v1.0.0\n", "v1.0.0"),
        (COOLDOWN, "retract v1.1.0", "v1.0.0\nv1.2.0\n", "v1.2.0"),
        (COOLDOWN, "", "v1.0.0\nv1.1.0\nv1.2.0\n", "v1.2.0"),
    ] {
        let mut world = furnished(2, &rules(rule), go_mod);
        for worker in [0, 1, 0] {
            let got = ask_with(&mut world, worker, "GET", LIST, &[]);
            assert_eq!((got.status, got.body.as_str()), (200, list), "{rule}: {go_mod}");
            assert!(is_fresh(&got), "{got:?}");
            let got = ask_with(&mut world, worker, "GET", LATEST, &[]);
            assert!(got.status == 200 && got.body.contains(latest), "{rule}: {go_mod}: {got:?}");
            assert!(is_fresh(&got), "{got:?}");
            world.pass(1_100);
        }
        assert_eq!(super::super::gets(&world, "public", "v1.3.0.mod"), 1, "once for all");
        for path in by_name(M, "v1.2.0") {
            assert_eq!(status(&mut world, &path), 200, "{path}");
        }
        assert_eq!(status(&mut world, "/example.com/m/@v/v1.3.0.mod"), 403, "it is read, and not given");
        assert_idle(&mut world, 2);
    }
}

/// What a rule denies may be malicious, and it stays denied: it is not asked for, and has no say.
#[test]
fn what_is_denied_retracts_nothing() {
    let rule = r#"{"modules": ["*"], "versions": ["v1.3.0"], "action": "deny"}"#;
    for rule in [rule.to_owned(), format!("{COOLDOWN}, {rule}")] {
        let mut world = furnished(1, &rules(&rule), "retract [v0.0.0, v1.2.0]");
        assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\nv1.2.0\n", "{rule}");
        assert!(ask(&mut world, LATEST).body.contains("v1.2.0"), "{rule}");
        assert_eq!(asked(&world, "v1.3.0.mod"), 0, "{rule}");
        assert_idle(&mut world, 1);
    }
}

/// The go command reads it itself, and the upstream has read it for its `@latest`.
#[test]
fn where_the_newest_may_be_had_nothing_is_asked_about() {
    let mut world = furnished(1, &rules(COOLDOWN), "retract v1.2.0");
    publish_as(
        &mut world,
        M,
        "v1.3.0",
        &format!(r#"{{"Version":"v1.3.0","Time":"{}"}}"#, rfc3339(START - 30 * DAY)),
    );
    resolve(&mut world, M, "@latest", r#"{"Version":"v1.3.0","Time":"2023-01-01T00:00:00Z"}"#);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0\n");
    assert!(ask(&mut world, LATEST).body.contains("v1.3.0"));
    assert_eq!(asked(&world, ".mod"), 0);
    assert_idle(&mut world, 1);
}

/// A version that only retracts others retracts itself too: upstreams pass over it, and so does what stands in for their `@latest`.
#[test]
fn what_stands_in_for_the_latest_is_not_what_upstreams_had_passed_over() {
    let rule = r#"{"modules": ["*"], "versions": ["v1.2.0"], "action": "deny"}"#;
    let mut world = furnished(1, &rules(rule), "retract v1.3.0 // only to retract\nretract v1.1.0");
    resolve(&mut world, M, "@latest", r#"{"Version":"v1.2.0"}"#);
    assert!(ask(&mut world, LATEST).body.contains("v1.0.0"));
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\nv1.3.0\n", "the go command reads v1.3.0 itself");
    assert_idle(&mut world, 1);
}

#[test]
fn where_all_others_are_retracted_the_refusal_is_that_of_the_newest() {
    let mut world = furnished(1, &rules(COOLDOWN), "retract [v0.0.0, v1.2.0]");
    let list = ask(&mut world, LIST);
    assert_eq!((list.status, list.body.as_str()), (200, ""));
    let latest = ask(&mut world, LATEST);
    assert!(latest.status == 403 && latest.body.contains("v1.3.0"), "{latest:?}");
    world.pass(7 * DAY);
    assert!(ask(&mut world, LATEST).body.contains("v1.3.0"));
    assert_idle(&mut world, 1);
}

/// What no source could say is asked about again, and nothing fails for it.
#[test]
fn where_the_go_mod_cannot_be_had_all_is_given_for_now() {
    let no_list = r#""freshness": {"list": "0s"},"#;
    for (more, is_tiny) in [("", false), (no_list, false), ("", true)] {
        for failure in [None, Some(CallFailure::Broken), Some(CallFailure::TimedOut)] {
            let config = config(&format!(r#"{more} "policy": {{"rules": [{COOLDOWN}]}},"#));
            let mut world = furnished(2, &config, "retract v1.2.0");
            if is_tiny {
                world.resize_index(tiny_index(1, 1024));
            }
            match failure {
                Some(failure) => world.cluster("public").fault_of = Some(("GET", ".mod", failure)),
                None => {
                    world.cluster("public").answer(NEWEST, 500, &[], "");
                }
            }
            for path in [LIST, LATEST] {
                let got = ask(&mut world, path);
                assert!(
                    got.status == 200 && got.body.contains("v1.2.0"),
                    "{more} {failure:?} {path}: {got:?}"
                );
                assert!(!is_fresh(&got), "{got:?}");
            }
            world.cluster("public").fault_of = None;
            world.cluster("public").serve(NEWEST, "module example.com/m\nretract v1.2.0\n");
            world.pass(61_000);
            assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n", "{more} {failure:?}");
            assert!(ask(&mut world, LATEST).body.contains("v1.1.0"), "{more} {failure:?}");
            assert_idle(&mut world, 2);
        }
    }
}

/// Without this bound a list that is at hand would come when the wait for a fetch ends.
#[test]
fn a_list_waits_twenty_seconds_for_a_go_mod_and_no_longer() {
    for workers in [1, 2] {
        let mut world = furnished(workers, &rules(COOLDOWN), "retract v1.2.0");
        for version in ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"] {
            let _ = status(&mut world, &format!("/{M}/@v/{version}.info"));
        }
        let streams: Vec<_> = (0..workers).map(|worker| (worker, world.begin(worker, LIST))).collect();
        world.pass(50);
        world.cluster("public").latency = 60_000;
        world.pass(19_900);
        assert!(streams.iter().all(|(_, stream)| matches!(world.verdict(*stream), Verdict::Wait)));
        world.pass(500);
        for (worker, stream) in streams {
            let got = end(&mut world, worker, stream);
            assert_eq!((got.body.as_str(), is_fresh(&got)), ("v1.0.0\nv1.1.0\nv1.2.0\n", false), "{got:?}");
        }
        world.cluster("public").latency = 10;
        world.settle();
        assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n");
        assert_idle(&mut world, workers);
    }
}

/// It says nothing to the go command either.
#[test]
fn a_go_mod_that_is_missing_or_cannot_be_read_retracts_nothing() {
    let too_large = format!("retract v1.2.0\n{}", "// long\n".repeat(20_000));
    for go_mod in [None, Some("retract v1.2.0\nretract (\n"), Some(&too_large)] {
        let mut world = furnished(1, &rules(COOLDOWN), go_mod.unwrap_or_default());
        if go_mod.is_none() {
            world.cluster("public").answer(NEWEST, 404, &[], "");
        }
        for _ in 0..2 {
            let got = ask(&mut world, LIST);
            assert_eq!((got.body.as_str(), is_fresh(&got)), ("v1.0.0\nv1.1.0\nv1.2.0\n", true), "{got:?}");
            world.pass(1_100);
        }
        assert_eq!(super::super::gets(&world, "public", "v1.3.0.mod"), 1, "and is asked for once");
        assert_idle(&mut world, 1);
    }
}

#[test]
fn a_crowd_costs_one_question_of_each_kind_and_a_list_that_is_not_kept_is_not_asked_for_twice() {
    for (workers, is_tiny) in [(4, false), (1, true)] {
        let mut world = furnished(workers, &rules(COOLDOWN), "retract v1.2.0");
        if is_tiny {
            world.resize_index(tiny_index(1, 1024));
        }
        let crowd: Vec<_> =
            (0..20).map(|n| (n % workers, world.begin_with(n % workers, "GET", LIST, &[]))).collect();
        world.settle();
        for (worker, stream) in crowd {
            assert_eq!(end(&mut world, worker, stream).body, "v1.0.0\nv1.1.0\n");
        }
        for file in ["@v/list", "v1.3.0.mod"] {
            assert_eq!(super::super::gets(&world, "public", file), 1, "{file}, {is_tiny}");
        }
        assert_idle(&mut world, workers);
    }
}

/// It is judged in slices, once with what is retracted and once without.
#[test]
fn of_a_long_list_too() {
    let young = r#"{"modules": ["*"], "versions": [">v1.2990.0"], "action": "cooldown", "age": "7d"}"#;
    let mut world = world(1, &rules(young));
    let versions: Vec<_> = (0..3000).map(|n| format!("v1.{n}.0")).collect();
    let young: Vec<_> = versions[2991..].iter().map(|version| (version.as_str(), DAY)).collect();
    publish(&mut world, M, &young);
    world.cluster("public").serve(&upstream(M, "@v/list"), &(versions.join("\n") + "\n"));
    world.cluster("public").serve(
        &upstream(M, "@v/v1.2999.0.mod"),
        "module example.com/m\nretract [v1.5.0, v1.2000.0]\nretract v1.2990.0\n",
    );
    let expected: String =
        (0..2990).filter(|n| !(5..=2000).contains(n)).map(|n| format!("v1.{n}.0\n")).collect();
    for _ in 0..2 {
        let got = ask(&mut world, LIST);
        assert!(got.status == 200 && got.body == expected && is_fresh(&got));
        world.pass(1_100);
    }
    assert_eq!(asked(&world, ".mod"), 2, "storage and upstream once");
    assert_idle(&mut world, 1);
}

/// Storage has no go.mod of a version of which it has nothing else: no source was asked that has to know.
#[test]
fn offline_what_is_stored_says_what_is_retracted() {
    for stored in [true, false] {
        let mut world = furnished(1, &rules(COOLDOWN), "retract v1.2.0");
        for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
            for path in by_name(M, version) {
                assert_eq!(status(&mut world, &path), 200, "{path}");
            }
        }
        reconfigure(&mut world, 1, &config(""));
        for path in by_name(M, "v1.3.0").iter().filter(|path| stored || path.ends_with(".info")) {
            assert_eq!(status(&mut world, path), 200, "{path}");
        }
        reconfigure(
            &mut world,
            1,
            &config(&format!(r#""mode": "offline", "policy": {{"rules": [{COOLDOWN}]}},"#)),
        );
        let expected = if stored { "v1.0.0\nv1.1.0\n" } else { "v1.0.0\nv1.1.0\nv1.2.0\n" };
        assert_eq!(ask(&mut world, LIST).body, expected, "{stored}");
        let latest = if stored { "v1.1.0" } else { "v1.2.0" };
        assert!(ask(&mut world, LATEST).body.contains(latest), "{stored}");
        assert_idle(&mut world, 1);
    }
}
