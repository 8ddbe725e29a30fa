//! Routes: what VirtualServices and HTTPRoutes come down to, and what that is to Envoy.

use serde_json::{Value, json};

use super::listeners::Server;

/// The hosts of a server and what each of them does.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) domain: String,
    pub(super) rules: Vec<Rule>,
}

/// A rule of a host.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: Option<String>,
    /// The path it is for: everything where there is none.
    pub(super) prefix: String,
    /// Headers that must be these.
    pub(super) headers: Vec<(String, String)>,
    pub(super) set: Vec<(String, String)>,
    pub(super) remove: Vec<String>,
    pub(super) authority: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) retries: Retries,
    pub(super) action: Action,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    Cluster(String),
    Direct { status: u16, body: String },
}

/// When the router asks once more.
#[derive(Clone, Debug)]
pub(super) enum Retries {
    /// As Istio does unless told otherwise.
    Default,
    Never,
    These { attempts: u32, on: Option<String> },
}

/// The route configurations of these servers.
pub(super) fn of(servers: &[Server]) -> Vec<Value> {
    let hosts = |server: &Server| -> Vec<Value> {
        server.hosts.iter().map(|host| virtual_host(host, server.port)).collect()
    };
    let configuration = |server: &Server| {
        json!({
            "name": server.route_name(),
            "virtual_hosts": hosts(server),
            "validate_clusters": false,
            "max_direct_response_body_size_bytes": 1_048_576,
        })
    };
    servers.iter().map(configuration).collect()
}

fn virtual_host(host: &Host, port: u16) -> Value {
    let domain = &host.domain;
    let domains = match domain.as_str() {
        "*" => vec![domain.clone()],
        // A wildcard can be on one side alone.
        other if other.starts_with('*') => vec![domain.clone(), format!("{domain}:{port}")],
        _ => vec![domain.clone(), format!("{domain}:*")],
    };
    json!({
        "name": format!("{domain}:{port}"),
        "domains": domains,
        "routes": host.rules.iter().map(route).collect::<Vec<_>>(),
        "include_request_attempt_count": true,
    })
}

fn route(rule: &Rule) -> Value {
    let header = |(name, value): &(String, String)| json!({"name": name, "string_match": {"exact": value}});
    let headers: Vec<Value> = rule.headers.iter().map(header).collect();
    let set = |(name, value): &(String, String)| {
        json!({"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"})
    };
    let mut route = json!({"match": {"prefix": rule.prefix, "case_sensitive": true}});
    if let Some(name) = &rule.name {
        route["name"] = json!(name);
    }
    if !headers.is_empty() {
        route["match"]["headers"] = json!(headers);
    }
    if !rule.set.is_empty() {
        route["request_headers_to_add"] = rule.set.iter().map(set).collect();
    }
    if !rule.remove.is_empty() {
        route["request_headers_to_remove"] = json!(rule.remove);
    }
    match &rule.action {
        Action::Cluster(cluster) => {
            let mut action = json!({
                "cluster": cluster,
                "timeout": rule.timeout.as_deref().unwrap_or("0s"),
                "max_stream_duration": {"max_stream_duration": rule.timeout.as_deref().unwrap_or("0s"),
                    "grpc_timeout_header_max": rule.timeout.as_deref().unwrap_or("0s")},
            });
            if let Some(authority) = &rule.authority {
                action["host_rewrite_literal"] = json!(authority);
            }
            if let Some(policy) = rule.retries.policy() {
                action["retry_policy"] = policy;
            }
            route["route"] = action;
        }
        Action::Direct { status, body } => {
            route["direct_response"] = json!({"status": status, "body": {"inline_string": body}});
        }
    }
    route
}

impl Retries {
    fn policy(&self) -> Option<Value> {
        let default = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
        let (attempts, on) = match self {
            Self::Never => return None,
            Self::Default => (2, default),
            Self::These { attempts, on } => (*attempts, on.as_deref().unwrap_or(default)),
        };
        // Words that are numbers are statuses.
        let (statuses, on): (Vec<&str>, Vec<&str>) = on.split(',').partition(|word| word.parse::<u16>().is_ok());
        let mut policy = json!({
            "retry_on": on.join(","),
            "num_retries": attempts,
            "host_selection_retry_max_attempts": "5",
            "retry_host_predicate": [{
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
                },
            }],
        });
        if !statuses.is_empty() {
            policy["retriable_status_codes"] = statuses.iter().filter_map(|status| status.parse::<u16>().ok()).collect();
        }
        Some(policy)
    }
}
