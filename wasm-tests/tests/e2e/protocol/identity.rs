//! Who is told what: a client's secrets stay here, the gateway's own go where they belong.

use std::collections::BTreeSet;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::fixture::{self, Scripted};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::{at_two_workers, wait};
use serde_json::json;

at_two_workers!(a_client_s_secrets_stay_here_and_the_gateway_s_own_go_where_they_belong);

/// A client with everything that could give it away.
fn revealing(method: &str, target: &str) -> Request {
    Request::new(method, target)
        .header("authorization", "Bearer client-secret")
        .header("proxy-authorization", "Basic client-secret")
        .header("cookie", "client-secret=1")
        .header("x-forwarded-for", "192.0.2.7")
        .header("forwarded", "for=192.0.2.7")
        .header("x-real-ip", "192.0.2.7")
        .header("x-envoy-external-address", "192.0.2.7")
        .header("x-envoy-original-path", "/client-secret")
        .header("referer", "http://client-secret.example.com/")
        .header("user-agent", "client-secret/1.0")
        .header("x-api-key", "client-secret")
        .header("accept-language", "client-secret")
        .header("accept-encoding", "gzip, client-secret")
}

/// What anybody behind the gateway may be told, callouts and downloads alike.
const TOLD: [&str; 10] = [
    // Always the coding that is none.
    "accept-encoding",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    // Of Envoy's own making, on what the filter asks by itself.
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-internal",
    // Its own name, once more: the route that reads it cannot remove it.
    "x-modgate-host",
    "x-tenant",
];

/// What of a zip is fetched by the filter itself.
const OURS: (&str, &str) = ("range", "bytes=0-8388607");

#[track_caller]
fn assert_discreet(seen: &Seen, authorization: Option<&str>) {
    let what = format!("{} {} {:?}", seen.method, seen.target, seen.headers);
    let told = |name: &str, value: &str| TOLD.contains(&name) || (name, value) == OURS;
    assert!(seen.headers.iter().all(|(name, value)| told(name, value)), "{what}");
    assert!(!what.contains("client-secret") && !what.contains("192.0.2.7"), "{what}");
    assert_eq!(seen.header("authorization"), authorization, "{what}");
    assert_eq!(seen.header("accept-encoding"), Some("identity"), "{what}");
    assert!(seen.header("user-agent").is_some_and(|agent| agent.starts_with("modgate/")), "{what}");
}

fn a_client_s_secrets_stay_here_and_the_gateway_s_own_go_where_they_belong(workers: u32) {
    // A cold zip is fetched by the filter itself and put into storage, or streamed by Envoy.
    told_by_downloads(workers, 8 << 20, &["GET"], &["GET", "HEAD", "PUT"]);
    told_by_downloads(workers, 0, &["GET", "HEAD"], &["HEAD"]);
}

