//! The section `sync`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::RawFeed;
use super::words::{RawCount, RawDuration, Section};
use crate::config::setting::Setting;
use crate::hook::Kind;

/// What has the gateway look for new versions before what it knows of a module has aged. It looks by itself all the same, as `freshness` says.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawSync {
    /// The webhooks that are taken, at `/-/hooks/<name>`. None by default.
    pub(in crate::config) hooks: Option<Vec<Section<RawHook>>>,
    /// The feeds of indexes that tell which versions became known. None by default.
    pub(in crate::config) feeds: Option<Vec<Section<RawFeed>>>,
    /// Shares hooks and feeds with the other gateways that have the same `storage` and this section. Without it each gateway reads feeds for
    /// itself, and a hook reaches only the gateway that it is sent to.
    #[serde(default)]
    pub(in crate::config) fleet: Section<RawFleet>,
    /// Patterns, as in `private.modules`, of modules whose list and `@latest` are asked for as soon as a feed tells of a new version. Of
    /// others they are asked for only where a client has asked before. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// What is likely to be asked for in an hour, by what was in use in that hour of the weeks before, is asked for before the hour begins.
    /// Off by default; an empty object has the defaults. Needs `storage` that is written to, which remembers the weeks.
    #[serde(default)]
    pub(in crate::config) forecast: Section<RawForecast>,
    /// Versions that are fetched, verified and stored before a client asks for them. Nothing is by default; an empty object has the
    /// defaults, and needs a `storage` that is written to.
    #[serde(default)]
    pub(in crate::config) prewarm: Section<RawPrewarm>,
}

/// What is asked for before an hour begins. An empty object has the defaults.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawForecast {
    /// Over how long the questions are spread.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::WINDOW.schema()))]
    pub(in crate::config) window: Option<RawDuration>,
    /// How many windows before the hour the first question is asked. An hour before is the earliest.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::AHEAD.schema()))]
    pub(in crate::config) ahead: Option<RawCount>,
    /// How many documents are remembered of an hour, and asked for before it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::DOCUMENTS.schema()))]
    pub(in crate::config) documents: Option<RawCount>,
}

impl RawForecast {
    pub(in crate::config) const WINDOW: Setting<Duration> = Setting {
        name: "window",
        // 256 documents in five minutes are less than one question a second.
        default: Duration::from_secs(5 * 60),
        least: Duration::from_secs(10),
        // Half of what is foreseen.
        most: Duration::from_secs(30 * 60),
        beyond: None,
    };

    pub(in crate::config) const AHEAD: Setting<u32> = Setting {
        name: "ahead",
        default: 1,
        // With none it would be too late.
        least: 1,
        // An hour of the usual windows.
        most: 12,
        beyond: None,
    };

    pub(in crate::config) const DOCUMENTS: Setting<u32> = Setting {
        name: "documents",
        // The documents that change of a hundred modules, and as many files.
        default: 256,
        least: 1,
        // Each costs a question an hour.
        most: 1000,
        beyond: None,
    };
}

/// Versions that are fetched, verified and stored before a client asks for them: those of a build that is posted to `/-/prewarm`, and new ones
/// as they come.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawPrewarm {
    /// The callers who may post a build to `/-/prewarm` and `/-/missing`, and see what became of it, named as in `principals` of a rule. By default no one may.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) principals: Option<Vec<Option<String>>>,
    /// Patterns, as in `private.modules`, of modules of which each new version is fetched as soon as a list that is asked for anew has it. Of
    /// others only what a webhook or a feed tells of is, where clients have asked for the module lately. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// Files that are begun in a second, in the whole Envoy. Each costs an upstream one request, and the checksum database one for a version.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::RATE.schema()))]
    pub(in crate::config) rate: Option<RawCount>,
}

impl RawPrewarm {
    pub(in crate::config) const RATE: Setting<u32> = Setting {
        name: "rate",
        // A build of three hundred modules has some 1,200 files: it is there in a minute, and an upstream hardly notices.
        default: 20,
        // With none nothing would ever be fetched.
        least: 1,
        // More than the files that one worker has under way could come to where each takes a few milliseconds.
        most: 1000,
        beyond: None,
    };
}

/// What gateways that share a storage tell each other there. An empty object has the defaults.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawFleet {
    /// How often storage is asked what the others have heard. A hook at one gateway reaches the others within this time, two seconds, and the time that
    /// storage takes to answer.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::EVERY.schema()))]
    pub(in crate::config) every: Option<RawDuration>,
}

impl RawFleet {
    pub(in crate::config) const EVERY: Setting<Duration> = Setting {
        name: "every",
        // Of three gateways each asks storage less than once a second, and a build that follows a push starts no sooner.
        default: Duration::from_secs(5),
        // As often as the filter's clock is sure to tick in between.
        least: Duration::from_secs(1),
        // A gateway that hears nothing of a feed reads it itself, half a minute later at the earliest: it has to hear of it in between.
        most: Duration::from_secs(10),
        beyond: Some("more often is a flood, and more seldom a feed is taken to be read by no gateway"),
    };
}

/// A webhook by which a host of repositories says that refs have changed. The modules of that repository are then asked for anew.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawHook {
    /// Its name, which ends its address, and which metrics and logs call it by: 1 to 32 of `a-z`, `0-9`, `_` and `-`, no two alike.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) name: Option<String>,
    /// Who sends it, which says how a delivery is proven and read.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) kind: Option<Kind>,
    /// What only the sender knows: one text of 16 to 512 visible ASCII characters, or up to four while it is replaced. What begins with `whsec_` is a
    /// key in base64. They are in the plugin's configuration, which Envoy's admin page `/config_dump` shows.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) secrets: Option<Vec<Option<String>>>,
    /// The request header in which a `generic` hook has its signature, by default `x-modgate-signature`, or in which an `azure_devops` or
    /// `gerrit` hook has its secret; by default that is the password of basic authentication, or the parameter `token` of the URL.
    pub(in crate::config) header: Option<String>,
    /// Which modules a repository has, where their paths do not begin with its host and path: `{"git.example.com/acme/*": "go.acme.example/*"}`.
    /// An asterisk at the end stands for what is left, and is only taken behind a slash. None by default: modules are known by the
    /// repository's address, and by what the `.info` files of their versions say of their origin. A `gerrit` hook names no host and needs this.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<std::collections::BTreeMap<String, String>>"),
        schemars(extend("default" = Map::new()))
    )]
    pub(in crate::config) repositories: Option<Map<String, Value>>,
}
