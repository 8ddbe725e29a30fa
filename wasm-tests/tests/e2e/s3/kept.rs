//! What is stored, in which order, and that it stays.

use std::sync::atomic::{AtomicBool, Ordering};

use modgate_wasm_tests::at_one_and_four_workers;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::s3::Trouble;
use serde_json::json;

use super::{KINDS, bodies, is_for, key, wait_stored, zip};

at_one_and_four_workers!(versions_are_stored_whole_and_served_from_there_alone);

fn versions_are_stored_whole_and_served_from_there_alone(workers: u32) {
    let mut site = Proving::with(workers, &json!({}));
    let sizes = [("tiny", 10), ("more", 100_000), ("most", 5 << 20)];
    let modules = sizes
        .map(|(name, size)| Module::new(&format!("size.example/{name}/Caps"), "v1.0.0-RC1").padded(size));
    for module in &modules {
        site.has(module);
        site.go().mod_download(&[&module.query()]).expect_ok();
        wait_stored(&site, module);
        assert_in_order(&site, module);
    }
    site.settle();
    site.lose_upstream();
    site.restart();
    for module in &modules {
        site.go().mod_download(&[&module.query()]).expect_ok();
    }
    let refused: Vec<_> =
        site.store.requests().into_iter().filter(|asked| asked.status == Some(403)).collect();
    assert!(refused.is_empty(), "every request is signed: {refused:?}");
}

/// `.info` is the last that is written: who sees it sees all.
#[track_caller]
fn assert_in_order(site: &Proving, module: &Module) {
    let asked = site.store.requests();
    let written = |kind: &str| {
        let key = key(module, kind);
        let place = asked.iter().position(|asked| asked.method == "PUT" && is_for(asked, &key));
        place.unwrap_or_else(|| panic!("{key} was not PUT"))
    };
    assert!(written("info") > written("zip") && written("info") > written("mod"), "{}", module.query());
}

#[test]
fn what_is_stored_is_never_replaced_by_other_bytes() {
    for kind in KINDS {
        let site = Proving::with(1, &json!({}));
        let module = Module::new("kept.example/m", "v1.0.0").padded(100);
        // Good in itself, and not what the upstream has.
        let other = match kind {
            "mod" => b"module kept.example/m\n".to_vec(),
            "zip" => Module::new("kept.example/m", "v1.0.0").padded(99).zip().to_vec(),
            _ => br#"{"Version":"v1.0.0","Time":"2020-01-01T00:00:00Z"}"#.to_vec(),
        };
        site.store.put(&key(&module, kind), &other);
        site.has(&module);
        for _ in 0..2 {
            let _ = site.envoy.get(&module.url(kind));
            let _ = site.go().mod_download(&[&module.query()]);
            site.settle();
        }
        assert!(site.store.object(&key(&module, kind)).unwrap() == other, "{kind}");
    }
}

#[test]
fn what_appears_in_storage_meanwhile_is_left_there_and_told() {
    let site = Proving::with(1, &json!({}));
    let module = Module::new("race.example/m", "v1.0.0").padded(100);
    site.has(&module);
    let other = Module::new("race.example/m", "v1.0.0").padded(99).zip().to_vec();
    site.store.put(&key(&module, "zip"), &other);
    // Another writer is faster: storage has nothing when it is asked, and something when it is to take ours.
    let (name, unseen) = (key(&module, "zip"), AtomicBool::new(true));
    site.store.trouble(move |asked| {
        let is_first = asked.method == "GET" && is_for(asked, &name) && unseen.swap(false, Ordering::SeqCst);
        is_first.then(|| Trouble::error(404, "NoSuchKey"))
    });
    let answer = zip(&module).send(site.envoy.addr());
    assert_eq!((answer.status, answer.pattern), (200, true), "{answer:?}");
    site.settle();
    assert!(site.store.object(&key(&module, "zip")).unwrap() == other);
    assert_eq!(site.envoy.metric("storage_writes_total.outcome.exists"), 1);
    assert!(site.envoy.log_contains("race.example/m@v1.0.0 from storage is not served"), "it is told");
}

#[test]
fn a_store_that_is_down_costs_the_copy_alone() {
    for trouble in [Trouble::error(503, "SlowDown"), Trouble::error(403, "AccessDenied"), Trouble::Dropped] {
        let site = Proving::with(2, &json!({}));
        let module = Module::new("down.example/m", "v1.0.0").padded(100_000);
        site.has(&module);
        let each = trouble.clone();
        site.store.trouble(move |_| Some(each.clone()));
        site.go().mod_download(&[&module.query()]).expect_ok();
        site.settle();
        assert_eq!(site.store.keys(), [""; 0]);
        site.store.no_trouble();
        site.go().mod_download(&[&module.query()]).expect_ok();
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_none_that_is_wrong() {
    let site = Proving::with(1, &json!({}));
    let module = Module::new("lost.example/m", "v1.0.0").padded(100_000);
    site.has(&module);
    site.store.trouble(|asked| (asked.method == "PUT").then_some(Trouble::AnswerLost));
    site.go().mod_download(&[&module.query()]).expect_ok();
    site.settle();
    for (kind, body) in KINDS.into_iter().zip(bodies(&module)) {
        assert!(site.store.object(&key(&module, kind)).is_none_or(|bytes| bytes == body), "{kind}");
    }
    site.store.no_trouble();
    site.go().mod_download(&[&module.query()]).expect_ok();
}
