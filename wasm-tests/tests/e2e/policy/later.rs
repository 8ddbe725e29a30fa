//! A rule that comes when everybody has the version already: clients by the thousand, the index, the storage.

use std::thread;

use modgate_wasm_tests::bootstrap::discovery::Discovery;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Gate};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{FILES, assert_go_shows, assert_refused, versions};

const MODULE: &str = "example.com/Acme/late";

/// A gateway whose filter is configured by a file.
struct Site {
    envoy: Envoy,
    upstream: Faulty,
    storage: Nginx,
    discovery: Discovery,
    pushed: u64,
    _dir: TempDir,
}

impl Site {
    fn start(workers: u32) -> Self {
        let (upstream, storage, dir) = (Faulty::start(), Nginx::storage(), tempfile::tempdir().unwrap());
        let (builder, discovery) =
            builder(upstream.addr(), storage.addr()).concurrency(workers).discovered(dir.path());
        upstream.serve_all(&versions(MODULE, &["v1.0.0", "v1.1.0"]));
        Self { envoy: builder.start(), upstream, storage, discovery, pushed: 1, _dir: dir }
    }

    fn push(&mut self, patch: &Value) {
        self.discovery.push(patch);
        self.pushed += 1;
        assert!(!self.envoy.wait_discovered(self.pushed), "refused: {patch}");
    }

    fn go(&self) -> Go {
        Go::new(&self.envoy.url())
    }
}

fn denied() -> Value {
    json!({"policy": {"rules": [
        {"name": "late", "exact": [MODULE], "versions": ["v1.1.0"], "action": "deny", "reason": "It came too late."},
    ]}})
}

/// What there is of the version that is denied, under any name.
fn paths() -> Vec<String> {
    let module = Module::new(MODULE, "v1.1.0");
    FILES.map(|kind| module.url(kind)).into_iter().chain([module.list_url(), module.latest_url()]).collect()
}

#[track_caller]
fn assert_holds(addr: std::net::SocketAddr) {
    for path in paths() {
        let answer = http::get(addr, &path);
        match path.rsplit_once('/') {
            Some((_, "list")) => assert_eq!(answer.text(), "v1.0.0\n"),
            Some((_, "@latest")) => assert_eq!(answer.json()["Version"], "v1.0.0"),
            _ => assert_refused(&answer, &[MODULE, "late", "It came too late."]),
        }
    }
}

#[test]
fn a_rule_holds_from_the_moment_it_comes_and_no_request_is_dropped() {
    for workers in [1, 4] {
        let mut site = Site::start(workers);
        let query = format!("{MODULE}@v1.1.0");
        site.go().mod_download(&[&query]).expect_ok();
        // Its go.mod, info and zip of both, and the list.
        for version in ["v1.0.0", "v1.1.0"] {
            for kind in FILES {
                assert_eq!(site.envoy.get(&Module::new(MODULE, version).url(kind)).status, 200);
            }
        }
        assert_eq!(site.envoy.get(&Module::new(MODULE, "v1.1.0").list_url()).text(), "v1.0.0\nv1.1.0\n");
        let zip = Module::new(MODULE, "v1.1.0").url("zip");
        site.envoy.wait_metric("storage_writes_total.outcome.stored", 7);
        assert!(site.storage.data().join(&zip[1..]).exists());

        let (comes, holds, end, addr) = (Gate::new(), Gate::new(), Gate::new(), site.envoy.addr());
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let (comes, holds, end) = (comes.clone(), holds.clone(), end.clone());
                thread::spawn(move || {
                    let mut served = [0, 0, 0];
                    while !end.is_open() {
                        for path in paths() {
                            let (is_coming, is_held) = (comes.is_open(), holds.is_open());
                            let answer = http::get(addr, &path);
                            let shown = match path.rsplit_once('/') {
                                Some((_, "list")) => answer.text().contains("v1.1.0"),
                                Some((_, "@latest")) => answer.text().contains("v1.1.0"),
                                _ => answer.status == 200,
                            };
                            assert!(matches!(answer.status, 200 | 403), "{path}: {answer:?}");
                            assert!(shown || comes.is_open(), "refused before: {path}: {answer:?}");
                            assert!(!(shown && is_held), "shown after: {path}: {answer:?}");
                            served[usize::from(is_coming) + usize::from(is_held)] += 1;
                        }
                    }
                    served
                })
            })
            .collect();
        thread::sleep(std::time::Duration::from_millis(300));
        comes.open();
        site.push(&denied());
        holds.open();
        assert_holds(site.envoy.addr());
        assert_go_shows(&site.go().mod_download(&[&query]), &["late", "It came too late."]);
        assert_eq!(site.go().list_versions(MODULE), ["v1.0.0"]);
        end.open();
        for client in clients {
            let [before, _, after] = client.join().unwrap();
            assert!(before > 5 && after > 5, "{before} before and {after} after were no load");
        }

        // A gateway that remembers nothing, before the same storage.
        let another = builder(site.upstream.addr(), site.storage.addr()).patch_plugin(&denied()).start();
        assert_holds(another.addr());

        // Without the rule, everything is as it was.
        site.upstream.forget();
        site.push(&json!({"policy": {"rules": []}}));
        for path in paths() {
            let answer = site.envoy.get(&path);
            assert!(
                answer.status == 200 && (path.contains("/@v/v1") || answer.text().contains("v1.1.0")),
                "{answer:?}"
            );
        }
        site.go().mod_download(&[&query]).expect_ok();
        assert!(site.upstream.requests_for(&zip).is_empty(), "it was never thrown away");
    }
}
