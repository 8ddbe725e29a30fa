//! What Modgate serves is what the checksum database knows: the real go command through Modgate only, each way to tamper and
//! each lie, with one worker and with four.

use std::time::Duration;

use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::go::Run;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

mod honest;
mod lies;
mod outages;
mod tampered;

/// Zips above are streamed to clients while they are verified, those below are fetched whole and stored first.
const STREAMED_ABOVE: u64 = 64 << 10;

fn site(workers: u32) -> Proving {
    Proving::with(workers, &patch(STREAMED_ABOVE))
}

/// What is missing is asked for again soon.
fn patch(zip_bytes: u64) -> Value {
    json!({"fetch": {"zip_bytes": zip_bytes}, "freshness": {"negative": "1s"}})
}

/// A module whose zip is fetched whole, and one whose zip is streamed.
fn modules(name: &str) -> [Module; 2] {
    [small(name), with_pair(&format!("large.example/{name}")).padded(3 << 20)]
}

fn small(name: &str) -> Module {
    with_pair(&format!("small.example/{name}"))
}

/// With two files whose names are as long as each other, for who swaps them.
fn with_pair(path: &str) -> Module {
    Module::new(path, "v1.0.0").file("a.txt", "one").file("b.txt", "two")
}

fn key(module: &Module, kind: &str) -> String {
    module.url(kind).trim_start_matches('/').to_owned()
}

fn said(run: &Run) -> String {
    format!("{}{}", run.stdout, run.stderr)
}

/// Every file of the checksum database that is stored.
fn database_files(site: &Proving) -> Vec<(String, Vec<u8>)> {
    let below = format!("sumdb/{}/", Sumdb::NAME);
    let keys = site.store.keys().into_iter().filter(|key| key.starts_with(&below));
    keys.map(|key| (key.clone(), site.store.object(&key).unwrap_or_default())).collect()
}

/// Of this version nothing is stored that marks it as whole, and nothing that is not true.
#[track_caller]
fn assert_not_stored(site: &Proving, module: &Module) {
    site.settle();
    for kind in ["zip", "info"] {
        assert!(site.store.object(&key(module, kind)).is_none(), "{} is stored", key(module, kind));
    }
    let go_mod = site.store.object(&key(module, "mod"));
    assert!(go_mod.is_none_or(|bytes| bytes == module.go_mod().as_bytes()), "{}", key(module, "mod"));
    assert_eq!(site.store.open_uploads(), [""; 0], "{}", module.query());
}

#[track_caller]
fn assert_refused(site: &Proving, module: &Module, run: &Run) {
    assert!(!run.ok(), "{}: {}", module.query(), run.stdout);
    assert_not_stored(site, module);
}

/// What was refused leaves nothing behind: what is right is served at once to a go command that verifies it.
#[track_caller]
fn assert_good_next(site: &Proving, module: &Module) {
    site.upstream.serve(module);
    site.go().mod_download(&[&module.query()]).expect_ok();
}

#[track_caller]
fn wait_stored(site: &Proving, module: &Module) {
    let bodies = [module.go_mod().as_bytes().to_vec(), module.zip().to_vec(), module.info().into_bytes()];
    for (kind, body) in ["mod", "zip", "info"].into_iter().zip(bodies) {
        let key = key(module, kind);
        wait::until(&format!("{key} is stored"), Duration::from_secs(20), || {
            site.store.object(&key).is_some_and(|bytes| bytes == body)
        });
    }
}
