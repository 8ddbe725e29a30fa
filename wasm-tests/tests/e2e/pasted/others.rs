//! The other applications, and who has business with them.

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::bootstrap::shared::{GITLAB_HOST, MODULES_HOST, OWN_PAGE, Place};
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::http::{Request, Response};

use super::{Applications, Sources};

const HOSTS: [&str; 4] =
    [GITLAB_HOST, "athens.corp.example.com", "artifactory.corp.example.com:8443", "localhost"];

/// What each of them is asked that looks like a request of the go command, or is none.
const TARGETS: [&str; 16] = [
    "/api/v4/projects/7/packages/go/corp.example.com/x/@v/list",
    "/api/v4/projects/7/packages/go/corp.example.com/x/@v/v1.0.0.zip",
    "/artifactory/api/go/go-virtual/github.com/x/y/@v/list",
    "/artifactory/api/go/go-virtual/github.com/!azure/y/@latest",
    "/github.com/x/y/@v/list",
    "/github.com/x/y/@v/v1.0.0.info",
    "/github.com/x/y/@v/v1.0.0.zip",
    "/github.com/x/y/@latest",
    "/example.com/hello/@v/v1.0.0.mod",
    "/sumdb/sum.golang.org/latest",
    "/-/readyz",
    "/-/healthz",
    "/-/version",
    "/-/explain?module=x",
    "/a/../b/./c//d%2Fe?q=%2e%zz&r=@v",
    "/@vite/client",
];

fn asked(method: &str, host: &str, target: &str) -> Request {
    let asked = Request::new(method, target)
        .header("host", host)
        .header("authorization", "Bearer theirs")
        .header("x-modgate-cluster", "storage")
        .header("x-modgate-host", "evil.example.com")
        .header("x-custom", "first")
        .header("x-custom", "second")
        .header("if-none-match", "\"x\"")
        .header("user-agent", "Go-http-client/1.1");
    if method == "POST" { asked.body(vec![b'x'; 100_000]) } else { asked }
}

/// Without what differs between any two answers.
fn plain(response: &Response) -> (u16, Vec<(String, String)>, String) {
    let mut headers = response.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "x-envoy-upstream-service-time"));
    (response.status, headers, response.text())
}

/// What the applications answer through both gateways, and that it was they who did.
#[track_caller]
fn assert_same(applications: &Applications, before: &Envoy, after: &Envoy) {
    for host in HOSTS {
        for target in TARGETS {
            for method in ["GET", "HEAD", "POST"] {
                let request = asked(method, host, target);
                let (was, is) = (request.send(before.addr()), request.send(after.addr()));
                assert_eq!(plain(&was), plain(&is), "{method} {host} {target}");
                assert_eq!(applications.seen().len(), 2, "{method} {host} {target}");
                applications.gitlab.forget();
                applications.others.forget();
            }
        }
    }
    assert_eq!(after.metrics(""), 0, "the filter was not even asked");
}

#[test]
fn other_applications_answer_as_before_byte_for_byte() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let before = applications.behind(Bootstrap::shared()).without_filter().start();
    let after = applications.beside(Bootstrap::pasted(), &sources).start();
    assert_same(&applications, &before, &after);
    assert!(sources.upstream.requests().is_empty() && sources.storage.requests().is_empty());
    // And this is a gateway that serves modules.
    let list = Request::get("/example.com/hello/@v/list").header("host", MODULES_HOST);
    assert_eq!(list.send(before.addr()).text(), OWN_PAGE);
    assert!(list.send(after.addr()).text().contains("v1.0.0"));
}

#[test]
fn other_applications_of_the_same_virtual_host_answer_as_before() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let before = applications.behind(Bootstrap::shared()).without_filter().start();
    let mut below = Bootstrap::shared();
    below.paste(Place::Below("/go"));
    let after = applications.beside(below, &sources).start();
    // A client that names a cluster there gets no further than others do: where the filter is off, so does the header.
    for target in TARGETS {
        let request =
            Request::get(target).header("host", "artifactory.corp.example.com").header("x-custom", "1");
        let (was, is) = (request.send(before.addr()), request.send(after.addr()));
        assert_eq!(plain(&was), plain(&is), "{target}");
        let picked = request.clone().header("x-modgate-cluster", "storage");
        let (was, is) = (picked.send(before.addr()), picked.send(after.addr()));
        assert_eq!(plain(&was), plain(&is), "{target}");
    }
    assert!(sources.upstream.requests().is_empty() && sources.storage.requests().is_empty());
}

#[test]
fn nobody_outside_picks_a_cluster() {
    let (applications, sources) = (Applications::start(), Sources::start());
    let after = applications.beside(Bootstrap::pasted(), &sources).start();
    for target in ["/", "/x", "/example.com/nowhere/@v/list", "/-/healthz"] {
        for value in ["gitlab", "applications", "storage", ""] {
            let named = Request::get(target)
                .header("host", MODULES_HOST)
                .header("x-modgate-cluster", value)
                .header("x-modgate-host", "gitlab.corp.example.com");
            let unnamed = Request::get(target).header("host", MODULES_HOST);
            let (named, unnamed) = (named.send(after.addr()), unnamed.send(after.addr()));
            assert_eq!((named.status, named.body), (unnamed.status, unnamed.body), "{target} {value}");
        }
    }
    assert!(applications.seen().is_empty(), "{:?}", applications.seen());
    assert!(
        sources.storage.requests().iter().all(|(_, target, _)| target.starts_with("/example.com/nowhere/"))
    );
}
