//! One object that a store does not take says nothing of the store.

use super::*;

fn zip_of(number: u32) -> String {
    format!("/example.com/m{number}/@v/v1.0.0.zip")
}

/// Whom a cold zip is given from.
fn cold(world: &mut World, path: &str) -> String {
    world.cluster("public").serve(&format!("/base{path}").replace('!', "%21"), EMPTY_ZIP);
    let stream = world.begin(0, path);
    world.settle();
    outcome(world, stream)
}

#[test]
fn one_object_that_is_not_taken_keeps_no_other_out() {
    for code in [400, 403, 409, 413, 414, 500] {
        let mut world = world(1);
        world.cluster("storage").put_answered = Some(("/odd/", code));
        for _ in 0..5 {
            assert_eq!(cold(&mut world, "/example.com/odd/@v/v1.0.0.zip"), "public", "{code}");
            world.pass(1_000);
            world.event(0, |worker, cx| {
                worker.services.index.forget(
                    cx.kv,
                    crate::shared::Region::Found,
                    "example.com/odd/@v/v1.0.0.zip",
                    cx.now,
                );
            });
        }
        assert_eq!(cold(&mut world, &zip_of(1)), "storage", "{code}");
    }
}

#[test]
fn several_objects_that_are_not_taken_are_the_stores() {
    let mut world = world(1);
    world.cluster("storage").put_answered = Some((".zip", 403));
    for number in 0..3 {
        assert_eq!(cold(&mut world, &zip_of(number)), "public");
    }
    world.cluster("storage").put_answered = None;
    let puts = |world: &World| {
        world.clusters["storage"].asked.iter().filter(|asked| asked.starts_with("PUT ")).count()
    };
    let before = puts(&world);
    assert_eq!(cold(&mut world, &zip_of(3)), "public", "it rests");
    assert_eq!(puts(&world), before);
    world.pass(10_000);
    assert_eq!(cold(&mut world, &zip_of(4)), "storage");
}

#[test]
fn a_store_that_takes_something_between_takes_zips() {
    let mut world = world(1);
    world.cluster("storage").put_answered = Some(("/odd", 500));
    for number in 0..4 {
        assert_eq!(cold(&mut world, &format!("/example.com/odd{number}/@v/v1.0.0.zip")), "public");
        assert_eq!(cold(&mut world, &zip_of(number)), "storage");
    }
}

#[test]
fn what_holds_for_the_store_holds_at_once() {
    for code in [429, 503, 507] {
        let mut world = world(1);
        world.cluster("storage").put_answered = Some((".zip", code));
        assert_eq!(cold(&mut world, &zip_of(0)), "public");
        world.cluster("storage").put_answered = None;
        assert_eq!(cold(&mut world, &zip_of(1)), "public", "{code}: it rests");
    }
}

/// It is not tried, not counted as a failure of the store, and not asked for there either.
#[test]
fn a_name_that_the_store_cannot_have_is_not_put_there() {
    let long = "a".repeat(256);
    for (dialect, module, is_stored) in [
        ("webdav", "b".repeat(255), true),
        ("webdav", long.clone(), false),
        // A capital takes two bytes.
        ("webdav", format!("{}!c", "b".repeat(253)), true),
        ("webdav", format!("{}!c", "b".repeat(254)), false),
        ("webdav", vec!["b".repeat(200); 6].join("/"), true),
        ("s3", long, true),
        ("s3", vec!["b".repeat(200); 6].join("/"), false),
    ] {
        let config =
            super::super::CONFIG.replace("modules\"", &format!("modules\", \"dialect\": \"{dialect}\""));
        let mut world = World::new(1, &config);
        world.cluster("storage");
        let (zip, go_mod) =
            (format!("/example.com/{module}/@v/v1.0.0.zip"), format!("/example.com/{module}/@v/v1.0.0.mod"));
        let text = format!("module example.com/{}\n", module.replace("!c", "C"));
        world.cluster("public").serve(&format!("/base{go_mod}").replace('!', "%21"), &text);
        let what = format!("{dialect} {}", module.len());
        assert_eq!(cold(&mut world, &zip), if is_stored { "storage" } else { "public" }, "{what}");
        assert_eq!(world.get(0, &go_mod).status, 200, "{what}");
        world.settle();
        let is_asked = !world.clusters["storage"].asked.is_empty();
        assert_eq!(is_asked, is_stored, "{what}: {:?}", world.clusters["storage"].asked);
        let counted = world.counters.contains_key("modgate.storage_writes_total.outcome.unnameable");
        assert_eq!(counted, !is_stored, "{what}: {:?}", world.counters);
        assert_eq!(cold(&mut world, &zip_of(7)), "storage", "{what}: the next one");
        assert_eq!(cold(&mut world, "/example.com/none/@v/v1.0.0.zip"), "storage");
    }
}

/// Nobody has it, and storage is not to be asked: that is a 404, and no outage of storage.
#[test]
fn a_name_that_the_store_cannot_have_and_nobody_has_is_a_404() {
    let mut world = world(1);
    world.cluster("storage").fault = Some(CallFailure::TimedOut);
    assert_eq!(world.get(0, &format!("/example.com/{}/@v/v1.0.0.mod", "a".repeat(256))).status, 404);
}
