//! Upstreams that redirect: to their own addresses, and to signed ones at another host, which refuses whoever brings credentials.

use std::time::Duration;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::{fixture, wait};
use serde_json::{Value, json};

const CREDENTIAL: &str = "Bearer CR3DENTIAL";
const SIGNATURE: &str = "S1GNATURE";

/// What is spoken to both of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    Http1,
    Http2,
}

const BOTH: [Spoken; 2] = [Spoken::Http1, Spoken::Http2];

/// An upstream that redirects, and the store that it redirects to.
struct Site {
    envoy: Envoy,
    upstream: Faulty,
    store: Faulty,
    storage: Nginx,
}

impl Site {
    fn start(spoken: Spoken, patch: &Value, edit: impl FnOnce(Builder) -> Builder) -> Self {
        let start = || if spoken == Spoken::Http2 { Faulty::start_http2() } else { Faulty::start() };
        let point = if spoken == Spoken::Http2 { Builder::cluster_http2 } else { Builder::cluster };
        let (upstream, store, storage) = (start(), start(), Nginx::storage());
        let builder = fixture::builder(upstream.addr(), storage.addr()).concurrency(2);
        let builder = point(point(builder, UPSTREAM, upstream.addr()), "store", store.addr());
        let golang = json!({
            "name": "golang", "cluster": UPSTREAM, "url": "https://proxy.golang.org",
            "headers": {"authorization": CREDENTIAL}, "redirects": {"store.example": "store"},
            "http2": spoken == Spoken::Http2,
        });
        let builder = builder.patch_plugin(&json!({"upstreams": [golang]})).patch_plugin(patch);
        Self { envoy: edit(builder).start(), upstream, store, storage }
    }

    /// The upstream has this module, and sends whoever asks for one of its files to a signed address at the store.
    fn publish(&self, module: &Module) {
        for (path, reply) in module.replies() {
            self.upstream.on(&path, signed(&path));
            self.store.on_fn(&path, move |seen| guarded(seen, &reply));
        }
    }

    fn get(&self, target: &str) -> Response {
        self.envoy.get(target)
    }

    fn head(&self, target: &str) -> Response {
        self.envoy.send(&Request::new("HEAD", target))
    }

    fn asked(&self, server: &Faulty) -> Vec<String> {
        server.requests().iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
    }

    /// No credential got to the store, and no signature anywhere but there.
    fn assert_discreet(&self) {
        for seen in self.store.requests() {
            assert_eq!(seen.method, "GET", "{seen:?}");
            assert!(!format!("{seen:?}").contains(CREDENTIAL), "{seen:?}");
        }
        let log = self.envoy.log();
        assert!(!log.contains(SIGNATURE) && !log.contains("CR3DENTIAL"), "{log}");
        for (name, content) in self.storage.files() {
            assert!(
                !name.contains(SIGNATURE) && !String::from_utf8_lossy(&content).contains(SIGNATURE),
                "{name}"
            );
        }
    }
}

/// A redirect to where the store has `path`, with a body that is taken for the file where it is not followed.
fn signed(path: &str) -> Reply {
    Reply::status(302)
        .body(Module::new("example.com/not", "v1.0.0").zip())
        .header("content-type", "application/zip")
        .header("cache-control", "public, max-age=10800")
        .header("location", &format!("https://store.example{path}?Expires=1&Signature={SIGNATURE}"))
        .served()
}

/// As an object store answers a signed request: by GET alone, with the signature, and without any other credential.
fn guarded(seen: &Seen, reply: &Reply) -> Reply {
    let refuse = |status: u16, code: &str| {
        let error = format!("<Error><Code>{code}</Code><Message>{}</Message></Error>", seen.target);
        Reply::status(status).body(error).header("content-type", "application/xml").served()
    };
    if seen.header("authorization").is_some() {
        refuse(400, "InvalidArgument")
    } else if seen.method != "GET" || !seen.target.contains(SIGNATURE) {
        refuse(403, "SignatureDoesNotMatch")
    } else {
        reply.clone().served().ranges()
    }
}

const STREAMED: fn() -> Value = || json!({"fetch": {"zip_bytes": 0}, "storage": null});

