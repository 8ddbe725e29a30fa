//! A gateway that other applications stand behind already, and `envoy/filter.yaml` pasted into it where its keys say.

use serde_json::{Value, json};

use super::{Bootstrap, merge::merge, read_yaml, socket_address};
use crate::tls::Certificate;
use crate::tools;

/// The host of the first application, cluster [`GITLAB`].
pub const GITLAB_HOST: &str = "gitlab.corp.example.com";
/// The cluster of the first application.
pub const GITLAB: &str = "gitlab";
/// The cluster of the second application, which has every host that no other virtual host has.
pub const APPLICATIONS: &str = "applications";
/// The host that is to serve modules. Before anything is pasted it says [`OWN_PAGE`] to everything.
pub const MODULES_HOST: &str = "goproxy.corp.example.com";
/// What the gateway's owner has at [`MODULES_HOST`].
pub const OWN_PAGE: &str = "nothing but modules here\n";

/// Where in the gateway modules are to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In the virtual host [`MODULES_HOST`].
    Host,
    /// Below this prefix, such as `/go`, in the virtual host that has every other host.
    Below(&'a str),
}

/// `envoy/filter.yaml` as data.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn parts() -> Value {
    read_yaml(&tools::repository().join("envoy/filter.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

impl Bootstrap {
    /// The gateway without Modgate, with its defaults where filter.yaml does not ask for anything else.
    #[must_use]
    pub fn shared() -> Self {
        Self::from(json!({
            "node": {"id": "shared", "cluster": "shared"},
            "admin": {"address": any()},
            // Without a limit Envoy warns at each start.
            "overload_manager": {"resource_monitors": [{
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    "max_active_downstream_connections": 20_000,
                },
            }]},
            "static_resources": {
                "listeners": [{
                    "name": "shared",
                    "address": any(),
                    "filter_chains": [{"filters": [connection_manager()]}],
                }],
                "clusters": [application(GITLAB), application(APPLICATIONS)],
            },
        }))
    }

    /// As [`Bootstrap::shared`], over TLS, with a filter chain of its own for [`MODULES_HOST`] (the first), by SNI.
    #[must_use]
    pub fn shared_by_name(certificate: &Certificate) -> Self {
        let mut bootstrap = Self::shared();
        bootstrap.serve_tls(certificate);
        let listener = &mut bootstrap.value_mut()["static_resources"]["listeners"][0];
        let others = listener["filter_chains"][0].clone();
        let mut modules = others.clone();
        modules["filter_chain_match"] = json!({"server_names": [MODULES_HOST]});
        listener["filter_chains"] = json!([modules, others]);
        listener["listener_filters"] = json!([{
            "name": "envoy.filters.listener.tls_inspector",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
            },
        }]);
        bootstrap
    }

    /// The gateway with Modgate in its virtual host [`MODULES_HOST`].
    ///
    /// # Panics
    /// When `envoy/filter.yaml` has a part whose place is not known.
    #[must_use]
    pub fn pasted() -> Self {
        let mut bootstrap = Self::shared();
        bootstrap.paste(Place::Host);
        bootstrap
    }

    /// Puts the parts of `envoy/filter.yaml` into the first filter chain, where their keys say they belong.
    ///
    /// # Panics
    /// When it has a part whose place is not known, or the gateway has no such place.
    pub fn paste(&mut self, place: Place<'_>) {
        let parts = parts();
        for (key, part) in parts.as_object().expect("parts by their places") {
            match key.as_str() {
                "http_filter" => {
                    let filters = self.http_filters();
                    filters.insert(filters.len() - 1, part.clone());
                }
                "virtual_host" => match place {
                    Place::Host => merge(self.virtual_host(MODULES_HOST), part),
                    Place::Below(prefix) => self.paste_below(prefix, part),
                },
                "route" => {
                    let host = if place == Place::Host { MODULES_HOST } else { "*" };
                    let routes = self.virtual_host(host)["routes"].as_array_mut();
                    routes.expect("a list of routes").insert(0, part.clone());
                }
                "last_route" => {
                    if place == Place::Host {
                        let routes = self.virtual_host(MODULES_HOST)["routes"].as_array_mut();
                        routes.expect("a list of routes").push(part.clone());
                    }
                }
                "clusters" => {
                    let own = self.value_mut()["static_resources"]["clusters"].as_array_mut();
                    own.expect("a list of clusters").extend(part.as_array().cloned().unwrap_or_default());
                }
                "stats_tags" => self.value_mut()["stats_config"]["stats_tags"] = part.clone(),
                other => panic!("where does {other} of filter.yaml belong? Say it here."),
            }
        }
        if let Place::Below(prefix) = place {
            self.patch_plugin(&json!({"match": {"path_prefix": prefix}}));
        }
    }

    /// What is for a virtual host, in a route for `prefix` of the virtual host that has every other host.
    fn paste_below(&mut self, prefix: &str, part: &Value) {
        let mut route = own_route(&format!("{prefix}/"));
        merge(&mut route, part);
        let routes = self.virtual_host("*")["routes"].as_array_mut();
        routes.expect("a list of routes").insert(0, route);
    }

    /// The virtual host that has this domain, in the first filter chain.
    ///
    /// # Panics
    /// When none has.
    pub fn virtual_host(&mut self, domain: &str) -> &mut Value {
        let hosts = self.hcm()["route_config"]["virtual_hosts"].as_array_mut().expect("virtual hosts");
        let found = hosts.iter_mut().find(|host| host["domains"].as_array().is_some_and(|domains| domains.iter().any(|known| known == domain)));
        found.unwrap_or_else(|| panic!("no virtual host has {domain}"))
    }
}

fn connection_manager() -> Value {
    let to = |cluster: &str| json!([{"match": {"prefix": "/"}, "route": {"cluster": cluster}}]);
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "shared",
            "http_filters": [{
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }],
            "route_config": {"virtual_hosts": [
                {"name": "gitlab", "domains": [GITLAB_HOST], "routes": to(GITLAB)},
                {"name": "goproxy", "domains": [MODULES_HOST], "routes": [own_route("/")]},
                {"name": "others", "domains": ["*"], "routes": to(APPLICATIONS)},
            ]},
        },
    })
}

fn own_route(prefix: &str) -> Value {
    json!({
        "match": {"prefix": prefix},
        "direct_response": {"status": 200, "body": {"inline_string": OWN_PAGE}},
    })
}

fn application(name: &str) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": []},
    })
}

/// A port that the kernel chooses.
fn any() -> Value {
    socket_address((std::net::Ipv4Addr::LOCALHOST, 0).into())
}
