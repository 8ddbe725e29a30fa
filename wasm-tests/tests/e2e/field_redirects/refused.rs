//! Redirects that lead nowhere: what the client is told.

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tls::Certificate;
use serde_json::json;

use super::{BOTH, SIGNATURE, STREAMED, Site, Spoken, guarded, signed};

#[test]
fn what_is_not_followed_is_a_502_that_says_what_to_do() {
    for spoken in BOTH {
        for patch in [json!({}), STREAMED()] {
            let site = Site::start(spoken, &patch, |builder| builder);
            let module = Module::new("example.com/m", "v1.0.0");
            for kind in ["info", "mod", "zip"] {
                let path = module.url(kind);
                let elsewhere = format!("https://user:pw@else.example/x/{SIGNATURE}?Signature={SIGNATURE}");
                site.upstream.on(&path, signed(&path).header("location", &elsewhere));
                for method in ["GET", "HEAD"] {
                    let answer = site.envoy.send(&Request::new(method, &path));
                    assert_eq!(answer.status, 502, "{spoken:?} {method} {path}");
                }
                let text = site.get(&path).text();
                let todo = "else.example, which is not listed; add \"else.example\": \"<cluster>\" to `redirects` of upstream golang";
                assert!(text.contains(todo), "{spoken:?} {path}: {text}");
                assert!(!text.contains(SIGNATURE) && !text.contains("pw"), "{text}");
                site.upstream.on(&path, Reply::status(302).header("location", &path).served());
                let text = site.get(&path).text();
                assert!(text.contains("redirects in a loop"), "{spoken:?} {path}: {text}");
            }
            let run = Go::new(&site.envoy.url()).mod_download(&[&module.query()]);
            assert!(!run.ok() && run.stdout.contains("redirects in a loop"), "{}{}", run.stdout, run.stderr);
            assert!(site.store.requests().is_empty());
            site.assert_discreet();
        }
    }
    Row {
        kind: "redirects",
        fault: "a redirect to a host that is not listed, and one to itself for ever",
        spoken: "HTTP/1.1, HTTP/2",
        client: "502, which names the host and what to add, or the loop",
        asked: "the upstream once, or eleven times",
    }
    .seen();
}

#[test]
fn the_targets_refusal_is_the_targets() {
    for spoken in BOTH {
        for patch in [json!({}), STREAMED()] {
            let site = Site::start(spoken, &patch, |builder| builder);
            let module = Module::new("example.com/m", "v1.0.0");
            let path = module.url("zip");
            site.upstream.on(&path, signed(&path));
            let expired = format!(
                "<Error><Code>ExpiredToken</Code><Message>{path}?Signature={SIGNATURE}</Message></Error>"
            );
            site.store.on(
                &path,
                Reply::status(403).body(expired).header("content-type", "application/xml").served(),
            );
            let answer = site.get(&path);
            assert_eq!(answer.status, 502, "{spoken:?}: {}", answer.text());
            assert!(
                answer.text().contains("store.example (upstream golang redirects there) answered 403"),
                "{}",
                answer.text()
            );
            assert!(!answer.text().contains(SIGNATURE), "{}", answer.text());
            // Nobody remembers it.
            site.store.on_fn(&path, move |seen| guarded(seen, &Reply::ok(module.zip())));
            assert_eq!(site.get(&path).status, 200, "{spoken:?}");
            site.assert_discreet();
        }
    }
    Row {
        kind: "redirects",
        fault: "the target of a redirect refuses the signed address (403, XML)",
        spoken: "HTTP/1.1, HTTP/2",
        client: "502, which names the target and no more of the address; the next request begins anew",
        asked: "the upstream and the target once for each",
    }
    .seen();
}

/// The name asked for in TLS, and demanded of the certificate, is the one that the redirect says.
#[test]
fn the_certificate_of_the_target_has_to_name_the_target() {
    let module = Module::new("example.com/m", "v1.0.0").padded(100_000);
    let tree = tempfile::tempdir().unwrap();
    module.write_to(tree.path());
    for (named, status) in [("store.example", 200), ("proxy.golang.org", 502)] {
        let certificate = Certificate::for_hosts(&[named]);
        let target = Nginx::serving_tls(tree.path(), &certificate);
        for patch in [json!({}), STREAMED()] {
            let site = Site::start(Spoken::Http1, &patch, |builder| {
                // Of a cluster that speaks TLS: the upstream's does not here.
                let builder = builder.edit(|bootstrap| {
                    bootstrap.cluster("tls_store", "sum_golang_org");
                });
                builder.cluster_tls("tls_store", target.addr(), &certificate.certificate).edit(|bootstrap| {
                    let mut plugin = bootstrap.plugin();
                    plugin["upstreams"][0]["redirects"] = json!({"store.example": "tls_store"});
                    bootstrap.set_plugin(&plugin);
                })
            });
            let path = module.url("zip");
            site.upstream.on(&path, signed(&path));
            let answer = site.get(&path);
            assert_eq!(answer.status, status, "{named} {patch}: {}", answer.text());
        }
    }
    Row {
        kind: "redirects",
        fault: "the target of a redirect shows a certificate that names another host",
        spoken: "HTTP/1.1, TLS",
        client: "502",
        asked: "the upstream once; its target nothing",
    }
    .seen();
}
