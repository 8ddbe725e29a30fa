//! The manifests that are shipped for Istio: all of them are understood, what belongs together says the same, and the filter takes its
//! configuration as istiod delivers it.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;

use modgate::config::Config;
use modgate_wasm_tests::bootstrap::{s3, shared};
use modgate_wasm_tests::mesh::{self, Manifest, Proxy, Rendered};
use serde_json::{Value, json};

/// A folder of `envoy/istio` that stands for itself, and the proxy that it configures.
struct Shipped {
    folder: &'static str,
    proxy: Proxy,
}

fn all() -> Vec<Shipped> {
    let own = ["gateway", "trafficextension", "envoyfilter", "s3"];
    let own = own.map(|folder| Shipped { folder, proxy: Proxy::gateway("modgate", "modgate") });
    let installed = Shipped { folder: "ingressgateway", proxy: mesh::ingress_gateway().unwrap() };
    let waypoint = Shipped { folder: "waypoint", proxy: Proxy::waypoint("modgate", "goproxy-waypoint") };
    own.into_iter().chain([installed, waypoint]).collect()
}

impl Shipped {
    fn manifests(&self) -> Vec<Manifest> {
        let mut manifests = mesh::shipped(self.folder).unwrap();
        if self.folder != "s3" {
            manifests.extend(mesh::shipped("storage").unwrap());
        }
        manifests
    }

    fn rendered(&self) -> Rendered {
        mesh::render(&self.manifests(), &self.proxy)
            .unwrap_or_else(|error| panic!("{}: {error}", self.folder))
    }
}

/// A cluster that the plugin configuration names, and the host that it is addressed by.
fn named(plugin: &Value) -> Vec<(String, String)> {
    let mut named = Vec::new();
    walk(plugin, &mut named);
    named
}

fn walk(value: &Value, named: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            if let (Some(cluster), Some(url)) = (value["cluster"].as_str(), value["url"].as_str()) {
                let (_, host) = url.split_once("://").unwrap();
                named.push((cluster.to_owned(), host.split('/').next().unwrap().to_owned()));
            }
            for (host, cluster) in value["redirects"].as_object().into_iter().flatten() {
                named.push((cluster.as_str().unwrap().to_owned(), host.clone()));
            }
            fields.values().for_each(|value| walk(value, named));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, named)),
        _ => {}
    }
}

#[test]
fn every_folder_is_one_of_these() {
    let folders = std::fs::read_dir(modgate_wasm_tests::tools::repository().join("envoy/istio")).unwrap();
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let mut known: BTreeSet<String> = all().iter().map(|shipped| shipped.folder.to_owned()).collect();
    known.insert("storage".to_owned());
    assert_eq!(folders, known);
}

/// As it is delivered the filter understands its configuration as it was written.
#[test]
fn the_filter_takes_its_configuration_as_it_is_delivered() {
    for shipped in all() {
        let rendered = shipped.rendered();
        let written = Config::parse(&rendered.plugin().to_string()).unwrap();
        let delivered = Config::parse(&mesh::delivered(&rendered.plugin())).unwrap();
        assert_eq!(format!("{written:?}"), format!("{delivered:?}"), "{}", shipped.folder);
        if shipped.folder != "envoyfilter" {
            assert_eq!(rendered.plugin_text(), mesh::delivered(&rendered.plugin()), "{}", shipped.folder);
        }
        assert_eq!(rendered.extensions.len(), 1);
        let config = &rendered.extensions[0]["typed_config"]["config"];
        assert_eq!(config["failure_policy"], "FAIL_RELOAD", "{}", shipped.folder);
        let remote = &config["vm_config"]["code"]["remote"];
        let digest = format!("@sha256:{}", remote["sha256"].as_str().unwrap());
        assert!(
            remote["http_uri"]["uri"].as_str().unwrap().ends_with(&digest),
            "{}: {remote}",
            shipped.folder
        );
    }
}

