//! What failed once is not gone, not spoiled, and no state of the store: whatever one client brings about, the next gets what is
//! stored. With the gateway as `envoy/gateway.yaml` has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use modgate_wasm_tests::faulty::{Reply, Seen};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, Stack, UPSTREAM};
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{at_one_and_four_workers, at_workers};
use serde_json::json;

/// More than the head of a request may have at nginx, which answers 400 then.
const TOO_LONG: usize = 8_000;

struct Site {
    stack: Scripted,
    module: Module,
    workers: u32,
}

/// A gateway that knows of a zip that it is stored, and right; the upstream has it too, or is down.
fn warm(name: &str, workers: u32, is_down: bool) -> Site {
    let stack = Scripted::with(&json!({}), |envoy| envoy.concurrency(workers));
    let site = Site { stack, module: Module::new(&format!("once.example/{name}"), "v1.0.0"), workers };
    site.serve();
    site.assert_stored("at first");
    if is_down {
        site.lose_upstream();
    }
    site
}

impl Site {
    fn path(&self) -> String {
        self.module.url("zip")
    }

    fn good(&self) -> Reply {
        Reply::ok(self.module.zip()).served().ranges()
    }

    /// Both have the zip.
    fn serve(&self) {
        self.stack.upstream.serve(&self.module);
        self.stack.storage.on(&self.path(), self.good());
    }

    fn lose_upstream(&self) {
        self.stack.upstream.otherwise(|_| Reply::ok("").close_before_head());
        self.stack.upstream.on(&self.path(), Reply::ok("").close_before_head());
    }

    /// Storage answers the next GET so, and those after it well.
    fn once(&self, reply: Reply) {
        self.stack.storage.on_each(&format!("GET {}", self.path()), [reply, self.good()]);
    }

    fn get(&self) -> Response {
        self.stack.get(&self.path())
    }

    /// Whichever worker is asked, the zip comes from storage.
    #[track_caller]
    fn assert_stored(&self, after: &str) {
        for _ in 0..2 * self.workers {
            let answer = self.get();
            let come_from = answer.header("x-modgate-cache").unwrap_or_default().to_owned();
            let is_whole = answer.body == self.module.zip().to_vec();
            assert_eq!(
                (answer.status, come_from.as_str(), is_whole),
                (200, "storage", true),
                "{after}: {}",
                answer.text()
            );
        }
    }
}

fn no_client_takes_a_stored_zip_from_the_next(workers: u32) {
    let long = "x".repeat(TOO_LONG + 1_000);
    let tag = format!("\"{long}\"");
    let attempts: [(&str, &str, String); 11] = [
        ("GET", "tracestate", long.clone()),
        ("GET", "traceparent", long.clone()),
        ("GET", "x-request-id", long.clone()),
        ("GET", "range", format!("bytes=0-{long}")),
        ("GET", "range", "bytes=999999999-".to_owned()),
        ("GET", "if-range", tag.clone()),
        ("GET", "if-match", "\"another\"".to_owned()),
        ("GET", "if-none-match", tag),
        ("GET", "if-modified-since", long),
        ("GET", "range", "bytes=5-1".to_owned()),
        ("HEAD", "accept", "*/*".to_owned()),
    ];
    for is_down in [false, true] {
        let site = warm("poison", workers, is_down);
        let good = site.good();
        site.stack.storage.on_fn(&site.path(), move |seen: &Seen| {
            if seen.headers.iter().any(|(_, value)| value.len() > TOO_LONG) {
                return Reply::status(400).served();
            }
            match (seen.header("range"), seen.header("if-match"), seen.method.as_str()) {
                (Some("bytes=999999999-"), ..) => Reply::status(416).served(),
                (_, Some(_), _) => Reply::status(412).served(),
                (.., "HEAD") => Reply::status(404).served(),
                _ => good.clone(),
            }
        });
        for (method, name, value) in &attempts {
            let _ = site.stack.envoy.send(&Request::new(method, &site.path()).header(name, value));
            site.assert_stored(&format!("after {method} with {name}, down: {is_down}"));
        }
    }
}

