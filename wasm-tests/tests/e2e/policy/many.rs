//! Ten thousand rules: what loading them costs those who ask meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::{Faulty, Gate};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use serde_json::{Value, json};

use super::assert_refused;

const RULES: usize = 10_000;

fn rules() -> Vec<Value> {
    (0..RULES)
        .map(|n| match n % 4 {
            0 => json!({"modules": [format!("github.com/owner{n}")], "action": "deny", "reason": "Nobody looks after it."}),
            1 => json!({"exact": [format!("github.com/owner{}/module{n}", n % 700)], "action": "deny"}),
            2 => json!({"modules": [format!("git.team{n}.example.com/*/internal")], "action": "deny"}),
            _ => json!({"modules": [format!("example.com/many/module{n}")], "versions": ["<v1.4.0"], "action": "deny"}),
        })
        .collect()
}

#[test]
fn they_are_loaded_while_others_are_served_and_each_decides() {
    let (upstream, storage, dir) = (Faulty::start(), Nginx::storage(), tempfile::tempdir().unwrap());
    let (builder, mut discovery) =
        builder(upstream.addr(), storage.addr()).concurrency(2).discovered(dir.path());
    let envoy = builder.alone().start();
    let hot = Module::new("example.com/hot", "v1.0.0");
    upstream.serve(&hot);
    let (end, addr, path) = (Gate::new(), envoy.addr(), hot.url("mod"));
    assert_eq!(http::get(addr, &path).status, 200);
    let before = envoy.usage().rss;
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (end, path) = (end.clone(), path.clone());
            thread::spawn(move || {
                let mut longest = Duration::ZERO;
                while !end.is_open() {
                    let begun = Instant::now();
                    assert_eq!(http::get(addr, &path).status, 200);
                    longest = longest.max(begun.elapsed());
                }
                longest
            })
        })
        .collect();
    let begun = Instant::now();
    discovery.push(&json!({"policy": {"rules": rules()}}));
    assert!(!envoy.wait_discovered(2), "refused");
    let took = begun.elapsed();
    for (path, rule) in [
        ("/github.com/owner0/m/@v/v1.0.0.mod", "policy.rules[0]"),
        ("/github.com/owner101/module5001/@v/list", "policy.rules[5001]"),
        ("/git.team9998.example.com/x/internal/@latest", "policy.rules[9998]"),
        ("/example.com/many/module9999/@v/v1.3.9.zip", "policy.rules[9999]"),
    ] {
        assert_refused(&envoy.get(path), &[rule]);
    }
    assert_eq!(envoy.get(&path).status, 200);
    end.open();
    let longest = clients.into_iter().map(|client| client.join().unwrap()).max().unwrap();
    let grown = envoy.usage().rss.saturating_sub(before) >> 10;
    println!("{RULES} rules: in force after {took:?}, the longest answer {longest:?}, {grown} KiB more");
    // Milliseconds, on a machine that does nothing else.
    assert!(longest < Duration::from_secs(2), "{longest:?}");
}
