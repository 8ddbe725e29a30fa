//! `WasmPlugin` and `TrafficExtension`, which are the same to a proxy.

use serde::Deserialize;
use serde_json::{Value, json};

use super::json::delivered;
use super::manifest::{Named, Selector, TargetRef, Visible};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct WasmPlugin {
    #[serde(default)]
    target_refs: Vec<TargetRef>,
    selector: Option<Selector>,
    #[serde(default)]
    phase: Phase,
    priority: Option<i32>,
    url: String,
    sha256: Option<String>,
    #[serde(default)]
    fail_strategy: FailStrategy,
    #[serde(default)]
    plugin_name: String,
    plugin_config: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TrafficExtension {
    #[serde(default)]
    target_refs: Vec<TargetRef>,
    selector: Option<Selector>,
    #[serde(default)]
    phase: Phase,
    priority: Option<i32>,
    wasm: Wasm,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wasm {
    url: String,
    sha256: Option<String>,
    #[serde(default)]
    fail_strategy: FailStrategy,
    #[serde(default)]
    plugin_name: String,
    plugin_config: Option<Value>,
}

/// Where among Istio's own filters.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Phase {
    Authn,
    Authz,
    Stats,
    #[default]
    #[serde(alias = "UNSPECIFIED_PHASE")]
    Unspecified,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
enum FailStrategy {
    #[default]
    #[serde(rename = "FAIL_CLOSE")]
    Close,
    #[serde(rename = "FAIL_OPEN")]
    Open,
    #[serde(rename = "FAIL_RELOAD")]
    Reload,
}

/// Either of them.
#[derive(Debug)]
pub(super) struct Plugin {
    pub(super) target_refs: Vec<TargetRef>,
    pub(super) selector: Option<Selector>,
    pub(super) phase: Phase,
    priority: Option<i32>,
    wasm: Wasm,
    /// What the kind is called in the names of filters.
    kind: &'static str,
}

impl Named<WasmPlugin> {
    pub(super) fn plugin(self) -> Named<Plugin> {
        let Self { name, namespace, place, spec } = self;
        let WasmPlugin { target_refs, selector, phase, priority, url, sha256, fail_strategy, plugin_name, plugin_config } = spec;
        let wasm = Wasm { url, sha256, fail_strategy, plugin_name, plugin_config };
        Named { name, namespace, place, spec: Plugin { target_refs, selector, phase, priority, wasm, kind: "wasmplugin" } }
    }
}

impl Named<TrafficExtension> {
    pub(super) fn plugin(self) -> Named<Plugin> {
        let Self { name, namespace, place, spec } = self;
        let TrafficExtension { target_refs, selector, phase, priority, wasm } = spec;
        Named { name, namespace, place, spec: Plugin { target_refs, selector, phase, priority, wasm, kind: "trafficextension" } }
    }
}

impl Named<Plugin> {
    /// The name of its filter, and of what configures that.
    pub(super) fn filter_name(&self) -> String {
        format!("extensions.istio.io/{}/{}.{}", self.spec.kind, self.namespace, self.name)
    }

    fn extension(&self) -> Result<Value, String> {
        let wasm = &self.spec.wasm;
        let policy = match wasm.fail_strategy {
            FailStrategy::Close => "FAIL_CLOSED",
            FailStrategy::Open => "FAIL_OPEN",
            FailStrategy::Reload => "FAIL_RELOAD",
        };
        let code = match wasm.url.split_once("://") {
            Some(("file", path)) => json!({"local": {"filename": path}}),
            Some(("oci" | "http" | "https", _)) => {
                let uri = json!({"uri": wasm.url, "timeout": "30s", "cluster": "_"});
                json!({"remote": {"http_uri": uri, "sha256": wasm.sha256.as_deref().unwrap_or_default()}})
            }
            _ => return Err(format!("{}: url: {}", self.place, wasm.url)),
        };
        let mut config = json!({
            "name": format!("{}.{}", self.namespace, self.name),
            "root_id": wasm.plugin_name,
            "failure_policy": policy,
            "vm_config": {
                "runtime": "envoy.wasm.runtime.v8",
                "code": code,
                // It changes with every edit of the resource.
                "environment_variables": {"key_values": {"ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": "1"}},
            },
        });
        // Without a configuration there is an Any without a type: nothing.
        if let Some(configuration) = &wasm.plugin_config {
            config["configuration"] = json!({
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": delivered(configuration),
            });
        }
        Ok(json!({"name": self.filter_name(), "typed_config": {"@type": WASM, "config": config}}))
    }
}

/// What configures the filters of a proxy.
pub(super) fn of(all: &Visible<'_>) -> Result<Vec<Value>, String> {
    all.plugins.iter().map(Named::extension).collect()
}

/// The filters, in the order in which they stand. One without a priority comes last of its phase.
pub(super) fn in_order<'a>(all: &'a Visible<'_>) -> Vec<&'a Named<Plugin>> {
    let mut plugins: Vec<_> = all.plugins.iter().collect();
    plugins.sort_by_key(|plugin| (plugin.spec.phase, std::cmp::Reverse(plugin.spec.priority.unwrap_or(i32::MIN))));
    plugins
}

/// A filter whose configuration comes by discovery. The agent puts the second in the place of a module that cannot be had.
pub(super) fn discovered(name: &str) -> Value {
    json!({
        "name": name,
        "config_discovery": {
            "config_source": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
            "type_urls": [WASM, "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"],
        },
    })
}

pub(super) const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
