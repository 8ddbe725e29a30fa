//! The section `sync`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::words::Section;
use super::{RawDuration, RawFeed};
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
