//! Envoys with the filter.

use std::path::Path;

use serde_json::{Value, json};

use super::{Context, Part, Server, bare};
use crate::bench::case::MEMBER;
use crate::bench::site::files;
use crate::bootstrap::Bootstrap;
use crate::envoy::Envoy;
use crate::fixture::{self, STORAGE, UPSTREAM};

/// Without an access log, as the Envoys it is compared with.
pub(super) fn bare(context: &Context<'_>) -> Result<Server, String> {
    start(context, "modgate", &json!({}), bare::unlogged).map(served)
}

/// As in the file people copy. Its access log goes to a file, which is emptied before it is large.
pub(super) fn shipped(context: &Context<'_>) -> Result<Server, String> {
    let log = context.site.folder("shipped")?.join("access.log");
    let envoy = start(context, "shipped", &json!({}), |bootstrap| log_to(bootstrap, &log))?;
    Ok(Server { log: Some(log), ..served(envoy) })
}

/// With as many rules as a large organisation has.
pub(super) fn ruled(context: &Context<'_>) -> Result<Server, String> {
    start(context, "ruled", &rules(), bare::unlogged).map(served)
}

/// A gateway that other applications stand behind.
pub(super) fn shared(context: &Context<'_>) -> Result<Server, String> {
    let builder = Envoy::gateway().edit(|bootstrap| beside(bootstrap, Bootstrap::shared())).without_filter();
    let envoy = builder.dir(&context.site.folder("shared")?).try_start()?;
    Ok(Server::new(envoy.addr(), Some(envoy.addr()), vec![Part::Envoy(envoy)]))
}

/// The same, with the filter switched on in one of its virtual hosts.
pub(super) fn pasted(context: &Context<'_>) -> Result<Server, String> {
    let builder = Envoy::gateway()
        .edit(|bootstrap| beside(bootstrap, Bootstrap::pasted()))
        .cluster(UPSTREAM, context.site.upstream())
        .cluster(STORAGE, context.site.storage())
        .patch_plugin(&configuration());
    builder.dir(&context.site.folder("pasted")?).try_start().map(served)
}

/// An application's own answer in the virtual host of all that are no modules.
fn beside(bootstrap: &mut Bootstrap, shared: Bootstrap) {
    *bootstrap = shared;
    let routes = bootstrap.virtual_host("*")["routes"].as_array_mut();
    routes.expect("a list of routes").insert(0, bare::application());
}

fn served(envoy: Envoy) -> Server {
    Server::new(envoy.addr(), Some(envoy.addr()), vec![Part::Gateway(envoy)])
}

fn start(
    context: &Context<'_>,
    name: &str,
    patch: &Value,
    edit: impl FnOnce(&mut Bootstrap),
) -> Result<Envoy, String> {
    fixture::builder(context.site.upstream(), context.site.storage())
        .patch_plugin(&configuration())
        .patch_plugin(patch)
        .edit(|bootstrap| {
            edit(bootstrap);
            bootstrap.routes().insert(1, bare::application());
        })
        .dir(&context.site.folder(name)?)
        .try_start()
}

/// The access log as it is, in a file.
fn log_to(bootstrap: &mut Bootstrap, file: &Path) {
    let log = &mut bootstrap.hcm()["access_log"][0];
    log["name"] = Value::from("envoy.access_loggers.file");
    log["typed_config"]["@type"] =
        Value::from("type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog");
    log["typed_config"]["path"] = Value::from(file.to_str().expect("a path in UTF-8"));
}

/// Nothing grows stale while it is measured. The checksum database is only there to be passed on: it signs nothing.
fn configuration() -> Value {
    let key = "sum.example.com+6815042f+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq";
    json!({
        "sumdb": [{"name": "sum.example.com", "key": key, "cluster": "sumdb", "url": "https://sum.example.com"}],
        "verify": {"mode": "off"},
        // Whatever is larger is streamed and read along; those on their way at once come to their end within a second.
        "fetch": {"zip_bytes": 262_144},
        // And for each client anew: none is stored meanwhile.
        "storage": {"gather_bytes": 0},
        "private": {"nosumdb": ["private.example.com"]},
        "freshness": {"list": "1day", "latest": "1day", "presence": "1day", "negative": "1h"},
    })
}

/// Most are for other modules; the last three for those that are measured.
fn rules() -> Value {
    let other = |n: usize| match n % 4 {
        0 => json!({"modules": [format!("github.com/owner{n}")], "action": "deny"}),
        1 => json!({"exact": [format!("github.com/owner{}/module{n}", n % 700)], "action": "deny"}),
        2 => json!({"modules": [format!("git.team{n}.example.com/*/internal")], "action": "deny"}),
        _ => json!({"modules": [format!("bench.example.com/other{n}")], "versions": ["<v1.4.0"], "action": "deny"}),
    };
    let module = |file: &'static str| file[1..].split("/@v/").next().expect("a module");
    let own = [
        json!({"exact": [module(files::OF_TEAM)], "principals": ["user:ada"], "action": "allow"}),
        json!({"exact": [module(files::GO_MOD)], "versions": ["<v1.0.0"], "action": "deny", "reason": "It is old."}),
        json!({"exact": [module(files::OF_TEAM)], "action": "deny"}),
    ];
    let rules: Vec<Value> = (own.len()..RULES).map(other).chain(own).collect();
    json!({
        "callers": {"principals": [{"header": MEMBER.0, "prefix": "user:", "trusted": true}]},
        "policy": {"rules": rules},
    })
}

const RULES: usize = 10_000;
