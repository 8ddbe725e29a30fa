//! The configurations people copy: Envoy accepts each of them, and they say the same.

use std::fs;
use std::time::Duration;

use modgate_wasm_tests::bootstrap::{Bootstrap, s3, shared};
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tools::repository;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

#[test]
fn envoy_accepts_every_file() {
    let ca = Certificate::for_hosts(&["proxy.golang.org"]);
    let mut seen = 0;
    for entry in fs::read_dir(repository().join("envoy")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let bootstrap = match name.as_str() {
            "gateway.yaml" => Bootstrap::gateway(),
            "filter.yaml" => Bootstrap::pasted(),
            // Its parts are many: tested one by one below.
            "s3.yaml" => continue,
            // Put in for the Envoy that needs it, which `make matrix` runs.
            "envoy-1.36.yaml" => continue,
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
        // The filter has no part in it, and takes two seconds to compile.
        let edited = Envoy::gateway().without_filter().as_written().edit(|bootstrap| {
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
fn what_envoy_warns_of_fails_a_test() {
    let warned = || {
        Envoy::gateway().edit(|bootstrap| {
            bootstrap.cluster("another", "storage")["respect_dns_ttl"] = json!(true);
        })
    };
    for refusal in [warned().validate().unwrap_err(), warned().try_start().unwrap_err()] {
        assert!(refusal.contains("warns") && refusal.contains("respect_dns_ttl"), "{refusal}");
    }
}

#[test]
fn the_snippet_and_the_gateway_say_the_same() {
    let mut parts = shared::parts();
    let mut gateway = Bootstrap::gateway();
    // A gateway of its own has nobody to be switched off for.
    assert_eq!(parts["http_filter"].as_object_mut().unwrap().shift_remove("disabled"), Some(json!(true)));
    let on = parts["route"].as_object_mut().unwrap().shift_remove("typed_per_filter_config");
    assert_eq!(on.as_ref(), Some(&parts["virtual_host"]["typed_per_filter_config"]));
    assert!(gateway.http_filters().contains(&parts["http_filter"]));
    assert_eq!(gateway.routes()[0], parts["route"], "the download route stands first");
    assert_eq!(gateway.routes().last(), Some(&parts["last_route"]));
    assert_eq!(gateway.value()["static_resources"]["clusters"], parts["clusters"]);
    assert_eq!(gateway.value()["stats_config"]["stats_tags"], parts["stats_tags"]);
}

#[test]
fn every_cluster_of_the_plugin_configuration_exists() {
    let mut gateway = Bootstrap::gateway();
    let (plugin, clusters) = (gateway.plugin(), gateway.cluster_names());
    let named = ["upstreams", "sumdb"].iter().flat_map(|list| plugin[list].as_array().unwrap());
    for section in named.chain([&plugin["storage"]]) {
        let redirects = section["redirects"].as_object().into_iter().flat_map(|redirects| redirects.values());
        for cluster in redirects.chain([&section["cluster"]]).map(|cluster| cluster.as_str().unwrap()) {
            assert!(clusters.iter().any(|known| known == cluster), "{cluster} of {section}");
        }
    }
    assert_eq!(
        plugin["upstreams"][0]["redirects"],
        json!({"storage.googleapis.com": "storage_googleapis_com"})
    );
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
fn downloads_that_stand_still_do_not_reach_the_bound_of_the_heap() {
    const INDEX: u64 = 135 << 20;
    let examples = ["s3/gateway.yaml", "egress-proxy/gateway.yaml"].map(Bootstrap::example);
    for mut bootstrap in [Bootstrap::gateway()].into_iter().chain(examples) {
        let whole = bootstrap.value().clone();
        let listener = &whole["static_resources"]["listeners"][0];
        let window = bootstrap.hcm()["http2_protocol_options"]["initial_stream_window_size"].as_u64();
        let held = listener["per_connection_buffer_limit_bytes"].as_u64().max(window).unwrap();
        let of_cluster = |cluster: &Value| {
            let thresholds = cluster["circuit_breakers"]["thresholds"].as_array().unwrap();
            let high = thresholds.iter().find(|threshold| threshold["priority"] == "HIGH");
            let connections = high.map_or(0, |high| high["max_connections"].as_u64().unwrap());
            // A piece, and half as much again, comes on top.
            let piece = cluster["per_connection_buffer_limit_bytes"].as_u64().unwrap() * 3 / 2;
            connections * (held + piece)
        };
        let clusters = whole["static_resources"]["clusters"].as_array().unwrap();
        let most: u64 = clusters.iter().map(of_cluster).sum::<u64>() + INDEX;
        let heap = &whole["overload_manager"]["resource_monitors"][0]["typed_config"]["max_heap_size_bytes"];
        assert!(most * 10 < heap.as_u64().unwrap() * 8, "{most} bytes of {heap}");
    }
}

#[test]
fn past_its_heap_envoy_sheds_what_it_can() {
    let envoy = Envoy::gateway()
        .edit(|bootstrap| {
            let monitors = &mut bootstrap.value_mut()["overload_manager"]["resource_monitors"];
            let heap = &mut monitors[0]["typed_config"]["max_heap_size_bytes"];
            assert!(heap.is_u64(), "{heap}");
            *heap = json!(1 << 20);
        })
        .start();
    for action in ["shrink_heap", "stop_accepting_requests", "stop_accepting_connections"] {
        let stat = format!("overload.envoy.overload_actions.{action}.active");
        wait::until(&stat, Duration::from_secs(5), || envoy.stat(&stat) == 1);
    }
    for action in ["reset_high_memory_stream", "reduce_timeouts"] {
        let scaled = format!("overload.envoy.overload_actions.{action}.scale_percent");
        assert_eq!(envoy.stat(&scaled), 100);
    }
}

#[test]
fn past_its_heap_envoy_closes_connections_without_a_request() {
    let envoy = Envoy::gateway()
        .edit(|bootstrap| {
            let overload = &mut bootstrap.value_mut()["overload_manager"];
            overload["resource_monitors"][0]["typed_config"]["max_heap_size_bytes"] = json!(1 << 20);
            // The connection has to be there, and of use before.
            let actions = overload["actions"].as_array_mut().unwrap();
            actions.retain(|action| !action["name"].as_str().unwrap().contains("stop_accepting"));
        })
        .start();
    let mut idle = Conn::open(envoy.addr()).unwrap();
    assert_eq!(idle.exchange(&Request::get("/-/healthz")).unwrap().status, 200);
    let closed = "http.modgate.downstream_cx_idle_timeout";
    wait::until(closed, Duration::from_secs(20), || envoy.stat(closed) == 1);
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