fn a_failure_of_storage_is_over_when_it_is_over(workers: u32) {
    for is_down in [false, true] {
        let site = warm("failure", workers, is_down);
        let failures = [400, 403, 405, 408, 421, 429, 500, 501, 502, 503, 504, 507, 301, 204];
        for status in failures {
            site.once(Reply::status(status).served());
            let answer = site.get();
            if status == 429 || status >= 500 {
                assert_eq!(answer.status, 200, "{status}: the route tries again");
            } else {
                let is_failure = answer.status >= 400 && !matches!(answer.status, 404 | 410);
                assert!(is_failure, "{status}: {}", answer.status);
            }
            site.assert_stored(&format!("after {status}, down: {is_down}"));
        }
        site.once(Reply::ok("").close_before_head());
        assert_eq!(site.get().status, 200, "the route tries once more");
        site.assert_stored(&format!("after a closed connection, down: {is_down}"));
        // A client's HEAD or part is nobody else's, whatever it is answered.
        for (method, status) in [("HEAD", 404), ("HEAD", 410), ("HEAD", 405), ("GET", 404), ("GET", 410)] {
            site.stack
                .storage
                .on_each(&format!("{method} {}", site.path()), [Reply::status(status).served(), site.good()]);
            let _ = site.stack.envoy.send(&Request::new(method, &site.path()).header("range", "bytes=0-9"));
            site.assert_stored(&format!("after {status} to a part by {method}, down: {is_down}"));
        }
    }
}

/// What everybody asks is answered that it is not there: then it is asked for elsewhere, and there last.
fn what_storage_lost_is_asked_for_there_last(workers: u32) {
    let site = warm("lost", workers, false);
    site.once(Reply::status(404).served());
    assert_eq!(site.get().status, 503);
    for _ in 0..workers {
        let answer = site.get();
        assert_eq!((answer.status, answer.header("x-modgate-cache")), (200, Some("upstream")));
    }
    site.lose_upstream();
    site.assert_stored("when the upstream is down and storage has it again");
}

fn a_page_of_maintenance_in_place_of_storage_leaves_nothing_behind(workers: u32) {
    let site = warm("page", workers, false);
    let cold = Module::new("once.example/cold", "v1.0.0");
    site.stack.upstream.serve(&cold);
    let is_closed = Arc::new(AtomicBool::new(true));
    for module in [&site.module, &cold] {
        let (zip, is_closed) = (module.zip(), Arc::clone(&is_closed));
        site.stack.storage.on_fn(&module.url("zip"), move |_| {
            if is_closed.load(Ordering::SeqCst) {
                Reply::ok("<html><h1>Back soon</h1></html>").header("content-type", "text/html").served()
            } else {
                Reply::ok(zip.clone()).served().ranges()
            }
        });
    }
    for _ in 0..2 * workers {
        let answer = site.stack.get(&cold.url("zip"));
        assert_eq!((answer.status, answer.header("x-modgate-cache")), (200, Some("upstream")));
    }
    // By now it is known that storage gives pages: it is asked before anybody is sent there.
    let answer = site.get();
    assert_eq!(
        (answer.status, answer.header("x-modgate-cache")),
        (200, Some("upstream")),
        "{}",
        answer.text()
    );
    site.lose_upstream();
    site.stack.upstream.on(&cold.url("zip"), Reply::ok("").close_before_head());
    thread::sleep(Duration::from_secs(2));
    is_closed.store(false, Ordering::SeqCst);
    site.assert_stored("after the page");
    for _ in 0..2 * workers {
        let answer = site.stack.get(&cold.url("zip"));
        assert_eq!(
            (answer.status, answer.header("x-modgate-cache")),
            (200, Some("storage")),
            "{}",
            answer.text()
        );
    }
}

