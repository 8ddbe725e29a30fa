//! The seam, read from the sources: which module may name which, and what the core may not name at all.
//!
//! The sources are read as tokens, so that comments and texts are none of it and a path in a macro is. What is compiled for
//! tests alone is left out: `tests` modules, the generator of the reference. The simulated world is held to it as well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod layering {
    pub(crate) mod names;
}

use std::fs;
use std::path::{Path, PathBuf};

use layering::names::{Named, named};

/// From low to high: a module names those on lower lines, never one on its own line or above.
///
/// `http` is values without an opinion, `metrics` what is measured of them, `modzip` and `sumdb` proofs about Go's words; `config` compiles all of
/// them; `goproxy` is the protocol between them.
const LAYERS: [&[&str]; 16] = [
    &["gomod", "license", "words"],
    &["http", "modzip", "sumdb"],
    &["advisory", "feed", "forecast", "hook"],
    &["fleet"],
    &["metrics"],
    &["policy"],
    &["config"],
    &["goproxy"],
    &["endpoint"],
    &["shared", "store", "upstream"],
    &["plan"],
    &["cx"],
    &["flow"],
    &["worker"],
    &["host"],
    &["sim"],
];

/// Modules that have parts, and who in them knows whom.
const PARTED: &[Parted] = &[Parted {
    module: "worker",
    common: &["key", "flight", "event", "services"],
    parts: &[
        "catalogs",
        "census",
        "clients",
        "clock",
        "dates",
        "exposures",
        "fleet",
        "flights",
        "forecasts",
        "journal",
        "lists",
        "looks",
        "passing",
        "poll",
        "prewarms",
        "probe",
        "storage",
        "verify",
        "waivers",
    ],
    desk: &["errands", "fly", "receive", "requests", "settle", "status", "tick"],
}];

/// A module that is made of parts.
struct Parted {
    module: &'static str,
    /// From low to high, what all of it may name: one names those before it, and no part.
    common: &'static [&'static str],
    /// A part names what is common and itself: no other part, and nobody who hands on what it leaves to be done.
    parts: &'static [&'static str],
    /// Who hands on, beside the module itself: names all.
    desk: &'static [&'static str],
}

/// What the core may not name, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("proxy_wasm", "only an adapter knows the host"),
    ("std::collections::HashMap", "its order is drawn at random: use BTreeMap"),
    ("std::collections::HashSet", "its order is drawn at random: use BTreeSet"),
    ("std::collections::hash_map", "its order is drawn at random: use BTreeMap"),
    ("std::collections::hash_set", "its order is drawn at random: use BTreeSet"),
    ("std::hash::RandomState", "the core draws no randomness"),
    ("std::time::Instant", "time is an argument: Cx::now"),
    ("std::time::SystemTime", "time is an argument: Cx::now"),
    ("std::env", "the filter is configured by its plugin configuration alone"),
    ("std::fs", "the core opens nothing"),
    ("std::io", "the core opens nothing"),
    ("std::net", "the core opens nothing"),
    ("std::os", "the core opens nothing"),
    ("std::process", "the core starts and ends nothing"),
    ("std::thread", "a filter has no threads of its own"),
    ("print!", "what is to be logged is a Command::Log"),
    ("println!", "what is to be logged is a Command::Log"),
    ("eprint!", "what is to be logged is a Command::Log"),
    ("eprintln!", "what is to be logged is a Command::Log"),
    ("dbg!", "what is to be logged is a Command::Log"),
];

/// Addresses are values, whatever else is in `std::net`.
const ALLOWED: &[&str] = &["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr"];

#[test]
fn dependencies_point_down_and_the_core_opens_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 50, "{} files", files.len());
    let mut faults = Vec::new();
    let (mut edges, mut inner) = (0, 0);
    for file in &files {
        let within = file.strip_prefix(&root).unwrap();
        let found = judge(within, &fs::read_to_string(file).unwrap());
        edges += found.edges;
        inner += found.inner;
        faults.extend(found.faults);
    }
    assert!(edges > 60, "{edges} edges: are the sources still read?");
    assert!(inner > 60, "{inner} inner edges: are the parts still where they were?");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// It can fail: every rule is broken here once.
