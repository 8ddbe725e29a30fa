//! What storage has left of a module of which all upstreams say that there is none.

use super::{CONFIG, body, gets, header, lasts};
use crate::{http::CallFailure, sim::World};

const LIST: &str = "/github.com/Acme/m/@v/list";
const LATEST: &str = "/github.com/Acme/m/@latest";
const PSEUDO: &str = "v0.0.0-20200102030405-abcdefabcdef";
const INFO: &str = r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z"}"#;

/// Every layout, in every way in which it can be listed: more of the section `storage`.
fn stores() -> Vec<(&'static str, String)> {
    let ways = [r#""listing": "autoindex""#, r#""listing": "propfind""#, r#""dialect": "s3""#];
    let layouts = ["goproxy", "athens", "athens_flat"];
    layouts
        .into_iter()
        .flat_map(|layout| ways.map(|way| (layout, format!(r#", "layout": "{layout}", {way}"#))))
        .collect()
}

fn config(storage: &str) -> String {
    CONFIG.replace("modules\"", &format!("modules\"{storage}"))
}

/// The paths of a version's files, in storage.
fn files(layout: &str, storage: &str, version: &str) -> [String; 3] {
    let names = match layout {
        "goproxy" => ["info", "mod", "zip"].map(|kind| format!("github.com/!acme/m/@v/{version}.{kind}")),
        "athens" => ["info", "mod", "zip"].map(|kind| format!("github.com/Acme/m/@v/{version}.{kind}")),
        _ => [format!("{version}.info"), "go.mod".to_owned(), "source.zip".to_owned()]
            .map(|file| format!("github.com/Acme/m/{version}/{file}")),
    };
    let at = if storage.contains("s3") { "%40" } else { "@" };
    names.map(|name| format!("/modules/{}", name.replace('!', "%21").replace('@', at)))
}

/// A gateway that has just begun, before a storage with v1.0.0, a pseudo-version and a part of v1.1.0, and an upstream that has
/// nothing.
fn world(layout: &str, storage: &str, workers: usize) -> World {
    let mut world = World::new(workers, &config(storage));
    world.cluster("public").latency = 100;
    let store = world.cluster("storage");
    store.latency = 1;
    let infos = [INFO.to_owned(), format!(r#"{{"Version":"{PSEUDO}"}}"#)];
    for (version, text) in ["v1.0.0", PSEUDO].into_iter().zip(infos) {
        let [info, go_mod, zip] = files(layout, storage, version);
        store.serve(&info, &text).serve(&go_mod, "module github.com/Acme/m\n").serve(&zip, "PK");
    }
    let [info, go_mod, _] = files(layout, storage, "v1.1.0");
    store.serve(&info, r#"{"Version":"v1.1.0"}"#).serve(&go_mod, "module github.com/Acme/m\n");
    world
}

/// What storage was asked for its folders.
fn listings(world: &World) -> usize {
    let is_listing = |asked: &&String| {
        asked.starts_with("PROPFIND") || asked.contains("list-type=2") || asked.ends_with('/')
    };
    world.clusters["storage"].asked.iter().filter(is_listing).count()
}

#[test]
fn scenario_what_is_stored_of_a_module_that_is_gone_is_its_list_in_every_layout() {
    for (layout, storage) in stores() {
        for status in [404, 410] {
            let mut world = world(layout, &storage, 2);
            world.cluster("public").answer("/base/github.com/%21acme/m/@v/list", status, &[], "gone");
            world.cluster("public").answer("/base/github.com/%21acme/m/@latest", status, &[], "gone");
            let list = world.get(0, LIST);
            assert_eq!(
                (list.status, body(&list)),
                (200, format!("{PSEUDO}\nv1.0.0\n").as_str()),
                "{storage}"
            );
            assert_eq!(header(&list, "x-modgate-cache"), "storage");
            assert!(lasts(&list, 60), "{list:?}");
            let latest = world.get(1, LATEST);
            assert_eq!((latest.status, body(&latest)), (200, INFO), "{storage}");
            let (counted, asked) = (listings(&world), world.clusters["public"].asked.len());
            assert_eq!(asked, 2, "{:?}", world.clusters["public"].asked);
            // Once for the folder, and in folders of their own once for each version.
            let is_flat = layout == "athens_flat" && !storage.contains("s3");
            assert_eq!(
                counted,
                if is_flat { 4 } else { 1 },
                "{storage}: {:?}",
                world.clusters["storage"].asked
            );
            for path in [LIST, LATEST] {
                assert_eq!(header(&world.get(0, path), "x-modgate-cache"), "hit", "{storage} {path}");
                let head = world.begin_with(0, "HEAD", path, &[]);
                world.settle();
                assert_eq!(world.response(head).status, 200);
            }
            assert_eq!((listings(&world), world.clusters["public"].asked.len()), (counted, asked));
            let paths = world.clusters["storage"].paths().filter(|path| path.ends_with("list")).count();
            assert_eq!(paths, 0, "what was counted is not stored");
        }
    }
}

/// While an upstream answers, its list is the truth: a version that it dropped is not brought back.
#[test]
fn scenario_a_list_of_an_upstream_is_the_truth() {
    for (layout, storage) in stores() {
        let mut world = world(layout, &storage, 1);
        assert_eq!(world.get(0, LIST).status, 200);
        world.pass(600_000);
        world.cluster("public").serve("/base/github.com/%21acme/m/@v/list", "v0.9.0\n");
        assert_eq!(body(&world.get(0, LIST)), "v0.9.0\n", "{storage}");
        assert_eq!(world.get(0, LATEST).status, 404, "the go command takes it from the list");
        assert_eq!(world.get(0, "/github.com/Acme/m/@v/v1.0.0.info").status, 200, "it is there all the same");
        assert_eq!(world.get(0, "/github.com/Acme/m/@v/v1.0.0.mod").status, 200);
    }
}

/// A list that was stored says more than a count: it names versions that nobody has asked for.
#[test]
fn scenario_a_list_that_was_stored_is_what_is_left() {
    let mut world = world("goproxy", "", 1);
    world.cluster("storage").serve("/modules/github.com/%21acme/m/@v/list", "v1.0.0\n");
    assert_eq!(body(&world.get(0, LIST)), "v1.0.0\n");
    assert_eq!(body(&world.get(0, LATEST)), INFO);
    assert_eq!(listings(&world), 0);
}

#[test]
fn scenario_only_where_all_upstreams_say_so_a_module_is_gone() {
    let two = r#"{
        "upstreams": [
            {"name": "one", "cluster": "one", "url": "https://one.test", "fallback": "FALLBACK"},
            {"name": "two", "cluster": "two", "url": "https://two.test"}],
        "storage": {"cluster": "storage", "url": "http://storage.test/modules", "layout": "athens"}}"#;
    for (fallback, one, second, expected) in [
        ("not_found", 404, 404, 200),
        ("not_found", 410, 404, 200),
        ("not_found", 404, 500, 502),
        ("not_found", 500, 404, 502),
        ("any_error", 500, 404, 502),
        ("any_error", 404, 403, 403),
        ("any_error", 404, 404, 200),
    ] {
        let mut world = World::new(1, &two.replace("FALLBACK", fallback));
        for version in ["v1.0.0"] {
            for file in files("athens", "", version) {
                world.cluster("storage").serve(&file, "x");
            }
        }
        for (name, status) in [("one", one), ("two", second)] {
            world.cluster(name).answer("/github.com/%21acme/m/@v/list", status, &[], "");
        }
        assert_eq!(world.get(0, LIST).status, expected, "{one} {fallback} {second}");
        assert_eq!(listings(&world), usize::from(expected == 200), "{one} {fallback} {second}");
    }
}

/// Most that upstreams do not know is no module.
#[test]
fn scenario_what_is_no_module_costs_one_listing_for_as_long_as_that_is_believed() {
    for (_, storage) in stores() {
        let mut world = World::new(2, &config(&storage));
        world.cluster("public").latency = 100;
        world.cluster("storage").latency = 1;
        for turn in 0..6 {
            for path in ["/example.com/none/@v/list", "/example.com/none/@latest"] {
                let stream = world.begin(turn % 2, path);
                world.settle();
                let answer = world.response(stream);
                assert!(answer.status == 404 && lasts(&answer, 30), "{storage}: {answer:?}");
                assert!(body(&answer).contains("upstream public"), "{answer:?}");
            }
        }
        assert_eq!(listings(&world), 1, "{storage}: {:?}", world.clusters["storage"].asked);
        assert_eq!(world.clusters["public"].asked.len(), 2, "{storage}");
        world.pass(31_000);
        assert_eq!(world.get(0, "/example.com/none/@v/list").status, 404);
        assert_eq!(listings(&world), 2, "{storage}");
        // No repository is called so.
        for path in ["/github.com/@v/list", "/github.com/!acme/@v/list", "/gitlab.com/acme/@latest"] {
            assert_eq!(world.get(0, path).status, 404, "{path}");
        }
        assert_eq!(listings(&world), 2, "{storage}");
        assert!(world.is_idle());
    }
}

/// An outage of storage is no reason to refuse what nobody has seen, and none to say that there is nothing of what was.
#[test]
fn scenario_while_storage_is_down_only_what_was_seen_here_fails() {
    for (layout, storage) in stores() {
        let mut world = world(layout, &storage, 1);
        assert_eq!(world.get(0, LIST).status, 200);
        world.cluster("storage").fault = Some(CallFailure::Unreachable);
        world.pass(600_000);
        for _ in 0..2 {
            let list = world.get(0, LIST);
            assert_eq!((list.status, header(&list, "x-modgate-cache")), (200, "stale"), "{storage}");
            assert!(body(&list).contains("v1.0.0"), "{storage}");
            let unknown = world.get(0, "/example.com/none/@v/list");
            assert_eq!(unknown.status, 404, "{storage}");
            world.pass(20_000);
        }
        // It is not remembered: storage may turn out to have some of it.
        assert!(gets(&world, "public", "/base/example.com/none/@v/list") > 1, "{storage}");
        world.cluster("storage").fault = None;
        world.pass(600_000);
        assert_eq!(header(&world.get(0, LIST), "x-modgate-cache"), "storage", "{storage}");
    }
}

/// A store that gives no lists leaves it at the upstreams' word. That is remembered, or each request would ask them anew.
#[test]
fn scenario_a_store_that_lists_nothing_makes_no_upstream_be_asked_more() {
    for (status, layout) in [(403, "athens"), (405, "athens"), (501, "goproxy")] {
        let mut world = World::new(1, &config(&format!(r#", "layout": "{layout}""#)));
        world.cluster("public");
        world.cluster("storage").answer_folders = Some(status);
        for _ in 0..3 {
            let answer = world.get(0, LIST);
            assert!(answer.status == 404 && lasts(&answer, 30), "{status}: {answer:?}");
        }
        assert_eq!(world.clusters["public"].asked.len(), 1, "{status}");
        assert_eq!(listings(&world), 1, "{status}");
    }
}

/// Rules hold for what is left, as for all else.
#[test]
fn scenario_what_is_refused_is_not_left() {
    for (rule, list, latest) in [
        (r#""v1.0.0""#, format!("{PSEUDO}\n"), Some(PSEUDO)),
        (r#""pseudo""#, "v1.0.0\n".to_owned(), Some("v1.0.0")),
        (r#""<v2.0.0""#, String::new(), None),
    ] {
        let rules = format!(
            r#"{{"policy": {{"rules": [{{"modules": ["*"], "versions": [{rule}], "action": "deny"}}]}},"#
        );
        let mut world = world("athens", r#", "layout": "athens""#, 1);
        let text = config(r#", "layout": "athens""#).replacen('{', &rules, 1);
        world.replace(0, &text);
        assert_eq!(body(&world.get(0, LIST)), list, "{rule}");
        let got = world.get(0, LATEST);
        match latest {
            Some(version) => assert!(got.status == 200 && body(&got).contains(version), "{rule}: {got:?}"),
            None => assert_eq!(got.status, 403, "{rule}"),
        }
    }
}
