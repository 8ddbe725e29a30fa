//! Offline: nothing but index and storage.

use super::*;

const M: &str = "example.com/m";
const PSEUDO: &str = "v1.2.1-0.20230101000000-abcdefabcdef";
const LIST: &str = "/example.com/m/@v/list";
const LATEST: &str = "/example.com/m/@latest";

fn offline(more: &str) -> String {
    config(&format!(r#""mode": "offline",{more}"#))
}

/// A gateway that served some versions, some files of another, and then was cut off.
fn cut_off(workers: usize, more: &str) -> World {
    let mut world = world(workers, &config(""));
    publish(&mut world, M, &[("v1.0.0", 90 * DAY), ("v1.1.0", 60 * DAY), ("v1.2.0", DAY)]);
    publish_as(
        &mut world,
        M,
        PSEUDO,
        &format!(r#"{{"Version":"{PSEUDO}","Time":"{}"}}"#, rfc3339(START - DAY)),
    );
    resolve(&mut world, M, "@latest", r#"{"Version":"v1.2.0"}"#);
    resolve(&mut world, M, "@v/master.info", r#"{"Version":"v1.1.0"}"#);
    for version in ["v1.0.0", "v1.1.0", PSEUDO] {
        for path in by_name(M, version) {
            assert_eq!(status(&mut world, &path), 200, "{path}");
        }
    }
    for path in ["/example.com/m/@v/v1.2.0.info", LIST, LATEST, "/example.com/m/@v/master.info"] {
        assert_eq!(status(&mut world, path), 200, "{path}");
    }
    reconfigure(&mut world, workers, &offline(more));
    forget_asked(&mut world);
    world
}

#[track_caller]
fn assert_only_storage_was_asked(world: &World) {
    for (name, cluster) in &world.clusters {
        assert!(*name == "storage" || cluster.asked.is_empty(), "{name}: {:?}", cluster.asked);
    }
}

#[test]
fn nobody_but_storage_is_asked_for_as_long_as_it_lasts() {
    for workers in [1, 4] {
        for restarted in [false, true] {
            let mut world = cut_off(workers, "");
            if restarted {
                world.gateways[0].memory = Default::default();
                (0..workers).for_each(|worker| world.crash(worker));
            }
            for later in [0, 61_000, HOUR, 40 * DAY] {
                world.pass(later);
                for worker in 0..workers {
                    let list = ask_with(&mut world, worker, "GET", LIST, &[]);
                    assert_eq!((list.status, list.body.as_str()), (200, "v1.0.0\nv1.1.0\n"), "{later}");
                    let latest = ask_with(&mut world, worker, "GET", LATEST, &[]);
                    assert!(latest.body.contains("\"v1.1.0\""), "{later}: {latest:?}");
                    for version in ["v1.0.0", PSEUDO] {
                        for path in by_name(M, version) {
                            assert_eq!(ask_with(&mut world, worker, "GET", &path, &[]).status, 200, "{path}");
                        }
                    }
                    let no_cache = [("cache-control", "no-cache")];
                    assert_eq!(ask_with(&mut world, worker, "GET", LIST, &no_cache).status, 200);
                    // Storage keeps no answers to queries, and the index has what it was told last.
                    let master = ask_with(&mut world, worker, "GET", "/example.com/m/@v/master.info", &[]);
                    assert_eq!(master.status, if restarted { 404 } else { 200 }, "{later}");
                    for path in
                        ["/other.test/m/@v/list", "/other.test/m/@latest", "/other.test/m/@v/v1.0.0.mod"]
                    {
                        assert_eq!(ask_with(&mut world, worker, "GET", path, &[]).status, 404, "{path}");
                    }
                }
            }
            assert_only_storage_was_asked(&world);
            assert_idle(&mut world, workers);
        }
    }
}

/// What nobody was asked for is not known to be missing.
#[test]
fn what_was_missing_offline_is_asked_for_at_once_when_the_site_is_back() {
    let paths = ["@v/list", "@latest", "@v/master.info", "@v/v1.2.0.mod", "@v/v1.2.0.zip"];
    let paths = paths.map(|file| format!("/other.test/m/{file}"));
    let mut world = cut_off(1, "");
    publish(&mut world, "other.test/m", &[("v1.2.0", DAY)]);
    for file in ["@latest", "@v/master.info"] {
        resolve(&mut world, "other.test/m", file, r#"{"Version":"v1.2.0"}"#);
    }
    for path in paths.iter().chain(&paths) {
        assert_eq!(status(&mut world, path), 404, "{path}");
    }
    reconfigure(&mut world, 1, &config(""));
    for path in &paths {
        assert_eq!(status(&mut world, path), 200, "{path}");
    }
}

#[test]
fn rules_hold_for_what_is_stored() {
    for (rule, list, latest) in [
        (r#"{"modules": ["*"], "versions": ["v1.1.0"], "action": "deny"}"#, "v1.0.0\n", Some("v1.0.0")),
        // Nothing else is left, and it is no version that a list shows.
        (r#"{"modules": ["*"], "versions": ["release"], "action": "deny"}"#, "", Some(PSEUDO)),
        (r#"{"modules": ["*"], "versions": ["<v2.0.0"], "action": "deny"}"#, "", None),
        (r#"{"modules": ["*"], "action": "cooldown", "age": "70d"}"#, "v1.0.0\n", Some("v1.0.0")),
        (r#"{"modules": ["*"], "action": "cooldown", "age": "100d"}"#, "", None),
    ] {
        for restarted in [false, true] {
            let mut world = cut_off(1, &format!(r#""policy": {{"rules": [{rule}]}},"#));
            if restarted {
                world.gateways[0].memory = Default::default();
                world.crash(0);
            }
            let got = ask(&mut world, LIST);
            assert_eq!((got.status, got.body.as_str()), (200, list), "{rule}");
            let got = ask(&mut world, LATEST);
            match latest {
                Some(latest) => assert!(got.body.contains(latest), "{rule}: {got:?}"),
                None => assert_eq!(got.status, 403, "{rule}: {got:?}"),
            }
            assert_only_storage_was_asked(&world);
            assert_idle(&mut world, 1);
        }
    }
}

#[test]
fn nobody_is_sent_to_an_upstream() {
    let mut world = cut_off(1, r#""policy": {"on_miss": {"mode": "redirect"}},"#);
    for path in [
        "/other.test/m/@v/list",
        "/other.test/m/@latest",
        "/other.test/m/@v/v1.0.0.mod",
        "/other.test/m/@v/v1.0.0.zip",
    ] {
        assert_eq!(status(&mut world, path), 404, "{path}");
    }
    assert_only_storage_was_asked(&world);
}

#[test]
fn storage_that_is_down_is_no_missing_module() {
    let mut world = cut_off(1, "");
    world.gateways[0].memory = Default::default();
    world.crash(0);
    world.cluster("storage").fault = Some(crate::http::CallFailure::Unreachable);
    for path in [LIST, LATEST].map(str::to_owned).into_iter().chain(by_name(M, "v1.0.0")) {
        let got = ask(&mut world, &path);
        assert_eq!((got.status, got.cache_control.as_str()), (502, "no-store"), "{path}: {got:?}");
    }
    assert_only_storage_was_asked(&world);
    assert_idle(&mut world, 1);
}
