//! Flows, from the head of a request to its answer, in the simulated world.

mod accounting;
mod advisories;
mod aside;
mod bodies;
mod boundary;
mod bundle;
mod catalog;
mod chain;
mod crowds;
mod cut;
mod documents;
mod doubts;
mod egress;
mod encoded;
mod evictions;
mod explain;
mod exposures;
mod feeds;
mod flaky;
mod fleet;
mod forecasts;
mod gateways;
mod hooks;
mod hosts;
mod interplay;
mod journal;
mod left;
mod limits;
mod mirrors;
mod once;
mod orders;
mod pages;
mod passing;
mod policy;
mod polled;
mod prewarm;
mod privacy;
mod random;
mod redirects;
mod refusals;
mod room;
mod stale;
mod status;
mod storage;
mod stored;
mod sumdb;
mod tagged;
mod unwell;
mod uploads;
mod whole;
mod zips;

use super::Worker;
use crate::{
    config::{self, Pages},
    cx::{StreamId, Verdict},
    http::Response,
    shared::Capabilities,
    sim::World,
};

/// An index of so many pages, each with room for one or two records of these tests: what was kept is lost again.
fn tiny_index(found: u32, missing: u32) -> config::Index {
    let pages = |count, bytes| Pages { count, bytes };
    config::Index { found: pages(found, 400), large: pages(0, 0), missing: pages(missing, 400) }
}

impl Worker {
    /// What is under way, where something is.
    fn jobs(&self) -> Vec<String> {
        let parts = [
            (self.catalogs.is_done(), format!("{:?}", self.catalogs)),
            (self.clock.is_done(), format!("{:?}", self.clock)),
            (self.dates.is_done(), format!("{:?}", self.dates)),
            (self.flights.is_done(), format!("{:?}", self.flights)),
            (self.journal.is_done(), format!("{:?}", self.journal)),
            (self.lists.is_done(), format!("{:?}", self.lists)),
            (self.looks.is_done(), format!("{:?}", self.looks)),
            (self.prewarms.is_done(), format!("{:?}", self.prewarms)),
            (self.probes.is_done(), format!("{:?}", self.probes)),
            (self.storage.is_done(), format!("{:?}", self.storage)),
            (self.verify.is_done(), format!("{:?}", self.verify)),
        ];
        parts.into_iter().filter(|(is_done, _)| !is_done).map(|(_, part)| part).collect()
    }
}

/// One upstream for everything, and storage.
const CONFIG: &str = r#"{
    "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}],
    "storage": {"cluster": "storage", "url": "http://storage.test/modules"}
}"#;

const INFO: &str = r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z","Origin":{"VCS":"git"}}"#;

/// A zip without entries.
const EMPTY_ZIP: &str = "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn world(workers: usize) -> World {
    world_on(Capabilities::ALL, workers)
}

fn world_on(host: Capabilities, workers: usize) -> World {
    let mut world = World::on(host, workers, CONFIG);
    world.cluster("storage").latency = 1;
    let public = world.cluster("public");
    public.latency = 100;
    public
        .serve("/base/example.com/m/@v/list", "v1.1.0\nv1.0.0\n")
        .serve("/base/example.com/m/@v/v1.0.0.info", INFO)
        .serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n")
        .serve("/base/example.com/m/@latest", r#"{"Version":"v1.1.0"}"#)
        .serve("/base/example.com/m/@v/master.info", r#"{"Version":"v1.1.1-0.20240102030405-abcdefabcdef"}"#)
        .serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    world
}

/// As [`world`], with zips that are streamed to each client, and a storage that is believed.
fn streaming(workers: usize) -> World {
    let config = CONFIG.replacen('{', r#"{"fetch": {"zip_bytes": 0},"#, 1);
    let mut world = World::new(workers, &config.replace("modules\"", r#"modules", "reverify": "never""#));
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 100;
    world
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str())
}

fn body(response: &Response) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

/// Whether a `Cache-Control` promises `seconds`, or what is left of them when the spread is taken off: a tenth of a
/// minute at most.
fn lasts(response: &Response, seconds: u64) -> bool {
    let promised = header(response, "cache-control").strip_prefix("max-age=").map(str::parse);
    matches!(promised, Some(Ok(promised)) if (seconds - 6..=seconds).contains(&promised))
}

/// `each` requests of `path` at every worker.
fn crowd(world: &mut World, workers: usize, each: usize, path: &str) -> Vec<StreamId> {
    (0..workers * each).map(|number| world.begin(number % workers, path)).collect()
}

fn routed_to(world: &World, stream: StreamId) -> &str {
    match world.verdict(stream) {
        Verdict::Route(route) => {
            route.set.iter().find(|(name, _)| name == "x-modgate-cluster").map_or("", |(_, value)| value)
        }
        other => panic!("not routed: {other:?}"),
    }
}

fn gets(world: &World, cluster: &'static str, path: &str) -> usize {
    world.clusters[cluster]
        .asked
        .iter()
        .filter(|asked| asked.starts_with("GET ") && asked.ends_with(path))
        .count()
}
