//! The feed of an index: a version is seen as soon as the index knows it.

use std::time::Duration;

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::feed::Feed;
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

const MODULE: &str = "git.example.com/acme/tool";

#[test]
fn a_version_is_seen_as_soon_as_the_index_tells_of_it() {
    let feed = Feed::start();
    let patch = json!({
        "freshness": {"list": "1h", "latest": "1h", "query": "1h", "negative": "1h"},
        "sync": {"feeds": [
            {"name": "golang", "cluster": "index", "url": "http://index.example/index", "interval": "1s"},
        ]},
    });
    let stack = Stack::with(&patch, |builder| builder.cluster("index", feed.addr()).concurrency(2));
    let go = Go::new(&stack.envoy.url());
    publish(&stack, &["v1.0.0"]);
    assert_eq!(go.list_versions(MODULE), ["v1.0.0"]);
    publish(&stack, &["v1.0.0", "v1.1.0"]);
    assert_eq!(go.list_versions(MODULE), ["v1.0.0"]);
    let asked = stack.upstream.hits("/unknown.example/m/@v/list");

    feed.tell(
        [("unknown.example/m", "v1.0.0"), (MODULE, "v1.1.0")]
            .map(|(module, version)| (module.to_owned(), version.to_owned())),
    );
    wait::until("the new version", Duration::from_secs(20), || {
        go.list_versions(MODULE) == ["v1.0.0", "v1.1.0"]
    });
    assert!(go.mod_download(&[&format!("{MODULE}@v1.1.0")]).ok());
    assert_eq!(go.resolve(&format!("{MODULE}@latest")), "v1.1.0");
    assert_eq!(
        stack.upstream.hits("/unknown.example/m/@v/list"),
        asked,
        "what no client uses is not asked for"
    );
    stack.envoy.assert_unharmed();
}

fn publish(stack: &Stack, versions: &[&str]) {
    let modules: Vec<_> = versions.iter().map(|version| Module::new(MODULE, version)).collect();
    stack.upstream.serve_all(&modules);
    let newest = modules.last().unwrap();
    stack.upstream.on(&newest.list_url(), Reply::ok(versions.join("\n") + "\n"));
    stack.upstream.on(&newest.latest_url(), Reply::ok(newest.info()));
}
