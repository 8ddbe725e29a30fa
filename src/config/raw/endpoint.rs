//! The sections that are reached through an Envoy cluster: an upstream, a checksum database, the storage.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::storage::RawDelivery;
use super::words::{RawCount, RawDuration, Section};
use crate::config::{
    AdvisoryFormat, Dialect, Fallback, Layout, Listing, Reverify, Scheme, limits, setting::Setting,
};

/// The fields by which an upstream, a checksum database and the storage are reached: the same for all of them.
#[derive(Debug)]
pub(in crate::config) struct RawEndpoint<'a> {
    pub(in crate::config) cluster: Option<&'a str>,
    pub(in crate::config) url: Option<&'a str>,
    pub(in crate::config) authority: Option<&'a str>,
    pub(in crate::config) scheme: Option<Scheme>,
    pub(in crate::config) path_prefix: Option<&'a str>,
    pub(in crate::config) headers: Option<&'a Map<String, Value>>,
    pub(in crate::config) timeout: Option<&'a RawDuration>,
    pub(in crate::config) timeout_setting: Setting<Duration>,
    /// To which other hosts its redirects are followed, and the Envoy cluster that reaches each:
    /// `{"storage.googleapis.com": "storage_googleapis_com"}`. A host is a name, `*.example.com` for every host below a
    /// domain, or one of them with a port. None by default: a redirect to another host is then a bad answer, and the
    /// reason names the host. Up to ten redirects are followed. On its own host they are always followed, by its own
    /// cluster unless the scheme changes and the host is listed here. Another host is asked by GET and gets none of
    /// `headers`.
    pub(in crate::config) redirects: Option<&'a Map<String, Value>>,
}

const UPSTREAM_TIMEOUT: Setting<Duration> = Setting {
    name: "timeout",
    // A public proxy that has to fetch a module from its origin first takes seconds, and up to a minute before it gives up itself
    // and says why (reported: 58 s); others that stand before a repository of gigabytes begin to answer after a hundred. The go
    // command itself waits without a limit.
    default: Duration::from_secs(120),
    least: limits::MIN_TIMEOUT,
    most: limits::MAX_TIMEOUT,
    beyond: Some("Envoy would end the waiting request, or take it for no limit"),
};

const STORAGE_TIMEOUT: Setting<Duration> = Setting {
    // It is near and only reads what it has; when it does not answer, an upstream can, and the client should not wait for minutes to
    // get there.
    default: Duration::from_secs(5),
    ..UPSTREAM_TIMEOUT
};

const FEED_TIMEOUT: Setting<Duration> = Setting {
    // Three megabytes over a slow line, for which no client waits.
    default: Duration::from_secs(30),
    ..UPSTREAM_TIMEOUT
};

