//! Envoy's clocks and the filter's, as shipped: none contradicts another, and `docs/clocks.md` says what they are.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use modgate::config::{
    Config,
    limits::{BODY_TIME, GATHER_TIME, RETRACTIONS_WAIT},
};
use modgate::shared::LEASE;
use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::tools::repository;
use serde_json::Value;

/// What Envoy does where nothing is said.
const DEFAULT_STREAM_IDLE: Duration = Duration::from_secs(300);
const DEFAULT_DELAYED_CLOSE: Duration = Duration::from_secs(1);
/// How long an answer takes once the filter has made up its mind, on a machine that has other work.
const MARGIN: Duration = Duration::from_secs(10);
/// What a routed request has beside its endpoint's `timeout`.
const CONNECT: Duration = Duration::from_secs(2);
/// For how long others keep a connection that has nothing to do: nginx, AWS, the go command.
const NGINX_KEEPS: Duration = Duration::from_secs(75);
const STORE_KEEPS: Duration = Duration::from_secs(20);
const GO_KEEPS: Duration = Duration::from_secs(90);

/// A configuration and what the filter makes of its part.
struct Shipped {
    name: &'static str,
    bootstrap: Bootstrap,
    plugin: Config,
}

/// Every configuration that people copy.
fn shipped() -> Vec<Shipped> {
    let all = [
        ("gateway.yaml", Bootstrap::gateway()),
        ("examples/egress-proxy", Bootstrap::example("egress-proxy/gateway.yaml")),
        ("examples/s3", Bootstrap::example("s3/gateway.yaml")),
        ("filter.yaml, pasted", Bootstrap::pasted()),
    ];
    all.map(|(name, mut bootstrap)| {
        let plugin = Config::parse(&bootstrap.plugin().to_string()).unwrap();
        Shipped { name, bootstrap, plugin }
    })
    .into()
}

fn duration(value: &Value) -> Option<Duration> {
    let seconds = value.as_str()?.strip_suffix('s')?.parse().ok()?;
    Some(Duration::from_secs_f64(seconds))
}

/// Every value under this key, wherever it stands.
fn everywhere<'a>(key: &str, value: &'a Value) -> Vec<&'a Value> {
    let inner: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    let below = inner.into_iter().flat_map(|inner| everywhere(key, inner));
    value.get(key).into_iter().chain(below).collect()
}

/// The route that takes downloads.
fn download(bootstrap: &Bootstrap) -> Value {
    let routes = everywhere("routes", bootstrap.value());
    let mut all = routes.into_iter().filter_map(Value::as_array).flatten();
    all.find(|route| route["name"] == "modgate-download").expect("a route for downloads").clone()
}

#[test]
fn nobody_who_waits_for_the_filter_is_ended_by_envoy() {
    for Shipped { name, mut bootstrap, plugin } in shipped() {
        let wait = plugin.fetch.wait;
        let idle = duration(&bootstrap.hcm()["stream_idle_timeout"]).unwrap_or(DEFAULT_STREAM_IDLE);
        // A request that has waited for a fetch can be a download that waits for its head.
        let longest = plugin.upstreams.iter().map(|upstream| upstream.endpoint.timeout).max().unwrap();
        assert!(idle >= wait + longest + CONNECT + MARGIN, "{name}: stream_idle_timeout {idle:?}");
        assert!(idle >= BODY_TIME + MARGIN, "{name}: a body that comes slowly gets its reason");
        let whole = duration(&bootstrap.hcm()["request_timeout"]).unwrap_or_default();
        assert!(whole.is_zero() || whole >= wait + MARGIN, "{name}: request_timeout {whole:?}");
        for routes in everywhere("routes", bootstrap.value()) {
            for route in routes.as_array().into_iter().flatten() {
                assert_eq!(route["route"]["idle_timeout"], Value::Null, "{name}: {route}");
            }
        }
        for upstream in &plugin.upstreams {
            assert!(upstream.endpoint.timeout < wait, "{name}: {}", upstream.name);
        }
        for sumdb in &plugin.sumdb {
            assert!(sumdb.endpoint.timeout < wait, "{name}: {}", sumdb.name);
        }
        let storage = plugin.storage.as_ref().unwrap().endpoint.timeout;
        assert!(plugin.upstreams.iter().all(|upstream| storage < upstream.endpoint.timeout), "{name}");
        assert!(plugin.fetch.zip_wait < wait && LEASE < storage, "{name}");
    }
}

#[test]
fn nothing_that_is_given_is_cut_by_envoy() {
    for Shipped { name, mut bootstrap, .. } in shipped() {
        let route = download(&bootstrap)["route"].clone();
        assert_eq!(route["timeout"], "0s", "{name}");
        for key in ["max_stream_duration", "per_try_timeout", "per_try_idle_timeout"] {
            assert_eq!(everywhere(key, bootstrap.value()), Vec::<&Value>::new(), "{name}: {key}");
        }
        let shared = name.contains("pasted");
        let close = duration(&bootstrap.hcm()["delayed_close_timeout"]).unwrap_or(DEFAULT_DELAYED_CLOSE);
        if shared {
            // It is others' too: filter.yaml says what to do about it, and changes nothing.
            assert_eq!(bootstrap.hcm()["delayed_close_timeout"], Value::Null);
            let text = fs::read_to_string(repository().join("envoy/filter.yaml")).unwrap();
            assert!(text.contains("delayed_close_timeout: 10s"), "what filter.yaml recommends");
            continue;
        }
        assert!(
            close.is_zero() || close >= Duration::from_secs(10),
            "{name}: delayed_close_timeout {close:?}"
        );
        let option = &bootstrap.value()["static_resources"]["listeners"][0]["socket_options"][0];
        assert_eq!((option["level"].as_u64(), option["name"].as_u64()), (Some(6), Some(18)), "{name}");
        let idle = duration(&bootstrap.hcm()["stream_idle_timeout"]).unwrap();
        let option = &bootstrap.value()["static_resources"]["listeners"][0]["socket_options"][0];
        let gone = option["int_value"].as_u64().map(Duration::from_millis).expect("a TCP_USER_TIMEOUT");
        assert!(gone <= idle && gone >= Duration::from_secs(60), "{name}: {gone:?}");
    }
}

