//! Small documents: headers, methods, conditions.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::http::{Request, Response};
use serde_json::json;

use super::{IMMUTABLE, INFO, KINDS, LIST, Site, ZIP, assert_kept, assert_reason, comparable, module};

at_two_workers!(head_is_get_without_its_body, a_known_entity_tag_is_answered_304);

fn head_is_get_without_its_body(workers: u32) {
    let site = Site::start(workers);
    for kind in &KINDS {
        let path = kind.path;
        let cold = site.send(&Request::new("HEAD", path));
        let get = site.get(path);
        let warm = site.send(&Request::new("HEAD", path));
        assert_eq!((get.status, get.body.as_slice()), (200, site.body(kind)), "{path}");
        let length = site.body(kind).len().to_string();
        for answer in [&cold, &get, &warm] {
            assert_eq!(answer.header("content-type"), Some(kind.content_type), "{path} {answer:?}");
            assert_kept(answer, kind.cache_control);
            assert_eq!(comparable(answer), comparable(&get), "{path}");
            assert_eq!(answer.header("content-length"), Some(length.as_str()), "{path} {answer:?}");
        }
        assert_eq!((cold.length, warm.length), (0, 0), "{path}");
        let from = |answer: &Response| answer.header("x-modgate-cache").map(str::to_owned);
        if kind.is_fetched() {
            assert_eq!(from(&cold).as_deref(), Some("upstream"), "{path}");
            assert_eq!(from(&get).as_deref(), Some("hit"), "{path}");
            assert_eq!(from(&warm).as_deref(), Some("hit"), "{path}");
        }
    }
    assert_eq!(site.asked(), KINDS.len() - 1, "each document was fetched once, `supported` never");

    let (head, get) = (site.send(&Request::new("HEAD", ZIP)), site.get(ZIP));
    assert_eq!((head.status, head.length), (200, 0));
    // The tag and the date are of the copy in storage, which nobody has asked for when the HEAD is answered.
    for name in ["cache-control", "content-length", "content-type", "server"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(head.header("content-length"), Some(module().zip().len().to_string().as_str()));
    assert_eq!(get.body, module().zip().to_vec());
    assert_eq!(get.header("content-type"), Some("application/zip"));
    assert_eq!(get.header("cache-control"), Some(IMMUTABLE));
}

fn a_known_entity_tag_is_answered_304(workers: u32) {
    let site = Site::start(workers);
    for kind in KINDS.iter().filter(|kind| kind.is_fetched()) {
        let etag = site.get(kind.path).header("etag").map(str::to_owned).unwrap_or_default();
        assert!(etag.len() == 34 && etag.starts_with('"') && etag.ends_with('"'), "{}: {etag}", kind.path);
        for (tags, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            ("*".to_owned(), 304),
            (format!("\"one\", W/\"two\",{etag}"), 304),
            ("\"one\"".to_owned(), 200),
            (etag.trim_matches('"').to_owned(), 200),
            (String::new(), 200),
        ] {
            for method in ["GET", "HEAD"] {
                let asked = Request::new(method, kind.path).header("if-none-match", &tags);
                let answer = site.send(&asked);
                assert_eq!(answer.status, status, "{method} {} {tags}", kind.path);
                assert_eq!(answer.header("etag"), Some(etag.as_str()), "{method} {} {tags}", kind.path);
                assert!(answer.header("cache-control").is_some(), "{method} {} {tags}", kind.path);
                if status == 304 {
                    assert_eq!(answer.length, 0);
                    assert!(matches!(answer.header("content-length"), None | Some("0")), "{answer:?}");
                    assert_eq!(answer.header("transfer-encoding"), None, "{method} {}", kind.path);
                }
            }
        }
    }
    // A document that has to be fetched first is compared as well.
    let tag = site.get(INFO).header("etag").unwrap().to_owned();
    let copy = "/example.com/copy/@v/v1.2.3.info";
    site.stack.upstream.on(copy, Reply::ok(site.get(INFO).body));
    let asked = Request::get(copy).header("if-none-match", &tag);
    assert_eq!(site.send(&asked).status, 304);
}

#[test]
fn other_methods_are_told_which_are_allowed() {
    let site = Site::start(1);
    let paths = KINDS.iter().map(|kind| kind.path).chain([ZIP, "/-/healthz", "/-/readyz", "/-/version"]);
    for path in paths {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
            let answer = site.send(&Request::new(method, path).body("a body"));
            assert_reason(&answer, 405, &format!("method {method} not allowed"), "no-store");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
    assert_eq!(site.asked(), 0);
}

#[test]
fn however_an_upstream_frames_it_a_document_has_a_length() {
    let site = Site::start(1);
    for (name, reply) in [
        ("chunked", Reply::ok("v1.0.0\n").chunked()),
        ("empty-chunked", Reply::ok("").chunked()),
        ("cookie", Reply::ok("v1.0.0\n").header("set-cookie", "a=b").header("cache-control", "private")),
        ("type", Reply::ok("v1.0.0\n").header("content-type", "application/x-whatever")),
    ] {
        let path = format!("/example.com/{name}/@v/list");
        site.stack.upstream.on(&path, reply);
        for _ in ["upstream", "hit"] {
            let answer = site.get(&path);
            let body = if name.starts_with("empty") { "" } else { "v1.0.0\n" };
            assert_eq!((answer.status, answer.text().as_str()), (200, body), "{path}");
            assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()), "{path}");
            assert_eq!(comparable(&answer).len(), comparable(&site.get(LIST)).len(), "{path} {answer:?}");
            assert_eq!(answer.header("content-type"), Some(super::TEXT), "{path}");
            assert_eq!(answer.header("transfer-encoding"), None, "{path}");
        }
    }
}