/// Adds the fields of an endpoint to a section. (`#[serde(flatten)]` would hide where an error is.)
macro_rules! endpoint_section {
    ($(#[$meta:meta])* $name:ident, timeout $timeout:expr, follows redirects, { $($own:tt)* }) => {
        endpoint_section! { $(#[$meta])* $name, timeout $timeout, follows (redirects), {
            $($own)*
            /// To which other hosts its redirects are followed, and the Envoy cluster that reaches each:
            /// `{"storage.googleapis.com": "storage_googleapis_com"}`. A host is a name, `*.example.com` for every host below a
            /// domain, or one of them with a port. None by default: a redirect to another host is then a bad answer, and the
            /// reason names the host. Up to ten redirects are followed. On its own host they are always followed, by its own
            /// cluster unless the scheme changes and the host is listed here. Another host is asked by GET and gets none of
            /// `headers`.
            #[cfg_attr(
                not(target_arch = "wasm32"),
                schemars(with = "Option<std::collections::BTreeMap<String, String>>"),
                schemars(extend("default" = Map::new()))
            )]
            pub(in crate::config) redirects: Option<Map<String, Value>>,
        } }
    };
    ($(#[$meta:meta])* $name:ident, timeout $timeout:expr, follows ($($redirects:ident)?), { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, Deserialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
        pub(in crate::config) struct $name {
            $($own)*
            /// The Envoy cluster that reaches it, e.g. `proxy_golang_org`, or `outbound|443||proxy.golang.org` under
            /// Istio. TLS, load balancing and circuit breaking are that cluster's.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
            pub(in crate::config) cluster: Option<String>,
            /// `scheme`, `authority` and `path_prefix` in one: `https://proxy.golang.org/some/prefix`. Give either this
            /// or those.
            pub(in crate::config) url: Option<String>,
            /// The host, and port where it is not the usual one, that requests are addressed to. Required where there is no
            /// `url`: the name of a cluster does not say it.
            pub(in crate::config) authority: Option<String>,
            /// What the request says it came by; whether TLS is spoken is the cluster's decision. Servers beyond the mesh
            /// speak https, and a plain HTTP/1 server never sees the difference, hence the default.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Scheme::default())))]
            pub(in crate::config) scheme: Option<Scheme>,
            /// The path below which it serves, e.g. `/api/v4/projects/7/packages/go`. The root by default.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "")))]
            pub(in crate::config) path_prefix: Option<String>,
            /// Headers sent with every request to it, e.g. an `authorization`. None by default: credentials are better
            /// injected by Envoy (`credential_injector`, `aws_request_signing`), whose secrets rotate. A client's own
            /// `authorization` and `cookie` are never passed on.
            /// A download carries one only where the gateway's download route adds it (`request_headers_to_add` in
            /// `envoy/filter.yaml` has lines for the usual ones), so that no other route of the gateway can.
            #[cfg_attr(
                not(target_arch = "wasm32"),
                schemars(with = "Option<std::collections::BTreeMap<String, String>>"),
                schemars(extend("default" = Map::new()))
            )]
            pub(in crate::config) headers: Option<Map<String, Value>>,
            /// How long one request of Modgate's own may take. The storage is near and an upstream can stand in for it, so
            /// the storage gets less time than a proxy that may have to fetch the module from its origin first.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = $timeout.schema()))]
            pub(in crate::config) timeout: Option<RawDuration>,
        }

        impl $name {
            pub(in crate::config) fn endpoint(&self) -> RawEndpoint<'_> {
                RawEndpoint {
                    cluster: self.cluster.as_deref(),
                    url: self.url.as_deref(),
                    authority: self.authority.as_deref(),
                    scheme: self.scheme,
                    path_prefix: self.path_prefix.as_deref(),
                    headers: self.headers.as_ref(),
                    timeout: self.timeout.as_ref(),
                    timeout_setting: $timeout,
                    redirects: None$(.or(self.$redirects.as_ref()))?,
                }
            }
        }
    };
}

endpoint_section! {
    /// A Go module proxy to fetch from.
    RawUpstream, timeout UPSTREAM_TIMEOUT, follows redirects, {
        /// Its name in metrics and logs: 1 to 32 of `a-z`, `0-9`, `_` and `-`, no two alike. By default its authority, with
        /// `_` for every other character: `proxy.golang.org` is `proxy_golang_org`, wherever it stands in the list.
        pub(in crate::config) name: Option<String>,
        /// The modules it is asked for, as GOPRIVATE-style globs (`*.corp.example.com`, `github.com/acme`). By default
        /// every module that is not private; a private one is only asked for where a list names it.
        pub(in crate::config) modules: Option<Vec<Option<String>>>,
        /// When the next upstream is asked for a file that this one did not deliver. The default is Go's own (a comma in
        /// GOPROXY) and the safer one: an outage does not send a module's name to the next proxy.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Fallback::default())))]
        pub(in crate::config) fallback: Option<Fallback>,
        /// Whether its cluster speaks HTTP/2. Over HTTP/1 an answer with neither `Content-Length` nor chunks ends where the
        /// connection does, so that a truncated answer looks whole: Modgate takes no list from such an answer, and no
        /// go.mod that no checksum database proves. HTTP/2 shows the end of every answer, but Envoy does not say which of
        /// the two it spoke. The clusters of the shipped configurations speak HTTP/1.1, hence the default.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = false)))]
        pub(in crate::config) http2: Option<bool>,
        /// The proxy that its cluster goes through to reach it, e.g. `http-proxy.internal:3128`, so that reasons can name
        /// it: if no connection is made, Envoy does not tell the filter whether that proxy or the server refused. To name
        /// it sends nothing through it; `examples/egress-proxy` does. None by default.
        pub(in crate::config) egress: Option<String>,
    }
}

endpoint_section! {
    /// A checksum database.
    RawSumdb, timeout UPSTREAM_TIMEOUT, follows redirects, {
        /// Its name as in GOSUMDB, e.g. `sum.golang.org`: a host, with a path where it has one.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
        pub(in crate::config) name: Option<String>,
        /// Its verifier key as GOSUMDB takes it: `<name>+<8 hex digits>+<base64>`, with the same name. The key of
        /// `sum.golang.org` is built in; for every other database it is required.
        pub(in crate::config) key: Option<String>,
        /// As with an upstream: the proxy that its cluster goes through.
        pub(in crate::config) egress: Option<String>,
    }
}

