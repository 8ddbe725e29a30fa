//! Zips too large to be held, which are stored in parts as they pass.

use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::{Conn, Error};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::s3::Trouble;
use modgate_wasm_tests::tamper::Tampering;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

use super::{key, wait_stored, zip};

const PART: u64 = 5 << 20;

fn site(workers: u32) -> Proving {
    Proving::with(workers, &in_parts())
}

fn in_parts() -> Value {
    json!({"fetch": {"zip_bytes": 1 << 20}, "storage": {"part_bytes": PART}})
}

#[track_caller]
fn wait_no_upload(site: &Proving) {
    wait::until("no upload is left open", Duration::from_secs(20), || site.store.open_uploads().is_empty());
}

#[test]
fn zips_around_the_size_of_parts_are_stored_whole() {
    let site = site(2);
    for (name, size) in [("less", PART - 4096), ("more", PART + 1), ("many", 4 * PART + 17)] {
        let module = Module::new(&format!("size.example/{name}/Caps"), "v1.0.0-RC1").padded(size);
        site.has(&module);
        site.go().mod_download(&[&module.query()]).expect_ok();
        wait_stored(&site, &module);
    }
}

#[test]
fn three_hundred_megabytes_are_stored_in_parts_in_flat_memory() {
    let site = Proving::alone(1, &json!({"storage": {"part_bytes": 8 << 20}}));
    let warm = Module::new("warm.example/m", "v1.0.0").padded(100);
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
    site.serves(&module, Reply::ok(module.zip()).ranges().held_in_body(3 * PART, &gate));
    let mut client = Conn::open(site.envoy.addr()).unwrap();
    client.send(&zip(&module)).unwrap();
    client.head().unwrap();
    let mut read = 0;
    while read < 2 * PART {
        read += client.skip_some().unwrap() as u64;
    }
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
    let site = Proving::alone(1, &in_parts());
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
fn a_zip_that_is_refused_leaves_no_upload_behind() {
    for workers in [1, 4] {
        let site = site(workers);
        for how in Tampering::REFUSED {
            let module = Module::new(&format!("bad.example/{how:?}").to_lowercase(), "v1.0.0")
                .file("a.txt", "one")
                .file("b.txt", "two")
                .padded(2 * PART);
            site.has(&module);
            let tampered = Reply::ok(how.of(&module.zip().to_vec())).ranges();
            site.upstream.on(&module.url("zip"), tampered);
            let answer = zip(&module).try_send(site.envoy.addr());
            assert!(matches!(answer, Err(Error::Truncated(_))), "{how:?}: {answer:?}");
            site.settle();
            assert!(site.store.object(&key(&module, "zip")).is_none(), "{how:?}");
            assert!(site.store.object(&key(&module, "info")).is_none(), "{how:?}");
            wait_no_upload(&site);
            site.upstream.serve(&module);
            site.go().mod_download(&[&module.query()]).expect_ok();
            wait_stored(&site, &module);
        }
        assert!(site.store.hits("DELETE", "uploadId=") > 0, "what was begun is aborted");
    }
}
