//! What a client notices while a whole database of advisories is read: nothing.

use std::thread;
use std::time::Duration;

use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::{self, Request};
use modgate_wasm_tests::load::{Load, Shape};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{at_one_and_four_workers, wait};
use serde_json::json;

use crate::advisories::database::whole;

at_one_and_four_workers!(others_are_served_while_a_whole_database_is_read);

const ZIP: &str = "/vulndb.zip";

/// The source has another database of 3 MB every second, which a worker reads while hits are answered.
fn others_are_served_while_a_whole_database_is_read(workers: u32) {
    let (upstream, storage, source) = (Faulty::start(), Faulty::store(), Faulty::start());
    let hot = Module::new("example.com/hot", "v1.0.0");
    upstream.serve(&hot);
    let zips = [1, 2, 3, 4].map(|day| whole("example.com/hot", "0.9.0", day));
    assert!(zips[0].len() > 2 << 20, "{} bytes", zips[0].len());
    let zip = json!({"name": "go", "format": "zip", "cluster": "vuln", "url": format!("http://vuln.example{ZIP}"), "interval": "1s"});
    let rule = json!({"name": "known", "modules": ["*"], "advisories": {}, "action": "deny"});
    source.on(ZIP, Reply::ok("PK"));
    let envoy = builder(upstream.addr(), storage.addr())
        .cluster("vuln", source.addr())
        .concurrency(workers)
        .patch_plugin(&json!({"advisories": {"sources": [zip]}, "policy": {"rules": [rule]}}))
        .alone()
        .start();
    let (addr, path) = (envoy.addr(), hot.url("mod"));
    for _ in 0..20 * workers {
        assert_eq!(http::get(addr, &path).status, 200);
    }
    let name = "wasmcustom.modgate.advisories_polls_total.target.advisories_go.outcome.changed";
    let shape = Shape { threads: 1, connections: 4 };
    let start = || {
        let path = path.clone();
        Load::start(addr, shape, move |_| Request::get(&path))
    };
    let load = start();
    thread::sleep(Duration::from_secs(4));
    let alone = load.stop();
    let load = start();
    for (round, zip) in (1_u64..).zip(zips) {
        source.on(ZIP, Reply::ok(zip));
        wait::until("it is read", Duration::from_secs(30), || envoy.stat(name) >= round);
    }
    let beside = load.stop();
    println!("{workers} workers: alone {alone}");
    println!("{workers} workers: beside {beside}");
    assert_eq!((beside.status(200), alone.status(200)), (beside.total(), alone.total()));
    assert!(beside.total() > 1_000, "{} requests were no load", beside.total());
    // A slice is a few milliseconds. To read all of it at once takes some hundred.
    let within = |percent, factor, more| {
        beside.within(percent) < alone.within(percent) * factor + Duration::from_millis(more)
    };
    assert!(within(99, 2, 25) && within(100, 2, 100), "alone {alone}, beside {beside}");
    let refused = http::get(addr, "/golang.org/x/text/@v/v0.3.0.mod");
    assert!(refused.status == 403 && refused.text().contains("GO-2020-0015"), "{}", refused.text());
}
