//! The bootstrap that tests run is `envoy/gateway.yaml`, the file people copy, with as little changed as possible.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::base_url::BaseUrl;
use crate::tools;

mod callers;
pub mod discovery;
pub mod merge;
pub(crate) mod older;
pub mod s3;
pub mod shared;

/// A bootstrap as data.
#[derive(Clone, Debug)]
pub struct Bootstrap(Value);

impl Bootstrap {
    /// `envoy/gateway.yaml`.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn gateway() -> Self {
        Self(
            read_yaml(&tools::repository().join("envoy/gateway.yaml"))
                .unwrap_or_else(|error| panic!("{error}")),
        )
    }

    /// A file of `examples`, such as `s3/gateway.yaml`.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn example(file: &str) -> Self {
        let file = tools::repository().join("examples").join(file);
        Self(read_yaml(&file).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The whole document.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The whole document, to edit.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.0
    }

    /// Where the gateway listens; port 0 lets the kernel choose.
    pub fn listen(&mut self, addr: SocketAddr) {
        self.0["static_resources"]["listeners"][0]["address"] = socket_address(addr);
    }

    /// Where the admin page listens.
    pub fn admin(&mut self, addr: SocketAddr) {
        self.0["admin"]["address"] = socket_address(addr);
    }

    /// The HTTP connection manager's settings.
    pub fn hcm(&mut self) -> &mut Value {
        &mut self.0["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    }

    /// The HTTP filters.
    pub fn http_filters(&mut self) -> &mut Vec<Value> {
        self.hcm()["http_filters"].as_array_mut().expect("a list of http_filters")
    }

    /// The routes of the one virtual host, to which tests add their own.
    pub fn routes(&mut self) -> &mut Vec<Value> {
        self.hcm()["route_config"]["virtual_hosts"][0]["routes"].as_array_mut().expect("a list of routes")
    }

    /// Sends what begins with `prefix` to `cluster`, as a gateway with routes of its own would.
    pub fn add_route(&mut self, prefix: &str, cluster: &str) {
        // After the download route, before the 404.
        self.routes().insert(1, json!({"match": {"prefix": prefix}, "route": {"cluster": cluster}}));
    }

    /// Has downloads carry a header of the plugin configuration that the file has no line for.
    pub fn confide(&mut self, name: &str) {
        let value = format!("%FILTER_STATE(wasm.modgate.{name}:PLAIN)%");
        let add = json!({"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"});
        self.routes()[0]["request_headers_to_add"].as_array_mut().expect("a list of headers").push(add);
    }

    /// The filter's `config` (name, policy, VM, configuration).
    pub fn filter(&mut self) -> &mut Value {
        &mut self.wasm_filter()["typed_config"]["config"]
    }

    /// The filter in the list of filters.
    pub fn wasm_filter(&mut self) -> &mut Value {
        self.http_filters().iter_mut().find(|filter| is_wasm(filter)).expect("the wasm filter")
    }

    /// Takes the filter out: what the gateway alone does.
    pub fn remove_filter(&mut self) {
        self.http_filters().retain(|filter| !is_wasm(filter));
    }

    /// The file of the filter.
    pub fn wasm(&mut self, file: &Path) {
        self.filter()["vm_config"]["code"]["local"]["filename"] = path(file);
    }

    /// The plugin configuration.
    #[must_use]
    pub fn plugin(&mut self) -> Value {
        let text =
            self.filter()["configuration"]["value"].as_str().expect("the configuration is a StringValue");
        serde_json::from_str(text).expect("the plugin configuration is JSON")
    }

    /// Replaces the plugin configuration.
    pub fn set_plugin(&mut self, configuration: &Value) {
        self.set_plugin_text(&configuration.to_string());
    }

    /// Replaces the plugin configuration's text, for texts that are wrong.
    pub fn set_plugin_text(&mut self, text: &str) {
        self.filter()["configuration"]["value"] = Value::from(text);
    }

    /// Merges `patch` into the plugin configuration: objects deeply, anything else replaces, null removes.
    pub fn patch_plugin(&mut self, patch: &Value) {
        let mut configuration = self.plugin();
        merge::merge(&mut configuration, patch);
        self.set_plugin(&configuration);
    }

    /// The clusters' names.
    #[must_use]
    pub fn cluster_names(&self) -> Vec<String> {
        let clusters = self.0["static_resources"]["clusters"].as_array().into_iter().flatten();
        clusters.filter_map(|cluster| cluster["name"].as_str()).map(str::to_owned).collect()
    }

    /// The cluster of that name, made after the model of `like` when there is none.
    pub fn cluster(&mut self, name: &str, like: &str) -> &mut Value {
        let clusters = self.0["static_resources"]["clusters"].as_array_mut().expect("a list of clusters");
        let position =
            |name: &str, clusters: &[Value]| clusters.iter().position(|cluster| cluster["name"] == name);
        let at = position(name, clusters).unwrap_or_else(|| {
            let mut made = clusters[position(like, clusters).expect("a cluster to copy")].clone();
            made["name"] = Value::from(name);
            made["load_assignment"]["cluster_name"] = Value::from(name);
            clusters.push(made);
            clusters.len() - 1
        });
        &mut clusters[at]
    }

    /// Points a cluster, new or known, at plain HTTP servers.
    pub fn point(&mut self, name: &str, servers: &[SocketAddr]) {
        let cluster = self.cluster(name, "storage");
        plain(cluster);
        set_endpoints(cluster, servers.iter().map(|server| socket_address(*server)).collect(), true);
    }

    /// Points a cluster, new or known, at a TLS server whose certificate `ca` signed.
    pub fn point_tls(&mut self, name: &str, server: SocketAddr, ca: &Path) {
        let cluster = self.cluster(name, "proxy_golang_org");
        set_endpoints(cluster, vec![socket_address(server)], true);
        trust(cluster, ca);
    }

    /// Points a cluster, new or known, at the host of `url`; `ca` instead of the configuration's own CA bundle.
    pub fn point_url(&mut self, name: &str, url: &BaseUrl, ca: Option<&Path>) {
        let cluster = self.cluster(name, "proxy_golang_org");
        if !url.tls {
            plain(cluster);
        } else if let Some(ca) = ca {
            trust(cluster, ca);
        }
        let address = json!({"socket_address": {"address": url.host, "port_value": url.port}});
        set_endpoints(cluster, vec![address], url.ip().is_some());
    }

    /// Has a cluster speak HTTP/2.
    pub fn speak_http2(&mut self, name: &str) {
        let cluster = self.cluster(name, "proxy_golang_org");
        http_options(cluster)["explicit_http_config"] = json!({"http2_protocol_options": {}});
    }

    /// Trusts `ca` in every cluster that speaks TLS.
    pub fn trust(&mut self, ca: &Path) {
        let clusters = self.0["static_resources"]["clusters"].as_array_mut().into_iter().flatten();
        clusters
            .filter(|cluster| cluster.get("transport_socket").is_some())
            .for_each(|cluster| trust(cluster, ca));
    }

    /// Takes a cluster out.
    pub fn remove_cluster(&mut self, name: &str) {
        let clusters = self.0["static_resources"]["clusters"].as_array_mut().expect("a list of clusters");
        clusters.retain(|cluster| cluster["name"] != name);
    }

    /// Writes it where Envoy can read it. JSON is what Envoy makes of YAML anyway.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> std::io::Result<()> {
        fs::write(file, serde_json::to_vec_pretty(&self.0)?)
    }
}

