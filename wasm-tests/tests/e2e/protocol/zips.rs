//! Zips: streamed whole or in part, from the store or from an upstream, and never under anybody else's headers.

use std::fs;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{self, Stack, UPSTREAM};
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use serde_json::{Value, json};

use super::{IMMUTABLE, NEGATIVE, assert_reason};

at_two_workers!(parts_of_a_zip_come_from_the_store_and_the_whole_from_the_upstream);

/// Nginx with one module of some megabytes.
struct Served {
    envoy: Envoy,
    upstream: Nginx,
    storage: Nginx,
    module: Module,
    _tree: tempfile::TempDir,
}

impl Served {
    fn start(workers: u32, patch: &Value) -> Self {
        let (tree, module) =
            (tempfile::tempdir().unwrap(), Module::new("example.com/m", "v1.0.0").padded(3 << 20));
        module.write_to(tree.path());
        let (upstream, storage) = (Nginx::serving(tree.path()), Nginx::storage());
        let envoy = fixture::builder(upstream.addr(), storage.addr())
            .patch_plugin(patch)
            .concurrency(workers)
            .start();
        Self { envoy, upstream, storage, module, _tree: tree }
    }

    fn store(&self) {
        let file = self.storage.data().join(self.module.url("zip").trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, self.module.zip().to_vec()).unwrap();
    }

    fn with(&self, headers: &[(&str, &str)]) -> Response {
        let asked = headers
            .iter()
            .fold(Request::get(&self.module.url("zip")), |asked, (name, value)| asked.header(name, value));
        self.envoy.send(&asked)
    }
}

fn parts_of_a_zip_come_from_the_store_and_the_whole_from_the_upstream(workers: u32) {
    let patch = json!({"fetch": {"zip_bytes": 0}, "freshness": {"presence": "1s"}});
    let served = Served::start(workers, &patch);
    let zip = served.module.zip().to_vec();
    // What nobody has checked yet is read along, all of it, whatever part of it is asked for.
    let whole = served.with(&[]);
    let etag = whole.header("etag").unwrap();
    for condition in [("range", "bytes=0-0"), ("if-none-match", etag), ("if-match", "\"other\"")] {
        let whole = served.with(&[condition]);
        assert_eq!((whole.status, whole.body == zip), (200, true), "{condition:?}");
        assert_eq!(whole.header("content-length"), Some(zip.len().to_string().as_str()));
        assert_eq!((whole.header("accept-ranges"), whole.header("cache-control")), (None, Some(IMMUTABLE)));
        assert_eq!(whole.header("x-modgate-cache"), Some("upstream"));
    }
    served.store();
    // The upstream is known to have it for so long.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let whole = served.with(&[]);
    assert_eq!((whole.status, whole.body == zip), (200, true));
    assert_eq!(whole.header("content-length"), Some(zip.len().to_string().as_str()));
    assert_eq!((whole.header("accept-ranges"), whole.header("x-modgate-cache")), (None, Some("storage")));
    // It was found right on its way.
    let whole = served.with(&[]);
    assert_eq!((whole.status, whole.body == zip), (200, true));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let etag = whole.header("etag").unwrap();
    let last = zip.len() - 1;
    for (range, first, end) in [
        ("bytes=0-0", 0, 0),
        ("bytes=1000000-1999999", 1_000_000, 1_999_999),
        ("bytes=3000000-", 3_000_000, last),
        ("bytes=-5", last - 4, last),
        ("bytes=0-999999999", 0, last),
    ] {
        for conditions in [&[("range", range)][..], &[("range", range), ("if-range", etag)]] {
            let part = served.with(conditions);
            assert_eq!(part.status, 206, "{range}");
            assert!(part.body == zip[first..=end], "{range}");
            assert_eq!(part.header("content-length"), Some((end - first + 1).to_string().as_str()));
            let content_range = format!("bytes {first}-{end}/{}", zip.len());
            assert_eq!(part.header("content-range"), Some(content_range.as_str()));
            assert_eq!(part.header("content-type"), Some("application/zip"));
            assert_eq!(part.header("cache-control"), Some(IMMUTABLE));
            assert_eq!(part.header("x-modgate-cache"), Some("storage"));
        }
    }
    let changed = served.with(&[("range", "bytes=0-0"), ("if-range", "\"other\"")]);
    assert_eq!((changed.status, changed.body == zip), (200, true));
    let beyond = served.with(&[("range", "bytes=999999999-")]);
    assert_eq!((beyond.status, beyond.header("cache-control")), (416, Some("no-store")));
    let other = served.with(&[("if-match", "\"other\"")]);
    assert_eq!((other.status, other.header("cache-control")), (412, Some("no-store")));
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{}", zip.len()).as_str()));
    let known = served.with(&[("if-none-match", etag)]);
    assert_eq!((known.status, known.length), (304, 0));
    let head =
        served.envoy.send(&Request::new("HEAD", &served.module.url("zip")).header("range", "bytes=0-9"));
    assert_eq!((head.status, head.header("content-length"), head.length), (206, Some("10"), 0));
    let upstream = served.upstream.hits(&served.module.url("zip"));
    assert!(served.with(&[]).status == 200 && served.upstream.hits(&served.module.url("zip")) == upstream);
    assert_eq!(served.storage.hits_with("PUT", &served.module.url("zip")), 0, "streamed zips are not stored");
}

