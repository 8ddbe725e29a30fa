//! The configuration as written: one struct per section, every field optional, nothing judged yet.
//!
//! The doc comments here are the reference: `docs/configuration.md` and `envoy/config.schema.json` are generated from them, with the
//! defaults and bounds that each section declares below its fields. They speak to the operator, and so do those of the variants of a
//! choice, which is read as what it is compiled to.

mod callers;
mod endpoint;
mod fetch;
mod freshness;
mod policy;
mod storage;
mod verify;
mod words;

use serde::Deserialize;

pub(super) use self::callers::{RawCallerSource, RawCallers};
pub(super) use self::endpoint::{RawBundle, RawEndpoint, RawStorage, RawSumdb, RawUpstream};
pub(super) use self::fetch::RawFetch;
pub(super) use self::freshness::RawFreshness;
pub(super) use self::policy::{
    RawAction, RawBundleDocument, RawDefault, RawOnMiss, RawPolicy, RawReach, RawRule,
};
pub(super) use self::storage::{RawDelivery, RawDeliveryOverride, RawPresign, RawSecureLink};
pub(super) use self::verify::RawVerify;
pub(super) use self::words::{BETWEEN_NAMES, OBJECT_WITH, RawCount, RawDuration, Section};

use super::setting::Setting;

/// Modgate's configuration is one JSON object. It needs `upstreams`, `storage` or both; everything else has a default.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(super) struct RawConfig {
    /// Which requests are for Modgate. Everything else passes through untouched.
    #[serde(default, rename = "match")]
    pub(super) matching: Section<RawMatch>,
    /// The proxies to fetch from, in the order they are asked. An upstream is asked for the modules that its `modules`
    /// match, as long as `fallback` says so. Without any, only what the storage holds is served (an air-gapped site).
    pub(super) upstreams: Option<Vec<Section<RawUpstream>>>,
    /// How far requests go. `offline` is for a site that is cut off, or is to be: upstreams and checksum databases may stay
    /// configured, and are not asked. What `verify` requires is then proven by what Modgate has stored of the checksum
    /// database while it was online; what that does not prove is not served.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = RawReach::default())))]
    pub(super) mode: Option<RawReach>,
    /// Which caller may have which module version. Without it every caller may have everything.
    #[serde(default)]
    pub(super) policy: Section<RawPolicy>,
    /// Where modules are kept. Without it nothing is stored and every first request of an Envoy goes upstream.
    #[serde(default)]
    pub(super) storage: Section<RawStorage>,
    /// Which modules are private. None by default.
    #[serde(default)]
    pub(super) private: Section<RawPrivate>,
    /// The checksum databases that clients reach through Modgate, to verify what they get. Modgate verifies what it fetches
    /// against the first one (see `verify`). Without any, clients are told to ask a checksum database themselves.
    pub(super) sumdb: Option<Vec<Section<RawSumdb>>>,
    /// What Modgate itself verifies against the first checksum database before it serves or stores it: the go.mod and the
    /// zip of every version, except of modules that no database may hear of (`private`). Without a database nothing is
    /// verified.
    #[serde(default)]
    pub(super) verify: Section<RawVerify>,
    /// The size of the index in Envoy's shared memory. It never takes more than `slots` x (`max_entry_bytes` + 160) +
    /// `negative_slots` x (1024 + 160) bytes and 5 MB for its leases, whatever clients ask for;
    /// all that may not exceed 4 GiB.
    #[serde(default)]
    pub(super) index: Section<RawIndex>,
    /// How long an answer that can change is fresh, and what a client gets after that. The files of a version never change
    /// and stay fresh for ever. An upstream's own `Cache-Control` shortens the times below and never lengthens them.
    #[serde(default)]
    pub(super) freshness: Section<RawFreshness>,
    /// What is fetched at once, and how long clients wait for it. The counts hold for each of Envoy's workers by itself.
    #[serde(default)]
    pub(super) fetch: Section<RawFetch>,
    /// Who asks, for rules that name callers. The gateway's own authentication, which stands before Modgate, says it:
    /// basic_auth, jwt_authn, ext_authz or a client certificate. Without it every caller is anonymous.
    #[serde(default)]
    pub(super) callers: Section<RawCallers>,
    /// Modgate's own pages: liveness, readiness, version.
    #[serde(default)]
    pub(super) admin: Section<RawAdmin>,
}

