//! What is not ours passes as if we were not there, and nobody outside chooses where anything goes.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::http::{Request, Response};
use serde_json::json;

use super::{INFO, LIST, Site, ZIP, as_sent};

at_two_workers!(nobody_outside_picks_a_cluster);

/// A gateway with a service of its own below `/own/`, and this service.
fn gateway(edit: impl FnOnce(Builder) -> Builder) -> (Site, Faulty) {
    let own = Faulty::start();
    own.otherwise(|_| {
        Reply::status(418)
            .body("short and stout\n")
            .header("set-cookie", "theirs=1")
            .header("x-own", "yes")
            .chunked()
    });
    let site = Site::with(1, |builder| edit(builder.cluster("own", own.addr()).route("/own/", "own")));
    (site, own)
}

/// What the service saw, without what differs between any two requests.
fn plain(seen: &Seen) -> (String, String, Vec<(String, String)>, Vec<u8>) {
    let mut headers = seen.headers.clone();
    headers.retain(|(name, _)| name != "x-request-id");
    (seen.method.clone(), seen.target.clone(), headers, seen.body.clone())
}

fn answer(response: &Response) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers = response.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "x-envoy-upstream-service-time"));
    (response.status, headers, response.body.clone())
}

#[test]
fn other_requests_arrive_as_they_would_without_the_filter() {
    // Byte for byte, which a gateway that makes paths one does not hand them on.
    let (site, own) = gateway(as_sent);
    let bare = Envoy::gateway().without_filter().cluster("own", own.addr()).route("/own/", "own");
    let bare = as_sent(bare).start();
    let long = "x".repeat(20_000);
    for (method, target, body) in [
        ("GET", "/own/", ""),
        ("GET", "/own/a/../b/./c//d?q=%2e%zz&r=@v", ""),
        ("GET", "/own/%zz%00%ff%41", ""),
        ("GET", "/own/list@v/x@latest", ""),
        ("GET", "/own/@vite/client", ""),
        ("GET", "/own/example.com/m?go-get=1", ""),
        ("HEAD", "/own/page", ""),
        ("POST", "/own/form", "a=b&c=d"),
        ("PUT", "/own/file", long.as_str()),
        ("DELETE", "/own/file", ""),
        ("PATCH", "/own/file", "{}"),
        ("PROPFIND", "/own/", "<x/>"),
        ("OPTIONS", "/own/", ""),
    ] {
        let asked = Request::new(method, target)
            .header("host", "gateway.example.com")
            .header("authorization", "Bearer theirs")
            .header("cookie", "session=1; other=2")
            .header("x-custom", "first")
            .header("x-custom", "second")
            .header("if-none-match", "\"x\"")
            .header("range", "bytes=0-1")
            .header("disable-module-fetch", "true")
            .header("x-modgate-cache", "theirs")
            .header("user-agent", "them/1.0")
            .header("te", "trailers");
        let asked = if body.is_empty() { asked } else { asked.body(body) };
        let through = answer(&site.send(&asked));
        let past = answer(&asked.send(bare.addr()));
        assert_eq!(through, past, "{method} {target}");
        let seen = own.requests();
        assert_eq!(seen.len(), 2, "{method} {target}");
        assert_eq!(plain(&seen[0]), plain(&seen[1]), "{method} {target}");
        assert_eq!((seen[0].target.as_str(), seen[0].body.as_slice()), (target, body.as_bytes()));
        own.forget();
    }
    assert_eq!(site.asked(), 0);
    assert_eq!(site.stack.envoy.metrics(""), 0, "they are not even counted");
}

#[test]
fn a_large_body_streams_to_the_service_it_is_for() {
    let (site, own) = gateway(|builder| builder);
    let body: Vec<u8> = (0..6_000_000_u32).map(|number| (number % 251) as u8).collect();
    let length = body.len();
    let asked =
        Request::new("POST", "/own/upload").header("content-type", "application/x-thing").body(body.clone());
    assert_eq!(site.send(&asked).status, 418);
    let seen = &own.requests()[0];
    assert!(seen.body == body, "{} of {length} bytes", seen.body.len());
    assert_eq!(seen.header("content-type"), Some("application/x-thing"));
}