/// `upstream_zip` and `storage_zip` are the methods by which they are asked for the zip that only the upstream has at first.
fn told_by_downloads(workers: u32, zip_bytes: u32, upstream_zip: &[&str], storage_zip: &[&str]) {
    let (upstream, storage, tree) = (Faulty::start(), Faulty::start(), tempfile::tempdir().unwrap());
    let database = Sumdb::of(tree.path());
    let sumdb = fixture::relay(database.addr());
    let (fetched, stored) =
        (Module::new("example.com/fetched", "v1.0.0"), Module::new("example.com/stored", "v1.0.0"));
    upstream.serve(&fetched);
    for (kind, reply) in [("zip", Reply::ok(stored.zip())), ("mod", Reply::ok(stored.go_mod()))] {
        storage.on(&stored.url(kind), reply);
    }
    storage.keep(&fetched.url("zip"));
    [&fetched, &stored].into_iter().for_each(|module| module.write_to(tree.path()));
    let envoy = Envoy::gateway()
        .cluster(fixture::UPSTREAM, upstream.addr())
        .cluster(fixture::STORAGE, storage.addr())
        .cluster("sum_golang_org", sumdb.addr())
        .concurrency(workers)
        .plugin(&json!({
            "fetch": {"zip_bytes": zip_bytes},
            "upstreams": [{"name": "corp", "cluster": fixture::UPSTREAM, "url": "https://corp.example.com:8443",
                           "headers": {"authorization": "Bearer gateway", "x-tenant": "7"}}],
            "storage": {"cluster": fixture::STORAGE, "url": "http://storage.internal",
                        "headers": {"authorization": "Basic store"}},
            "sumdb": [{"name": Sumdb::NAME, "key": database.key(), "cluster": "sum_golang_org",
                       "url": "https://sum.test"}]
        }))
        .edit(|bootstrap| bootstrap.confide("x-tenant"))
        .start();
    for method in ["GET", "HEAD"] {
        for path in [
            fetched.list_url(),
            "/example.com/fetched/@latest".to_owned(),
            fetched.url("info"),
            fetched.url("mod"),
            fetched.url("zip"),
            stored.url("mod"),
            stored.url("zip"),
            "/sumdb/sum.test/latest".to_owned(),
            "/-/readyz".to_owned(),
        ] {
            assert_eq!(envoy.send(&revealing(method, &path)).status, 200, "{method} {path}");
        }
    }
    wait::until("four documents are written", std::time::Duration::from_secs(10), || {
        storage.requests().iter().filter(|seen| seen.method == "PUT").count() >= 4
    });
    for seen in upstream.requests() {
        assert_discreet(&seen, Some("Bearer gateway"));
        assert_eq!(
            (seen.header("x-tenant"), seen.header("host")),
            (Some("7"), Some("corp.example.com:8443"))
        );
    }
    for seen in storage.requests() {
        assert_discreet(&seen, Some("Basic store"));
        assert_eq!((seen.header("x-tenant"), seen.header("host")), (None, Some("storage.internal")));
    }
    for seen in sumdb.requests() {
        assert_discreet(&seen, None);
    }
    let methods = |server: &Faulty, zip: &Module| {
        let seen = server.requests_for(&zip.url("zip"));
        seen.iter().map(|seen| seen.method.clone()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(methods(&upstream, &fetched), upstream_zip, "downloads as well");
    assert_eq!(methods(&storage, &fetched), storage_zip);
    assert_eq!(methods(&storage, &stored), ["GET", "HEAD"]);
    assert_eq!(sumdb.hits("/latest"), 1);
    for module in [&fetched, &stored] {
        assert_eq!(sumdb.hits(&format!("/lookup/{}", module.query())), 1, "what is given is proven");
    }
}

#[test]
fn what_says_which_bytes_goes_along_with_a_download() {
    for (zip_bytes, from) in [(0, "upstream"), (8 << 20, "storage")] {
        let stack = Scripted::with(&json!({"fetch": {"zip_bytes": zip_bytes}}), |builder| builder);
        let module = Module::new("example.com/m", "v1.0.0");
        stack.upstream.serve(&module);
        stack.storage.keep(&module.url("zip"));
        let conditions = [
            ("range", "bytes=0-9"),
            ("if-range", "\"a\""),
            ("if-modified-since", "Tue, 02 Jan 2024 03:04:05 GMT"),
            ("if-unmodified-since", "Mon, 02 Jan 2034 03:04:05 GMT"),
            ("if-match", "*"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("tracestate", "a=b"),
        ];
        let asked = conditions
            .iter()
            .fold(revealing("GET", &module.url("zip")), |asked, (name, value)| asked.header(name, value));
        let answer = stack.envoy.send(&asked);
        // What is read along on its way is asked for whole.
        let (status, length) = if from == "upstream" { (200, module.zip().len()) } else { (206, 10) };
        assert_eq!((answer.status, answer.header("x-modgate-cache")), (status, Some(from)));
        assert_eq!(answer.length, length);
        assert!(module.zip().to_vec().starts_with(&answer.body));
        let mut upstream = stack.upstream.requests_for(&module.url("zip"));
        // Where it is, the filter asks itself.
        upstream.retain(|seen| seen.header("range") != Some("bytes=0-0"));
        let storage = stack.storage.requests_for(&module.url("zip"));
        let (seen, filter_s_own) = if from == "upstream" {
            (&upstream[0], &storage[..])
        } else {
            // One client's part is no copy for all.
            assert_discreet(&upstream[0], None);
            (&storage[2], &storage[..2])
        };
        for (name, value) in conditions {
            let goes = from == "storage" || name.starts_with("trace");
            assert_eq!(seen.header(name), goes.then_some(value), "{name}");
        }
        let others: Vec<&str> = seen
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !TOLD.contains(name) && !conditions.iter().any(|(known, _)| known == name))
            .collect();
        assert!(others.is_empty(), "{others:?}");
        assert!(!filter_s_own.is_empty());
        filter_s_own.iter().for_each(|seen| assert_discreet(seen, None));
        // The rest of the version that went into storage.
        let rest = [stack.upstream.requests(), stack.storage.requests()].concat();
        rest.iter()
            .filter(|seen| !seen.target.ends_with(".zip"))
            .for_each(|seen| assert_discreet(seen, None));
    }
}
