//! Modules that look like others.

use super::*;

const LIKES: &str = r#""modules": ["*"], "looks_like": {"of": ["github.com/sirupsen/logrus", "golang.org/x/net"]}, "action": "deny""#;

fn paths(module: &str) -> Vec<String> {
    let mut paths: Vec<_> = by_name(module, "v1.0.0").into();
    paths.extend(["@v/list", "@latest", "@v/main.info"].map(|file| format!("/{}/{file}", escaped(module))));
    paths
}

#[test]
fn what_looks_like_a_module_that_is_meant_is_refused_by_every_name_and_asked_of_nobody() {
    let mut world = world(1, &rules(&format!(r#"{{"name": "typo", {LIKES}}}"#)));
    let meant = "github.com/sirupsen/logrus";
    for (module, how) in [
        ("github.com/sirupsem/logrus", "it differs by a letter"),
        ("github.com/Sirupsen/logrus", "in capitals"),
    ] {
        for path in paths(module) {
            let got = ask(&mut world, &path);
            assert_eq!(got.status, 403, "{path}: {got:?}");
            assert!(got.body.contains(&format!("It looks like {meant}, but ")), "{path}: {}", got.body);
            assert!(got.body.contains(how) && got.body.contains("\"typo\""), "{path}: {}", got.body);
        }
    }
    assert!(world.clusters.values().all(|cluster| cluster.asked.is_empty()));
    assert_eq!(world.counters["modgate.refusals_total.reason.typo"], 14);
    for module in [meant, "golang.org/x/net", "github.com/evil/logrus", "golang.org/x/nat"] {
        publish(&mut world, module, &[("v1.0.0", 90 * DAY)]);
        assert_eq!(status(&mut world, &format!("/{module}/@v/list")), 200, "{module}");
    }
    assert_idle(&mut world, 1);
}

/// As any rule: it can be watched first, and one before it is an exception.
#[test]
fn it_is_a_rule_like_any_other() {
    let monitored = rules(&format!(r#"{{"name": "typo", "enforce": false, {LIKES}}}"#));
    let allowed = r#"{"exact": ["github.com/sirupsem/logrus"], "action": "allow"}"#;
    let excepted = rules(&format!("{allowed}, {{{LIKES}}}"));
    for (config, expected) in [(monitored, Some("typo")), (excepted, None)] {
        let mut world = world(1, &config);
        publish(&mut world, "github.com/sirupsem/logrus", &[("v1.0.0", 90 * DAY)]);
        for path in &by_name("github.com/sirupsem/logrus", "v1.0.0")[..2] {
            for _ in 0..2 {
                let got = ask(&mut world, path);
                assert_eq!((got.status, got.monitored.as_deref()), (200, expected), "{config}: {path}");
            }
        }
    }
}
