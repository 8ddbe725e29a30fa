//! A gateway of its own (`envoy/istio/gateway`).

use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tunnel::Tunnel;
use serde_json::json;

use super::{Sources, of_its_own};

#[test]
fn modules_are_served_over_http_1() {
    let (sources, dir) = (Sources::start(), tempfile::tempdir().unwrap());
    let envoy = sources.behind(of_its_own("gateway"), 80, &dir, None).start();
    sources.assert_served(&envoy, "http", || Go::new(&envoy.url()));
    // Nothing else is there, and who names a cluster gets no further.
    assert_eq!(envoy.get("/").status, 404);
}

#[test]
fn modules_are_served_over_tls_and_http_2() {
    const HOST: &str = "goproxy.example.com";
    let (sources, dir, certificate) =
        (Sources::start(), tempfile::tempdir().unwrap(), Certificate::for_hosts(&[HOST]));
    let mut rendered = of_its_own("gateway");
    let kept = rendered.stats["stats_matcher"]["inclusion_list"]["patterns"].as_array_mut().unwrap();
    kept.push(json!({"prefix": "http."}));
    let envoy = sources.behind(rendered, 443, &dir, Some(&certificate)).start();
    let tunnel = Tunnel::to(envoy.addr());
    let go = || {
        Go::new(&format!("https://{HOST}"))
            .env("HTTPS_PROXY", &tunnel.url())
            .env("SSL_CERT_FILE", certificate.certificate.to_str().unwrap())
    };
    sources.assert_served(&envoy, "tls", go);
    let http2: u64 = envoy
        .stats_now()
        .iter()
        .filter(|(name, _)| name.ends_with("downstream_cx_http2_total"))
        .map(|(_, count)| count)
        .sum();
    assert!(http2 > 0);
}