#[test]
fn every_cluster_that_is_named_is_there_and_has_a_route_that_names_it() {
    for shipped in all() {
        let (rendered, folder) = (shipped.rendered(), shipped.folder);
        let waypoint = folder == "waypoint";
        let named = named(&rendered.plugin());
        assert_eq!(named.len(), 4, "{folder}: {named:?}");
        for (name, host) in &named {
            let cluster = rendered.clusters.iter().find(|cluster| cluster["name"] == name.as_str());
            let cluster = cluster.unwrap_or_else(|| panic!("{folder}: no cluster {name}"));
            assert!(name.ends_with(&format!("||{host}")), "{folder}: {name} is addressed by {host}");
            let http = &cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
            assert!(http["explicit_http_config"]["http_protocol_options"].is_object(), "{folder}: {name}");
            assert!(http["common_http_protocol_options"]["idle_timeout"].is_string(), "{folder}: {name}");
            assert!(
                cluster["circuit_breakers"]["thresholds"][0]["max_connections"].as_u64() < Some(2000),
                "{folder}: {name}"
            );
            let verified = json!({"auto_sni": true, "auto_san_validation": true});
            let tls = name.contains("|443|");
            assert_eq!(cluster.get("transport_socket").is_some(), tls, "{folder}: {name}");
            assert_eq!(
                http.get("upstream_http_protocol_options"),
                tls.then_some(&verified),
                "{folder}: {name}"
            );
            // A checksum database's files are small, and a waypoint's clusters cannot be patched.
            if !host.starts_with("sum.") && !waypoint {
                let limit = cluster["per_connection_buffer_limit_bytes"].as_u64();
                assert!(limit.is_some_and(|limit| limit <= 131_072), "{folder}: {name}");
            }
            let patterns = rendered.stats["stats_matcher"]["inclusion_list"]["patterns"].as_array().unwrap();
            assert!(
                patterns.contains(&json!({"prefix": format!("cluster.{name}")})),
                "{folder}: {name} is not counted"
            );

            for routes in &rendered.routes {
                for host_of in routes["virtual_hosts"].as_array().unwrap() {
                    let mut leading = host_of["routes"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter(|route| route["route"]["cluster"] == name.as_str());
                    let route = leading.next().unwrap_or_else(|| panic!("{folder}: no route to {name}"));
                    assert!(leading.next().is_none(), "{folder}: two routes to {name}");
                    assert_eq!(
                        route["match"],
                        json!({"prefix": "/", "case_sensitive": true, "headers": [
                            {"name": "x-modgate-cluster", "string_match": {"exact": name}},
                        ]})
                    );
                    assert_eq!(route["route"]["host_rewrite_literal"], host.as_str(), "{folder}");
                    assert_eq!(route["route"]["timeout"], "0s", "{folder}");
                    for header in ["x-modgate-cluster", "x-modgate-host", "x-forwarded-for", "x-request-id"] {
                        assert!(
                            route["request_headers_to_remove"].as_array().unwrap().contains(&json!(header)),
                            "{folder}: {header}"
                        );
                    }
                }
            }
        }
        assert_eq!(rendered.routes.is_empty(), waypoint, "{folder}");
        // Nobody else's requests go anywhere.
        for cluster in rendered
            .routes
            .iter()
            .flat_map(|routes| routes["virtual_hosts"].as_array().unwrap())
            .flat_map(|host| host["routes"].as_array().unwrap())
            .filter_map(|route| route["route"]["cluster"].as_str())
        {
            assert!(named.iter().any(|(name, _)| name == cluster), "{folder}: a route to {cluster}");
        }
    }
}

#[test]
fn labels_are_those_of_the_filter() {
    let tags = shared::parts()["stats_tags"].clone();
    let labels: BTreeSet<&str> =
        tags.as_array().unwrap().iter().map(|tag| tag["tag_name"].as_str().unwrap()).collect();
    for shipped in all() {
        let stats = shipped.rendered().stats;
        let extra = stats["stats_tags"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|tag| tag["regex"].as_str().unwrap().contains(r"=\.=("));
        let extra: BTreeSet<&str> = extra.map(|tag| tag["tag_name"].as_str().unwrap()).collect();
        assert_eq!(extra, labels, "{}", shipped.folder);
    }
}

/// What is exported to the mesh would change how other pods reach these hosts.
#[test]
fn nothing_is_exported() {
    for shipped in all() {
        for manifest in shipped.manifests() {
            if ["ServiceEntry", "DestinationRule", "VirtualService"].contains(&manifest.kind()) {
                assert_eq!(manifest.value()["spec"]["exportTo"], json!(["."]), "{}", manifest.place());
            }
        }
    }
}

#[test]
fn a_trafficextension_is_to_envoy_what_the_wasmplugin_is() {
    let [plugin, extension] = ["gateway", "trafficextension"].map(|folder| {
        let manifests = [mesh::shipped(folder).unwrap(), mesh::shipped("storage").unwrap()].concat();
        mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap()
    });
    let text = |rendered: &Rendered| {
        format!("{rendered:?}")
            .replace("extensions.istio.io/wasmplugin/", "extensions.istio.io/trafficextension/")
    };
    assert_ne!(plugin, extension);
    assert_eq!(text(&plugin), text(&extension));
}

#[test]
fn an_envoyfilter_has_the_same_configuration_and_more() {
    let [plugin, filter] = ["gateway", "envoyfilter"]
        .map(|folder| all().into_iter().find(|shipped| shipped.folder == folder).unwrap().rendered());
    assert_eq!(plugin.plugin(), filter.plugin());
    let config = &filter.extensions[0]["typed_config"]["config"];
    let own = &shared::parts()["http_filter"]["typed_config"]["config"];
    for field in ["name", "failure_policy", "allow_on_headers_stop_iteration", "reload_config"] {
        assert_eq!(config[field], own[field], "{field}");
    }
    assert_eq!(config["vm_config"]["vm_id"], own["vm_config"]["vm_id"]);
}

/// A merge takes the whole of a cluster's protocol options away.
#[test]
fn a_bucket_s_cluster_is_that_of_the_shipped_parts() {
    let rendered = all().into_iter().find(|shipped| shipped.folder == "s3").unwrap().rendered();
    let store = &s3::parts()["stores"]["aws"];
    assert_eq!(rendered.plugin()["storage"]["url"], store["url"]);
    let host = store["url"].as_str().unwrap().trim_start_matches("https://");
    let cluster =
        rendered.clusters.iter().find(|cluster| cluster["name"] == format!("outbound|443||{host}")).unwrap();
    let http = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let mut parts = store["cluster"]["typed_extension_protocol_options"][http].clone();
    parts["http_filters"] = s3::parts()["http_filters"].clone();
    parts["http_filters"][0]["typed_config"]["use_unsigned_payload"] = store["use_unsigned_payload"].clone();
    assert_eq!(cluster["typed_extension_protocol_options"][http], parts);
    assert_eq!(
        cluster["per_connection_buffer_limit_bytes"],
        store["cluster"]["per_connection_buffer_limit_bytes"]
    );
}

/// What the README has people write, with a digest in it.
#[test]
fn the_kustomization_of_the_readme_has_the_image_and_no_listener_for_tls() {
    let repository = modgate_wasm_tests::tools::repository();
    let readme = std::fs::read_to_string(repository.join("envoy/istio/README.md")).unwrap();
    let (_, rest) = readme.split_once("cat > mine/kustomization.yaml <<END\n").unwrap();
    let (text, _) = rest.split_once("\nEND\n").unwrap();
    let digest = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    let dir = tempfile::tempdir().unwrap();
    let mine = dir.path().join("mine");
    std::os::unix::fs::symlink(repository.join("envoy"), dir.path().join("envoy")).unwrap();
    std::fs::create_dir(&mine).unwrap();
    std::fs::write(mine.join("kustomization.yaml"), text.replace("$DIGEST", digest)).unwrap();
    let rendered =
        mesh::render(&mesh::folder(&mine).unwrap(), &Proxy::gateway("modgate", "modgate")).unwrap();
    let remote = &rendered.extensions[0]["typed_config"]["config"]["vm_config"]["code"]["remote"];
    assert_eq!(remote["sha256"], digest);
    assert!(remote["http_uri"]["uri"].as_str().unwrap().ends_with(&format!("@sha256:{digest}")), "{remote}");
    assert_eq!(rendered.listeners.len(), 1);
}

/// A manifest that says more than is translated would be proven by nothing.
#[test]
fn what_is_not_translated_is_named_with_its_place() {
    let gateway = || [mesh::shipped("gateway").unwrap(), mesh::shipped("storage").unwrap()].concat();
    let kind = |manifest: &Manifest, kind: &str| manifest.kind() == kind;
    let changes: [(&str, &str, Value, &str); 7] = [
        (
            "WasmPlugin",
            "/spec/failureMode",
            json!("OPEN"),
            "gateway/filter.yaml: WasmPlugin modgate: spec: failureMode: unknown field",
        ),
        (
            "WasmPlugin",
            "/spec/phase",
            json!("LAST"),
            "gateway/filter.yaml: WasmPlugin modgate: spec: phase: unknown variant",
        ),
        (
            "HTTPRoute",
            "/spec/rules/1/filters/0/urlRewrite/path",
            json!("/"),
            "gateway/routes.yaml: HTTPRoute modgate: spec: rules[1]",
        ),
        ("HTTPRoute", "/spec/rules/1/backendRefs/0/port", json!(80), "no cluster for proxy.golang.org"),
        (
            "DestinationRule",
            "/spec/host",
            json!("elsewhere.example.com"),
            "nothing is called elsewhere.example.com",
        ),
        ("DestinationRule", "/spec/trafficPolicy/tls/sni", json!("proxy.golang.org"), "verifies no name"),
        (
            "EnvoyFilter",
            "/spec/configPatches/1/match/cluster/name",
            json!("other"),
            "configPatches[1]: patches nothing",
        ),
    ];
    for (of, path, value, said) in changes {
        let mut manifests = gateway();
        let manifest = manifests.iter_mut().find(|manifest| kind(manifest, of)).unwrap();
        let (parent, name) = path.rsplit_once('/').unwrap();
        manifest.value_mut().pointer_mut(parent).unwrap()[name] = value;
        let error = mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap_err();
        assert!(error.contains(said), "{path}: {error}");
    }
    for (text, said) in [
        ("kind: Sidecar\nmetadata: {name: x}\nspec: {}", "what is a Sidecar to istiod?"),
        (
            "kind: ServiceEntry\nmetadata: {name: x, labels: {a: b}, owner: z}",
            "metadata: owner: unknown field",
        ),
        ("kind: WasmPlugin\nmetadata: {name: x}\nspec:\n  pluginConfig: {verify: {mode: off}}", ":4: off"),
    ] {
        let error = mesh::others(text)
            .and_then(|manifests| mesh::render(&manifests, &Proxy::gateway("a", "b")))
            .unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}
