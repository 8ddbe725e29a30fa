//! What users add to the shipped gateway: limits before the filter, secrets of a source, sources that prove who they are.

use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::mesh::{self, Manifest, Proxy, Rendered};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tree::Tree;
use serde_json::json;

use super::{GOLANG, Sources};

/// Says in each answer that it was counted.
const LIMIT: &str = r#"
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: limit, namespace: modgate }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: modgate }]
  configPatches:
    - applyTo: HTTP_FILTER
      match:
        context: GATEWAY
        listener:
          filterChain:
            filter:
              name: envoy.filters.network.http_connection_manager
              subFilter: { name: extensions.istio.io/wasmplugin/modgate.modgate }
      patch:
        operation: INSERT_BEFORE
        value:
          name: limit
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
            stat_prefix: limit
            token_bucket: { max_tokens: 1000, tokens_per_fill: 1000, fill_interval: 1s }
            filter_enabled: { default_value: { numerator: 100 } }
            filter_enforced: { default_value: { numerator: 100 } }
            enable_x_ratelimit_headers: DRAFT_VERSION_03
"#;

fn render(more: &str, edit: impl FnOnce(&mut [Manifest])) -> Rendered {
    let mut manifests = ["gateway", "storage"].map(|folder| mesh::shipped(folder).unwrap()).concat();
    edit(&mut manifests);
    manifests.extend(mesh::others(more).unwrap());
    mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap()
}

/// As the comment in `gateway/routes.yaml` says: a line in the rule of that source.
#[test]
fn a_limit_counts_what_the_filter_answers_and_a_secret_reaches_its_source_alone() {
    let (sources, dir) = (Sources::start(), tempfile::tempdir().unwrap());
    let mut rendered = render(LIMIT, |manifests| {
        let route = manifests.iter_mut().find(|manifest| manifest.kind() == "HTTPRoute").unwrap();
        let rule = &mut route.value_mut()["spec"]["rules"][1];
        rule["filters"][1]["requestHeaderModifier"]["set"] =
            json!([{"name": "authorization", "value": "%FILTER_STATE(wasm.modgate.authorization:PLAIN)%"}]);
    });
    let mut upstream = rendered.plugin()["upstreams"][0].clone();
    upstream["headers"] = json!({"authorization": "Bearer secret"});
    rendered.patch_plugin(&json!({"upstreams": [upstream], "fetch": {"zip_bytes": 0}}));
    let envoy = sources.behind(rendered, 80, &dir, None).start();

    let module = Module::new("added.example.com/m", "v1.0.0").padded(1 << 20);
    sources.have(&module);
    for _ in 0..2 {
        let list =
            Request::get(&module.list_url()).header("authorization", "Bearer theirs").send(envoy.addr());
        assert_eq!((list.status, list.header("x-ratelimit-limit").is_some()), (200, true), "{list:?}");
        let zip =
            Request::get(&module.url("zip")).header("authorization", "Bearer theirs").send(envoy.addr());
        assert_eq!(zip.status, 200, "{}", zip.text());
    }
    let seen = sources.golang.requests();
    assert!(seen.iter().any(|seen| seen.target == module.url("zip") && seen.header("range").is_none()));
    for seen in seen {
        assert_eq!(seen.header("authorization"), Some("Bearer secret"), "{}", seen.target);
    }
}

/// No `sni` in the DestinationRule: the name is that of the `url`, for the filter's calls and for downloads.
#[test]
fn a_source_must_have_a_certificate_for_its_name() {
    let tree = Tree::sample();
    for (name, status) in [("proxy.golang.org", 200), ("elsewhere.example.com", 502)] {
        let (sources, dir, certificate) =
            (Sources::start(), tempfile::tempdir().unwrap(), Certificate::for_hosts(&[name]));
        let golang = Nginx::serving_tls(tree.path(), &certificate);
        let mut rendered = render("", |_| {});
        rendered.patch_plugin(&json!({"fetch": {"zip_bytes": 0}}));
        rendered.patch_plugin(&json!({"verify": {"mode": "off"}}));
        let envoy = sources
            .behind_others(rendered, 80, &dir, None)
            .cluster_tls(GOLANG, golang.addr(), &certificate.certificate)
            .start();
        for target in ["/example.com/hello/@v/list", "/example.com/hello/@v/v1.0.0.zip"] {
            let answer = envoy.get(target);
            assert_eq!(answer.status, status, "{name} {target}: {}", answer.text());
        }
    }
}
