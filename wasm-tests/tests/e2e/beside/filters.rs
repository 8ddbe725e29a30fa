//! Modules are served, each filter does what it is there for, and other applications notice nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use modgate_wasm_tests::bootstrap::shared::MODULES_HOST;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::ext_proc::Kind;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tunnel::Tunnel;
use serde_json::json;

use super::neighbours::{Place, Site};

#[test]
fn with_every_filter_before_it() {
    with_every_filter(Place::Before);
}

#[test]
fn with_every_filter_behind_it() {
    with_every_filter(Place::Behind);
}

fn with_every_filter(place: Place) {
    let site = Site::start();
    {
        // Who asks is what jwt_authn says.
        let callers = json!({
            "callers": {"principals": [{"header": "x-sub", "trusted": true, "prefix": "user:"}]},
            "admin": {"explain": ["user:alice"]},
        });
        let envoy = site.gateway(place, site.filters(place)).patch_plugin(&callers).start();
        for module in &site.modules {
            // What a client gets that takes no gzip, and one that does: from the upstream, from storage, from the index.
            for coding in [None, Some("gzip"), None] {
                assert_served(&site, &envoy, module, place, coding);
            }
        }
        match place {
            Place::Before => assert_guarded(&site, &envoy),
            Place::Behind => assert_unguarded(&envoy),
        }
        assert_application_as_before(&site, &envoy, place);
    }
    assert!(site.ext_proc.seen(Kind::RequestHeaders) > 0 && site.ext_proc.seen(Kind::ResponseHeaders) > 0);
    assert!(site.authz.requests().iter().any(|seen| seen.target == "/lua"));
    assert_go_is_served(&site, place);
}

#[track_caller]
fn assert_served(site: &Site, envoy: &Envoy, module: &Module, place: Place, coding: Option<&str>) {
    let zip = module.zip();
    let documents = [
        (module.list_url(), "v1.0.0\n".to_owned()),
        (module.url("info"), module.info()),
        (module.url("mod"), module.go_mod().to_owned()),
    ];
    let asked = |target: &str| {
        let request = site.allowed(MODULES_HOST, target);
        coding.into_iter().fold(request, |request, coding| request.header("accept-encoding", coding))
    };
    // Before Modgate a filter sees every answer; behind it a compressor is not told what the client accepts.
    let compressed = coding.filter(|_| place == Place::Before);
    for (target, text) in documents {
        let answer = asked(&target).send(envoy.addr());
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert_eq!(answer.header("x-lua"), Some("response"), "{answer:?}");
        // The list is too short to be worth it.
        if compressed.is_some() && !target.ends_with("list") {
            assert_eq!(answer.header("content-encoding"), compressed, "{target}: {answer:?}");
        } else {
            assert_eq!(answer.text(), text, "{target}: {answer:?}");
            assert!(answer.header("etag").is_some(), "{answer:?}");
        }
        assert_marked(&answer, place);
    }
    let asked = asked(&module.url("zip"));
    let whole = if compressed.is_some() { asked } else { asked.compare_body(zip.clone()) }.send(envoy.addr());
    assert_eq!(whole.status, 200, "{whole:?}");
    assert_eq!(whole.header("content-encoding"), compressed, "{whole:?}");
    if compressed.is_none() {
        assert!(whole.pattern && whole.length == zip.len(), "{whole:?}");
        assert_eq!(whole.header("content-length"), Some(zip.len().to_string().as_str()), "{whole:?}");
    }
    assert_marked(&whole, place);
}

/// Before Modgate what a filter adds to an answer comes to the client. Behind it only a download passes filters, and of its
/// head the client gets what Modgate knows.
#[track_caller]
fn assert_marked(answer: &Response, place: Place) {
    let marks = ["x-second", "x-ratelimit-limit"].map(|name| answer.header(name).is_some());
    assert_eq!(marks, [place == Place::Before; 2], "{answer:?}");
}

