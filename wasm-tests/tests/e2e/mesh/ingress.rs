//! At an ingress gateway that is there already (`envoy/istio/ingressgateway`), beside the applications it serves.

use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::mesh;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tunnel::Tunnel;

use super::Sources;

/// What a user has at the same port.
const APPLICATION: &str = r#"
apiVersion: v1
kind: Service
metadata: { name: artifactory, namespace: shop }
spec:
  ports: [{ name: http, port: 80 }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: shop, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: https-shop, protocol: HTTPS }
      hosts: ["artifactory.corp.example.com"]
      tls: { mode: SIMPLE, credentialName: shop-tls }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop, namespace: shop }
spec:
  hosts: ["artifactory.corp.example.com"]
  gateways: [shop]
  http:
    - route: [{ destination: { host: artifactory.shop.svc.cluster.local } }]
"#;

const OURS: &str = "goproxy.corp.example.com";
const THEIRS: &str = "artifactory.corp.example.com";

#[test]
fn modules_are_served_beside_an_application_that_notices_nothing() {
    let (sources, dir) = (Sources::start(), tempfile::tempdir().unwrap());
    let (certificate, application) = (Certificate::for_hosts(&[OURS, THEIRS]), Faulty::start());
    let manifests = [
        mesh::shipped("ingressgateway").unwrap(),
        mesh::shipped("storage").unwrap(),
        mesh::others(APPLICATION).unwrap(),
    ];
    let rendered = mesh::render(&manifests.concat(), &mesh::ingress_gateway().unwrap()).unwrap();
    let envoy = sources
        .behind(rendered, 443, &dir, Some(&certificate))
        .cluster("outbound|80||artifactory.shop.svc.cluster.local", application.addr())
        .start();
    let tunnel = Tunnel::to(envoy.addr());
    let go = |host: &str| {
        Go::new(&format!("https://{host}"))
            .env("HTTPS_PROXY", &tunnel.url())
            .env("SSL_CERT_FILE", certificate.certificate.to_str().unwrap())
    };
    // Another registry, whose requests look like ours.
    let theirs = Module::new("theirs.example.com/m", "v1.0.0").padded(1 << 20);
    application.serve(&theirs);
    go(THEIRS).mod_download(&[&theirs.query()]).expect_ok();
    let seen = application.requests_for(&theirs.url("zip"));
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("host"), Some(THEIRS));
    assert_eq!(seen[0].header("x-forwarded-proto"), Some("https"));
    assert_eq!(envoy.metrics(""), 0, "the filter had no part in it");

    sources.assert_served(&envoy, "ingress", || go(OURS));
    assert_eq!(application.requests_for(&theirs.url("zip")).len(), 1);
}
