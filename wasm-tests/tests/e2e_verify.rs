//! What Modgate serves is what the checksum database knows: the real go command through Modgate only, each way to tamper and
//! each lie, with one worker and with four.
#![cfg(not(target_arch = "wasm32"))]

use modgate_wasm_tests::at_one_and_four_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::go::Run;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tamper::Tampering;
use serde_json::json;

/// Zips above are streamed to clients while they are verified.
const STREAMED_ABOVE: u64 = 64 << 10;

fn site(workers: u32) -> Proving {
    Proving::with(workers, &json!({"fetch": {"zip_bytes": STREAMED_ABOVE}}))
}

/// A module whose zip is fetched whole, and one whose zip is streamed.
fn modules(name: &str) -> [Module; 2] {
    let with_pair = |path: String| Module::new(&path, "v1.0.0").file("a.txt", "one").file("b.txt", "two");
    [with_pair(format!("small.example/{name}")), with_pair(format!("large.example/{name}")).padded(3 << 20)]
}

#[track_caller]
fn assert_refused(site: &Proving, module: &Module, run: &Run) {
    assert!(!run.ok(), "{}: {}", module.query(), run.stdout);
    let zip = module.url("zip");
    assert!(!site.store.keys().contains(&zip.trim_start_matches('/').to_owned()), "{zip} is stored");
    assert_eq!(site.store.open_uploads(), [""; 0], "{zip}");
}

/// What was refused leaves nothing behind: what is right is served at once, and stored.
#[track_caller]
fn assert_good_next(site: &Proving, module: &Module) {
    site.upstream.serve(module);
    site.go().mod_download(&[&module.query()]).expect_ok();
    let stored = module.url("zip").trim_start_matches('/').to_owned();
    modgate_wasm_tests::wait::until("it is stored", std::time::Duration::from_secs(20), || {
        site.store.object(&stored).is_some_and(|bytes| bytes == module.zip().to_vec())
    });
}

at_one_and_four_workers!(
    what_is_right_is_served_and_stored,
    every_tampered_zip_is_refused,
    a_zip_that_ends_early_is_refused,
    a_tampered_go_mod_is_refused,
    every_lie_is_refused,
    a_fork_is_refused_and_told,
);

fn what_is_right_is_served_and_stored(workers: u32) {
    let site = site(workers);
    for module in modules("good") {
        site.has(&module);
        assert_good_next(&site, &module);
    }
}

fn every_tampered_zip_is_refused(workers: u32) {
    let site = site(workers);
    for how in Tampering::ALL {
        for module in modules(&format!("{how:?}").to_lowercase()) {
            site.has(&module);
            let zip = how.of(&module.zip().to_vec());
            for reply in
                [Reply::ok(zip.clone()), Reply::ok(zip.clone()).chunked(), Reply::ok(zip).until_close()]
            {
                site.serves(&module, reply);
                // Verifying itself or not: what Go alone would take is refused as well.
                assert_refused(&site, &module, &site.trusting_go().mod_download(&[&module.query()]));
            }
            assert_good_next(&site, &module);
        }
    }
}

fn a_zip_that_ends_early_is_refused(workers: u32) {
    let site = site(workers);
    for module in modules("short") {
        site.has(&module);
        let (zip, half) = (module.zip(), module.zip().len() / 2);
        let short = zip.to_vec()[..usize::try_from(half).unwrap()].to_vec();
        for reply in [
            Reply::ok(zip.clone()).close_after(half),
            Reply::ok(zip.clone()).chunked().close_after(half),
            Reply::ok(short.clone()).chunked(),
            Reply::ok(short).until_close(),
        ] {
            site.serves(&module, reply);
            assert_refused(&site, &module, &site.trusting_go().mod_download(&[&module.query()]));
        }
        assert_good_next(&site, &module);
    }
}

fn a_tampered_go_mod_is_refused(workers: u32) {
    let site = site(workers);
    let [module, _] = modules("mod");
    site.has(&module);
    site.upstream.on(&module.url("mod"), Reply::ok("module evil.example/m\n"));
    let answer = site.envoy.get(&module.url("mod"));
    assert_eq!(answer.status, 502, "{answer:?}");
    assert!(site.store.keys().iter().all(|key| !key.ends_with(".mod")), "{:?}", site.store.keys());
    assert_good_next(&site, &module);
}

fn every_lie_is_refused(workers: u32) {
    let site = site(workers);
    for lie in ["wrong-key", "bad-signature", "other-module", "not-in-tree", "missing"] {
        for module in modules(lie) {
            site.has(&module);
            site.sumdb.lie(&json!({"lookup": {module.query(): lie}}));
            assert_refused(&site, &module, &site.trusting_go().mod_download(&[&module.query()]));
            site.sumdb.be_honest();
            assert_good_next(&site, &module);
        }
    }
}

fn a_fork_is_refused_and_told(workers: u32) {
    let site = site(workers);
    let ([before, _], [after, _]) = (modules("before"), modules("after"));
    site.has(&before);
    site.has(&after);
    assert_good_next(&site, &before);
    // The filler, which every tree begins with.
    site.sumdb.lie(&json!({"fork": 0}));
    assert_refused(&site, &after, &site.trusting_go().mod_download(&[&after.query()]));
    assert!(site.envoy.log_contains("[error]"), "a fork is an alarm");
    site.sumdb.be_honest();
    assert_good_next(&site, &after);
}

#[test]
fn without_the_database_nothing_new_is_served_where_proof_is_required() {
    let site = site(2);
    let ([known, _], [new, _]) = (modules("known"), modules("new"));
    site.has(&known);
    site.has(&new);
    site.go().mod_download(&[&known.query()]).expect_ok();
    site.sumdb.lie(&json!({"status": 503}));
    site.trusting_go().mod_download(&[&known.query()]).expect_ok();
    assert_refused(&site, &new, &site.trusting_go().mod_download(&[&new.query()]));
}

#[test]
fn without_the_database_what_is_new_is_served_and_not_stored_where_proof_is_wanted_when_available() {
    let patch = json!({"verify": {"mode": "when_available"}, "fetch": {"zip_bytes": STREAMED_ABOVE}});
    let site = Proving::with(2, &patch);
    for module in modules("new") {
        site.has(&module);
        site.sumdb.lie(&json!({"status": 503}));
        site.trusting_go().mod_download(&[&module.query()]).expect_ok();
        assert!(site.store.keys().iter().all(|key| !key.ends_with(".zip")), "{:?}", site.store.keys());
        site.sumdb.be_honest();
        assert_good_next(&site, &module);
    }
}

#[test]
fn modules_that_no_database_hears_of_are_served_unproven() {
    let patch = json!({"private": {"modules": ["small.example", "large.example"]}});
    let site = Proving::with(2, &patch);
    for module in modules("private") {
        site.has(&module);
        site.trusting_go().mod_download(&[&module.query()]).expect_ok();
    }
    assert_eq!(site.sumdb.asked(), [""; 0]);
}
