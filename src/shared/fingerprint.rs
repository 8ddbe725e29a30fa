//! Which sources an answer is from.

use sha2::{Digest, Sha256};

use crate::config::{Config, Endpoint, Fallback, Layout, MissMode, Redirects, Reverify};

/// A number that differs between configurations whose answers must not be mixed: those that fetch from other upstreams,
/// another storage or other checksum databases, verify otherwise, or that send other modules there. What decides only how (timeouts,
/// freshness, sizes) does not count, and leaves the index as it is.
pub(super) fn fingerprint(config: &Config) -> u64 {
    let mut digest = Sha256::new();
    // Every text ends with a byte that none of them contains.
    let mut add = |text: &str| {
        digest.update(text);
        digest.update([0xff]);
    };
    let mut endpoint = |kind: &str, endpoint: &Endpoint| {
        add(kind);
        texts(endpoint).for_each(&mut add);
    };
    config.storage.iter().for_each(|storage| endpoint("storage", &storage.endpoint));
    config.sumdb.iter().for_each(|sumdb| endpoint(&sumdb.name, &sumdb.endpoint));
    for upstream in &config.upstreams {
        endpoint("upstream", &upstream.endpoint);
    }
    if let Some(storage) = &config.storage {
        add(match storage.layout {
            Layout::Athens => "athens",
            Layout::AthensFlat => "athens_flat",
            Layout::Goproxy => "goproxy",
        });
        add(&storage.key_prefix);
        // What was never checked is nothing to a configuration that checks it.
        if storage.reverify == Reverify::Never {
            add("never checked");
        }
    }
    for upstream in &config.upstreams {
        match &upstream.modules {
            None => add("every module"),
            Some(modules) => modules.iter().for_each(|pattern| add(pattern.as_str())),
        }
        add(if upstream.fallback == Fallback::NotFound { "," } else { "|" });
    }
    // What one key proved, or what was served unproven, is nothing to a stricter configuration.
    if !config.sumdb.is_empty() {
        config.sumdb.iter().for_each(|sumdb| add(&sumdb.key.to_string()));
        add(config.verify.mode.as_str());
        for one in &config.verify.overrides {
            one.modules.iter().for_each(|pattern| add(pattern.as_str()));
            add(one.mode.as_str());
        }
    }
    for patterns in [&config.private.modules, &config.private.nosumdb] {
        patterns.iter().for_each(|pattern| add(pattern.as_str()));
        add("");
    }
    digest.finalize().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// A number that differs where one configuration must not wait for what another fetches, though both have the same `sources`:
/// one of them asks somebody whom the other must not send a client to. What came of it is the same for both, and kept for both.
pub(super) fn reach(config: &Config, sources: u64) -> u64 {
    let on_miss = &config.policy.on_miss;
    let upstreams = config.upstreams.iter().map(|upstream| &upstream.endpoint.redirects);
    // Where a zip was found may be where another configuration does not go.
    let redirects = upstreams.chain(config.sumdb.iter().map(|sumdb| &sumdb.endpoint.redirects));
    let follows_none = redirects.clone().all(Redirects::is_empty);
    let fetches_all = !config.offline && on_miss.mode == MissMode::Fetch && on_miss.overrides.is_empty();
    if fetches_all && follows_none {
        return sources;
    }
    let mut digest = Sha256::new();
    digest.update(sources.to_le_bytes());
    digest.update([u8::from(config.offline)]);
    let mut add = |text: &str| {
        digest.update(text);
        digest.update([0xff]);
    };
    add(on_miss.mode.as_str());
    for one in &on_miss.overrides {
        one.modules.iter().for_each(|pattern| add(pattern.as_str()));
        add(one.mode.as_str());
    }
    redirects.for_each(|redirects| {
        redirects.texts().for_each(&mut add);
        add("");
    });
    digest.finalize().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// All texts that say what an endpoint reaches. Headers too: by a tenant's name in one of them something else may be meant.
pub(super) fn texts(endpoint: &Endpoint) -> impl Iterator<Item = &str> {
    let headers = endpoint.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    base(endpoint).into_iter().chain(headers)
}

/// All texts that say where an endpoint is.
pub(super) fn base(endpoint: &Endpoint) -> [&str; 4] {
    [endpoint.cluster.as_str(), &endpoint.authority, endpoint.scheme.as_str(), &endpoint.path_prefix]
}

#[cfg(test)]
mod tests;
