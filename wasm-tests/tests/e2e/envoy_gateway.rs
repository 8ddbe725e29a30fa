//! What is shipped for Envoy Gateway, as that would configure an Envoy with it.

use std::thread;
use std::time::Duration;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::envoy_gateway::{self, Rendered};
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::mesh::Manifest;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::{tools, wait};
use serde_json::json;

const HOST: &str = "goproxy.example.com";
const STORAGE: &str = "httproute/modgate/storage/rule/0";
const GOLANG: &str = "httproute/modgate/proxy-golang-org/rule/0";
const CDN: &str = "httproute/modgate/storage-googleapis-com/rule/0";
const SUMDB: &str = "httproute/modgate/sum-golang-org/rule/0";
const KNOWN: &str = "/known.example/m/@v/v1.0.0.mod";
const GOOD: &str = "module known.example/m\n";

fn shipped(edit: impl FnOnce(&mut Vec<Manifest>)) -> Rendered {
    let mut manifests = envoy_gateway::shipped().unwrap();
    edit(&mut manifests);
    envoy_gateway::render(&manifests).unwrap()
}

fn find<'a>(manifests: &'a mut [Manifest], kind: &str) -> &'a mut Manifest {
    manifests.iter_mut().find(|manifest| manifest.kind() == kind).unwrap()
}

fn get(envoy: &Envoy, path: &str) -> Response {
    envoy.send(&Request::get(path).header("host", HOST))
}

/// An Envoy whose modules come from one server, without a checksum database.
fn to(mut rendered: Rendered, upstream: &Faulty, storage: &Faulty, crashing: bool) -> Builder {
    rendered.patch_plugin(&json!({"sumdb": []}));
    let wasm = if crashing { tools::wasm_crash() } else { tools::wasm() };
    Envoy::gateway()
        .bootstrap(rendered.bootstrap(&wasm))
        .cluster(GOLANG, upstream.addr())
        .cluster(STORAGE, storage.addr())
}

#[test]
fn modules_are_served() {
    let (golang, cdn, storage, tree) =
        (Faulty::start(), Faulty::start(), Nginx::storage(), tempfile::tempdir().unwrap());
    let sumdb = Sumdb::of(tree.path());
    let mut rendered = shipped(|_| {});
    rendered.patch_plugin(&json!({"sumdb": [{
        "name": Sumdb::NAME, "key": sumdb.key(), "cluster": SUMDB, "url": "https://sum.golang.org",
    }]}));
    let envoy = Envoy::gateway()
        .bootstrap(rendered.bootstrap(&tools::wasm()))
        .cluster(GOLANG, golang.addr())
        .cluster(CDN, cdn.addr())
        .cluster(STORAGE, storage.addr())
        .cluster(SUMDB, sumdb.addr())
        .start();
    // What is fetched whole, what streams, and what is elsewhere.
    let [small, large, moved] = [("small", 1 << 20), ("large", 12 << 20), ("moved", 10 << 20)]
        .map(|(name, length)| Module::new(&format!("gateway.example.com/{name}"), "v1.0.0").padded(length));
    for module in [&small, &large, &moved] {
        module.write_to(tree.path());
        golang.serve(module);
    }
    let away = "/objects/moved.zip";
    golang.on(
        &moved.url("zip"),
        Reply::status(302).header("location", &format!("https://storage.googleapis.com{away}")),
    );
    cdn.on(away, Reply::ok(moved.zip()).header("content-type", "application/zip").served().ranges());

    // As a proxy for HTTP, Envoy is reached by the name that it serves.
    let go =
        || Go::new(&format!("http://{HOST}")).env("HTTP_PROXY", &envoy.url()).env("GOSUMDB", sumdb.key());
    assert_eq!(go().list_versions("gateway.example.com/small"), ["v1.0.0"]);
    let queries = [small.query(), large.query(), moved.query()];
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    go().mod_download(&queries).expect_ok();
    wait::until("all are stored", Duration::from_secs(20), || {
        [&small, &large, &moved]
            .iter()
            .all(|module| storage.files().contains_key(module.url("zip").trim_start_matches('/')))
    });
    let asked = golang.hits(&large.url("zip"));
    go().mod_download(&queries).expect_ok();
    assert_eq!(golang.hits(&large.url("zip")), asked, "they come from storage");

    for (source, path, host) in
        [(&golang, large.url("zip"), "proxy.golang.org"), (&cdn, away.to_owned(), "storage.googleapis.com")]
    {
        for seen in source.requests_for(&path) {
            assert_eq!(seen.header("host"), Some(host), "{path}");
            let told = [
                "x-modgate-cluster",
                "x-modgate-host",
                "x-forwarded-for",
                "x-forwarded-proto",
                "x-request-id",
            ];
            let told: Vec<_> = told.iter().filter(|name| seen.header(name).is_some()).collect();
            assert!(told.is_empty(), "{path}: {told:?}");
        }
    }
    let nothing = get(&envoy, "/");
    assert_eq!((nothing.status, nothing.text().contains("Go modules only")), (404, true));
    // A client that names a cluster gets no further by that.
    let bold =
        envoy.send(&Request::get("/private").header("host", HOST).header("x-modgate-cluster", STORAGE));
    assert_eq!(bold.status, 404);
    assert_eq!(envoy.get(KNOWN).status, 404, "under another name nothing is served");
}

