//! Clients are sent to the store's own address for what is verified and stored, and for nothing else.

use std::net::SocketAddr;
use std::time::Duration;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::{self, Proving};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::{S3, Trouble};
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

fn site(workers: u32, more: &Value) -> Proving {
    Proving::storing_in(S3::start(), workers, |store| delivery(store, more))
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
    let site = site(2, &json!({}));
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
}

at_two_workers!(go_follows_to_the_store_and_verifies_what_it_gets_there);

fn go_follows_to_the_store_and_verifies_what_it_gets_there(workers: u32) {
    let mut site = site(workers, &json!({}));
    let modules = [stored(&site, "github.com/Azure/followed"), stored(&site, "plain.example/m")];
    site.lose_upstream();
    for fresh in [false, true] {
        if fresh {
            // What is stored is checked first: nobody is sent to what nobody has read.
            site.restart();
        }
        for module in &modules {
            let before = site.store.hits("GET", "X-Amz-Signature=");
            site.go().mod_download(&[&module.query()]).expect_ok();
            assert_eq!(site.store.hits("GET", "X-Amz-Signature="), before + 1, "{}", module.query());
        }
    }
}

#[test]
fn nobody_is_sent_to_what_is_wrong() {
    let mut site = site(1, &json!({}));
    let module = stored(&site, "wrong.example/m");
    site.settle();
    let before = site.store.hits("GET", "X-Amz-Signature=");
    site.restart();
    let mut zip = module.zip().to_vec();
    zip[50_000] ^= 1;
    site.store.put(module.url("zip").trim_start_matches('/'), &zip);
    let answer = Request::get(&module.url("zip")).compare_body(module.zip()).send(site.envoy.addr());
    assert_eq!((answer.status, answer.pattern), (200, true), "{answer:?}");
    site.go().mod_download(&[&module.query()]).expect_ok();
    assert_eq!(site.store.hits("GET", "X-Amz-Signature="), before);
}

#[test]
fn the_head_alone_is_answered_here() {
    let site = site(1, &json!({}));
    let module = stored(&site, "head.example/m");
    let answer = Request::new("HEAD", &module.url("zip")).send(site.envoy.addr());
    assert_eq!(
        (answer.status, answer.header("content-length")),
        (200, Some(module.zip().len().to_string().as_str()))
    );
}

/// How many signed addresses nginx has given a zip to.
fn followed(public: &Nginx) -> usize {
    let is_one = |target: &str, status| target.contains("md5=") && status == 200;
    public.requests().iter().filter(|(_, target, status)| is_one(target, *status)).count()
}

/// As `nginx/secure-link.conf` has it, with the secret that stands there.
#[test]
fn go_follows_to_an_nginx_that_checks_the_address() {
    let (upstream, storage) = (Faulty::start(), Nginx::storage());
    let public = Nginx::secure_link(storage.data());
    let envoy = fixture::builder(upstream.addr(), storage.addr())
        .patch_plugin(&json!({"storage": {"delivery": {
            "zips": "redirect",
            "url": format!("http://{}", public.addr()),
            "secure_link": {"secret": "change-me"},
        }}}))
        .start();
    let module = Module::new("github.com/Azure/linked", "v2.0.0+incompatible").padded(100_000);
    upstream.serve(&module);
    let go = || Go::new(&envoy.url());
    go().mod_download(&[&module.query()]).expect_ok();
    let answer = wait::poll(Duration::from_secs(20), || {
        let answer = envoy.get(&module.url("zip"));
        (answer.status == 302).then_some(answer)
    });
    let (addr, target) = location(&answer.expect("it is stored, and clients are sent there"));
    assert_eq!(addr, public.addr());
    let whole = Request::get(&target).compare_body(module.zip()).send(addr);
    assert_eq!((whole.status, whole.length, whole.pattern), (200, module.zip().len(), true));
    let path = target.split('?').next().unwrap();
    assert_eq!(Request::get(path).send(addr).status, 403, "unsigned");
    drop(upstream);
    let before = followed(&public);
    go().mod_download(&[&module.query()]).expect_ok();
    assert_eq!(followed(&public), before + 1);
}

#[test]
fn what_is_not_stored_yet_and_what_is_excepted_is_streamed() {
    let site = site(2, &json!({"overrides": [{"modules": ["streamed.example"], "zips": "stream"}]}));
    let excepted = stored(&site, "streamed.example/m");
    assert_eq!(site.envoy.get(&excepted.url("zip")).status, 200);
    // Last: a store that has just failed is left alone for a while.
    let new = Module::new("new.example/m", "v1.0.0").padded(100);
    site.has(&new);
    site.store.trouble(|asked| (asked.method == "PUT").then(|| Trouble::error(503, "SlowDown")));
    assert_eq!(site.envoy.get(&new.url("zip")).status, 200, "nobody has it");
}

#[test]
fn an_address_ends() {
    let site = site(2, &json!({"expires": "1s"}));
    let module = stored(&site, "ends.example/m");
    let (addr, target) = location(&site.envoy.get(&module.url("zip")));
    wait::until("it is refused", Duration::from_secs(10), || Request::get(&target).send(addr).status == 403);
}

#[test]
fn no_secret_is_in_the_log() {
    let site = site(2, &json!({}));
    let module = stored(&site, "log.example/m");
    assert_eq!(site.envoy.get(&module.url("zip")).status, 302);
    assert!(!site.envoy.log_contains(S3::SECRET_KEY));
}
