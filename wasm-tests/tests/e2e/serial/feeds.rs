//! What a client notices while pages of a feed are read, and told to other gateways: nothing.

use std::thread;
use std::time::Duration;

use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::feed::Feed;
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::{self, Request};
use modgate_wasm_tests::load::{Load, Shape};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{at_one_and_four_workers, wait};
use serde_json::json;

at_one_and_four_workers!(others_are_served_while_pages_of_a_feed_are_read);

/// The index has another page of 300 KB every second, as long as one may be, which a worker reads while hits are answered.
fn others_are_served_while_pages_of_a_feed_are_read(workers: u32) {
    let (upstream, storage, feed) = (Faulty::start(), Faulty::store(), Feed::start());
    let hot = Module::new("example.com/hot", "v1.0.0");
    upstream.serve(&hot);
    let source =
        json!({"name": "golang", "cluster": "index", "url": "http://index.example/index", "interval": "1s"});
    let envoy = builder(upstream.addr(), storage.addr())
        .cluster("index", feed.addr())
        .concurrency(workers)
        .patch_plugin(&json!({"sync": {"feeds": [source], "fleet": {"every": "1s"}}}))
        .alone()
        .start();
    let (addr, path) = (envoy.addr(), hot.url("mod"));
    for _ in 0..20 * workers {
        assert_eq!(http::get(addr, &path).status, 200);
    }
    let shape = Shape { threads: 1, connections: 4 };
    let start = || {
        let path = path.clone();
        Load::start(addr, shape, move |_| Request::get(&path))
    };
    let read = || envoy.stat("wasmcustom.modgate.feed_lines_total.target.feed_golang.outcome.new");
    let load = start();
    thread::sleep(Duration::from_secs(4));
    let alone = load.stop();
    let load = start();
    for round in 1..=4 {
        feed.tell((0..LINES).map(|n| (format!("git.example.com/{:x<60}/m{n}", ""), format!("v1.{round}.0"))));
        wait::until("it is read", Duration::from_secs(30), || read() >= round * LINES);
    }
    let beside = load.stop();
    println!("{workers} workers: alone {alone}");
    println!("{workers} workers: beside {beside}");
    assert_eq!((beside.status(200), alone.status(200)), (beside.total(), alone.total()));
    assert!(beside.total() > 1_000, "{} requests were no load", beside.total());
    // A slice is a few milliseconds. To read all of it at once takes some fifty.
    let within = |percent, factor, more| {
        beside.within(percent) < alone.within(percent) * factor + Duration::from_millis(more)
    };
    assert!(within(99, 2, 15) && within(100, 2, 50), "alone {alone}, beside {beside}");
    // Its lines are there for the other gateways, and none of them was given up.
    wait::until("its lines are told", Duration::from_secs(30), || {
        let is_segment = |target: &str| target.contains("/fleet/00/");
        let told =
            storage.requests().iter().filter(|seen| seen.method == "PUT" && is_segment(&seen.target)).count();
        told >= SEGMENTS
    });
    assert!(envoy.stats().keys().all(|name| !name.contains("fleet_total.outcome.failed")));
    envoy.assert_unharmed();
}

/// As many as a page has, without another one behind: 150 bytes each.
const LINES: u64 = 1_990;

/// 1.2 MB of lines, less their times, in segments of 56 KiB, and a page ends one: three of each page.
const SEGMENTS: usize = 12;
