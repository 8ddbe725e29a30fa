//! The configuration as written: one struct per section, every field optional, nothing judged yet.
//!
//! The doc comments here are the reference: `docs/configuration.md` and `envoy/config.schema.json` are generated from them, with the
//! defaults and bounds that each section declares below its fields. They speak to the operator, and so do those of the variants of a
//! choice, which is read as what it is compiled to.

mod advisories;
mod callers;
mod catalog;
mod endpoint;
mod exposure;
mod fetch;
mod freshness;
mod policy;
mod storage;
mod sync;
mod vanity;
mod verify;
mod words;

use serde::Deserialize;

pub(super) use self::advisories::RawAdvisories;
pub(super) use self::callers::{RawCallerSource, RawCallers};
pub(super) use self::catalog::RawCatalog;
pub(super) use self::endpoint::{
    RawAdvisorySource, RawBundle, RawEndpoint, RawFeed, RawStorage, RawSumdb, RawUpstream,
};
pub(super) use self::exposure::RawExposure;
pub(super) use self::fetch::RawFetch;
pub(super) use self::freshness::RawFreshness;
pub(super) use self::policy::{
    ENFORCE, LICENSES, RawAction, RawAdvised, RawBundleDocument, RawDefault, RawExcept, RawLicensed,
    RawLikeness, RawLooksLike, RawMalicious, RawOnMiss, RawPolicy, RawReach, RawRule, RawSeverity,
    RawToolchain, RawWaiver,
};
pub(super) use self::storage::{RawDelivery, RawDeliveryOverride, RawPresign, RawSecureLink};
pub(super) use self::sync::{RawFleet, RawForecast, RawHook, RawPrewarm, RawSync};
pub(super) use self::vanity::RawVanity;
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
    /// Where advisories come from, and what holds while none can be had.
    #[serde(default)]
    pub(super) advisories: Section<RawAdvisories>,
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
    /// The size of the index in Envoy's shared memory. It never takes more than `bytes`, and 5 MB for its leases, whatever clients
    /// ask for.
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
    /// Which versions were served lately and to whom, so that operators learn it when an advisory about one of them comes
    /// (`/-/exposed`). It is kept in Envoy's shared memory, and where the storage is written to also there. Without it nothing is remembered.
    #[serde(default)]
    pub(super) exposure: Section<RawExposure>,
    /// Import paths of one's own domains, of which the go command is told where their repositories are (`?go-get=1`), so that they need
    /// no server of their own. All other requests to these hosts pass through untouched. None by default.
    pub(super) vanity: Option<Vec<Section<RawVanity>>>,
    /// What has the gateway look for new versions before what it knows has aged (webhooks, feeds), and fetch them before a client asks. Nothing by default.
    #[serde(default)]
    pub(super) sync: Section<RawSync>,
    /// What is in the storage, listed: `/catalog`, `/mod/v1/mod` and `/index`, below `match.path_prefix`. Without it there are no such
    /// pages, and nothing is written down for them.
    #[serde(default)]
    pub(super) catalog: Section<RawCatalog>,
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
    /// The most memory that answers take, in bytes, what Envoy needs to find them included. The default holds 100,000 usual documents;
    /// a usual one is an `.info` or a go.mod of a few hundred bytes, and one in fifty has more than 4 KB. When the index is full,
    /// what was used least is evicted, and read from the storage again. A fourth is for documents from 4 to 32 KiB; each worker keeps
    /// larger ones for itself, 32 MiB of them. One part in 32 is for "not found" answers, so that a flood of unknown names evicts no
    /// other answer.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::BYTES.schema()))]
    pub(super) bytes: Option<RawCount>,
}

impl RawIndex {
    pub(super) const BYTES: Setting<u32> = Setting {
        name: "bytes",
        // 128 MiB: the documents of two hundred repositories, 30,000 to 50,000, twice over.
        default: 128 << 20,
        // A few pages: the least that holds documents and "not found" apart.
        least: 32 << 10,
        // 2 GiB: the index lives in Envoy's memory and never shrinks. Past this size it is a slip of the pen or a database.
        most: 2 << 30,
        beyond: None,
    };

    /// Fields that it had once, and what is to be written in their place.
    pub(super) const REPLACED: [(&str, &str); 3] = [
        ("max_entry_bytes", Self::WRITE_BYTES),
        ("negative_slots", Self::WRITE_BYTES),
        ("slots", Self::WRITE_BYTES),
    ];

    const WRITE_BYTES: &str = "the index is sized by its memory: write \"bytes\", or nothing for the default of 134217728 (128 MiB)";
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
    /// named as in `principals` of a rule. `/-/exposed` and `/-/evidence` are for them too. The pages show rules, sources, what is indexed and what was served. No caller may by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(super) explain: Option<Vec<Option<String>>>,
}

impl RawAdmin {
    /// No module path starts with a dash (`module.CheckPath`), so nothing is shadowed.
    pub(super) const PATH_PREFIX: &str = "/-/";
}
