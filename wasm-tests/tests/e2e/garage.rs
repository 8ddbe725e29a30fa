//! Modules in a replicated object store of which a node dies. `make garage` runs it; it takes Garage itself, compiled.

use std::time::Duration;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::garage::Garage;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::wait;
use serde_json::json;

fn gateway(garage: &Garage) -> Builder {
    // The cluster as people copy it: its health checks leave a dead node out.
    Envoy::gateway()
        .edit(|bootstrap| bootstrap.store_in("own", "environment"))
        .cluster_of(STORAGE, &garage.addrs())
        .signed(STORAGE, garage.keys())
        .patch_plugin(&json!({
            "sumdb": [],
            "storage": {"dialect": "s3", "url": format!("http://garage.test/{}", Garage::BUCKET)},
        }))
}

/// Whether a gateway that remembers nothing and has no upstream serves these.
fn stored(garage: &Garage, queries: &[&str]) -> bool {
    let envoy = gateway(garage).start();
    Go::new(&envoy.url()).mod_download(queries).ok()
}

#[test]
#[ignore = "make garage"]
fn what_is_stored_is_served_and_what_is_new_is_stored_with_a_node_dead() {
    let mut garage = Garage::start();
    let upstream = Nginx::serving(Tree::sample().path());
    let before = ["example.com/Acme/Words@v0.3.0", "example.com/hello@v1.0.0"];
    let after = ["example.com/hello@v1.1.0", "example.com/hello/v2@v2.0.0"];
    let envoy = gateway(&garage).cluster(UPSTREAM, upstream.addr()).concurrency(2).start();
    let go = || Go::new(&envoy.url());
    go().mod_download(&before).expect_ok();
    wait::until("they are stored", Duration::from_secs(30), || stored(&garage, &before));

    garage.kill(1);
    go().mod_download(&before).expect_ok();
    go().mod_download(&after).expect_ok();
    wait::until("they are served by who is left", Duration::from_secs(30), || stored(&garage, &before));
    // What was sent to the dead node is written when it is asked for again.
    wait::until("the new ones are stored too", Duration::from_secs(120), || {
        go().mod_download(&after).expect_ok();
        stored(&garage, &after)
    });
}
