//! `examples/existing-gateway`: a site and an API are answered as before Modgate came to their gateway, and the go command is served.

use modgate_wasm_tests::bootstrap::shared::MODULES_HOST;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::existing::{API, Company, KEY, SITE};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::tunnel::Tunnel;

fn asked(method: &str, host: &str, target: &str, headers: &[(&str, &str)]) -> Request {
    let request = Request::new(method, target).header("host", host);
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// Without what differs between any two answers. Whether Envoy closes a connection depends on whether all of a request's body was there before
/// its answer.
fn essence(response: Response) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers = response.headers;
    let differs = |name: &str| matches!(name, "connection" | "date" | "x-envoy-upstream-service-time");
    headers.retain(|(name, _)| !differs(name));
    (response.status, headers, response.body)
}

#[test]
fn the_site_and_the_api_answer_as_before_byte_for_byte() {
    let company = Company::without_tls();
    let (before, after) = (company.before().start(), company.after().start());
    let gzip = ("accept-encoding", "gzip");
    let origin = ("origin", "https://www.corp.example.com");
    let key = ("x-api-key", KEY);
    let preflight = ("access-control-request-method", "GET");
    let picked = ("x-modgate-cluster", "storage");
    // What each filter of the gateway does, and its absence.
    let requests = [
        (asked("GET", SITE, "/", &[]), 200, None),
        (asked("GET", SITE, "/", &[gzip]), 200, Some("content-encoding")),
        (asked("GET", SITE, "/", &[picked, gzip, ("user-agent", "Go-http-client/1.1")]), 200, None),
        (asked("HEAD", SITE, "/app.js", &[gzip]), 200, None),
        (asked("GET", SITE, "/app.js", &[("range", "bytes=3-20")]), 206, Some("content-range")),
        (asked("POST", SITE, "/", &[]).body(vec![b'x'; 1000]), 405, None),
        (asked("GET", SITE, "/example.com/hello/@v/list", &[]), 200, Some("strict-transport-security")),
        (asked("GET", SITE, "/-/readyz", &[]), 404, None),
        (asked("GET", SITE, "/no/../such//page%2f?x=%zz", &[]), 404, None),
        (asked("GET", API, "/v1/items.json", &[]), 403, None),
        (asked("GET", API, "/v1/items.json", &[("x-api-key", "wrong")]), 403, None),
        (asked("GET", API, "/v1/items.json", &[key, gzip]), 200, Some("content-encoding")),
        (asked("GET", API, "/v1/items.json", &[key, origin]), 200, Some("access-control-allow-origin")),
        (asked("OPTIONS", API, "/v1/items.json", &[origin, preflight]), 200, Some("access-control-max-age")),
        (asked("GET", API, "/v2", &[key]), 404, None),
        (asked("GET", "unknown.corp.example.com", "/", &[]), 404, None),
    ];
    for (request, status, header) in &requests {
        let (was, is) = (essence(request.send(before.addr())), essence(request.send(after.addr())));
        assert_eq!(was, is, "{request:?}");
        assert_eq!(was.0, *status, "{request:?}: {was:?}");
        let names = was.1.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        assert!(header.is_none_or(|header| names.contains(&header)), "{header:?} in {was:?}");
    }
    let limited = asked("GET", API, "/v1/items.json", &[key]);
    // Its bucket is filled all the time, by a token a second: how many pass depends on how long they take.
    let is_limited = |gateway: &Envoy| (0..1_000).any(|_| limited.send(gateway.addr()).status == 429);
    assert!(is_limited(&before) && is_limited(&after));
    assert_eq!(after.metrics(""), 0, "the filter was not even asked");
    // The one difference.
    let list = asked("GET", MODULES_HOST, "/example.com/hello/@v/list", &[]);
    assert_eq!((list.send(before.addr()).status, list.send(after.addr()).status), (404, 200));
}

#[test]
fn the_go_command_is_served_over_tls_and_http2() {
    let company = Company::start();
    let after = company.after().start();
    let tunnel = Tunnel::to(after.addr());
    let client = company.client(&tunnel.url());
    let go = client.iter().fold(Go::new(""), |go, (name, value)| go.env(name, value));
    assert!(go.list_versions("example.com/hello").contains(&"v1.0.0".to_owned()));
    go.install("example.com/greet@latest").expect_ok();
    go.mod_download(&["example.com/Acme/Words@v0.3.0"]).expect_ok();
    assert!(after.stat("http.corp.downstream_cx_http2_total") > 0);
    assert!(company.applications.requests().is_empty());
}
