//! Clusters: one for each rule that has a backend.

use serde_json::{Value, json};

use super::All;
use super::api::Ref;
use super::routes::cluster_name;

pub(super) fn of(all: &All) -> Result<Vec<Value>, String> {
    let mut clusters = Vec::new();
    for route in &all.routes {
        for (n, rule) in route.spec.rules.iter().enumerate() {
            if let [backend] = rule.backend_refs.as_slice() {
                clusters.push(cluster(&cluster_name(route, n), backend, all).map_err(|error| format!("{}: {error}", route.place))?);
            } else if !rule.backend_refs.is_empty() {
                return Err(format!("{}: one backend", route.place));
            }
        }
    }
    Ok(clusters)
}

fn cluster(name: &str, backend: &Ref, all: &All) -> Result<Value, String> {
    let (traffic, breaker) = (&all.traffic.spec.timeout, &all.traffic.spec.circuit_breaker);
    let mut cluster = json!({
        "name": name,
        "connect_timeout": traffic.tcp.connect_timeout,
        "per_connection_buffer_limit_bytes": 32_768,
        "ignore_health_on_host_removal": true,
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {"cluster_name": name},
        "circuit_breakers": {"thresholds": [{
            "max_connections": breaker.max_connections,
            "max_pending_requests": breaker.max_pending_requests,
            "max_requests": breaker.max_parallel_requests,
            "max_retries": breaker.max_parallel_retries,
        }]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "common_http_protocol_options": {"idle_timeout": traffic.http.connection_idle_timeout},
            "explicit_http_config": {"http_protocol_options": {}},
        }},
    });
    match (backend.group.as_str(), backend.kind.as_str()) {
        // Its endpoints come apart.
        ("", "" | "Service") if all.services.contains(&backend.name) && backend.port > 0 => cluster["type"] = json!("STATIC"),
        ("gateway.envoyproxy.io", "Backend") => {
            let known = all.backends.iter().find(|known| known.name == backend.name);
            let known = known.ok_or_else(|| format!("there is no Backend {}", backend.name))?;
            let endpoint = |endpoint: &super::api::Endpoint| {
                let address = json!({"address": endpoint.fqdn.hostname, "port_value": endpoint.fqdn.port});
                json!({"endpoint": {"address": {"socket_address": address}}})
            };
            let endpoints: Vec<Value> = known.spec.endpoints.iter().map(endpoint).collect();
            cluster["type"] = json!("STRICT_DNS");
            cluster["dns_lookup_family"] = json!("V4_PREFERRED");
            cluster["load_assignment"]["endpoints"] = json!([{"lb_endpoints": endpoints}]);
        }
        (group, kind) => return Err(format!("a backend {group}/{kind} {}", backend.name)),
    }
    let of_backend = |target: &Ref| (&target.group, &target.kind, &target.name) == (&backend.group, &backend.kind, &backend.name);
    if let Some(policy) = all.tls.iter().find(|policy| policy.spec.target_refs.iter().any(of_backend)) {
        let host = &policy.spec.validation.hostname;
        cluster["transport_socket"] = json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni": host,
                "common_tls_context": {"validation_context": {
                    "trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"},
                    "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": host}}],
                }},
            },
        });
    }
    Ok(cluster)
}
