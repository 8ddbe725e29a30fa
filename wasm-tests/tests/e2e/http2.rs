//! Zips from HTTP/2 upstreams, which end in ways HTTP/1 knows not: verified all the same.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::{Error, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tamper::Tampering;
use serde_json::json;

fn framings(zip: &[u8]) -> [Reply; 4] {
    let reply = || Reply::ok(zip.to_vec());
    [
        reply(),
        reply().chunked(),
        reply().trailer("x-checksum", "1"),
        reply().chunked().trailer("x-checksum", "1"),
    ]
}

at_two_workers!(every_framing_is_verified, every_framing_is_verified_where_all_are_streamed);

/// Zips above are streamed while they are verified.
const STREAMED_ABOVE: u64 = 64 << 10;

fn every_framing_is_verified(workers: u32) {
    let site = Proving::http2(workers, &json!({"fetch": {"zip_bytes": STREAMED_ABOVE}}));
    refuses_the_tampered(&site, "small", 1_000);
    refuses_the_tampered(&site, "large", 3 << 20);
    assert_eq!(site.envoy.metric("verifications_total.outcome.late"), 0, "all is read before the trailers");
}

fn every_framing_is_verified_where_all_are_streamed(workers: u32) {
    let site = Proving::http2(workers, &json!({"fetch": {"zip_bytes": 0}}));
    refuses_the_tampered(&site, "streamed", 1_000);
}

/// Each way to tamper, in each framing; and the good one goes through in each of them.
#[track_caller]
fn refuses_the_tampered(site: &Proving, name: &str, size: u64) {
    for framing in 0..4 {
        let module = Module::new(&format!("two.example/{name}{framing}"), "v1.0.0")
            .file("a.txt", "one")
            .file("b.txt", "two")
            .padded(size);
        let key = module.url("zip").trim_start_matches('/').to_owned();
        site.has(&module);
        for how in Tampering::REFUSED {
            let what = format!("{how:?}, {name}, framing {framing}");
            site.serves(&module, framings(&how.of(&module.zip().to_vec()))[framing].clone());
            match Request::get(&module.url("zip")).try_send(site.envoy.addr()) {
                Err(Error::Truncated(_)) => {}
                Ok(answer) => assert_eq!(answer.status, 502, "{what}: {answer:?}"),
                Err(error) => panic!("{what}: {error}"),
            }
            let run = site.trusting_go().mod_download(&[&module.query()]);
            assert!(!run.ok(), "{what}: {}", run.stdout);
            site.settle();
            assert_eq!(site.store.object(&key), None, "{what}");
        }
        site.serves(&module, framings(&module.zip().to_vec())[framing].clone());
        site.go().mod_download(&[&module.query()]).expect_ok();
    }
}

#[test]
fn a_stream_that_is_reset_leaves_nothing() {
    for zip_bytes in [STREAMED_ABOVE, 8 << 20] {
        let site = Proving::http2(1, &json!({"fetch": {"zip_bytes": zip_bytes}}));
        let module = Module::new("two.example/reset", "v1.0.0").padded(3 << 20);
        site.has(&module);
        for reply in [
            Reply::ok(module.zip()).close_after(1 << 20),
            Reply::ok(module.zip()).chunked().close_after(1 << 20),
        ] {
            site.serves(&module, reply);
            assert!(!site.trusting_go().mod_download(&[&module.query()]).ok());
            site.settle();
            assert!(site.store.keys().iter().all(|key| !key.ends_with(".zip") && !key.ends_with(".info")));
            assert_eq!(site.store.open_uploads(), [""; 0]);
        }
        site.upstream.serve(&module);
        site.go().mod_download(&[&module.query()]).expect_ok();
    }
}
