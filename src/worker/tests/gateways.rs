//! Several gateways on one storage: they share no memory, and what one has stored serves the next.

use super::{CONFIG, body, routed_to, world};
use crate::config::Config;

#[test]
fn scenario_what_one_gateway_stored_the_next_gives_without_an_upstream() {
    for file in ["@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip"] {
        let mut world = world(2);
        let second = world.join(2, Config::parse(CONFIG).unwrap());
        let path = format!("/example.com/m/{file}");
        world.begin(0, &path);
        // An `.info` alone waits for its zip.
        world.begin(1, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        let asked = world.clusters["public"].asked.len();
        let stream = world.begin(second, &path);
        world.settle();
        if file.ends_with(".zip") {
            assert_eq!(routed_to(&world, stream), "storage");
        } else {
            let stored = world.clusters["storage"].body(&format!("/modules{path}"));
            assert_eq!(Some(body(&world.response(stream))), stored.as_deref());
        }
        assert_eq!(world.clusters["public"].asked.len(), asked, "{file}: the upstream hears nothing");
        // The workers of the second share what that one found out; those of the first have nothing of it.
        let heard = world.clusters["storage"].asked.len();
        world.begin(second + 1, &path);
        world.settle();
        assert_eq!(world.clusters["storage"].asked.len(), heard, "{file}");
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_two_gateways_that_are_asked_at_once_ask_one_upstream_each_and_store_the_same() {
    let mut world = world(2);
    let second = world.join(2, Config::parse(CONFIG).unwrap());
    let path = "/example.com/m/@v/v1.0.0.zip";
    let streams: Vec<_> = (0..4).map(|worker| world.begin(worker, path)).collect();
    world.settle();
    assert_eq!(super::gets(&world, "public", "v1.0.0.zip"), 2, "no lease reaches from one to the other");
    assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "storage"));
    assert_eq!(world.counters["modgate.storage_writes_total.outcome.exists"], 1, "one of them was faster");
    world.crash(second);
    assert!(world.is_idle());
}
