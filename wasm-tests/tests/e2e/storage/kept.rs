//! What is in the store, how it gets there, and who is asked when it is.

use std::collections::BTreeMap;
use std::time::Duration;

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::{Mirror, Stack};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::{Entry, Tree};
use modgate_wasm_tests::{at_one_and_four_workers, wait};
use serde_json::json;

use super::put;

at_one_and_four_workers!(
    what_is_fetched_lands_in_the_store_as_it_came,
    what_is_stored_is_asked_of_no_upstream
);

fn what_is_fetched_lands_in_the_store_as_it_came(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    let info = r#"{"Time":"2024-01-02T03:04:05Z" , "Version":"v1.0.0-RC1","Origin":{"VCS":"git","Ref":"refs/tags/ä"}}"#;
    let go_mod = "module example.com/Capital/m // a comment\r\n\n\ngo 1.21\n\trequire (\n)";
    for (path, reply) in [
        ("/example.com/!capital/m/@v/v1.0.0-!r!c1.info", Reply::ok(info)),
        ("/example.com/!capital/m/@v/v1.0.0-!r!c1.mod", Reply::ok(go_mod).chunked()),
        ("/example.com/!capital/m/@latest", Reply::ok(info)),
        (
            "/example.com/!capital/m/@v/list",
            Reply::ok("v1.0.0\nv1.0.0-RC1 2024-01-02T03:04:05Z\n\nv0.9.0\nv1.0.0\n"),
        ),
        ("/example.com/!capital/m/@v/main.info", Reply::ok(r#"{"Version":"v1.0.0"}"#)),
        ("/example.com/empty/@v/list", Reply::ok("")),
        ("/example.com/m/v2/@v/v2.0.0.mod", Reply::ok("module example.com/m/v2\n")),
        ("/example.com/m/@v/v2.0.0+incompatible.mod", Reply::ok("module example.com/m\n")),
        ("/example.com/gone/@v/list", Reply::status(410).header("date", "now")),
    ] {
        stack.upstream.on(path, reply);
        for _ in 0..2 {
            let answer = stack.get(path);
            assert!(matches!(answer.status, 200 | 410), "{path}: {}", answer.text());
        }
    }
    stack.envoy.wait_metric("storage_writes_total.outcome.stored", 7);
    let names: Vec<String> = stack.storage.files().into_keys().collect();
    assert!(!names.iter().any(|name| name.ends_with(".info")), "none before its zip: {names:?}");
    let module = Module::new("example.com/Capital/m", "v1.0.0-RC1");
    let zip = module.zip().to_vec();
    stack.upstream.on(&module.url("zip"), Reply::ok(zip.clone()));
    assert!(stack.get(&module.url("zip")).body == zip);
    stack.envoy.wait_metric("storage_writes_total.outcome.stored", 9);
    let stored = stack.storage.files();
    let expected = [
        // Until the zip came.
        ("aside/example.com/!capital/m/v1.0.0-!r!c1.json", info),
        ("example.com/!capital/m/@latest", info),
        ("example.com/!capital/m/@v/list", "v0.9.0\nv1.0.0-RC1 2024-01-02T03:04:05Z\nv1.0.0\n"),
        ("example.com/!capital/m/@v/v1.0.0-!r!c1.info", info),
        ("example.com/!capital/m/@v/v1.0.0-!r!c1.mod", go_mod),
        ("example.com/empty/@v/list", ""),
        ("example.com/m/@v/v2.0.0+incompatible.mod", "module example.com/m\n"),
        ("example.com/m/v2/@v/v2.0.0.mod", "module example.com/m/v2\n"),
    ]
    .map(|(name, body)| (name.to_owned(), body.as_bytes().to_vec()));
    let expected = expected.into_iter().chain([(module.url("zip")[1..].to_owned(), zip)]);
    assert_eq!(stored, expected.collect::<BTreeMap<_, _>>(), "the branch is no file of a module");
    let puts = stack.storage.requests().into_iter().filter(|(method, _, _)| method == "PUT");
    assert_eq!(
        puts.map(|(_, target, status)| (target, status)).filter(|(_, status)| *status != 201).count(),
        0
    );
    assert_eq!(stack.envoy.metrics("storage_writes_total"), 9, "each once");
}

fn what_is_stored_is_asked_of_no_upstream(workers: u32) {
    let stack = Stack::with(&json!({}), |builder| builder.concurrency(workers));
    let module = Module::new("example.com/Stored/m", "v1.0.0").padded(2 << 20);
    for (kind, body) in [
        ("info", module.info().into_bytes()),
        ("mod", module.go_mod().as_bytes().to_vec()),
        ("zip", module.zip().to_vec()),
    ] {
        put(&stack.storage, &module.url(kind), &body);
        for cache in ["storage", if kind == "zip" { "storage" } else { "hit" }] {
            let answer = stack.get(&module.url(kind));
            assert_eq!((answer.status, answer.body == body), (200, true), "{kind}");
            assert_eq!(answer.header("x-modgate-cache"), Some(cache), "{kind}");
        }
    }
    assert!(stack.upstream.requests().is_empty(), "{:?}", stack.upstream.requests());
    let asked: Vec<(String, u16)> = stack
        .storage
        .requests()
        .into_iter()
        .map(|(method, target, status)| (format!("{method} {target}"), status))
        .collect();
    let zip = module.url("zip");
    assert_eq!(
        asked,
        [
            (format!("GET {}", module.url("info").replace('!', "%21")), 200),
            (format!("GET {}", module.url("mod").replace('!', "%21")), 200),
            // Read whole before anybody gets it, for the first time.
            (format!("GET {}", zip.replace('!', "%21")), 206),
            (format!("GET {}", zip.replace('!', "%21")), 200),
            (format!("GET {}", zip.replace('!', "%21")), 200),
        ]
    );

    // What changes is asked of the upstream first, and of the store where that cannot say.
    put(&stack.storage, &module.list_url(), "v1.0.0\n");
    stack.upstream.on(&module.list_url(), Reply::ok("v1.0.0\nv1.1.0\n"));
    assert_eq!(stack.get(&module.list_url()).text(), "v1.0.0\nv1.1.0\n");
    for (name, reply, cache) in [
        ("lost", Reply::status(404), "storage"),
        ("broken", Reply::status(500), "stale"),
        ("cut", Reply::ok("").close_before_head(), "stale"),
    ] {
        let path = format!("/example.com/{name}/@v/list");
        put(&stack.storage, &path, "v1.0.0\n");
        stack.upstream.on(&path, reply);
        let answer = stack.get(&path);
        assert_eq!(
            (answer.text().as_str(), answer.header("x-modgate-cache")),
            ("v1.0.0\n", Some(cache)),
            "{name}"
        );
    }

    // What is no document is not served from the store either.
    put(&stack.storage, "/example.com/spoilt/@v/v1.0.0.info", "<html>");
    stack.upstream.on("/example.com/spoilt/@v/v1.0.0.info", Reply::ok(module.info()));
    let answer = stack.get("/example.com/spoilt/@v/v1.0.0.info");
    assert_eq!((answer.text(), answer.header("x-modgate-cache")), (module.info(), Some("upstream")));
    wait::until("the log names it", Duration::from_secs(5), || {
        stack.envoy.log_contains("storage: example.com/spoilt@v1.0.0: bad object")
    });
    assert_eq!(stack.storage.hits_with("PUT", "/example.com/spoilt/@v/v1.0.0.info"), 0, "nor written over");
}

#[test]
fn the_store_alone_is_a_module_proxy() {
    let tree = Tree::sample();
    let mirror = Mirror::of(&tree, 2);
    let entries = tree.entries();
    let queries: Vec<String> = entries.iter().map(Entry::query).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let _ = Go::new(&mirror.envoy.url()).mod_download(&queries).expect_ok();
    let modules =
        ["example.com/hello", "example.com/hello/v2", "example.com/greet", "example.com/Acme/Words"];
    let versions = |proxy: &str| {
        let go = Go::new(proxy);
        modules.map(|module| (go.list_versions(module), go.resolve(&format!("{module}@latest"))))
    };
    let expected = versions(&mirror.envoy.url());
    mirror
        .envoy
        .wait_metric("storage_writes_total.outcome.stored", (4 * entries.len() + modules.len()) as u64);
    drop(mirror.envoy);

    let plain = Nginx::serving(mirror.storage.data());
    let url = format!("http://{}", plain.addr());
    let downloaded = Go::new(&url).mod_download(&queries).expect_ok().jsons();
    let sums = tree.sums();
    for module in &downloaded {
        let query = format!("{}@{}", module["Path"].as_str().unwrap(), module["Version"].as_str().unwrap());
        assert_eq!(
            (module["Sum"].as_str().unwrap(), module["GoModSum"].as_str().unwrap()),
            (sums[&query].0.as_str(), sums[&query].1.as_str()),
            "{query}"
        );
    }
    assert_eq!(downloaded.len(), queries.len());
    assert_eq!(versions(&url), expected);
    // Nor has anything of ours got into it, but for what is kept aside until a zip has come.
    let is_ours = |name: &String| !name.starts_with("aside/") && !tree.path().join(name).is_file();
    let odd: Vec<String> = mirror.storage.files().into_keys().filter(is_ours).collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn a_store_that_is_only_read_is_never_written() {
    let stack = Stack::with(&json!({"storage": {"write": false}}), |builder| builder);
    let module = Module::new("example.com/m", "v1.0.0");
    stack.upstream.serve(&module);
    let _ = Go::new(&stack.envoy.url()).mod_download(&[&module.query()]).expect_ok();
    assert_eq!(stack.get(&module.list_url()).status, 200);
    put(&stack.storage, "/example.com/other/@v/v1.0.0.mod", "module example.com/other\n");
    assert_eq!(stack.get("/example.com/other/@v/v1.0.0.mod").header("x-modgate-cache"), Some("storage"));
    // One worker sends in order: a write would have been asked for before that last read.
    let methods: Vec<String> = stack.storage.requests().into_iter().map(|(method, _, _)| method).collect();
    assert!(methods.iter().all(|method| method == "GET" || method == "HEAD"), "{methods:?}");
    assert_eq!(stack.envoy.metrics("storage_writes_total"), 0);
    assert_eq!(stack.storage.files().len(), 1);
}
