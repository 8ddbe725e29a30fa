//! Modules, with the real go command.

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::bootstrap::shared::{MODULES_HOST, Place};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tunnel::Tunnel;
use serde_json::json;

use super::{Applications, Sources};

const QUERIES: [&str; 2] = ["example.com/Acme/Words@v0.3.0", "example.com/hello@v1.0.0"];

/// What go does in a build: versions, a query, files.
#[track_caller]
fn assert_serves(go: &Go) {
    assert!(go.list_versions("example.com/hello").contains(&"v1.0.0".to_owned()));
    assert!(go.resolve("example.com/hello@latest").starts_with('v'));
    go.mod_download(&QUERIES).expect_ok();
}

#[test]
fn a_virtual_host_serves_modules() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let envoy = applications.beside(Bootstrap::pasted(), &sources).start();
    let go = Go::new(&format!("http://{MODULES_HOST}")).env("HTTP_PROXY", &envoy.url());
    assert_serves(&go);
    assert!(applications.seen().is_empty(), "{:?}", applications.seen());
    // From storage, by a gateway that knows nothing and has nobody to ask.
    drop(envoy);
    let mut offline = Sources::start();
    offline.upstream.stop();
    offline.storage = sources.storage;
    let again = applications.beside(Bootstrap::pasted(), &offline).start();
    let go = Go::new(&format!("http://{MODULES_HOST}")).env("HTTP_PROXY", &again.url());
    go.mod_download(&QUERIES).expect_ok();
}

#[test]
fn a_prefix_of_a_virtual_host_serves_modules() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let mut below = Bootstrap::shared();
    below.paste(Place::Below("/go/mod"));
    let envoy = applications.beside(below, &sources).start();
    for host in [envoy.addr().to_string(), "any.corp.example.com".to_owned()] {
        let go = Go::new(&format!("http://{host}/go/mod")).env("HTTP_PROXY", &envoy.url());
        assert_serves(&go);
    }
    assert!(applications.seen().is_empty(), "{:?}", applications.seen());
}

#[test]
fn a_filter_chain_of_its_own_serves_modules() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let certificate = Certificate::for_hosts(&[MODULES_HOST]);
    let mut by_name = Bootstrap::shared_by_name(&certificate);
    by_name.paste(Place::Host);
    let envoy = applications.beside(by_name, &sources).start();
    let tunnel = Tunnel::to(envoy.addr());
    let go = Go::new(&format!("https://{MODULES_HOST}"))
        .env("HTTPS_PROXY", &tunnel.url())
        .env("SSL_CERT_FILE", certificate.certificate.to_str().unwrap());
    assert_serves(&go);
    assert!(applications.seen().is_empty(), "{:?}", applications.seen());
}

/// Without a route that takes every path Envoy answers 404 before any filter runs.
#[test]
fn a_virtual_host_of_nothing_but_the_parts_serves_modules() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let mut bare = Bootstrap::shared();
    bare.virtual_host(MODULES_HOST)["routes"] = json!([]);
    bare.paste(Place::Host);
    let envoy = applications.beside(bare, &sources).start();
    assert_serves(&Go::new(&format!("http://{MODULES_HOST}")).env("HTTP_PROXY", &envoy.url()));
}

/// `https://corp/go`, as a company's gateway has it.
#[test]
fn a_prefix_serves_modules_over_tls_in_both_versions_of_http() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let certificate = Certificate::for_hosts(&["127.0.0.1"]);
    let mut below = Bootstrap::shared();
    below.serve_tls(&certificate);
    below.paste(Place::Below("/go"));
    let envoy = applications.beside(below, &sources).start();
    for (debug, version) in [("http2client=0", "http1"), ("", "http2")] {
        let go = Go::new(&format!("https://{}/go", envoy.addr()))
            .env("SSL_CERT_FILE", certificate.certificate.to_str().unwrap())
            .env("GODEBUG", debug);
        assert_serves(&go);
        assert!(envoy.stat(&format!("http.shared.downstream_cx_{version}_total")) > 0);
    }
    assert!(applications.seen().is_empty(), "{:?}", applications.seen());
}

/// nginx says its own name for the gateway as the host, and HTTP/1.0, unless told otherwise: a prefix is served at any host.
#[test]
fn a_prefix_serves_modules_behind_nginx_which_may_take_one_of_its_own_away() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let mut below = Bootstrap::shared();
    below.hcm()["http_protocol_options"] = json!({"accept_http_10": true});
    below.paste(Place::Below("/go"));
    let envoy = applications.beside(below, &sources).start();
    let nginx = Nginx::before(envoy.addr());
    for path in ["/go", "/stripped/go"] {
        assert_serves(&Go::new(&format!("http://{}{path}", nginx.addr())));
    }
    assert!(applications.seen().is_empty(), "{:?}", applications.seen());
}
