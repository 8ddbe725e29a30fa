//! Zips that go into an object store while they pass by, on a real Envoy that signs for it: whole and good or not at all, and
//! in little memory.

use std::time::Duration;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::http::{Conn, Error, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::s3::{S3, Trouble};
use modgate_wasm_tests::wait;
use serde_json::json;

const PATH: &str = "/uploads.example/m/@v/v1.0.0.zip";
const KEY: &str = "uploads.example/m/@v/v1.0.0.zip";

struct Site {
    envoy: Envoy,
    upstream: Faulty,
    store: S3,
}

impl Site {
    fn start(workers: u32) -> Self {
        Self::with(workers, |builder| builder)
    }

    fn with(workers: u32, edit: impl FnOnce(Builder) -> Builder) -> Self {
        let (upstream, store) = (Faulty::start(), S3::start());
        let storage = json!({
            "dialect": "s3", "url": format!("http://{}/{}", store.addr(), S3::BUCKET), "part_bytes": 5 << 20,
        });
        let envoy = Envoy::gateway()
            .cluster(UPSTREAM, upstream.addr())
            .cluster_s3(STORAGE, store.addr())
            .patch_plugin(&json!({"sumdb": [], "fetch": {"zip_bytes": 0}, "storage": storage}))
            .concurrency(workers);
        let envoy = edit(envoy).start();
        Self { envoy, upstream, store }
    }

    /// The upstream has this module, and gives parts of it.
    fn serve(&self, module: &Module) -> Body {
        self.upstream.serve(module);
        self.upstream.on(PATH, reply(&module.zip()));
        module.zip()
    }

    fn wait_stored(&self, zip: &Body) {
        wait::until("it is stored, and what belongs to it", Duration::from_secs(20), || {
            self.store.keys().len() == 3
        });
        assert!(self.store.object(KEY).is_some_and(|object| object == zip.to_vec()), "other bytes");
        assert!(self.store.open_uploads().is_empty());
        self.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    }

    fn writes(&self, outcome: &str) -> u64 {
        self.envoy.metric(&format!("storage_writes_total.outcome.{outcome}"))
    }
}

fn module() -> Module {
    Module::new("uploads.example/m", "v1.0.0")
}

fn reply(zip: &Body) -> Reply {
    Reply::ok(zip.clone()).served().ranges().etag("\"it\"")
}

at_two_workers!(
    a_good_zip_is_stored_as_it_passes,
    of_a_bad_one_nothing_stays,
    a_client_that_hangs_up_does_not_cost_the_copy,
    a_store_that_hangs_costs_no_client_anything
);

fn a_good_zip_is_stored_as_it_passes(workers: u32) {
    // Of the larger one all parts may be held, so that no store is too slow for it.
    for length in [1 << 20, 16 << 20] {
        let site = Site::start(workers);
        let zip = site.serve(&module().padded(length));
        let answer = Request::get(PATH).compare_body(zip.clone()).send(site.envoy.addr());
        assert_eq!((answer.status, answer.pattern), (200, true));
        site.wait_stored(&zip);
        let parts = site.store.hits("PUT", "partNumber");
        assert_eq!(parts, if length > 5 << 20 { zip.len().div_ceil(5 << 20) as usize } else { 0 });
        let next = Request::get(PATH).compare_body(zip.clone()).send(site.envoy.addr());
        assert_eq!((next.header("x-modgate-cache"), next.pattern), (Some("storage"), true));
    }
}

fn of_a_bad_one_nothing_stays(workers: u32) {
    let site = Site::start(workers);
    let zip = site.serve(&module().padded(12 << 20));
    let mut bad = zip.to_vec();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    site.upstream.on(PATH, reply(&bad.into()));
    let Err(Error::Truncated(_)) = Request::get(PATH).discard_body().try_send(site.envoy.addr()) else {
        panic!("a whole response");
    };
    site.envoy.wait_metric("storage_writes_total.outcome.flawed", 1);
    assert!(site.store.keys().is_empty() && site.store.open_uploads().is_empty());
    site.upstream.on(PATH, reply(&zip));
    let answer = Request::get(PATH).compare_body(zip.clone()).send(site.envoy.addr());
    assert_eq!((answer.status, answer.pattern), (200, true));
    site.wait_stored(&zip);
}

fn a_client_that_hangs_up_does_not_cost_the_copy(workers: u32) {
    let (site, gate) = (Site::start(workers), Gate::new());
    let zip = site.serve(&module().padded(20 << 20));
    site.upstream.on(PATH, reply(&zip).held_in_body(12 << 20, &gate));
    let mut conn = Conn::open(site.envoy.addr()).unwrap();
    conn.send(&Request::get(PATH)).unwrap();
    assert_eq!(conn.head().unwrap().status, 200);
    wait::until("an upload is open", Duration::from_secs(10), || {
        let _ = conn.skip_some();
        !site.store.open_uploads().is_empty()
    });
    site.upstream.on(PATH, reply(&zip));
    drop(conn);
    gate.open();
    site.wait_stored(&zip);
    assert_eq!(site.writes("left"), 1);
}

fn a_store_that_hangs_costs_no_client_anything(workers: u32) {
    let (site, gate) = (Site::start(workers), Gate::new());
    let zip = site.serve(&module().padded(60 << 20));
    let held = gate.clone();
    site.store.trouble(move |asked| asked.is("PUT", "partNumber").then(|| Trouble::Held(held.clone())));
    let answer = Request::get(PATH).compare_body(zip.clone()).send(site.envoy.addr());
    assert_eq!((answer.status, answer.pattern), (200, true));
    site.store.no_trouble();
    gate.open();
    site.wait_stored(&zip);
    assert_eq!(site.writes("overrun"), 1);
}

#[test]
fn a_large_zip_is_stored_in_little_memory() {
    let site = Site::with(1, Builder::alone);
    let warm = Module::new("uploads.example/warm", "v1.0.0").padded(1 << 20);
    site.upstream.serve(&warm);
    assert_eq!(site.envoy.get(&warm.url("zip")).status, 200);
    wait::until("the first is stored", Duration::from_secs(10), || site.store.keys().len() == 3);
    let zip = module().padded(300 << 20).zip();
    site.upstream.on(PATH, reply(&zip));
    let before = site.envoy.forget_peak();
    let request = Request::get(PATH).discard_body().deadline(Duration::from_secs(60));
    assert_eq!(request.send(site.envoy.addr()).length, zip.len());
    // At once, or where the store did not keep up with loopback, by a copy.
    wait::until("it is stored", Duration::from_secs(60), || site.store.object(KEY).is_some());
    let grown = site.envoy.usage().peak.saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB more", grown >> 20);
    assert!(
        site.store.object(KEY).is_some_and(|object| object == zip.to_vec())
            && site.store.open_uploads().is_empty()
    );
}
