//! Manifests, and which of them a proxy is told.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::classic::{Gateway, VirtualService};
use super::clusters::{DestinationRule, Service, ServiceEntry};
use super::extensions::{Plugin, TrafficExtension, WasmPlugin};
use super::gateway_api::{HttpRoute, KubeGateway};
use super::patches::EnvoyFilter;
use super::place;
use super::proxy_config::{Proxy, ProxyConfig};

/// A Kubernetes resource.
#[derive(Clone, Debug)]
pub struct Manifest {
    file: String,
    meta: Meta,
    value: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(rename = "labels", default)]
    _labels: BTreeMap<String, String>,
}

impl Manifest {
    pub(super) fn of(file: &Path, value: Value) -> Result<Self, String> {
        // The folder and the name are enough to find it by.
        let parts: Vec<_> = file.iter().filter_map(|part| part.to_str()).collect();
        let file = parts[parts.len().saturating_sub(2)..].join("/");
        let meta = place::strict(value["metadata"].clone(), &format!("{file}: metadata"))?;
        Ok(Self { file, meta, value })
    }

    /// What it is: `WasmPlugin`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.meta.name
    }

    /// Its namespace; empty where it has none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.meta.namespace
    }

    /// Its annotations.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.meta.annotations
    }

    /// The whole of it.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The whole of it, to edit.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// Where it is, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}: {} {}", self.file, self.kind(), self.name())
    }

    /// Its `spec`, with no field that is not known.
    pub(crate) fn spec<T: DeserializeOwned>(&self) -> Result<Named<T>, String> {
        let known = ["apiVersion", "kind", "metadata", "spec"];
        if let Some(name) = self.value.as_object().into_iter().flatten().map(|(name, _)| name).find(|name| !known.contains(&name.as_str())) {
            return Err(format!("{}: {name}: what is that?", self.place()));
        }
        let spec = place::strict(self.value["spec"].clone(), &format!("{}: spec", self.place()))?;
        Ok(Named { name: self.meta.name.clone(), namespace: self.meta.namespace.clone(), place: self.place(), spec })
    }
}

/// What a resource says, and which it is.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) place: String,
    pub(crate) spec: T,
}

/// Whom a policy is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TargetRef {
    #[serde(default)]
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) name: String,
}

/// The pods with these labels.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Selector {
    #[serde(alias = "labels")]
    pub(super) match_labels: BTreeMap<String, String>,
}

/// What there is for one proxy.
#[derive(Debug)]
pub(super) struct Visible<'a> {
    pub(super) proxy: &'a Proxy,
    pub(super) settings: ProxyConfig,
    pub(super) entries: Vec<Named<ServiceEntry>>,
    pub(super) services: Vec<Named<Service>>,
    pub(super) rules: Vec<Named<DestinationRule>>,
    pub(super) gateways: Vec<Named<Gateway>>,
    pub(super) kube_gateway: Option<Named<KubeGateway>>,
    pub(super) http_routes: Vec<Named<HttpRoute>>,
    pub(super) virtual_services: Vec<Named<VirtualService>>,
    pub(super) plugins: Vec<Named<Plugin>>,
    pub(super) filters: Vec<Named<EnvoyFilter>>,
}

impl<'a> Visible<'a> {
    /// What `proxy` is told. All manifests are read, those for others too.
    pub(super) fn to(proxy: &'a Proxy, manifests: &[Manifest]) -> Result<Self, String> {
        let mut all = Self {
            proxy,
            settings: ProxyConfig::default(),
            entries: Vec::new(),
            services: Vec::new(),
            rules: Vec::new(),
            gateways: Vec::new(),
            kube_gateway: None,
            http_routes: Vec::new(),
            virtual_services: Vec::new(),
            plugins: Vec::new(),
            filters: Vec::new(),
        };
        let mut config = proxy.config().map(str::to_owned);
        for manifest in manifests {
            match manifest.kind() {
                // Kubernetes' alone.
                "ConfigMap" | "Deployment" | "Namespace" | "NetworkPolicy" | "PersistentVolumeClaim" => {}
                "Service" => all.services.push(manifest.spec()?),
                "ServiceEntry" => all.see(manifest, |entry: &ServiceEntry| &entry.export_to, |all| &mut all.entries)?,
                "DestinationRule" => all.see(manifest, |rule: &DestinationRule| &rule.export_to, |all| &mut all.rules)?,
                "VirtualService" => all.see(manifest, |service: &VirtualService| &service.export_to, |all| &mut all.virtual_services)?,
                "HTTPRoute" => all.http_routes.push(manifest.spec()?),
                "Gateway" if manifest.value()["apiVersion"].as_str().is_some_and(|api| api.starts_with("gateway.")) => {
                    let gateway: Named<KubeGateway> = manifest.spec()?;
                    if proxy.is_of(&gateway.namespace, &gateway.name) {
                        config = gateway.spec.annotation(ProxyConfig::ANNOTATION).map(str::to_owned);
                        all.kube_gateway = Some(gateway);
                    }
                }
                "Gateway" => {
                    let gateway: Named<Gateway> = manifest.spec()?;
                    if proxy.has(&gateway.spec.selector) {
                        all.gateways.push(gateway);
                    }
                }
                "WasmPlugin" => all.extend(manifest.spec::<WasmPlugin>()?.plugin()),
                "TrafficExtension" => all.extend(manifest.spec::<TrafficExtension>()?.plugin()),
                "EnvoyFilter" => {
                    let filter: Named<EnvoyFilter> = manifest.spec()?;
                    if proxy.takes(&filter.namespace, filter.spec.selector(), &filter.spec.target_refs) {
                        all.filters.push(filter);
                    }
                }
                other => return Err(format!("{}: what is a {other} to istiod? Say it here.", manifest.place())),
            }
        }
        all.settings = ProxyConfig::read(config.as_deref().unwrap_or("{}"))?;
        Ok(all)
    }

    fn see<T: DeserializeOwned>(
        &mut self,
        manifest: &Manifest,
        export_to: impl Fn(&T) -> &Option<Vec<String>>,
        list: impl Fn(&mut Self) -> &mut Vec<Named<T>>,
    ) -> Result<(), String> {
        let named: Named<T> = manifest.spec()?;
        if self.proxy.sees(&named.namespace, export_to(&named.spec).as_deref()) {
            list(self).push(named);
        }
        Ok(())
    }

    fn extend(&mut self, plugin: Named<Plugin>) {
        if self.proxy.takes(&plugin.namespace, plugin.spec.selector.as_ref(), &plugin.spec.target_refs) {
            self.plugins.push(plugin);
        }
    }
}
