//! One rule at a time, on every route.

use super::*;

const M: &str = "example.com/m";
const MASTER: &str = "v1.2.1-0.20230101000000-abcdefabcdef";

/// A module, one below it and one beside it, whose capitals are escaped.
fn furnished(workers: usize, config: &str) -> World {
    let mut world = world(workers, config);
    for module in [M, "example.com/m/sub", "github.com/Evil/Tool"] {
        publish(&mut world, module, &[("v1.0.0", 90 * DAY), ("v1.1.0", 60 * DAY), ("v1.2.0", 30 * DAY)]);
        let info = format!(r#"{{"Version":"{MASTER}"}}"#);
        publish_as(&mut world, module, MASTER, &info);
        resolve(&mut world, module, "@v/master.info", &info);
        resolve(&mut world, module, "@latest", r#"{"Version":"v1.2.0"}"#);
    }
    world
}

/// The statuses of list, `@latest` and `master`, and of each way to each version.
fn statuses(world: &mut World, module: &str) -> String {
    let base = escaped(module);
    let mut all = String::new();
    for path in ["@v/list", "@latest", "@v/master.info"] {
        all += &format!("{} ", status(world, &format!("/{base}/{path}")));
    }
    for version in ["v1.0.0", "v1.1.0", "v1.2.0", MASTER] {
        let ways = by_name(module, version).map(|path| status(world, &path));
        assert!(ways.iter().all(|status| *status == ways[0]), "{module}@{version}: {ways:?}");
        all += &format!("| {} ", ways[0]);
    }
    all.trim_end().to_owned()
}

const OPEN: &str = "200 200 200 | 200 | 200 | 200 | 200";
const SHUT: &str = "403 403 403 | 403 | 403 | 403 | 403";

#[test]
fn a_rule_holds_on_every_route_and_for_nothing_else() {
    for (rule, module, expected) in [
        (r#"{"modules": ["example.com"], "action": "deny"}"#, M, SHUT),
        (r#"{"modules": ["example.com"], "action": "deny"}"#, "github.com/Evil/Tool", OPEN),
        // A glob is for all below it, an exact path for itself.
        (r#"{"modules": ["example.com/m"], "action": "deny"}"#, "example.com/m/sub", SHUT),
        (r#"{"exact": ["example.com/m"], "action": "deny"}"#, "example.com/m/sub", OPEN),
        (r#"{"exact": ["example.com/m"], "action": "deny"}"#, M, SHUT),
        (r#"{"modules": ["example.com/*"], "action": "deny"}"#, M, SHUT),
        // Capitals are what they are in the module path, not what they are in the URL.
        (r#"{"modules": ["github.com/Evil"], "action": "deny"}"#, "github.com/Evil/Tool", SHUT),
        (r#"{"modules": ["github.com/evil"], "action": "deny"}"#, "github.com/Evil/Tool", OPEN),
        (
            r#"{"modules": ["*"], "versions": ["v1.1.0"], "action": "deny"}"#,
            M,
            "200 200 200 | 200 | 403 | 200 | 200",
        ),
        (
            r#"{"modules": ["*"], "versions": [">=v1.1.0, <v1.3.0"], "action": "deny"}"#,
            M,
            "200 200 403 | 200 | 403 | 403 | 403",
        ),
        (
            r#"{"modules": ["*"], "versions": ["pseudo"], "action": "deny"}"#,
            M,
            "200 200 403 | 200 | 200 | 200 | 403",
        ),
        // All versions there are, but not all there may be: the list is empty.
        (
            r#"{"modules": ["*"], "versions": ["<v2.0.0"], "action": "deny"}"#,
            M,
            "200 403 403 | 403 | 403 | 403 | 403",
        ),
        // The first rule that applies decides.
        (r#"{"exact": ["example.com/m"], "action": "allow"}, {"modules": ["*"], "action": "deny"}"#, M, OPEN),
        (
            r#"{"exact": ["example.com/m"], "action": "allow"}, {"modules": ["*"], "action": "deny"}"#,
            "example.com/m/sub",
            SHUT,
        ),
        (
            r#"{"modules": ["*"], "versions": ["v1.1.0"], "action": "allow"}, {"modules": ["*"], "action": "deny"}"#,
            M,
            "200 200 403 | 403 | 200 | 403 | 403",
        ),
        (r#"{"modules": ["*"], "action": "deny"}, {"modules": ["*"], "action": "allow"}"#, M, SHUT),
    ] {
        for workers in [1, 4] {
            let mut world = furnished(workers, &rules(rule));
            assert_eq!(statuses(&mut world, module), expected, "{rule}: {module}");
            // The same once more, from the index this time.
            assert_eq!(statuses(&mut world, module), expected, "{rule}: {module}, again");
            world.pass(3 * HOUR);
            assert_eq!(statuses(&mut world, module), expected, "{rule}: {module}, later");
            assert_idle(&mut world, workers);
        }
    }
}

#[test]
fn where_nothing_is_allowed_by_default_only_what_a_rule_allows_is_served() {
    let mut world = furnished(
        1,
        &config(
            r#""policy": {"default": "deny", "rules": [
                {"modules": ["example.com/m"], "versions": ["v1.1.0"], "action": "allow"}]},"#,
        ),
    );
    assert_eq!(statuses(&mut world, M), "200 200 403 | 403 | 200 | 403 | 403");
    assert_eq!(statuses(&mut world, "github.com/Evil/Tool"), SHUT);
    assert_eq!(asked(&world, "!evil/!tool/@latest"), 0, "what is refused is not even asked for");
    assert_eq!(world.counters["modgate.refusals_total.reason.default"], 3 + 4 * 4 + 1 + 3 * 4);
    assert_eq!(ask(&mut world, "/example.com/m/@v/list").body, "v1.1.0\n");
    assert!(ask(&mut world, "/example.com/m/@latest").body.contains("\"v1.1.0\""));
}

/// What index and storage had before a rule came is no way around it.
#[test]
fn a_new_rule_holds_for_what_is_known_already() {
    for (rule, expected, list) in [
        (r#"{"modules": ["*"], "action": "deny"}"#, SHUT, None),
        (
            r#"{"modules": ["*"], "versions": ["v1.2.0", "pseudo"], "action": "deny"}"#,
            "200 200 403 | 200 | 200 | 403 | 403",
            Some("v1.0.0\nv1.1.0\n"),
        ),
    ] {
        for workers in [1, 4] {
            let mut world = furnished(workers, &config(""));
            assert_eq!(statuses(&mut world, M), OPEN);
            reconfigure(&mut world, workers, &rules(rule));
            for later in [0, 30_000, 3 * HOUR] {
                world.pass(later);
                assert_eq!(statuses(&mut world, M), expected, "{rule}");
                if let Some(list) = list {
                    assert_eq!(ask(&mut world, "/example.com/m/@v/list").body, list);
                    assert!(ask(&mut world, "/example.com/m/@latest").body.contains("\"v1.1.0\""));
                }
            }
            // Envoy is started anew, and storage is all there is.
            world.gateways[0].memory = Default::default();
            reconfigure(&mut world, workers, &rules(rule));
            for name in ["public", "sum"] {
                world.cluster(name).fault = Some(crate::http::CallFailure::Unreachable);
            }
            for version in ["v1.2.0", MASTER] {
                for path in by_name(M, version) {
                    assert_eq!(status(&mut world, &path), 403, "{rule}: {path}");
                }
            }
            if let Some(list) = list {
                assert_eq!(ask(&mut world, "/example.com/m/@v/list").body, list);
                assert_eq!(status(&mut world, &format!("/{M}/@v/v1.1.0.mod")), 200);
            }
            // And once the rule is gone, all of it is there as it was.
            reconfigure(&mut world, workers, &config(""));
            assert_eq!(status(&mut world, &format!("/{M}/@v/v1.2.0.mod")), 200);
            assert_eq!(ask(&mut world, "/example.com/m/@v/list").body, "v1.0.0\nv1.1.0\nv1.2.0\n");
        }
    }
}

#[test]
fn a_refusal_is_answered_alike_whatever_the_method_and_counted_by_rule() {
    let rule = r#"{"name": "no-evil", "modules": ["example.com"], "action": "deny", "reason": "known bad"}"#;
    let mut world = furnished(1, &rules(rule));
    let path = "/example.com/m/@v/v1.0.0.zip";
    let headers = [("range", "bytes=0-9"), ("if-none-match", "*"), ("cache-control", "no-cache")];
    for (method, headers) in
        [("GET", &headers[..]), ("HEAD", &[]), ("GET", &[("disable-module-fetch", "true")])]
    {
        let got = ask_with(&mut world, 0, method, path, headers);
        assert_eq!((got.status, got.cache_control.as_str(), got.cache.as_str()), (403, "no-store", ""));
        assert!(got.body.lines().count() <= 8 && got.body.len() <= 648, "{}", got.body);
    }
    assert_eq!(world.counters["modgate.refusals_total.reason.no-evil"], 3);
    assert!(world.clusters.values().all(|cluster| cluster.asked.is_empty()));
}

/// A list that was sifted is a document of its own.
#[test]
fn a_sifted_list_has_its_own_etag() {
    let deny = |version: &str| {
        rules(&format!(r#"{{"modules": ["*"], "versions": ["{version}"], "action": "deny"}}"#))
    };
    let mut world = furnished(1, &config(""));
    let list = "/example.com/m/@v/list";
    let etag = |world: &mut World| {
        let answer = world.get(0, list);
        assert_eq!(answer.status, 200);
        header(&answer, "etag").to_owned()
    };
    let whole = etag(&mut world);
    reconfigure(&mut world, 1, &deny("v1.2.0"));
    let sifted = etag(&mut world);
    assert_ne!(whole, sifted);
    for _ in 0..2 {
        assert_eq!(ask_with(&mut world, 0, "GET", list, &[("if-none-match", &whole)]).status, 200);
        let got = ask_with(&mut world, 0, "GET", list, &[("if-none-match", &sifted)]);
        assert_eq!((got.status, got.body.as_str(), got.cache.as_str()), (304, "", "hit"));
        let got = ask_with(&mut world, 0, "HEAD", list, &[]);
        assert_eq!(
            (got.status, got.body.as_str()),
            (200, "v1.0.0\nv1.1.0\n"),
            "the host sends its length alone"
        );
    }
    reconfigure(&mut world, 1, &deny("v1.9.9"));
    assert_eq!(etag(&mut world), whole, "the very same bytes");
}
