//! The section `fetch`.

use serde::Deserialize;

use super::words::{RawCount, RawDuration};
#[cfg(not(target_arch = "wasm32"))]
use crate::config::{compile::duration::text, limits};

/// What is fetched at once, and how long clients wait for it.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawFetch {
    /// Fetches under way at once in one worker. A request beyond that gets 503 with `Retry-After`, while the index serves
    /// what it has. However many clients wait for one answer, it is one fetch.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(extend(
            "default" = limits::DEFAULT_CONCURRENT,
            "minimum" = limits::MIN_CONCURRENT,
            "maximum" = limits::MAX_CONCURRENT
        ))
    )]
    pub(in crate::config) concurrent: Option<RawCount>,
    /// Requests of the filter's own to one upstream, or one checksum database, under way at once in the whole Envoy,
    /// whatever its number of workers. Downloads that Envoy streams from there do not count. Keep it below `concurrent`, so
    /// that an upstream that hangs does not take every fetch from the others, and not above the `max_connections` of its
    /// cluster, past which Envoy lets requests over HTTP/1.1 wait. One in eight is left to requests that continue a fetch
    /// (checksums, dates of versions): these are not refused, but wait for their turn. The requests of a worker that died
    /// count for another 3 seconds.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(extend(
            "default" = limits::DEFAULT_CONCURRENT_PER_UPSTREAM,
            "minimum" = limits::MIN_CONCURRENT,
            "maximum" = limits::MAX_CONCURRENT
        ))
    )]
    pub(in crate::config) concurrent_per_upstream: Option<RawCount>,
    /// How long a request waits for a fetch, begun for it or for another, before it is answered 504, or 503 if the upstream
    /// is rate-limiting. Retries happen within this time, and pauses count. The fetch goes on and its answer is kept for
    /// the next client. Together with an upstream's `timeout` keep it below the time after which Envoy ends an idle stream
    /// (`stream_idle_timeout`: 5 minutes in `envoy/gateway.yaml` and by default); a route's `timeout` does not count while
    /// a request waits.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(extend(
            "default" = text(limits::DEFAULT_WAIT),
            "x-shortest" = text(limits::MIN_WAIT),
            "x-longest" = text(limits::MAX_WAIT)
        ))
    )]
    pub(in crate::config) wait: Option<RawDuration>,
    /// How long a request for a zip waits until the version is stored, before the zip is streamed from the upstream, and
    /// how long an upstream has to give the whole zip. Not longer than `wait`; by default `wait`, where that is shorter.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(extend(
            "default" = text(limits::DEFAULT_ZIP_WAIT),
            "x-shortest" = "0s",
            "x-longest" = text(limits::MAX_WAIT)
        ))
    )]
    pub(in crate::config) zip_wait: Option<RawDuration>,
    /// The largest zip, in bytes, that is fetched whole into the storage when it is first asked for, so that a crowd of
    /// clients costs one fetch; `0` fetches none. A larger zip is streamed from the upstream to each client, and stored as
    /// it streams if the storage speaks S3. This needs a storage that is written to; the maximum is what Envoy lets a
    /// filter fetch at once (32 MiB).
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(extend(
            "default" = limits::DEFAULT_ZIP_BYTES,
            "minimum" = 0,
            "maximum" = limits::MAX_ZIP_BYTES
        ))
    )]
    pub(in crate::config) zip_bytes: Option<RawCount>,
}
