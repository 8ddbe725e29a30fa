//! Upstreams that redirect: to their own addresses, and to signed ones at another host, which refuses whoever brings credentials.

use std::time::Duration;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{self, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

mod others;
mod refused;
mod streamed;

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

/// The upstream without a list of hosts that it may redirect to.
fn unlisted(builder: Builder) -> Builder {
    builder.edit(|bootstrap| {
        let mut plugin = bootstrap.plugin();
        plugin["upstreams"][0].as_object_mut().unwrap().remove("redirects");
        bootstrap.set_plugin(&plugin);
    })
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
fn on_its_own_host_redirects_are_followed_with_its_credentials_and_without_a_list() {
    for spoken in BOTH {
        for patch in [json!({}), STREAMED()] {
            let site = Site::start(spoken, &patch, unlisted);
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
