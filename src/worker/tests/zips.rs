//! Zips: the filter picks the cluster, and looks at the head of what it sends.

use super::{EMPTY_ZIP, body, header, streaming, world};
use crate::{
    cx::{Route, StreamId, Verdict},
    host::envoy::reply::response_head,
    http::{CallFailure, Length, RequestHead},
    sim::World,
};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const ORIGIN: &str = "/base/example.com/m/@v/v1.0.0.zip";

fn route(world: &World, stream: StreamId) -> Route {
    match world.verdict(stream) {
        Verdict::Route(route) => route.clone(),
        other => panic!("not routed: {other:?}"),
    }
}

fn set<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

#[test]
fn scenario_a_zip_that_storage_lacks_is_routed_to_the_upstream() {
    let mut world = streaming(1);
    world.cluster("public").serve(ORIGIN, "PK");
    let stream = world.begin(0, ZIP);
    world.settle();
    let route = route(&world, stream);
    assert_eq!(world.clusters["storage"].asked, ["HEAD /modules/example.com/m/@v/v1.0.0.zip"]);
    assert_eq!(world.clusters["public"].asked, [format!("HEAD {ORIGIN}")], "it might redirect");
    assert_eq!(set(&route.set, "x-modgate-cluster"), "public");
    assert_eq!(set(&route.set, "x-modgate-host"), "proxy.test");
    assert_eq!(set(&route.set, ":authority"), "", "by it the host has chosen the virtual host");
    assert_eq!(set(&route.set, ":path"), "/base/example.com/m/@v/v1.0.0.zip");
}

#[test]
fn scenario_a_stored_zip_is_routed_to_storage_and_remembered() {
    let mut world = world(1);
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    for _ in 0..2 {
        let stream = world.begin(0, ZIP);
        world.settle();
        assert_eq!(set(&route(&world, stream).set, "x-modgate-cluster"), "storage");
    }
    assert_eq!(world.clusters["storage"].asked.len(), 1, "its presence is remembered");
    world.pass(60_000);
    world.begin(0, ZIP);
    assert_eq!(world.clusters["storage"].asked.len(), 2, "for a while");
}

