//! An object store as storage: what is in it is whole and right, and nothing half-done stays behind.
#![cfg(not(target_arch = "wasm32"))]

use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::s3::Trouble;
use modgate_wasm_tests::wait;
use serde_json::json;

const PART: u64 = 5 << 20;

fn site(workers: u32) -> Proving {
    Proving::with(workers, &json!({"storage": {"part_bytes": PART}}))
}

fn key(module: &Module, kind: &str) -> String {
    module.url(kind).trim_start_matches('/').to_owned()
}

#[track_caller]
fn wait_stored(site: &Proving, module: &Module) {
    wait::until("it is stored", Duration::from_secs(60), || {
        site.store.object(&key(module, "zip")).is_some_and(|bytes| module.zip().has(0, &bytes))
    });
    assert_eq!(site.store.object(&key(module, "zip")).unwrap().len() as u64, module.zip().len());
    assert_eq!(site.store.open_uploads(), [""; 0]);
}

#[track_caller]
fn wait_no_upload(site: &Proving) {
    wait::until("no upload is left open", Duration::from_secs(20), || site.store.open_uploads().is_empty());
}

fn zip(module: &Module) -> Request {
    Request::get(&module.url("zip")).compare_body(module.zip()).deadline(Duration::from_secs(60))
}

#[test]
fn documents_and_zips_of_every_size_are_stored_and_served_from_there() {
    let site = site(2);
    for (name, size) in [("tiny", 10), ("under", PART - 4096), ("over", PART + 1), ("many", 4 * PART + 17)] {
        let module = Module::new(&format!("size.example/{name}/Caps"), "v1.0.0-RC1").padded(size);
        site.has(&module);
        site.go().mod_download(&[&module.query()]).expect_ok();
        wait_stored(&site, &module);
        for kind in ["mod", "info"] {
            wait::until("its documents", Duration::from_secs(10), || {
                site.store.object(&key(&module, kind)).is_some()
            });
        }
    }
    let refused: Vec<_> =
        site.store.requests().into_iter().filter(|asked| asked.status == Some(403)).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn three_hundred_megabytes_are_stored_in_parts_in_flat_memory() {
    let site = Proving::with(1, &json!({"storage": {"part_bytes": 8 << 20}}));
    let warm = Module::new("warm.example/m", "v1.0.0").padded(40 << 20);
    let large = Module::new("large.example/m", "v1.0.0").padded(300 << 20);
    for module in [&warm, &large] {
        site.has(module);
    }
    let _ = zip(&warm).send(site.envoy.addr());
    wait_stored(&site, &warm);
    let before = site.envoy.forget_peak();
    let answer = zip(&large).send(site.envoy.addr());
    assert_eq!((answer.status, answer.length, answer.pattern), (200, large.zip().len(), true));
    wait_stored(&site, &large);
    let growth = site.envoy.usage().peak.saturating_sub(before);
    println!("300 MB stored in parts: {} KiB", growth >> 10);
    assert!(growth < 64 << 20, "Envoy grew by {} MiB", growth >> 20);
    assert!(site.store.hits("PUT", "partNumber=") >= 37);
}

#[test]
fn a_client_that_leaves_leaves_no_upload_behind() {
    let site = site(1);
    let module = Module::new("left.example/m", "v1.0.0").padded(6 * PART);
    site.has(&module);
    let gate = Gate::new();
    site.serves(&module, Reply::ok(module.zip()).held_in_body(3 * PART, &gate));
    let mut client = Conn::open(site.envoy.addr()).unwrap();
    client.send(&zip(&module)).unwrap();
    client.head().unwrap();
    wait::until("an upload", Duration::from_secs(20), || !site.store.open_uploads().is_empty());
    drop(client);
    gate.open();
    wait_no_upload(&site);
    site.upstream.serve(&module);
    let answer = zip(&module).send(site.envoy.addr());
    assert!(answer.pattern, "{answer:?}");
    wait_stored(&site, &module);
}

#[test]
fn a_store_that_fails_at_any_step_costs_the_copy_alone() {
    for (step, (method, part)) in [
        ("create", ("POST", "uploads")),
        ("first part", ("PUT", "partNumber=1")),
        ("third part", ("PUT", "partNumber=3")),
        ("complete", ("POST", "uploadId=")),
    ] {
        for trouble in [
            Trouble::error(503, "SlowDown"),
            Trouble::Dropped,
            Trouble::AnswerLost,
            Trouble::error(200, "InternalError"),
        ] {
            let site = site(1);
            let module = Module::new("fails.example/m", "v1.0.0").padded(4 * PART);
            site.has(&module);
            let once = trouble.clone();
            site.store.trouble(move |asked| asked.is(method, part).then(|| once.clone()));
            let answer = zip(&module).send(site.envoy.addr());
            assert_eq!((answer.status, answer.pattern), (200, true), "{step}, {trouble:?}");
            wait::until(step, Duration::from_secs(10), || site.store.hits(method, part) > 0);
            site.store.no_trouble();
            // Where the answer to the first request is lost nobody knows the upload: a lifecycle rule's work.
            let unknown = step == "create" && matches!(trouble, Trouble::AnswerLost);
            if !unknown {
                wait_no_upload(&site);
            }
            let again = zip(&module).send(site.envoy.addr());
            assert!(again.pattern, "{step}, {trouble:?}: {again:?}");
        }
    }
}

#[test]
fn a_store_that_cannot_keep_up_does_not_slow_the_client() {
    let site = site(1);
    let module = Module::new("slow.example/m", "v1.0.0").padded(20 * PART);
    site.has(&module);
    site.store
        .trouble(|asked| asked.is("PUT", "partNumber=").then(|| Trouble::Delay(Duration::from_secs(3))));
    let (begun, before) = (Instant::now(), site.envoy.forget_peak());
    let answer = zip(&module).send(site.envoy.addr());
    assert!(answer.pattern, "{answer:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(site.store.hits("PUT", "partNumber=") > 0, "it was tried");
    assert!(site.envoy.usage().peak.saturating_sub(before) < 64 << 20);
    site.store.no_trouble();
    wait_no_upload(&site);
}

#[test]
fn what_is_stored_is_never_replaced_by_other_bytes() {
    let site = site(1);
    let module = Module::new("kept.example/m", "v1.0.0").padded(100);
    site.store.put(&key(&module, "mod"), b"module other.example/m\n");
    site.has(&module);
    let _ = site.envoy.get(&module.url("mod"));
    let _ = site.go().mod_download(&[&module.query()]);
    assert_eq!(site.store.object(&key(&module, "mod")).unwrap(), b"module other.example/m\n");
}

#[test]
fn a_corrupt_object_is_not_served_and_is_fetched_anew() {
    let first = site(2);
    let module = Module::new("corrupt.example/m", "v1.0.0").padded(10_000);
    first.has(&module);
    let mut bytes = module.zip().to_vec();
    bytes[5_000] ^= 1;
    for kind in ["mod", "info"] {
        let body = if kind == "mod" { module.go_mod().to_owned() } else { module.info() };
        first.store.put(&key(&module, kind), body.as_bytes());
    }
    first.store.put(&key(&module, "zip"), &bytes);
    let mut failures = 0;
    wait::until("the good one", Duration::from_secs(20), || {
        let ok = first.go().mod_download(&[&module.query()]).ok();
        failures += usize::from(!ok);
        ok
    });
    assert!(failures <= 1, "once it is found out it is known");
}

#[test]
fn a_bucket_that_athens_filled_is_served_and_stays_athens_s() {
    for (layout, names) in [
        ("athens", ["@v/v1.2.0.mod", "@v/v1.2.0.info", "@v/v1.2.0.zip"]),
        ("athens_flat", ["v1.2.0/go.mod", "v1.2.0/v1.2.0.info", "v1.2.0/source.zip"]),
    ] {
        let patch = json!({"storage": {"layout": layout, "key_prefix": "athens"}});
        let site = Proving::with(1, &patch);
        let there = Module::new("github.com/Azure/there", "v1.2.0").padded(2_000);
        let new = Module::new("github.com/Azure/new", "v1.2.0").padded(2_000);
        site.knows(&there);
        site.has(&new);
        let at = |module: &str, name: &str| format!("athens/github.com/Azure/{module}/{name}");
        let bodies = [there.go_mod().as_bytes().to_vec(), there.info().into_bytes(), there.zip().to_vec()];
        for (name, body) in names.iter().zip(&bodies) {
            site.store.put(&at("there", name), body);
        }
        site.go().mod_download(&[&there.query()]).expect_ok();
        site.go().mod_download(&[&new.query()]).expect_ok();
        for name in names {
            wait::until(name, Duration::from_secs(10), || site.store.object(&at("new", name)).is_some());
        }
        assert_eq!(site.store.object(&at("new", names[2])).unwrap(), new.zip().to_vec());
    }
}
