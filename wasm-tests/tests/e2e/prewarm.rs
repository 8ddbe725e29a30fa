//! A build that is posted before any client asks: the real go command has all of it, with the upstream gone.

use std::time::Duration;

use modgate_wasm_tests::fixture::{self, Mirror};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::{Entry, Tree};
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

/// The gateway before this tree, where a caller may post builds.
fn mirror(tree: &Tree, workers: u32) -> Mirror {
    let patch = json!({
        "callers": {"principals": [{"header": "x-user", "trusted": true, "prefix": "user:"}]},
        "sync": {"prewarm": {"principals": ["user:ci"], "rate": 1000}},
    });
    let (upstream, storage) = (Nginx::serving(tree.path()), Nginx::storage());
    let builder = fixture::builder(upstream.addr(), storage.addr()).concurrency(workers).patch_plugin(&patch);
    Mirror::from_parts(builder.alone().start(), upstream, storage, workers)
}

fn post(mirror: &Mirror, page: &str, text: &str) -> Response {
    mirror.envoy.send(&Request::new("POST", page).header("x-user", "ci").body(text))
}

/// What a go.sum says of these.
fn go_sum(tree: &Tree, entries: &[Entry]) -> String {
    let sums = tree.sums();
    let lines = entries.iter().map(|entry| {
        let (zip, go_mod) = &sums[&entry.query()];
        let name = format!("{} {}", entry.module, entry.version);
        format!("{name} {zip}\n{name}/go.mod {go_mod}\n")
    });
    lines.collect()
}

#[track_caller]
fn wait_done(mirror: &Mirror, page: &str) -> Value {
    let request = Request::get(&format!("/-/{page}")).header("x-user", "ci");
    let mut last = Value::Null;
    wait::until("the build to be there", Duration::from_secs(60), || {
        let answer = mirror.envoy.send(&request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        last = answer.json();
        last["state"] == "done"
    });
    last
}

#[test]
fn a_build_that_was_posted_is_had_from_the_store_alone() {
    let tree = Tree::real();
    let entries = tree.entries();
    let mirror = mirror(&tree, 2);
    let go_sum = go_sum(&tree, &entries);
    let lacked = post(&mirror, "/-/missing", &go_sum);
    assert_eq!((lacked.status, lacked.header("content-type")), (200, Some("application/x-ndjson")));
    assert_eq!(lacked.text().lines().count(), 3 * entries.len(), "{}", lacked.text());
    assert!(mirror.upstream.requests().is_empty() && mirror.storage.files().is_empty());

    let begun = post(&mirror, "/-/prewarm", &go_sum);
    assert_eq!(begun.status, 202, "{}", begun.text());
    let page = begun.header("location").unwrap().to_owned();
    assert_eq!(page, format!("prewarm/{}", begun.json()["id"].as_str().unwrap()));
    let done = wait_done(&mirror, &page);
    assert_eq!(done["files"]["ready"], 3 * entries.len(), "{done} {}", mirror.envoy.log());
    // The documents are written meanwhile.
    wait::until("storage to have all of it", Duration::from_secs(30), || {
        post(&mirror, "/-/missing", &go_sum).text().is_empty()
    });

    mirror.upstream.stop();
    for url in [mirror.envoy.url(), mirror.another_gateway().url()] {
        let go = Go::new(&url).env("GIT_HTTP_USER_AGENT", "proxy.golang.org");
        let queries: Vec<String> = entries.iter().map(Entry::query).collect();
        let run = go.mod_download(&queries.iter().map(String::as_str).collect::<Vec<_>>()).expect_ok();
        let sums = tree.sums();
        for module in run.jsons() {
            let field = |name: &str| module[name].as_str().unwrap_or_default().to_owned();
            let query = format!("{}@{}", field("Path"), field("Version"));
            assert_eq!((field("Sum"), field("GoModSum")), sums[&query], "{query}");
        }
    }
    let metrics = mirror.envoy.metric("prewarm_files_total.outcome.ready");
    assert_eq!(metrics, 3 * entries.len() as u64);
    mirror.envoy.assert_unharmed();
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line_and_who_is_not_named_is_not_heard() {
    let mirror = mirror(&Tree::sample(), 1);
    let refused = post(&mirror, "/-/prewarm", "example.com/hello v1.0.0\nexample.com/hello main\n");
    assert!(refused.status == 400 && refused.text().contains("line 2"), "{}", refused.text());
    let other = Request::new("POST", "/-/prewarm").header("x-user", "else").body("example.com/hello v1.0.0");
    assert_eq!(mirror.envoy.send(&other).status, 403);
    let go_mod = "module example.com/main\n\ngo 1.22\n\nrequire example.com/hello v1.0.0\n";
    let begun = post(&mirror, "/-/prewarm", go_mod);
    let done = wait_done(&mirror, begun.header("location").unwrap());
    assert_eq!(done["files"]["ready"], 3, "{done}");
    mirror.envoy.assert_unharmed();
}
