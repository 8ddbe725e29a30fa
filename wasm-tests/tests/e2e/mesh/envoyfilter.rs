//! The filter by EnvoyFilter (`envoy/istio/envoyfilter`), with what a WasmPlugin cannot say.

use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;

use super::{Sources, of_its_own};

#[test]
fn modules_are_served_and_pages_take_a_body() {
    let (sources, dir) = (Sources::start(), tempfile::tempdir().unwrap());
    let envoy = sources.behind(of_its_own("envoyfilter"), 80, &dir, None).start();
    sources.assert_served(&envoy, "filter", || Go::new(&envoy.url()));
    let asked = r#"{"module": "filter.example.com/small", "version": "v1.0.0"}"#;
    let explained = Request::new("POST", "/-/explain").body(asked).send(envoy.addr());
    assert_ne!(explained.status, 408, "{}", explained.text());
}