#[test]
fn scenario_what_is_read_along_is_asked_for_whole_and_of_the_rest_any_bytes() {
    let headers = [
        ("authorization", "Basic secret"),
        ("cookie", "session"),
        ("x-forwarded-client-cert", "URI=spiffe://a/b"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-modgate-user", "alice"),
        ("x-modgate-cluster", "admin"),
        ("accept-encoding", "gzip"),
        ("range", "bytes=0-99"),
        ("if-none-match", "\"x\""),
        ("if-range", "\"x\""),
        ("x-request-id", "1"),
    ];
    let nobodys = [
        "authorization",
        "cookie",
        "x-forwarded-client-cert",
        "x-forwarded-for",
        "x-modgate-user",
        "x-modgate-cluster",
        "accept-encoding",
    ];
    for (method, source, ours) in
        [("GET", "public", &["range", "if-none-match", "if-range"][..]), ("GET", "storage", &[])]
    {
        let mut world = streaming(1);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", "PK");
        if source == "storage" {
            world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", "PK");
        }
        let stream = world.begin_with(0, method, ZIP, &headers);
        world.settle();
        let route = route(&world, stream);
        let mut left = [&nobodys[..], ours].concat();
        left.sort_unstable();
        assert_eq!(route.left_behind(headers.into_iter()), left, "{method} of {source}");
        assert_eq!(set(&route.set, "accept-encoding"), "identity");
        assert_eq!(set(&route.set, "x-modgate-cluster"), source, "ours, put after the client's is removed");
    }
}

/// The adapter takes a client's body away, and there are stores that refuse what is framed in chunks.
#[test]
fn scenario_a_source_is_told_that_no_body_follows() {
    for (ends, length) in [(true, ""), (false, "0")] {
        let mut world = streaming(1);
        world.cluster("public").serve(ORIGIN, "PK");
        let head = RequestHead {
            method: "GET".to_owned(),
            authority: "gateway.test".to_owned(),
            path: ZIP.to_owned(),
            headers: [("transfer-encoding", "chunked")].into_iter().collect(),
            properties: Vec::new(),
            ends,
        };
        let stream = world.arrive(0, &head);
        world.settle();
        let route = route(&world, stream);
        assert_eq!(set(&route.set, "content-length"), length);
        assert_eq!(route.left_behind(head.headers.iter()), ["transfer-encoding"]);
    }
}

#[test]
fn scenario_a_zips_answer_goes_on_under_our_own_headers() {
    let mut world = streaming(1);
    world.cluster("public").serve(ORIGIN, "PK");
    let stream = world.begin(0, ZIP);
    world.settle();
    let head = [
        ("content-length", "5"),
        ("content-type", "text/html"),
        ("set-cookie", "tracking"),
        ("cache-control", "no-cache"),
        ("etag", "\"theirs\""),
        ("accept-ranges", "bytes"),
        ("date", "now"),
    ];
    let Verdict::Edit(edit) = world.answer_routed(0, stream, 200, &head) else {
        panic!("not edited");
    };
    assert_eq!(edit.remove, ["set-cookie", "cache-control", "accept-ranges"]);
    assert_eq!(set(&edit.set, "content-type"), "application/zip");
    assert_eq!(set(&edit.set, "cache-control"), "max-age=86400, immutable");
    assert_eq!(set(&edit.set, "x-modgate-cache"), "upstream");
    let request = "modgate.requests_total.kind.zip.cache.upstream.class.2xx";
    assert!(!world.counters.contains_key(request), "it has not ended");
    world.leave(0, stream);
    assert_eq!(world.counters[request], 1);
}

#[test]
fn scenario_an_upstreams_refusal_of_a_zip_is_readable_and_what_it_is() {
    let plain: &[(&str, &str)] = &[("date", "now"), ("content-type", "text/html")];
    for (status, headers, want) in [
        (404, plain, 404),
        (410, plain, 410),
        (403, plain, 403),
        (500, plain, 502),
        (503, plain, 503),
        (302, plain, 502),
        (204, plain, 502),
        (405, plain, 502),
        (501, plain, 502),
        // Made by Envoy: it could not reach the upstream, or has no route by our header.
        (503, &[("content-type", "text/plain")], 502),
        (504, &[("content-type", "text/plain")], 504),
        (404, &[("content-length", "0")], 502),
        (404, &[], 502),
    ] {
        let mut world = streaming(1);
        world.cluster("public").serve(ORIGIN, "PK");
        let stream = world.begin(0, ZIP);
        world.settle();
        let Verdict::Respond(answer) = world.answer_routed(0, stream, status, headers) else {
            panic!("{status} {headers:?} passed on");
        };
        assert_eq!(answer.status, want, "{status} {headers:?}");
        assert_eq!(header(&answer, "content-type"), "text/plain; charset=utf-8");
        assert!(body(&answer).contains("example.com/m@v1.0.0"), "{}", body(&answer));
        let again = world.begin(0, ZIP);
        world.settle();
        let remembered = matches!(world.verdict(again), Verdict::Respond(_));
        assert_eq!(remembered, matches!(want, 404 | 410), "{status}");
    }
}

#[test]
fn scenario_partial_and_not_modified_answers_go_on() {
    let immutable = "max-age=86400, immutable";
    for (status, cache_control) in [(206, immutable), (304, immutable), (412, "no-store"), (416, "no-store")]
    {
        let mut world = streaming(1);
        world.cluster("public").serve(ORIGIN, "PK");
        let head = [("date", "now"), ("content-range", "bytes 0-1/5")];
        let stream = world.begin(0, ZIP);
        world.settle();
        let Verdict::Respond(answer) = world.answer_routed(0, stream, status, &head) else {
            panic!("{status} is no answer to a request for the whole");
        };
        assert_eq!(answer.status, 502, "{status}");

        world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", "PK");
        let stream = world.begin(0, ZIP);
        world.settle();
        let Verdict::Edit(edit) = world.answer_routed(0, stream, status, &head) else {
            panic!("{status} is answered");
        };
        assert_eq!(set(&edit.set, "cache-control"), cache_control, "{status}");
    }
}

#[test]
fn scenario_a_chain_is_asked_who_has_the_zip() {
    let config = r#"{"upstreams": [
        {"name": "one", "cluster": "one", "url": "http://one.test"},
        {"name": "two", "cluster": "two", "url": "http://two.test"}]}"#;
    let route = |one: u16, info: u16| {
        let mut world = World::new(1, config);
        world.cluster("one").answer(ZIP, one, &[], "");
        world.cluster("one").answer("/example.com/m/@v/v1.0.0.info", info, &[], "");
        world.cluster("two").serve(ZIP, "PK");
        let stream = world.begin(0, ZIP);
        world.settle();
        match world.verdict(stream) {
            Verdict::Route(route) => set(&route.set, "x-modgate-cluster").to_owned(),
            Verdict::Respond(response) => response.status.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(route(200, 404), "one");
    assert_eq!(route(404, 200), "two");
    assert_eq!(route(500, 200), "502");
    // It answers no HEAD: whether it has the version's .info says whether it has the version.
    assert_eq!(route(405, 200), "one");
    assert_eq!(route(501, 404), "two");
    assert_eq!(route(405, 500), "502");
}

#[test]
fn scenario_zips_without_storage_come_from_the_upstream() {
    let mut world = world(1);
    world.cluster("storage").fault = Some(CallFailure::TimedOut);
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(set(&route(&world, stream).set, "x-modgate-cluster"), "public");
}

#[test]
fn scenario_a_zip_deleted_behind_our_back_is_an_outage_and_no_404() {
    let mut world = streaming(1);
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", "PK");
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", "PK");
    let stream = world.begin(0, ZIP);
    world.settle();
    let Verdict::Respond(answer) = world.answer_routed(0, stream, 404, &[("date", "now")]) else {
        panic!("passed on");
    };
    assert_eq!((answer.status, header(&answer, "retry-after")), (503, "1"));

    // Storage is asked anew, though its word would still be fresh, and the upstream has it.
    world.clusters.get_mut("storage").unwrap().answer("/modules/example.com/m/@v/v1.0.0.zip", 404, &[], "");
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(set(&route(&world, stream).set, "x-modgate-cluster"), "public");
}

#[test]
fn scenario_a_download_that_storage_fails_is_not_sent_there_again_unasked() {
    let mut world = world(1);
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", "PK");
    let stream = world.begin(0, ZIP);
    world.settle();
    let headers = [("content-type", "text/plain")].into_iter().collect();
    let details = Some("upstream_reset_before_response_started{remote_connection_failure}");
    let head = response_head(503, headers, details, None, false);
    let Verdict::Respond(answer) = world.answer_routed_as(0, stream, &head) else {
        panic!("passed on");
    };
    assert_eq!(answer.status, 502);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(set(&route(&world, stream).set, "x-modgate-cluster"), "public");
}

#[test]
fn scenario_a_head_of_a_zip_is_answered_with_what_is_learnt_by_asking() {
    let mut world = streaming(1);
    let headers = [("etag", "\"t\""), ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")];
    world.cluster("public").answer(ORIGIN, 200, &headers, EMPTY_ZIP);
    for asked in 1..=2 {
        let stream = world.begin_with(0, "HEAD", ZIP, &[]);
        world.settle();
        let answer = world.response(stream);
        assert_eq!((answer.status, answer.length), (200, Length::Said(22)));
        assert_eq!(header(&answer, "etag"), "\"t\"");
        assert_eq!(header(&answer, "last-modified"), "Mon, 01 Jan 2024 00:00:00 GMT");
        assert_eq!(world.clusters["public"].asked, vec![format!("HEAD {ORIGIN}"); asked]);
    }
    // With a condition it is its source's to answer.
    let stream = world.begin_with(0, "HEAD", ZIP, &[("if-none-match", "\"t\"")]);
    world.settle();
    assert!(route(&world, stream).set.iter().all(|(name, _)| name != ":method"));
}

#[test]
fn scenario_disable_module_fetch_never_routes_to_an_upstream() {
    let mut world = world(1);
    let stream = world.begin_with(0, "GET", ZIP, &[("disable-module-fetch", "true")]);
    world.settle();
    assert_eq!(world.response(stream).status, 404);
}
