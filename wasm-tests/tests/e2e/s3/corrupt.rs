//! Objects that are not what they were: not served, counted, fetched anew, and left for a person to look at.

use modgate_wasm_tests::at_one_and_four_workers;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::{Error, Request};
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::{KINDS, bodies, is_for, key, zip};

at_one_and_four_workers!(
    a_corrupt_zip_is_not_served_and_is_fetched_anew,
    a_corrupt_zip_that_is_streamed_is_cut_and_the_next_is_fetched_anew,
    a_wrong_go_mod_is_not_served_and_is_fetched_anew,
);

fn module() -> Module {
    Module::new("corrupt.example/m", "v1.0.0").padded(100_000)
}

/// A bucket that has `module` with something wrong with its `kind`, and what that is.
fn store(site: &Proving, module: &Module, kind: &str, wrong: &[u8]) {
    for (known, body) in KINDS.into_iter().zip(bodies(module)) {
        site.store.put(&key(module, known), if known == kind { wrong } else { &body });
    }
}

/// A bit that is wrong, and a good zip that is another.
fn wrong_zips(module: &Module) -> [(&'static str, Vec<u8>); 2] {
    let mut flipped = module.zip().to_vec();
    flipped[50_000] ^= 1;
    [("unfit", flipped), ("mismatch", self::module().file("more.txt", "more").zip().to_vec())]
}

fn a_corrupt_zip_is_not_served_and_is_fetched_anew(workers: u32) {
    for (outcome, wrong) in wrong_zips(&module()) {
        let (mut site, module) = (Proving::with(workers, &json!({})), module());
        store(&site, &module, "zip", &wrong);
        // Known to the database, and to nobody else.
        site.knows(&module);
        let run = site.trusting_go().mod_download(&[&module.query()]);
        assert!(!run.ok(), "{outcome}: {}", run.stdout);
        assert_eq!(Request::get(&module.url("zip")).send(site.envoy.addr()).status / 100, 5, "{outcome}");
        assert!(site.envoy.metric(&format!("verifications_total.outcome.{outcome}")) >= 1);
        assert!(site.envoy.log_contains("corrupt.example/m@v1.0.0 from storage is not served"));

        site.restart();
        site.upstream.serve(&module);
        for _ in 0..3 {
            site.go().mod_download(&[&module.query()]).expect_ok();
        }
        assert!(site.upstream.hits(&module.url("zip")) >= 1, "{outcome}");
        site.settle();
        let asked = site.envoy.metric(&format!("verifications_total.outcome.{outcome}"));
        assert_eq!(asked, 1, "once it is found out it is known");
        assert!(site.store.object(&key(&module, "zip")).unwrap() == wrong, "{outcome}: it is left there");
    }
}

fn a_corrupt_zip_that_is_streamed_is_cut_and_the_next_is_fetched_anew(workers: u32) {
    for (outcome, wrong) in wrong_zips(&module()) {
        let (site, module) = (Proving::with(workers, &json!({"fetch": {"zip_bytes": 10_000}})), module());
        store(&site, &module, "zip", &wrong);
        site.has(&module);
        let Err(Error::Truncated(_)) = Request::get(&module.url("zip")).try_send(site.envoy.addr()) else {
            panic!("{outcome}: a whole response");
        };
        let answer = zip(&module).send(site.envoy.addr());
        assert_eq!(
            (answer.status, answer.length, answer.pattern),
            (200, module.zip().len(), true),
            "{outcome}"
        );
        site.go().mod_download(&[&module.query()]).expect_ok();
        assert_eq!(site.envoy.metric(&format!("verifications_total.outcome.{outcome}")), 1);
        site.settle();
        assert!(site.store.object(&key(&module, "zip")).unwrap() == wrong, "{outcome}: it is left there");
    }
}

fn a_wrong_go_mod_is_not_served_and_is_fetched_anew(workers: u32) {
    let (site, module) = (Proving::with(workers, &json!({})), module());
    let wrong = b"module corrupt.example/m\n\ngo 1.20\n";
    store(&site, &module, "mod", wrong);
    site.knows(&module);
    assert_eq!(site.envoy.get(&module.url("mod")).status / 100, 5);
    assert!(site.envoy.metric("verifications_total.outcome.mismatch") >= 1);
    site.upstream.serve(&module);
    for _ in 0..3 {
        site.go().mod_download(&[&module.query()]).expect_ok();
    }
    assert_eq!(site.envoy.get(&module.url("mod")).text(), module.go_mod());
    site.settle();
    assert_eq!(site.store.object(&key(&module, "mod")).unwrap(), wrong, "it is left there");
}

#[test]
fn a_zip_that_was_checked_is_not_read_again_until_the_next_start() {
    let (mut site, module) = (Proving::with(1, &json!({})), module());
    store(&site, &module, "none", b"");
    site.knows(&module);
    let reads = |site: &Proving| {
        let of_filter = site.store.requests().into_iter().filter(|asked| {
            asked.method == "GET" && is_for(asked, &key(&module, "zip")) && asked.header("range").is_some()
        });
        of_filter.count()
    };
    for _ in 0..3 {
        assert!(zip(&module).send(site.envoy.addr()).pattern);
    }
    assert_eq!(reads(&site), 1);
    site.restart();
    assert!(zip(&module).send(site.envoy.addr()).pattern);
    assert_eq!(reads(&site), 2);
}
