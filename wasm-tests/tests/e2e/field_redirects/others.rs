//! Redirects of other sources than upstreams: of a checksum database, of a policy bundle's source, and of storage.

use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{self, STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::wait;
use serde_json::json;

use super::{CREDENTIAL, SIGNATURE, guarded};

#[test]
fn a_checksum_database_and_a_policy_bundle_may_redirect() {
    let (sumdb, rules, cdn) = (Sumdb::of(Tree::sample().path()), Faulty::start(), Faulty::start());
    let (upstream, storage) = (Nginx::serving(Tree::sample().path()), Nginx::storage());
    let database = sumdb.addr();
    let front = Faulty::start();
    front.otherwise(|seen| {
        let to = format!("https://cdn.example{}?Signature={SIGNATURE}", seen.target);
        Reply::status(307).header("location", &to).served()
    });
    cdn.otherwise(move |seen| match seen.target.split_once('?') {
        Some(("/bundle", _)) => {
            let rules = json!({"version": 7, "rules": [{"modules": ["evil.example"], "action": "deny"}]});
            guarded(seen, &Reply::ok(rules.to_string()).etag("\"seven\""))
        }
        Some((path, _)) => {
            let answer = modgate_wasm_tests::http::get(database, path);
            guarded(seen, &Reply::status(answer.status).body(answer.body))
        }
        None => Reply::status(400).served(),
    });
    rules.otherwise(|seen| {
        let to = format!("//cdn.example{}?Signature={SIGNATURE}", seen.target);
        Reply::status(302).header("location", &to).served()
    });
    let endpoint = |cluster: &str, path: &str| {
        json!({"cluster": cluster, "url": format!("https://{cluster}.example{path}"),
               "headers": {"authorization": CREDENTIAL}, "redirects": {"*.example": "cdn"}})
    };
    let mut database = endpoint("sum", "");
    database["name"] = json!(Sumdb::NAME);
    database["key"] = json!(sumdb.key());
    let mut bundle = endpoint("rules", "/bundle");
    bundle["interval"] = json!("1s");
    let envoy = Envoy::gateway()
        .cluster(UPSTREAM, upstream.addr())
        .cluster(STORAGE, storage.addr())
        .cluster("sum", front.addr())
        .cluster("rules", rules.addr())
        .cluster("cdn", cdn.addr())
        .patch_plugin(&json!({"sumdb": [database], "policy": {"bundle": bundle}}))
        .start();
    let evil = "/evil.example/m/@v/v1.0.0.mod";
    wait::until("the bundle is in force", Duration::from_secs(10), || envoy.get(evil).status == 403);
    let go = Go::new(&envoy.url()).env("GOSUMDB", sumdb.key());
    go.mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
    let asked: Vec<_> = cdn.requests().into_iter().map(|seen| seen.target).collect();
    for part in ["/lookup/example.com/hello@v1.1.0", "/tile/"] {
        assert!(asked.iter().any(|target| target.starts_with(part)), "{part}: {asked:?}");
    }
    assert!(cdn.requests().iter().all(|seen| seen.header("authorization").is_none()));
    let unchanged = "wasmcustom.modgate.policy_bundle_polls_total.outcome.unchanged";
    wait::until("only its tag is asked for", Duration::from_secs(10), || envoy.stat(unchanged) > 0);
    assert!(cdn.requests().iter().any(|seen| seen.header("if-none-match") == Some("\"seven\"")));
    assert!(!envoy.log().contains(SIGNATURE));
    Row {
        kind: "redirects",
        fault: "a checksum database and the source of a policy bundle redirect to another host",
        spoken: "HTTP/1.1",
        client: "`go mod download` verifies through the gateway; the rules hold",
        asked: "each file once where it leads, without what is configured for the first host",
    }
    .seen();
}

/// S3 sends whoever asks in the wrong region to another address: a mistake in the configuration, and no "not found".
#[test]
fn a_storage_that_redirects_is_said_to_be_configured_wrongly() {
    let (upstream, storage) = (Faulty::start(), Faulty::start());
    let elsewhere = |_: &Seen| {
        Reply::status(301)
            .body("<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>")
            .header("content-type", "application/xml")
            .header("x-amz-bucket-region", "eu-west-1")
            .header("location", "https://b.s3.eu-west-1.amazonaws.com/x")
            .served()
    };
    storage.otherwise(elsewhere);
    let envoy =
        fixture::builder(upstream.addr(), storage.addr()).patch_plugin(&json!({"mode": "offline"})).start();
    for path in ["/example.com/m/@v/v1.0.0.mod", "/example.com/m/@v/v1.0.0.zip"] {
        let answer = envoy.get(path);
        assert_eq!(answer.status, 502, "{path}: {}", answer.text());
        for part in [
            "redirects to https://b.s3.eu-west-1.amazonaws.com",
            "the bucket is in eu-west-1",
            "configured wrongly",
        ] {
            assert!(answer.text().contains(part), "{path}: {}", answer.text());
        }
    }
    Row {
        kind: "redirects",
        fault: "storage redirects, as S3 does in the wrong region",
        spoken: "HTTP/1.1",
        client: "what upstreams have; else 502, which says that the address or region is wrong",
        asked: "storage once",
    }
    .seen();
}
