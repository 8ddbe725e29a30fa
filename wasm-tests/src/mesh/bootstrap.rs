//! A gateway of the mesh as one bootstrap, for tests without a control plane.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Rendered, downloaded};
use crate::bootstrap::Bootstrap;
use crate::tls::Certificate;
use crate::tools;

impl Rendered {
    /// What listens at `port`, with its routes in their places and the filter's configuration in a file of `dir`, as the agent would give it to
    /// Envoy. Clusters of Services lead nowhere until they are pointed somewhere. All names have this one certificate.
    ///
    /// # Panics
    /// When nothing listens there, or a file cannot be written.
    #[must_use]
    pub fn bootstrap(&self, port: u16, dir: &Path, certificate: Option<&Certificate>) -> Bootstrap {
        let at_port = |listener: &&Value| listener["address"]["socket_address"]["port_value"] == port;
        let mut listener = self.listeners.iter().find(at_port).unwrap_or_else(|| panic!("nothing listens at {port}")).clone();
        let source = extensions_file(&self.extensions, dir);
        for chain in listener["filter_chains"].as_array_mut().into_iter().flatten() {
            let manager = &mut chain["filters"][0]["typed_config"];
            let name = manager["rds"]["route_config_name"].clone();
            let routes = self.routes.iter().find(|routes| routes["name"] == name);
            manager["route_config"] = routes.unwrap_or_else(|| panic!("no routes are called {name}")).clone();
            manager.as_object_mut().expect("a connection manager").remove("rds");
            for filter in manager["http_filters"].as_array_mut().into_iter().flatten() {
                if filter.get("config_discovery").is_some() {
                    filter["config_discovery"]["config_source"] = source.clone();
                }
            }
            if let Some(socket) = chain.get_mut("transport_socket") {
                let certificate = certificate.expect("a certificate for a listener of TLS");
                let context = socket["typed_config"]["common_tls_context"].as_object_mut().expect("a TLS context");
                context.remove("tls_certificate_sds_secret_configs");
                context.insert("tls_certificates".to_owned(), json!([{
                    "certificate_chain": {"filename": certificate.certificate.to_str()},
                    "private_key": {"filename": certificate.key.to_str()},
                }]));
            }
        }
        let clusters: Vec<Value> = self.clusters.iter().map(without_discovery).collect();
        Bootstrap::from(json!({
            "node": self.node,
            "admin": {},
            "stats_config": self.stats,
            // As many as Istio has, in the words of this Envoy.
            "overload_manager": {"resource_monitors": [{
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    "max_active_downstream_connections": i32::MAX,
                },
            }]},
            "static_resources": {"listeners": [listener], "clusters": clusters},
        }))
    }
}

/// A file for each version of the extensions, which Envoy watches; how it is told of it.
fn extensions_file(extensions: &[Value], dir: &Path) -> Value {
    let file = dir.join("extensions.json");
    let resources: Vec<Value> = extensions
        .iter()
        .map(|extension| {
            let mut extension = downloaded(extension, &tools::wasm());
            extension["@type"] = json!("type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig");
            extension
        })
        .collect();
    let response = json!({"version_info": "1", "resources": resources});
    fs::write(&file, response.to_string()).expect("a file for the extensions");
    json!({"path_config_source": {"path": file.to_str()}, "resource_api_version": "V3"})
}

fn without_discovery(cluster: &Value) -> Value {
    let mut cluster = cluster.clone();
    if cluster["type"] == "EDS" {
        cluster["type"] = json!("STATIC");
        cluster["load_assignment"] = json!({"cluster_name": cluster["name"]});
        cluster.as_object_mut().map(|fields| fields.remove("eds_cluster_config"));
    }
    cluster
}
