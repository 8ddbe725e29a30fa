//! Readiness of a whole Envoy: what one worker has seen all have, and an outage takes nobody out of rotation who can serve.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::bootstrap::discovery::Discovery;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{self, UPSTREAM, builder};
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::wait;
use serde_json::{Value, json};
use tempfile::TempDir;

const LIST: &str = "/ready.example/m/@v/list";
/// New connections, so that every worker is asked: that one of four is missed has a chance of 1 in 2,500.
const PROBES: usize = 32;

struct Stack {
    envoy: Envoy,
    discovery: Discovery,
    pushed: u64,
    _dir: TempDir,
}

impl Stack {
    fn start(upstream: SocketAddr, storage: SocketAddr) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (builder, discovery) = builder(upstream, storage).concurrency(4).discovered(dir.path());
        Self { envoy: builder.start(), discovery, pushed: 1, _dir: dir }
    }

    fn push(&mut self, patch: &Value) {
        self.discovery.push(patch);
        self.pushed += 1;
        assert!(!self.envoy.wait_discovered(self.pushed), "refused: {patch}");
    }

    /// How often each answer is given to many, each on a connection of its own.
    fn pages(&self) -> BTreeMap<(u16, String), usize> {
        let mut pages = BTreeMap::new();
        for _ in 0..PROBES {
            let page = self.envoy.get("/-/readyz");
            *pages.entry((page.status, page.text().trim().to_owned())).or_default() += 1;
        }
        pages
    }

    #[track_caller]
    fn assert_all(&self, status: u16, page: &Value) {
        let pages = self.pages();
        assert!(pages.keys().all(|(given, text)| *given == status && read(text) == *page), "{pages:?}");
    }
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn page(ready: bool, seen: &[&str], unseen: &[&str], failing: &[&str]) -> Value {
    json!({"ready": ready, "seen": seen, "unseen": unseen, "failing": failing})
}

/// An address at which nobody listens, though somebody may later.
fn nobody() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

#[test]
fn what_one_worker_saw_all_know_and_a_configuration_pushed_in_an_outage_changes_nothing() {
    let (upstream, storage) = (Faulty::start(), Faulty::store());
    upstream.on(LIST, Reply::ok("v1.0.0\n"));
    let mut stack = Stack::start(upstream.addr(), storage.addr());
    // All traffic on one connection: one worker.
    let mut conn = Conn::open(stack.envoy.addr()).unwrap();
    for path in [LIST, "/ready.example/m/@v/v1.0.0.info"] {
        conn.exchange(&Request::get(path)).unwrap();
    }
    let asked = upstream.count();
    stack.assert_all(200, &page(true, &["storage", "golang"], &[], &[]));
    assert_eq!(upstream.count(), asked, "who was seen is not asked again");

    drop(upstream);
    conn.exchange(&Request::get("/ready.example/other/@v/list")).unwrap();
    stack.assert_all(200, &page(true, &["storage", "golang"], &[], &["golang"]));
    stack.push(&json!({"freshness": {"list": "2m"}}));
    stack.assert_all(200, &page(true, &["storage", "golang"], &[], &["golang"]));
    assert_eq!(stack.envoy.get(LIST).status, 200);
    // One upstream more: what is known of the others stays.
    let upstreams = json!([
        {"name": "golang", "cluster": UPSTREAM, "url": "https://proxy.golang.org", "fallback": "any_error"},
        {"name": "second", "cluster": UPSTREAM, "url": "https://second.example"},
    ]);
    stack.push(&json!({"upstreams": upstreams}));
    let pages = stack.pages();
    assert!(pages.keys().all(|(status, _)| *status == 200), "{pages:?}");
    let last = read(&stack.envoy.get("/-/readyz").text());
    assert_eq!(last["seen"], json!(["storage", "golang"]), "{last}");
    assert_eq!(last["unseen"], json!(["second"]), "{last}");
    // Storage goes too.
    drop(storage);
    conn.exchange(&Request::get("/ready.example/third/@v/v1.0.0.mod")).unwrap();
    assert!(stack.pages().keys().all(|(status, _)| *status == 200));
}

