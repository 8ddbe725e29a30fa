//! The section `freshness`.

use serde::Deserialize;

use super::words::RawDuration;
#[cfg(not(target_arch = "wasm32"))]
use crate::config::{compile::duration::text, limits};

/// Declares the section: its own fields, and durations from 0s to their longest.
macro_rules! freshness_section {
    ({ $($own:tt)* } $($(#[$doc:meta])* $field:ident: $default:expr, at most $longest:expr;)*) => {
        /// How long answers that can change are believed.
        #[derive(Debug, Default, Deserialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
        pub(in crate::config) struct RawFreshness {
            $(
                $(#[$doc])*
                #[cfg_attr(
                    not(target_arch = "wasm32"),
                    schemars(extend(
                        "default" = text($default), "x-shortest" = "0s", "x-longest" = text($longest)
                    ))
                )]
                pub(in crate::config) $field: Option<RawDuration>,
            )*
            $($own)*
        }
    };
}

freshness_section! {
    {
        /// Whether a client may have an answer that can change asked for anew, by `Cache-Control: no-cache` or `max-age=0`.
        /// The go command sends neither: a client that does has just pushed a tag. It costs upstreams at most one request a
        /// second for each answer.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = limits::DEFAULT_CLIENT_NO_CACHE)))]
        pub(in crate::config) client_no_cache: Option<bool>,
    }
    /// The list of a module's versions. A new tag takes up to this long to be seen, as on the public mirror; `0s` asks
    /// every time.
    list: limits::DEFAULT_FRESHNESS, at most limits::MAX_FRESHNESS;
    /// A module's `@latest`. As for `list`.
    latest: limits::DEFAULT_FRESHNESS, at most limits::MAX_FRESHNESS;
    /// Which version a branch name or a commit stands for. A branch moves like a list grows, hence the same default.
    query: limits::DEFAULT_FRESHNESS, at most limits::MAX_FRESHNESS;
    /// "Not found". Shorter than the others, because a developer who has just pushed a tag is waiting for it.
    negative: limits::DEFAULT_NEGATIVE, at most limits::MAX_NEGATIVE;
    /// That the storage holds an object, or an upstream a zip that is streamed. Others may delete an object, or put one
    /// there, which Modgate must notice soon.
    presence: limits::DEFAULT_FRESHNESS, at most limits::MAX_FRESHNESS;
    /// The latest tree head of a checksum database. An old one is still true, only short of the newest modules.
    sumdb_latest: limits::DEFAULT_FRESHNESS, at most limits::MAX_FRESHNESS;
    /// For so long beyond its freshness an answer is still served at once, while one worker asks for it anew: no client
    /// waits for an answer in steady use, and it is at most this much older than its freshness says. With `0s` the first
    /// client after the freshness waits.
    stale_while_revalidate: limits::DEFAULT_STALE_WHILE_REVALIDATE, at most limits::MAX_FRESHNESS;
    /// For so long beyond its freshness an answer is served while no source that knows can be asked. The default lets
    /// builds outlive an outage of a day. It does not shorten `stale_while_revalidate`.
    stale_if_error: limits::DEFAULT_STALE_IF_ERROR, at most limits::MAX_STALE_IF_ERROR;
}
