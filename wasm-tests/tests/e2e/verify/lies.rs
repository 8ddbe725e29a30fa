//! A checksum database that lies, or somebody on the way to it who does.

use std::time::Duration;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

use super::{assert_good_next, assert_refused, database_files, modules, said, site, small, wait_stored};

at_two_workers!(
    every_lie_about_a_lookup_is_refused,
    forged_tiles_are_refused,
    a_fork_is_refused_and_told,
    a_fork_is_refused_after_a_restart,
);

/// While the database lies like this, `module` is refused, and of the lie nothing is stored.
#[track_caller]
fn refuses(site: &Proving, module: &Module, lies: &Value) {
    site.settle();
    let before = database_files(site);
    site.sumdb.lie(lies);
    assert_refused(site, module, &site.trusting_go().mod_download(&[&module.query()]));
    assert_refused(site, module, &site.go().mod_download(&[&module.query()]));
    let after = database_files(site);
    assert!(before == after, "{lies}: {:?}, {:?}", keys(&before), keys(&after));
    site.sumdb.be_honest();
}

fn keys(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(key, _)| key.as_str()).collect()
}

fn every_lie_about_a_lookup_is_refused(workers: u32) {
    let site = site(workers);
    for lie in ["wrong-key", "bad-signature", "other-module", "not-in-tree", "missing"] {
        for module in modules(lie) {
            site.has(&module);
            refuses(&site, &module, &json!({"lookup": {module.query(): lie}}));
            if lie == "missing" {
                // It is remembered for a while that there is no record.
                wait::until("it is asked again", Duration::from_secs(10), || {
                    site.envoy.get(&module.url("mod")).status == 200
                });
            }
            assert_good_next(&site, &module);
        }
        wait_stored(&site, &small(lie));
    }
    assert!(site.envoy.metric("sumdb_proofs_total.outcome.forged") >= 4);
}

#[test]
fn a_version_that_the_database_does_not_know_is_refused() {
    let site = site(1);
    for module in modules("unknown") {
        site.upstream.serve(&module);
        let run = site.trusting_go().mod_download(&[&module.query()]);
        assert_refused(&site, &module, &run);
        // It may know it soon: what the upstream has just served exists.
        assert!(said(&run).contains("503") && said(&run).contains("cannot be verified"), "{}", said(&run));
    }
}

fn forged_tiles_are_refused(workers: u32) {
    let site = site(workers);
    for name in ["first", "second"] {
        for module in modules(name) {
            site.has(&module);
            refuses(&site, &module, &json!({"tiles": true}));
            assert_good_next(&site, &module);
        }
        wait_stored(&site, &small(name));
    }
    assert!(site.envoy.metric("sumdb_proofs_total.outcome.forged") >= 4);
}

/// Where the other history begins to differ: at the first of many records, and at the last that was proven.
const FORKS: [u32; 2] = [0, 300];

fn a_fork_is_refused_and_told(workers: u32) {
    for at in FORKS {
        let site = site(workers);
        let ([before, _], after) = (modules("before"), modules("after"));
        site.has(&before);
        assert_good_next(&site, &before);
        assert_a_fork_is_told(&site, &after, at);
    }
}

fn a_fork_is_refused_after_a_restart(workers: u32) {
    for at in FORKS {
        let mut site = site(workers);
        let ([before, _], after) = (modules("before"), modules("after"));
        site.has(&before);
        assert_good_next(&site, &before);
        site.settle();
        site.restart();
        assert_a_fork_is_told(&site, &after, at);
    }
}

#[track_caller]
fn assert_a_fork_is_told(site: &Proving, after: &[Module], at: u32) {
    for module in after {
        site.has(module);
        refuses(site, module, &json!({"fork": at}));
    }
    assert!(site.envoy.log_contains("the checksum database has signed two histories"), "a fork is an alarm");
    assert!(site.envoy.log_contains("[error]"), "a fork is an alarm");
    assert!(site.envoy.metric("sumdb_proofs_total.outcome.fork") >= 2);
    for module in after {
        assert_good_next(site, module);
    }
}