fn a_server_without_head_hides_its_zips_from_nobody(workers: u32) {
    let stack = Scripted::with(&json!({"fetch": {"zip_bytes": 0}}), |envoy| envoy.concurrency(workers));
    for status in [400, 403, 404, 405, 410, 501] {
        let module = Module::new(&format!("head.example/s{status}"), "v1.0.0");
        let path = module.url("zip");
        stack.upstream.serve(&module);
        stack.upstream.on(&format!("HEAD {path}"), Reply::status(status).served());
        let length = module.zip().len().to_string();
        for _ in 0..2 {
            let answer = stack.envoy.send(&Request::new("HEAD", &path));
            let said = answer.header("content-length");
            assert_eq!((answer.status, said), (200, Some(length.as_str())), "{status}");
        }
        for _ in 0..2 * workers {
            let answer = stack.get(&path);
            assert_eq!((answer.status, answer.body == module.zip().to_vec()), (200, true), "{status}");
        }
    }
    let nowhere = "/head.example/none/@v/v1.0.0.zip";
    assert_eq!(stack.envoy.send(&Request::new("HEAD", nowhere)).status, 404);
    stack.envoy.wait_idle(&[STORAGE, UPSTREAM]);
}

fn a_name_that_no_file_can_have_keeps_no_other_zip_out(workers: u32) {
    let stack = Stack::with(&json!({}), |envoy| envoy.concurrency(workers));
    for number in 0..3 {
        let long = Module::new(&format!("long.example/{}{number}", "a".repeat(300)), "v1.0.0");
        let other = Module::new(&format!("long.example/m{number}"), "v1.0.0");
        stack.upstream.serve(&long);
        stack.upstream.serve(&other);
        for _ in 0..2 * workers {
            let answer = stack.get(&long.url("zip"));
            assert_eq!(
                (answer.status, answer.header("x-modgate-cache")),
                (200, Some("upstream")),
                "{}",
                answer.text()
            );
            assert_eq!(stack.get(&long.url("mod")).status, 200);
        }
        for _ in 0..2 * workers {
            let answer = stack.get(&other.url("zip"));
            let cache = answer.header("x-modgate-cache");
            assert_eq!((answer.status, cache), (200, Some("storage")), "{number}: {}", answer.text());
        }
    }
    stack.envoy.wait_idle(&[STORAGE, UPSTREAM]);
    assert!(stack.storage.requests().iter().all(|(_, target, _)| !target.contains(&"a".repeat(300))));
    assert_eq!(stack.storage.files().keys().filter(|name| name.ends_with(".zip")).count(), 3);
    assert!(stack.envoy.metric("storage_writes_total.outcome.unnameable") > 0);
}

/// A rule of whoever stands before the store, say, that one name runs into.
fn one_object_that_the_store_refuses_keeps_no_other_zip_out(workers: u32) {
    let stack = Scripted::with(&json!({}), |envoy| envoy.concurrency(workers));
    for status in [400, 403, 409, 413, 414, 500] {
        let odd = Module::new(&format!("odd.example/s{status}"), "v1.0.0");
        let other = Module::new(&format!("good.example/s{status}"), "v1.0.0");
        stack.upstream.serve(&odd);
        stack.upstream.serve(&other);
        stack.storage.on(&format!("PUT {}", odd.url("zip")), Reply::status(status).served());
        stack.storage.keep(&other.url("zip"));
        assert_eq!(stack.get(&odd.url("zip")).header("x-modgate-cache"), Some("upstream"), "{status}");
        for _ in 0..2 * workers {
            let answer = stack.get(&other.url("zip"));
            assert_eq!(
                (answer.status, answer.header("x-modgate-cache")),
                (200, Some("storage")),
                "after {status}"
            );
        }
    }
}

at_one_and_four_workers!(
    no_client_takes_a_stored_zip_from_the_next,
    a_failure_of_storage_is_over_when_it_is_over,
    what_storage_lost_is_asked_for_there_last,
    a_page_of_maintenance_in_place_of_storage_leaves_nothing_behind,
    a_server_without_head_hides_its_zips_from_nobody,
    a_name_that_no_file_can_have_keeps_no_other_zip_out,
);
// Each worker counts for itself, and leaves a store alone that has not taken three different zips: of several, one may meet the
// odd ones alone.
at_workers!(one_object_that_the_store_refuses_keeps_no_other_zip_out: at_one_worker = 1);
