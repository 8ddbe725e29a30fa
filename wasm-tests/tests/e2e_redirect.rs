//! Clients are sent to the store's own address for what is verified and stored, and for nothing else.
#![cfg(not(target_arch = "wasm32"))]

use std::net::SocketAddr;
use std::time::Duration;

use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::s3::S3;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

fn delivery(store: SocketAddr, more: &Value) -> Value {
    let mut delivery = json!({
        "zips": "redirect",
        "url": format!("http://{store}/{}", S3::BUCKET),
        "expires": "5m",
        "s3": {"region": S3::REGION, "access_key_id": S3::ACCESS_KEY, "secret_access_key": S3::SECRET_KEY},
    });
    modgate_wasm_tests::bootstrap::merge::merge(&mut delivery, more);
    json!({"storage": {"delivery": delivery}})
}

fn site(more: &Value) -> Proving {
    Proving::storing_in(S3::start(), 2, |store| delivery(store, more))
}

fn stored(site: &Proving, name: &str) -> Module {
    let module = Module::new(name, "v1.0.0-RC1").padded(100_000);
    site.has(&module);
    site.go().mod_download(&[&module.query()]).expect_ok();
    let key = module.url("zip").trim_start_matches('/').to_owned();
    wait::until("it is stored", Duration::from_secs(20), || site.store.object(&key).is_some());
    module
}

fn location(answer: &Response) -> (SocketAddr, String) {
    let url = answer.header("location").unwrap_or_else(|| panic!("no location: {answer:?}"));
    let (host, rest) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    (host.parse().unwrap(), format!("/{rest}"))
}

#[test]
fn a_stored_zip_is_fetched_from_the_store_by_a_signed_address() {
    let site = site(&json!({}));
    let module = stored(&site, "github.com/Azure/redirected");
    let answer = site.envoy.get(&module.url("zip"));
    assert_eq!(answer.status, 302, "{answer:?}");
    let (addr, target) = location(&answer);
    let whole = Request::get(&target).compare_body(module.zip()).send(addr);
    assert_eq!((whole.status, whole.length, whole.pattern), (200, module.zip().len(), true));
    let part = Request::get(&target).header("range", "bytes=0-9").send(addr);
    assert_eq!((part.status, part.body.len()), (206, 10));
    assert_eq!(
        Request::new("PUT", &target).body("evil").send(addr).status,
        403,
        "it is good for reading alone"
    );
    let spoilt = target.replace("X-Amz-Expires=300", "X-Amz-Expires=301");
    assert_ne!(spoilt, target);
    assert_eq!(Request::get(&spoilt).send(addr).status, 403);
    site.go().mod_download(&[&module.query()]).expect_ok();
}

#[test]
fn what_is_not_stored_yet_and_what_is_excepted_is_streamed() {
    let site = site(&json!({"overrides": [{"modules": ["streamed.example"], "zips": "stream"}]}));
    let new = Module::new("new.example/m", "v1.0.0").padded(100);
    site.has(&new);
    assert_eq!(site.envoy.get(&new.url("zip")).status, 200, "nobody had it");
    let excepted = stored(&site, "streamed.example/m");
    assert_eq!(site.envoy.get(&excepted.url("zip")).status, 200);
}

#[test]
fn an_address_ends() {
    let site = site(&json!({"expires": "1s"}));
    let module = stored(&site, "ends.example/m");
    let (addr, target) = location(&site.envoy.get(&module.url("zip")));
    wait::until("it is refused", Duration::from_secs(10), || Request::get(&target).send(addr).status == 403);
}

#[test]
fn no_secret_is_in_the_log() {
    let site = site(&json!({}));
    let module = stored(&site, "log.example/m");
    assert_eq!(site.envoy.get(&module.url("zip")).status, 302);
    assert!(!site.envoy.log_contains(S3::SECRET_KEY));
}
