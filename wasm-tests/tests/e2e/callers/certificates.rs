//! `examples/callers/mtls.yaml`. The go command has no certificates of its own: another Envoy shows one for it, as a sidecar does.

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::tls::Certificate;
use serde_json::json;

use super::{Guarded, TARGETS, assert_is_refusal};

const HOST: &str = "gateway.test";
const GATEWAY: &str = "gateway";

struct Mesh {
    gateway: Guarded,
    server: Certificate,
}

/// An Envoy beside a client.
struct Sidecar(Envoy);

impl Mesh {
    /// A gateway that knows clients by the certificates that `client`'s key signed.
    fn of(client: &Certificate, edit: impl FnOnce(&mut Bootstrap)) -> Self {
        let server = Certificate::for_hosts(&[HOST]);
        let gateway = Guarded::with("mtls.yaml", |bootstrap| {
            bootstrap.serve_mtls(&server, &client.certificate);
            edit(bootstrap);
        });
        Self { gateway, server }
    }

    /// A sidecar that passes on whatever its client says of certificates, and shows its own, if it has one.
    fn sidecar(&self, certificate: Option<&Certificate>) -> Sidecar {
        let envoy = Envoy::gateway()
            .without_filter()
            .cluster_tls(GATEWAY, self.gateway.envoy.addr(), &self.server.certificate)
            .route("/", GATEWAY)
            .edit(|bootstrap| {
                bootstrap.hcm()["forward_client_cert_details"] = json!("ALWAYS_FORWARD_ONLY");
                if let Some(certificate) = certificate {
                    bootstrap.show_certificate(GATEWAY, certificate);
                }
            });
        Sidecar(envoy.start())
    }
}

impl Sidecar {
    fn get(&self, target: &str, xfcc: Option<&str>) -> Response {
        let request = Request::get(target).header("host", HOST);
        let request =
            xfcc.into_iter().fold(request, |request, xfcc| request.header("x-forwarded-client-cert", xfcc));
        self.0.send(&request)
    }
}

#[test]
fn a_certificate_makes_a_member_and_a_header_does_not() {
    let member = Certificate::of_client("spiffe://example.com/acme/ci");
    let mesh = Mesh::of(&member, |_| {});
    let (known, nobody) = (mesh.sidecar(Some(&member)), mesh.sidecar(None));
    for target in TARGETS {
        let response = known.get(target, None);
        assert_eq!(response.status, 200, "{target}: {response:?}");
        // What the client says of itself is thrown away, however it is written.
        for said in ["URI=spiffe://example.com/ops/ci", "URI=x;Subject=\""] {
            assert_eq!(known.get(target, Some(said)).status, 200, "{target} {said}");
        }
        assert_is_refusal(target, &nobody.get(target, None));
        assert_is_refusal(target, &nobody.get(target, Some("URI=spiffe://example.com/acme/ci")));
    }
    mesh.gateway.assert_told_nobody(&["x-forwarded-client-cert"]);
}

#[test]
fn a_certificate_of_another_team_makes_no_member() {
    let other = Certificate::of_client("spiffe://example.com/ops/ci");
    let mesh = Mesh::of(&other, |_| {});
    let sidecar = mesh.sidecar(Some(&other));
    for target in TARGETS {
        assert_is_refusal(target, &sidecar.get(target, Some("URI=spiffe://example.com/acme/ci")));
    }
}

/// What Envoy itself knows of the certificate says the same, without a header.
#[test]
fn a_certificate_is_a_property_too() {
    let client = Certificate::of_client("spiffe://example.com/acme/ci");
    for (attribute, prefix, is_member) in [
        ("uri_san_peer_certificate", "cert:", true),
        ("uri_san_peer_certificate", "user:", false),
        ("subject_peer_certificate", "cert:spiffe://example.com/acme/", true),
        // it has none
        ("dns_san_peer_certificate", "cert:spiffe://example.com/acme/", false),
    ] {
        let source = json!({"property": ["connection", attribute], "prefix": prefix});
        let mesh = Mesh::of(&client, |bootstrap| {
            bootstrap.patch_plugin(&json!({"callers": {"principals": [source]}}));
        });
        let response = mesh.sidecar(Some(&client)).get(TARGETS[2], None);
        assert_eq!(response.status, if is_member { 200 } else { 403 }, "{attribute}: {response:?}");
        assert_is_refusal(attribute, &mesh.sidecar(None).get(TARGETS[2], None));
    }
}

/// Envoy writes the header, Modgate reads it: a name with a comma and quotes is still one, with the backslashes of RFC 2253.
#[test]
fn a_subject_is_read_as_envoy_writes_it() {
    let client = Certificate::of_client("spiffe://example.com/ops/ci");
    let subject = r#"cert:CN=a client,O=Example\\, "Inc""#;
    let mesh = Mesh::of(&client, |bootstrap| {
        bootstrap.hcm()["set_current_client_cert_details"]["subject"] = json!(true);
        let mut plugin = bootstrap.plugin();
        plugin["callers"]["principals"][0]["xfcc"] = json!("Subject");
        plugin["policy"]["rules"][0]["principals"] = json!([subject]);
        bootstrap.set_plugin(&plugin);
    });
    let response = mesh.sidecar(Some(&client)).get(TARGETS[2], None);
    assert_eq!(response.status, 200, "{response:?}");
}

#[test]
fn go_speaks_http_2_to_a_gateway_of_the_example() {
    let (server, client) = (Certificate::for_hosts(&["127.0.0.1"]), Certificate::of_client("spiffe://a/b"));
    let gateway = Guarded::with("mtls.yaml", |bootstrap| bootstrap.serve_mtls(&server, &client.certificate));
    super::go(&gateway.url(), &server).mod_download(&[super::PUBLIC]).expect_ok();
    assert!(gateway.envoy.stat("http.modgate.downstream_cx_http2_total") > 0);
    assert_eq!(gateway.envoy.stat("http.modgate.downstream_cx_http1_total"), 0);
}
