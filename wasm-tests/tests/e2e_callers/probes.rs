//! Gateways where nobody is anonymous: probes get through all the same, and nothing else does.

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::Response;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::Tree;
use serde_json::{Value, json};

use super::token::Provider;
use super::{Guarded, TARGETS};

const PROBES: [&str; 2] = ["/-/healthz", "/-/readyz"];

/// What looks like a probe and is none.
const NO_PROBES: [&str; 8] = [
    "/-/version",
    "/-/explain?module=example.com/hello&version=v1.0.0",
    "/-/healthz/",
    "/-/healthzz",
    "/-/healthz/../../example.com/hello/@v/list",
    "/example.com/hello/@v/list",
    "/example.com/hello/@v/list?/-/healthz",
    "/x/-/healthz",
];

/// Probes are answered without credentials, and everything else `status`.
#[track_caller]
fn assert_probes_alone(get: impl Fn(&str) -> Response, status: u16) {
    for target in TARGETS.iter().chain(&NO_PROBES) {
        assert_eq!(get(target).status, status, "{target}");
    }
    for probe in PROBES {
        let answer = get(probe);
        assert!(matches!(answer.status, 200 | 503), "{probe}: {answer:?}");
    }
    assert_eq!(get("/-/healthz").text(), "ok\n");
}

#[test]
fn probes_need_no_password() {
    let file = "basic-auth.yaml";
    let gateway = Guarded::with(file, |bootstrap| bootstrap.demand_of_everybody(file));
    assert_probes_alone(|target| gateway.get(target, &[]), 401);
    gateway.assert_served(&[("authorization", "Basic YWxpY2U6d29uZGVybGFuZA==")]);
    assert_eq!(gateway.get("/-/readyz", &[]).status, 200, "storage was seen");
    let row = Row {
        kind: "clients",
        fault: "the gateway demands credentials of everybody, and a kubelet or a load balancer has none",
        spoken: "HTTP/1.1",
        client: "`/-/healthz` and `/-/readyz` are answered, everything else 401",
        asked: "nothing",
    };
    row.seen();
}

#[test]
fn probes_need_no_token() {
    let (file, provider) = ("jwt.yaml", Provider::new(7));
    let gateway = Guarded::with(file, |bootstrap| {
        let keys = json!({"inline_string": provider.jwks()});
        bootstrap.authentication("envoy.filters.http.jwt_authn")["providers"]["sso"]["local_jwks"] = keys;
        bootstrap.demand_of_everybody(file);
    });
    assert_probes_alone(|target| gateway.get(target, &[]), 401);
    let claims = json!({"sub": "alice", "groups": ["acme"]});
    gateway.assert_served(&[("authorization", &provider.bearer(&claims))]);
}

/// `ext_authz`, wrapped as the README says.
#[test]
fn probes_are_asked_of_no_authorization_server() {
    let (tree, storage) = (Nginx::serving(Tree::sample().path()), Nginx::storage());
    let server = Faulty::start();
    server.otherwise(|_| Reply::status(401).served());
    let wrapped = |bootstrap: &mut Bootstrap| {
        bootstrap.add_callers("basic-auth.yaml");
        bootstrap.demand_of_everybody("basic-auth.yaml");
        let basic = "envoy.filters.http.basic_auth";
        let matcher = bootstrap.authentication(basic)["xds_matcher"].clone();
        *bootstrap.authentication(basic) = ext_authz(&matcher);
    };
    let envoy = builder(tree.addr(), storage.addr()).cluster("authz", server.addr()).edit(wrapped).start();
    assert_probes_alone(|target| envoy.get(target), 401);
    assert!(server.count() > 0);
    assert!(server.requests().iter().all(|seen| !PROBES.contains(&seen.target.as_str())));
}

fn ext_authz(matcher: &Value) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        "extension_config": {
            "name": "envoy.filters.http.ext_authz",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
                "http_service": {"server_uri": {"uri": "http://authz.test", "cluster": "authz", "timeout": "2s"}},
            },
        },
        "xds_matcher": matcher,
    })
}
