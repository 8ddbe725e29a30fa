//! What is accepted and what it becomes. What is refused, and how, is under `tests/`.

mod bundle;
mod refused;
mod robust;
mod warned;

use std::time::Duration;

use super::*;
use crate::gomod::{ModulePath, Pattern};

pub(super) const FULL: &str = include_str!("examples/full.json");

fn patterns(globs: &[&str]) -> Patterns {
    globs.iter().map(|glob| Pattern::parse(glob).unwrap()).collect()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn the_minimal_configuration_gets_every_default() {
    assert!(MINIMAL.lines().count() < 10);
    let expected = Config {
        matching: Match {
            hosts: Vec::new(),
            path_prefix: String::new(),
            mirror: None,
            vanity: Vec::new(),
            catalog: false,
            route_header: "x-modgate-cluster".to_owned(),
            host_header: "x-modgate-host".to_owned(),
        },
        upstreams: vec![Upstream {
            name: "proxy_golang_org".to_owned(),
            endpoint: Endpoint {
                cluster: "proxy_golang_org".to_owned(),
                authority: "proxy.golang.org".to_owned(),
                scheme: Scheme::Https,
                path_prefix: String::new(),
                headers: Vec::new(),
                timeout: seconds(120),
                http2: false,
                egress: None,
                redirects: Redirects::default(),
            },
            modules: None,
            fallback: Fallback::NotFound,
        }],
        private: Private { modules: Patterns::default(), nosumdb: Patterns::default() },
        sumdb: Vec::new(),
        verify: Verify { mode: Mode::Require, overrides: Vec::new() },
        storage: None,
        index: Index {
            found: Pages { count: 11_701, bytes: 8_176 },
            large: Pages { count: 987, bytes: 32_752 },
            missing: Pages { count: 503, bytes: 8_176 },
        },
        freshness: Freshness {
            list: seconds(60),
            latest: seconds(60),
            query: seconds(60),
            negative: seconds(30),
            presence: seconds(60),
            sumdb_latest: seconds(60),
            stale_while_revalidate: seconds(60),
            stale_if_error: seconds(86_400),
            client_no_cache: true,
        },
        fetch: Fetch {
            concurrent: 512,
            concurrent_per_upstream: 256,
            wait: seconds(150),
            zip_wait: seconds(15),
            zip_bytes: 8_388_608,
        },
        exposure: None,
        catalog: None,
        admin: Admin { path_prefix: "/-/".to_owned(), explain: Vec::new() },
        offline: false,
        policy: PolicySection::default(),
        advisories: AdvisoriesSection {
            sources: Vec::new(),
            stale_after: seconds(259_200),
            when_stale: WhenStale::Allow,
        },
        callers: Callers::default(),
        sync: Sync::default(),
        warnings: Vec::new(),
    };
    assert_eq!(Config::parse(MINIMAL), Ok(expected));
    assert_eq!(Config::parse_bytes(MINIMAL.as_bytes()), Config::parse(MINIMAL));
}

#[test]
fn the_full_configuration_says_it_all() {
    let config = Config::parse(FULL).unwrap();
    assert_eq!(
        config.matching.hosts,
        [
            HostPattern::Exact("goproxy.example.com".to_owned()),
            HostPattern::Suffix(".dev.example.com".to_owned())
        ]
    );
    assert_eq!(config.matching.path_prefix, "/goproxy");
    let gitlab = &config.upstreams[0];
    assert_eq!(gitlab.name, "gitlab");
    assert_eq!(gitlab.endpoint.cluster, "outbound|443||gitlab.corp.example.com");
    assert_eq!(gitlab.endpoint.path_prefix, "/api/v4/projects/7/packages/go");
    assert_eq!(gitlab.endpoint.headers, [("private-token".to_owned(), "a-secret".to_owned())]);
    assert_eq!(gitlab.endpoint.timeout, seconds(20));
    assert_eq!(gitlab.modules, Some(patterns(&["*.corp.example.com", "github.com/acme"])));
    assert_eq!(config.upstreams[1].fallback, Fallback::AnyError);
    assert_eq!(config.upstreams[2].name, "mirror_example_net");
    assert_eq!(config.upstreams[2].endpoint.path_prefix, "/go");
    let storage = config.storage.unwrap();
    assert!(storage.write);
    assert_eq!((storage.endpoint.scheme, storage.endpoint.timeout), (Scheme::Http, seconds(5)));
    assert_eq!(storage.endpoint.authority, "storage.internal:9000");
    assert_eq!((storage.dialect, storage.layout), (Dialect::S3, Layout::Goproxy));
    assert_eq!(storage.key_prefix, "go/modules/");
    assert_eq!(storage.reverify, Reverify::FirstRead);
    assert_eq!((storage.part_bytes, storage.parts_in_flight), (8_388_608, 2));
    assert_eq!(storage.gather_bytes, 134_217_728);
    let address = storage.delivery.address.as_ref().unwrap();
    assert_eq!(
        (address.authority.as_str(), address.path_prefix.as_str()),
        ("modules.example.com", "/modules")
    );
    assert_eq!(address.expires, seconds(300));
    let redirects = |module| storage.delivery.redirects(&ModulePath::parse(module).unwrap());
    assert!(redirects("example.com/m") && !redirects("git.corp.example.com/m"));
    // GOPRIVATE implies GONOSUMDB.
    assert_eq!(config.private.modules, patterns(&["*.corp.example.com", "github.com/acme"]));
    assert_eq!(
        config.private.nosumdb,
        patterns(&["*.corp.example.com", "github.com/acme", "go.partner.example.org"])
    );
    assert_eq!(config.sumdb[1].name, "sum.example.com");
    assert_eq!(config.sumdb[1].key.name(), "sum.example.com");
    let modules = patterns(&["go.unlisted.example.org"]);
    let unlisted = VerifyOverride { modules, mode: Mode::WhenAvailable };
    assert_eq!(config.verify, Verify { mode: Mode::Require, overrides: vec![unlisted] });
    assert_eq!(config.index, Index::of(256 << 20));
}

#[test]
fn a_storage_alone_is_a_configuration() {
    let config =
        Config::parse(r#"{"storage":{"cluster":"s","url":"http://s:80/x/","write":false}}"#).unwrap();
    let storage = config.storage.unwrap();
    assert_eq!(storage.endpoint.timeout, seconds(5));
    assert_eq!(storage.endpoint.path_prefix, "/x");
    assert!(!storage.write);
    assert_eq!((storage.dialect, storage.layout), (Dialect::Webdav, Layout::Goproxy));
    assert_eq!(storage.key_prefix, "");
    assert_eq!(storage.delivery, Delivery { zips: Zips::Stream, overrides: Vec::new(), address: None });
}

#[test]
fn what_is_printed_holds_no_secret() {
    let config = Config::parse(FULL).unwrap();
    assert_eq!(FULL.matches("a-secret").count(), 4);
    assert!(!format!("{config:?}").contains("a-secret"));
}

#[test]
fn an_address_that_is_signed_has_no_usual_port() {
    for (url, authority) in [
        ("https://H.example.com:443/b", "h.example.com"),
        ("http://h.example.com:80", "h.example.com"),
        ("https://h.example.com:80", "h.example.com:80"),
    ] {
        let config =
            format!(r#"{{"storage":{{"cluster":"s","url":"http://s","delivery":{{"url":"{url}"}}}}}}"#);
        let storage = Config::parse(&config).unwrap().storage.unwrap();
        assert_eq!(storage.delivery.address.unwrap().authority, authority);
    }
}

/// Whoever only shortens what all requests wait is not told off about one he never wrote.
#[test]
fn a_zip_waits_no_longer_than_anything_else() {
    for (wait, zip_wait) in [("10s", 10), ("15s", 15), ("4m", 15)] {
        let json = format!(r#"{{"storage":{{"cluster":"s","url":"http://s"}},"fetch":{{"wait":"{wait}"}}}}"#);
        assert_eq!(Config::parse(&json).unwrap().fetch.zip_wait, seconds(zip_wait), "{wait}");
    }
}

/// Spellings that differ and mean the same.
#[test]
fn values_are_normalised() {
    let of =
        |fields: &str| Config::parse(&format!(r#"{{"upstreams":[{{"cluster":"c",{fields}}}]}}"#)).unwrap();
    let plain = of(r#""url":"https://proxy.example.com""#);
    for fields in [
        r#""url":"https://proxy.example.com/""#,
        r#""url":"HTTPS://Proxy.Example.com""#,
        r#""authority":"proxy.example.com""#,
        r#""authority":"PROXY.example.com","path_prefix":"","scheme":"https","headers":{},"timeout":"120s""#,
        r#""authority":"proxy.example.com","path_prefix":"/","timeout":"1m 60s","fallback":"not_found""#,
        r#""url":"https://proxy.example.com","timeout":"120000ms","name":"proxy_example_com""#,
    ] {
        assert_eq!(of(fields), plain, "{fields}");
    }
    let whole = |index: &str| {
        Config::parse(&format!(
            r#"{{"upstreams":[{{"cluster":"c","url":"http://h"}}],"index":{index},"match":{{"route_header":"X-Route"}}}}"#
        ))
        .unwrap()
    };
    // protobuf's Struct, and with it Istio, knows doubles only
    assert_eq!(whole(r#"{"bytes":1048576.0}"#), whole(r#"{"bytes":1048576}"#));
    assert_eq!(whole("{}").matching.route_header, "x-route");
}

#[test]
fn names_come_from_the_authority() {
    for (authority, name) in [
        ("proxy.golang.org", "proxy_golang_org"),
        ("Athens:3000", "athens_3000"),
        ("[::1]:80", "___1__80"),
        ("a-very-long-host-name.in-a-domain.example.com", "a-very-long-host-name_in-a-domai"),
    ] {
        let json = format!(r#"{{"upstreams":[{{"cluster":"c","url":"http://{authority}"}}]}}"#);
        assert_eq!(Config::parse(&json).unwrap().upstreams[0].name, name);
    }
}

#[test]
fn hosts_match_without_port_and_case() {
    let exact = HostPattern::parse("GoProxy.example.com").unwrap();
    let below = HostPattern::parse("*.example.com").unwrap();
    let v6 = HostPattern::parse("[2001:DB8::1]").unwrap();
    for (pattern, authority, is_match) in [
        (&exact, "goproxy.example.com", true),
        (&exact, "GOPROXY.EXAMPLE.COM:8443", true),
        (&exact, "goproxy.example.com.", true),
        (&exact, "goproxy.example.com.:443", true),
        (&exact, "x.goproxy.example.com", false),
        (&exact, "", false),
        (&below, "a.example.com", true),
        (&below, "a.B.example.com:80", true),
        (&below, "example.com", false),
        (&below, ".example.com", false),
        (&below, "badexample.com", false),
        (&below, "é.example.com", true),
        (&below, "éexample.com", false),
        (&v6, "[2001:db8::1]", true),
        (&v6, "[2001:db8::1]:443", true),
        (&v6, "[2001:db8::2]:443", false),
    ] {
        assert_eq!(pattern.matches(authority), is_match, "{pattern:?} {authority}");
    }
}

#[test]
fn memory_is_bounded_by_what_the_index_says() {
    let config = Config::parse(MINIMAL).unwrap();
    let leases = u64::from(limits::LEASE_SLOTS * (limits::LEASE_BYTES + limits::KEY_OVERHEAD_BYTES));
    let spare = |index: Index, bytes: u32| u64::from(bytes).checked_sub(index.memory_bound_bytes() - leases);
    // Less than a page is left over.
    assert!(spare(config.index, 128 << 20).unwrap() < 10_000);
    for bytes in [32 << 10, 33_000, 100_000, 1 << 20, 2 << 30, u32::MAX] {
        let index = Index::of(bytes);
        assert!(spare(index, bytes).unwrap() < 10_000, "{bytes}: {index:?}");
        assert!(index.found.count > 0 && index.missing.count > 0, "{bytes}");
    }
}

#[test]
fn debug_shows_no_header_value() {
    let printed = format!("{:?}", Config::parse(FULL).unwrap());
    assert!(printed.contains("private-token") && !printed.contains("a-secret"), "{printed}");
}
