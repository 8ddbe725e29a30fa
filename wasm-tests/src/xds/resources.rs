//! A gateway as a control plane would serve it: listeners, routes, clusters and the filter's configuration, each on its own.

use serde_json::{Value, json};

use super::{Control, Kind};
use crate::bootstrap::Bootstrap;

/// The parts of a gateway with one connection manager.
#[derive(Clone, Debug)]
pub struct Resources {
    /// A `Listener` each.
    pub listeners: Vec<Value>,
    /// A `RouteConfiguration` each.
    pub routes: Vec<Value>,
    /// A `Cluster` each.
    pub clusters: Vec<Value>,
    /// The filter's configuration, as a `TypedExtensionConfig`.
    pub extension: Value,
}

impl Resources {
    /// Takes them out of `bootstrap`, which asks the control plane at cluster [`CONTROL`] for them from then on, and for `extension`, which
    /// is the configuration of the filter of that name.
    ///
    /// # Panics
    /// When it has no such filter.
    #[must_use]
    pub fn take_out_of(bootstrap: &mut Bootstrap, extension: &Value, control: &Control) -> Self {
        let mut route_config = bootstrap.hcm()["route_config"].take();
        route_config["name"] = ROUTES.into();
        let hcm = bootstrap.hcm().as_object_mut().expect("a connection manager");
        hcm.remove("route_config");
        hcm.insert("rds".to_owned(), json!({"config_source": ads(), "route_config_name": ROUTES}));
        let mut filters = bootstrap.http_filters().iter_mut();
        let filter = filters.find(|filter| filter["name"] == extension["name"]).expect("a filter of that name");
        let mut source = ads();
        // A listener waits for it for as long as it takes.
        source["initial_fetch_timeout"] = "0s".into();
        filter["config_discovery"]["config_source"] = source;
        let all = bootstrap.value_mut();
        let list = |name: &str| all["static_resources"][name].as_array().cloned().unwrap_or_default();
        let (listeners, clusters) = (list("listeners"), list("clusters"));
        let address = json!({"address": control.addr().ip().to_string(), "port_value": control.addr().port()});
        all["static_resources"] = json!({"clusters": [{
            "name": CONTROL,
            "type": "STATIC",
            "connect_timeout": "1s",
            "load_assignment": {
                "cluster_name": CONTROL,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": address}}}]}],
            },
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }},
        }]});
        all["dynamic_resources"] = json!({
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": CONTROL}}],
            },
            "lds_config": ads(),
            "cds_config": ads(),
        });
        Self { listeners, routes: vec![route_config], clusters, extension: extension.clone() }
    }

    /// Serves everything but the filter's configuration.
    pub fn serve(&self, control: &Control) {
        for (kind, resources) in
            [(Kind::Cluster, &self.clusters), (Kind::Routes, &self.routes), (Kind::Listener, &self.listeners)]
        {
            for resource in resources {
                control.set(kind, resource);
            }
        }
    }

    /// The filter's `config` (name, policy, VM, configuration).
    pub fn plugin(&mut self) -> &mut Value {
        &mut self.extension["typed_config"]["config"]
    }
}

fn ads() -> Value {
    json!({"ads": {}, "resource_api_version": "V3"})
}

/// The cluster of the control plane, as Istio calls it.
pub const CONTROL: &str = "xds-grpc";
const ROUTES: &str = "modules";
