//! The configuration: JSON text in, a compiled [`Config`] out, or every problem it has with its place.
//!
//! It is read in stages, and no stage stops at the first problem: the text becomes a tree (keys given twice and nulls
//! are noticed here), the tree becomes raw sections (`raw`: types, unknown fields), and these are compiled (`compile`:
//! globs, durations, paths, what excludes what). A filter that starts has a configuration that is right; one that does
//! not start says all that is wrong with it. Rules, of which there may be thousands, become raw sections without a tree where nothing is
//! wrong.
//!
//! What each field means is written once, at its raw struct, and generated from there into `docs/configuration.md`.

mod advisories;
mod bundle;
mod callers;
mod catalog;
mod cluster;
mod compile;
mod endpoint;
mod exposure;
mod host;
mod index;
mod json_tree;
pub mod limits;
mod policy;
mod problems;
mod raw;
mod redirects;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod reference;
mod setting;
mod storage;
mod sync;
#[cfg(test)]
mod tests;
mod typed;
mod vanity;
mod verify;

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::gomod::Patterns;
use crate::policy::Principal;
use crate::sumdb::Key;

pub use self::advisories::{AdvisoriesSection, AdvisoryFormat, AdvisorySource, WhenStale};
pub use self::bundle::{Bundle, BundleReading};
pub use self::callers::{CallerSource, Callers, Origin, XfccKey};
pub use self::catalog::Catalog;
pub use self::cluster::{cluster_remedy, describe_failure};
pub use self::endpoint::{Endpoint, Scheme};
pub use self::exposure::Exposure;
pub use self::host::{HostPattern, authority};
pub use self::index::{Index, Pages};
use self::json_tree::JsonTree;
pub use self::policy::{BundleSource, Clock, MissMode, MissOverride, OnMiss, PolicySection, RetractedMode};
use self::problems::Collector;
pub use self::problems::{Problem, Problems};
use self::raw::RawConfig;
pub use self::redirects::Redirects;
pub use self::storage::{
    Access, Address, Delivery, Dialect, Layout, Listing, Reverify, S3Key, Secret, Storage, Zips,
};
pub use self::sync::{Feed, Fleet, Forecast, Hook, Mapping, Prewarm, Sync};
pub use self::vanity::{Vanity, VersionControl};
pub use self::verify::{Mode, Verify, VerifyOverride};

/// The least that works, as messages and the reference show it.
const MINIMAL: &str = include_str!("config/examples/minimal.json");

/// A configuration that was checked and compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which requests are ours.
    pub matching: Match,
    /// The proxies to fetch from, in the order they are asked. Where empty, there is a storage.
    pub upstreams: Vec<Upstream>,
    /// What must not be told to others.
    pub private: Private,
    /// The checksum databases, no name twice.
    pub sumdb: Vec<Sumdb>,
    /// What is held against a checksum database.
    pub verify: Verify,
    /// Where modules are kept.
    pub storage: Option<Storage>,
    /// Whether storage alone is asked.
    pub offline: bool,
    /// Who may have which module version.
    pub policy: PolicySection,
    /// What is known of versions, and where from.
    pub advisories: AdvisoriesSection,
    /// The size of the index in shared data.
    pub index: Index,
    /// How long answers that can change are believed.
    pub freshness: Freshness,
    /// What is fetched at once, and how long clients wait for it.
    pub fetch: Fetch,
    /// Who says who asks.
    pub callers: Callers,
    /// What is remembered of what was served, if anything is.
    pub exposure: Option<Exposure>,
    /// What has the gateway look again for new versions.
    pub sync: Sync,
    /// What is told of all that storage has, if anything is.
    pub catalog: Option<Catalog>,
    /// Our own pages.
    pub admin: Admin,
    /// What is odd and no problem: for the log.
    pub warnings: Vec<String>,
}

/// Which requests are ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The hosts answered for; empty means every host.
    pub hosts: Vec<HostPattern>,
    /// Empty, or `/goproxy` without a slash at the end.
    pub path_prefix: String,
    /// Where the mirror of the database of advisories lies, below that: `/vulndb`, without a slash at the end. None, if none is served.
    pub mirror: Option<String>,
    /// The import paths whose repositories are told, on whatever host; what is to be taken first stands first.
    pub vanity: Vec<Vanity>,
    /// Whether what storage has is listed below it: `/catalog`, `/index`, `/mod/v1/mod`.
    pub catalog: bool,
    /// The request header that names the cluster of a route, in lower case.
    pub route_header: String,
    /// The request header that names the host of a route, in lower case.
    pub host_header: String,
}

/// A proxy to fetch from.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// What metrics and logs call it: 1 to 32 of `[a-z0-9_-]`, no two alike.
    pub name: String,
    /// How it is reached.
    pub endpoint: Endpoint,
    /// The modules it is asked for; `None` is a catch-all, for all that are not private.
    pub modules: Option<Patterns>,
    /// When the next upstream is asked.
    pub fallback: Fallback,
}

/// When the next upstream of the chain is asked for what one did not deliver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Fallback {
    /// after any failure (`|` in GOPROXY)
    AnyError,
    /// after 404 and 410 only (`,` in GOPROXY)
    #[default]
    NotFound,
}

/// What must not be told to others.
#[derive(Clone, Debug, PartialEq)]
pub struct Private {
    /// Modules only upstreams that claim them are asked for.
    pub modules: Patterns,
    /// Modules no checksum database hears of. It includes `modules`, as GOPRIVATE is the default of GONOSUMDB; unlike
    /// there, a list of one's own adds to it, so that a private module is never looked up by an oversight.
    pub nosumdb: Patterns,
}