#[test]
fn freshness_is_configured() {
    let times =
        json!({"list": "1h", "latest": "5s", "query": "0s", "negative": "2m", "sumdb_latest": "1m30s"});
    let site = Site::with(1, |builder| builder.patch_plugin(&json!({"freshness": times})));
    for (path, seconds) in [
        (LIST, 3600),
        ("/example.com/!capital/m/@latest", 5),
        ("/example.com/!capital/m/@v/main.info", 0),
        ("/sumdb/sum.test/latest", 90),
        ("/example.com/none/@v/list", 120),
    ] {
        assert_max_age(&site.get(path), "", seconds);
    }
    assert_eq!(site.get(INFO).header("cache-control"), Some(IMMUTABLE));
    let _ = site.get("/example.com/!capital/m/@v/main.info");
    assert_eq!(site.stack.upstream.hits("/example.com/!capital/m/@v/main.info"), 2, "0s asks every time");
    let private = json!({"private": {"modules": ["example.com/Capital"]}, "upstreams": [
        {"cluster": "proxy_golang_org", "url": "https://proxy.golang.org", "modules": ["example.com/Capital"]}]});
    let site = Site::with(1, |builder| builder.patch_plugin(&private));
    assert_max_age(&site.get(LIST), "private, ", 60);
    assert_eq!(site.get(ZIP).header("cache-control"), Some(format!("private, {IMMUTABLE}").as_str()));
}

/// Of an answer just fetched: as configured, less the jitter, which is a tenth at most, and what rounding takes.
#[track_caller]
fn assert_max_age(answer: &Response, scope: &str, configured: u32) {
    let kept = answer.header("cache-control").unwrap_or_default();
    let seconds = kept.strip_prefix(scope).and_then(|rest| rest.strip_prefix("max-age="));
    let least = (configured - configured / 10).saturating_sub(2);
    let right =
        seconds.and_then(|left| left.parse().ok()).is_some_and(|left| (least..=configured).contains(&left));
    assert!(right, "{configured} seconds: {answer:?}");
}

#[test]
fn over_http_2_it_is_the_same() {
    let site = Site::with(4, |builder| builder.log_level("warning"));
    // Another Envoy is the HTTP/2 client.
    let front =
        Envoy::gateway().without_filter().cluster("behind", site.stack.envoy.addr()).route("/", "behind");
    let front = front.edit(|bootstrap| {
        let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
        let cluster = bootstrap.cluster("behind", "storage");
        cluster["typed_extension_protocol_options"][options]["explicit_http_config"] =
            json!({"http2_protocol_options": {}});
    });
    let front = front.start();
    for path in KINDS.iter().map(|kind| kind.path).chain([ZIP]) {
        for method in ["GET", "HEAD"] {
            let _ = site.get(path);
            let (plain, over) =
                (site.send(&Request::new(method, path)), front.send(&Request::new(method, path)));
            assert_eq!((over.status, &over.body), (200, &plain.body), "{method} {path}");
            assert_eq!(comparable(&over), comparable(&plain), "{method} {path}");
        }
    }
    let range = Request::get(ZIP).header("range", "bytes=0-1");
    assert_eq!((front.send(&range).status, front.send(&range).text().as_str()), (206, "PK"));
    assert_eq!(front.get("/example.com/m/@v/%zz").status, 400);
    assert_eq!(front.send(&Request::new("POST", LIST).body("a body")).status, 405);
    assert!(site.stack.envoy.stat("http.modgate.downstream_cx_http2_total") > 0);
}
