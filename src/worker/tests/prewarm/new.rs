//! New versions, by what a hook tells and by lists that are asked for anew.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::*;

/// The upstream lists these.
fn list(world: &mut World, module: &str, versions: &str) {
    let newest = versions.split(' ').next_back().unwrap();
    let latest = format!(r#"{{"Version":"{newest}"}}"#);
    world
        .cluster("public")
        .serve(&format!("/base/{module}/@v/list"), &versions.replace(' ', "\n"))
        .serve(&format!("/base/{module}/@latest"), &latest);
}

/// A hook tells of a tag.
fn tell(world: &mut World, module: &str, version: &str) {
    let text = format!(r#"{{"repository":"https://{module}","ref":"refs/tags/{version}"}}"#);
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a-secret-that-is-drawn").unwrap();
    mac.update(text.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = [("x-modgate-signature", signature.as_str())];
    let stream = world.begin_post(0, "/-/hooks/forge", &headers);
    world.send(0, stream, text.as_bytes(), true);
    assert_eq!(world.response(stream).status, 202);
}

/// So many requests for the list, half a minute apart.
fn warm(world: &mut World, module: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(world.get(0, &format!("/{module}/@v/list")).status, 200);
        world.pass(31_000);
    }
}

fn open_with(module: &str) -> World {
    let mut world = open(2);
    list(&mut world, module, "v1.0.0");
    publish(&mut world, "public", module, "v1.0.0");
    world
}

#[test]
fn scenario_a_tag_is_fetched_where_its_module_is_hot() {
    for (times, is_hot) in [(1, false), (2, false), (4, true)] {
        let mut world = open_with("example.com/m");
        warm(&mut world, "example.com/m", times);
        list(&mut world, "example.com/m", "v1.0.0 v1.1.0");
        publish(&mut world, "public", "example.com/m", "v1.1.0");
        world.cluster("public").asked.clear();
        tell(&mut world, "example.com/m", "v1.1.0");
        world.settle();
        let files = asked(&world, "public", "/@v/v1.1.0.");
        assert_eq!(files, if is_hot { 3 } else { 0 }, "{times}: {:?}", world.clusters["public"].asked);
        assert_eq!(asked(&world, "public", "/@v/list"), 1);
        if is_hot {
            assert!(world.clusters["storage"].bytes("/modules/example.com/m/@v/v1.1.0.zip").is_some());
            assert!(world.log.iter().any(|line| line.contains("example.com/m@v1.1.0 is new: fetched")));
        }
    }
}

#[test]
fn scenario_a_module_that_nobody_asks_for_any_more_is_not_hot() {
    let mut world = open_with("example.com/m");
    warm(&mut world, "example.com/m", 4);
    world.pass(16 * 60_000);
    publish(&mut world, "public", "example.com/m", "v1.1.0");
    list(&mut world, "example.com/m", "v1.0.0 v1.1.0");
    tell(&mut world, "example.com/m", "v1.1.0");
    world.settle();
    assert_eq!(asked(&world, "public", "/@v/v1.1.0."), 0);
}

#[test]
fn scenario_a_tag_that_the_upstream_does_not_know_yet_is_not_said_to_be_missing() {
    let mut world = open_with("example.com/m");
    warm(&mut world, "example.com/m", 4);
    tell(&mut world, "example.com/m", "v1.1.0");
    world.settle();
    assert!(asked(&world, "public", "/@v/v1.1.0.") > 0);
    assert_eq!(counted(&world, "prewarm_files_total.outcome.missing"), 3);
    publish(&mut world, "public", "example.com/m", "v1.1.0");
    for worker in 0..2 {
        assert_eq!(world.get(worker, "/example.com/m/@v/v1.1.0.mod").status, 200);
    }
}

#[test]
fn scenario_a_flood_of_tidings_costs_a_question_a_second() {
    let mut world = open_with("example.com/m");
    warm(&mut world, "example.com/m", 4);
    world.cluster("public").latency = 1;
    for _ in 0..30 {
        tell(&mut world, "example.com/m", "v1.1.0");
        world.pass(100);
    }
    let files = asked(&world, "public", "/@v/v1.1.0.info");
    assert!((2..=4).contains(&files), "{files} in three seconds");
    world.settle();
    assert!(world.worker(0).jobs().is_empty());
}

#[test]
fn scenario_each_new_version_of_a_module_that_is_named_is_fetched() {
    let mut world = with(2, &CONFIG.replace(r#""list": "1h""#, r#""list": "1m""#));
    list(&mut world, "named.test/m", "v1.0.0 v1.0.1");
    list(&mut world, "other.test/m", "v1.0.0");
    for worker in 0..2 {
        assert_eq!(world.get(worker, "/named.test/m/@v/list").status, 200);
        assert_eq!(world.get(worker, "/other.test/m/@v/list").status, 200);
    }
    world.settle();
    assert_eq!(asked(&world, "public", "/@v/v1."), 0, "the first list has nothing that is new");
    for n in 2..9 {
        publish(&mut world, "public", "named.test/m", &format!("v1.0.{n}"));
    }
    list(&mut world, "named.test/m", "v1.0.0 v1.0.1 v1.0.2 v1.0.3 v1.0.4 v1.0.5 v1.0.6 v1.0.7 v1.0.8");
    list(&mut world, "other.test/m", "v1.0.0 v1.1.0");
    world.pass(70_000);
    for worker in 0..2 {
        assert_eq!(world.get(worker, "/named.test/m/@v/list").status, 200);
        assert_eq!(world.get(worker, "/other.test/m/@v/list").status, 200);
    }
    world.settle();
    assert_eq!(asked(&world, "public", "other.test/m/@v/v1."), 0);
    assert_eq!(asked(&world, "public", "named.test/m/@v/v1."), 12, "the newest four");
    for n in 5..9 {
        assert_eq!(asked(&world, "public", &format!("named.test/m/@v/v1.0.{n}.zip")), 1, "{n}");
    }
    // Nothing is new in the same list.
    world.pass(70_000);
    assert_eq!(world.get(0, "/named.test/m/@v/list").status, 200);
    world.settle();
    assert_eq!(asked(&world, "public", "named.test/m/@v/v1."), 12);
}

#[test]
fn scenario_without_the_section_nothing_is_fetched_before_a_client_asks() {
    let section = r#", "modules": ["named.test"], "rate": 20}"#;
    let (before, after) =
        CONFIG.split_once(r#","#).map(|_| CONFIG.split_once("\"prewarm\"").unwrap()).unwrap();
    let (_, after) = after.split_once(section).unwrap();
    let mut world = with(1, &format!("{}{after}", before.trim_end().trim_end_matches(',')));
    list(&mut world, "named.test/m", "v1.0.0");
    warm(&mut world, "named.test/m", 4);
    publish(&mut world, "public", "named.test/m", "v1.1.0");
    list(&mut world, "named.test/m", "v1.0.0 v1.1.0");
    tell(&mut world, "named.test/m", "v1.1.0");
    world.settle();
    assert_eq!((asked(&world, "public", "/@v/list"), asked(&world, "public", "/@v/v1.1.0.")), (2, 0));
}
