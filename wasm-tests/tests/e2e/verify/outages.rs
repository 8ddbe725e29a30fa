//! A checksum database, and an upstream, that cannot be asked.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tamper::Tampering;
use serde_json::json;

use super::honest::build;
use super::{
    STREAMED_ABOVE, assert_good_next, assert_not_stored, assert_refused, key, modules, patch, said, site,
    small, wait_stored,
};

at_two_workers!(
    what_was_proven_once_needs_neither_database_nor_upstream,
    without_the_database_nothing_new_is_served_where_proof_is_required,
);

fn what_was_proven_once_needs_neither_database_nor_upstream(workers: u32) {
    let mut site = site(workers);
    let known = [small("known"), small("other"), small("Third")];
    for module in &known {
        site.has(module);
        // Each by a go command of its own, and each record in a later tree.
        assert_good_next(&site, module);
        wait_stored(&site, module);
    }
    site.settle();
    site.sumdb.stop();
    site.lose_upstream();
    for module in &known {
        site.go().mod_download(&[&module.query()]).expect_ok();
    }
    build(&site.go(), &known[..2]);
    site.restart();
    for module in &known {
        site.go().mod_download(&[&module.query()]).expect_ok();
    }
    // In one go command: a later tree has to continue an earlier one.
    let queries = known.each_ref().map(Module::query);
    site.go().mod_download(&queries.each_ref().map(String::as_str)).expect_ok();
    build(&site.go(), &known[..2]);
    let new = small("new");
    assert!(!site.go().mod_download(&[&new.query()]).ok());
}

fn without_the_database_nothing_new_is_served_where_proof_is_required(workers: u32) {
    // One that answers 429 is asked again for as long as a request may wait, each time the go command asks.
    let mut patch = patch(STREAMED_ABOVE);
    patch["fetch"]["wait"] = json!("3s");
    for down in [json!({"status": 503}), json!({"status": 429}), json!(null)] {
        let site = Proving::with(workers, &patch);
        let ([known, _], new) = (modules("known"), modules("new"));
        site.has(&known);
        assert_good_next(&site, &known);
        if down.is_null() {
            site.sumdb.stop();
        } else {
            site.sumdb.lie(&down);
        }
        site.go().mod_download(&[&known.query()]).expect_ok();
        for module in &new {
            site.has(module);
            let run = site.trusting_go().mod_download(&[&module.query()]);
            assert_refused(&site, module, &run);
            let said = said(&run);
            assert!(said.contains("502") || said.contains("503"), "{down}: {said}");
            assert!(said.contains("cannot be verified"), "{down}: {said}");
        }
        if !down.is_null() {
            site.sumdb.be_honest();
            for module in &new {
                assert_good_next(&site, module);
            }
        }
    }
}

#[test]
fn without_the_database_what_is_new_is_served_and_not_stored_where_proof_is_wanted_when_available() {
    let patch = json!({"verify": {"mode": "when_available"}, "fetch": {"zip_bytes": STREAMED_ABOVE}});
    let mut site = Proving::with(2, &patch);
    site.sumdb.lie(&json!({"status": 503}));
    for module in modules("new") {
        site.has(&module);
        site.trusting_go().mod_download(&[&module.query()]).expect_ok();
        assert_not_stored(&site, &module);
        assert!(site.store.object(&key(&module, "mod")).is_none(), "not proven, not stored");
    }
    assert!(site.envoy.metric("verifications_total.outcome.accepted") >= 2);
    site.sumdb.be_honest();
    // A database that did not answer is left alone for a minute.
    site.restart();
    for module in modules("new") {
        assert_good_next(&site, &module);
    }
    wait_stored(&site, &small("new"));
}

#[test]
fn what_contradicts_the_database_is_refused_where_proof_is_wanted_when_available() {
    let patch = json!({"verify": {"mode": "when_available"}, "fetch": {"zip_bytes": STREAMED_ABOVE}});
    let site = Proving::with(2, &patch);
    for module in modules("forged") {
        site.has(&module);
        site.sumdb.lie(&json!({"lookup": {module.query(): "bad-signature"}}));
        assert_refused(&site, &module, &site.trusting_go().mod_download(&[&module.query()]));
        site.sumdb.be_honest();
        let swapped = Tampering::Swapped.of(&module.zip().to_vec());
        site.serves(&module, Reply::ok(swapped));
        assert_refused(&site, &module, &site.trusting_go().mod_download(&[&module.query()]));
        assert_good_next(&site, &module);
    }
}