/// Filters before Modgate refuse what it would have answered.
#[track_caller]
fn assert_guarded(site: &Site, envoy: &Envoy) {
    let target = site.modules[0].url("mod");
    let anonymous = Request::get(&target).header("host", MODULES_HOST);
    assert_eq!(envoy.send(&anonymous).status, 401);
    let denied = site.allowed(MODULES_HOST, &target).header("x-denied", "yes");
    assert_eq!(envoy.send(&denied).status, 403);
    // A body that a filter has read is whole for the page it is for.
    let posted = Request::new("POST", "/-/explain")
        .header("host", MODULES_HOST)
        .header("authorization", &site.provider.bearer(&json!({"sub": "alice"})));
    let alone = envoy.send(&posted.clone().body("small.example/m v1.0.0\n"));
    assert_eq!(alone.status, 200, "{alone:?}");
}

/// Filters behind Modgate are not asked about what it answers itself.
#[track_caller]
fn assert_unguarded(envoy: &Envoy) {
    let denied =
        Request::get("/small.example/m/@v/list").header("host", MODULES_HOST).header("x-denied", "yes");
    assert_eq!(envoy.send(&denied).status, 200);
}

/// With the same filters, and Modgate switched off there.
#[track_caller]
fn assert_application_as_before(site: &Site, after: &Envoy, place: Place) {
    let before = site.without_modgate(site.filters(place)).start();
    let essence = |answer: Response| {
        let mut headers = answer.headers;
        let varies = ["date", "x-envoy-upstream-service-time", "x-ratelimit-remaining", "x-ratelimit-reset"];
        headers.retain(|(name, _)| !varies.contains(&name.as_str()));
        (answer.status, headers, answer.body)
    };
    for target in ["/", "/small.example/m/@v/list", "/large.example/m/@v/v1.0.0.zip", "/-/readyz"] {
        let allowed = site.allowed("any.corp.example.com", target);
        let requests = [
            allowed.clone(),
            allowed.clone().header("accept-encoding", "gzip"),
            allowed.header("x-denied", "yes"),
            Request::get(target).header("host", "any.corp.example.com"),
        ];
        for request in requests {
            let (was, is) = (before.send(&request), after.send(&request));
            assert_eq!(essence(was), essence(is), "{request:?}");
        }
    }
    let plain = before.send(&site.allowed("any.corp.example.com", "/"));
    let seen = ["x-lua", "x-second", "access-control-allow-origin"].map(|name| plain.header(name).is_some());
    assert_eq!(seen, [true; 3], "the filters are at work: {plain:?}");
    assert!(plain.text().contains(r#"Some("alice"), Some("request"), Some("seen")"#), "{}", plain.text());
}

/// Over TLS, for go sends a token to nothing else.
#[track_caller]
fn assert_go_is_served(site: &Site, place: Place) {
    let certificate = Certificate::for_hosts(&[MODULES_HOST]);
    let gateway =
        site.gateway(place, site.filters(place)).edit(|bootstrap| bootstrap.serve_tls(&certificate));
    let envoy = gateway.start();
    let tunnel = Tunnel::to(envoy.addr());
    let (files, url) = (tempfile::tempdir().unwrap(), format!("https://{MODULES_HOST}"));
    let (auth, bearer) = (files.path().join("auth"), site.provider.bearer(&json!({"sub": "alice"})));
    let script = format!("#!/bin/sh\nprintf '%s\\n\\nAuthorization: %s\\n\\n' {url} '{bearer}'\n");
    fs::write(&auth, script).unwrap();
    fs::set_permissions(&auth, fs::Permissions::from_mode(0o755)).unwrap();
    let go = Go::new(&url)
        .env("HTTPS_PROXY", &tunnel.url())
        .env("SSL_CERT_FILE", certificate.certificate.to_str().unwrap())
        .env("GOAUTH", auth.to_str().unwrap());
    for module in &site.modules {
        let path = module.query().split('@').next().unwrap().to_owned();
        assert_eq!(go.list_versions(&path), ["v1.0.0"]);
        assert_eq!(go.resolve(&format!("{path}@latest")), "v1.0.0");
        go.mod_download(&[&module.query()]).expect_ok();
    }
}
