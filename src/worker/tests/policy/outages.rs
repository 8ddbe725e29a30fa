//! When it cannot be found out when versions were published, or not soon.

use super::*;
use crate::{http::CallFailure, worker::tests::tiny_index};

const COOLDOWN: &str = r#""policy": {"rules": [{"modules": ["*"], "action": "cooldown", "age": "7d"}]},"#;
const M: &str = "example.com/m";
const LIST: &str = "/example.com/m/@v/list";
const LATEST: &str = "/example.com/m/@latest";
const BAD: &str = "/base/example.com/m/@v/v1.1.0.info";

/// How often what fails in passing is asked for.
const TRIES: usize = 4;

fn furnished(workers: usize, more: &str) -> World {
    let mut world = world(workers, &config(&format!("{more}{COOLDOWN}")));
    publish(&mut world, M, &[("v1.0.0", 90 * DAY), ("v1.1.0", 60 * DAY), ("v1.2.0", DAY)]);
    resolve(
        &mut world,
        M,
        "@latest",
        &format!(r#"{{"Version":"v1.2.0","Time":"{}"}}"#, rfc3339(START - DAY)),
    );
    world
}

#[test]
fn a_version_of_which_nobody_can_say_is_not_shown_and_asked_for_again() {
    let mut world = furnished(1, "");
    world.cluster("public").answer(BAD, 500, &[], "");
    for expected in [4, 8] {
        assert_eq!(ask(&mut world, LIST).body, "v1.0.0\n");
        assert_eq!(gets(&world, BAD), expected, "the next may be told better");
        world.pass(1_100);
    }
    for path in by_name(M, "v1.1.0") {
        assert_eq!(status(&mut world, &path), 502, "{path}");
    }
    publish(&mut world, M, &[("v1.0.0", 90 * DAY), ("v1.1.0", 60 * DAY), ("v1.2.0", DAY)]);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n");
    assert_idle(&mut world, 1);
}

fn gets(world: &World, path: &str) -> usize {
    world.clusters["public"].asked.iter().filter(|asked| asked.ends_with(path)).count()
}

#[test]
fn a_version_that_is_not_there_is_not_shown() {
    let mut world = furnished(1, "");
    world.cluster("public").answer(BAD, 404, &[], "");
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\n");
    for path in by_name(M, "v1.1.0") {
        assert_eq!(status(&mut world, &path), 404, "{path}");
    }
    assert!(ask(&mut world, LATEST).body.contains("v1.0.0"));
    assert_idle(&mut world, 1);
}

/// An empty list would say that the module has no versions.
#[test]
fn where_nobody_can_say_anything_the_list_fails() {
    for (more, is_tiny) in [
        ("", false),
        (r#""freshness": {"list": "0s"},"#, false),
        (r#""freshness": {"latest": "0s"},"#, false),
        ("", true),
    ] {
        for workers in [1, 4] {
            let mut world = furnished(workers, more);
            if is_tiny {
                world.resize_index(tiny_index(1, 1024));
            }
            world.cluster("public").fault_of = Some(("GET", ".info", CallFailure::Broken));
            for worker in (0..workers).chain(0..workers) {
                for path in [LIST, LATEST] {
                    let got = ask_with(&mut world, worker, "GET", path, &[]);
                    assert_eq!((got.status, got.cache_control.as_str()), (502, "no-store"), "{more}: {path}");
                }
            }
            // Each is asked about once by each list, not again and again by one of them.
            let most = workers * 2 * 2 * 2 * TRIES;
            assert!(gets(&world, "v1.0.0.info") <= most, "{more}: {} times", gets(&world, "v1.0.0.info"));
            assert!(gets(&world, "@latest") <= most, "{more}: {} times", gets(&world, "@latest"));
            world.cluster("public").fault_of = None;
            world.pass(1_100);
            assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n", "{more}");
            assert!(ask(&mut world, LATEST).body.contains("v1.1.0"), "{more}");
            assert_idle(&mut world, workers);
        }
    }
}

/// Whoever waits is answered when patience ends, with as much as is known.
#[test]
fn nobody_waits_for_longer_than_patience() {
    for workers in [1, 4] {
        let mut world = furnished(workers, r#""fetch": {"wait": "5s"},"#);
        assert_eq!(status(&mut world, "/example.com/m/@v/v1.0.0.info"), 200);
        world.cluster("public").latency = 4_000;
        let streams: Vec<_> = (0..8)
            .map(|n| (n % workers, world.begin(n % workers, [LIST, LATEST][n / workers % 2])))
            .collect();
        world.pass(4_500);
        world.cluster("public").latency = 60_000;
        world.pass(8_000);
        for (_, stream) in &streams {
            assert_ne!(*world.verdict(*stream), Verdict::Wait, "{stream:?} waits for ever");
        }
        world.cluster("public").latency = 10;
        world.settle();
        for (worker, stream) in streams {
            let got = end(&mut world, worker, stream);
            assert!([200, 504].contains(&got.status), "{got:?}");
            assert!(!got.body.contains("v1.2.0"), "{got:?}");
        }
        assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n");
        assert_idle(&mut world, workers);
    }
}

#[test]
fn clients_that_leave_and_workers_that_die_leave_nothing_behind() {
    for workers in [1, 2, 4] {
        for after in [0, 50, 101, 120, 201, 250] {
            let mut world = furnished(workers, "");
            let streams: Vec<_> = (0..12).map(|n| (n % workers, world.begin(n % workers, LIST))).collect();
            world.pass(after);
            let (leaving, staying) = streams.split_at(6);
            for (worker, stream) in leaving {
                world.leave(*worker, *stream);
            }
            if workers > 1 {
                world.crash(0);
            }
            world.settle();
            for (worker, stream) in staying.iter().filter(|(worker, _)| workers == 1 || *worker > 0) {
                assert_eq!(end(&mut world, *worker, *stream).body, "v1.0.0\nv1.1.0\n", "after {after}");
            }
            for worker in 0..workers {
                assert_eq!(ask_with(&mut world, worker, "GET", LIST, &[]).body, "v1.0.0\nv1.1.0\n");
            }
            assert_idle(&mut world, workers);
        }
    }
}

/// More modules at once than one worker asks about: those that come later wait for room, and none is forgotten.
#[test]
fn many_modules_share_what_may_be_asked_at_once() {
    let mut world = world(1, &config(COOLDOWN));
    let modules: Vec<_> = (0..8).map(|n| format!("example.com/m{n}")).collect();
    let versions: Vec<_> = (0..40).map(|n| format!("v1.{n}.0")).collect();
    for module in &modules {
        let versions: Vec<_> = versions.iter().map(|version| (version.as_str(), 90 * DAY)).collect();
        publish(&mut world, module, &versions);
    }
    let streams: Vec<_> =
        modules.iter().map(|module| world.begin(0, &format!("/{module}/@v/list"))).collect();
    world.settle();
    for stream in streams {
        assert_eq!(end(&mut world, 0, stream).body.lines().count(), 40);
    }
    assert_idle(&mut world, 1);
}

/// `@latest`, then the list, then when its versions were published: each may take nearly as long as anybody waits for one of them. All of it
/// ends before a clock of Envoy's does, and a zip, which is on its way after that, within the wait for one.
#[test]
fn nobody_waits_anew_for_each_thing_that_has_to_be_found_out() {
    for (path, latency) in [
        ("/example.com/m/@latest", 110_000),
        ("/example.com/m/@latest", 100_000),
        ("/example.com/m/@latest", 60_000),
        ("/example.com/m/@v/v0.9.0.mod", 100_000),
        ("/example.com/m/@v/v0.9.0.zip", 100_000),
        ("/example.com/m/@v/list", 100_000),
    ] {
        let mut world = World::new(
            1,
            r#"{"upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test", "timeout": "120s"}],
                "verify": {"mode": "off"},
                "policy": {"rules": [{"modules": ["*"], "action": "cooldown", "age": "7d"}]}}"#,
        );
        let info = |version: &str, time: &str| format!(r#"{{"Version":"{version}","Time":"{time}"}}"#);
        let young = info("v1.0.0", "2023-11-14T00:00:00Z");
        world.cluster("public").latency = latency;
        world
            .cluster("public")
            .serve("/example.com/m/@v/list", "v1.0.0\nv0.9.0\n")
            .serve("/example.com/m/@latest", &young)
            .serve("/example.com/m/@v/v1.0.0.info", &young)
            .serve("/example.com/m/@v/v0.9.0.info", &info("v0.9.0", "2019-01-01T00:00:00Z"))
            .serve("/example.com/m/@v/v0.9.0.mod", "module example.com/m\n");
        let began = world.now;
        let stream = world.begin(0, path);
        // Somebody who asks later has all of his own time.
        world.pass(120_000);
        let later = world.begin(0, path);
        let waits = |world: &World, stream| matches!(world.verdict(stream), Verdict::Wait);
        while waits(&world, stream) {
            world.pass(1000);
        }
        let most = if path.ends_with(".zip") { 152 } else { 272 };
        let took = world.now.since(began).as_secs();
        assert!(took <= most, "{path}: {took} s");
        while waits(&world, later) {
            world.pass(1000);
        }
        let took = world.now.since(began).as_secs() - 120;
        assert!(took <= most, "{path}: {took} s");
        if latency <= 60_000 {
            assert_eq!(world.response(stream).status, 200, "{path}");
        }
        world.settle();
        assert_idle(&mut world, 1);
    }
}
