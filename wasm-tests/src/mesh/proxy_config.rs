//! A proxy, and what its pod says of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::manifest::{Selector, TargetRef};
use super::place;

/// A proxy of the mesh.
#[derive(Clone, Debug)]
pub struct Proxy {
    namespace: String,
    role: Role,
    labels: BTreeMap<String, String>,
    config: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Role {
    /// What istiod made of a `Gateway` of the Gateway API, for those who come from outside.
    Gateway(String),
    /// The same, between the pods of a mesh.
    Waypoint(String),
    /// A gateway that was installed, and is found by its labels.
    Installed,
}

/// Istio's own namespace, whose policies are for all.
const ROOT: &str = "istio-system";

impl Proxy {
    /// The gateway that istiod makes of a `Gateway` of the Gateway API.
    #[must_use]
    pub fn gateway(namespace: &str, name: &str) -> Self {
        Self::new(namespace, Role::Gateway(name.to_owned()))
    }

    /// A waypoint.
    #[must_use]
    pub fn waypoint(namespace: &str, name: &str) -> Self {
        Self::new(namespace, Role::Waypoint(name.to_owned()))
    }

    /// A gateway that was installed with this label.
    #[must_use]
    pub fn installed(namespace: &str, label: (&str, &str)) -> Self {
        let mut proxy = Self::new(namespace, Role::Installed);
        proxy.labels.insert(label.0.to_owned(), label.1.to_owned());
        proxy
    }

    /// With this as its annotation `proxy.istio.io/config`.
    #[must_use]
    pub fn configured(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    fn new(namespace: &str, role: Role) -> Self {
        Self { namespace: namespace.to_owned(), role, labels: BTreeMap::new(), config: None }
    }

    pub(super) fn node(&self) -> Value {
        let name = match &self.role {
            Role::Gateway(name) => format!("{name}-istio"),
            Role::Waypoint(name) => name.clone(),
            Role::Installed => "istio-ingressgateway".to_owned(),
        };
        let namespace = &self.namespace;
        json!({
            "id": format!("router~127.0.0.1~{name}-0.{namespace}~{namespace}.svc.cluster.local"),
            "cluster": format!("{name}.{namespace}"),
        })
    }

    pub(super) fn config(&self) -> Option<&str> {
        self.config.as_deref()
    }

    pub(super) fn is_waypoint(&self) -> bool {
        matches!(self.role, Role::Waypoint(_))
    }

    pub(super) fn is_of(&self, namespace: &str, gateway: &str) -> bool {
        self.namespace == namespace && self.gateway_name() == Some(gateway)
    }

    fn gateway_name(&self) -> Option<&str> {
        match &self.role {
            Role::Gateway(name) | Role::Waypoint(name) => Some(name),
            Role::Installed => None,
        }
    }

    /// Whether it has all these labels.
    pub(super) fn has(&self, labels: &BTreeMap<String, String>) -> bool {
        labels.iter().all(|(name, value)| self.labels.get(name) == Some(value))
    }

    /// Whether something of `namespace` that is exported to these is known to it.
    pub(super) fn sees(&self, namespace: &str, export_to: Option<&[String]>) -> bool {
        let exported = |to: &String| match to.as_str() {
            "*" => true,
            "." => namespace == self.namespace,
            to => to == self.namespace,
        };
        export_to.is_none_or(|list| list.iter().any(exported))
    }

    /// Whether a policy is for it. One that names targets is not for installed gateways, and a waypoint takes no other.
    pub(super) fn takes(&self, namespace: &str, selector: Option<&Selector>, targets: &[TargetRef]) -> bool {
        if namespace != self.namespace && namespace != ROOT {
            return false;
        }
        if !targets.is_empty() {
            let ours = |target: &TargetRef| match (target.group.as_str(), target.kind.as_str()) {
                ("gateway.networking.k8s.io", "Gateway") => self.gateway_name() == Some(&target.name),
                // A Service, at the waypoint it stands behind: there is one.
                ("" | "core", "Service") => self.is_waypoint(),
                _ => false,
            };
            return targets.iter().any(ours);
        }
        !self.is_waypoint() && selector.is_none_or(|selector| self.has(&selector.match_labels))
    }
}

/// What the annotation `proxy.istio.io/config` says: what ours do.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ProxyConfig {
    pub(super) extra_stat_tags: Vec<String>,
    pub(super) proxy_stats_matcher: StatsMatcher,
    pub(super) connection_settings: ConnectionSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct StatsMatcher {
    pub(super) inclusion_prefixes: Vec<String>,
}

/// From Istio 1.31 on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ConnectionSettings {
    pub(super) profile: Option<Profile>,
    pub(super) listener_per_connection_buffer_limit_bytes: Option<u32>,
    pub(super) http2_initial_stream_window_size: Option<u32>,
    pub(super) http_stream_idle_timeout: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum Profile {
    #[serde(rename = "EDGE")]
    Edge,
}

impl ProxyConfig {
    pub(super) const ANNOTATION: &str = "proxy.istio.io/config";

    pub(super) fn read(text: &str) -> Result<Self, String> {
        let value = serde_saphyr::from_str(text).map_err(|error| format!("{}: {error}", Self::ANNOTATION))?;
        place::strict(value, Self::ANNOTATION)
    }
}
