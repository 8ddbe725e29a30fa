//! What storage has, counted page by page.

use super::CONFIG;
use crate::{
    gomod::ModulePath,
    goproxy::{Document, File, Found},
    http::CallFailure,
    plan::Want,
    shared::{Entry, Region},
    sim::World,
    worker::Worker,
};

const BUCKET: &str = r#"{
    "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}],
    "storage": {"cluster": "storage", "url": "http://storage.test/modules", "dialect": "s3"}
}"#;

fn stored() -> Want {
    let module = ModulePath::parse("github.com/Acme/m").unwrap();
    Want::Document(Document::Module { module, file: File::Stored })
}

/// A world in which storage has these versions.
fn world(config: &str, versions: &[&str]) -> World {
    let mut world = World::new(1, config);
    world.cluster("public");
    let is_bucket = config.contains("\"s3\"");
    let folder = if is_bucket { "%21acme/m/%40v" } else { "%21acme/m/@v" };
    let storage = world.cluster("storage");
    storage.latency = 1;
    for version in versions {
        for extension in ["info", "mod", "zip"] {
            storage.serve(&format!("/modules/github.com/{folder}/{version}.{extension}"), "x");
        }
    }
    world
}

/// Has it counted, and gives what the index has then.
fn count(world: &mut World) -> Option<Found> {
    let known = indexed(world);
    world.event(0, |worker, cx| match known {
        Some(known) => worker.refresh(stored(), Some(known), cx),
        None => worker.refresh(stored(), None, cx),
    });
    world.settle();
    indexed(world)
}

fn indexed(world: &mut World) -> Option<Found> {
    world.event(0, |worker: &mut Worker, cx| {
        match worker.services.index.peek(cx.kv, Region::Found, &stored().key()) {
            Some(Entry::Found(found)) => Some(found),
            _ => None,
        }
    })
}

fn list(found: Option<Found>) -> String {
    String::from_utf8(found.expect("a list").body.to_vec()).unwrap()
}

#[test]
fn scenario_versions_are_counted_over_pages() {
    for page in [1, 2, 7, 1000] {
        let mut world = world(BUCKET, &["v1.9.0", "v1.10.0", "v1.2.0-rc.1"]);
        world.cluster("storage").page = Some(page);
        assert_eq!(list(count(&mut world)), "v1.2.0-rc.1\nv1.9.0\nv1.10.0\n", "{page}");
        assert_eq!(world.clusters["storage"].asked.len(), 9_usize.div_ceil(page), "{page}");
        assert!(world.clusters["public"].asked.is_empty(), "nobody else is asked");
    }
}

#[test]
fn scenario_folders_are_counted_in_both_ways() {
    for listing in ["autoindex", "propfind"] {
        let config = CONFIG.replace("modules\"", &format!("modules\", \"listing\": \"{listing}\""));
        let mut world = world(&config, &["v1.9.0", "v1.10.0"]);
        assert_eq!(list(count(&mut world)), "v1.9.0\nv1.10.0\n", "{listing}");
        assert_eq!(world.clusters["storage"].asked.len(), 1, "{listing}");
    }
}

#[test]
fn scenario_folders_of_versions_are_looked_into() {
    for listing in ["autoindex", "propfind"] {
        let flat = format!("modules\", \"layout\": \"athens_flat\", \"listing\": \"{listing}\"");
        let mut world = world(&CONFIG.replace("modules\"", &flat), &[]);
        let storage = world.cluster("storage");
        for name in ["v1.9.0/v1.9.0.info", "v1.9.0/go.mod", "v1.9.0/source.zip", "v1.10.0/go.mod"] {
            storage.serve(&format!("/modules/github.com/Acme/m/{name}"), "x");
        }
        assert_eq!(list(count(&mut world)), "v1.9.0\n", "{listing}");
        assert_eq!(world.clusters["storage"].asked.len(), 3, "{listing}");
    }
}

#[test]
fn scenario_nothing_stored_is_known_as_such() {
    let mut bucket = world(BUCKET, &[]);
    assert_eq!(list(count(&mut bucket)), "");
    let mut folders = world(CONFIG, &[]);
    folders.cluster("storage").serve("/modules/example.com/other/@v/list", "v1.0.0\n");
    assert_eq!(list(count(&mut folders)), "");
    assert_eq!(folders.clusters["storage"].asked.len(), 2, "the root has told");
}

#[test]
fn scenario_a_store_that_lists_nothing_is_no_empty_one() {
    let mut world = world(CONFIG, &["v1.0.0"]);
    world.cluster("storage").hides_folders = true;
    assert_eq!(count(&mut world), None);
}

#[test]
fn scenario_what_was_counted_outlasts_an_outage() {
    let mut world = world(BUCKET, &["v1.0.0"]);
    assert_eq!(list(count(&mut world)), "v1.0.0\n");
    world.pass(600_000);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    let kept = count(&mut world).unwrap();
    assert_eq!(kept.checked, Some(world.now), "asked in vain");
    assert_eq!(list(Some(kept)), "v1.0.0\n");
    world.cluster("storage").fault = None;
    world.pass(600_000);
    assert_eq!(count(&mut world).unwrap().checked, None);
}

/// A kept connection that closes is asked over a new one, from the same page on.
#[test]
fn scenario_a_connection_that_closes_costs_no_page() {
    let mut world = world(BUCKET, &["v1.0.0", "v1.1.0"]);
    let storage = world.cluster("storage");
    storage.page = Some(2);
    storage.fault_once = Some(CallFailure::Dropped);
    assert_eq!(list(count(&mut world)), "v1.0.0\nv1.1.0\n");
    assert_eq!(world.clusters["storage"].asked.len(), 4);
}
