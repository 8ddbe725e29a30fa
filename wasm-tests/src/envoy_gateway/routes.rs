//! Routes, in the order in which they are tried.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::All;
use super::api::{Body, Filter, HeaderMatch, HttpRoute, Match, PathMatch, Rule};
use super::filters;
use crate::mesh::Named;

/// What the cluster of a rule is called.
pub(super) fn cluster_name(route: &Named<HttpRoute>, rule: usize) -> String {
    format!("httproute/{}/{}/rule/{rule}", route.namespace, route.name)
}

/// The routes of a listener for this host.
pub(super) fn of(all: &All, listener: &str, host: &str) -> Result<Value, String> {
    let mut routes = Vec::new();
    for route in &all.routes {
        let ours = route.spec.parent_refs.iter().any(|parent| parent.name == all.gateway.name);
        if !ours || !route.spec.hostnames.iter().any(|name| name == host) {
            return Err(format!("{}: is for another gateway or host", route.place));
        }
        for (n, rule) in route.spec.rules.iter().enumerate() {
            for (m, matched) in rule.matches.iter().enumerate() {
                let made = made(route, n, m, host).map_err(|error| format!("{}: {error}", route.place))?;
                routes.push((Reverse((prefix(matched).len(), matched.headers.len())), apply(all, rule, made)?));
            }
        }
    }
    routes.sort_by_key(|(rank, _)| *rank);
    let routes: Vec<Value> = routes.into_iter().map(|(_, route)| route).collect();
    Ok(json!({
        "name": listener,
        "ignore_port_in_host_matching": true,
        "virtual_hosts": [{
            "name": format!("{listener}/{}", host.replace('.', "_")),
            "domains": [host],
            "routes": routes,
        }],
    }))
}

fn prefix(matched: &Match) -> &str {
    matched.path.as_ref().map_or("/", |PathMatch::PathPrefix(prefix)| prefix)
}

/// A route that matches, and where it leads.
fn made(route: &Named<HttpRoute>, rule: usize, matched: usize, host: &str) -> Result<Value, String> {
    let (name, rule) = (cluster_name(route, rule), &route.spec.rules[rule]);
    let header = |HeaderMatch::Exact { name, value }: &HeaderMatch| json!({"name": name, "string_match": {"exact": value}});
    let matches = &rule.matches[matched];
    if prefix(matches) != "/" {
        return Err("a prefix".to_owned());
    }
    let mut made = json!({
        "name": format!("{name}/match/{matched}/{}", host.replace('.', "_")),
        "match": {"prefix": "/", "headers": matches.headers.iter().map(header).collect::<Vec<_>>()},
    });
    if rule.backend_refs.is_empty() {
        return Ok(made);
    }
    made["route"] = json!({"cluster": name, "upgrade_configs": [{"upgrade_type": "websocket"}]});
    if let Some(timeouts) = &rule.timeouts {
        made["route"]["timeout"] = timeouts.request.clone().into();
        // No timeout is none for streams that stand still, either.
        if timeouts.request == "0s" {
            made["route"]["idle_timeout"] = "0s".into();
        }
    }
    Ok(made)
}

/// With what its rule does to requests, and the filters that it switches on.
fn apply(all: &All, rule: &Rule, mut made: Value) -> Result<Value, String> {
    for filter in &rule.filters {
        match filter {
            Filter::URLRewrite { url_rewrite } => {
                made["route"]["host_rewrite_literal"] = url_rewrite.hostname.clone().into();
                made["route"]["append_x_forwarded_host"] = true.into();
            }
            Filter::RequestHeaderModifier { request_header_modifier } => {
                made["request_headers_to_remove"] = request_header_modifier.remove.clone().into();
            }
            Filter::ExtensionRef { extension_ref } => {
                let known = all.route_filters.iter().find(|known| known.name == extension_ref.name);
                let response = &known.ok_or_else(|| format!("there is no HTTPRouteFilter {}", extension_ref.name))?.spec.direct_response;
                let Body::Inline { inline } = &response.body;
                made["direct_response"] = json!({"status": response.status_code, "body": {"inline_string": inline}});
                made["response_headers_to_add"] = json!([{
                    "header": {"key": "content-type", "value": response.content_type},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }]);
            }
        }
    }
    if made.get("route").is_none() && made.get("direct_response").is_none() {
        return Err(format!("{}: leads nowhere", made["name"]));
    }
    made["typed_per_filter_config"] = Value::Object(filters::on_routes(all).into_iter().collect::<Map<_, _>>());
    Ok(made)
}
