//! The configurations people copy: Envoy accepts each of them, and they say the same.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::PathBuf;

use modgate_wasm_tests::bootstrap::{Bootstrap, read_yaml, s3};
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tools::repository;
use serde_json::{Value, json};

fn file(name: &str) -> PathBuf {
    repository().join("envoy").join(name)
}

fn snippet() -> Value {
    read_yaml(&file("filter.yaml")).unwrap()
}

/// A gateway somebody already runs, with the parts of filter.yaml where their keys say they belong.
fn pasted() -> Value {
    let parts = snippet();
    let own = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}});
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    });
    let mut hcm = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "existing",
        "http_filters": [parts["http_filter"], router],
        "route_config": {"virtual_hosts": [{"name": "own", "domains": ["*"], "routes": [parts["route"], own]}]},
    });
    for (setting, value) in parts["http_connection_manager"].as_object().unwrap() {
        hcm[setting] = value.clone();
    }
    let filter = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": hcm});
    let address = |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    json!({
        "admin": {"address": address(0)},
        "stats_config": {"stats_tags": parts["stats_tags"]},
        "static_resources": {
            "listeners": [{"name": "own", "address": address(0), "filter_chains": [{"filters": [filter]}]}],
            "clusters": parts["clusters"],
        },
    })
}

#[test]
fn envoy_accepts_every_file() {
    let ca = Certificate::for_hosts(&["proxy.golang.org"]);
    let mut seen = 0;
    for entry in fs::read_dir(repository().join("envoy")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let bootstrap = match name.as_str() {
            "gateway.yaml" => Bootstrap::gateway(),
            "filter.yaml" => Bootstrap::from(pasted()),
            // Its parts are many: tested one by one below.
            "s3.yaml" => continue,
            other if other.ends_with(".yaml") => panic!("how is envoy/{other} validated? Say it here."),
            _ => continue,
        };
        let as_written = Envoy::gateway().as_written().edit(|slot| *slot = bootstrap);
        if let Err(refusal) = as_written.edit(|bootstrap| bootstrap.trust(&ca.certificate)).validate() {
            panic!("envoy/{name}: {refusal}");
        }
        seen += 1;
    }
    assert_eq!(seen, 2);
}

#[test]
fn envoy_accepts_every_object_store_with_every_source_of_keys() {
    let ca = Certificate::for_hosts(&["s3.example.com"]);
    let parts = s3::parts();
    let names = |kind: &str| parts[kind].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (stores, providers) = (names("stores"), names("credential_providers"));
    assert_eq!((stores.len(), providers.len()), (3, 4));
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "[default]\n").unwrap();
    // The folders of secrets are not on this machine.
    fn exist(value: &mut Value, dir: &std::path::Path) {
        for (key, place) in [("filename", dir.join("file")), ("path", dir.to_owned())] {
            if value.get(key).is_some() {
                value[key] = json!(place);
            }
        }
        value.as_object_mut().into_iter().flatten().for_each(|(_, inner)| exist(inner, dir));
    }
    let pairs = stores.iter().flat_map(|store| providers.iter().map(move |provider| (store, provider)));
    for (store, provider) in pairs {
        let edited = Envoy::gateway().as_written().edit(|bootstrap| {
            bootstrap.store_in(store, provider);
            let options = &mut bootstrap.cluster("storage", "storage")["typed_extension_protocol_options"];
            exist(options, dir.path());
            bootstrap.trust(&ca.certificate);
        });
        if let Err(refusal) = edited.validate() {
            panic!("{store} with keys from {provider}: {refusal}");
        }
        let url: Value = parts["stores"][store]["url"].clone();
        let host = &parts["stores"][store]["cluster"]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
            ["address"]["socket_address"]["address"];
        assert!(url.as_str().unwrap().contains(host.as_str().unwrap()), "{url} leads to {host}");
    }
}

#[test]
fn envoy_refuses_a_spoilt_file() {
    let spoilt = Envoy::gateway().edit(|bootstrap| bootstrap.hcm()["no_such_setting"] = json!(1));
    assert!(spoilt.validate().unwrap_err().contains("no_such_setting"));
}

#[test]
fn the_snippet_and_the_gateway_say_the_same() {
    let parts = snippet();
    let mut gateway = Bootstrap::gateway();
    assert!(gateway.http_filters().contains(&parts["http_filter"]));
    assert_eq!(gateway.routes()[0], parts["route"], "the download route stands first");
    assert_eq!(gateway.value()["static_resources"]["clusters"], parts["clusters"]);
    assert_eq!(gateway.value()["stats_config"]["stats_tags"], parts["stats_tags"]);
    for (setting, value) in parts["http_connection_manager"].as_object().unwrap() {
        assert_eq!(gateway.hcm()[setting], *value, "{setting}");
    }
}

#[test]
fn every_cluster_of_the_plugin_configuration_exists() {
    let mut gateway = Bootstrap::gateway();
    let (plugin, clusters) = (gateway.plugin(), gateway.cluster_names());
    let named = ["upstreams", "sumdb"].iter().flat_map(|list| plugin[list].as_array().unwrap());
    for section in named.chain([&plugin["storage"]]) {
        let cluster = section["cluster"].as_str().unwrap();
        assert!(clusters.iter().any(|known| known == cluster), "{cluster} of {section}");
    }
}

#[test]
fn settings_that_keep_traps_shut() {
    let mut gateway = Bootstrap::gateway();
    let config = gateway.filter().clone();
    assert_eq!(config["failure_policy"], "FAIL_RELOAD");
    assert_eq!(config["vm_config"]["vm_id"], "modgate");
    assert_eq!(config["configuration"]["@type"], "type.googleapis.com/google.protobuf.StringValue");
    assert_eq!(gateway.value()["admin"]["address"]["socket_address"]["address"], "127.0.0.1");
    assert_eq!(gateway.routes()[0]["route"]["timeout"], "0s");
    for cluster in gateway.value()["static_resources"]["clusters"].as_array().unwrap() {
        assert!(cluster["per_connection_buffer_limit_bytes"].is_u64(), "{}", cluster["name"]);
        assert!(cluster["circuit_breakers"].is_object(), "{}", cluster["name"]);
    }
}

#[test]
fn labels_of_the_filter_s_metrics_reach_prometheus() {
    let envoy = Envoy::gateway().start();
    let _ = envoy.get("/example.com/m/@v/list");
    let text = envoy.prometheus();
    let line = text.lines().find(|line| line.starts_with("modgate_requests_total{"));
    let line = line.unwrap_or_else(|| panic!("no modgate_requests_total in\n{text}"));
    for label in ["kind=\"", "cache=\"", "class=\""] {
        assert!(line.contains(label), "{label} in {line}");
    }
    let flat = |line: &&str| {
        line.starts_with("modgate_") && line.split('{').next().is_some_and(|name| name.contains("_kind_"))
    };
    assert_eq!(text.lines().find(flat), None);
}
