//! `Gateway` and `HTTPRoute` of the Gateway API.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::clusters::outbound;
use super::manifest::{Named, Visible};
use super::routes::{Action, Retries, Rule};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct KubeGateway {
    #[serde(rename = "gatewayClassName")]
    _class: String,
    infrastructure: Option<Infrastructure>,
    pub(super) listeners: Vec<Listener>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Infrastructure {
    /// What is laid over the Deployment is Kubernetes' affair.
    #[serde(rename = "parametersRef")]
    _parameters: Option<Parameters>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Parameters {
    #[serde(rename = "group")]
    _group: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "name")]
    _name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Listener {
    pub(super) name: String,
    pub(super) protocol: ListenerProtocol,
    pub(super) port: u16,
    pub(super) hostname: Option<String>,
    pub(super) tls: Option<ListenerTls>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum ListenerProtocol {
    #[serde(rename = "HTTP")]
    Http,
    #[serde(rename = "HTTPS")]
    Https,
    /// A waypoint's only one.
    #[serde(rename = "HBONE")]
    Hbone,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ListenerTls {
    #[serde(rename = "mode")]
    _mode: Terminate,
    pub(super) certificate_refs: Vec<CertificateRef>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Terminate {
    Terminate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateRef {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HttpRoute {
    parent_refs: Vec<ParentRef>,
    #[serde(default)]
    pub(super) hostnames: Vec<String>,
    rules: Vec<HttpRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ParentRef {
    #[serde(default = "gateway_group")]
    group: String,
    #[serde(default = "gateway_kind")]
    kind: String,
    name: String,
}

fn gateway_group() -> String {
    "gateway.networking.k8s.io".to_owned()
}

fn gateway_kind() -> String {
    "Gateway".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct HttpRule {
    #[serde(default)]
    matches: Vec<Match>,
    #[serde(default)]
    filters: Vec<Filter>,
    timeouts: Option<Timeouts>,
    backend_refs: Vec<BackendRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Match {
    path: Option<PathMatch>,
    #[serde(default)]
    headers: Vec<HeaderMatch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type", content = "value")]
enum PathMatch {
    PathPrefix(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderMatch {
    #[serde(rename = "type")]
    _type: ExactType,
    name: String,
    value: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum ExactType {
    Exact,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
enum Filter {
    #[serde(rename_all = "camelCase")]
    URLRewrite { url_rewrite: UrlRewrite },
    #[serde(rename_all = "camelCase")]
    RequestHeaderModifier { request_header_modifier: HeaderModifier },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UrlRewrite {
    hostname: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderModifier {
    #[serde(default)]
    set: Vec<Header>,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timeouts {
    request: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BackendRef {
    #[serde(default)]
    group: String,
    #[serde(default = "service")]
    kind: String,
    name: String,
    port: u16,
}

fn service() -> String {
    "Service".to_owned()
}

impl KubeGateway {
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.infrastructure.as_ref()?.annotations.get(name).map(String::as_str)
    }
}

impl Named<HttpRoute> {
    /// Whether it is for this Gateway.
    pub(super) fn is_for(&self, namespace: &str, gateway: &str) -> bool {
        let ours = |parent: &ParentRef| {
            parent.group == gateway_group() && parent.kind == gateway_kind() && parent.name == gateway
        };
        self.namespace == namespace && self.spec.parent_refs.iter().any(ours)
    }

    /// The Services whose requests it takes on their way, at a waypoint.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        let services = self.spec.parent_refs.iter().filter(|parent| parent.group.is_empty() && parent.kind == service());
        services.map(|parent| parent.name.as_str())
    }

    /// Its rules, in the order in which they are tried: longer paths first, then more headers.
    pub(super) fn rules(&self, all: &Visible<'_>) -> Result<Vec<Rule>, String> {
        let mut rules = Vec::new();
        for rule in &self.spec.rules {
            let anything = [Match::default()];
            let matches = if rule.matches.is_empty() { &anything[..] } else { &rule.matches };
            for matched in matches {
                rules.push(self.rule(rule, matched, all)?);
            }
        }
        rules.sort_by_key(|rule| Reverse((rule.prefix.len(), rule.headers.len())));
        Ok(rules)
    }

    fn rule(&self, rule: &HttpRule, matched: &Match, all: &Visible<'_>) -> Result<Rule, String> {
        let [backend] = rule.backend_refs.as_slice() else { return Err(format!("{}: one backend", self.place)) };
        let host = match (backend.group.as_str(), backend.kind.as_str()) {
            ("networking.istio.io", "Hostname") => backend.name.clone(),
            ("", "Service") => format!("{}.{}.svc.cluster.local", backend.name, self.namespace),
            (group, kind) => return Err(format!("{}: a backend {group}/{kind}", self.place)),
        };
        let cluster = outbound(all, &host, Some(backend.port));
        let mut made = Rule {
            name: None,
            prefix: "/".to_owned(),
            headers: matched.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
            set: Vec::new(),
            remove: Vec::new(),
            authority: None,
            timeout: rule.timeouts.as_ref().map(|timeouts| timeouts.request.clone()),
            retries: Retries::Default,
            action: Action::Cluster(cluster.ok_or_else(|| format!("{}: no cluster for {host}", self.place))?),
        };
        if let Some(PathMatch::PathPrefix(prefix)) = &matched.path {
            made.prefix.clone_from(prefix);
        }
        for filter in &rule.filters {
            match filter {
                Filter::URLRewrite { url_rewrite } => made.authority = Some(url_rewrite.hostname.clone()),
                Filter::RequestHeaderModifier { request_header_modifier: HeaderModifier { set, remove } } => {
                    made.set.extend(set.iter().map(|header| (header.name.clone(), header.value.clone())));
                    made.remove.extend(remove.iter().cloned());
                }
            }
        }
        Ok(made)
    }
}
