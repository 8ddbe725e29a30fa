//! Nobody lies: what is right is served, proven and stored, and builds.

use std::fs;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::{assert_good_next, database_files, modules, site, small, wait_stored};

at_two_workers!(what_is_right_is_served_proven_and_stored, programs_build);

fn what_is_right_is_served_proven_and_stored(workers: u32) {
    let site = site(workers);
    for module in modules("Good") {
        site.has(&module);
        assert_good_next(&site, &module);
    }
    wait_stored(&site, &small("Good"));
    // Two go.mod files and two zips.
    assert!(site.envoy.metric("verifications_total.outcome.ok") >= 4);
    assert!(site.envoy.metric("sumdb_proofs_total.outcome.proven") >= 2);
    site.settle();
    let files: Vec<_> = database_files(&site).into_iter().map(|(key, _)| key).collect();
    for part in
        ["/lookup/small.example/!good@v1.0.0", "/lookup/large.example/!good@v1.0.0", "/tile/8/1/", "/latest"]
    {
        assert!(files.iter().any(|key| key.contains(part)), "{part} in {files:?}");
    }
}

fn programs_build(workers: u32) {
    let site = site(workers);
    for module in modules("built") {
        site.has(&module);
    }
    let go = site.go();
    build(&go, &modules("built"));
}

/// Builds a program that needs the packages of `modules`.
#[track_caller]
pub(crate) fn build(go: &Go, modules: &[Module]) {
    let imports: String = modules.iter().map(|module| format!("import _ {:?}\n", path(module))).collect();
    fs::write(go.work().join("main.go"), format!("package main\n\n{imports}\nfunc main() {{}}\n")).unwrap();
    for module in modules {
        go.get(&module.query()).expect_ok();
    }
    go.run(&["build", "-o", "program", "."]).expect_ok();
    assert!(go.work().join("program").exists());
}

fn path(module: &Module) -> String {
    module.query().split('@').next().unwrap_or_default().to_owned()
}

#[test]
fn modules_that_no_database_may_hear_of_are_served_and_stored_unproven() {
    for patch in [
        json!({"private": {"nosumdb": ["small.example", "large.example"]}}),
        json!({"verify": {"mode": "off"}}),
        json!({"verify": {"overrides": [{"modules": ["*.example"], "mode": "off"}]}}),
    ] {
        let site = Proving::with(2, &patch);
        for module in modules("private") {
            site.has(&module);
            site.trusting_go().mod_download(&[&module.query()]).expect_ok();
        }
        wait_stored(&site, &small("private"));
        assert_eq!(site.sumdb.asked(), [""; 0], "{patch}");
        assert_eq!(database_files(&site), [], "{patch}");
    }
}

#[test]
fn a_client_learns_nothing_of_the_database_about_what_it_may_not_hear_of() {
    let site = Proving::with(1, &json!({"private": {"nosumdb": ["small.example"]}}));
    let module = small("private");
    site.has(&module);
    let run = site.go().mod_download(&[&module.query()]);
    assert!(!run.ok());
    assert_eq!(site.envoy.metric("refusals_total.reason.nosumdb"), 1);
    assert_eq!(site.sumdb.asked(), [""; 0]);
    site.go().env("GONOSUMDB", "small.example").mod_download(&[&module.query()]).expect_ok();
}
