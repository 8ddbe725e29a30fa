//! A gateway that is cut off: everything that was ever stored by one that is not, and nothing else, at once.

use std::collections::BTreeSet;
use std::time::Duration;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM, relay};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tree::{Entry, Tree};
use modgate_wasm_tests::{at_two_workers, wait};
use serde_json::json;

at_two_workers!(what_was_stored_online_is_had_offline_and_nobody_else_is_asked);

fn what_was_stored_online_is_had_offline_and_nobody_else_is_asked(workers: u32) {
    let (tree, storage) = (Tree::sample(), Nginx::storage());
    let (served, database) = (Nginx::serving(tree.path()), Sumdb::of(tree.path()));
    let (upstream, sumdb) = (relay(served.addr()), relay(database.addr()));
    let gateway = |mode: &str| -> Builder {
        Envoy::gateway()
            .concurrency(workers)
            .cluster(UPSTREAM, upstream.addr())
            .cluster(STORAGE, storage.addr())
            .cluster(Sumdb::CLUSTER, sumdb.addr())
            .patch_plugin(&json!({
                "mode": mode,
                "sumdb": database.configured(),
            }))
    };
    let entries = tree.entries();
    let (stored, left_out) = entries.split_at(entries.len() - 1);
    let queries: Vec<_> = stored.iter().map(Entry::query).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let go = |envoy: &Envoy| Go::new(&envoy.url()).env("GOSUMDB", database.key());
    let online = gateway("online").start();
    let had = go(&online).mod_download(&queries).expect_ok().jsons();
    let sums = |documents: &[serde_json::Value]| -> BTreeSet<String> {
        documents.iter().map(|module| format!("{} {}", module["Path"], module["Sum"])).collect()
    };
    wait::until("all is stored", Duration::from_secs(20), || {
        stored.iter().all(|entry| {
            let zip = Tree::at(storage.data()).zip(entry);
            ["zip", "info", "mod"].iter().all(|kind| zip.with_extension(kind).exists())
        })
    });
    online.wait_idle(&[UPSTREAM, STORAGE, Sumdb::CLUSTER]);
    drop(online);

    upstream.forget();
    sumdb.forget();
    let offline = gateway("offline").start();
    assert_eq!(sums(&go(&offline).mod_download(&queries).expect_ok().jsons()), sums(&had));
    for module in stored.iter().map(|entry| &entry.module).collect::<BTreeSet<_>>() {
        let versions: Vec<_> = stored
            .iter()
            .filter(|entry| entry.module == *module)
            .map(|entry| entry.version.as_str())
            .collect();
        assert_eq!(go(&offline).list_versions(module), versions, "{module}");
        let latest =
            versions.iter().rfind(|version| !version.contains('-')).or_else(|| versions.last()).unwrap();
        assert_eq!(&go(&offline).resolve(&format!("{module}@latest")), latest);
    }
    for query in [&left_out[0].query(), "example.com/nobody/has@v1.0.0", "example.com/hello@main"] {
        let run = go(&offline).mod_download(&[query]);
        assert!(!run.ok() && run.stdout.contains("404 Not Found"), "{query}: {run:?}");
        assert!(run.took < Duration::from_secs(5), "{query}: {:?}", run.took);
    }
    assert_nobody_asked(&offline, &[&upstream, &sumdb]);
}

/// Neither by what the servers saw, nor by what Envoy tried.
#[track_caller]
fn assert_nobody_asked(envoy: &Envoy, servers: &[&Faulty]) {
    for server in servers {
        assert!(server.requests().is_empty(), "{:?}", server.requests());
    }
    for (name, value) in envoy.stats_now() {
        let is_request = name.starts_with("cluster.") && name.ends_with(".upstream_rq_total");
        assert!(
            !is_request || value == 0 || name == format!("cluster.{STORAGE}.upstream_rq_total"),
            "{name}: {value}"
        );
    }
}