#[test]
fn only_a_zip_is_called_one() {
    let stack = Stack::with(&json!({"fetch": {"zip_bytes": 0}}), |builder| builder);
    let module = Module::new("example.com/m", "v1.0.0");
    let reply = || Reply::ok(module.zip()).header("content-type", "text/html; charset=utf-8");
    stack.upstream.on(
        &module.url("zip"),
        reply()
            .header("set-cookie", "tracking=1")
            .header("cache-control", "no-cache, private")
            .header("x-internal", "secret")
            .header("access-control-allow-origin", "*")
            .header("last-modified", "Tue, 02 Jan 2024 03:04:05 GMT")
            .etag("\"theirs\""),
    );
    let answer = stack.get(&module.url("zip"));
    assert_eq!((answer.status, &answer.body), (200, &module.zip().to_vec()));
    let mut names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "cache-control",
            "content-length",
            "content-type",
            "date",
            "etag",
            "last-modified",
            "server",
            "x-modgate-cache"
        ]
    );
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    assert_eq!(answer.header("cache-control"), Some(IMMUTABLE));
    assert_eq!(answer.header("server"), Some("modgate"));

    let chunked = Module::new("example.com/chunked", "v1.0.0");
    stack.upstream.on(&chunked.url("zip"), Reply::ok(chunked.zip()).chunked());
    let answer = stack.get(&chunked.url("zip"));
    assert_eq!((answer.status, answer.body), (200, chunked.zip().to_vec()));
}

#[test]
fn the_chain_is_asked_for_a_zip_and_its_absence_is_remembered() {
    let (second, module) = (Faulty::start(), Module::new("example.com/m", "v1.0.0"));
    let upstreams = json!([
        {"name": "first", "cluster": UPSTREAM, "url": "https://one.example.com"},
        {"name": "second", "cluster": "second", "url": "https://two.example.com/below"},
    ]);
    let stack = Stack::with(&json!({"upstreams": upstreams, "fetch": {"zip_bytes": 0}}), |builder| {
        builder.cluster("second", second.addr())
    });
    second.on(&format!("/below{}", module.url("zip")), Reply::ok(module.zip()));
    let answer = stack.get(&module.url("zip"));
    assert_eq!((answer.status, answer.body), (200, module.zip().to_vec()));
    let asked =
        |upstream: &Faulty| upstream.requests().iter().map(|seen| seen.method.clone()).collect::<Vec<_>>();
    // That it answers 404 to a HEAD could be that it knows none.
    assert_eq!(
        (asked(&stack.upstream), asked(&second)),
        (vec!["HEAD".to_owned(), "GET".to_owned()], vec!["HEAD".to_owned(), "GET".to_owned()])
    );
    assert_eq!(second.requests()[0].header("host"), Some("two.example.com"));

    second.on("/below/example.com/none/@v/v1.0.0.zip", Reply::status(410).header("date", "now"));
    for cache in ["upstream", "hit"] {
        let answer = stack.get("/example.com/none/@v/v1.0.0.zip");
        assert_reason(&answer, 410, "upstream second answered 410", NEGATIVE);
        assert_eq!(answer.header("x-modgate-cache"), Some(cache));
    }
    assert_eq!(second.requests().len(), 4, "that it answers 410 to a HEAD could be, too");
}

#[test]
fn a_zip_deleted_behind_our_back_comes_from_the_upstream_at_the_next_request() {
    let served = Served::start(1, &json!({}));
    served.store();
    assert_eq!(served.with(&[]).header("x-modgate-cache"), Some("storage"));
    fs::remove_file(served.storage.data().join(served.module.url("zip").trim_start_matches('/'))).unwrap();
    let gone = served.with(&[]);
    assert_reason(&gone, 503, "gone from storage; try again", "no-store");
    assert_eq!(gone.header("retry-after"), Some("1"));
    let again = served.with(&[]);
    assert_eq!((again.status, again.header("x-modgate-cache")), (200, Some("upstream")));
    let mut asked = served.upstream.requests();
    // What is asked for its first byte is a part.
    asked.retain(|(method, target, status)| {
        method == "GET" && *target == served.module.url("zip") && *status == 200
    });
    assert_eq!(asked.len(), 1, "a store that loses things is left alone first");
}

#[test]
fn a_large_zip_takes_no_memory_of_the_gateway() {
    let stack = Stack::with(&json!({}), Builder::alone);
    let module = Module::new("example.com/large", "v1.0.0").padded(200 << 20);
    stack.upstream.serve(&module);
    let _ = stack.get(&module.url("info"));
    let before = stack.envoy.usage().rss;
    let answer = stack.envoy.send(&Request::get(&module.url("zip")).discard_body());
    assert_eq!((answer.status, answer.length), (200, module.zip().len()));
    let grown = stack.envoy.usage().rss.saturating_sub(before);
    assert!(grown < 40 << 20, "{} MiB more", grown >> 20);
}