/// Which requests are for Modgate.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(super) struct RawMatch {
    /// Hosts it answers for: `goproxy.example.com`, or `*.example.com` for every host below a domain. Compared without
    /// the port and without regard to case. Every host by default, because the listener or virtual host usually has
    /// decided that already.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(super) hosts: Option<Vec<Option<String>>>,
    /// The path below which the module proxy lies: with `/goproxy`, clients use `GOPROXY=https://host/goproxy`. The root
    /// by default, as a proxy usually has a host of its own.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "")))]
    pub(super) path_prefix: Option<String>,
    /// The request header in which Modgate names the cluster a request is routed to; Envoy's route reads it by
    /// `cluster_header`. Modgate removes it from a client's request. Change the default where the name is taken, and in one
    /// of two Modgates in one filter chain: each needs a header, a `host_header` and a download route of its own.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::ROUTE_HEADER)))]
    pub(super) route_header: Option<String>,
    /// The request header in which Modgate names the host that a request it routes is addressed to; Envoy's route reads it by
    /// `host_rewrite_header`. `:authority` stays the client's, for by it Envoy chooses the virtual host.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::HOST_HEADER)))]
    pub(super) host_header: Option<String>,
}

impl RawMatch {
    /// Envoy's route reads it as `cluster_header`.
    pub(super) const ROUTE_HEADER: &str = "x-modgate-cluster";

    /// Envoy's route reads it as `host_rewrite_header`.
    pub(super) const HOST_HEADER: &str = "x-modgate-host";
}

/// Modules that are private.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(super) struct RawPrivate {
    /// Private modules, as globs (GOPRIVATE): only upstreams whose `modules` name them are asked, and no checksum
    /// database hears of them. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(super) modules: Option<Vec<Option<String>>>,
    /// More modules no checksum database hears of (GONOSUMDB), neither from Modgate nor through it. They add to
    /// `modules`: a private module is never looked up.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(super) nosumdb: Option<Vec<Option<String>>>,
}

/// The size of the index.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(super) struct RawIndex {
    /// Answers kept at once. The default holds the small documents of about a thousand module versions. When it is full,
    /// old answers are evicted, and fetched from the storage again.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::SLOTS.schema()))]
    pub(super) slots: Option<RawCount>,
    /// "Not found" answers kept at once, apart from the others, so that a flood of unknown names evicts no other answer.
    /// The default need not hold such a flood, only take the repetition out of it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::NEGATIVE_SLOTS.schema()))]
    pub(super) negative_slots: Option<RawCount>,
    /// The largest answer kept, its key included. Each worker keeps larger ones for itself, 32 MiB of them. With the
    /// default even a large go.mod and a list of 2,000 versions fit; the larger an entry, the longer all workers wait while
    /// one of them reads it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::MAX_ENTRY_BYTES.schema()))]
    pub(super) max_entry_bytes: Option<RawCount>,
}

impl RawIndex {
    pub(super) const SLOTS: Setting<u32> = Setting {
        name: "slots",
        // The small documents of about a thousand module versions in use.
        default: 4096,
        // No index without a slot.
        least: 1,
        // About 130 MB for the keys alone (130 bytes each, measured on Envoy 1.40), and nothing is ever given back.
        most: 1 << 20,
        beyond: None,
    };

    pub(super) const NEGATIVE_SLOTS: Setting<u32> = Setting {
        name: "negative_slots",
        // They only take the repetition out of a flood, they need not hold all of it.
        default: 1024,
        ..Self::SLOTS
    };

    pub(super) const MAX_ENTRY_BYTES: Setting<u32> = Setting {
        name: "max_entry_bytes",
        // Even a large go.mod fits, and so does the list of a module with 2,000 tags, some 20 KB (github.com/aws/aws-sdk-go). Reading
        // 10 KiB from Envoy's shared data takes 1 to 3 us, 100 KiB takes 9 us, under the one lock all workers share (measured on
        // Envoy 1.40).
        default: 32 * 1024,
        // A record carries its own key: a longest usual module path and version, with the `.info` document, fit.
        least: 512,
        // 1 MiB: copying that in or out takes 60 to 170 us, during which no other worker reads the index.
        most: 1 << 20,
        beyond: None,
    };
}

/// Modgate's own pages.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(super) struct RawAdmin {
    /// The path they lie below (`/-/healthz`), itself below `match.path_prefix`. No module path begins with a dash, so
    /// the default hides none; another one may not look like a module path either.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Self::PATH_PREFIX)))]
    pub(super) path_prefix: Option<String>,
    /// The callers who may ask `/-/explain` what is decided of a module version and why, and `/-/status` how the gateway is doing,
    /// named as in `principals` of a rule. The pages show rules, sources and what is indexed. No caller may by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(super) explain: Option<Vec<Option<String>>>,
}

impl RawAdmin {
    /// No module path starts with a dash (`module.CheckPath`), so nothing is shadowed.
    pub(super) const PATH_PREFIX: &str = "/-/";
}
