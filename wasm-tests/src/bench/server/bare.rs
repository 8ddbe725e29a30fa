//! Envoys without the filter, from the same file: what they answer themselves, what they fetch, what they remember.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::{Context, Id, Part, Server, goproxies, nginx};
use crate::bench::case::{self, Case};
use crate::bench::site::files;
use crate::bootstrap::Bootstrap;
use crate::envoy::Envoy;
use crate::http::Response;

/// A body of its own for everything that the filter answers from its index: the very same.
pub(super) fn direct(context: &Context<'_>) -> Result<Server, String> {
    let cases = case::ALL.iter().filter(|case| case.on.contains(&Id::Direct));
    let routes = cases.map(|case| {
        let gateway = context.started.iter().find(|server| server.gateway().is_some() && case.on.contains(&server.id));
        let gateway = gateway.ok_or_else(|| format!("{}: no gateway answers that", case.name))?;
        let answer = case.ask(gateway)?;
        let body = json!({"inline_string": answer.text()});
        // The condition that a tag is another one is not looked at.
        let conditions: &[_] = if case.tagged { &[json!({"name": "if-none-match", "present_match": true})] } else { &[] };
        Ok(json!({
            "match": {"path": case.path(), "headers": conditions},
            "direct_response": if answer.body.is_empty() { json!({"status": answer.status}) } else { json!({"status": answer.status, "body": body}) },
        }))
    });
    let mut routes = routes.collect::<Result<Vec<Value>, String>>()?;
    // The first that matches is taken.
    routes.sort_by_key(|route| route["match"]["headers"].as_array().is_none_or(Vec::is_empty));
    let envoy = start(&context.site.folder("direct")?, None, |bootstrap| *bootstrap.routes() = routes)?;
    Ok(Server::new(envoy.addr(), Some(envoy.addr()), vec![Part::Envoy(envoy)]))
}

/// Everything from the origin.
pub(super) fn proxy(context: &Context<'_>) -> Result<Server, String> {
    before(context, "proxy", context.site.origin(), None)
}

/// The same, and what may be kept is kept in memory.
pub(super) fn cache(context: &Context<'_>) -> Result<Server, String> {
    let envoy = start(&context.site.folder("cache")?, Some(context.site.origin()), |bootstrap| {
        let filters = bootstrap.http_filters();
        filters.insert(filters.len() - 1, json!({
            "name": "envoy.filters.http.cache",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.cache.v3.CacheConfig",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.http.cache.simple_http_cache.v3.SimpleHttpCacheConfig",
                },
            },
        }));
    })?;
    Ok(Server::new(envoy.addr(), Some(envoy.addr()), vec![Part::Envoy(envoy)]))
}

/// Whether an answer is out of Envoy's cache. It passes conditions on.
pub(super) fn from_cache(answer: &Response, case: &Case) -> bool {
    case.tagged || answer.header("age").is_some()
}

/// A gateway as there is before a server.
pub(super) fn before_caching(context: &Context<'_>) -> Result<Server, String> {
    let peer = nginx::Peer::caching(&context.site.folder("before-caching-cache")?, context.site.origin())?;
    before(context, "before-caching", peer.http1(), Some(Part::Nginx(peer)))
}

pub(super) fn before_goproxy(context: &Context<'_>) -> Result<Server, String> {
    let peer = goproxies::start_goproxy(context, "before-goproxy-cache")?;
    before(context, "before-goproxy", peer.addr(), Some(peer.into()))
}

pub(super) fn before_athens(context: &Context<'_>) -> Result<Server, String> {
    let peer = goproxies::start_athens(context, "before-athens-cache")?;
    before(context, "before-athens", peer.addr(), Some(peer.into()))
}

fn before(context: &Context<'_>, name: &str, server: SocketAddr, part: Option<Part>) -> Result<Server, String> {
    let envoy = start(&context.site.folder(name)?, Some(server), |_| {})?;
    let addr = envoy.addr();
    Ok(Server::new(addr, Some(addr), [Part::Envoy(envoy)].into_iter().chain(part).collect()))
}

/// The gateway people copy without the filter and what is there for its sake, before `origin`.
fn start(dir: &Path, origin: Option<SocketAddr>, edit: impl FnOnce(&mut Bootstrap)) -> Result<Envoy, String> {
    let builder = Envoy::gateway().without_filter();
    let builder = match origin {
        Some(origin) => builder.cluster(ORIGIN, origin),
        None => builder,
    };
    let arrange = |bootstrap: &mut Bootstrap| {
        unlogged(bootstrap);
        *bootstrap.routes() = vec![json!({"match": {"prefix": "/"}, "route": {"cluster": ORIGIN, "timeout": "0s"}})];
        if origin.is_some() {
            // Pieces as large as Envoy makes them unless told otherwise.
            let cluster = bootstrap.cluster(ORIGIN, ORIGIN).as_object_mut();
            cluster.expect("a cluster").remove("per_connection_buffer_limit_bytes");
        }
        edit(bootstrap);
    };
    builder.edit(arrange).dir(dir).try_start()
}

/// Takes the access log out, and what remembers the path for it alone.
pub(super) fn unlogged(bootstrap: &mut Bootstrap) {
    if let Some(hcm) = bootstrap.hcm().as_object_mut() {
        hcm.remove("access_log");
    }
    bootstrap.http_filters().retain(|filter| filter["name"] != "envoy.filters.http.set_filter_state");
}

/// An application's own answer, of the size of a go.mod.
pub(super) fn application() -> Value {
    json!({
        "match": {"path": case::APPLICATION},
        "direct_response": {"status": 200, "body": {"inline_string": files::go_mod()}},
    })
}

const ORIGIN: &str = "origin";
