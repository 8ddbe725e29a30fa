//! A gateway of its own (`envoy/istio/gateway`).

use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tunnel::Tunnel;
use serde_json::json;

use super::{GOLANG, Sources, of_its_own};

#[test]
fn modules_are_served_over_http_1() {
    let (sources, dir) = (Sources::start(), tempfile::tempdir().unwrap());
    let envoy = sources.behind(of_its_own("gateway"), 80, &dir, None).start();
    sources.assert_served(&envoy, "http", || Go::new(&envoy.url()));
    // Nothing else is there, and who names a cluster gets no further.
    sources.golang.forget();
    let named =
        Request::get("/").header("x-modgate-cluster", GOLANG).header("x-modgate-host", "proxy.golang.org");
    assert_eq!((envoy.get("/").status, envoy.send(&named).status), (404, 404));
    assert!(sources.golang.requests().is_empty());

    // As a Prometheus server reads it, with labels.
    let text = envoy.prometheus();
    for series in [
        r#"modgate_requests_total{cache="upstream",class="2xx",kind="zip"}"#,
        r#"modgate_requests_total{cache="storage",class="2xx",kind="zip"}"#,
        r#"modgate_callouts_total{outcome="ok",target="golang"}"#,
        r#"envoy_cluster_upstream_cx_total{cluster_name="outbound|443||proxy.golang.org"}"#,
    ] {
        assert!(labelled(&text).iter().any(|line| line == series), "{series} is not in\n{text}");
    }
    let unlabelled: Vec<_> =
        text.lines().filter(|line| line.contains("modgate") && line.contains("__")).collect();
    assert!(unlabelled.is_empty(), "{unlabelled:?}");
}

/// The series of a scrape, with the labels of each in order.
fn labelled(text: &str) -> Vec<String> {
    let series = text.lines().filter_map(|line| line.rsplit_once(' ')).map(|(series, _)| series);
    let ordered = series.map(|series| match series.trim_end_matches('}').split_once('{') {
        Some((name, labels)) => {
            let mut labels: Vec<_> = labels.split(',').collect();
            labels.sort_unstable();
            format!("{name}{{{}}}", labels.join(","))
        }
        None => series.to_owned(),
    });
    ordered.collect()
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
