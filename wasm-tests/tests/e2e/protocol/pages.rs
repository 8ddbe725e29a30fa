//! The gateway's own pages.

use std::time::Duration;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{self, Stack};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

use super::TEXT;

at_two_workers!(ready_when_the_store_or_an_upstream_was_seen);

#[test]
fn they_say_that_it_lives_and_which_it_is() {
    let stack = Stack::with(&json!({"admin": {"path_prefix": "/-/mod/"}}), |builder| builder);
    let alive = stack.get("/-/mod/healthz");
    assert_eq!((alive.status, alive.text().as_str()), (200, "ok\n"));
    assert_eq!((alive.header("content-type"), alive.header("cache-control")), (Some(TEXT), Some("no-store")));
    let version = stack.get("/-/mod/version?x=y").json();
    assert_eq!(version, json!({"name": "modgate", "version": env!("CARGO_PKG_VERSION")}));
    let head = stack.envoy.send(&Request::new("HEAD", "/-/mod/healthz"));
    assert_eq!((head.status, head.header("content-length"), head.length), (200, Some("3"), 0));
    assert!(stack.upstream.requests().is_empty() && stack.storage.requests().is_empty());
    for elsewhere in ["/-/healthz", "/-/mod/", "/-/mod/healthz/", "/-/mod/other"] {
        assert!(stack.get(elsewhere).text().contains("this gateway serves Go modules only"), "{elsewhere}");
    }
}

fn ready_when_the_store_or_an_upstream_was_seen(workers: u32) {
    let (mut storage, upstream) = (Nginx::storage(), Faulty::start());
    storage.stop();
    upstream.on("/", Reply::status(503).header("date", "now"));
    let envoy = fixture::builder(upstream.addr(), storage.addr()).concurrency(workers).start();
    let page = |ready: bool, seen: &[&str], unseen: &[&str], failing: &[&str]| json!({"ready": ready, "seen": seen, "unseen": unseen, "failing": failing});
    // Which worker a connection meets is chance: 64 leave none out.
    let every = |status: u16, report: &Value| {
        for _ in 0..64 {
            let page = envoy.get("/-/readyz");
            assert_eq!((page.status, page.json()), (status, report.clone()));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            assert_eq!(page.header("content-type"), Some("application/json"));
        }
    };
    // Each worker asks once a second at most.
    let soon = |report: &Value| {
        wait::until("all know it", Duration::from_secs(5), || envoy.get("/-/readyz").json() == *report);
    };
    let both = ["storage", "golang"];
    every(503, &page(false, &[], &both, &both));
    storage.start_again();
    let one = page(true, &["storage"], &["golang"], &["golang"]);
    soon(&one);
    every(200, &one);
    upstream.on("/", Reply::status(404).header("date", "now"));
    soon(&page(true, &both, &[], &[]));
    every(200, &page(true, &both, &[], &[]));

    // A later outage takes no gateway out of rotation.
    storage.stop();
    drop(upstream);
    every(200, &page(true, &both, &[], &[]));
}
