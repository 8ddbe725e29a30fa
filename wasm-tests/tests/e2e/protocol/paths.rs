//! Paths as clients write them: one spelling behind the gateway, and a reason for what cannot be one.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::http::{Conn, Request};
use serde_json::json;

use super::{INFO, LIST, NEGATIVE, Site, as_sent, assert_reason, module};

at_two_workers!(every_spelling_of_a_path_is_the_same_document);

fn every_spelling_of_a_path_is_the_same_document(workers: u32) {
    assert_every_spelling_is_the_same(&Site::start(workers), true);
    assert_every_spelling_is_the_same(&Site::with(workers, as_sent), false);
}

fn assert_every_spelling_is_the_same(site: &Site, shipped: bool) {
    let expected = site.get("/example.com/%21capital/m/@v/v1.2.3.info");
    assert_eq!(expected.status, 200);
    for path in [
        INFO,
        "/example.com/%21Capital/m/@v/v1.2.3.info?",
        "/example.com/Capital/m/@v/v1.2.3.info",
        "/example.com/!capital/m/@v/v1.2.3.info?go-get=1&x=%zz",
        "//example.com///!capital//m/@v//v1.2.3.info",
        "/%65xample.com/%21capital/m/%40v/v1.2.3.info",
        "/example.com/!capital/m/@v/v1.2.3%2einfo",
        "/example.com/%21%63apital%2Fm/@v/v1.2.3.info",
    ] {
        let answer = site.get(path);
        if shipped && path.contains("%2F") {
            // Envoy's own refusal.
            assert_eq!((answer.status, answer.header("x-modgate-cache")), (400, None), "{path}");
            continue;
        }
        if path.contains("%21Capital") {
            assert_reason(&answer, 404, "!Capital", "no-store");
            continue;
        }
        assert_eq!((answer.status, &answer.body), (200, &expected.body), "{path}");
        assert_eq!(answer.header("x-modgate-cache"), Some("hit"), "{path}");
        assert_eq!(answer.header("etag"), expected.header("etag"), "{path}");
    }
    let seen = site.stack.upstream.requests();
    let targets: Vec<&str> = seen.iter().map(|seen| seen.target.as_str()).collect();
    assert_eq!(targets, ["/example.com/%21capital/m/@v/v1.2.3.info"], "as the go command writes it");
}

#[test]
fn the_prefix_of_the_gateway_and_that_of_the_upstream_are_not_the_client_s_affair() {
    let upstream = json!({"cluster": "proxy_golang_org", "url": "https://proxy.golang.org/api/go"});
    let stack =
        Stack::with(&json!({"match": {"path_prefix": "/go/mod"}, "upstreams": [upstream]}), |builder| {
            builder
        });
    let target = format!("/api/go{INFO}");
    let served = module().info();
    stack.upstream.on(&target, Reply::ok(served.as_str()));
    for path in [
        format!("/go/mod{INFO}"),
        format!("/go//mod/{INFO}"),
        format!("//go/mod{}", INFO.replace('!', "%21")),
        "/go/m%6fd/example.com/Capital/m/@v/v1.2.3.info".to_owned(),
    ] {
        let answer = stack.get(&path);
        assert_eq!((answer.status, answer.text()), (200, served.clone()), "{path}");
    }
    assert_eq!(stack.upstream.hits(&target), 1);
    assert_eq!(stack.upstream.requests().len(), 1);
    assert_eq!(stack.get("/go/mod/-/healthz").text(), "ok\n");
    for foreign in
        [INFO.to_owned(), "/-/healthz".to_owned(), format!("/go/module{INFO}"), format!("/go{INFO}")]
    {
        assert!(stack.get(&foreign).text().contains("this gateway serves Go modules only"), "{foreign}");
    }
}

