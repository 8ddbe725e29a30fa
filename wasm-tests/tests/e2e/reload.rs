//! Another configuration while requests are under way, a wrong one, and fifty.

use std::thread;

use modgate_wasm_tests::bootstrap::discovery::Discovery;
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM, builder};
use modgate_wasm_tests::http::{self, Conn, Request};
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};
use tempfile::TempDir;

const GOOD: &str = "module m\n";

/// A gateway whose filter is configured by a file.
struct Stack {
    envoy: Envoy,
    upstream: Faulty,
    storage: Faulty,
    discovery: Discovery,
    pushed: u64,
    _dir: TempDir,
}

impl Stack {
    fn start(workers: u32) -> Self {
        Self::with(workers, |builder| builder)
    }

    fn with(workers: u32, edit: impl FnOnce(Builder) -> Builder) -> Self {
        let (upstream, storage, dir) = (Faulty::start(), Faulty::store(), tempfile::tempdir().unwrap());
        let builder = edit(builder(upstream.addr(), storage.addr()).concurrency(workers));
        let (builder, discovery) = builder.discovered(dir.path());
        Self { envoy: builder.start(), upstream, storage, discovery, pushed: 1, _dir: dir }
    }

    fn push(&mut self, patch: &Value) {
        self.discovery.push(patch);
        self.pushed += 1;
        assert!(!self.envoy.wait_discovered(self.pushed), "refused: {patch}");
    }

    fn status(&self, path: &str) -> u16 {
        self.envoy.get(path).status
    }
}

#[test]
fn what_is_under_way_ends_as_it_began_and_what_comes_is_under_the_new_configuration() {
    let mut stack = Stack::start(2);
    let (gate, addr) = (Gate::new(), stack.envoy.addr());
    let (known, parked, streaming, whole) = (
        "/known.example/m/@v/v1.0.0.mod",
        "/parked.example/m/@v/v1.0.0.mod",
        "/a.example/m/@v/v1.0.0.zip",
        "/b.example/m/@v/v1.0.0.zip",
    );
    let [streamed, zip] = [streaming, whole].map(|path| Module::at(path).padded(3 << 20).zip());
    stack.upstream.on(known, Reply::ok(GOOD));
    stack.upstream.on(parked, Reply::ok(GOOD).held(&gate));
    // One that storage has, too large to be read before, is streamed from there; the other is fetched into it.
    let beginning = Reply::status(206).header("content-range", "bytes 0-1/99999999").body("PK");
    let held = Reply::ok(streamed.clone()).held_in_body(1 << 20, &gate);
    stack.storage.on_each(streaming, [beginning.served(), held.served()]);
    stack.upstream.on(whole, Reply::ok(zip.clone()).held(&gate));
    stack.storage.keep(whole);
    assert_eq!(stack.status(known), 200);
    let expected = [
        (parked, GOOD.into(), &stack.upstream, 1),
        (whole, zip, &stack.upstream, 1),
        (streaming, streamed, &stack.storage, 2),
    ];
    let clients = expected.map(|(path, body, server, hits)| {
        let client = thread::spawn(move || Request::get(path).compare_body(body).send(addr));
        server.wait_hits(path, hits);
        client
    });

    for number in 1..=5 {
        let page = format!("/-/page{number}/");
        assert_ne!(stack.status(&format!("{page}healthz")), 200);
        stack.push(&json!({"admin": {"path_prefix": page}}));
        assert_eq!(stack.status(&format!("{page}healthz")), 200, "the new configuration is in force");
        let hit = stack.envoy.get(known);
        assert_eq!((hit.status, hit.header("x-modgate-cache")), (200, Some("hit")), "the index survives");
    }
    assert!(clients.iter().all(|client| !client.is_finished()));
    gate.open();
    for client in clients {
        let answer = client.join().unwrap();
        assert!(answer.status == 200 && answer.pattern && answer.length >= GOOD.len() as u64, "{answer:?}");
    }
    assert_eq!(
        stack.envoy.get(parked).header("x-modgate-cache"),
        Some("hit"),
        "what an old one found is known to the new"
    );
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    stack.storage.wait_hits(parked, 2);

    // Other sources: nothing of the old ones is served.
    let elsewhere = format!("/elsewhere{known}");
    stack.upstream.on(&elsewhere, Reply::ok("module elsewhere\n"));
    let upstream = json!([{"name": "golang", "cluster": UPSTREAM, "url": "http://proxy.example/elsewhere"}]);
    stack.push(&json!({"upstreams": upstream}));
    assert_eq!(stack.envoy.get(known).text(), "module elsewhere\n");
    // A new rule.
    stack.push(&json!({"private": {"modules": ["known.example"]}}));
    assert_eq!(stack.status("/known.example/m/@v/v1.1.0.mod"), 404);
    assert_eq!(stack.upstream.hits("/elsewhere/known.example/m/@v/v1.1.0.mod"), 0);
}

