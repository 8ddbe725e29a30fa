//! The section `fetch`.

use std::time::Duration;

use serde::Deserialize;

use super::words::{RawCount, RawDuration};
use crate::config::{limits, setting::Setting};

/// What is fetched at once, and how long clients wait for it.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawFetch {
    /// Fetches under way at once in one worker. A request beyond that gets 503 with `Retry-After`, while the index serves
    /// what it has. However many clients wait for one answer, it is one fetch.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::CONCURRENT.schema()))]
    pub(in crate::config) concurrent: Option<RawCount>,
    /// Requests of the filter's own to one upstream, or one checksum database, under way at once in the whole Envoy,
    /// whatever its number of workers. Downloads that Envoy streams from there do not count. Keep it below `concurrent`, so
    /// that an upstream that hangs does not take every fetch from the others, and not above the `max_connections` of its
    /// cluster, past which Envoy lets requests over HTTP/1.1 wait. One in eight is left to requests that continue a fetch
    /// (checksums, dates of versions): these are not refused, but wait for their turn. The requests of a worker that died
    /// count for another 3 seconds.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::CONCURRENT_PER_UPSTREAM.schema()))]
    pub(in crate::config) concurrent_per_upstream: Option<RawCount>,
    /// How long a request waits for a fetch, begun for it or for another, before it is answered 504, or 503 if the upstream
    /// is rate-limiting. Retries happen within this time, and pauses count. The fetch goes on and its answer is kept for
    /// the next client. Together with an upstream's `timeout` keep it below the time after which Envoy ends an idle stream
    /// (`stream_idle_timeout`: 5 minutes in `envoy/gateway.yaml` and by default); a route's `timeout` does not count while
    /// a request waits.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::WAIT.schema()))]
    pub(in crate::config) wait: Option<RawDuration>,
    /// How long a request for a zip waits until the version is stored, before the zip is streamed from the upstream, and
    /// how long an upstream has to give the whole zip. Not longer than `wait`; by default `wait`, where that is shorter.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::ZIP_WAIT.schema()))]
    pub(in crate::config) zip_wait: Option<RawDuration>,
    /// The largest zip, in bytes, that is fetched whole into the storage when it is first asked for, so that a crowd of
    /// clients costs one fetch; `0` fetches none. A larger zip is streamed from the upstream to each client, and stored as
    /// it streams: over WebDAV up to `storage.gather_bytes`, and with `0` not at all. This needs a storage that is written to; the maximum is what Envoy lets a
    /// filter fetch at once (32 MiB).
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::ZIP_BYTES.schema()))]
    pub(in crate::config) zip_bytes: Option<RawCount>,
}

impl RawFetch {
    pub(in crate::config) const CONCURRENT: Setting<u32> = Setting {
        name: "concurrent",
        // The go command keeps about as many requests under way as its machine has processors: this is dozens of builds that
        // start with nothing cached, and beyond is a flood, every fetch of which costs memory and a connection.
        default: 512,
        // With none nothing would ever be fetched.
        least: 1,
        // Past the connections an address has ports for, it is no bound any more.
        most: 1 << 16,
        beyond: None,
    };

    pub(in crate::config) const CONCURRENT_PER_UPSTREAM: Setting<u32> = Setting {
        name: "concurrent_per_upstream",
        // Half of the fetches of one worker, so that one that hangs leaves the other half to the rest, and as many as the clusters
        // of `envoy/gateway.yaml` may have connections (`max_connections`).
        default: 256,
        ..Self::CONCURRENT
    };

    pub(in crate::config) const WAIT: Setting<Duration> = Setting {
        name: "wait",
        // An upstream may use up its 120 s after it has failed once or twice, or been left alone for a while. Where a download is then
        // sent there, it has that time once more, and both together end before a stream counts as idle, after 300 s in
        // `envoy/gateway.yaml` as in Envoy itself. The go command waits without a limit of its own.
        default: Duration::from_secs(150),
        // In less no upstream beyond the mesh can be counted on to answer: it would be a refusal of all fetches.
        least: Duration::from_secs(1),
        // For the same reason: an answer has to come before Envoy ends the stream as idle.
        most: limits::MAX_TIMEOUT,
        beyond: Some("no fetch would be waited for, or Envoy would end the waiting request"),
    };

    /// By default it is no longer than `wait` either.
    pub(in crate::config) const ZIP_WAIT: Setting<Duration> = Setting {
        name: "zip_wait",
        // 8 MiB at 5 Mbit/s take 13 s. Meanwhile its client has got nothing, so a zip that takes longer had better be streamed.
        default: Duration::from_secs(15),
        least: Duration::ZERO,
        most: Self::WAIT.most,
        beyond: Some("Envoy would end the waiting request"),
    };

    pub(in crate::config) const ZIP_BYTES: Setting<u32> = Setting {
        name: "zip_bytes",
        // Most modules by far are smaller. A fetched zip is held whole by Envoy and copied into the filter, whose memory never
        // shrinks.
        default: 8 << 20,
        least: 0,
        // A callout with a longer answer fails in Envoy (`http.async_response_buffer_limit`; measured on 1.40).
        most: 32 << 20,
        beyond: None,
    };
}