#[test]
fn what_cannot_be_a_module_is_refused_with_the_reason_and_asked_of_nobody() {
    let site = Site::with(1, as_sent);
    let long = format!("/example.com/{}/@v/list", "x".repeat(4090));
    for (path, status, reason) in [
        ("/example.com/../m/@v/list", 400, "\"..\" is not resolved"),
        ("/example.com/%2e%2E/m/@v/list", 400, "\"..\" is not resolved"),
        ("/example.com/m/@v/../../list/@v/list", 400, "\"..\" is not resolved"),
        ("/example.com%2f..%2f..%2fm/@v/list", 400, "\"..\" is not resolved"),
        ("/./example.com/m/@v/list", 400, "\".\" is not resolved"),
        ("/example.com/m%00/@v/list", 400, "control character"),
        ("/example.com/m%0d%0aset-cookie:x/@v/list", 400, "control character"),
        ("/example.com/m%7f/@v/list", 400, "control character"),
        ("/example.com/m%c2%85/@v/list", 400, "control character"),
        ("/example.com/m%ff/@v/list", 400, "not UTF-8"),
        ("/example.com/m%zz/@v/list", 400, "\"%zz\" is not a percent-escape"),
        ("/example.com/m%4/@v/list", 400, "\"%4/\" is not a percent-escape"),
        ("/example.com/m/@v/list%", 400, "\"%\" is not a percent-escape"),
        ("/example.com/m%252e/@v/list", 404, "m%2e"),
        ("/example.com/m%5c..%5cn/@v/list", 404, "example.com/m"),
        ("/example.com/Big!small/@v/list", 404, "Big!small"),
        ("/example.com/!Azure/@v/list", 404, "!Azure"),
        ("/example.com/!!azure/@v/list", 404, "!!azure"),
        ("/example.com/azure!/@v/list", 404, "azure!"),
        ("/example.com/m/@v/v1.0.0-!RC1.info", 404, "RC1"),
        ("/example.com/m%20n/@v/list", 404, "example.com/m n"),
        ("/@v/list", 404, "module"),
        ("/@latest", 404, "module"),
        ("/nodot/m/@v/list", 404, "nodot/m"),
        ("/example.com/m/v1/@v/list", 404, "example.com/m/v1"),
        ("/gopkg.in/yaml/@v/list", 404, "gopkg.in/yaml"),
        ("/example.com/m/@v/feature%2Fx.info", 404, "'/' is not allowed"),
        ("/example.com/m/@v/feature/x.info", 404, "'/' is not allowed"),
        ("/example.com/m/@v/a@b.mod", 404, "canonical"),
        ("/example.com/m/@v/list/", 404, "list, <version>.info"),
        ("/example.com/m/@v/.info", 404, "empty"),
        ("/example.com/m/@v/", 404, "list, <version>.info"),
        ("/example.com/m/@v/v1.0.0.exe", 404, "list, <version>.info"),
        ("/example.com/m/@v/master.mod", 404, "canonical"),
        ("/example.com/m/@v/v1.0.zip", 404, "canonical"),
        ("/example.com/m/@v/v2.0.0.zip", 404, "canonical"),
        ("/sumdb/sum.test/tile/8/0/../../latest", 400, "\"..\" is not resolved"),
        ("/sumdb/sum.test/tile/8/0/0", 404, "tile/8/0/0"),
        ("/sumdb/sum.test/tile/4/0/000", 404, "nothing proves others"),
        ("/sumdb/sum.test/tile/8/8/000", 404, "nothing proves others"),
        ("/sumdb/sum.test/lookup/nothing", 404, "nothing"),
        (&long, 400, "more than 4096"),
    ] {
        let answer = site.get(path);
        assert_reason(&answer, status, reason, "no-store");
        let head = site.send(&Request::new("HEAD", path));
        assert_eq!((head.status, head.length), (status, 0), "{path}");
    }
    assert_eq!(site.asked(), 0);
    assert!(site.stack.storage.requests().is_empty());

    // Long alone is not wrong.
    let deep = format!("/example.com{}/@v/list", "/x".repeat(1000));
    assert_reason(&site.get(&deep), 404, "not found: example.com/x/x", NEGATIVE);
    assert_eq!(site.stack.upstream.hits(&deep), 1);
}

#[test]
fn raw_bytes_that_http_forbids_do_not_get_as_far_as_a_module() {
    let site = Site::start(1);
    for bytes in [&b"\0"[..], b"\x01", b"\x7f", b"\xff\xfe", b"\t"] {
        let mut conn = Conn::open(site.stack.envoy.addr()).unwrap();
        let line =
            [b"GET /example.com/m".as_slice(), bytes, b"/@v/list HTTP/1.1\r\nhost: x\r\n\r\n"].concat();
        conn.write(&line).unwrap();
        assert_eq!(conn.head().unwrap().status, 400, "{bytes:?}");
    }
    assert_eq!(site.asked(), 0);
}

#[test]
fn a_path_that_the_gateway_refuses_or_resolves_is_asked_of_nobody_else() {
    let site = Site::start(1);
    let list = site.get(LIST).body;
    for (path, status) in [
        ("/example.com/%21capital%2fm/@v/list", 400),
        ("/example.com/%21capital%5cm/@v/list", 400),
        ("/example.com/m%00/@v/list", 400),
        ("/example.com/../../m/@v/list", 404),
        ("/example.com/../m/@v/list", 404),
        ("/nobody.example.com/../example.com/!capital/m/@v/list", 200),
        ("/./example.com/x/%2e%2E/!capital/m/@v/list", 200),
    ] {
        let answer = site.get(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(status != 200 || answer.body == list, "{path}");
    }
    assert_eq!(site.asked(), 1);
}