/// By default filters in Wasm stand before a rate limit, which never sees what they answer.
#[test]
fn a_rate_limit_counts_what_the_filter_answers() {
    let (upstream, storage) = (Faulty::start(), Faulty::store());
    upstream.on(KNOWN, Reply::ok(GOOD));
    for (order, last) in [(true, 429), (false, 200)] {
        let rendered = shipped(|manifests| {
            find(manifests, "BackendTrafficPolicy").value_mut()["spec"]["rateLimit"] =
                json!({"type": "Local", "local": {"rules": [{"limit": {"requests": 10, "unit": "Hour"}}]}});
            if !order {
                find(manifests, "EnvoyProxy").value_mut()["spec"]["filterOrder"] = json!([]);
            }
        });
        let envoy = to(rendered, &upstream, &storage, false).start();
        let statuses: Vec<u16> = (0..11).map(|_| get(&envoy, KNOWN).status).collect();
        assert_eq!(statuses, [vec![200; 10], vec![last]].concat(), "filterOrder: {order}");
    }
}

/// With the patch; and without it, for there is no other way to say so.
#[test]
fn a_trap_recovers_by_the_patch_alone() {
    let (upstream, storage) = (Faulty::start(), Faulty::store());
    let crash = "/crash.example/m/@v/v1.0.0.mod";
    upstream.on(KNOWN, Reply::ok(GOOD));
    for patched in [true, false] {
        let rendered = shipped(|manifests| {
            if !patched {
                manifests.retain(|manifest| manifest.kind() != "EnvoyPatchPolicy");
            }
        });
        let envoy = to(rendered, &upstream, &storage, true).may_crash().alone().start();
        upstream.on(crash, Reply::ok(GOOD).header("x-modgate-crash", "yes"));
        assert_eq!(get(&envoy, KNOWN).status, 200);
        let (addr, request) =
            (envoy.addr(), Request::get(crash).header("host", HOST).deadline(Duration::from_secs(30)));
        thread::spawn(move || request.try_send(addr));
        wait::until("it traps", Duration::from_secs(10), || envoy.log_contains("told to crash"));
        if patched {
            wait::until("it serves again", Duration::from_secs(10), || get(&envoy, KNOWN).status == 200);
            assert_eq!(get(&envoy, KNOWN).header("x-modgate-cache"), Some("hit"));
        } else {
            // Longer than any backoff.
            thread::sleep(Duration::from_secs(2));
            assert_eq!(get(&envoy, KNOWN).status, 503);
        }
    }
}
