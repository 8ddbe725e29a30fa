//! The examples run, and say what the files say that they are made of.
#![cfg(not(target_arch = "wasm32"))]

use std::time::Duration;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::S3;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::wait;
use serde_json::json;

#[test]
fn the_s3_gateway_is_the_gateway_with_the_parts_of_s3() {
    let mut example = Bootstrap::example("s3/gateway.yaml");
    let mut gateway = Bootstrap::gateway();
    gateway.store_in("own", "environment");
    gateway.patch_plugin(&json!({
        "storage": {"url": "http://s3.internal:9000/modules", "dialect": "s3", "write": null},
    }));
    assert_eq!(example.plugin(), gateway.plugin());
    let plugin = gateway.plugin();
    example.set_plugin(&plugin);
    gateway.set_plugin(&plugin);
    assert_eq!(example.value(), gateway.value());
}

#[test]
fn the_s3_gateway_keeps_modules_in_the_bucket() {
    let (upstream, store) = (Nginx::serving(Tree::sample().path()), S3::start());
    let envoy = Envoy::gateway()
        .edit(|bootstrap| *bootstrap = Bootstrap::example("s3/gateway.yaml"))
        .cluster(UPSTREAM, upstream.addr())
        .cluster(STORAGE, store.addr())
        .patch_plugin(&json!({"sumdb": []}))
        .env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY)
        .start();
    Go::new(&envoy.url()).mod_download(&["example.com/Acme/Words@v0.3.0"]).expect_ok();
    let stored = ["info", "mod", "zip"].map(|kind| format!("example.com/!acme/!words/@v/v0.3.0.{kind}"));
    wait::until("it is stored", Duration::from_secs(20), || {
        stored.iter().all(|key| store.object(key).is_some())
    });
    // Another Envoy, without an upstream.
    drop(envoy);
    let again = Envoy::gateway()
        .edit(|bootstrap| *bootstrap = Bootstrap::example("s3/gateway.yaml"))
        .cluster(STORAGE, store.addr())
        .patch_plugin(&json!({"sumdb": []}))
        .env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY)
        .start();
    Go::new(&again.url()).mod_download(&["example.com/Acme/Words@v0.3.0"]).expect_ok();
}
