//! Envoy Gateway without a cluster: what it makes of the manifests in `envoy/envoy-gateway`.
//!
//! As [`crate::mesh`] does for Istio: it reads what is shipped, refuses with its place whatever it does not know, and adds what Envoy Gateway
//! adds where that matters to the filter: the filter is off in the list and switched on by routes, its `vm_id` is the policy's name,
//! buffers are 32 KiB, clusters are called after rules, filters stand in an order of its own, and routes that rewrite the host tell the
//! client's. What it sends apart (endpoints, secrets, the module) stands here in its place.

mod api;
mod clusters;
mod filters;
mod listeners;
mod patches;
mod routes;

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::bootstrap::Bootstrap;
use crate::mesh::{Manifest, Named, folder};
use crate::tools;

/// What a proxy gets of Envoy Gateway: resources of xDS in their JSON form.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// `envoy.config.listener.v3.Listener`.
    pub listeners: Vec<Value>,
    /// `envoy.config.cluster.v3.Cluster`.
    pub clusters: Vec<Value>,
}

/// What the API server holds of one gateway.
#[derive(Debug)]
struct All {
    gateway: Named<api::Gateway>,
    proxy: Named<api::EnvoyProxy>,
    routes: Vec<Named<api::HttpRoute>>,
    route_filters: Vec<Named<api::HttpRouteFilter>>,
    backends: Vec<Named<api::Backend>>,
    services: Vec<String>,
    tls: Vec<Named<api::BackendTlsPolicy>>,
    extension: Named<api::EnvoyExtensionPolicy>,
    clients: Named<api::ClientTrafficPolicy>,
    traffic: Named<api::BackendTrafficPolicy>,
    patches: Vec<Named<api::EnvoyPatchPolicy>>,
}

/// The manifests of `envoy/envoy-gateway`, as `kubectl apply -k` has them.
///
/// # Errors
/// What cannot be read, or is not understood.
pub fn shipped() -> Result<Vec<Manifest>, String> {
    folder(&tools::repository().join("envoy/envoy-gateway"))
}

/// What `manifests` make of their one gateway.
///
/// # Errors
/// What is not translated, with its file and place.
pub fn render(manifests: &[Manifest]) -> Result<Rendered, String> {
    let all = All::of(manifests)?;
    let mut rendered = Rendered { listeners: listeners::of(&all)?, clusters: clusters::of(&all)? };
    patches::apply(&mut rendered, &all)?;
    Ok(rendered)
}

impl All {
    fn of(manifests: &[Manifest]) -> Result<Self, String> {
        let known = [
            "Namespace", "Service", "Gateway", "EnvoyProxy", "HTTPRoute", "HTTPRouteFilter", "Backend", "BackendTLSPolicy",
            "EnvoyExtensionPolicy", "ClientTrafficPolicy", "BackendTrafficPolicy", "EnvoyPatchPolicy",
        ];
        if let Some(other) = manifests.iter().find(|manifest| !known.contains(&manifest.kind())) {
            return Err(format!("{}: what is that to Envoy Gateway? Say it here.", other.place()));
        }
        let services = manifests.iter().filter(|manifest| manifest.kind() == "Service");
        let all = Self {
            gateway: one(manifests, "Gateway")?,
            proxy: one(manifests, "EnvoyProxy")?,
            routes: every(manifests, "HTTPRoute")?,
            route_filters: every(manifests, "HTTPRouteFilter")?,
            backends: every(manifests, "Backend")?,
            services: services.map(|service| service.name().to_owned()).collect(),
            tls: every(manifests, "BackendTLSPolicy")?,
            extension: one(manifests, "EnvoyExtensionPolicy")?,
            clients: one(manifests, "ClientTrafficPolicy")?,
            traffic: one(manifests, "BackendTrafficPolicy")?,
            patches: every(manifests, "EnvoyPatchPolicy")?,
        };
        let patched = all.patches.iter().map(|policy| (&policy.place, &policy.spec.target_ref));
        let targets = [
            (&all.extension.place, &all.extension.spec.target_refs),
            (&all.clients.place, &all.clients.spec.target_refs),
            (&all.traffic.place, &all.traffic.spec.target_refs),
        ];
        let targets = targets.into_iter().flat_map(|(place, refs)| refs.iter().map(move |target| (place, target)));
        for (place, target) in targets.chain(patched) {
            if target.kind != "Gateway" || target.name != all.gateway.name {
                return Err(format!("{place}: is for {} {}", target.kind, target.name));
            }
        }
        Ok(all)
    }
}

fn every<T: DeserializeOwned>(manifests: &[Manifest], kind: &str) -> Result<Vec<Named<T>>, String> {
    manifests.iter().filter(|manifest| manifest.kind() == kind).map(Manifest::spec).collect()
}

fn one<T: DeserializeOwned>(manifests: &[Manifest], kind: &str) -> Result<Named<T>, String> {
    let all = every(manifests, kind)?;
    let [one] = <[Named<T>; 1]>::try_from(all).map_err(|all| format!("{} of {kind}, and not one", all.len()))?;
    Ok(one)
}

impl Rendered {
    /// The plugin configuration.
    ///
    /// # Panics
    /// When the filter is not there.
    #[must_use]
    pub fn plugin(&mut self) -> Value {
        self.filter()["configuration"]["value"].as_str().and_then(|text| text.parse().ok()).expect("a plugin configuration")
    }

    /// Merges into the plugin configuration.
    ///
    /// # Panics
    /// When the filter is not there.
    pub fn patch_plugin(&mut self, patch: &Value) {
        let mut plugin = self.plugin();
        crate::bootstrap::merge::merge(&mut plugin, patch);
        self.filter()["configuration"]["value"] = plugin.to_string().into();
    }

    /// The filter's `config`.
    ///
    /// # Panics
    /// When it is not there.
    pub fn filter(&mut self) -> &mut Value {
        let mut filters = listeners::filters(&mut self.listeners[0]).iter_mut();
        let filter = filters.find_map(|filter| filter.pointer_mut("/typed_config/config"));
        filter.expect("the filter")
    }

    /// As one bootstrap, with the filter from a file: Envoy Gateway serves it by HTTPS.
    ///
    /// # Panics
    /// When the filter is not there.
    #[must_use]
    pub fn bootstrap(mut self, wasm: &Path) -> Bootstrap {
        self.filter()["vm_config"]["code"] = json!({"local": {"filename": wasm}});
        Bootstrap::from(json!({
            "node": {"id": "modgate", "cluster": "modgate/modgate"},
            "admin": {},
            "overload_manager": {"resource_monitors": [{
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    "max_active_downstream_connections": 50_000,
                },
            }]},
            "static_resources": {"listeners": self.listeners, "clusters": self.clusters},
        }))
    }
}

#[cfg(test)]
mod tests;
