//! What the index has room for, and where that comes from which it has none for.

use std::{collections::BTreeMap, net::SocketAddr, thread};

use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::fixture::{Scripted, builder};
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::nginx::Nginx;
use serde_json::{Value, json};

/// The `.info` and the go.mod of each version.
fn path(number: usize) -> String {
    let kind = if number.is_multiple_of(2) { "info" } else { "mod" };
    format!("/example.com/room/m{}/@v/v1.{}.0.{kind}", number / 40, number / 2)
}

/// What the upstream has at such a path: a usual document.
fn document(seen: &Seen) -> Reply {
    let Some((name, kind)) = seen.target.rsplit_once('.') else { return Reply::status(404) };
    let Some((module, version)) = name.split_once("/@v/") else { return Reply::status(404) };
    let module = module.trim_start_matches('/');
    Reply::ok(match kind {
        "info" => {
            format!(r#"{{"Version":"{version}","Time":"2023-01-02T03:04:05Z","Origin":{{"VCS":"git"}}}}"#)
        }
        _ => {
            format!("module {module}\n\nrequire (\n{})\n", "\texample.com/some/dependency v1.2.3\n".repeat(9))
        }
    })
}

/// Asks for so many documents, sixteen at once; how many came from where.
fn pass(envoy: SocketAddr, count: usize) -> BTreeMap<String, usize> {
    const CLIENTS: usize = 16;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            thread::spawn(move || {
                let mut conn = Conn::open(envoy).unwrap();
                let numbers = (client..count).step_by(CLIENTS);
                let ask = |number| {
                    let answer = conn.exchange(&Request::get(&path(number))).unwrap();
                    assert_eq!(answer.status, 200, "{}: {}", path(number), answer.text());
                    answer.header("x-modgate-cache").unwrap_or_default().to_owned()
                };
                numbers.map(ask).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut from = BTreeMap::new();
    for client in clients {
        for cache in client.join().unwrap() {
            *from.entry(cache).or_default() += 1;
        }
    }
    from
}

#[test]
fn ten_thousand_documents_stay_in_the_index() {
    const DOCUMENTS: usize = 10_000;
    let stack = Scripted::with(&json!({}), |builder| builder.concurrency(2).alone());
    stack.upstream.otherwise(document);
    for server in [&stack.upstream, &stack.storage] {
        server.remember_nothing();
    }
    let before = stack.envoy.usage().rss;
    let first = pass(stack.envoy.addr(), DOCUMENTS);
    assert_eq!(first.get("hit"), None, "{first:?}");
    let full = stack.envoy.usage().rss;
    for _ in 0..2 {
        let again = pass(stack.envoy.addr(), DOCUMENTS);
        let hits = again.get("hit").copied().unwrap_or_default();
        assert!(hits * 100 >= DOCUMENTS * 99, "{again:?}");
    }
    let after = stack.envoy.usage().rss;
    println!(
        "{DOCUMENTS} documents: RSS {} KB, then {} KB, then {} KB",
        before >> 10,
        full >> 10,
        after >> 10
    );
    assert!(full - before <= 64 << 20 && after <= full + (8 << 20), "RSS {before}, {full}, {after}");
    stack.envoy.assert_unharmed();
}

/// A gateway that has little memory, before a real store.
fn gateway(upstream: &Faulty, storage: &Nginx) -> modgate_wasm_tests::envoy::Envoy {
    let patch: Value = json!({"index": {"bytes": 32768}});
    builder(upstream.addr(), storage.addr()).concurrency(2).patch_plugin(&patch).start()
}

#[test]
fn what_fell_out_of_the_index_comes_from_storage_and_never_from_the_upstream_again() {
    const DOCUMENTS: usize = 1_000;
    let (upstream, storage) = (Faulty::start(), Nginx::storage());
    upstream.otherwise(document);
    let envoy = gateway(&upstream, &storage);
    pass(envoy.addr(), DOCUMENTS);
    envoy.wait_metric("storage_writes_total.outcome.stored", DOCUMENTS as u64);
    assert_eq!(upstream.count(), DOCUMENTS);
    let again = pass(envoy.addr(), DOCUMENTS);
    assert!(again["storage"] > DOCUMENTS / 2, "the index has no room for them: {again:?}");
    assert_eq!(upstream.count(), DOCUMENTS, "{again:?}");
    envoy.assert_unharmed();
    drop(envoy);
    let envoy = gateway(&upstream, &storage);
    for _ in 0..2 {
        let restarted = pass(envoy.addr(), DOCUMENTS);
        assert_eq!(upstream.count(), DOCUMENTS, "{restarted:?}");
    }
    envoy.assert_unharmed();
}
