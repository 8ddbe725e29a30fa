//! Which sources an answer is from.

use sha2::{Digest, Sha256};

use crate::config::{
    Admin, Callers, Config, Delivery, Endpoint, Fallback, Fetch, Freshness, Index, Layout, Match, MissMode,
    MissOverride, OnMiss, Private, Redirects, Reverify, Storage, Sumdb, Upstream, Verify, VerifyOverride,
};
use crate::gomod::Pattern;

/// A number that differs between configurations whose answers must not be mixed: configurations that fetch from other upstreams, another
/// storage or other checksum databases, that verify otherwise, or that send other modules there. Fields that say only how (timeouts,
/// freshness, sizes) do not count, and leave the index valid.
///
/// Every struct is taken apart in full here and below, so that a field which is added has to be decided about.
pub(super) fn fingerprint(config: &Config) -> u64 {
    let Config {
        upstreams,
        storage,
        sumdb,
        verify: Verify { mode, overrides },
        private: Private { modules, nosumdb },
        // Which sources are asked on a miss: `fetch_scope` has it. Documents that no caller may have are indexed all the same, so rules do
        // not count.
        offline: _,
        policy: _,
        advisories: _,
        // Which callers are answered, by which path and header, changes no answer.
        matching:
            Match { hosts: _, path_prefix: _, mirror: _, vanity: _, catalog: _, route_header: _, host_header: _ },
        callers: Callers { principals: _ },
        exposure: _,
        // What is asked for sooner is the same.
        sync: _,
        catalog: _,
        admin: Admin { path_prefix: _, explain: _ },
        // How much is kept, and for how long it is believed.
        index: Index { found: _, large: _, missing: _ },
        freshness:
            Freshness {
                list: _,
                latest: _,
                query: _,
                negative: _,
                presence: _,
                sumdb_latest: _,
                stale_while_revalidate: _,
                stale_if_error: _,
                client_no_cache: _,
            },
        // How much is fetched at once, and how long it may take.
        fetch: Fetch { concurrent: _, concurrent_per_upstream: _, wait: _, zip_wait: _, zip_bytes: _ },
        // They are for the log.
        warnings: _,
    } = config;

    let mut texts = Texts::default();
    storage.iter().for_each(|storage| texts.add_endpoint("storage", &storage.endpoint));
    sumdb.iter().for_each(|sumdb| texts.add_endpoint(&sumdb.name, &sumdb.endpoint));
    upstreams.iter().for_each(|upstream| texts.add_endpoint("upstream", &upstream.endpoint));
    storage.iter().for_each(|storage| texts.add_storage(storage));
    upstreams.iter().for_each(|upstream| texts.add_upstream(upstream));
    // What one key proved, or what was served unproven, is nothing to a stricter configuration.
    if !sumdb.is_empty() {
        // Its name and its endpoint are in already.
        for Sumdb { key, name: _, endpoint: _ } in sumdb {
            texts.add(&key.to_string());
        }
        texts.add(mode.as_str());
        for VerifyOverride { modules, mode } in overrides {
            texts.add_all(modules.iter().map(Pattern::as_str));
            texts.add(mode.as_str());
        }
    }
    for patterns in [modules, nosumdb] {
        texts.add_all(patterns.iter().map(Pattern::as_str));
        texts.add("");
    }
    texts.number()
}

/// A number that differs where one configuration must not wait for what another fetches, though both have the same `sources`: one of them
/// asks a source that the other must not send a client to. The result is the same for both, and kept for both.
pub(super) fn fetch_scope(config: &Config, sources: u64) -> u64 {
    let OnMiss { mode, overrides } = config.policy.on_miss();
    let upstreams = config.upstreams.iter().map(|upstream| &upstream.endpoint.redirects);
    // Where a zip was found may be where another configuration does not go.
    let redirects = upstreams.chain(config.sumdb.iter().map(|sumdb| &sumdb.endpoint.redirects));
    let follows_none = redirects.clone().all(Redirects::is_empty);
    let fetches_all = !config.offline && *mode == MissMode::Fetch && overrides.is_empty();
    if fetches_all && follows_none {
        return sources;
    }
    let mut texts = Texts::default();
    texts.0.update(sources.to_le_bytes());
    texts.0.update([u8::from(config.offline)]);
    texts.add(mode.as_str());
    for MissOverride { modules, mode } in overrides {
        texts.add_all(modules.iter().map(Pattern::as_str));
        texts.add(mode.as_str());
    }
    for redirects in redirects {
        texts.add_all(redirects.texts());
        texts.add("");
    }
    texts.number()
}

/// Makes one number of texts, in their order.
#[derive(Default)]
struct Texts(Sha256);

impl Texts {
    /// Every text ends with a byte that none of them contains.
    fn add(&mut self, text: &str) {
        self.0.update(text);
        self.0.update([0xff]);
    }

    fn add_all<'a>(&mut self, all: impl IntoIterator<Item = &'a str>) {
        all.into_iter().for_each(|text| self.add(text));
    }

    fn add_endpoint(&mut self, kind: &str, endpoint: &Endpoint) {
        self.add(kind);
        self.add_all(texts(endpoint));
    }

    /// What storage has beside its endpoint.
    fn add_storage(&mut self, storage: &Storage) {
        let Storage {
            endpoint: _,
            layout,
            key_prefix,
            reverify,
            // How it is spoken to, and whether this configuration writes to it: the objects are the same.
            dialect: _,
            listing: _,
            write: _,
            part_bytes: _,
            parts_in_flight: _,
            gather_bytes: _,
            // How clients reach them.
            delivery: Delivery { zips: _, overrides: _, address: _ },
        } = storage;
        self.add(match layout {
            Layout::Athens => "athens",
            Layout::AthensFlat => "athens_flat",
            Layout::Goproxy => "goproxy",
        });
        self.add(key_prefix);
        // What was never checked is nothing to a configuration that checks it.
        if *reverify == Reverify::Never {
            self.add("never checked");
        }
    }

    /// What an upstream has beside its endpoint. By its name only people know it.
    fn add_upstream(&mut self, upstream: &Upstream) {
        let Upstream { endpoint: _, modules, fallback, name: _ } = upstream;
        match modules {
            None => self.add("every module"),
            Some(modules) => self.add_all(modules.iter().map(Pattern::as_str)),
        }
        self.add(if *fallback == Fallback::NotFound { "," } else { "|" });
    }

    fn number(self) -> u64 {
        self.0.finalize().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

/// All texts that say what an endpoint reaches. Headers too: by a tenant's name in one of them something else may be meant.
pub(super) fn texts(endpoint: &Endpoint) -> impl Iterator<Item = &str> {
    let Endpoint {
        headers,
        // They are in `base`.
        cluster: _,
        authority: _,
        scheme: _,
        path_prefix: _,
        // How it is asked, and how reasons speak of it.
        timeout: _,
        http2: _,
        egress: _,
        // What it has somewhere else is its own all the same; who goes there differs by `reach`.
        redirects: _,
    } = endpoint;
    let headers = headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    base(endpoint).into_iter().chain(headers)
}

/// All texts that say where an endpoint is.
pub(super) fn base(endpoint: &Endpoint) -> [&str; 4] {
    [endpoint.cluster.as_str(), &endpoint.authority, endpoint.scheme.as_str(), &endpoint.path_prefix]
}

#[cfg(test)]
mod tests;