#[test]
fn what_breaks_a_rule_is_named_with_its_line() {
    for (file, text, want) in [
        ("gomod/path.rs", "use crate::http::Headers;", "src/gomod/path.rs:1: gomod names http"),
        ("http/reply.rs", "\n\nuse crate::{\n    metrics,\n};", "src/http/reply.rs:4: http names metrics"),
        (
            "config.rs",
            "fn f() { let x = crate::worker::Worker::new; }",
            "src/config.rs:1: config names worker",
        ),
        ("store.rs", "use super::upstream::judge;", "src/store.rs:1: store names upstream"),
        ("flow/search.rs", "use super::super::worker;", "src/flow/search.rs:1: flow names worker"),
        (
            "flow/search.rs",
            "mod inner { use super::super::{super::{worker}}; }",
            "src/flow/search.rs:1: flow names worker",
        ),
        ("flow.rs", "pub(in crate::worker) fn f() {}", "src/flow.rs:1: flow names worker"),
        ("plan.rs", "fn f() { write!(f, \"{}\", crate::cx::Cx); }", "src/plan.rs:1: plan names cx"),
        ("new.rs", "use crate::gomod;", "src/new.rs:1: new is on no layer"),
        ("lib.rs", "use crate::host;\nuse proxy_wasm::hostcalls;", "src/lib.rs:2: proxy_wasm: only an"),
        ("host/envoy/reply.rs", "use proxy_wasm::types;", "src/host/envoy/reply.rs:1: proxy_wasm: only an"),
        ("worker.rs", "use std::{time::{Duration, Instant}};", "src/worker.rs:1: std::time::Instant: time"),
        (
            "worker.rs",
            "fn f() { std::time::SystemTime::now(); }",
            "src/worker.rs:1: std::time::SystemTime: time",
        ),
        (
            "worker.rs",
            "use std::collections::{BTreeMap, HashMap as Map};",
            "src/worker.rs:1: std::collections::HashMap:",
        ),
        ("worker.rs", "use std::net::TcpStream;", "src/worker.rs:1: std::net: the core"),
        ("worker.rs", "use std::fs::*;", "src/worker.rs:1: std::fs: the core"),
        ("worker.rs", "fn f() {\n    println!(\"x\");\n}", "src/worker.rs:2: println!: what"),
        ("sim/clock.rs", "use std::time::Instant;", "src/sim/clock.rs:1: std::time::Instant: time"),
        ("worker.rs", "use crate::sim::World;", "src/worker.rs:1: worker names sim"),
        ("worker.rs", "#[cfg(not(test))]\nuse crate::host;", "src/worker.rs:2: worker names host"),
        (
            "worker/dates.rs",
            "use super::flights::Flights;",
            "src/worker/dates.rs:1: worker::dates names worker::flights",
        ),
        (
            "worker/storage/copy.rs",
            "use super::{super::{key::ZipKey, verify::Lookup}, Storing};",
            "src/worker/storage/copy.rs:1: worker::storage names worker::verify",
        ),
        (
            "worker/flights/part.rs",
            "\nfn f(worker: &mut crate::worker::Worker) {}",
            "src/worker/flights/part.rs:2: worker::flights names worker::Worker",
        ),
        (
            "worker/verify.rs",
            "use super::settle;",
            "src/worker/verify.rs:1: worker::verify names worker::settle",
        ),
        ("worker/poll.rs", "use crate::worker::*;", "src/worker/poll.rs:1: worker::poll names all of worker"),
        (
            "worker/event.rs",
            "use super::flights::Course;",
            "src/worker/event.rs:1: worker::event names worker::flights",
        ),
        (
            "worker/key.rs",
            "use super::flight::Flight;",
            "src/worker/key.rs:1: worker::key names worker::flight",
        ),
        (
            "worker/services/budget.rs",
            "use super::super::Worker;",
            "src/worker/services/budget.rs:1: worker::services names worker::Worker",
        ),
        (
            "worker/mirror.rs",
            "use super::key::Owner;",
            "src/worker/mirror.rs:1: worker::mirror is no part of worker",
        ),
    ] {
        let faults = judge(Path::new(file), text).faults;
        assert!(faults.len() == 1 && faults[0].starts_with(want), "{text}: {faults:?}, want {want}");
    }
}