#[test]
fn a_gateway_that_starts_in_an_outage_is_ready_if_it_can_serve() {
    let other = Faulty::store();
    for (upstream, storage, seen, failing) in
        [(other.addr(), nobody(), "golang", "storage"), (nobody(), other.addr(), "storage", "golang")]
    {
        let stack = Stack::start(upstream, storage);
        let first = stack.envoy.get("/-/readyz");
        assert_eq!(first.status, 200, "{}", first.text());
        stack.assert_all(200, &page(true, &[seen], &[failing], &[failing]));
    }
    // One that hangs keeps nobody waiting.
    let (hangs, late) = (Faulty::start(), Gate::new());
    let reply = Reply::ok("").held(&late);
    hangs.otherwise(move |_| reply.clone());
    let stack = Stack::start(hangs.addr(), other.addr());
    let begun = Instant::now();
    assert_eq!(stack.envoy.get("/-/readyz").status, 200);
    assert!(begun.elapsed().as_millis() < 900, "{:?}", begun.elapsed());
    late.open();
}

#[test]
fn with_nobody_there_it_is_not_ready_asks_within_bounds_and_hears_at_once_of_who_comes() {
    let (upstream, storage) = (Faulty::start(), nobody());
    let down = Reply::status(503).served();
    upstream.otherwise(move |_| down.clone());
    let stack = Stack::start(upstream.addr(), storage);
    let begun = Instant::now();
    let mut pages = 0;
    while begun.elapsed().as_secs() < 3 {
        stack.assert_all(503, &page(false, &[], &["storage", "golang"], &["storage", "golang"]));
        pages += PROBES;
    }
    let (asked, rounds) = (upstream.count(), usize::try_from(begun.elapsed().as_secs() + 2).unwrap());
    println!("{pages} pages, {asked} questions");
    assert!(pages > 100 && asked <= 4 * rounds, "{asked} in {rounds} rounds of 4 workers for {pages} pages");
    let storage = Faulty::start_at(storage);
    storage.otherwise(|_| Reply::status(404).served());
    thread::sleep(Duration::from_millis(1_100));
    // One asks, and all know.
    assert_eq!(stack.envoy.get("/-/readyz").status, 200);
    let pages = stack.pages();
    assert!(pages.keys().all(|(status, _)| *status == 200), "{pages:?}");
}

#[test]
fn clusters_that_the_gateway_does_not_have_are_named_with_what_to_create() {
    let istio = "outbound|443||proxy.golang.org";
    let stack = fixture::Stack::with(
        &json!({
            "upstreams": [{"name": "golang", "cluster": istio, "url": "https://proxy.golang.org"}],
            "sumdb": [{"name": "sum.golang.org", "cluster": "no_database", "url": "https://sum.golang.org"}],
        }),
        |envoy| envoy,
    );
    let service_entry = "needs a ServiceEntry or a Service for proxy.golang.org with port 443";
    let missing = wait::poll(Duration::from_secs(10), || {
        let page = stack.get("/-/readyz");
        assert_eq!(page.status, 200, "storage can serve");
        Some(page.json()["missing_clusters"].clone()).filter(|missing| missing[istio].is_string())
    });
    let missing = missing.expect("readiness names them");
    assert!(missing[istio].as_str().unwrap().contains(service_entry), "{missing}");
    assert!(missing["no_database"].as_str().unwrap().contains("has to be a cluster of"), "{missing}");
    assert_eq!(missing.as_object().unwrap().len(), 2);

    let answer = stack.get("/lost.example/m/@v/v1.0.0.info");
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains(service_entry), "{}", answer.text());
    assert!(stack.envoy.log_contains(&format!("no route to it: \"{istio}\" {service_entry}")));
}