#[test]
fn everything_is_downloaded_through_redirects_and_stored() {
    for spoken in BOTH {
        let site = Site::start(spoken, &json!({}), |builder| builder);
        let module = Module::new("example.com/m", "v1.0.0").padded(100_000);
        site.publish(&module);
        let go = Go::new(&site.envoy.url());
        go.mod_download(&[&module.query(), "example.com/m@latest"]).expect_ok();
        wait::until("it is stored", Duration::from_secs(20), || {
            let files = site.storage.files();
            ["info", "mod", "zip"]
                .iter()
                .all(|kind| files.contains_key(module.url(kind).trim_start_matches('/')))
        });
        let stored = &site.storage.files()[module.url("zip").trim_start_matches('/')];
        assert_eq!(*stored, module.zip().to_vec(), "{spoken:?}");
        assert_eq!(site.store.hits(&module.url("zip")), 0, "nobody comes without a signature");
        assert_eq!(site.upstream.hits(&module.url("zip")), 1, "{spoken:?}: {:?}", site.asked(&site.upstream));
        let head = site.head(&module.url("zip"));
        let length = module.zip().len().to_string();
        assert_eq!((head.status, head.header("content-length")), (200, Some(length.as_str())), "{spoken:?}");
        let seen = &site.store.requests()[0];
        assert_eq!(
            seen.header("host").or_else(|| seen.header(":authority")).unwrap_or("store.example"),
            "store.example"
        );
        site.assert_discreet();
    }
    Row {
        kind: "redirects",
        fault: "302 to a signed address at another host for every file; that host refuses HEAD and whoever brings credentials",
        spoken: "HTTP/1.1, HTTP/2",
        client: "`go mod download` succeeds; the zip is verified and stored",
        asked: "the upstream once for each file, its target once",
    }
    .seen();
}

#[test]
fn a_streamed_zip_comes_from_where_it_leads_for_each_client_anew() {
    for spoken in BOTH {
        let site = Site::start(spoken, &STREAMED(), |builder| builder);
        let module = Module::new("example.com/big", "v1.0.0").padded(20_000_000);
        site.publish(&module);
        let path = module.url("zip");
        for round in 1..=2 {
            let whole = site.envoy.send(&Request::get(&path).compare_body(module.zip()));
            assert_eq!(
                (whole.status, whole.length, whole.pattern),
                (200, module.zip().len(), true),
                "{spoken:?}"
            );
            assert_eq!(whole.header("content-type"), Some("application/zip"));
            assert!(!format!("{whole:?}").contains(SIGNATURE));
            assert_eq!(site.upstream.hits(&path), round, "{spoken:?}: each has an address of its own");
        }
        let requests = site.store.requests();
        let ranges: Vec<_> = requests.iter().map(|seen| seen.header("range")).collect();
        assert_eq!(ranges, [Some("bytes=0-0"), None, Some("bytes=0-0"), None], "{spoken:?}");
        let length = module.zip().len().to_string();
        let head = site.head(&path);
        assert_eq!((head.status, head.header("content-length")), (200, Some(length.as_str())), "{spoken:?}");
        // A part is asked for; the whole of what is not stored is read along, and given.
        let part = site.envoy.send(&Request::get(&path).header("range", "bytes=0-9").discard_body());
        assert_eq!((part.status, part.length), (200, module.zip().len()), "{spoken:?}");
        Go::new(&site.envoy.url()).mod_download(&[&module.query()]).expect_ok();
        let logged = |line: &Value| {
            line["path"] == path && line["upstream"] == "store" && line["upstream_path"] == path
        };
        wait::until("it is logged by its own path", Duration::from_secs(10), || {
            site.envoy.access_log().iter().filter(|line| logged(line)).count() >= 2
        });
        let access_log: Vec<_> = site.envoy.access_log().iter().map(Value::to_string).collect();
        assert!(!access_log.concat().contains(SIGNATURE), "{access_log:?}");
        site.assert_discreet();
    }
    Row {
        kind: "redirects",
        fault: "302 to a signed address at another host for a zip that is streamed",
        spoken: "HTTP/1.1, HTTP/2",
        client: "200, the whole zip; HEAD says how long it is",
        asked: "for each client the upstream once, its target for the first byte and for the zip",
    }
    .seen();
}

/// Larger than what is fetched whole, with a storage: streamed, and copied or taken along.
#[test]
fn what_is_too_large_for_memory_is_streamed_from_there() {
    for spoken in BOTH {
        let site = Site::start(spoken, &json!({"fetch": {"zip_bytes": 1_000_000}}), |builder| builder);
        let module = Module::new("example.com/big", "v1.0.0").padded(5_000_000);
        site.publish(&module);
        let whole = site.envoy.send(&Request::get(&module.url("zip")).compare_body(module.zip()));
        assert_eq!(
            (whole.status, whole.length, whole.pattern),
            (200, module.zip().len(), true),
            "{spoken:?}"
        );
        site.assert_discreet();
    }
}