#[test]
fn no_request_meets_the_close_of_its_connection() {
    for Shipped { name, mut bootstrap, plugin } in shipped() {
        if !name.contains("pasted") {
            let kept = duration(&bootstrap.hcm()["common_http_protocol_options"]["idle_timeout"]);
            assert!(kept.is_some_and(|kept| kept > GO_KEEPS), "{name}: {kept:?}");
        }
        let storage = plugin.storage.as_ref().unwrap();
        let named = |list: &[String]| list.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        for cluster in bootstrap.value()["static_resources"]["clusters"].as_array().unwrap() {
            // The clusters of the other applications are theirs.
            let Some(options) = cluster.get("typed_extension_protocol_options") else { continue };
            let idle = everywhere("idle_timeout", options);
            let idle = idle.first().and_then(|idle| duration(idle)).expect("an idle_timeout");
            let cluster_name = cluster["name"].as_str().unwrap();
            let store = cluster_name == storage.endpoint.cluster && name == "examples/s3";
            let keeps = if store { STORE_KEEPS } else { NGINX_KEEPS };
            assert!(idle < keeps, "{name}: {cluster_name} {idle:?}");
            let connect = duration(&cluster["connect_timeout"]).unwrap();
            let longest = if cluster_name == storage.endpoint.cluster {
                storage.endpoint.timeout
            } else {
                plugin.upstreams[0].endpoint.timeout
            };
            assert!(connect < longest, "{name}: {}", named(&[cluster_name.to_owned()]));
        }
    }
}

#[test]
fn the_table_says_what_is_shipped() {
    let mut gateway = Bootstrap::gateway();
    let plugin = Config::parse(&gateway.plugin().to_string()).unwrap();
    let seconds = |time: Duration| format!("{}s", time.as_secs());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let route = download(&gateway)["route"].clone();
    let hcm = gateway.hcm().clone();
    let listener = gateway.value()["static_resources"]["listeners"][0].clone();
    let idle =
        |cluster: &Value| text(everywhere("idle_timeout", &cluster["typed_extension_protocol_options"])[0]);
    let store = Bootstrap::example("s3/gateway.yaml").cluster("storage", "storage").clone();
    let script = fs::read_to_string(repository().join("envoy/drain.sh")).unwrap();
    let default = |name: &str| {
        let line = script.lines().find_map(|line| line.split_once(&format!("${{{name}:-")));
        line.and_then(|(_, rest)| rest.strip_suffix('}')).unwrap_or_default().to_owned()
    };
    let unset = |value: Vec<&Value>| if value.is_empty() { "-".to_owned() } else { "set".to_owned() };
    let whole = gateway.value().clone();
    let storage = gateway.cluster("storage", "storage").clone();
    let upstream = gateway.cluster("proxy_golang_org", "storage").clone();
    let expected: BTreeMap<&str, String> = [
        ("`stream_idle_timeout`", text(&hcm["stream_idle_timeout"])),
        ("`request_headers_timeout`", text(&hcm["request_headers_timeout"])),
        ("`request_timeout`", text(&hcm["request_timeout"])),
        ("`delayed_close_timeout`", text(&hcm["delayed_close_timeout"])),
        ("`idle_timeout` of clients", text(&hcm["common_http_protocol_options"]["idle_timeout"])),
        ("`max_connection_duration`", unset(everywhere("max_connection_duration", &whole))),
        ("`max_stream_duration`", unset(everywhere("max_stream_duration", &whole))),
        ("`timeout`", text(&route["timeout"])),
        ("`idle_timeout` of a route", unset(route.get("idle_timeout").into_iter().collect())),
        ("`per_try_timeout`", unset(everywhere("per_try_timeout", &whole))),
        ("`TCP_USER_TIMEOUT`", text(&listener["socket_options"][0]["int_value"])),
        ("`connect_timeout` of storage", text(&storage["connect_timeout"])),
        ("`connect_timeout` of upstreams", text(&upstream["connect_timeout"])),
        ("`idle_timeout` of servers", idle(&storage)),
        ("`idle_timeout` of object stores", idle(&store)),
        ("`--drain-time-s`", "-".to_owned()),
        ("`NOTICE`", default("NOTICE")),
        ("`LIMIT`", default("LIMIT")),
        ("`fetch.wait`", seconds(plugin.fetch.wait)),
        ("`fetch.zip_wait`", seconds(plugin.fetch.zip_wait)),
        ("go.mod of retractions", seconds(RETRACTIONS_WAIT)),
        ("`upstreams.timeout`", seconds(plugin.upstreams[0].endpoint.timeout)),
        ("body of a request", seconds(BODY_TIME)),
        ("gathering of a zip", seconds(GATHER_TIME)),
        ("`storage.timeout`", seconds(plugin.storage.as_ref().unwrap().endpoint.timeout)),
        ("lease", seconds(LEASE)),
    ]
    .into();
    assert_eq!(idle(&upstream), idle(&storage), "one row for both");
    let table = fs::read_to_string(repository().join("docs/clocks.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let said: BTreeMap<&str, String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 8, "{row}");
            (cells[1], cells[3].to_owned())
        })
        .collect();
    assert_eq!(said, expected);
}
