//! The section `policy`.

use std::time::Duration;

use serde::Deserialize;

use super::RawBundle;
use super::words::{RawDuration, Section};
use crate::config::{Clock, MissMode, setting::Setting};

/// Who may have which module version. The first rule that applies decides: those of `rules`, then those of the `bundle`,
/// then those of `athens_filter`, each in its order; then the `default`. A refused version is not listed, is never
/// `@latest`, and no client gets it by another name either, whatever the index or the storage have of it.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawPolicy {
    /// What happens to a module version that no rule decides. By default clients may have it, as without a policy.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = RawDefault::default())))]
    pub(in crate::config) default: Option<RawDefault>,
    /// Whether any of it is enforced: the rules of all origins, the bundle's among them, and `default`. By default it is. With
    /// `false` clients may have everything, no required bundle is waited for, and what would have been decided is counted, logged,
    /// and said in a header and by explain.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = ENFORCE)))]
    pub(in crate::config) enforce: Option<bool>,
    /// The rules, in the order in which they are tried. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) rules: Option<Vec<Section<RawRule>>>,
    /// An Athens filter file, verbatim. `docs/athens.md` has what its lines mean, and where that differs from Athens. A
    /// line of a sign alone is the `default`. None by default.
    pub(in crate::config) athens_filter: Option<String>,
    /// What happens to a module version that clients may have and the storage lacks. By default it is fetched.
    #[serde(default)]
    pub(in crate::config) on_miss: Section<RawOnMiss>,
    /// By which clock the age of a version is told that a `cooldown` asks for. `log` needs a checksum database in `sumdb`, of which the
    /// first counts, and a `storage` that is written to, which keeps from when on the log was looked at.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Clock::default())))]
    pub(in crate::config) clock: Option<Clock>,
    /// More rules, from a URL that is polled: a JSON object with `version`, a whole number that metrics show, and `rules`,
    /// a list as in `policy.rules`. A bundle is checked whole before it is used; a wrong one is logged and changes nothing.
    /// The last good bundle stays in force while none can be fetched, also while the configuration is replaced; it is lost
    /// when Envoy ends. Modgate polls it in `mode: offline` too. None by default.
    #[serde(default)]
    pub(in crate::config) bundle: Section<RawBundle>,
}

/// A rule applies where everything that it names matches. It has to name modules; versions and callers that it does not
/// name always match.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    derive(schemars::JsonSchema),
    schemars(
        deny_unknown_fields,
        extend("anyOf" = [{ "required": ["modules"] }, { "required": ["exact"] }])
    )
)]
pub(in crate::config) struct RawRule {
    /// Its name in refusals and metrics: 1 to 32 of `a-z`, `0-9`, `_` and `-`, no two alike in a list. By default its
    /// place: `policy.rules[3]`.
    pub(in crate::config) name: Option<String>,
    /// The modules it is for, as GOPRIVATE-style globs: `github.com/acme` is for that and all below it, `*` for everything.
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// More modules it is for: these very paths, and not what is below them.
    pub(in crate::config) exact: Option<Vec<Option<String>>>,
    /// The versions it is for: any of a list of `v1.2.3`, `v1.2` and `v1` (all of them), `>=v1.2.0, <v1.4.0` (both), `~v1.2.3`
    /// (from there on, same minor), `^v1.2.3` (same major), `prerelease`, `pseudo`, `incompatible`, `release`, each of these
    /// with `!` for all others. Ordered as Go orders them: `<v1.4.0` has `v1.4.0-rc.1`. Every version by default.
    pub(in crate::config) versions: Option<Vec<Option<String>>>,
    /// The callers it is for, by the names that `callers` gives them: globs in which `*` stands for anything but a slash,
    /// `@anonymous` and `@authenticated`. Every caller by default.
    pub(in crate::config) principals: Option<Vec<Option<String>>>,
    /// What it does.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) action: Option<RawAction>,
    /// Whether what it decides holds. By default it does. With `false` the rules after it are tried as if it were not there, and what it
    /// would have decided is counted, logged, and said in a header and by explain.
    pub(in crate::config) enforce: Option<bool>,
    /// With `cooldown`: how old a version has to be. Its age counts from the time in its `.info`, or without one from when
    /// this Envoy first saw it, unless `policy.clock` says otherwise. For one request for a list Modgate looks up the dates of at most 512 versions, those that
    /// Go would take for the latest first. Older versions without a known date are not listed yet, and the next request
    /// gets further.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::AGE.bounds()))]
    pub(in crate::config) age: Option<RawDuration>,
    /// With `redirect`: the base URL of the proxy that clients are sent to. By default that of the upstream that would be
    /// asked, which clients then must be able to reach; required where there is none.
    pub(in crate::config) to: Option<String>,
    /// Why, for the developer who is refused; the go command shows it. At most 300 bytes.
    pub(in crate::config) reason: Option<String>,
    /// Where the developer reads more: an http or https URL of at most 200 bytes.
    pub(in crate::config) link: Option<String>,
}

/// A rule is there to be held to.
pub(in crate::config) const ENFORCE: bool = true;

impl RawRule {
    pub(in crate::config) const AGE: Setting<Duration> = Setting {
        name: "age",
        // It stands in for one that is wrong or missing, which has been noted.
        default: Duration::from_secs(60),
        // A cool-down of less is over before anyone has looked at the version.
        least: Duration::from_secs(60),
        // A year of 365.25 days: who waits for longer wants a list of versions.
        most: Duration::from_secs(31_557_600),
        beyond: Some("less is no cool-down, and more is a list of versions"),
    };
}

/// What happens to a module version that the storage lacks.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawOnMiss {
    /// For all modules that no override names. By default the version is fetched, for that is what a proxy does.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = MissMode::default())))]
    pub(in crate::config) mode: Option<MissMode>,
    /// Another mode for some modules, each with `modules` (globs, as in `private`) and its `mode`; the first that names a
    /// module decides. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) overrides: Option<Vec<Section<RawMissOverride>>>,
}

/// Another mode for some modules.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawMissOverride {
    /// The modules, as globs.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// What happens to their versions.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) mode: Option<MissMode>,
}

/// What happens to a module version that no rule decides.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub(in crate::config) enum RawDefault {
    /// clients may have it
    #[default]
    Allow,
    /// it is refused
    Deny,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawAction {
    /// clients may have it
    Allow,
    /// versions younger than `age` are refused; older ones are for the rules that follow
    Cooldown,
    /// it is refused
    Deny,
    /// clients are sent elsewhere
    Redirect,
}

/// How far requests go.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub(in crate::config) enum RawReach {
    /// to the storage alone: upstreams and checksum databases are not asked, lists and `@latest` contain what is stored,
    /// and no client is sent to an upstream, whatever `on_miss` says; rules that redirect to a URL of their own still do
    Offline,
    /// to the upstreams, for what is not stored or can change
    #[default]
    Online,
}

/// A policy bundle, as it is fetched.
#[derive(Debug, Default, Deserialize)]
pub(in crate::config) struct RawBundleDocument {
    /// Its number: metrics show it.
    pub(in crate::config) version: Option<super::RawCount>,
    /// The rules, as in the configuration.
    pub(in crate::config) rules: Option<Vec<Section<RawRule>>>,
}
