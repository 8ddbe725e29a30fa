//! With a bucket for storage (`envoy/istio/s3`): what goes there is signed.

use std::time::Duration;

use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::s3::S3;
use modgate_wasm_tests::wait;
use serde_json::json;

use super::{Sources, of_its_own};

#[test]
fn modules_are_stored_in_a_bucket_and_served_from_it() {
    const BUCKET: &str = "outbound|443||my-bucket.s3.us-east-1.amazonaws.com";
    let (sources, store, dir) = (Sources::start(), S3::start(), tempfile::tempdir().unwrap());
    let mut rendered = of_its_own("s3");
    // This store has its bucket in the path.
    let url = format!("https://my-bucket.s3.us-east-1.amazonaws.com/{}", S3::BUCKET);
    rendered.patch_plugin(&json!({"storage": {"url": url}}));
    let envoy = sources
        .behind(rendered, 80, &dir, None)
        .cluster(BUCKET, store.addr())
        .env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY)
        .start();
    let go = || Go::new(&envoy.url()).env("GOSUMDB", sources.sumdb.key());
    let modules = [
        Module::new("s3.example.com/small", "v1.0.0").padded(1 << 20),
        Module::new("s3.example.com/large", "v1.0.0").padded(12 << 20),
    ];
    for module in &modules {
        sources.have(module);
    }
    let queries = modules.each_ref().map(Module::query);
    let queries = queries.each_ref().map(String::as_str);
    go().mod_download(&queries).expect_ok();
    for module in &modules {
        let key = module.url("zip").trim_start_matches('/').to_owned();
        wait::until("it is stored", Duration::from_secs(20), || store.object(&key).is_some());
        // As the request for it writes that.
        let path = key.replace('@', "%40");
        let asked = store.hits("GET", &path);
        go().mod_download(&[&module.query()]).expect_ok();
        assert!(store.hits("GET", &path) > asked, "{key} comes from the store");
    }
}
