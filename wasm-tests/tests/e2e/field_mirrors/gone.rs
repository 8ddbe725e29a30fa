//! Modules whose repositories were deleted: what is stored of them is what there is.

use std::time::Duration;

use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

use super::{Store, explain};

const MODULE: &str = "github.com/Acme/gone";
const LIST: &str = "/github.com/!acme/gone/@v/list";
const LATEST: &str = "/github.com/!acme/gone/@latest";

/// An upstream in HTTP/2 that says this of all that it has not.
fn upstream(status: u16) -> Faulty {
    let upstream = Faulty::start_http2();
    upstream.otherwise(move |_| Reply::status(status).body("gone\n").served());
    upstream
}

#[test]
fn what_is_stored_of_a_module_that_is_gone_is_its_list_in_each_layout() {
    let modules = [Module::new(MODULE, "v1.0.0"), Module::new(MODULE, "v0.0.0-20200102030405-abcdefabcdef")];
    for ((store, layout), status) in Store::all().into_iter().zip([404, 410].into_iter().cycle()) {
        let what = format!("{} {layout} {status}", store.name());
        let before = upstream(404);
        modules.iter().for_each(|module| before.serve(module));
        {
            // Nobody asks for the list.
            let envoy = store.gateway(layout, (before.addr(), true), &json!({}));
            for module in &modules {
                Go::new(&envoy.url()).mod_download(&[&module.query()]).expect_ok();
            }
            wait::until(&format!("{what}: both are stored"), Duration::from_secs(30), || {
                let keys = store.keys();
                let infos = keys.iter().filter(|key| key.ends_with(".info")).count();
                infos == 2
            });
            let _ = envoy.stats();
            envoy.wait_idle(&[STORAGE, UPSTREAM]);
        }
        assert!(!store.keys().iter().any(|key| key.ends_with("/list") || key.ends_with("@latest")), "{what}");

        let after = upstream(status);
        let envoy = store.gateway(layout, (after.addr(), true), &json!({}));
        let listed = store.listings();
        let list = envoy.get(LIST);
        let expected = format!("{}\n{}\n", modules[1].version(), modules[0].version());
        assert_eq!((list.status, list.text()), (200, expected), "{what}");
        let latest = envoy.get(LATEST);
        assert_eq!((latest.status, latest.text()), (200, modules[0].info()), "{what}");
        let go = Go::new(&envoy.url());
        assert_eq!(go.list_versions(MODULE), ["v1.0.0"], "{what}");
        assert_eq!(go.resolve(&format!("{MODULE}@latest")), "v1.0.0", "{what}");
        go.get(&format!("{MODULE}@latest")).expect_ok();
        // Once, whoever asks how often; in folders of versions once for each besides.
        let is_flat = layout == "athens_flat" && matches!(store, Store::Files(_));
        assert_eq!(store.listings() - listed, if is_flat { 3 } else { 1 }, "{what}");
        assert_eq!((after.hits(LIST), after.hits(LATEST)), (1, 1), "{what}");
        let explained = explain(&envoy, &format!("module={MODULE}"));
        assert_eq!(explained["indexed"][0]["state"], "left", "{explained:#}");
        assert_eq!(explained["sources"][0]["asked"][1], "storage", "{explained:#}");
        // What is no module stays that.
        for path in
            ["/github.com/!acme/@v/list", "/github.com/!acme/none/@v/list", "/github.com/!acme/none/@latest"]
        {
            assert_eq!(envoy.get(path).status, status, "{what} {path}");
        }
        // A version that is not stored is not there.
        assert_eq!(envoy.get("/github.com/!acme/gone/@v/v1.1.0.info").status, status, "{what}");
    }
    Row {
        kind: "mirrors",
        fault: "404 or 410 for a module of which a version is stored: its repository was deleted",
        spoken: "HTTP/2",
        client: "the versions that are stored, as list and as `@latest`, in every layout of WebDAV and S3",
        asked: "once for each negative freshness; storage is listed once",
    }
    .seen();
}

#[test]
fn while_an_upstream_answers_its_list_is_the_truth() {
    for (store, layout) in Store::all() {
        let what = format!("{} {layout}", store.name());
        let old = Module::new(MODULE, "v1.0.0");
        let upstream = upstream(404);
        upstream.serve(&old);
        let patch = json!({"freshness": {"list": "1s", "negative": "1s", "latest": "1s", "stale_while_revalidate": "0s"}});
        let envoy = store.gateway(layout, (upstream.addr(), true), &patch);
        Go::new(&envoy.url()).mod_download(&[&old.query()]).expect_ok();
        wait::until(&format!("{what}: it is stored"), Duration::from_secs(30), || {
            store.keys().iter().any(|key| key.ends_with(".info"))
        });
        let listed = store.listings();
        // It was taken back, and another one came.
        upstream.on(&old.latest_url(), Reply::status(404));
        upstream.on(&old.list_url(), Reply::ok("v1.1.0\n"));
        assert_eq!(envoy.get(LIST).text(), "v1.1.0\n", "{what}");
        assert_eq!(envoy.get(LATEST).status, 404, "{what}: the go command takes it from the list");
        assert_eq!(store.listings(), listed, "{what}: nobody asks what is stored");
        // Whoever names it gets it as before.
        upstream.on(&old.url("info"), Reply::status(404));
        upstream.on(&old.url("zip"), Reply::status(404));
        Go::new(&envoy.url()).mod_download(&[&old.query()]).expect_ok();
        // That it fails does not say that it is gone.
        upstream.on(&old.list_url(), Reply::status(500));
        wait::until(&format!("{what}: it fails"), Duration::from_secs(10), || {
            let list = envoy.get(LIST);
            assert_eq!((list.status, list.text().as_str()), (200, "v1.1.0\n"), "{what}");
            upstream.hits(LIST) >= 2
        });
        assert_eq!(store.listings(), listed, "{what}");
    }
}
