//! `@latest` gives way to the newest version that may be had.

use super::*;

const LATEST: &str = "/example.com/m/@latest";

/// What `@latest` comes to where these versions are refused.
fn latest(list: &[&str], latest: &str, refused: &str) -> Got {
    let rule = format!(
        r#"{{"name": "gone", "modules": ["*"], "versions": [{refused}], "action": "deny", "reason": "because"}}"#
    );
    let mut world = world(1, &rules(&rule));
    let versions: Vec<_> = list.iter().map(|version| (*version, DAY)).collect();
    publish(&mut world, "example.com/m", &versions);
    resolve(&mut world, "example.com/m", "@latest", &format!(r#"{{"Version":"{latest}"}}"#));
    let got = ask(&mut world, LATEST);
    assert_eq!(ask(&mut world, LATEST).body, got.body, "from the index");
    assert_idle(&mut world, 1);
    got
}

#[test]
fn the_newest_is_what_the_go_command_would_take() {
    for (list, top, refused, newest) in [
        (&["v1.0.0", "v1.1.0"][..], "v1.1.0", r#""v1.0.0""#, "v1.1.0"),
        (&["v1.0.0", "v1.1.0"], "v1.1.0", r#""v1.1.0""#, "v1.0.0"),
        (&["v1.9.0", "v1.10.0", "v1.11.0"], "v1.11.0", r#""v1.11.0""#, "v1.10.0"),
        // A release comes before a pre-release that is newer.
        (&["v1.0.0", "v1.1.0-rc.1", "v1.2.0"], "v1.2.0", r#""v1.2.0""#, "v1.0.0"),
        (&["v1.1.0-rc.1", "v1.1.0-rc.2", "v1.2.0"], "v1.2.0", r#""v1.2.0""#, "v1.1.0-rc.2"),
        (&["v1.0.0", "v2.0.0+incompatible", "v1.2.0"], "v1.2.0", r#""v1.2.0""#, "v1.0.0"),
        (&["v1.0.0-rc.1", "v2.0.0+incompatible", "v1.2.0"], "v1.2.0", r#""v1.2.0""#, "v2.0.0+incompatible"),
        // A module that never had a go.mod: its first tags are not what replaces its last.
        (
            &["v1.13.1", "v27.0.0+incompatible", "v28.0.0+incompatible"],
            "v28.0.0+incompatible",
            r#""v28""#,
            "v27.0.0+incompatible",
        ),
        // What upstream calls the latest need not be in its list.
        (&["v1.0.0"], "v1.0.1-0.20230101000000-abcdefabcdef", r#""pseudo""#, "v1.0.0"),
    ] {
        let got = latest(list, top, refused);
        assert_eq!(got.status, 200, "{list:?} without {refused}: {got:?}");
        assert!(got.body.contains(&format!("\"{newest}\"")), "{list:?} without {refused}: {}", got.body);
    }
}

#[test]
fn where_no_version_is_left_the_refusal_is_that_of_the_latest() {
    for (list, refused) in [
        (&["v1.0.0", "v1.1.0"][..], r#""<v2.0.0""#),
        (&[], r#""<v2.0.0""#),
        (&["v1.0.0"], r#""v1.0.0", "v1.1.0""#),
    ] {
        let got = latest(list, "v1.1.0", refused);
        assert_eq!((got.status, got.cache_control.as_str()), (403, "no-store"), "{list:?} without {refused}");
    }
}

#[test]
fn where_the_list_is_not_to_be_had_that_is_said() {
    for (status, expected) in [(404, 403), (410, 403), (500, 502), (503, 503)] {
        let mut world = world(1, &rules(r#"{"modules": ["*"], "versions": ["v1.1.0"], "action": "deny"}"#));
        resolve(&mut world, "example.com/m", "@latest", r#"{"Version":"v1.1.0"}"#);
        world.cluster("public").answer("/base/example.com/m/@v/list", status, &[], "");
        for _ in 0..3 {
            let got = ask(&mut world, LATEST);
            assert_eq!((got.status, got.cache_control.as_str()), (expected, "no-store"), "{status}");
            world.pass(5_000);
        }
        assert_idle(&mut world, 1);
    }
}

/// It is taken from the list, and is to be as new as the list is.
#[test]
fn what_stands_in_for_the_latest_is_no_older_than_the_list() {
    let mut world = world(1, &rules(r#"{"modules": ["*"], "versions": ["v1.9.0"], "action": "deny"}"#));
    publish(&mut world, "example.com/m", &[("v1.0.0", DAY), ("v1.9.0", DAY)]);
    resolve(&mut world, "example.com/m", "@latest", r#"{"Version":"v1.9.0"}"#);
    let max_age = |got: &Got| {
        let seconds =
            got.cache_control.strip_prefix("private, max-age=").and_then(|age| age.parse::<u64>().ok());
        seconds.unwrap_or_else(|| panic!("{got:?}"))
    };
    let first = ask(&mut world, LATEST);
    assert!(first.body.contains("v1.0.0") && max_age(&first) <= 60, "{first:?}");
    world.pass(20_000);
    let second = ask(&mut world, LATEST);
    assert_eq!(second.cache, "hit");
    assert!(max_age(&second) + 19 <= max_age(&first), "{first:?} {second:?}");
    publish(&mut world, "example.com/m", &[("v1.0.0", DAY), ("v1.1.0", DAY), ("v1.9.0", DAY)]);
    world.pass(300_000);
    assert!(ask(&mut world, LATEST).body.contains("v1.1.0"));
}

#[test]
fn a_crowd_that_asks_for_it_costs_one_question_of_each_kind() {
    let mut world = world(4, &rules(r#"{"modules": ["*"], "versions": ["v1.9.0"], "action": "deny"}"#));
    publish(&mut world, "example.com/m", &[("v1.0.0", DAY), ("v1.9.0", DAY)]);
    resolve(&mut world, "example.com/m", "@latest", r#"{"Version":"v1.9.0"}"#);
    let crowd: Vec<_> = (0..40).map(|n| (n % 4, world.begin(n % 4, LATEST))).collect();
    world.settle();
    for (worker, stream) in crowd {
        assert!(end(&mut world, worker, stream).body.contains("v1.0.0"));
    }
    for file in ["@latest", "@v/list", "@v/v1.0.0.info"] {
        let asked = world.clusters["public"].asked.iter().filter(|asked| asked.ends_with(file));
        assert_eq!(asked.count(), 1, "{file}");
    }
    assert_idle(&mut world, 4);
}

/// The go command might take the other for it.
#[test]
fn an_answer_that_names_two_versions_names_none() {
    for info in [
        r#"{"Version":"v1.0.0","version":"v1.9.0"}"#,
        r#"{"Version":"v1.0.0","Ver\u017fion":"v1.9.0"}"#,
        "{\"Ver\u{17f}ion\":\"v1.9.0\",\"Version\":\"v1.0.0\"}",
    ] {
        let mut world = world(1, &rules(r#"{"modules": ["*"], "versions": ["v1.9.0"], "action": "deny"}"#));
        resolve(&mut world, "example.com/m", "@latest", info);
        resolve(&mut world, "example.com/m", "@v/main.info", info);
        for path in [LATEST, "/example.com/m/@v/main.info"] {
            assert_eq!(status(&mut world, path), 502, "{info}");
        }
    }
}
