//! Which statistics are kept, and which parts of their names are labels.

use serde_json::{Value, json};

use super::proxy_config::ProxyConfig;

/// `stats_config` of the bootstrap, as Istio writes it: tags of its own, those that were asked for before some of them, and no others.
pub(super) fn config(settings: &ProxyConfig) -> Value {
    let tag = |name: &str, regex: &str| json!({"tag_name": name, "regex": regex});
    let mut tags = vec![
        // What is counted by a name of many dots ends it with a semicolon.
        tag("cluster_name", r"^cluster(\.(.+);)"),
        tag("response_code", r"_rq(_(\d{3}))$"),
        tag("response_code_class", r"_rq(_(\dxx))$"),
    ];
    tags.extend(settings.extra_stat_tags.iter().map(|name| tag(name, &format!(r"({name}=\.=(.*?);\.;)"))));
    tags.extend([
        tag("cache", r"(cache\.(.+?)\.)"),
        tag("component", r"(component\.(.+?)\.)"),
        tag("tag", r"(tag\.(.+?);\.)"),
        tag("wasm_filter", r"(wasm_filter\.(.+?)\.)"),
        tag("authz_enforce_result", r"rbac(\.(allowed|denied))"),
    ]);
    let asked = settings.proxy_stats_matcher.inclusion_prefixes.iter().map(String::as_str);
    let prefixes = ["reporter="].into_iter().chain(asked).chain(REQUIRED);
    let patterns: Vec<Value> = prefixes
        .map(|prefix| json!({"prefix": prefix}))
        .chain(SUFFIXES.map(|suffix| json!({"suffix": suffix})))
        .collect();
    json!({
        "use_all_default_tags": false,
        "stats_tags": tags,
        "stats_matcher": {"inclusion_list": {"patterns": patterns}},
    })
}

/// What is kept whatever is asked for.
const REQUIRED: [&str; 7] =
    ["cluster_manager", "listener_manager", "server", "cluster.xds-grpc", "wasm", "component", "istio"];
const SUFFIXES: [&str; 4] = ["rbac.allowed", "rbac.denied", "shadow_allowed", "shadow_denied"];
