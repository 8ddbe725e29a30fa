use serde_json::{Value, json};

use super::*;

/// One of everything that has an identity, and of what has none.
const ALL: &str = r#"{
    "match": {"path_prefix": "/go"},
    "upstreams": [
        {"name": "corp", "cluster": "corp", "url": "http://corp.test/x", "headers": {"private-token": "t"},
         "modules": ["*.corp.test", "acme.test/m"], "redirects": {"cdn.test": "cdn", "*.b.test:8443": "b"}},
        {"cluster": "public", "url": "https://public.test", "fallback": "any_error", "http2": true}
    ],
    "storage": {"cluster": "store", "url": "http://store.test/m", "dialect": "s3", "layout": "athens",
                "key_prefix": "go", "reverify": "never", "delivery": {"zips": "redirect", "url": "https://z.test"}},
    "sumdb": [{"name": "sum.golang.org", "cluster": "sum", "url": "https://sum.test", "egress": "proxy:3128"}],
    "verify": {"mode": "when_available", "overrides": [{"modules": ["odd.test"], "mode": "off"}]},
    "private": {"modules": ["*.corp.test"], "nosumdb": ["partner.test"]},
    "policy": {"on_miss": {"mode": "redirect", "overrides": [{"modules": ["frozen.test"], "mode": "none"}]}},
    "mode": "offline"
}"#;

fn read(text: &str) -> (u64, u64) {
    let config = Config::parse(text).unwrap_or_else(|problems| panic!("{problems}"));
    let sources = fingerprint(&config);
    (sources, fetch_scope(&config, sources))
}

/// What was kept under a number has to be found under it again: after an update of the filter, the index would be empty.
#[test]
fn the_numbers_stay() {
    for (text, want) in [
        (ALL, (8_806_561_302_606_346_910, 3_915_161_525_306_735_455)),
        (
            r#"{"upstreams": [{"cluster": "c", "url": "http://h"}]}"#,
            (2_506_360_643_665_107_477, 2_506_360_643_665_107_477),
        ),
        (
            r#"{"upstreams": [{"cluster": "c", "url": "http://h", "redirects": {"a.test": "a"}}]}"#,
            (2_506_360_643_665_107_477, 15_365_265_477_762_749_035),
        ),
        (
            r#"{"storage": {"cluster": "c", "url": "http://h"}}"#,
            (117_342_512_101_543_375, 117_342_512_101_543_375),
        ),
        (
            r#"{"storage": {"cluster": "c", "url": "http://h", "layout": "athens_flat"}, "mode": "offline"}"#,
            (6_335_475_412_367_023_009, 13_690_278_677_403_156_140),
        ),
    ] {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn what_decides_where_answers_are_from_counts_and_nothing_else() {
    let (sources, fetch_scope) = read(ALL);
    for (place, value, sources_differ, reach_differs) in [
        ("/upstreams/0/cluster", json!("other"), true, true),
        ("/upstreams/0/url", json!("http://corp.test/y"), true, true),
        ("/upstreams/0/headers", json!({"private-token": "u"}), true, true),
        ("/upstreams/0/modules", json!(["*.corp.test"]), true, true),
        ("/upstreams/0/fallback", json!("any_error"), true, true),
        ("/upstreams/0/name", json!("other"), false, false),
        ("/upstreams/0/timeout", json!("1s"), false, false),
        ("/upstreams/0/http2", json!(true), false, false),
        ("/upstreams/0/egress", json!("proxy:3128"), false, false),
        ("/upstreams/0/redirects", json!({}), false, true),
        ("/storage/url", json!("http://store.test/n"), true, true),
        ("/storage/layout", json!("goproxy"), true, true),
        ("/storage/key_prefix", json!("went"), true, true),
        ("/storage/reverify", json!("always"), true, true),
        ("/storage/dialect", json!("webdav"), false, false),
        ("/storage/listing", json!("autoindex"), false, false),
        ("/storage/write", json!(false), false, false),
        ("/storage/part_bytes", json!(6_000_000), false, false),
        ("/storage/parts_in_flight", json!(1), false, false),
        ("/storage/gather_bytes", json!(0), false, false),
        ("/storage/delivery", json!({}), false, false),
        ("/sumdb/0/url", json!("https://else.test"), true, true),
        ("/sumdb/0/redirects", json!({"a.test": "a"}), false, true),
        ("/verify/mode", json!("require"), true, true),
        ("/verify/overrides", json!([]), true, true),
        ("/private/modules", json!([]), true, true),
        ("/private/nosumdb", json!([]), true, true),
        ("/policy/on_miss/mode", json!("fetch"), false, true),
        ("/policy/on_miss/overrides", json!([]), false, true),
        ("/policy/rules", json!([{"modules": ["*"], "action": "deny"}]), false, false),
        ("/policy/default", json!("deny"), false, false),
        ("/policy/bundle", json!({"cluster": "c", "url": "http://h"}), false, false),
        ("/mode", json!("online"), false, true),
        ("/match", json!({}), false, false),
        ("/index", json!({"bytes": 1_000_000}), false, false),
        ("/freshness", json!({"list": "7s"}), false, false),
        ("/fetch", json!({"zip_bytes": 0}), false, false),
        ("/callers", json!({"principals": [{"header": "x-user", "trusted": true}]}), false, false),
        ("/admin", json!({"path_prefix": "/-/x/"}), false, false),
    ] {
        let mut changed: Value = serde_json::from_str(ALL).unwrap();
        let (around, key) = place.rsplit_once('/').unwrap();
        changed.pointer_mut(around).unwrap()[key] = value;
        let now = read(&changed.to_string());
        assert_eq!((now.0 != sources, now.1 != fetch_scope), (sources_differ, reach_differs), "{place}");
    }
}