/// A checksum database.
#[derive(Clone, Debug, PartialEq)]
pub struct Sumdb {
    /// Its name as clients ask for it: `sum.golang.org`, or `host/path`.
    pub name: String,
    /// What it signs with, of the same name.
    pub key: Key,
    /// How it is reached.
    pub endpoint: Endpoint,
}

/// How long answers that can change are believed. Zero is to ask every time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// `@v/list`.
    pub list: Duration,
    /// `@latest`.
    pub latest: Duration,
    /// What a branch or commit stands for.
    pub query: Duration,
    /// "Not found".
    pub negative: Duration,
    /// That the storage holds an object, or an upstream a zip that is streamed.
    pub presence: Duration,
    /// The latest tree head of a checksum database.
    pub sumdb_latest: Duration,
    /// Beyond its freshness, how long an answer is still given while it is asked for anew.
    pub stale_while_revalidate: Duration,
    /// Beyond its freshness, how long an answer is given while no source that knows can be asked.
    pub stale_if_error: Duration,
    /// Whether a client's `no-cache` has an answer that can change asked for anew.
    pub client_no_cache: bool,
}

/// What is fetched at once, and how long clients wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Searches under way in one worker, at least one.
    pub concurrent: u32,
    /// Callouts to one upstream under way in all workers, at least one.
    pub concurrent_per_upstream: u32,
    /// How long a request waits for a fetch, its own or another's.
    pub wait: Duration,
    /// How long a request for a zip waits for it to be stored; not longer than `wait`.
    pub zip_wait: Duration,
    /// The largest zip fetched whole into storage, in bytes; 0 for none.
    pub zip_bytes: u32,
}

/// Our own pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where they lie, below `match.path_prefix`: `/-/`, with a slash at both ends.
    pub path_prefix: String,
    /// Who may ask what is decided, and why.
    pub explain: Vec<Principal>,
}

impl Config {
    /// The storage, where it may be written.
    pub fn writable_storage(&self) -> Option<&Storage> {
        self.storage.as_ref().filter(|storage| storage.write)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// With every problem found, up to a number that no operator fixes in one go.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        if text.trim().is_empty() {
            let example: String = MINIMAL.split_whitespace().collect();
            return Err(Problems::of_document(format!(
                "no configuration: it needs at least one upstream or a storage, such as {example}"
            )));
        }
        Self::parse_plain(text).map_or_else(|| Self::parse_in_stages(text), Ok)
    }

    /// Reads a configuration that has rules, and with which nothing is wrong. The rules may be thousands, and are read without the tree
    /// of values by which problems are told.
    fn parse_plain(text: &str) -> Option<Self> {
        let outline: Outline<'_> = serde_json::from_str(text).ok()?;
        let rules = outline.policy?.rules?.get();
        let (before, rest) =
            text.split_at_checked(rules.as_ptr().addr().checked_sub(text.as_ptr().addr())?)?;
        let without = format!("{before}[]{}", rest.strip_prefix(rules)?);
        let document = JsonTree::read(&without).ok()?;
        let mut found = Collector::default();
        let mut raw = typed::read::<RawConfig>(&document, &mut found)?;
        raw.policy.0.as_mut()?.rules = Some(typed::read_rules(rules)?);
        let config = compile::config(raw, &mut found);
        found.is_empty().then_some(config)
    }

    /// Reads a configuration so that all that is wrong with it is told.
    fn parse_in_stages(text: &str) -> Result<Self, Problems> {
        let document =
            JsonTree::read(text).map_err(|error| Problems::of_document(format!("not JSON: {error}")))?;
        let mut found = Collector::default();
        let config =
            typed::read::<RawConfig>(&document, &mut found).map(|raw| compile::config(raw, &mut found));
        match config {
            Some(config) if found.is_empty() => Ok(config),
            _ => Err(found.in_order_of(&document.root)),
        }
    }

    /// Reads a configuration as the host hands it over. It recognises a protobuf `Struct`: Envoy passes one on as protobuf bytes (observed
    /// on 1.40), although its documentation says otherwise.
    ///
    /// # Errors
    /// As [`Config::parse`], and for bytes that are no text.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, Problems> {
        if is_struct(bytes) {
            return Err(Problems::of_document(
                "a protobuf message, not text: use google.protobuf.StringValue with JSON text; a Struct arrives as \
                 protobuf bytes",
            ));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Problems::of_document(format!("not JSON: {error}")))?;
        Self::parse(text)
    }
}

/// Where the rules of a configuration stand in its text.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow)]
    policy: Option<PolicyOutline<'a>>,
}

#[derive(Deserialize)]
struct PolicyOutline<'a> {
    #[serde(borrow)]
    rules: Option<&'a RawValue>,
}

/// Whether bytes begin as a serialised `google.protobuf.Struct`: an entry of `fields` (tag `\n`, its length) with a key
/// (tag `\n`, its length, its text) and a value (tag `\x12`). JSON text may begin like one, but has no `\x12` anywhere.
fn is_struct(bytes: &[u8]) -> bool {
    let Some((b'\n', rest)) = bytes.split_first() else { return false };
    // A length is a varint: bytes with the high bit set, up to one without. A key is short: one byte.
    let mut entry = rest.iter().skip_while(|byte| **byte >= 0x80).skip(1);
    entry.next() == Some(&b'\n')
        && entry.next().is_some_and(|length| entry.nth(usize::from(*length)) == Some(&b'\x12'))
}