endpoint_section! {
    /// Where modules are kept.
    RawStorage, timeout STORAGE_TIMEOUT, follows (), {
        /// How objects are read and written. For S3 the bucket is in the `url`: as its path
        /// (`https://s3.example.com/bucket`) or as its host, whichever the store wants; requests are signed by Envoy
        /// (`aws_request_signing` in the cluster, with `use_unsigned_payload`). The key needs `s3:GetObject`,
        /// `s3:PutObject`, `s3:AbortMultipartUpload`, and `s3:ListBucket`, without which S3 does not tell a missing object
        /// from a forbidden one, nor which versions are stored. The bucket needs a lifecycle rule that aborts incomplete
        /// multipart uploads after a day.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Dialect::default())))]
        pub(in crate::config) dialect: Option<Dialect>,
        /// How a store that speaks WebDAV lists a folder. If no upstream may be asked, or all of them say that there is no
        /// such module, its list is of the versions that are stored, and the store's listing says which these are. A store
        /// that speaks S3 is listed as S3 is; its key needs `s3:ListBucket`. In a WebDAV store with the layout
        /// `athens_flat` a list takes a request for each version.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Listing::default())))]
        pub(in crate::config) listing: Option<Listing>,
        /// What objects are called. With the default, any static web server over the store is a GOPROXY. The others are for
        /// a store that Athens has filled, and leave it readable by Athens: they hold versions alone, no lists and no
        /// `@latest`. Beside them every layout has `sumdb/`, `aside/` for the `.info` of a version that a client has
        /// looked at and not downloaded, and `clock/` for how old a log is (`policy.clock`).
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Layout::default())))]
        pub(in crate::config) layout: Option<Layout>,
        /// The names of all objects begin with this and a slash, e.g. `go/modules`, in a store that holds other things too.
        /// None by default.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "")))]
        pub(in crate::config) key_prefix: Option<String>,
        /// Whether Modgate stores what it fetches. By default it does, as that is what a storage is for; `false` is for a
        /// store that others fill.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::WRITE)))]
        pub(in crate::config) write: Option<bool>,
        /// When a stored object is verified once more before it is served. By default once by each Envoy: what others have
        /// written was never verified, and disks and people make mistakes.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Reverify::default())))]
        pub(in crate::config) reverify: Option<Reverify>,
        /// The size of the parts that a zip is uploaded in, in bytes; a smaller zip is one request. S3 takes none below
        /// 5 MiB. A zip on its way takes up to `part_bytes` x (`parts_in_flight` + 2) of the filter's memory.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::PART_BYTES.schema()))]
        pub(in crate::config) part_bytes: Option<RawCount>,
        /// Parts of one zip that are uploaded at once. If the store is slower than the client, the copy is given up and
        /// made later; the client never waits for it.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::PARTS_IN_FLIGHT.schema()))]
        pub(in crate::config) parts_in_flight: Option<RawCount>,
        /// The largest zip, in bytes, that is stored over WebDAV, which takes no parts: one worker of the Envoy gathers it in
        /// its memory while it streams, one zip at a time, and writes it by one request once it is verified. That worker keeps
        /// the memory, and Envoy takes as much again while it writes. Toolchains have 70 to 100 MB. With `0`, zips of more than
        /// `fetch.zip_bytes` are not stored over WebDAV.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::GATHER_BYTES.schema()))]
        pub(in crate::config) gather_bytes: Option<RawCount>,
        /// Whether its cluster speaks HTTP/2, as with an upstream. From a storage, Modgate passes on no zip either that may
        /// be truncated.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = false)))]
        pub(in crate::config) http2: Option<bool>,
        /// How stored zips get to clients. Through Envoy by default.
        #[serde(default)]
        pub(in crate::config) delivery: Section<RawDelivery>,
    }
}

endpoint_section! {
    /// Where a policy bundle comes from.
    RawBundle, timeout STORAGE_TIMEOUT, follows redirects, {
        /// How often one worker asks for the bundle, for all workers, with the entity tag of the bundle in force.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::INTERVAL.schema()))]
        pub(in crate::config) interval: Option<RawDuration>,
        /// Whether the gateway serves no module before it has read a bundle. By default it serves none: rules that are not
        /// there yet refuse nothing.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::REQUIRED)))]
        pub(in crate::config) required: Option<bool>,
    }
}