#[test]
fn on_its_own_host_redirects_are_followed_with_its_credentials_and_without_a_list() {
    for spoken in BOTH {
        for patch in [json!({}), STREAMED()] {
            let site = Site::start(spoken, &patch, |builder| {
                builder.edit(|bootstrap| {
                    let mut plugin = bootstrap.plugin();
                    plugin["upstreams"][0].as_object_mut().unwrap().remove("redirects");
                    bootstrap.set_plugin(&plugin);
                })
            });
            let module = Module::new("example.com/m", "v1.0.0").padded(3_000_000);
            for (path, reply) in module.replies() {
                let at = |step: &str| if step.is_empty() { path.clone() } else { format!("{step}{path}") };
                site.upstream
                    .on(&at(""), Reply::status(301).header("location", &format!("/step1{path}")).served());
                let up = "../".repeat(path.matches('/').count());
                site.upstream.on(
                    &at("/step1"),
                    Reply::status(307).header("location", &format!("{up}step2{path}")).served(),
                );
                let to = format!("https://PROXY.golang.org:443/files{path}");
                site.upstream.on(&at("/step2"), Reply::status(308).header("location", &to).served());
                site.upstream.on(&at("/files"), reply.served().ranges());
            }
            Go::new(&site.envoy.url()).mod_download(&[&module.query(), "example.com/m@latest"]).expect_ok();
            for seen in site.upstream.requests() {
                assert_eq!(seen.header("authorization"), Some(CREDENTIAL), "{seen:?}");
            }
            let head = site.head(&module.url("zip"));
            let length = module.zip().len().to_string();
            assert_eq!(
                (head.status, head.header("content-length")),
                (200, Some(length.as_str())),
                "{spoken:?}"
            );
        }
    }
    Row {
        kind: "redirects",
        fault: "301, 307 and 308, relative and absolute, to other addresses on its own host",
        spoken: "HTTP/1.1, HTTP/2",
        client: "`go mod download` succeeds, stored or streamed; HEAD says how long the zip is",
        asked: "each address once for each file, with what is configured for the upstream",
    }
    .seen();
}

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

/// A HEAD is answered 200 and a GET is redirected: known only when a client is on the way.
#[test]
fn an_upstream_that_redirects_whom_it_had_promised_the_zip_costs_the_client_one_more_request() {
    for spoken in BOTH {
        let site = Site::start(spoken, &STREAMED(), |builder| {
            builder.edit(|bootstrap| {
                let mut plugin = bootstrap.plugin();
                plugin["upstreams"][0].as_object_mut().unwrap().remove("redirects");
                bootstrap.set_plugin(&plugin);
            })
        });
        let module = Module::new("example.com/m", "v1.0.0").padded(100_000);
        for (path, reply) in module.replies() {
            site.upstream.on(&path, reply.served());
        }
        let path = module.url("zip");
        site.upstream.on(&format!("HEAD {path}"), Reply::status(200).served());
        site.upstream.on(&format!("GET {path}"), Reply::status(302).header("location", "/files/7").served());
        site.upstream.on("/files/7", Reply::ok(module.zip()).served().ranges());
        let first = site.get(&path);
        assert_eq!((first.status, first.header("location")), (307, Some("v1.0.0.zip")), "{spoken:?}");
        assert_eq!(first.header("cache-control"), Some("no-store"));
        let second = site.envoy.send(&Request::get(&path).compare_body(module.zip()));
        assert_eq!((second.status, second.pattern), (200, true), "{spoken:?}");
        Go::new(&site.envoy.url()).mod_download(&[&module.query()]).expect_ok();
    }
    Row {
        kind: "redirects",
        fault: "200 to HEAD of a streamed zip, and a redirect to GET",
        spoken: "HTTP/1.1, HTTP/2",
        client: "307 to the same file once, which the go command follows; then 200 for everybody",
        asked: "by HEAD and by GET, and from then on by GET where it leads",
    }
    .seen();
}