/// On the gateway as it is, Envoy removes the header before the filter sees it; without that mutation it is the filter
/// alone that does, and the download route would take whatever cluster is named.
fn nobody_outside_picks_a_cluster(workers: u32) {
    for early in [true, false] {
        let secret = Faulty::start();
        secret.otherwise(|_| Reply::ok("secret"));
        let (site, own) = gateway(|builder| {
            let builder = builder.cluster("secret", secret.addr()).concurrency(workers);
            if early {
                return builder;
            }
            builder.edit(|bootstrap| {
                bootstrap.hcm().as_object_mut().unwrap().remove("early_header_mutation_extensions").unwrap();
            })
        });
        let names =
            [&["x-modgate-cluster"][..], &["X-Modgate-Cluster"], &["x-modgate-cluster", "x-modgate-cluster"]];
        for target in [
            "/",
            "/own/x",
            "/example.com/m",
            LIST,
            INFO,
            ZIP,
            "/-/healthz",
            "/-/readyz",
            "/example.com/%zz/@v/list",
        ] {
            for names in names {
                for value in ["secret", "", "secret,secret"] {
                    for method in ["GET", "POST"] {
                        let asked = names
                            .iter()
                            .fold(Request::new(method, target), |asked, name| asked.header(name, value));
                        let (named, unnamed) = (site.send(&asked), site.send(&Request::new(method, target)));
                        assert_eq!(named.status, unnamed.status, "{method} {target} {names:?}: {value:?}");
                        assert_eq!(named.body, unnamed.body, "{method} {target} {names:?}: {value:?}");
                    }
                }
            }
        }
        assert!(secret.requests().is_empty(), "early removal {early}: {:?}", secret.requests());
        let told = |seen: &Seen| seen.header("x-modgate-cluster").is_some();
        assert!(!own.requests().is_empty() && !own.requests().iter().any(told));
        assert!(!site.stack.upstream.requests().iter().any(told));
    }
}

#[test]
fn the_header_that_names_the_cluster_can_be_called_otherwise() {
    let secret = Faulty::start();
    let site = Site::with(1, |builder| {
        let builder = builder
            .cluster("secret", secret.addr())
            .patch_plugin(&json!({"match": {"route_header": "x-go-to"}}));
        builder.edit(|bootstrap| {
            bootstrap.hcm().as_object_mut().unwrap().remove("early_header_mutation_extensions").unwrap();
            let route = &mut bootstrap.routes()[0];
            route["match"]["headers"][0]["name"] = "x-go-to".into();
            route["route"]["cluster_header"] = "x-go-to".into();
        })
    });
    assert_eq!(site.get(ZIP).status, 200);
    let asked = Request::get("/").header("x-go-to", "secret");
    assert_eq!(site.send(&asked).status, 404);
    assert_eq!(site.send(&Request::get(ZIP).header("X-Go-To", "secret")).status, 200);
    assert!(secret.requests().is_empty());
}

#[test]
fn only_the_hosts_that_are_named_are_ours() {
    let hosts = json!({"match": {"hosts": ["goproxy.example.com", "*.mods.example.com"]}});
    let own = Faulty::start();
    own.otherwise(|_| Reply::ok("own"));
    let site = Site::with(1, |builder| {
        builder.patch_plugin(&hosts).cluster("own", own.addr()).route("/example.com/", "own")
    });
    for (host, ours) in [
        ("goproxy.example.com", true),
        ("GoProxy.Example.COM:8443", true),
        ("a.mods.example.com", true),
        ("a.b.mods.example.com:80", true),
        ("mods.example.com", false),
        ("example.com", false),
        ("goproxy.example.com.evil.test", false),
        ("xgoproxy.example.com", false),
    ] {
        let answer = site.send(&Request::get(LIST).header("host", host));
        assert_eq!(answer.text(), if ours { "v1.2.3\n" } else { "own" }, "{host}");
    }
    assert_eq!(site.asked(), 1);
}
