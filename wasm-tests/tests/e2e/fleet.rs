//! Two Envoys on one storage of each kind: what one hears the other heeds, and one of them reads a feed for both.

use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::feed::Feed;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::S3;
use modgate_wasm_tests::wait;
use serde_json::json;

const MODULE: &str = "git.example.com/acme/tool";

/// How often each asks storage.
const EVERY: Duration = Duration::from_secs(2);

/// What a hook may take beside: two seconds, and what a machine may take on which other tests run.
const BESIDE: Duration = Duration::from_secs(6);

enum Store {
    Files(Nginx),
    Objects(S3),
}

struct Fleet {
    // The Envoys before what they ask, so that they end first.
    envoys: Vec<Envoy>,
    upstream: Faulty,
    feed: Feed,
    store: Store,
}

impl Fleet {
    fn start(store: Store) -> Self {
        let (upstream, feed) = (Faulty::start(), Feed::start());
        let envoys = ["one", "two"].map(|name| {
            let builder = Envoy::gateway().cluster(UPSTREAM, upstream.addr()).cluster("index", feed.addr());
            let (builder, storage) = match &store {
                Store::Files(nginx) => (builder.cluster(STORAGE, nginx.addr()), json!({"timeout": "2s"})),
                Store::Objects(store) => {
                    let url = format!("http://s3.test/{}", S3::BUCKET);
                    let storage = json!({"dialect": "s3", "url": url, "timeout": "2s"});
                    (builder.cluster_s3(STORAGE, store.addr()), storage)
                }
            };
            let patch = json!({
                "sumdb": [],
                "storage": storage,
                "freshness": {"list": "1h", "latest": "1h", "query": "1h", "negative": "1h"},
                "sync": {
                    "hooks": [{"name": "forge", "kind": "gerrit", "secrets": ["a-secret-of-the-forge"],
                               "repositories": {"forge.test/*": "git.example.com/acme/*"}}],
                    "feeds": [{"name": "golang", "cluster": "index", "url": "http://index.example/index",
                               "headers": {"user-agent": name}, "interval": "1s"}],
                    "fleet": {"every": "2s"},
                },
            });
            // A memory that no other test has used: each is a gateway that has just begun.
            builder.patch_plugin(&patch).concurrency(2).alone().start()
        });
        Self { envoys: envoys.into(), upstream, feed, store }
    }

    fn publish(&self, versions: &[&str]) {
        let modules: Vec<_> = versions.iter().map(|version| Module::new(MODULE, version)).collect();
        self.upstream.serve_all(&modules);
        let newest = modules.last().unwrap();
        self.upstream.on(&newest.list_url(), Reply::ok(versions.join("\n") + "\n"));
        self.upstream.on(&newest.latest_url(), Reply::ok(newest.info()));
    }

    fn lists(&self, versions: &[&str]) -> bool {
        self.envoys.iter().all(|envoy| Go::new(&envoy.url()).list_versions(MODULE) == versions)
    }

    /// Both have their places.
    fn settle(&self) {
        wait::until("each has a place", Duration::from_secs(30), || {
            let places = match &self.store {
                Store::Files(nginx) => nginx.files().into_keys().collect(),
                Store::Objects(store) => store.keys(),
            };
            let places: Vec<_> = places
                .into_iter()
                .filter(|key| key.ends_with(".json") && key.starts_with("fleet/"))
                .collect();
            places == ["fleet/00.json", "fleet/01.json"]
        });
    }
}

fn both() -> [Store; 2] {
    [Store::Files(Nginx::storage()), Store::Objects(S3::start())]
}

#[test]
fn a_hook_at_one_gateway_is_seen_at_the_other_in_time() {
    for store in both() {
        let fleet = Fleet::start(store);
        fleet.publish(&["v1.0.0"]);
        assert!(fleet.lists(&["v1.0.0"]));
        fleet.settle();
        let mut versions = vec!["v1.0.0"];
        for (envoy, tag) in [(0, "v1.1.0"), (1, "v1.2.0"), (0, "v1.3.0")] {
            // A worker may give for a second what it gave a moment ago.
            thread::sleep(Duration::from_secs(1));
            assert!(fleet.lists(&versions), "nothing was told");
            versions.push(tag);
            fleet.publish(&versions);
            let event = json!({"type": "ref-updated", "refUpdate": {
                "refName": format!("refs/tags/{tag}"), "oldRev": "0", "newRev": "1", "project": "forge.test/tool",
            }});
            let request = Request::new("POST", "/-/hooks/forge?token=a-secret-of-the-forge");
            let sent = Instant::now();
            let answer = fleet.envoys[envoy]
                .send(&request.header("content-type", "application/json").body(event.to_string()));
            assert_eq!(answer.status, 202);
            wait::until("both list it", Duration::from_secs(30), || fleet.lists(&versions));
            let took = sent.elapsed();
            println!("{took:?} from gateway {envoy}");
            assert!(took < EVERY + BESIDE, "{took:?}");
        }
        fleet.envoys.iter().for_each(Envoy::assert_unharmed);
    }
}

#[test]
fn of_two_gateways_one_asks_the_index_and_the_other_takes_over() {
    for store in both() {
        let mut fleet = Fleet::start(store);
        fleet.publish(&["v1.0.0"]);
        assert!(fleet.lists(&["v1.0.0"]));
        fleet.settle();
        // Both may have begun at once; then one of them leaves it to the other.
        let mut reader = String::new();
        wait::until("one alone asks", Duration::from_secs(60), || {
            let _ = fleet.feed.askers();
            thread::sleep(Duration::from_secs(6));
            let mut askers = fleet.feed.askers();
            let count = askers.len();
            askers.sort();
            askers.dedup();
            reader = askers.first().cloned().unwrap_or_default();
            askers.len() == 1 && count >= 3
        });
        fleet.publish(&["v1.0.0", "v1.1.0"]);
        assert!(fleet.lists(&["v1.0.0"]));
        fleet.feed.tell([(MODULE.to_owned(), "v1.1.0".to_owned())]);
        wait::until("both list it", Duration::from_secs(20), || fleet.lists(&["v1.0.0", "v1.1.0"]));
        assert!(fleet.feed.askers().iter().all(|asker| *asker == reader), "and still one alone asks");

        // It ends, and what the index tells meanwhile is not lost.
        drop(fleet.envoys.remove(usize::from(reader == "two")));
        let _ = fleet.feed.askers();
        fleet.publish(&["v1.0.0", "v1.1.0", "v1.2.0"]);
        fleet.feed.tell([(MODULE.to_owned(), "v1.2.0".to_owned())]);
        wait::until("the other lists it", Duration::from_secs(60), || {
            fleet.lists(&["v1.0.0", "v1.1.0", "v1.2.0"])
        });
        assert!(fleet.feed.askers().iter().any(|asker| *asker != reader));
        fleet.envoys.iter().for_each(Envoy::assert_unharmed);
    }
}
