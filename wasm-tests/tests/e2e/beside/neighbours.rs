//! The filters that gateways have, all of them in one chain, and what they ask.

use std::fs;
use std::path::PathBuf;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::bootstrap::shared::{APPLICATIONS, MODULES_HOST};
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::ext_proc::ExtProc;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::callers::token::Provider;

/// Where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before Modgate, as docs/gateway.md says.
    Before,
    /// Between Modgate and the router. Nothing is required of callers there: a download has no credentials any more.
    Behind,
}

/// All but the gateway.
pub(super) struct Site {
    pub(super) provider: Provider,
    /// Whom ext_authz and Lua ask.
    pub(super) authz: Faulty,
    pub(super) ext_proc: ExtProc,
    pub(super) application: Faulty,
    pub(super) upstream: Faulty,
    pub(super) storage: Faulty,
    /// One that is fetched before it is sent, and one that is streamed, which no buffer holds.
    pub(super) modules: [Module; 2],
    dir: TempDir,
}

impl Site {
    pub(super) fn start() -> Self {
        let (authz, application) = (Faulty::start(), Faulty::start());
        authz.otherwise(|seen| {
            Reply::status(if seen.header("x-denied").is_some() { 403 } else { 200 }).served()
        });
        application.otherwise(|seen| {
            let headers: Vec<_> = ["x-sub", "x-lua", "x-second"].map(|name| seen.header(name)).into();
            Reply::ok(format!("{} {}, long enough to be compressed: {headers:?}\n", seen.method, seen.target))
                .header("content-type", "text/plain")
        });
        let dir = tempfile::tempdir().unwrap();
        let second = wat::parse_str(include_str!("second.wat"));
        fs::write(dir.path().join("second.wasm"), second.unwrap()).unwrap();
        let (upstream, storage) = (Faulty::start(), Faulty::store());
        let modules = [
            Module::new("small.example/m", "v1.0.0").file("a.go", "package m\n"),
            Module::new("large.example/m", "v1.0.0").file("a.go", "package m\n").padded(20 << 20),
        ];
        let provider = Provider::new(7);
        let ext_proc = ExtProc::start();
        let site = Self { provider, authz, ext_proc, application, upstream, storage, modules, dir };
        site.modules.iter().for_each(|module| site.serve(module));
        site
    }

    /// Has it at the upstream, and room for it in storage.
    pub(super) fn serve(&self, module: &Module) {
        self.upstream.serve(module);
        ["info", "mod", "zip"].iter().for_each(|kind| self.storage.keep(&module.url(kind)));
    }

    /// The gateway of filter.yaml with these filters beside it.
    pub(super) fn gateway(&self, place: Place, filters: Vec<Value>) -> Builder {
        let mut bootstrap = Bootstrap::pasted();
        bootstrap.virtual_host(MODULES_HOST)["typed_per_filter_config"]["envoy.filters.http.cors"] = cors();
        let others = bootstrap.http_filters();
        let modgate = others.iter().position(|filter| filter["name"] == "modgate").unwrap();
        let at = if place == Place::Before { modgate } else { modgate + 1 };
        others.splice(at..at, filters);
        self.beside(bootstrap)
            .cluster(UPSTREAM, self.upstream.addr())
            .cluster(STORAGE, self.storage.addr())
            .patch_plugin(&json!({"sumdb": []}))
    }

    /// The same gateway without Modgate.
    pub(super) fn without_modgate(&self, filters: Vec<Value>) -> Builder {
        let mut bootstrap = Bootstrap::shared();
        bootstrap.http_filters().splice(0..0, filters);
        self.beside(bootstrap).without_filter()
    }

    fn beside(&self, mut bootstrap: Bootstrap) -> Builder {
        bootstrap.virtual_host("*")["typed_per_filter_config"]["envoy.filters.http.cors"] = cors();
        let clusters = bootstrap.value_mut()["static_resources"]["clusters"].as_array_mut().unwrap();
        clusters.extend([cluster("authz"), cluster_http2("ext_proc"), cluster_http2("nobody")]);
        Envoy::gateway()
            .edit(|slot| *slot = bootstrap)
            .cluster("authz", self.authz.addr())
            .cluster("ext_proc", self.ext_proc.addr())
            .cluster(APPLICATIONS, self.application.addr())
    }

    /// Each of them, at work.
    pub(super) fn filters(&self, place: Place) -> Vec<Value> {
        vec![
            filter("cors", "cors.v3.Cors", json!({})),
            self.jwt(place),
            ext_authz(),
            local_ratelimit(),
            ext_proc("NONE"),
            lua(),
            compressor(),
            self.second(),
        ]
    }

