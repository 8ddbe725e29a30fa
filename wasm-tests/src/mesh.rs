//! Istio without a cluster: what istiod, and the agent beside Envoy, make of the manifests in `envoy/istio`.
//!
//! It reads what is shipped, and refuses with its place whatever it does not know: a manifest that says more than is translated
//! here is not proven by the tests of what is. What Istio itself adds is as Istio has it where that matters to the filter: named
//! virtual hosts, no idle timeout of streams, retries by default, clusters without limits and their names, the filter's configuration by discovery,
//! as sorted JSON and with an empty `vm_id`, and the tags and the list of the statistics that are kept. Its own extensions, of which
//! this Envoy has none, are left out.

mod agent;
mod bootstrap;
mod classic;
mod clusters;
mod extensions;
mod files;
mod gateway_api;
mod json;
mod listeners;
mod manifest;
mod merge;
mod patches;
mod place;
mod proxy_config;
mod routes;
mod stats;
pub mod yaml;

use std::path::Path;

use serde_json::Value;

pub use agent::{downloaded, refused};
pub use files::folder;
pub use json::delivered;
pub use manifest::Manifest;
pub(crate) use manifest::Named;
pub use proxy_config::Proxy;

/// What a proxy gets of its control plane: resources of xDS in their JSON form, each with its `name` and without a version. Listeners
/// name their routes and the filter's configuration, and those come over ADS.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    /// The proxy's `node`, of its bootstrap.
    pub node: Value,
    /// `stats_config` of its bootstrap.
    pub stats: Value,
    /// `envoy.config.listener.v3.Listener`.
    pub listeners: Vec<Value>,
    /// `envoy.config.route.v3.RouteConfiguration`.
    pub routes: Vec<Value>,
    /// `envoy.config.cluster.v3.Cluster`. Those of Services have their endpoints over ADS, until somebody points them elsewhere.
    pub clusters: Vec<Value>,
    /// `envoy.config.core.v3.TypedExtensionConfig`, as istiod sends them: what stands between gets the module ([`downloaded`]).
    pub extensions: Vec<Value>,
}

impl Rendered {
    /// The filter's configuration, as it was written.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn plugin(&self) -> Value {
        let text = self.plugin_text();
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The filter's configuration, as it is delivered.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn plugin_text(&self) -> &str {
        let text = self.extensions.first().and_then(|extension| extension.pointer(CONFIGURATION)?.as_str());
        text.expect("the configuration of an extension")
    }

    /// Merges into the filter's configuration.
    ///
    /// # Panics
    /// When it has none.
    pub fn patch_plugin(&mut self, patch: &Value) {
        let mut plugin = self.plugin();
        crate::bootstrap::merge::merge(&mut plugin, patch);
        let text = self.extensions[0].pointer_mut(CONFIGURATION).expect("the configuration of an extension");
        *text = Value::from(delivered(&plugin));
    }
}

const CONFIGURATION: &str = "/typed_config/config/configuration/value";

/// What `manifests` make of a proxy.
///
/// # Errors
/// What is not translated, with its file and place.
pub fn render(manifests: &[Manifest], proxy: &Proxy) -> Result<Rendered, String> {
    let all = manifest::Visible::to(proxy, manifests)?;
    let mut rendered = Rendered {
        node: proxy.node(),
        stats: stats::config(&all.settings),
        clusters: clusters::of(&all)?,
        extensions: extensions::of(&all)?,
        ..Rendered::default()
    };
    let servers = listeners::servers(&all)?;
    rendered.routes = routes::of(&servers);
    rendered.listeners = listeners::of(&servers, &all);
    patches::apply(&mut rendered, &all)?;
    Ok(rendered)
}

/// The manifests of a folder of `envoy/istio`, as `kubectl apply -k` has them.
///
/// # Errors
/// What cannot be read, or is not understood.
pub fn shipped(folder: &str) -> Result<Vec<Manifest>, String> {
    files::folder(&crate::tools::repository().join("envoy/istio").join(folder))
}

/// The gateway that `envoy/istio/ingressgateway` is for, installed with its `values.yaml`.
///
/// # Errors
/// When that cannot be read.
pub fn ingress_gateway() -> Result<Proxy, String> {
    let values = crate::bootstrap::read_yaml(&crate::tools::repository().join("envoy/istio/ingressgateway/values.yaml"))?;
    let config = values["podAnnotations"]["proxy.istio.io/config"].as_str().unwrap_or_default();
    Ok(Proxy::installed("istio-ingress", ("istio", "ingressgateway")).configured(config))
}

/// Manifests beside those that are shipped: a user's own.
///
/// # Errors
/// What is not understood.
pub fn others(text: &str) -> Result<Vec<Manifest>, String> {
    files::documents(Path::new("others.yaml"), text)
}
