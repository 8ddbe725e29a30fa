//! What is fetched before a client asks for it: by which rules, how fast, how often, and what becomes of it.

mod build;
mod lacking;
mod new;

use super::{body, header};
use crate::{cx::StreamId, http::Response, sim::World};

const CONFIG: &str = r#"{
    "upstreams": [
        {"name": "corp", "cluster": "corp", "url": "https://corp.test/go", "modules": ["corp.test"]},
        {"name": "public", "cluster": "public", "url": "https://proxy.test/base"}
    ],
    "storage": {"cluster": "storage", "url": "http://storage.test/modules"},
    "freshness": {"list": "1h", "latest": "1h", "query": "1h", "negative": "1h"},
    "callers": {"principals": [{"header": "x-user", "trusted": true}]},
    "private": {"modules": ["corp.test"]},
    "policy": {"rules": [
        {"name": "no-bad", "modules": ["bad.test"], "action": "deny", "reason": "Ask for a good one."},
        {"modules": ["team.test"], "principals": ["ci"], "action": "allow"},
        {"name": "team-only", "modules": ["team.test"], "action": "deny"}
    ]},
    "sync": {
        "hooks": [{"name": "forge", "kind": "generic", "secrets": ["a-secret-that-is-drawn"]}],
        "prewarm": {"principals": ["ci"], "modules": ["named.test"], "rate": 20}
    }
}"#;

/// Any hash: it is the checksum database that knows.
const HASH: &str = "h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=";

fn open(workers: usize) -> World {
    with(workers, CONFIG)
}

fn with(workers: usize, config: &str) -> World {
    let mut world = World::new(workers, config);
    world.cluster("storage").latency = 1;
    world.cluster("corp").latency = 20;
    world.cluster("public").latency = 100;
    world
}

/// `cluster` has this version, whole.
fn publish(world: &mut World, cluster: &'static str, module: &str, version: &str) {
    let base = if cluster == "corp" { "/go" } else { "/base" };
    let path = |file: &str| format!("{base}/{module}/@v/{version}.{file}");
    let info = format!(r#"{{"Version":"{version}","Time":"2023-01-02T03:04:05Z"}}"#);
    let prefix = format!("{module}@{version}/");
    let zip = crate::sim::zip(&prefix, &[("go.mod", format!("module {module}\n").into_bytes())]);
    world
        .cluster(cluster)
        .serve(&path("info"), &info)
        .serve(&path("mod"), &format!("module {module}\n"))
        .serve_bytes(&path("zip"), zip);
}

fn post_as(world: &mut World, worker: usize, user: &str, page: &str, text: &str) -> StreamId {
    let headers: &[(&str, &str)] = if user.is_empty() { &[] } else { &[("x-user", user)] };
    let stream = world.begin_post(worker, page, headers);
    world.send(worker, stream, text.as_bytes(), true);
    stream
}

/// Posts a build; the name of its page.
#[track_caller]
fn prewarm(world: &mut World, worker: usize, text: &str) -> String {
    let stream = post_as(world, worker, "ci", "/-/prewarm", text);
    while world.work(worker) {}
    let answer = world.response(stream);
    assert_eq!((answer.status, header(&answer, "cache-control")), (202, "no-store"), "{}", body(&answer));
    header(&answer, "location").to_owned()
}

/// What its page shows.
#[track_caller]
fn shown(world: &mut World, worker: usize, page: &str) -> serde_json::Value {
    let stream = world.begin_with(worker, "GET", &format!("/-/{page}"), &[("x-user", "ci")]);
    let answer = world.response(stream);
    assert_eq!(answer.status, 200, "{}", body(&answer));
    serde_json::from_slice(&answer.body).unwrap()
}

/// How many files are there, were refused, are missing, failed and are to do.
fn counts(page: &serde_json::Value) -> [u64; 5] {
    ["ready", "refused", "missing", "failed", "to_do"].map(|name| page["files"][name].as_u64().unwrap())
}

fn counted(world: &World, name: &str) -> u64 {
    world.counters.get(&format!("modgate.{name}")).copied().unwrap_or_default()
}

/// What an upstream was asked that is called so, each GET.
fn asked(world: &World, cluster: &'static str, part: &str) -> usize {
    let asked = world.clusters[cluster].asked.iter();
    asked.filter(|asked| asked.starts_with("GET ") && asked.contains(part)).count()
}

fn get_as(world: &mut World, worker: usize, user: &str, path: &str) -> Response {
    let stream = world.begin_with(worker, "GET", path, &[("x-user", user)]);
    world.settle();
    world.response(stream)
}
