//! A bot that looks for new versions: each hour the list, the `.info` of all versions, and the lists of major versions that are not
//! there; never a zip.

use std::thread;
use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

use super::Store;

const COUNT: usize = 300;
/// As many as such a bot has under way.
const AT_ONCE: usize = 5;
const MODULE: &str = "example.com/busy";

fn version(n: usize) -> Module {
    Module::new(MODULE, &format!("v1.{n}.0"))
}

fn upstream() -> Faulty {
    let upstream = Faulty::start_http2();
    let list: String = (0..COUNT).map(|n| format!("v1.{n}.0\n")).collect();
    upstream.on(&version(0).list_url(), Reply::ok(list));
    (0..COUNT).for_each(|n| upstream.on(&version(n).url("info"), Reply::ok(version(n).info())));
    upstream
}

fn round(envoy: &Envoy) {
    let addr = envoy.addr();
    assert_eq!(http::get(addr, &version(0).list_url()).text().lines().count(), COUNT);
    let askers = (0..AT_ONCE).map(|first| {
        thread::spawn(move || {
            for n in (first..COUNT).step_by(AT_ONCE) {
                let answer = http::get(addr, &version(n).url("info"));
                assert_eq!((answer.status, answer.text()), (200, version(n).info()));
            }
        })
    });
    askers.collect::<Vec<_>>().into_iter().for_each(|asker| asker.join().unwrap());
    for major in ["v2", "v3"] {
        assert_eq!(http::get(addr, &format!("/{MODULE}/{major}/@v/list")).status, 404);
    }
    let _ = envoy.stats();
    envoy.wait_idle(&[STORAGE, UPSTREAM]);
}

#[test]
fn after_the_first_round_the_upstream_hears_no_more_of_dates_in_each_layout() {
    for (store, layout) in Store::all() {
        let what = format!("{} {layout}", store.name());
        let upstream = upstream();
        let patch = json!({"freshness": {"list": "1h", "negative": "1h"}});
        let start = || store.gateway(layout, (upstream.addr(), true), &patch);
        let infos = || upstream.requests().iter().filter(|seen| seen.target.ends_with(".info")).count();
        let mut heard = Vec::new();
        {
            let envoy = start();
            for _ in 0..2 {
                round(&envoy);
                heard.push((upstream.requests().len(), infos()));
            }
        }
        let envoy = start();
        for _ in 0..2 {
            round(&envoy);
            heard.push((upstream.requests().len(), infos()));
        }
        // The lists of three major versions, which nobody remembers over a restart, and each date once.
        assert_eq!(
            heard,
            [(COUNT + 3, COUNT), (COUNT + 3, COUNT), (COUNT + 6, COUNT), (COUNT + 6, COUNT)],
            "{what}"
        );
        let keys = store.keys();
        let aside = keys.iter().filter(|key| key.starts_with("aside/") && key.ends_with(".json")).count();
        assert_eq!(aside, COUNT, "{what}: {keys:?}");
        // To whoever takes an `.info` for a version there is none.
        assert!(!keys.iter().any(|key| key.ends_with(".info")), "{what}");

        // With its zip a version is stored as ever.
        upstream.serve(&version(7));
        Go::new(&envoy.url()).mod_download(&[&version(7).query()]).expect_ok();
        let _ = envoy.stats();
        envoy.wait_idle(&[STORAGE, UPSTREAM]);
        // The go.mod and the zip come before it, and between them nothing is under way.
        let stored = || store.keys().iter().filter(|key| key.ends_with(".info")).count();
        wait::until(&format!("{what}: the version is stored"), Duration::from_secs(10), || stored() == 1);
        assert_eq!(infos(), COUNT, "{what}");
    }
    Row {
        kind: "mirrors",
        fault: "a client asks for the `.info` of 300 versions each hour, and never for a zip; the gateway is restarted in between",
        spoken: "HTTP/2",
        client: "200 each time",
        asked: "300 times in the first round, and then never again for an `.info`",
    }
    .seen();
}
