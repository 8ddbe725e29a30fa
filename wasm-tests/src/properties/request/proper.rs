//! What is asked of sources, logged and counted, whatever a client asks: it is well formed, goes where it may go, and carries nothing
//! of the client's.

use modgate::config::Config;
use modgate::http::Callout;
use modgate::sim::World;

/// In every request's `authorization` and `cookie`: it must show up nowhere.
pub(super) const CLIENTS_SECRET: &str = "the-clients-secret";

/// Whether a cluster may see this path: the storage and the upstream of private modules any, all others no private one.
pub(super) fn is_allowed(config: &Config, cluster: &str, path: &str) -> bool {
    let endpoints = config.upstreams.iter().map(|upstream| &upstream.endpoint);
    let endpoints = endpoints.chain(config.sumdb.iter().map(|sumdb| &sumdb.endpoint));
    let endpoints = endpoints.chain(config.storage.iter().map(|storage| &storage.endpoint));
    let Some(endpoint) = endpoints.into_iter().find(|endpoint| endpoint.cluster == cluster) else {
        return false;
    };
    let Some(below) = path.strip_prefix(&format!("{}/", endpoint.path_prefix)) else { return false };
    let module = below.strip_prefix("lookup/").unwrap_or(below);
    let host = module.split(['/', '@']).next().unwrap_or_default();
    let is_private = !config.private.modules.is_empty() && host.ends_with(".corp.example.com");
    !is_private || matches!(cluster, "own" | "storage")
}

/// Panics where something that a world saw is not as it has to be.
pub(super) fn all_is_proper(world: &World, config: &Config) {
    for callout in world.heard() {
        is_proper(callout, config);
    }
    for name in world.counters.keys() {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        assert!(name.bytes().all(is_plain), "{name:?}");
    }
    assert!(
        world.gauges.is_empty(),
        "no bundle is configured, and no other gauge is there: {:?}",
        world.gauges
    );
    assert!(!world.log.iter().any(|line| line.contains(CLIENTS_SECRET)), "{:?}", world.log);
}

fn is_proper(callout: &Callout, config: &Config) {
    let Callout { cluster, method, scheme, authority, path, headers, body, timeout } = callout;
    assert!(matches!(*method, "GET" | "HEAD" | "PUT") && matches!(*scheme, "http" | "https"));
    assert!(!authority.is_empty() && timeout.as_millis() > 0);
    assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()), "{path:?}");
    assert!(path.split('/').all(|element| !matches!(element, "." | "..")), "{path:?}");
    assert!(is_allowed(config, cluster, path), "{path} is not for {cluster}");
    assert!(body.is_empty() || (*method == "PUT" && cluster == "storage"), "{method} to {cluster}");
    for (name, value) in headers {
        assert!(!matches!(name.as_str(), "cookie" | "x-forwarded-for"), "{name}");
        assert!(!value.contains(CLIENTS_SECRET) && !value.chars().any(char::is_control), "{name}");
    }
}
