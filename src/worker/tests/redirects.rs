//! Redirects of upstreams: followed, for everything that is fetched, and with nothing that is nobody else's.

mod files;
mod secrets;
mod zips;

use super::{EMPTY_ZIP, INFO, body, header};
use crate::{
    cx::{Route, StreamId, Verdict},
    http::{CallFailure, Response},
    sim::World,
};

const LIST: &str = "/example.com/m/@v/list";
const MOD: &str = "/example.com/m/@v/v1.0.0.mod";
const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const GO_MOD: &str = "module example.com/m\n";

/// Where the other host has what is redirected to it: with a signature, which is for nobody's eyes.
const SIGNED: &str = "/bucket/object?Expires=1&Signature=S1GNATURE";
const SIGNATURE: &str = "S1GNATURE";
const CREDENTIAL: &str = "CR3DENTIAL";

/// An upstream with credentials, whose redirects to one other host are followed, and `more` of the configuration.
fn config(more: &str) -> String {
    format!(
        r#"{{{more}
        "upstreams": [{{"name": "up", "cluster": "home", "url": "https://home.test/base",
                        "headers": {{"authorization": "{CREDENTIAL}"}}, "redirects": {{"store.test": "store"}}}}]}}"#
    )
}

const STORAGE: &str = r#""storage": {"cluster": "storage", "url": "http://storage.test/modules"},"#;
const STREAMED: &str = r#""fetch": {"zip_bytes": 0},"#;

/// A world of that configuration, whose upstream sends whoever asks for `path` to the other host, which has `content`, and as an object
/// store does answers no HEAD of it.
fn world_of(config: &str, path: &str, content: &str) -> World {
    let mut world = World::new(2, config);
    world.cluster("storage").latency = 1;
    redirect(&mut world, path, 302, &format!("https://store.test{SIGNED}"));
    let store = world.cluster("store");
    (store.latency, store.gives_ranges, store.head_answered) = (10, true, Some(403));
    store.serve(SIGNED, content);
    world
}

/// Whoever asks the upstream for `path` is sent to `location`, with a body that is no file.
fn redirect(world: &mut World, path: &str, status: u16, location: &str) {
    let home = world.cluster("home");
    home.latency = 10;
    let headers = [("location", location), ("content-type", "application/zip")];
    home.answer(&format!("/base{path}"), status, &headers, EMPTY_ZIP);
}

fn asked<'a>(world: &'a World, cluster: &str) -> Vec<&'a str> {
    world
        .clusters
        .get(cluster)
        .map_or_else(Vec::new, |cluster| cluster.asked.iter().map(String::as_str).collect())
}

fn route(world: &World, stream: StreamId) -> &Route {
    match world.verdict(stream) {
        Verdict::Route(route) => route,
        other => panic!("not routed: {other:?}"),
    }
}

fn set<'a>(route: &'a Route, name: &str) -> &'a str {
    route.set.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}