#[test]
fn a_checksum_database_and_a_policy_bundle_may_redirect() {
    let (sumdb, rules, cdn) = (Sumdb::of(Tree::sample().path()), Faulty::start(), Faulty::start());
    let (upstream, storage) = (Nginx::serving(Tree::sample().path()), Nginx::storage());
    let database = sumdb.addr();
    let front = Faulty::start();
    front.otherwise(|seen| {
        let to = format!("https://cdn.example{}?Signature={SIGNATURE}", seen.target);
        Reply::status(307).header("location", &to).served()
    });
    cdn.otherwise(move |seen| match seen.target.split_once('?') {
        Some(("/bundle", _)) => {
            let rules = json!({"version": 7, "rules": [{"modules": ["evil.example"], "action": "deny"}]});
            guarded(seen, &Reply::ok(rules.to_string()).etag("\"seven\""))
        }
        Some((path, _)) => {
            let answer = modgate_wasm_tests::http::get(database, path);
            guarded(seen, &Reply::status(answer.status).body(answer.body))
        }
        None => Reply::status(400).served(),
    });
    rules.otherwise(|seen| {
        let to = format!("//cdn.example{}?Signature={SIGNATURE}", seen.target);
        Reply::status(302).header("location", &to).served()
    });
    let endpoint = |cluster: &str, path: &str| {
        json!({"cluster": cluster, "url": format!("https://{cluster}.example{path}"),
               "headers": {"authorization": CREDENTIAL}, "redirects": {"*.example": "cdn"}})
    };
    let mut database = endpoint("sum", "");
    database["name"] = json!(Sumdb::NAME);
    database["key"] = json!(sumdb.key());
    let mut bundle = endpoint("rules", "/bundle");
    bundle["interval"] = json!("1s");
    let envoy = Envoy::gateway()
        .cluster(UPSTREAM, upstream.addr())
        .cluster(STORAGE, storage.addr())
        .cluster("sum", front.addr())
        .cluster("rules", rules.addr())
        .cluster("cdn", cdn.addr())
        .patch_plugin(&json!({"sumdb": [database], "policy": {"bundle": bundle}}))
        .start();
    let evil = "/evil.example/m/@v/v1.0.0.mod";
    wait::until("the bundle is in force", Duration::from_secs(10), || envoy.get(evil).status == 403);
    let go = Go::new(&envoy.url()).env("GOSUMDB", sumdb.key());
    go.mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
    let asked: Vec<_> = cdn.requests().into_iter().map(|seen| seen.target).collect();
    for part in ["/lookup/example.com/hello@v1.1.0", "/tile/"] {
        assert!(asked.iter().any(|target| target.starts_with(part)), "{part}: {asked:?}");
    }
    assert!(cdn.requests().iter().all(|seen| seen.header("authorization").is_none()));
    let unchanged = "wasmcustom.modgate.policy_bundle_polls_total.outcome.unchanged";
    wait::until("only its tag is asked for", Duration::from_secs(10), || envoy.stat(unchanged) > 0);
    assert!(cdn.requests().iter().any(|seen| seen.header("if-none-match") == Some("\"seven\"")));
    assert!(!envoy.log().contains(SIGNATURE));
    Row {
        kind: "redirects",
        fault: "a checksum database and the source of a policy bundle redirect to another host",
        spoken: "HTTP/1.1",
        client: "`go mod download` verifies through the gateway; the rules hold",
        asked: "each file once where it leads, without what is configured for the first host",
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

/// S3 sends whoever asks in the wrong region to another address: a mistake in the configuration, and no "not found".
#[test]
fn a_storage_that_redirects_is_said_to_be_configured_wrongly() {
    let (upstream, storage) = (Faulty::start(), Faulty::start());
    let elsewhere = |_: &Seen| {
        Reply::status(301)
            .body("<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>")
            .header("content-type", "application/xml")
            .header("x-amz-bucket-region", "eu-west-1")
            .header("location", "https://b.s3.eu-west-1.amazonaws.com/x")
            .served()
    };
    storage.otherwise(elsewhere);
    let envoy =
        fixture::builder(upstream.addr(), storage.addr()).patch_plugin(&json!({"mode": "offline"})).start();
    for path in ["/example.com/m/@v/v1.0.0.mod", "/example.com/m/@v/v1.0.0.zip"] {
        let answer = envoy.get(path);
        assert_eq!(answer.status, 502, "{path}: {}", answer.text());
        for part in [
            "redirects to https://b.s3.eu-west-1.amazonaws.com",
            "the bucket is in eu-west-1",
            "configured wrongly",
        ] {
            assert!(answer.text().contains(part), "{path}: {}", answer.text());
        }
    }
    Row {
        kind: "redirects",
        fault: "storage redirects, as S3 does in the wrong region",
        spoken: "HTTP/1.1",
        client: "what upstreams have; else 502, which says that the address or region is wrong",
        asked: "storage once",
    }
    .seen();
}
