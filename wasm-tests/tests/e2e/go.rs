//! The go command against upstreams alone, without a gateway: what it accepts from them it must accept through one.

use std::time::Duration;

use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::{Entry, Tree};

#[test]
fn every_sample_module_downloads_from_nginx() {
    let tree = Tree::sample();
    let nginx = Nginx::serving(tree.path());
    let go = Go::new(&format!("http://{}", nginx.addr()));
    let queries: Vec<String> = tree.entries().iter().map(Entry::query).collect();
    assert!(!queries.is_empty());
    let run = go.mod_download(&queries.iter().map(String::as_str).collect::<Vec<_>>()).expect_ok();
    for query in &queries {
        let (module, version) = query.split_once('@').unwrap();
        assert!(run.stdout.contains(module) && run.stdout.contains(version), "{query}: {}", run.stdout);
    }
    let entry = &tree.entries()[0];
    assert!(go.list_versions(&entry.module).contains(&entry.version));
    assert!(nginx.requests().iter().any(|(_, target, _)| target.ends_with(".zip")));
}

#[test]
fn a_module_made_to_measure_downloads_and_builds() {
    let upstream = Faulty::start();
    upstream.serve(
        &Module::new("example.com/Capital/tool", "v1.2.3")
            .file("cmd/t/main.go", "package main\n\nfunc main() {}\n"),
    );
    let go = Go::new(&format!("http://{}", upstream.addr()));
    go.get("example.com/Capital/tool@v1.2.3").expect_ok();
    go.install("example.com/Capital/tool/cmd/t@v1.2.3").expect_ok();
    assert_eq!(go.list_versions("example.com/Capital/tool"), ["v1.2.3"]);
    assert_eq!(upstream.hits("/example.com/!capital/tool/@v/v1.2.3.zip"), 1);
}

#[test]
fn a_failure_is_told_as_the_person_would_see_it() {
    let upstream = Faulty::start();
    upstream.otherwise(|_| Reply::status(403).body("refused: because\n"));
    let run = Go::new(&format!("http://{}", upstream.addr())).mod_download(&["example.com/m@v1.0.0"]);
    assert!(!run.ok());
    assert!(run.stdout.contains("refused: because"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_go_that_hangs_is_stopped() {
    let upstream = Faulty::start();
    let gate = Gate::new();
    upstream.on("/example.com/m/@v/v1.0.0.info", Reply::ok("{}").held(&gate));
    let go = Go::new(&format!("http://{}", upstream.addr())).deadline(Duration::from_secs(2));
    let run = go.mod_download(&["example.com/m@v1.0.0"]);
    assert!(run.status.is_none() && run.took < Duration::from_secs(10), "{run:?}");
}

#[test]
fn its_module_cache_is_deleted_though_go_protects_it() {
    let upstream = Faulty::start();
    upstream.serve(&Module::new("example.com/m", "v1.0.0"));
    let go = Go::new(&format!("http://{}", upstream.addr()));
    go.mod_download(&["example.com/m@v1.0.0"]).expect_ok();
    let cache = go.cache();
    assert!(cache.join("example.com/m@v1.0.0").is_dir());
    drop(go);
    assert!(!cache.exists());
}
