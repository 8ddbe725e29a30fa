//! The go command verifies against a real checksum database that it reaches through the gateway alone.

use std::net::SocketAddr;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tree::Tree;
use serde_json::{Value, json};

const MODULE: &str = "example.com/hello@v1.1.0";

struct Site {
    sumdb: Sumdb,
    envoy: Envoy,
    /// Kept alive.
    servers: (Option<Nginx>, Nginx),
}

fn site(workers: u32, nosumdb: &[&str]) -> Site {
    let upstream = Nginx::serving(Tree::sample().path());
    let mut site = site_of(upstream.addr(), workers, &json!({"private": {"nosumdb": nosumdb}}));
    site.servers.0 = Some(upstream);
    site
}

/// Only the gateway can resolve the database's name, so all that the go command learns of it comes through the gateway.
fn site_of(upstream: SocketAddr, workers: u32, patch: &Value) -> Site {
    let (sumdb, storage) = (Sumdb::of(Tree::sample().path()), Nginx::storage());
    let envoy = fixture::builder(upstream, storage.addr())
        .concurrency(workers)
        .cluster(Sumdb::CLUSTER, sumdb.addr())
        .patch_plugin(&json!({"sumdb": sumdb.configured()}))
        .patch_plugin(patch)
        .start();
    Site { sumdb, envoy, servers: (None, storage) }
}

fn go(site: &Site) -> Go {
    Go::new(&site.envoy.url()).env("GOSUMDB", site.sumdb.key())
}

#[test]
fn modules_are_verified_through_the_gateway() {
    for workers in [1, 4] {
        let site = site(workers, &[]);
        go(&site).mod_download(&[MODULE, "example.com/Acme/Words@v0.3.0"]).expect_ok();
        assert!(site.envoy.metric("callouts_total.target.sumdb.outcome.ok") >= 2, "lookups went through it");
        assert_eq!(site.envoy.metrics("requests_total.kind.sumdb.cache.none.class.5xx"), 0);
    }
}

#[test]
fn what_was_verified_once_is_verified_again_without_the_database() {
    let site = site(2, &[]);
    go(&site).mod_download(&[MODULE]).expect_ok();
    site.sumdb.stop();
    go(&site).mod_download(&[MODULE]).expect_ok();
    let new = go(&site).mod_download(&["example.com/hello@v1.0.0"]);
    assert!(!new.ok(), "what nobody looked up before cannot be verified: {}", new.stdout);
}

#[test]
fn a_module_that_is_not_what_the_database_knows_is_refused() {
    // Other bytes under the same name; the database knows the sample's.
    let forged = Faulty::start();
    forged.serve(&Module::new("example.com/hello", "v1.1.0"));
    for (mode, who) in [
        ("require", "bad answer from upstream golang: the checksum database says h1:"),
        ("off", "checksum mismatch"),
    ] {
        let site = site_of(forged.addr(), 1, &json!({"verify": {"mode": mode}}));
        let run = go(&site).mod_download(&[MODULE]);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(!run.ok() && said.contains(who), "{mode}: {said}");
        // A client that believes whatever it is given gets it where nobody else has looked.
        let trusting = Go::new(&site.envoy.url()).mod_download(&[MODULE]);
        assert_eq!(trusting.ok(), mode == "off", "{mode}: {}{}", trusting.stdout, trusting.stderr);
    }
}

#[test]
fn a_module_that_no_database_may_hear_of_is_not_looked_up() {
    let site = site(1, &["example.com/hello"]);
    let run = go(&site).mod_download(&[MODULE]);
    assert!(!run.ok());
    assert!(format!("{}{}", run.stdout, run.stderr).contains("GONOSUMDB"), "{}{}", run.stdout, run.stderr);
    assert_eq!(site.envoy.metric("refusals_total.reason.nosumdb"), 1);
    go(&site).env("GONOSUMDB", "example.com/hello").mod_download(&[MODULE]).expect_ok();
}

#[test]
fn a_database_that_is_not_served_is_left_to_the_client() {
    let site = site(1, &[]);
    let response = site.envoy.get("/sumdb/other.test/supported");
    assert_eq!((response.status, response.header("content-type")), (404, Some("text/plain; charset=utf-8")));
    assert_eq!(site.envoy.get("/sumdb/sum.test/supported").status, 200);
}
