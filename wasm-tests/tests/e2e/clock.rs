//! Ages by the log of the checksum database: a real one, whose log grows as it is asked, and the real go command.
//!
//! Envoy's clock cannot be set. What a gateway has remembered for days is put into storage before it starts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use modgate_wasm_tests::fixture::{Proving, Stack};
use modgate_wasm_tests::http;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::{at_two_workers, wait};
use serde_json::{Value, json};

at_two_workers!(a_commit_that_is_dated_back_is_as_young_as_its_record);

const MODULE: &str = "example.com/acme/aged";
const CLOCK: &str = "clock/sum.test";
const DAY: u64 = 24 * 60 * 60;

fn rules(clock: &str) -> Value {
    let rule = json!({"name": "young", "modules": ["*"], "action": "cooldown", "age": "7d"});
    json!({"policy": {"clock": clock, "rules": [rule]}, "freshness": {"list": "0s", "latest": "0s", "negative": "0s"}})
}

/// A version whose commit says that it is from long ago.
fn dated_back(version: &str) -> Module {
    Module::new(MODULE, version).published("2019-01-01T00:00:00Z")
}

/// The database's log has it from now on.
#[track_caller]
fn record(sumdb: &Sumdb, module: &Module) {
    let lookup = http::get(sumdb.addr(), &format!("/lookup/{}", module.query()));
    assert_eq!(lookup.status, 200, "{}", lookup.text());
}

fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What a gateway would have stored that has seen the log at these sizes, so many days ago.
fn remembered(sumdb: &Sumdb, pairs: &[(u64, u64)]) -> String {
    let lines = pairs.iter().map(|(size, days)| format!("{size} {}\n", unix_time() - days * DAY));
    std::iter::once(format!("modgate clock of {}\n", sumdb.key())).chain(lines).collect()
}

/// How many records the log has.
fn size(sumdb: &Sumdb) -> u64 {
    let head = http::get(sumdb.addr(), "/latest");
    head.text().lines().nth(1).and_then(|size| size.parse().ok()).expect("a size")
}

#[track_caller]
fn wait_remembered(site: &Proving) {
    wait::until("the log was looked at", Duration::from_secs(20), || site.store.object(CLOCK).is_some());
}

fn a_commit_that_is_dated_back_is_as_young_as_its_record(workers: u32) {
    let mut site = Proving::with(workers, &rules("log"));
    let (old, new) = (dated_back("v1.0.0"), dated_back("v1.1.0"));
    for module in [&old, &new] {
        site.has(module);
    }
    site.upstream.serve_all(&[old.clone(), new.clone()]);
    record(&site.sumdb, &old);
    let before = size(&site.sumdb);
    wait_remembered(&site);
    // It was in the log when the gateway began to look, a month ago; the other came just now.
    site.store.put(CLOCK, remembered(&site.sumdb, &[(before, 30)]).as_bytes());
    site.restart();
    assert_eq!(site.go().list_versions(MODULE), ["v1.0.0"]);
    assert_eq!(site.go().resolve(&format!("{MODULE}@latest")), "v1.0.0");
    site.go().get(&old.query()).expect_ok();
    let run = site.go().get(&new.query());
    assert!(
        !run.ok() && run.stderr.contains("403 Forbidden") && run.stderr.contains("young"),
        "{}",
        run.stderr
    );
    for kind in ["info", "mod", "zip"] {
        assert_eq!(site.envoy.get(&new.url(kind)).status, 403, "{kind}");
    }
    assert_eq!(site.upstream.hits(&new.url("zip")), 0);
    // The gateway has noted, meanwhile, how large the log is.
    wait::until("the pairs are stored", Duration::from_secs(20), || {
        site.store.object(CLOCK).is_some_and(|text| String::from_utf8_lossy(&text).lines().count() >= 2)
    });
    // Had it been there six days ago, and eight.
    let after = size(&site.sumdb);
    assert!(after > before);
    for (days, is_old_enough) in [(6, false), (8, true)] {
        site.settle();
        site.store.put(CLOCK, remembered(&site.sumdb, &[(before, 30), (after, days)]).as_bytes());
        site.restart();
        let run = site.go().get(&new.query());
        assert_eq!(run.ok(), is_old_enough, "{days}: {}", run.stderr);
        let newest = if is_old_enough { "v1.1.0" } else { "v1.0.0" };
        assert_eq!(site.go().resolve(&format!("{MODULE}@latest")), newest);
    }
}

/// By the other clock an author is believed.
#[test]
fn by_its_info_it_is_given_at_once() {
    let site = Proving::with(2, &rules("info"));
    let new = dated_back("v1.1.0");
    site.has(&new);
    site.go().get(&format!("{MODULE}@latest")).expect_ok();
    assert!(site.store.object(CLOCK).is_none());
}

#[test]
fn a_gateway_that_cannot_read_what_it_remembers_gives_nothing_and_says_why() {
    let mut patch = rules("log");
    patch["fetch"] = json!({"wait": "3s", "zip_wait": "1s"});
    let mut site = Proving::with(2, &patch);
    let old = dated_back("v1.0.0");
    site.has(&old);
    wait_remembered(&site);
    site.settle();
    site.store.put(CLOCK, b"junk");
    site.restart();
    let got = site.envoy.get(&old.url("mod"));
    assert_eq!(got.status, 504, "{}", got.text());
    assert!(got.text().contains("how old the log is"), "{}", got.text());
    assert!(site.envoy.log().contains("clock/sum.test, by which versions are dated"));
}

/// nginx makes the folders, and gives back what it took.
#[test]
fn a_webdav_server_remembers_it_too() {
    let tree = tempfile::TempDir::new().unwrap();
    let sumdb = Sumdb::of(tree.path());
    let mut patch = rules("log");
    patch["sumdb"] = sumdb.configured();
    patch["admin"] = json!({"explain": ["@anonymous"]});
    let stack = Stack::with(&patch, |builder| builder.cluster(Sumdb::CLUSTER, sumdb.addr()));
    wait::until("the pairs are stored", Duration::from_secs(20), || {
        stack.storage.files().contains_key(CLOCK)
    });
    let text = String::from_utf8(stack.storage.files()[CLOCK].clone()).unwrap();
    assert!(text.starts_with(&format!("modgate clock of {}\n", sumdb.key())), "{text}");
    wait::until("it was recalled", Duration::from_secs(20), || {
        let status = stack.get("/-/status").json();
        status["checksum_databases"][0]["clock"]["recalled"] == json!(true)
    });
}