impl From<Value> for Bootstrap {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

/// Reads a YAML file.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn read_yaml(file: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

fn http_options(cluster: &mut Value) -> &mut Value {
    &mut cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
}

fn is_wasm(filter: &Value) -> bool {
    filter["name"] == "modgate"
}

fn plain(cluster: &mut Value) {
    let Some(cluster) = cluster.as_object_mut() else { return };
    cluster.remove("transport_socket");
    let options = cluster.get_mut("typed_extension_protocol_options").and_then(Value::as_object_mut);
    for options in options.into_iter().flat_map(serde_json::Map::values_mut) {
        // The names for TLS.
        options.as_object_mut().and_then(|options| options.remove("upstream_http_protocol_options"));
    }
}

fn trust(cluster: &mut Value, ca: &Path) {
    cluster["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]["trusted_ca"] =
        json!({"filename": path(ca)});
}

fn set_endpoints(cluster: &mut Value, addresses: Vec<Value>, literal: bool) {
    if literal {
        cluster["type"] = Value::from("STATIC");
        cluster.as_object_mut().and_then(|cluster| cluster.remove("dns_lookup_family"));
    }
    let endpoints: Vec<Value> =
        addresses.into_iter().map(|address| json!({"endpoint": {"address": address}})).collect();
    cluster["load_assignment"]["endpoints"] = json!([{ "lb_endpoints": endpoints }]);
}

fn socket_address(addr: SocketAddr) -> Value {
    json!({"socket_address": {"address": addr.ip().to_string(), "port_value": addr.port()}})
}

fn path(file: &Path) -> Value {
    Value::from(file.to_str().expect("a path in UTF-8"))
}
