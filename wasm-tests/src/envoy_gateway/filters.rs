//! HTTP filters: what they are called, in which order they stand, and what switches them on.

use serde_json::{Value, json};

use super::All;
use super::api::{Code, RateLimit};

const WASM: &str = "envoy.filters.http.wasm";
const LOCAL_RATE_LIMIT: &str = "envoy.filters.http.local_ratelimit";
const ROUTER: &str = "envoy.filters.http.router";

/// The list of a connection manager.
pub(super) fn of(all: &All) -> Result<Vec<Value>, String> {
    let mut filters = Vec::new();
    for (n, wasm) in all.extension.spec.wasm.iter().enumerate() {
        let Code::Image { image } = &wasm.code;
        if !image.url.contains("@sha256:") {
            return Err(format!("{}: an image without its digest", all.extension.place));
        }
        filters.push((200 + n, json!({
            "name": format!("{WASM}/{}", policy(all, n)),
            "disabled": true,
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": {
                    "name": wasm.name,
                    "vm_config": {"vm_id": policy(all, n), "runtime": "envoy.wasm.runtime.v8", "code": {}},
                    "configuration": {
                        "@type": "type.googleapis.com/google.protobuf.StringValue",
                        "value": wasm.config.to_string(),
                    },
                },
            },
        })));
    }
    if all.traffic.spec.rate_limit.is_some() {
        filters.push((302, json!({
            "name": LOCAL_RATE_LIMIT,
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
                "stat_prefix": "http_local_rate_limiter",
            },
        })));
    }
    filters.push((310, json!({
        "name": ROUTER,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers": true,
        },
    })));
    filters.sort_by_key(|(order, _)| *order);
    let mut filters: Vec<Value> = filters.into_iter().map(|(_, filter)| filter).collect();
    for position in &all.proxy.spec.filter_order {
        let is = |filter: &Value, kind: &str| filter["name"].as_str().is_some_and(|name| name.starts_with(kind));
        // Those of its kind move behind the last of the other; where there is none they stay.
        if filters.iter().any(|filter| is(filter, &position.after)) {
            let (moved, mut rest): (Vec<_>, Vec<_>) = filters.into_iter().partition(|filter| is(filter, &position.name));
            let at = rest.iter().rposition(|filter| is(filter, &position.after)).map_or(0, |at| at + 1);
            rest.splice(at..at, moved);
            filters = rest;
        }
    }
    Ok(filters)
}

/// What each route of the gateway says of them.
pub(super) fn on_routes(all: &All) -> Vec<(String, Value)> {
    let on = json!({"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}});
    let wasm = (0..all.extension.spec.wasm.len()).map(|n| (format!("{WASM}/{}", policy(all, n)), on.clone()));
    let limits = all.traffic.spec.rate_limit.iter().map(|RateLimit::Local { local }| {
        let always = json!({"default_value": {"numerator": 100}});
        let [rule] = &local.rules;
        let limit = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "http_local_rate_limiter",
            "token_bucket": {"max_tokens": rule.limit.requests, "tokens_per_fill": rule.limit.requests, "fill_interval": "3600s"},
            "filter_enabled": always,
            "filter_enforced": always,
        });
        (LOCAL_RATE_LIMIT.to_owned(), limit)
    });
    wasm.chain(limits).collect()
}

fn policy(all: &All, n: usize) -> String {
    format!("envoyextensionpolicy/{}/{}/wasm/{n}", all.extension.namespace, all.extension.name)
}