#[test]
fn no_request_notices_a_reload() {
    let mut stack = Stack::start(2);
    let (zip, list, addr) = ("/load.example/m/@v/v1.0.0.zip", "/load.example/m/@v/list", stack.envoy.addr());
    let module = Module::new("load.example/m", "v1.0.0").padded(2 << 20);
    stack.upstream.on(zip, Reply::ok(module.zip()));
    stack.storage.keep(zip);
    stack.upstream.on(list, Reply::ok("v1.0.0\n"));
    let end = Gate::new();
    let clients: Vec<_> = (0..4)
        .map(|number| {
            let end = end.clone();
            thread::spawn(move || {
                let mut served = 0;
                while !end.is_open() {
                    let miss = format!("/load.example/m{number}/@v/v1.0.{served}.mod");
                    for (path, status) in [(zip, 200), (list, 200), (&miss, 404)] {
                        assert_eq!(http::get(addr, path).status, status, "{path}");
                    }
                    served += 1;
                }
                served
            })
        })
        .collect();
    for number in 0..15 {
        stack.push(&json!({"freshness": {"list": format!("{number}s")}}));
    }
    end.open();
    for client in clients {
        let served = client.join().unwrap();
        assert!(served > 5, "{served} rounds were no load");
    }
}

#[test]
fn a_wrong_configuration_is_refused_with_all_its_problems_and_the_old_one_serves() {
    let mut stack = Stack::start(1);
    let path = "/known.example/m/@v/v1.0.0.mod";
    stack.upstream.on(path, Reply::ok(GOOD));
    assert_eq!(stack.status(path), 200);
    for (count, text, problems) in [
        (
            1,
            r#"{"upstreams": [{"cluster": "", "url": "ftp://x"}], "storge": {}}"#,
            ["$.upstreams[0].cluster", "$.upstreams[0].url", "$.storge"].as_slice(),
        ),
        (2, "not JSON", &["$: "]),
        (3, "", &["$: "]),
    ] {
        stack.discovery.push_text(text);
        assert!(stack.envoy.wait_discovered(1 + count));
        for problem in problems {
            assert!(
                stack.envoy.log_contains(&format!("configuration refused: {problem}")),
                "{problem} of {text}"
            );
        }
        assert_eq!(stack.status("/-/healthz"), 200);
        assert_eq!(stack.envoy.get(path).header("x-modgate-cache"), Some("hit"));
    }
    stack.discovery.push(&json!({"admin": {"path_prefix": "/-/healed/"}}));
    stack.envoy.wait_discovered(5);
    assert_eq!(stack.status("/-/healed/healthz"), 200);
}

#[test]
fn an_envoy_with_a_wrong_configuration_does_not_start_and_says_all_that_is_wrong() {
    let wrong = json!({"upstreams": [{"cluster": "", "url": "ftp://x"}], "storge": {}});
    let error = Envoy::gateway().plugin(&wrong).try_start().unwrap_err();
    for problem in ["ended while starting", "$.upstreams[0].cluster", "$.upstreams[0].url", "$.storge"] {
        assert!(error.contains(problem), "{problem} in {error}");
    }
}

#[test]
fn a_replaced_configuration_leaves() {
    let mut stack = Stack::with(2, Builder::alone);
    let addr = stack.envoy.addr();
    // Large enough that fifty of them, in each worker, could not be overlooked.
    let patterns = |round: usize| -> Vec<String> {
        (0..4000).map(|number| format!("private{number}.example{round}/team/project")).collect()
    };
    let mut sizes = Vec::new();
    for round in 0..50 {
        let gate = Gate::new();
        let paths = ["mod", "zip"].map(|kind| format!("/round{round}.example/m/@v/v1.0.0.{kind}"));
        let clients = paths.map(|path| {
            let reply = Reply::ok(if path.ends_with("zip") { Module::at(&path).zip() } else { GOOD.into() });
            stack.upstream.on(&path, reply.held(&gate));
            stack.storage.keep(&path);
            let asked = path.clone();
            let client = thread::spawn(move || http::get(addr, &asked).status);
            stack.upstream.wait_hits(&path, 1);
            client
        });
        // One that leaves before its zip begins.
        let left = format!("/round{round}.example/left/@v/v1.0.0.zip");
        stack.upstream.on(&left, Reply::ok(Module::at(&left).zip()).held(&gate));
        let mut leaver = Conn::open(addr).unwrap();
        leaver.send(&Request::get(&left)).unwrap();
        stack.upstream.wait_hits(&left, 1);
        drop(leaver);
        stack.push(&json!({"private": {"nosumdb": patterns(round)}}));
        gate.open();
        assert_eq!(clients.map(|client| client.join().unwrap()), [200, 200]);
        stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
        sizes.push(stack.envoy.usage().rss >> 10);
    }
    let growth = sizes[49].saturating_sub(sizes[9]);
    println!("from 10 to 50 reloads: {growth} KiB; {sizes:?}");
    assert!(growth < 8 << 10, "{sizes:?} KiB");
}
