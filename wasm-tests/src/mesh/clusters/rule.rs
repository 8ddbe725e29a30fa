//! `DestinationRule`: what is done to a cluster.

use serde::Deserialize;
use serde_json::{Value, json};

use super::HTTP;
use crate::mesh::manifest::Named;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::mesh) struct DestinationRule {
    pub(in crate::mesh) export_to: Option<Vec<String>>,
    pub(super) host: String,
    pub(super) traffic_policy: TrafficPolicy,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TrafficPolicy {
    tls: Option<ClientTls>,
    connection_pool: Option<ConnectionPool>,
    outlier_detection: Option<OutlierDetection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ClientTls {
    #[serde(rename = "mode")]
    _mode: ClientTlsMode,
    sni: Option<String>,
    #[serde(default)]
    subject_alt_names: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum ClientTlsMode {
    #[serde(rename = "SIMPLE")]
    Simple,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ConnectionPool {
    tcp: Option<Tcp>,
    http: Option<Http>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Tcp {
    connect_timeout: Option<String>,
    max_connections: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Http {
    http1_max_pending_requests: Option<u32>,
    http2_max_requests: Option<u32>,
    max_retries: Option<u32>,
    idle_timeout: Option<String>,
    #[serde(rename = "h2UpgradePolicy")]
    _upgrade: Option<Upgrade>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Upgrade {
    #[serde(rename = "DO_NOT_UPGRADE")]
    Never,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OutlierDetection {
    #[serde(rename = "consecutive5xxErrors")]
    consecutive: u32,
    interval: String,
    base_ejection_time: String,
    max_ejection_percent: u32,
}

impl Named<DestinationRule> {
    /// The host it is for. A short name is one of its namespace.
    pub(super) fn host(&self) -> String {
        let host = &self.spec.host;
        if host.contains('.') { host.clone() } else { format!("{host}.{}.svc.cluster.local", self.namespace) }
    }
}

impl TrafficPolicy {
    pub(super) fn apply(&self, cluster: &mut Value, place: &str) -> Result<(), String> {
        if let Some(ClientTls { sni, subject_alt_names, .. }) = &self.tls {
            if sni.is_some() && subject_alt_names.is_empty() {
                return Err(format!("{place}: tls.sni without subjectAltNames verifies no name"));
            }
            let context = &mut cluster["transport_socket"];
            *context = json!({
                "name": "envoy.transport_sockets.tls",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                    "common_tls_context": {"validation_context": {
                        // The agent's secret `file-root:system` is this file.
                        "trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"},
                        "match_typed_subject_alt_names": subject_alt_names.iter().map(|name| json!(
                            {"san_type": "DNS", "matcher": {"exact": name}})).collect::<Vec<_>>(),
                    }},
                },
            });
            match sni {
                Some(sni) => context["typed_config"]["sni"] = json!(sni),
                None => {
                    cluster["typed_extension_protocol_options"][HTTP]["upstream_http_protocol_options"] =
                        json!({"auto_sni": true, "auto_san_validation": subject_alt_names.is_empty()});
                }
            }
        }
        if let Some(pool) = &self.connection_pool {
            pool.apply(cluster);
        }
        if let Some(outliers) = &self.outlier_detection {
            cluster["outlier_detection"] = json!({
                "consecutive_5xx": outliers.consecutive,
                "enforcing_consecutive_5xx": 100,
                "enforcing_success_rate": 0,
                "interval": outliers.interval,
                "base_ejection_time": outliers.base_ejection_time,
                "max_ejection_percent": outliers.max_ejection_percent,
            });
            // Where all are out, nobody is asked.
            cluster["common_lb_config"]["healthy_panic_threshold"] = json!({"value": 0});
        }
        Ok(())
    }
}

impl ConnectionPool {
    fn apply(&self, cluster: &mut Value) {
        let mut limit = |field: &str, value: Option<u32>| {
            if let Some(value) = value {
                cluster["circuit_breakers"]["thresholds"][0][field] = json!(value);
            }
        };
        if let Some(tcp) = &self.tcp {
            limit("max_connections", tcp.max_connections);
        }
        if let Some(http) = &self.http {
            limit("max_pending_requests", http.http1_max_pending_requests);
            limit("max_requests", http.http2_max_requests);
            limit("max_retries", http.max_retries);
        }
        if let Some(timeout) = self.tcp.as_ref().and_then(|tcp| tcp.connect_timeout.as_ref()) {
            cluster["connect_timeout"] = json!(timeout);
        }
        if let Some(timeout) = self.http.as_ref().and_then(|http| http.idle_timeout.as_ref()) {
            cluster["typed_extension_protocol_options"][HTTP]["common_http_protocol_options"] = json!({"idle_timeout": timeout});
        }
    }
}
