//! What is to be had elsewhere: by a rule, or because it is not stored.

use super::*;

const M: &str = "example.com/m";
const OLD: &str = "v1.0.0";

fn furnished(config: &str) -> World {
    let mut world = world(1, config);
    for module in [M, "corp.test/m"] {
        publish(&mut world, module, &[(OLD, 90 * DAY), ("v1.1.0", DAY)]);
        resolve(&mut world, module, "@latest", r#"{"Version":"v1.1.0"}"#);
        resolve(&mut world, module, "@v/master.info", r#"{"Version":"v1.0.0"}"#);
    }
    world
}

/// Every path of a module but those of a checksum database.
fn paths(module: &str) -> Vec<String> {
    let files = ["@v/list", "@latest", "@v/master.info"].map(|file| format!("/{module}/{file}"));
    files.into_iter().chain(by_name(module, OLD).into_iter().take(3)).collect()
}

#[track_caller]
fn assert_sent(world: &mut World, path: &str, base: &str) {
    for method in ["GET", "HEAD"] {
        let got = ask_with(world, 0, method, path, &[]);
        let to = format!("{base}{}", path.replace('!', "%21"));
        assert_eq!((got.status, &got.location), (302, &to), "{method} {path}");
        assert_eq!(got.cache_control, "no-store", "the next rule may be another");
    }
}

#[test]
fn a_rule_sends_to_its_own_address_or_to_the_upstream() {
    for (to, base) in [
        (r#", "to": "https://other.test/go""#, "https://other.test/go"),
        (r#", "to": "http://other.test:8080""#, "http://other.test:8080"),
        ("", "https://proxy.test/base"),
    ] {
        let mut world = furnished(&rules(&format!(r#"{{"modules": ["*"], "action": "redirect"{to}}}"#)));
        for path in paths(M).into_iter().chain(paths("github.com/!evil/!tool")) {
            assert_sent(&mut world, &path, base);
        }
        assert!(world.clusters.values().all(|cluster| cluster.asked.is_empty()), "nobody had to be asked");
        // It is verified here all the same: a checksum database is no proxy.
        assert_eq!(status(&mut world, &by_name(M, OLD)[3]), 200);
        assert_idle(&mut world, 1);
    }
}

#[test]
fn a_version_that_is_elsewhere_is_listed_with_those_that_are_here() {
    let rule =
        r#"{"modules": ["*"], "versions": ["v1.0.0"], "action": "redirect", "to": "https://other.test"}"#;
    let mut world = furnished(&rules(rule));
    assert_eq!(ask(&mut world, "/example.com/m/@v/list").body, "v1.0.0\nv1.1.0\n");
    for path in paths(M).into_iter().skip(3) {
        assert_sent(&mut world, &path, "https://other.test");
    }
    for path in by_name(M, "v1.1.0") {
        assert_eq!(status(&mut world, &path), 200);
    }
}

#[test]
fn nobody_hears_of_a_private_module_by_being_sent_to_it() {
    let config = |upstream: &str| {
        format!(
            r#"{{"private": {{"modules": ["corp.test"]}},
                "policy": {{"rules": [{{"modules": ["*"], "action": "redirect"}}]}},
                "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}}{upstream}]}}"#
        )
    };
    let corp =
        r#", {"name": "corp", "cluster": "corp", "url": "http://corp.test", "modules": ["corp.test"]}"#;
    let mut world = furnished(&config(corp));
    for path in paths("corp.test/m") {
        assert_sent(&mut world, &path, "http://corp.test");
    }
    for path in paths(M) {
        assert_sent(&mut world, &path, "https://proxy.test/base");
    }
    let mut world = furnished(&config(""));
    for path in paths("corp.test/m") {
        let got = ask(&mut world, &path);
        assert_eq!((got.status, got.location.as_str()), (404, ""), "{path}");
    }
}

fn on_miss(on_miss: &str) -> String {
    config(&format!(r#""policy": {{"on_miss": {on_miss}}},"#))
}

#[test]
fn what_is_not_stored_is_not_found_where_nothing_is_fetched() {
    let mut world = furnished(&on_miss(
        r#"{"mode": "none", "overrides": [
            {"modules": ["corp.test"], "mode": "fetch"}, {"modules": ["corp.test"], "mode": "redirect"}]}"#,
    ));
    // A folder that cannot be listed is no empty one: something has to be there.
    world.cluster("storage").serve("/modules/index", "");
    for path in paths(M) {
        for method in ["GET", "HEAD"] {
            assert_eq!(ask_with(&mut world, 0, method, &path, &[]).status, 404, "{path}");
        }
    }
    assert_eq!(world.clusters["public"].asked, [""; 0]);
    // The first override that names the module counts.
    for path in paths("corp.test/m") {
        assert_eq!(status(&mut world, &path), 200, "{path}");
    }
    assert_idle(&mut world, 1);
}

/// Of what was fetched before, all that is stored is there: a version is once all its files are.
#[test]
fn what_is_stored_is_listed_and_given_where_nothing_is_fetched() {
    let mut world = furnished(&config(""));
    for path in by_name(M, OLD).into_iter().chain(by_name(M, "v1.1.0").into_iter().take(2)) {
        assert_eq!(status(&mut world, &path), 200);
    }
    for path in ["/example.com/m/@latest", "/example.com/m/@v/list"] {
        assert_eq!(status(&mut world, path), 200);
    }
    world.gateways[0].memory = Default::default();
    reconfigure(&mut world, 1, &on_miss(r#"{"mode": "none"}"#));
    forget_asked(&mut world);
    let list = ask(&mut world, "/example.com/m/@v/list");
    assert_eq!((list.status, list.body.as_str()), (200, "v1.0.0\n"));
    assert!(ask(&mut world, "/example.com/m/@latest").body.contains("v1.0.0"));
    for path in by_name(M, OLD).into_iter().take(3) {
        assert_eq!(status(&mut world, &path), 200, "{path}");
    }
    assert_eq!(status(&mut world, &by_name(M, "v1.1.0")[2]), 404);
    assert_eq!(world.clusters["public"].asked, [""; 0]);
}

#[test]
fn who_misses_is_sent_to_the_upstream_and_who_does_not_is_served() {
    let mut world = furnished(&config(""));
    for path in by_name(M, OLD) {
        assert_eq!(status(&mut world, &path), 200);
    }
    reconfigure(&mut world, 1, &on_miss(r#"{"mode": "redirect"}"#));
    for restarted in [false, true] {
        if restarted {
            world.gateways[0].memory = Default::default();
            reconfigure(&mut world, 1, &on_miss(r#"{"mode": "redirect"}"#));
        }
        forget_asked(&mut world);
        for path in by_name(M, OLD) {
            assert_eq!(status(&mut world, &path), 200, "{path}");
        }
        for path in
            ["@v/list", "@latest", "@v/master.info", "@v/v1.1.0.info", "@v/v1.1.0.mod", "@v/v1.1.0.zip"]
        {
            assert_sent(&mut world, &format!("/{M}/{path}"), "https://proxy.test/base");
        }
        // Storage is down: it is there, too.
        world.cluster("storage").fault = Some(crate::http::CallFailure::Unreachable);
        assert_sent(&mut world, "/example.com/m/@v/v1.1.0.mod", "https://proxy.test/base");
        world.cluster("storage").fault = None;
        assert_eq!(world.clusters["public"].asked, [""; 0]);
    }
    assert_idle(&mut world, 1);
}

#[test]
fn who_forbids_fetching_is_sent_nowhere() {
    let mut world = furnished(&on_miss(r#"{"mode": "redirect"}"#));
    for path in paths(M) {
        let got = ask_with(&mut world, 0, "GET", &path, &[("disable-module-fetch", "true")]);
        assert_eq!((got.status, got.location.as_str()), (404, ""), "{path}");
    }
    assert_eq!(world.clusters["public"].asked, [""; 0]);
}

/// An upstream cannot know what is refused here: lists and what resolves to a version are sifted, not sent away.
#[test]
fn where_versions_are_refused_nobody_is_sent_to_an_unsifted_list() {
    let mut world = furnished(&config(
        r#""policy": {"rules": [{"modules": ["*"], "versions": ["v1.1.0"], "action": "deny"}],
                      "on_miss": {"mode": "redirect"}},"#,
    ));
    assert_eq!(ask(&mut world, "/example.com/m/@v/list").body, "v1.0.0\n");
    assert!(ask(&mut world, "/example.com/m/@v/master.info").body.contains("v1.0.0"));
    let latest = ask(&mut world, "/example.com/m/@latest");
    assert!(latest.body.contains("v1.0.0") || latest.location.ends_with("/@v/v1.0.0.info"), "{latest:?}");
    for path in by_name(M, "v1.1.0") {
        assert_eq!(status(&mut world, &path), 403, "{path}");
    }
    assert_sent(&mut world, "/example.com/m/@v/v1.0.0.mod", "https://proxy.test/base");
}
