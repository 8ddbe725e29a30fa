//! Listeners, with their routes in place.

use serde_json::{Value, json};

use super::All;
use super::api::EscapedSlashes;
use super::{filters, routes};

pub(super) fn of(all: &All) -> Result<Vec<Value>, String> {
    let gateway = &all.gateway;
    if gateway.spec.gateway_class_name != "eg" || gateway.spec.infrastructure.parameters_ref.name != all.proxy.name {
        return Err(format!("{}: of another class, or without its EnvoyProxy", gateway.place));
    }
    let mut listeners = Vec::new();
    for listener in &gateway.spec.listeners {
        let name = format!("{}/{}/{}", gateway.namespace, gateway.name, listener.name);
        // A pod may not listen below 1024.
        let port = if listener.port < 1024 { listener.port + 10_000 } else { listener.port };
        let mut manager = connection_manager(all)?;
        manager["stat_prefix"] = format!("http-{port}").into();
        manager["route_config"] = routes::of(all, &name, &listener.hostname)?;
        listeners.push(json!({
            "name": name,
            "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
            "per_connection_buffer_limit_bytes": size(all.clients.spec.connection.buffer_limit.as_deref(), 32_768)?,
            "default_filter_chain": {
                "name": name,
                "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
            },
        }));
    }
    Ok(listeners)
}

/// The HTTP filters of a listener.
pub(super) fn filters(listener: &mut Value) -> &mut Vec<Value> {
    let manager = &mut listener["default_filter_chain"]["filters"][0]["typed_config"];
    manager["http_filters"].as_array_mut().expect("a list of filters")
}

/// The routes of a listener.
pub(super) fn routes(listener: &mut Value) -> &mut Value {
    &mut listener["default_filter_chain"]["filters"][0]["typed_config"]["route_config"]
}

fn connection_manager(all: &All) -> Result<Value, String> {
    let clients = &all.clients.spec;
    let mut manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "http_filters": filters::of(all)?,
        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
        "http2_protocol_options": {
            "initial_stream_window_size": size(clients.http2.initial_stream_window_size.as_deref(), 65_536)?,
            "initial_connection_window_size": size(clients.http2.initial_connection_window_size.as_deref(), 1_048_576)?,
            "max_concurrent_streams": 100,
        },
        "merge_slashes": true,
        "normalize_path": true,
        "path_with_escaped_slashes_action": match clients.path.escaped_slashes_action {
            EscapedSlashes::UnescapeRedirect => "UNESCAPE_AND_REDIRECT",
            EscapedSlashes::RejectRequest => "REJECT_REQUEST",
            EscapedSlashes::KeepUnchanged => "KEEP_UNCHANGED",
        },
        "server_header_transformation": "PASS_THROUGH",
        "use_remote_address": true,
    });
    let removed = &clients.headers.early_request_headers.remove;
    if !removed.is_empty() {
        let mutations: Vec<Value> = removed.iter().map(|name| json!({"remove": name})).collect();
        manager["early_header_mutation_extensions"] = json!([{
            "name": "envoy.http.early_header_mutation.header_mutation",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                "mutations": mutations,
            },
        }]);
    }
    if let Some(timeout) = &clients.timeout.http.stream_idle_timeout {
        manager["stream_idle_timeout"] = timeout.clone().into();
    }
    if let Some(timeout) = &clients.timeout.http.idle_timeout {
        manager["common_http_protocol_options"]["idle_timeout"] = timeout.clone().into();
    }
    Ok(manager)
}

/// Kubernetes' quantities, as far as ours go.
fn size(quantity: Option<&str>, unless: u32) -> Result<u32, String> {
    let Some(quantity) = quantity else { return Ok(unless) };
    let (number, unit) = match (quantity.strip_suffix("Ki"), quantity.strip_suffix("Mi")) {
        (Some(number), _) => (number, 1 << 10),
        (_, Some(number)) => (number, 1 << 20),
        _ => (quantity, 1),
    };
    number.parse::<u32>().map(|number| number * unit).map_err(|error| format!("{quantity}: {error}"))
}
