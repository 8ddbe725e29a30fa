//! Istio's own `Gateway` and `VirtualService`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::clusters::outbound;
use super::manifest::{Named, Visible};
use super::routes::{Action, Retries, Rule};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Gateway {
    pub(super) selector: BTreeMap<String, String>,
    pub(super) servers: Vec<GatewayServer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct GatewayServer {
    pub(super) port: ServerPort,
    pub(super) hosts: Vec<String>,
    pub(super) tls: Option<ServerTls>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServerPort {
    pub(super) number: u16,
    pub(super) name: String,
    pub(super) protocol: Protocol,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Protocol {
    Http,
    Https,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServerTls {
    #[serde(rename = "mode")]
    _mode: TlsMode,
    pub(super) credential_name: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum TlsMode {
    Simple,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct VirtualService {
    pub(super) export_to: Option<Vec<String>>,
    pub(super) hosts: Vec<String>,
    /// As `namespace/name`, or the name of one in the same namespace.
    #[serde(default)]
    pub(super) gateways: Vec<String>,
    pub(super) http: Vec<HttpRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HttpRule {
    name: Option<String>,
    #[serde(default)]
    r#match: Vec<HttpMatch>,
    #[serde(default)]
    route: Vec<HttpRoute>,
    direct_response: Option<DirectResponse>,
    rewrite: Option<Rewrite>,
    timeout: Option<String>,
    retries: Option<HttpRetry>,
    headers: Option<Headers>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct HttpMatch {
    uri: Option<Prefix>,
    #[serde(default)]
    headers: BTreeMap<String, Exact>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Prefix {
    prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Exact {
    exact: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct HttpRoute {
    destination: Destination,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Destination {
    host: String,
    port: Option<DestinationPort>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DestinationPort {
    number: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DirectResponse {
    status: u16,
    body: Body,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    string: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rewrite {
    authority: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct HttpRetry {
    attempts: u32,
    retry_on: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Headers {
    request: RequestHeaders,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[derive(Default)]
struct RequestHeaders {
    set: BTreeMap<String, String>,
    remove: Vec<String>,
}

impl Named<VirtualService> {
    /// Whether it is for this gateway.
    pub(super) fn is_for(&self, namespace: &str, gateway: &str) -> bool {
        self.spec.gateways.iter().any(|known| match known.split_once('/') {
            Some((of, name)) => (of, name) == (namespace, gateway),
            None => (self.namespace.as_str(), known.as_str()) == (namespace, gateway),
        })
    }

    /// Its rules, in their order.
    pub(super) fn rules(&self, all: &Visible<'_>) -> Result<Vec<Rule>, String> {
        let mut rules = Vec::new();
        for rule in &self.spec.http {
            let anything = [HttpMatch { uri: None, headers: BTreeMap::new() }];
            let matches = if rule.r#match.is_empty() { &anything[..] } else { &rule.r#match };
            for matched in matches {
                rules.push(self.rule(rule, matched, all)?);
            }
        }
        Ok(rules)
    }

    fn rule(&self, rule: &HttpRule, matched: &HttpMatch, all: &Visible<'_>) -> Result<Rule, String> {
        let action = match (rule.route.as_slice(), &rule.direct_response) {
            ([HttpRoute { destination }], None) => {
                let port = destination.port.as_ref().map(|port| port.number);
                Action::Cluster(outbound(all, &destination.host, port).ok_or_else(|| {
                    format!("{}: no cluster for {}", self.place, destination.host)
                })?)
            }
            ([], Some(DirectResponse { status, body })) => Action::Direct { status: *status, body: body.string.clone() },
            _ => return Err(format!("{}: a route, or an answer", self.place)),
        };
        let retries = match &rule.retries {
            None => Retries::Default,
            Some(HttpRetry { attempts: 0, .. }) => Retries::Never,
            Some(HttpRetry { attempts, retry_on }) => Retries::These { attempts: *attempts, on: retry_on.clone() },
        };
        let headers = rule.headers.as_ref().map(|headers| &headers.request);
        Ok(Rule {
            name: rule.name.clone(),
            prefix: matched.uri.as_ref().map_or("/", |uri| &uri.prefix).to_owned(),
            headers: matched.headers.iter().map(|(name, value)| (name.clone(), value.exact.clone())).collect(),
            set: headers.into_iter().flat_map(|headers| headers.set.clone()).collect(),
            remove: headers.into_iter().flat_map(|headers| headers.remove.clone()).collect(),
            authority: rule.rewrite.as_ref().map(|rewrite| rewrite.authority.clone()),
            timeout: rule.timeout.clone(),
            retries,
            action,
        })
    }
}
