//! Upstreams that are plain folders, modules that are gone, and clients that want nothing but dates: the real go command at the
//! gateway, and the same command straight at the upstream where there is something to compare.

use std::net::SocketAddr;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::S3;
use serde_json::{Value, json};

mod dates;
mod gone;
mod plain;

/// A store of each kind, in each layout.
enum Store {
    Files(Nginx),
    Objects(S3),
}

impl Store {
    fn all() -> Vec<(Self, &'static str)> {
        let layouts = ["goproxy", "athens", "athens_flat"];
        let files = layouts.map(|layout| (Self::Files(Nginx::storage()), layout));
        let objects = layouts.map(|layout| (Self::Objects(S3::start()), layout));
        files.into_iter().chain(objects).collect()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Files(_) => "WebDAV",
            Self::Objects(_) => "S3",
        }
    }

    fn keys(&self) -> Vec<String> {
        match self {
            Self::Files(nginx) => nginx.files().into_keys().collect(),
            Self::Objects(store) => store.keys(),
        }
    }

    /// How often it was asked what it has.
    fn listings(&self) -> usize {
        match self {
            Self::Files(nginx) => {
                nginx.requests().iter().filter(|(_, target, _)| target.ends_with('/')).count()
            }
            Self::Objects(store) => store.hits("GET", "list-type=2"),
        }
    }

    /// A gateway before it that remembers nothing, in front of an upstream that speaks HTTP/2 or HTTP/1.1.
    fn gateway(&self, layout: &str, upstream: (SocketAddr, bool), patch: &Value) -> Envoy {
        let (addr, speaks_http2) = upstream;
        let point = if speaks_http2 { Builder::cluster_http2 } else { Builder::cluster };
        let builder = point(Envoy::gateway(), UPSTREAM, addr);
        let (builder, storage) = match self {
            Self::Files(nginx) => (builder.cluster(STORAGE, nginx.addr()), json!({"layout": layout})),
            Self::Objects(store) => {
                let url = format!("http://s3.test/{}", S3::BUCKET);
                let storage = json!({"layout": layout, "dialect": "s3", "url": url});
                (builder.cluster_s3(STORAGE, store.addr()), storage)
            }
        };
        let plugin = json!({"sumdb": [], "storage": storage});
        builder.patch_plugin(&plugin).patch_plugin(&explained()).patch_plugin(patch).concurrency(2).start()
    }
}

/// With this the gateway explains itself to [`explain`].
fn explained() -> Value {
    json!({
        "callers": {"principals": [{"header": "x-user", "trusted": true, "prefix": "user:"}]},
        "admin": {"explain": ["user:ops"]},
    })
}

/// What it says of a module, or a version of one.
fn explain(envoy: &Envoy, query: &str) -> Value {
    let page = envoy.send(&Request::get(&format!("/-/explain?{query}")).header("x-user", "ops"));
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()
}
