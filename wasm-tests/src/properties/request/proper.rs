//! What is asked of sources, logged and counted, whatever a client asks: it is well formed, goes where it may go, and carries nothing
//! of the client's.

use modgate::config::{Config, Endpoint};
use modgate::http::Callout;
use modgate::shared::Capabilities;
use modgate::sim::World;

/// In every request's `authorization` and `cookie`: it must show up nowhere.
pub(super) const CLIENTS_SECRET: &str = "the-clients-secret";

/// The endpoint whose cluster has this name.
pub(super) fn named<'a>(config: &'a Config, cluster: &str) -> Option<&'a Endpoint> {
    endpoints(config).find(|endpoint| endpoint.cluster == cluster)
}

/// Whether `to` may see this path: the storage and the upstream of private modules any, all others no private one.
pub(super) fn is_allowed(config: &Config, to: &Endpoint, path: &str) -> bool {
    let Some(below) = path.strip_prefix(&format!("{}/", to.path_prefix)) else { return false };
    let module = below.strip_prefix("lookup/").unwrap_or(below);
    let host = module.split(['/', '@']).next().unwrap_or_default();
    let is_private = !config.private.modules.is_empty() && host.ends_with(".corp.example.com");
    !is_private || matches!(to.cluster.as_str(), "own" | "storage")
}

fn endpoints(config: &Config) -> impl Iterator<Item = &Endpoint> {
    let upstreams = config.upstreams.iter().map(|upstream| &upstream.endpoint);
    let databases = config.sumdb.iter().map(|sumdb| &sumdb.endpoint);
    upstreams.chain(databases).chain(config.storage.iter().map(|storage| &storage.endpoint))
}

/// The endpoint that this asks, which it names as its host wants it.
fn asked<'a>(callout: &Callout, host: Capabilities, config: &'a Config) -> Option<&'a Endpoint> {
    if host.named_clusters {
        return named(config, &callout.cluster);
    }
    assert_eq!(callout.cluster, callout.address());
    endpoints(config).find(|endpoint| endpoint.authority == callout.authority)
}

/// Panics where something that a world saw is not as it has to be.
pub(super) fn all_is_proper(world: &World, host: Capabilities, config: &Config) {
    for callout in world.heard() {
        is_proper(callout, host, config);
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

fn is_proper(callout: &Callout, host: Capabilities, config: &Config) {
    let to = asked(callout, host, config).expect("somebody configured is asked");
    let Callout { cluster: _, method, scheme, authority, path, headers, body, timeout } = callout;
    assert!(matches!(*method, "GET" | "HEAD" | "PUT") && matches!(*scheme, "http" | "https"));
    assert!(!authority.is_empty() && timeout.as_millis() > 0);
    assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()), "{path:?}");
    assert!(path.split('/').all(|element| !matches!(element, "." | "..")), "{path:?}");
    assert!(is_allowed(config, to, path), "{path} is not for {}", to.cluster);
    assert!(body.is_empty() || (*method == "PUT" && to.cluster == "storage"), "{method} to {}", to.cluster);
    for (name, value) in headers {
        assert!(!matches!(name.as_str(), "cookie" | "x-forwarded-for"), "{name}");
        assert!(!value.contains(CLIENTS_SECRET) && !value.chars().any(char::is_control), "{name}");
    }
}
