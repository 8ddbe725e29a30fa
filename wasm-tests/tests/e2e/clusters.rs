//! What Envoy itself does to a callout or a download: clusters that refuse, are empty, unknown or full, for upstreams and
//! for storage, for documents and for zips.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use modgate_wasm_tests::envoy::Builder;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, UPSTREAM, tries};
use modgate_wasm_tests::http::{self, Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

const GOOD: &str = "module fault.example/m\n";

/// What becomes of those who ask a cluster.
struct Cluster {
    name: &'static str,
    /// A callout's label.
    outcome: &'static str,
    /// What a client is told of a document, and of a zip.
    document: (u16, &'static str),
    zip: (u16, &'static str),
}

const CLUSTERS: [Cluster; 4] = [
    Cluster {
        name: "dead",
        outcome: "unreachable",
        document: (502, "it could not be reached"),
        zip: (502, "it could not be reached"),
    },
    Cluster {
        name: "empty",
        outcome: "unavailable",
        document: (503, "it has no healthy host"),
        zip: (503, "it has no healthy host"),
    },
    Cluster {
        name: "unknown",
        outcome: "misconfigured",
        document: (
            502,
            "the gateway has no such cluster, or no route to it: \"unknown\" has to be a cluster of",
        ),
        zip: (502, "the gateway has no such cluster, or no route to it: \"unknown\" has to be a cluster of"),
    },
    Cluster {
        name: "full",
        // A callout that finds an open connection is refused in the call itself, and is not told why.
        outcome: "unavailable",
        document: (503, "too many requests to it are under way"),
        zip: (503, "too many requests to it are under way"),
    },
];

/// Adds the clusters, `full` of them with one request at a time for `server`.
fn clusters(builder: Builder, server: SocketAddr) -> Builder {
    builder.cluster_of("empty", &[]).cluster("full", server).edit(|bootstrap| {
        // What nobody points anywhere refuses connections.
        bootstrap.cluster("dead", STORAGE);
        bootstrap.cluster("full", STORAGE)["circuit_breakers"]["thresholds"] = json!([{"max_requests": 1}]);
    })
}

/// Every upstream cluster, each below a host of its own.
fn upstreams() -> Value {
    let upstream = |name: &str| json!({"name": name, "cluster": name, "url": "http://proxy.example", "modules": [format!("{name}.example")]});
    json!({"upstreams": CLUSTERS.map(|cluster| upstream(cluster.name))})
}

/// Makes the only place in a cluster taken until the gate opens.
fn occupy(stack: &Scripted, server: &Faulty, path: &str) -> (Gate, thread::JoinHandle<Response>) {
    let (gate, addr) = (Gate::new(), stack.envoy.addr());
    server.on(path, Reply::ok(GOOD).served().held(&gate));
    let asked = path.to_owned();
    let holder = thread::spawn(move || http::get(addr, &asked));
    server.wait_hits(path, 1);
    (gate, holder)
}

#[test]
fn upstream_clusters_that_do_not_answer() {
    let full = Faulty::start();
    let stack = Scripted::with(&upstreams(), |builder| clusters(builder, full.addr()));
    let (gate, holder) = occupy(&stack, &full, "/full.example/held/@v/v1.0.0.mod");
    for Cluster { name, outcome, document, zip } in CLUSTERS {
        for (kind, (status, reason)) in [("mod", document), ("info", document), ("zip", zip)] {
            let path = format!("/{name}.example/m/@v/v1.0.0.{kind}");
            let answer = stack.get(&path);
            let text = answer.text();
            assert_eq!(answer.status, status, "{path}: {text}");
            assert_eq!(answer.header("retry-after"), Some("5"), "{path}: {text}");
            assert!(
                text.contains(reason) && text.contains(&format!("{name}.example/m@v1.0.0")),
                "{path}: {text}"
            );
        }
        let counted =
            |outcome: &str| stack.envoy.metric(&format!("callouts_total.target.{name}.outcome.{outcome}"));
        assert_eq!(counted(outcome) + counted("overloaded"), 3 * tries(outcome), "{name}");
    }
    assert_eq!(stack.envoy.metric("requests_total.kind.zip.cache.none.class.5xx"), 4);
    assert_eq!(stack.envoy.metrics("storage_writes_total"), 0);
    gate.open();
    assert_eq!(holder.join().unwrap().status, 200);
    let path = "/full.example/m/@v/v1.0.0.mod";
    full.on(path, Reply::ok(GOOD).served());
    assert_eq!(stack.get(path).text(), GOOD, "once there is room");
}

/// Whatever keeps storage from answering costs its copy alone.
#[track_caller]
fn without_storage(stack: &Scripted, outcome: &str) {
    let path = |kind: &str| format!("/fault.example/m/@v/{kind}");
    let whole = Module::at(&path("v1.0.0.zip")).padded(300_000).zip();
    let zip = Reply::ok(whole.clone()).served();
    for (kind, reply) in
        [("v1.0.0.mod", Reply::ok(GOOD)), ("list", Reply::ok("v1.0.0\n")), ("v1.0.0.zip", zip)]
    {
        stack.upstream.on(&path(kind), reply.served());
    }
    let cache = |kind: &str| stack.get(&path(kind)).header("x-modgate-cache").unwrap().to_owned();
    assert_eq!((cache("v1.0.0.mod"), cache("v1.0.0.mod")), ("upstream".to_owned(), "hit".to_owned()));
    assert_eq!((cache("list"), cache("list")), ("upstream".to_owned(), "hit".to_owned()));
    for _ in 0..2 {
        let zip = Request::get(&path("v1.0.0.zip")).compare_body(whole.clone()).send(stack.envoy.addr());
        assert_eq!((zip.status, zip.length, zip.pattern), (200, whole.len(), true));
        assert_eq!(zip.header("x-modgate-cache"), Some("upstream"));
    }
    // The document at least; storage is not asked for a list, nor for anything right after it could not be reached.
    let counted =
        |outcome: &str| stack.envoy.metric(&format!("callouts_total.target.storage.outcome.{outcome}"));
    assert!(counted(outcome) >= 1, "{outcome}: {:?}", stack.envoy.stats());
    // What an upstream does not have, storage may: that is no "not found", and nothing of it is remembered.
    for _ in 0..2 {
        let answer = stack.get(&path("v1.9.9.mod"));
        assert_eq!(answer.status, 502);
        assert!(answer.text().contains("no answer from storage"), "{}", answer.text());
    }
    assert_eq!(stack.upstream.hits(&path("v1.9.9.mod")), 2);
}

fn storage_in(cluster: &str, full: SocketAddr) -> Scripted {
    let upstream = json!([{"name": "golang", "cluster": UPSTREAM, "url": "http://proxy.example"}]);
    // What is held has its place for as long as anybody asks again.
    let patch = json!({"upstreams": upstream, "storage": {"cluster": cluster, "timeout": "60s"}});
    Scripted::with(&patch, |builder| clusters(builder, full))
}

#[test]
fn storage_clusters_that_do_not_answer() {
    let full = Faulty::store();
    for Cluster { name, outcome, .. } in &CLUSTERS[..3] {
        without_storage(&storage_in(name, full.addr()), outcome);
    }
    let stack = storage_in("full", full.addr());
    // The first is refused over a connection to be made, which then is there for those that follow.
    full.on("/fault.example/held/@v/v1.0.0.mod", Reply::ok(GOOD).served());
    let (gate, holder) = occupy(&stack, &full, "/fault.example/held/@v/v1.0.0.mod");
    stack.upstream.on("/fault.example/first/@v/v1.0.0.mod", Reply::ok(GOOD));
    assert_eq!(stack.get("/fault.example/first/@v/v1.0.0.mod").status, 200);
    assert_eq!(stack.envoy.metric("callouts_total.target.storage.outcome.overloaded"), 1);
    without_storage(&stack, "unavailable");
    gate.open();
    assert_eq!(holder.join().unwrap().header("x-modgate-cache"), Some("storage"));
}

/// A zip that comes by callout and into storage, and one that Envoy is to stream from the upstream.
fn zips(stack: &Scripted) -> [(&'static str, &'static str); 2] {
    let (stored, streamed) = ("/stored.example/m/@v/v1.0.0.zip", "/streamed.example/m/@v/v1.0.0.zip");
    let module = Module::new("stored.example/m", "v1.0.0");
    stack.upstream.on(stored, Reply::ok(module.zip()).served());
    stack.storage.keep(stored);
    let beginning = Reply::status(206).header("content-range", "bytes 0-1/99999999").body("PK");
    let whole = Reply::ok(Module::at(streamed).zip());
    stack.upstream.on_each(streamed, [beginning.served(), whole.served()]);
    [(stored, STORAGE), (streamed, UPSTREAM)]
}

#[test]
fn a_gateway_without_the_route_for_downloads_says_so() {
    for (what, status, body) in [("as it is", 404, Some("not a module\n")), ("without a body", 404, None)] {
        let stack = Scripted::with(&json!({}), |builder| {
            builder.edit(|bootstrap| {
                bootstrap.routes().retain(|route| route["name"] != "modgate-download");
                let direct = &mut bootstrap.routes()[0]["direct_response"];
                *direct = json!({"status": status});
                if let Some(body) = body {
                    direct["body"] = json!({"inline_string": body});
                }
            })
        });
        for (path, _) in zips(&stack) {
            let zip = stack.get(path);
            assert_eq!((zip.status, zip.header("retry-after")), (502, Some("5")), "{what}: {}", zip.text());
            assert!(zip.text().contains("no route to it"), "{what}: {}", zip.text());
            assert_eq!(stack.upstream.hits(path), 1, "{what}: the filter's own alone");
        }
        // What is nobody's stays what the gateway says of it.
        assert_eq!(stack.get("/else").text(), body.unwrap_or_default(), "{what}");
    }
}

/// The gateway's own application answers 404 to a module's zip, with headers like any server's.
#[test]
fn a_route_of_the_gateway_s_own_before_ours_is_no_upstream() {
    let application = Faulty::start();
    application.otherwise(|_| Reply::status(404).served());
    let stack = Scripted::with(&json!({}), |builder| {
        builder.cluster("application", application.addr()).edit(|bootstrap| {
            let own = json!({"match": {"prefix": "/"}, "route": {"cluster": "application"}});
            bootstrap.routes().insert(0, own);
        })
    });
    for (path, _) in zips(&stack) {
        let zip = stack.get(path);
        assert_eq!((zip.status, zip.header("retry-after")), (502, Some("5")), "{}", zip.text());
        assert!(zip.text().contains("no route to it"), "{}", zip.text());
    }
    assert_eq!(application.requests().len(), 2);
}

#[test]
fn the_access_log_names_the_client_s_own_request() {
    let stack = Scripted::with(&json!({}), |builder| builder);
    for (path, cluster) in zips(&stack) {
        let request = Request::get(path).header("user-agent", "GoCommand/1");
        assert_eq!(stack.envoy.send(&request).status, 200);
        let logged = || stack.envoy.access_log().into_iter().find(|line| line["path"] == path);
        wait::until("it is logged", Duration::from_secs(10), || logged().is_some());
        let line = logged().unwrap();
        assert_eq!(line["agent"], "GoCommand/1");
        assert!(line["request_id"].as_str().is_some_and(|id| id.len() > 8), "{line}");
        assert_eq!(line["upstream"], cluster);
    }
}
