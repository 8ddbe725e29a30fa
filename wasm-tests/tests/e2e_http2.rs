//! Zips from HTTP/2 upstreams, which end in ways HTTP/1 knows not: verified all the same.
#![cfg(not(target_arch = "wasm32"))]

use modgate_wasm_tests::at_one_and_four_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Proving;
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

at_one_and_four_workers!(every_framing_is_verified);

fn every_framing_is_verified(workers: u32) {
    let site = Proving::http2(workers, &json!({"fetch": {"zip_bytes": 65536}}));
    for (n, size) in [1_000, 3 << 20].into_iter().enumerate() {
        for framing in 0..4 {
            let module = Module::new(&format!("two.example/m{n}{framing}"), "v1.0.0")
                .file("a.txt", "one")
                .file("b.txt", "two")
                .padded(size);
            site.has(&module);
            for how in Tampering::ALL {
                site.serves(&module, framings(&how.of(&module.zip().to_vec()))[framing].clone());
                let run = site.trusting_go().mod_download(&[&module.query()]);
                assert!(!run.ok(), "{how:?}, framing {framing}, {size} bytes: {}", run.stdout);
                assert!(
                    site.store.keys().iter().all(|key| !key.ends_with(".zip")),
                    "{:?}",
                    site.store.keys()
                );
            }
            site.serves(&module, framings(&module.zip().to_vec())[framing].clone());
            site.go().mod_download(&[&module.query()]).expect_ok();
            site.store.remove(module.url("zip").trim_start_matches('/'));
        }
    }
}

#[test]
fn a_stream_that_is_reset_leaves_nothing() {
    let site = Proving::http2(1, &json!({}));
    let module = Module::new("two.example/reset", "v1.0.0").padded(3 << 20);
    site.has(&module);
    for reply in
        [Reply::ok(module.zip()).close_after(1 << 20), Reply::ok(module.zip()).chunked().close_after(1 << 20)]
    {
        site.serves(&module, reply);
        assert!(!site.trusting_go().mod_download(&[&module.query()]).ok());
        assert_eq!(site.store.open_uploads(), [""; 0]);
    }
    site.upstream.serve(&module);
    site.go().mod_download(&[&module.query()]).expect_ok();
}