endpoint_section! {
    /// A source of advisories. One worker reads it for all: what is polled, decoded and reduced is read a few milliseconds at a time. The
    /// advisories that were read last stay in force while it fails or sends what is wrong.
    RawAdvisorySource, timeout FEED_TIMEOUT, follows redirects, {
        /// Its name in metrics, logs and pages: 1 to 32 of `a-z`, `0-9`, `_` and `-`, no two alike.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
        pub(in crate::config) name: Option<String>,
        /// What it has: OSV records, in one of two ways.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
        pub(in crate::config) format: Option<AdvisoryFormat>,
        /// How often one worker asks for news, for all workers.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::INTERVAL.schema()))]
        pub(in crate::config) interval: Option<RawDuration>,
        /// Whether what it tells of is malicious, and refused as that. By default only records whose ids begin with `MAL-` are
        /// about malice, and all others about weaknesses.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::MALICIOUS)))]
        pub(in crate::config) malicious: Option<bool>,
    }
}

endpoint_section! {
    /// The feed of an index: that of Go's own (`https://index.golang.org/index`), of an Athens, of another Modgate. One worker reads it for
    /// all.
    RawFeed, timeout FEED_TIMEOUT, follows redirects, {
        /// Its name in metrics, logs and pages: 1 to 32 of `a-z`, `0-9`, `_` and `-`, no two alike.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
        pub(in crate::config) name: Option<String>,
        /// How often one worker asks for news, for all workers.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::INTERVAL.schema()))]
        pub(in crate::config) interval: Option<RawDuration>,
    }
}

impl RawFeed {
    pub(in crate::config) const INTERVAL: Setting<Duration> = Setting {
        name: "interval",
        // As fresh as lists are by default; in a minute the public index has some tens of lines.
        default: Duration::from_secs(60),
        // As often as the filter's clock is sure to tick in between.
        least: Duration::from_secs(1),
        // Beyond that lists are as well asked for when they are wanted.
        most: Duration::from_secs(60 * 60),
        beyond: Some("more often is a flood, and more seldom no news"),
    };
}

impl RawAdvisorySource {
    pub(in crate::config) const INTERVAL: Setting<Duration> = Setting {
        name: "interval",
        // Go's database changes about once a day, and a poll without news is 35 bytes.
        default: Duration::from_secs(10 * 60),
        // As often as the filter's clock is sure to tick in between.
        least: Duration::from_secs(1),
        // A day: Go's database changes as often.
        most: Duration::from_secs(24 * 60 * 60),
        beyond: Some("more often is a flood, and more seldom no news"),
    };

    /// Databases of weaknesses are the usual ones.
    pub(in crate::config) const MALICIOUS: bool = false;
}

impl RawStorage {
    pub(in crate::config) const PART_BYTES: Setting<u32> = Setting {
        name: "part_bytes",
        // Over a storage whose every request takes 50 ms, two parts at once are 320 MB/s: more than an upstream gives.
        default: 8 << 20,
        // S3 takes no smaller part but the last (Amazon S3, multipart upload limits).
        least: 5 << 20,
        // A part is held in the filter's memory, which never shrinks, and eight such parts are half of what a VM may have.
        most: 64 << 20,
        beyond: None,
    };

    pub(in crate::config) const PARTS_IN_FLIGHT: Setting<u32> = Setting {
        name: "parts_in_flight",
        // While one is on its way, the next is.
        default: 2,
        // With none nothing would be uploaded.
        least: 1,
        // Each is held in memory.
        most: 16,
        beyond: None,
    };

    pub(in crate::config) const GATHER_BYTES: Setting<u32> = Setting {
        name: "gather_bytes",
        // The zips of toolchains have 70 to 100 MB, and hardly any module has more.
        default: 128 << 20,
        least: 0,
        // All that the uploads of one worker may hold: a fourth of what a VM may have in Envoy.
        most: limits::MAX_UPLOAD_BYTES,
        beyond: None,
    };

    /// Storing is what a storage is for.
    pub(in crate::config) const WRITE: bool = true;
}

impl RawBundle {
    pub(in crate::config) const INTERVAL: Setting<Duration> = Setting {
        name: "interval",
        // An operator who changes a rule waits for it, and an answer "not modified" costs nothing.
        default: Duration::from_secs(30),
        // As often as the filter's clock is sure to tick in between.
        least: Duration::from_secs(1),
        // A day: a rule that comes later is no rule.
        most: Duration::from_secs(24 * 60 * 60),
        beyond: Some("more often is a flood, and more seldom no rule"),
    };

    /// Rules that are not there yet refuse nothing.
    pub(in crate::config) const REQUIRED: bool = true;
}
