//! Upstreams that take a minute, in the configuration as it is shipped: what they say then reaches whoever waits. All at the same time,
//! as each mostly waits.

use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::wait;
use serde_json::json;

/// What a public mirror was seen to take before it gave up, and more than the minute of most limits.
const MINUTE: Duration = Duration::from_secs(62);
const DEADLINE: Duration = Duration::from_secs(110);

struct Site {
    envoy: Envoy,
    upstream: Faulty,
    storage: Nginx,
    spoken: &'static str,
}

/// As shipped, but for the checksum database.
fn site(http2: bool) -> Site {
    let upstream = if http2 { Faulty::start_http2() } else { Faulty::start() };
    let storage = Nginx::storage();
    let point = if http2 { Builder::cluster_http2 } else { Builder::cluster };
    let envoy = point(Envoy::gateway().cluster(STORAGE, storage.addr()), UPSTREAM, upstream.addr())
        .patch_plugin(&json!({"sumdb": []}))
        .start();
    Site { envoy, upstream, storage, spoken: if http2 { "HTTP/2" } else { "HTTP/1.1" } }
}

fn ask(site: &Site, path: &str) -> Response {
    site.envoy.send(&Request::get(path).deadline(DEADLINE))
}

/// The first waits from the start, another from the fortieth second on; both get the same.
fn asked_by_two(site: &Site, path: &str) -> [Response; 2] {
    thread::scope(|scope| {
        let first = scope.spawn(|| ask(site, path));
        thread::sleep(Duration::from_secs(40));
        let second = scope.spawn(|| ask(site, path));
        [first.join().unwrap(), second.join().unwrap()]
    })
}

#[test]
fn what_an_upstream_says_after_a_minute_is_what_clients_get() {
    let sites = [false, true].map(site);
    thread::scope(|scope| {
        for site in &sites {
            scope.spawn(|| documents(site));
            scope.spawn(|| streamed(site));
            scope.spawn(|| whole(site));
        }
    });
}

fn documents(site: &Site) {
    let module = Module::new("slow.example/m", "v1.0.0");
    let late = |body: &str| Reply::ok(body).served().delay(MINUTE);
    site.upstream.on(&module.list_url(), late("v1.0.0\n"));
    site.upstream.on(&module.latest_url(), late(&module.info()));
    site.upstream.on(&module.url("info"), late(&module.info()));
    site.upstream.on(&module.url("mod"), late(module.go_mod()));
    let gone = "/slow.example/gone/@v/list";
    site.upstream.on(
        gone,
        Reply::status(404)
            .body("not found: module slow.example/gone: no such repository")
            .served()
            .delay(MINUTE),
    );
    thread::scope(|scope| {
        for path in [module.list_url(), module.latest_url(), module.url("info"), module.url("mod")] {
            scope.spawn(move || {
                for answer in asked_by_two(site, &path) {
                    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                }
                assert_eq!(site.upstream.hits(&path), 1, "{path}");
            });
        }
        scope.spawn(move || {
            for answer in asked_by_two(site, gone) {
                assert_eq!(answer.status, 404, "{}", answer.text());
                assert!(answer.text().contains("no such repository"), "{}", answer.text());
            }
            assert_eq!(site.upstream.hits(gone), 1);
        });
    });
    Row {
        kind: "slow",
        fault: "the upstream answers a list, `@latest`, `.info` or `.mod` after a minute, with 200 or 404",
        spoken: site.spoken,
        client: "that answer, also who joined after 40 s",
        asked: "once",
    }
    .seen();
}

/// Larger than what is fetched whole: its first byte comes after a minute.
fn streamed(site: &Site) {
    let module = Module::new("slow.example/toolchain", "v1.0.0").padded(9 << 20);
    site.upstream.serve(&module);
    site.upstream.on(&module.url("zip"), Reply::ok(module.zip()).served().delay(MINUTE));
    let begun = Instant::now();
    let answer =
        site.envoy.send(&Request::get(&module.url("zip")).deadline(Duration::from_secs(170)).discard_body());
    assert_eq!(answer.status, 200, "after {:?}", begun.elapsed());
    assert_eq!(answer.length, module.zip().len());
    Row {
        kind: "slow",
        fault: "the first byte of a zip that is streamed comes after a minute",
        spoken: site.spoken,
        client: "the zip",
        asked: "for the whole of it until nine tenths of `fetch.zip_wait` have passed, then as a stream",
    }
    .seen();
}

/// Small enough to be fetched whole, and too slow for that: it is stored all the same.
fn whole(site: &Site) {
    let module = Module::new("slow.example/trickle", "v1.0.0").padded(2 << 20);
    site.upstream.serve(&module);
    let mut zip = Reply::ok(module.zip()).served();
    for piece in 1..40 {
        zip = zip.stall(piece * (50 << 10), Duration::from_secs(1));
    }
    site.upstream.on(&module.url("zip"), zip);
    let before = site.upstream.hits_with("GET", &module.url("zip"));
    let answer = ask(site, &module.url("zip"));
    assert_eq!((answer.status, before), (200, 0));
    let stored = site.storage.data().join(module.url("zip").trim_start_matches('/'));
    wait::until("it is stored", Duration::from_secs(10), || stored.exists());
    assert_eq!(site.upstream.hits_with("GET", &module.url("zip")), 2);
    let again = ask(site, &module.url("zip"));
    assert_eq!((again.status, again.header("x-modgate-cache")), (200, Some("storage")));
    assert_eq!(site.upstream.hits_with("GET", &module.url("zip")), 2);
    Row {
        kind: "slow",
        fault: "a small zip comes at 50 KB/s, too slowly to be fetched whole",
        spoken: site.spoken,
        client: "the zip, as it comes; it is stored on the way, and the next comes from storage",
        asked: "twice, the first time given up before the second begins",
    }
    .seen();
}
