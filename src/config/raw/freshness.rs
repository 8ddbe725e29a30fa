//! The section `freshness`.

use std::time::Duration;

use serde::Deserialize;

use super::words::RawDuration;
use crate::config::setting::Setting;

/// How long answers that can change are believed.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawFreshness {
    /// The list of a module's versions. A new tag takes up to this long to be seen, as on the public mirror; `0s` asks
    /// every time.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::LIST.schema()))]
    pub(in crate::config) list: Option<RawDuration>,
    /// A module's `@latest`. As for `list`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::LATEST.schema()))]
    pub(in crate::config) latest: Option<RawDuration>,
    /// Which version a branch name or a commit stands for. A branch moves like a list grows, hence the same default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::QUERY.schema()))]
    pub(in crate::config) query: Option<RawDuration>,
    /// "Not found". Shorter than the others, because a developer who has just pushed a tag is waiting for it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::NEGATIVE.schema()))]
    pub(in crate::config) negative: Option<RawDuration>,
    /// That the storage holds an object, or an upstream a zip that is streamed. Others may delete an object, or put one
    /// there, which Modgate must notice soon.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::PRESENCE.schema()))]
    pub(in crate::config) presence: Option<RawDuration>,
    /// The latest tree head of a checksum database. An old one is still true, only short of the newest modules.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::SUMDB_LATEST.schema()))]
    pub(in crate::config) sumdb_latest: Option<RawDuration>,
    /// For so long beyond its freshness an answer is still served at once, while one worker asks for it anew: no client
    /// waits for an answer in steady use, and it is at most this much older than its freshness says. With `0s` the first
    /// client after the freshness waits.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::STALE_WHILE_REVALIDATE.schema()))]
    pub(in crate::config) stale_while_revalidate: Option<RawDuration>,
    /// For so long beyond its freshness an answer is served while no source that knows can be asked. The default lets
    /// builds outlive an outage of a day. It does not shorten `stale_while_revalidate`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::STALE_IF_ERROR.schema()))]
    pub(in crate::config) stale_if_error: Option<RawDuration>,
    /// Whether a client may have an answer that can change asked for anew, by `Cache-Control: no-cache` or `max-age=0`.
    /// The go command sends neither: a client that does has just pushed a tag. It costs upstreams at most one request a
    /// second for each answer.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::CLIENT_NO_CACHE)))]
    pub(in crate::config) client_no_cache: Option<bool>,
}

impl RawFreshness {
    pub(in crate::config) const LIST: Setting<Duration> = Setting {
        name: "list",
        // A new version takes about a minute to show on the public mirror as well, and however many builds ask within that minute,
        // they cost one question.
        default: Duration::from_secs(60),
        least: Duration::ZERO,
        // A day: beyond, a new version would stay unseen for longer than any build pipeline, and there is nothing to gain, since a
        // stale answer is served anyway while every source is down.
        most: Duration::from_secs(24 * 60 * 60),
        beyond: Some("new versions would stay unseen"),
    };

    pub(in crate::config) const LATEST: Setting<Duration> = Setting { name: "latest", ..Self::LIST };

    pub(in crate::config) const QUERY: Setting<Duration> = Setting { name: "query", ..Self::LIST };

    pub(in crate::config) const NEGATIVE: Setting<Duration> = Setting {
        name: "negative",
        // Shorter: a developer who has just pushed a tag waits for it.
        default: Duration::from_secs(30),
        least: Duration::ZERO,
        // An hour: a "not found" hides a version that exists by now, and nothing but time lifts it.
        most: Duration::from_secs(60 * 60),
        beyond: Some("what exists by now would stay hidden"),
    };

    pub(in crate::config) const PRESENCE: Setting<Duration> =
        Setting { name: "presence", beyond: Some("deletions would stay unseen"), ..Self::LIST };

    pub(in crate::config) const SUMDB_LATEST: Setting<Duration> =
        Setting { name: "sumdb_latest", ..Self::LIST };

    pub(in crate::config) const STALE_WHILE_REVALIDATE: Setting<Duration> = Setting {
        name: "stale_while_revalidate",
        // As long again as it was fresh. What is asked for every other minute is then never waited for, and never older than two
        // minutes.
        default: Duration::from_secs(60),
        ..Self::LIST
    };

    pub(in crate::config) const STALE_IF_ERROR: Setting<Duration> = Setting {
        name: "stale_if_error",
        // An upstream that fails in the evening is repaired in the morning, and no build has failed for it.
        default: Duration::from_secs(24 * 60 * 60),
        least: Duration::ZERO,
        // 30 days: a list that has not been confirmed for longer is no cached answer any more but a site that is cut off, which is
        // what a storage without upstreams is for.
        most: Duration::from_secs(30 * 24 * 60 * 60),
        beyond: Some("to be cut off for good, have a storage and no upstreams"),
    };

    /// The go command never sends `no-cache`: it is a person who has just pushed a tag, or a CI job made for that. As it takes
    /// effect once a second per answer at most, letting everybody do it costs little.
    pub(in crate::config) const CLIENT_NO_CACHE: bool = true;
}
