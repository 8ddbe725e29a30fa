//! Which upstreams may be asked for a module, and in which order.

use crate::{
    config::{Config, Upstream},
    gomod::ModulePath,
};

/// The upstreams for `module` by their place in the configuration, in order. A private module goes only to upstreams that
/// name it: to a catch-all one even its name would be a leak.
pub fn chain(config: &Config, module: &ModulePath) -> impl Iterator<Item = usize> {
    let private = config.private.modules.matches(module);
    let claims = move |upstream: &Upstream| match &upstream.modules {
        None => !private,
        Some(modules) if private => {
            modules.iter().any(|pattern| !pattern.is_catch_all() && pattern.matches(module))
        }
        Some(modules) => modules.matches(module),
    };
    config.upstreams.iter().enumerate().filter(move |(_, upstream)| claims(upstream)).map(|(at, _)| at)
}

/// Whether `module` is private and no upstream names it, so that none is asked for it. What a public one has under this name may be
/// another's.
pub fn is_unclaimed(config: &Config, module: &ModulePath) -> bool {
    config.private.modules.matches(module) && chain(config, module).next().is_none()
}

/// What is said of such a module beside what becomes of the request.
pub const UNCLAIMED: &str = "is in a private namespace (private.modules), and no upstream's modules name it; \
                             public upstreams are not asked for it";
