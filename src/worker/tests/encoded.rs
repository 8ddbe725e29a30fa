//! Documents that come encoded though nobody asked for it.

use super::{INFO, body, world};
use crate::sim::World;

/// Documents of the one module, and what is in them.
const DOCUMENTS: [(&str, &str); 4] = [
    ("@v/list", "v1.0.0\nv1.1.0\n"),
    ("@v/v1.0.0.info", INFO),
    ("@v/v1.0.0.mod", "module example.com/m\n"),
    ("@latest", r#"{"Version":"v1.1.0"}"#),
];

fn assert_all_are_given(world: &mut World, what: &str) {
    for (file, want) in DOCUMENTS {
        let answer = world.get(0, &format!("/example.com/m/{file}"));
        assert_eq!((answer.status, body(&answer)), (200, want), "{what}: {file}");
        assert!(answer.headers.iter().all(|(name, _)| *name != "content-encoding"), "{what}: {file}");
    }
}

#[test]
fn scenario_what_an_upstream_sends_encoded_is_given_and_stored_as_it_is() {
    // A gzip shows its own end, with a length and without.
    for hides_ends in [false, true] {
        let mut world = world(1);
        let public = world.cluster("public");
        (public.encodes, public.hides_ends) = (true, hides_ends);
        assert_all_are_given(&mut world, "from the upstream");
        world.settle();
        let (file, want) = DOCUMENTS[2];
        let stored = world.clusters["storage"].body(&format!("/modules/example.com/m/{file}"));
        assert_eq!(stored.as_deref(), Some(want), "{file}");
        let missing = world.get(0, "/example.com/other/@v/list");
        assert_eq!(missing.status, 404);
        assert!(body(&missing).contains("upstream public answered 404"), "{}", body(&missing));
    }
}

#[test]
fn scenario_what_storage_has_encoded_is_given_and_listed() {
    let mut world = world(1);
    for (file, want) in &DOCUMENTS[1..3] {
        world.cluster("storage").serve(&format!("/modules/example.com/m/{file}"), want);
    }
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", super::EMPTY_ZIP);
    world.cluster("storage").encodes = true;
    for (file, want) in &DOCUMENTS[1..3] {
        let answer = world.get(0, &format!("/example.com/m/{file}"));
        assert_eq!((answer.status, body(&answer)), (200, *want), "{file}");
    }
    assert!(world.clusters["public"].asked.is_empty());
}

/// A list so long that it is decoded in slices, and then read in slices.
#[test]
fn scenario_a_long_list_is_decoded_while_others_are_served() {
    let list: String =
        (0..150_000).map(|number| format!("v1.{}.{}\n", number / 1000, number % 1000)).collect();
    let mut world = world(1);
    let public = world.cluster("public");
    public.encodes = true;
    public.serve("/base/example.com/m/@v/list", &list);
    let answer = world.get(0, "/example.com/m/@v/list");
    assert_eq!((answer.status, answer.body.len()), (200, list.len()));
    // Beyond what a list may have.
    let list = "v1.0.0\n".repeat(700_000);
    world.cluster("public").serve("/base/example.com/m2/@v/list", &list);
    let answer = world.get(0, "/example.com/m2/@v/list");
    assert_eq!(answer.status, 502);
    assert!(body(&answer).contains("it is encoded (gzip), and there are more than 4194304 bytes in it"));
}
