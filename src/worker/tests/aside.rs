//! The `.info` of versions whose zips nobody asks for: kept aside in storage.

use super::{CONFIG, body, gets, header};
use crate::{http::CallFailure, shared::Memory, sim::World};

const COUNT: usize = 300;

fn config(storage: &str) -> String {
    CONFIG.replace("modules\"", &format!("modules\"{storage}"))
}

/// An upstream with so many versions, and an empty store.
fn world(storage: &str, workers: usize) -> World {
    let mut world = World::new(workers, &config(storage));
    world.cluster("storage").latency = 1;
    let public = world.cluster("public");
    public.latency = 20;
    let mut list = String::new();
    for n in 0..COUNT {
        list.push_str(&format!("v1.{n}.0\n"));
        let path = format!("/base/github.com/%21acme/m/@v/v1.{n}.0");
        public
            .serve(&format!("{path}.info"), &info(n))
            .serve(&format!("{path}.mod"), "module github.com/Acme/m\n");
    }
    public.serve("/base/github.com/%21acme/m/@v/list", &list);
    world
}

fn info(n: usize) -> String {
    format!(r#"{{"Version":"v1.{n}.0","Time":"2023-01-02T03:04:05Z","Origin":{{"VCS":"git"}}}}"#)
}

fn path(n: usize) -> String {
    format!("/github.com/!acme/m/@v/v1.{n}.0.info")
}

/// What a bot asks for each hour that looks for new versions.
fn round(world: &mut World, workers: usize) {
    assert_eq!(world.get(0, "/github.com/!acme/m/@v/list").status, 200);
    // So many at once.
    for first in (0..COUNT).step_by(20) {
        let some = first..first + 20;
        let streams: Vec<_> = some.map(|n| (n, world.begin(n % workers, &path(n)))).collect();
        world.settle();
        for (n, stream) in streams {
            let answer = world.response(stream);
            assert_eq!((answer.status, body(&answer)), (200, info(n).as_str()));
        }
    }
    for major in ["v2", "v3"] {
        assert_eq!(world.get(0, &format!("/github.com/!acme/m/{major}/@v/list")).status, 404);
    }
}

fn restart(world: &mut World, workers: usize) {
    world.gateways[0].memory = Memory::default();
    (0..workers).for_each(|worker| world.crash(worker));
}

#[test]
fn scenario_dates_alone_are_asked_for_once_and_survive_a_restart_in_every_layout() {
    for layout in ["goproxy", "athens", "athens_flat"] {
        for dialect in ["webdav", "s3"] {
            for workers in [1, 2] {
                let storage = format!(r#", "layout": "{layout}", "dialect": "{dialect}""#);
                let mut world = world(&storage, workers);
                let infos = |world: &World| gets(world, "public", ".info");
                for _ in 0..2 {
                    round(&mut world, workers);
                    world.pass(3_600_000);
                    assert_eq!(infos(&world), COUNT, "{storage}");
                }
                restart(&mut world, workers);
                round(&mut world, workers);
                assert_eq!(infos(&world), COUNT, "{storage}: nothing is asked again");
                let lists = gets(&world, "public", "@v/list");
                round(&mut world, workers);
                assert_eq!(gets(&world, "public", "@v/list"), lists, "{storage}: not even what is fresh");
                // To whoever looks into storage none of it is a version.
                let paths: Vec<_> =
                    world.clusters["storage"].paths().filter(|path| !path.ends_with("list")).collect();
                assert_eq!(paths.len(), COUNT, "{storage}");
                let is_aside = |path: &&str| path.starts_with("/modules/aside/") && path.ends_with(".json");
                assert!(paths.iter().all(is_aside), "{storage}: {paths:?}");
                assert!(world.is_idle());
            }
        }
    }
}

/// Each that is seen for the first time costs storage two questions and a write, and each after a restart two questions.
#[test]
fn scenario_what_one_costs() {
    let mut world = world("", 1);
    assert_eq!(header(&world.get(0, &path(7)), "x-modgate-cache"), "upstream");
    let name = "/modules/github.com/%21acme/m/@v/v1.7.0.info";
    let aside = "/modules/aside/github.com/%21acme/m/v1.7.0.json";
    let cold = [format!("GET {name}"), format!("GET {aside}"), format!("PUT {aside}")];
    assert_eq!(world.clusters["storage"].asked, cold);
    assert_eq!(header(&world.get(0, &path(7)), "x-modgate-cache"), "hit");
    world.pass(600_000);
    assert_eq!(header(&world.get(0, &path(7)), "x-modgate-cache"), "hit");
    assert_eq!(world.clusters["storage"].asked, cold, "it is there");
    restart(&mut world, 1);
    world.cluster("storage").asked.clear();
    assert_eq!(header(&world.get(0, &path(7)), "x-modgate-cache"), "storage");
    assert_eq!(world.clusters["storage"].asked, cold[..2]);
    assert_eq!(gets(&world, "public", ".info"), 1);
}

/// A version is there once its zip is: its `.info` is written in its place then, wherever it was meanwhile.
#[test]
fn scenario_with_the_zip_it_is_written_in_its_place() {
    for restarts in [false, true] {
        let mut world = super::world(1);
        let (path, name) = ("/example.com/m/@v/v1.0.0.info", "/modules/example.com/m/@v/v1.0.0.info");
        assert_eq!(world.get(0, path).status, 200);
        assert_eq!(world.clusters["storage"].body(name), None);
        if restarts {
            restart(&mut world, 1);
        }
        let asked = gets(&world, "public", ".info");
        world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        assert_eq!(world.clusters["storage"].body(name).as_deref(), Some(super::INFO), "{restarts}");
        assert_eq!(gets(&world, "public", ".info"), asked, "{restarts}: it was kept aside");
        // From now on that is the one that is asked for.
        restart(&mut world, 1);
        world.cluster("storage").asked.clear();
        assert_eq!(world.get(0, path).status, 200);
        assert_eq!(world.clusters["storage"].asked, [format!("GET {name}")]);
    }
}

/// What a client can have stored is bounded: by what there is, and by what it is.
#[test]
fn scenario_only_what_an_upstream_has_is_kept_and_nothing_large() {
    let puts = |world: &World| {
        world.clusters["storage"].asked.iter().filter(|asked| asked.starts_with("PUT")).count()
    };
    let mut world = world("", 1);
    for n in 0..20 {
        assert_eq!(world.get(0, &format!("/github.com/!acme/m/@v/v9.{n}.0+incompatible.info")).status, 404);
        assert_eq!(world.get(0, &format!("/github.com/!acme/m/@v/branch{n}.info")).status, 404);
    }
    let large = |bytes: usize| format!(r#"{{"Version":"v1.0.0","Origin":"{}"}}"#, "x".repeat(bytes));
    world.cluster("public").serve("/base/github.com/%21acme/m/@v/v1.0.0.info", &large(17 << 10));
    assert_eq!(world.get(0, &path(0)).status, 200);
    assert_eq!(puts(&world), 0);
    restart(&mut world, 1);
    world.cluster("public").serve("/base/github.com/%21acme/m/@v/v1.0.0.info", &large(15 << 10));
    assert_eq!(world.get(0, &path(0)).status, 200);
    assert_eq!(puts(&world), 1);
    let mut world = super::aside::world(r#", "write": false"#, 1);
    assert_eq!(world.get(0, &path(0)).status, 200);
    assert_eq!(puts(&world), 0);
}

#[test]
fn scenario_what_was_not_kept_is_kept_later_and_what_is_broken_is_fetched() {
    let mut world = world("", 1);
    let aside = "/modules/aside/github.com/%21acme/m/v1.7.0.json";
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    assert_eq!(world.get(0, &path(7)).status, 200);
    world.cluster("storage").fault = None;
    world.pass(61_000);
    assert_eq!(world.get(0, &path(7)).status, 200);
    world.settle();
    assert_eq!(world.clusters["storage"].body(aside), Some(info(7)));

    for broken in ["", "<html>", r#"{"Version":"v1.8.0"}"#] {
        world.cluster("storage").serve(aside, broken);
        restart(&mut world, 1);
        let answer = world.get(0, &path(7));
        assert_eq!((body(&answer), header(&answer, "x-modgate-cache")), (info(7).as_str(), "upstream"));
    }
}

/// Dates that rules ask for are kept as well.
#[test]
fn scenario_after_a_restart_a_list_under_a_cooldown_is_judged_by_what_is_kept_aside() {
    let rules = r#"{"policy": {"rules": [{"modules": ["*"], "action": "cooldown", "age": "7d"}]},"#;
    let mut world = world("", 1);
    world.replace(0, &config("").replacen('{', rules, 1));
    assert!(body(&world.get(0, "/github.com/!acme/m/@v/list")).contains("v1.299.0\n"));
    assert_eq!(gets(&world, "public", ".info"), COUNT);
    restart(&mut world, 1);
    assert!(body(&world.get(0, "/github.com/!acme/m/@v/list")).contains("v1.299.0\n"));
    assert_eq!(gets(&world, "public", ".info"), COUNT);
}
