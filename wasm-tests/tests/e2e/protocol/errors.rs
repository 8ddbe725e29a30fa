//! Not found, forbidden, out of order: what the go command does next depends on which, and a person reads why.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::http::Request;
use serde_json::json;

use super::{INFO, LIST, NEGATIVE, Site, ZIP, assert_reason, comparable};

at_two_workers!(an_upstream_s_status_becomes_the_right_one);

/// What the upstream answers, what becomes of it, and a part of the reason.
const STATUSES: [(u16, u16, &str); 16] = [
    (404, 404, "not found: "),
    (410, 410, "not found: "),
    (403, 403, "refuses it (403)"),
    (451, 403, "refuses it (451)"),
    (401, 502, "does not accept this gateway's credentials (401)"),
    (407, 502, "does not accept this gateway's credentials (407)"),
    (400, 502, "answered 400"),
    (405, 502, "answered 405"),
    (408, 504, "timed out (408)"),
    (418, 502, "answered 418"),
    (301, 502, "redirects to nowhere (301)"),
    (302, 502, "redirects to nowhere (302)"),
    (500, 502, "answered 500"),
    (501, 502, "answered 501"),
    (503, 503, "is overloaded (503)"),
    (504, 504, "timed out (504)"),
];

fn an_upstream_s_status_becomes_the_right_one(workers: u32) {
    let site = Site::start(workers);
    for (from, to, reason) in STATUSES {
        let is_tried_again = matches!(from, 408 | 500 | 503 | 504);
        for file in ["@v/list", "@v/v1.0.0.zip", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/main.info"]
        {
            // What is asked for again takes its time.
            if is_tried_again && !matches!(file, "@v/list" | "@v/v1.0.0.zip") {
                continue;
            }
            let path = format!("/example.com/s{from}/{file}");
            // More than a person is shown, and than the go command takes.
            let said = "because of this\n".repeat(9) + &"x".repeat(2000);
            site.stack.upstream.on(&path, Reply::status(from).body(said).header("date", "now"));
            let answer = site.get(&path);
            let cache_control = if matches!(to, 404 | 410) { NEGATIVE } else { "no-store" };
            assert_reason(&answer, to, reason, cache_control);
            assert!(answer.text().contains(&format!("example.com/s{from}")), "{}", answer.text());
            assert!(answer.text().contains("upstream golang"), "{}", answer.text());
            if !file.ends_with(".zip") {
                assert!(answer.text().contains("because of this"), "{}", answer.text());
            }
            let retry = matches!(to, 502..=504).then_some("5");
            assert_eq!(answer.header("retry-after"), retry, "{path} {from}");
            assert_eq!(answer.header("set-cookie"), None);

            let head = site.send(&Request::new("HEAD", &path));
            assert_eq!((head.status, head.length), (to, 0), "{path}");
            assert_eq!(comparable(&head), comparable(&answer), "{path}");
            // What is not there is remembered, what is out of order is not.
            let expected = match to {
                404 | 410 => 1,
                _ if is_tried_again => 8,
                _ => 2,
            };
            assert_eq!(site.stack.upstream.hits(&path), expected, "{path} {from}");
        }
    }
}

#[test]
fn an_upstream_says_when_to_come_back() {
    let site = Site::start(1);
    for path in ["/example.com/busy/@v/list", "/example.com/busy/@v/v1.0.0.zip"] {
        site.stack.upstream.on(path, Reply::status(503).header("retry-after", "170").header("date", "now"));
        assert_eq!(site.get(path).header("retry-after"), Some("170"), "{path}");
    }
}

#[test]
fn a_page_for_people_in_browsers_is_no_reason() {
    let site = Site::start(1);
    let page = |status| Reply::status(status).body("<html>lost</html>").header("content-type", "text/html");
    site.stack.upstream.on("/example.com/page/@v/list", page(404));
    assert_reason(&site.get("/example.com/page/@v/list"), 404, "upstream golang answered 404\n", NEGATIVE);
    site.stack.upstream.on("/example.com/portal/@v/list", page(200));
    let answer = site.get("/example.com/portal/@v/list");
    assert_reason(&answer, 502, "it answered with a web page", "no-store");
}

#[test]
fn a_client_that_forbids_fetching_gets_what_is_there() {
    let site = Site::start(1);
    let forbids = |path: &str| Request::get(path).header("Disable-Module-Fetch", "true");
    for path in [INFO, LIST, ZIP] {
        let answer = site.send(&forbids(path));
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("not stored here"), "{}", answer.text());
        // The next client may not forbid it: no cache between may keep the answer for both.
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(site.asked(), 0);
    for path in [INFO, LIST] {
        let fetched = site.get(path);
        assert_eq!(fetched.status, 200, "what could not be looked for is not remembered as missing: {path}");
        let answer = site.send(&forbids(path));
        assert_eq!((answer.status, answer.body), (200, fetched.body), "{path}");
    }
    let others =
        site.send(&Request::get("/example.com/else/@v/list").header("Disable-Module-Fetch", "false"));
    assert!(others.text().contains("upstream golang answered 404"), "{}", others.text());
}

#[test]
fn a_checksum_database_that_is_not_served_and_a_module_it_may_not_hear_of() {
    let site = Site::with(1, |builder| {
        builder.patch_plugin(&json!({"private": {"nosumdb": ["*.corp.example.com"]}}))
    });
    for file in ["supported", "latest", "lookup/example.com/m@v1.0.0", "tile/8/0/000"] {
        let answer = site.get(&format!("/sumdb/sum.example.com/{file}"));
        assert_reason(&answer, 404, "checksum database sum.example.com is not served here", "no-store");
    }
    for module in ["git.corp.example.com/m", "git.corp.example.com/m/v2", "git%2ecorp.example.com/m"] {
        let answer = site.get(&format!("/sumdb/sum.test/lookup/{module}@v2.0.0"));
        assert_reason(&answer, 403, "GONOSUMDB", "no-store");
    }
    assert_eq!(site.asked(), 0);
    assert_eq!(site.get("/sumdb/sum.test/lookup/corp.example.com/m@v1.0.0").status, 404, "it was asked");
    assert_eq!(site.sumdb.requests().len(), 1);
}