    fn jwt(&self, place: Place) -> Value {
        let sso = json!({"provider_name": "sso"});
        let requires = match place {
            Place::Before => sso,
            Place::Behind => json!({"requires_any": {"requirements": [sso, {"allow_missing": {}}]}}),
        };
        let provider = json!({
            "issuer": "https://sso.example.com",
            "audiences": ["modgate"],
            "local_jwks": {"inline_string": self.provider.jwks()},
            "claim_to_headers": [{"header_name": "x-sub", "claim_name": "sub"}],
            "clear_route_cache": true,
        });
        filter(
            "jwt_authn",
            "jwt_authn.v3.JwtAuthentication",
            json!({
                "providers": {"sso": provider},
                "rules": [{"match": {"prefix": "/"}, "requires": requires}],
            }),
        )
    }

    /// Another Wasm filter, whose `vm_id` is empty as most are.
    fn second(&self) -> Value {
        let file: PathBuf = self.dir.path().join("second.wasm");
        json!({"name": "second", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "second",
                "failure_policy": "FAIL_RELOAD",
                "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": file}}},
            },
        }})
    }

    /// A request that all of them let pass.
    pub(super) fn allowed(&self, host: &str, target: &str) -> Request {
        Request::get(target)
            .header("host", host)
            .header("origin", ORIGIN)
            .header("authorization", &self.provider.bearer(&json!({"sub": "alice"})))
    }
}

const ORIGIN: &str = "https://www.corp.example.com";

fn cors() -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": [{"exact": ORIGIN}],
    })
}

fn cluster(name: &str) -> Value {
    json!({"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": []}})
}

fn cluster_http2(name: &str) -> Value {
    let mut cluster = cluster(name);
    cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"] = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    });
    cluster
}

/// A filter of Envoy's own, by its usual name.
pub(super) fn filter(name: &str, kind: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{kind}").into();
    json!({"name": format!("envoy.filters.http.{name}"), "typed_config": config})
}

/// It reads the whole body of a request.
fn ext_authz() -> Value {
    filter(
        "ext_authz",
        "ext_authz.v3.ExtAuthz",
        json!({
            "clear_route_cache": true,
            "http_service": {"server_uri": {"uri": "http://authz", "cluster": "authz", "timeout": "10s"}},
            "allowed_headers": {"patterns": [{"exact": "x-denied"}]},
            "with_request_body": {"max_request_bytes": 65536, "allow_partial_message": true},
        }),
    )
}

fn local_ratelimit() -> Value {
    filter(
        "local_ratelimit",
        "local_ratelimit.v3.LocalRateLimit",
        json!({
            "stat_prefix": "rate",
            "token_bucket": {"max_tokens": 10000, "tokens_per_fill": 10000, "fill_interval": "600s"},
            "filter_enabled": {"default_value": {"numerator": 100}},
            "filter_enforced": {"default_value": {"numerator": 100}},
            "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        }),
    )
}

/// One that is handed the bodies of responses in this way.
pub(super) fn ext_proc(body: &str) -> Value {
    filter(
        "ext_proc",
        "ext_proc.v3.ExternalProcessor",
        json!({
            "grpc_service": {"envoy_grpc": {"cluster_name": "ext_proc"}, "timeout": "10s"},
            "message_timeout": "10s",
            "processing_mode": {"request_body_mode": "BUFFERED", "response_body_mode": body},
        }),
    )
}

/// It holds each request while it calls, and has its route chosen anew.
fn lua() -> Value {
    let code = r#"
        function envoy_on_request(handle)
          handle:httpCall("authz", {[":method"] = "GET", [":path"] = "/lua", [":authority"] = "lua"}, "", 10000)
          handle:headers():replace("x-lua", "request")
          handle:clearRouteCache()
        end
        function envoy_on_response(handle)
          handle:headers():replace("x-lua", "response")
        end"#;
    filter("lua", "lua.v3.Lua", json!({"default_source_code": {"inline_string": code}}))
}

/// It compresses zips, too, which the default does not.
fn compressor() -> Value {
    filter(
        "compressor",
        "compressor.v3.Compressor",
        json!({
            "response_direction_config": {"common_config": {
                "content_type_matcher": [{"prefix": "application/"}, {"prefix": "text/"}],
            }},
            "compressor_library": {"name": "gzip", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip",
            }},
        }),
    )
}
