//! The lies of the harness' checksum database, and its tampered zips, as the real go command sees them: each must be wrong
//! in its own way, and only in that.

use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::go::{Go, Run};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tamper::Tampering;
use modgate_wasm_tests::tree::Tree;
use serde_json::{Value, json};
use tempfile::TempDir;

const MODULE: &str = "example.com/hello@v1.1.0";
const OTHER: &str = "example.com/greet@v1.0.0";

struct Site {
    upstream: Nginx,
    sumdb: Sumdb,
}

impl Site {
    fn start() -> Self {
        let tree = Tree::sample();
        Self { upstream: Nginx::serving(tree.path()), sumdb: Sumdb::after(700, tree.path()) }
    }

    /// A go command that asks the database itself.
    fn go(&self) -> Go {
        let database = format!("{} http://{}", self.sumdb.key(), self.sumdb.addr());
        Go::new(&format!("http://{}", self.upstream.addr())).env("GOSUMDB", &database)
    }
}

#[track_caller]
fn assert_fails(run: &Run, why: &str) {
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!run.ok() && said.contains(why), "{why}: {said}");
}

#[test]
fn every_lie_about_a_lookup_is_seen_through_and_the_truth_is_not_spoilt() {
    let site = Site::start();
    for (lie, why) in [
        ("wrong-key", "no verifiable signatures"),
        ("bad-signature", "invalid signature"),
        ("other-module", "checksum missing from sumdb response"),
        ("not-in-tree", "cannot authenticate record data"),
        ("missing", "404"),
    ] {
        site.sumdb.lie(&json!({"lookup": {MODULE: lie}}));
        assert_fails(&site.go().mod_download(&[MODULE]), why);
        site.go().mod_download(&[OTHER]).expect_ok();
        site.sumdb.be_honest();
        site.go().mod_download(&[MODULE]).expect_ok();
    }
}

#[test]
fn every_lie_about_the_tree_is_seen_through() {
    let site = Site::start();
    let fails = |lies: &Value, why: &str| {
        site.sumdb.lie(lies);
        assert_fails(&site.go().mod_download(&[MODULE]), why);
        site.sumdb.be_honest();
        site.go().mod_download(&[MODULE]).expect_ok();
    };
    fails(&json!({"tiles": true}), "tile");
    fails(&json!({"status": 503}), "503");
}

#[test]
fn who_has_seen_the_tree_before_its_fork_notices() {
    let site = Site::start();
    let go = site.go();
    go.mod_download(&[MODULE]).expect_ok();
    site.sumdb.lie(&json!({"fork": 3}));
    assert_fails(&go.mod_download(&[OTHER]), "checking tree#701 against tree#702");
    site.go().mod_download(&[OTHER]).expect_ok();
}

#[test]
fn a_module_that_comes_into_the_tree_later_is_hashed_then() {
    let dir = TempDir::new().unwrap();
    let (upstream, sumdb) = (Nginx::serving(dir.path()), Sumdb::of(dir.path()));
    let module = Module::new("example.com/Later", "v1.0.0-RC1").padded(100_000);
    module.write_to(dir.path());
    let database = format!("{} http://{}", sumdb.key(), sumdb.addr());
    let go = Go::new(&format!("http://{}", upstream.addr())).env("GOSUMDB", &database);
    go.mod_download(&[&module.query()]).expect_ok();
    assert!(sumdb.asked().contains(&"/lookup/example.com/!later@v1.0.0-!r!c1".to_owned()));
}

#[test]
fn tampered_zips_are_refused_by_go_or_are_known_to_pass() {
    let dir = TempDir::new().unwrap();
    let module = Module::new("example.com/tampered", "v1.0.0").file("a.txt", "one").file("b.txt", "two");
    module.write_to(dir.path());
    let sumdb = Sumdb::of(dir.path());
    let database = format!("{} http://{}", sumdb.key(), sumdb.addr());
    let upstream = Faulty::start();
    upstream.serve(&module);
    for how in Tampering::ALL {
        upstream.on(&module.url("zip"), Reply::ok(how.of(&module.zip().to_vec())));
        let go = Go::new(&format!("http://{}", upstream.addr())).env("GOSUMDB", &database);
        let run = go.mod_download(&[&module.query()]);
        assert_eq!(run.ok(), how.go_takes_it(), "{how:?}: {}{}", run.stdout, run.stderr);
    }
}