/// And it lets pass what is no breach.
#[test]
fn what_breaks_no_rule_passes() {
    for (file, text) in [
        ("goproxy.rs", "use crate::{config::{Admin, Match}, gomod::{self, Version}, http, metrics::Cache};"),
        (
            "gomod/pattern/glob.rs",
            "use super::Pattern; use super::super::ModulePath; use crate::gomod::Version;",
        ),
        (
            "gomod.rs",
            "//! See [`crate::worker`].\n/// And crate::host.\nconst A: &str = \"crate::worker println!\";",
        ),
        ("gomod.rs", "#[cfg(test)]\nmod tests { use crate::worker::Worker; use std::fs; }"),
        ("gomod.rs", "#[cfg(test)]\nuse crate::worker;\nuse super::gomod::Version;"),
        ("gomod/path.rs", "mod parts { use super::super::Version; }"),
        ("config/host.rs", "use std::net::Ipv6Addr;"),
        ("worker.rs", "use std::{collections::BTreeMap, hash::DefaultHasher, time::Duration};"),
        ("endpoint.rs", "const A: &str = env!(\"CARGO_PKG_VERSION\");"),
        (
            "host/envoy/adapter/kv.rs",
            "use proxy_wasm::hostcalls; use std::time::UNIX_EPOCH; use crate::{worker, shared};",
        ),
        ("lib.rs", "pub mod worker; pub mod gomod;"),
        ("sim/clients.rs", "use crate::{host::envoy::reply, worker::Worker};"),
        (
            "worker/flights/queued.rs",
            "use super::{super::{key::Owner, services::{Call, budget::Permit}}, Course}; use crate::worker::flights::part;",
        ),
        (
            "worker/clients/routed.rs",
            "pub(in crate::worker) fn f(services: &super::super::services::Services) {}",
        ),
        ("worker/services.rs", "use super::{event::Event, key::Owner}; use self::budget::Budget;"),
        ("worker/settle.rs", "use super::{Worker, flights::Boarding, verify::Lookup, key::Waiter};"),
        ("worker.rs", "mod dates; use self::{dates::Dates, settle, services::Services};"),
    ] {
        assert_eq!(judge(Path::new(file), text).faults, Vec::<String>::new(), "{text}");
    }
}

#[derive(Default)]
struct Found {
    edges: usize,
    /// Those from one part of a module to another.
    inner: usize,
    faults: Vec<String>,
}

/// What one file, at `within` below `src`, breaks.
fn judge(within: &Path, text: &str) -> Found {
    let module = module_of(within);
    let mut found = Found::default();
    for Named { path, line } in named(&module, text) {
        let at = format!("src/{}:{line}", within.display());
        if let Some((first, rest)) = path.split_first()
            && first == "crate"
        {
            if let (Some(own), Some(other)) =
                (module.first(), rest.first().filter(|other| layer(other).is_some()))
                && own != other
            {
                found.edges += 1;
                match layer(own) {
                    None => found.faults.push(format!("{at}: {own} is on no layer of tests/layering.rs")),
                    Some(own_layer) if Some(own_layer) <= layer(other) => {
                        found.faults.push(format!("{at}: {own} names {other}, which is not below it"));
                    }
                    Some(_) => {}
                }
            }
            if let Some(parted) =
                PARTED.iter().find(|parted| module.first().is_some_and(|own| own == parted.module))
                && module.first() == rest.first()
            {
                found.inner += 1;
                found.faults.extend(parted.objection(&module, rest).map(|why| format!("{at}: {why}")));
            }
        } else if !is_adapter(&module) {
            found.faults.extend(forbidden(&path).map(|(what, why)| format!("{at}: {what}: {why}")));
        }
    }
    found
}

impl Parted {
    /// Why `module`, which is in this one, may not name `path`, which is too.
    fn objection(&self, module: &[String], path: &[String]) -> Option<String> {
        // The module itself hands on, and may name all.
        let own = module.get(1)?.as_str();
        let is_part = self.parts.contains(&own);
        let rank = self.common.iter().position(|common| *common == own);
        if self.desk.contains(&own) {
            return None;
        }
        if !is_part && rank.is_none() {
            return Some(format!("{0}::{own} is no part of {0} in tests/layering.rs", self.module));
        }
        // To whom something is visible.
        let other = path.get(1)?.as_str();
        if other == "*" {
            return Some(format!("{0}::{own} names all of {0}", self.module));
        }
        let is_below =
            self.common.iter().position(|common| *common == other).is_some_and(|other| match rank {
                Some(rank) => other < rank,
                None => true,
            });
        (other != own && !is_below)
            .then(|| format!("{0}::{own} names {0}::{other}, which is not for it to know", self.module))
    }
}

/// The adapters: what a host says is read below them, without it.
fn is_adapter(module: &[String]) -> bool {
    matches!(module, [host, _, adapter, ..] if host == "host" && adapter == "adapter")
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn forbidden(path: &[String]) -> Option<(&'static str, &'static str)> {
    // What is in std may be in core or alloc, and is the same there.
    let mut path = path.to_vec();
    if matches!(path[0].as_str(), "core" | "alloc") {
        path[0] = "std".to_owned();
    }
    let path = path.join("::");
    let is_within =
        |outer: &str| path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    FORBIDDEN
        .iter()
        .copied()
        .find(|(what, _)| is_within(what) && !ALLOWED.iter().any(|allowed| is_within(allowed)))
}

/// `flow/search.rs` is the module `flow::search`, `lib.rs` the crate itself.
fn module_of(within: &Path) -> Vec<String> {
    let path = within.with_extension("");
    let path: Vec<String> = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if path == ["lib"] { Vec::new() } else { path }
}

/// All sources but those that are compiled for tests alone.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let is_test = matches!(stem, "tests" | "reference" | "testdata" | "examples");
        if path.is_dir() && !is_test {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
    found.sort();
    found
}
