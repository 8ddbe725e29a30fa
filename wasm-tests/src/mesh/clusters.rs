//! Clusters: what ServiceEntries, Services and DestinationRules come down to.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::manifest::{Named, Visible};

mod rule;

pub(super) use rule::DestinationRule;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServiceEntry {
    pub(super) export_to: Option<Vec<String>>,
    pub(super) hosts: Vec<String>,
    #[serde(rename = "location")]
    _location: Location,
    resolution: Resolution,
    ports: Vec<EntryPort>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Location {
    #[serde(rename = "MESH_EXTERNAL")]
    External,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
enum Resolution {
    #[serde(rename = "DNS")]
    Dns,
    #[serde(rename = "DNS_ROUND_ROBIN")]
    DnsRoundRobin,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EntryPort {
    #[serde(rename = "name")]
    _name: String,
    number: u16,
    #[serde(rename = "protocol")]
    _protocol: EntryProtocol,
    target_port: Option<u16>,
}

/// Both are HTTP/1.1 to Envoy. Whether TLS is spoken is the DestinationRule's decision.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EntryProtocol {
    Http,
    Https,
}

/// Kubernetes'.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Service {
    #[serde(rename = "type", default)]
    _type: Option<String>,
    #[serde(rename = "selector", default)]
    _selector: BTreeMap<String, String>,
    ports: Vec<ServicePort>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ServicePort {
    /// Its protocol is in the name: `http`.
    name: String,
    port: u16,
    #[serde(rename = "targetPort")]
    _target_port: Option<Value>,
}

/// The name of the cluster of a host's port; of its only one where none is named. Nothing where the proxy does not know it.
pub(super) fn outbound(all: &Visible<'_>, host: &str, port: Option<u16>) -> Option<String> {
    let ports: Vec<u16> = known(all).filter(|known| known.host == host).map(|known| known.port).collect();
    let port = match (port, ports.as_slice()) {
        (Some(port), ports) if ports.contains(&port) => port,
        (None, [only]) => *only,
        _ => return None,
    };
    Some(name(host, port))
}

/// The clusters of a proxy.
pub(super) fn of(all: &Visible<'_>) -> Result<Vec<Value>, String> {
    let mut clusters = Vec::new();
    for known in known(all) {
        let mut cluster = plain(&known);
        // A rule of the proxy's own namespace comes before one of the service's.
        let mut rules = all.rules.iter().filter(|rule| rule.host() == known.host);
        let rule = rules.next();
        if let Some(second) = rules.next() {
            return Err(format!("{}: another rule is for {} already", second.place, known.host));
        }
        if let Some(rule) = rule {
            rule.spec.traffic_policy.apply(&mut cluster, &rule.place)?;
        }
        clusters.push(cluster);
    }
    if let Some(rule) = all.rules.iter().find(|rule| !known(all).any(|known| known.host == rule.host())) {
        return Err(format!("{}: nothing is called {}", rule.place, rule.spec.host));
    }
    clusters.push(json!({"name": "BlackHoleCluster", "type": "STATIC", "connect_timeout": "10s",
        "load_assignment": {"cluster_name": "BlackHoleCluster"}}));
    Ok(clusters)
}

struct Known {
    host: String,
    port: u16,
    place: Place,
}

/// Where its endpoints are.
enum Place {
    /// Where a name server says.
    Named { resolution: Resolution, port: u16 },
    /// In the cluster.
    Inside,
}

fn known(all: &Visible<'_>) -> impl Iterator<Item = Known> {
    let entry = |entry: &Named<ServiceEntry>| -> Vec<Known> {
        let ServiceEntry { hosts, ports, resolution, .. } = &entry.spec;
        let one = |host: &String, port: &EntryPort| Known {
            host: host.clone(),
            port: port.number,
            place: Place::Named { resolution: *resolution, port: port.target_port.unwrap_or(port.number) },
        };
        hosts.iter().flat_map(|host| ports.iter().map(move |port| one(host, port))).collect()
    };
    let service = |service: &Named<Service>| -> Vec<Known> {
        let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
        let http = service.spec.ports.iter().filter(|port| port.name == "http" || port.name.starts_with("http-"));
        http.map(|port| Known { host: host.clone(), port: port.port, place: Place::Inside }).collect()
    };
    let entries: Vec<Known> = all.entries.iter().flat_map(entry).collect();
    let services: Vec<Known> = all.services.iter().flat_map(service).collect();
    services.into_iter().chain(entries)
}

fn name(host: &str, port: u16) -> String {
    format!("outbound|{port}||{host}")
}

/// As it is without a rule.
fn plain(known: &Known) -> Value {
    let name = name(&known.host, known.port);
    let mut cluster = json!({
        "name": name,
        // Its end, for the tag of the statistics.
        "alt_stat_name": format!("{name};"),
        "connect_timeout": "10s",
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [{
            "max_connections": UNLIMITED, "max_pending_requests": UNLIMITED, "max_requests": UNLIMITED,
            "max_retries": UNLIMITED, "track_remaining": true,
        }]},
        "common_lb_config": {},
        "typed_extension_protocol_options": {HTTP: {
            "@type": format!("type.googleapis.com/{HTTP}"),
            // Of a port whose protocol is declared.
            "explicit_http_config": {"http_protocol_options": {}},
        }},
    });
    let more = match &known.place {
        Place::Named { resolution, port } => json!({
            "type": if *resolution == Resolution::Dns { "STRICT_DNS" } else { "LOGICAL_DNS" },
            "dns_lookup_family": "V4_ONLY",
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": {"socket_address": {"address": known.host, "port_value": port}}}},
            ]}]},
        }),
        Place::Inside => json!({
            "type": "EDS",
            "eds_cluster_config": {
                "eds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
                "service_name": name,
            },
        }),
    };
    super::merge::merge(&mut cluster, &more);
    cluster
}

/// The protocol options of a cluster.
const HTTP: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
/// What Istio sets for want of a limit.
const UNLIMITED: u32 = u32::MAX;
