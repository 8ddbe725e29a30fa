//! The section `policy`.

use std::time::Duration;

use serde::Deserialize;

use super::RawBundle;
use super::words::{RawDuration, Section};
use crate::config::{Clock, MissMode, RetractedMode, setting::Setting};

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
    /// What happens to a module version that its author has retracted, in the go.mod of the module's newest version, where a client names
    /// it. `warn` and `deny` have Modgate read that go.mod, and both say in `x-modgate-deprecated` where the author calls the module
    /// deprecated. A rule that allows it and names `versions` is an exception from `deny`. By default clients get it, as from any proxy.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = RetractedMode::default())))]
    pub(in crate::config) retracted: Option<RetractedMode>,
    /// Whether it is read which licences the versions have whose zips pass by, for evidence and explain. A rule that asks for licences has them read
    /// in any case. By default they are not: it is one object more in storage for each version.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = LICENSES)))]
    pub(in crate::config) licenses: Option<bool>,
    /// The rules, in the order in which they are tried. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) rules: Option<Vec<Section<RawRule>>>,
    /// An Athens filter file, verbatim. `docs/athens.md` has what its lines mean, and where that differs from Athens. A
    /// line of a sign alone is the `default`. None by default.
    pub(in crate::config) athens_filter: Option<String>,
    /// Modules that are malicious, in addition to what sources of `advisories` say. They are refused before any rule is asked, whatever the
    /// rules say; a waiver of their `id` alone lifts that. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) malicious: Option<Vec<Section<RawMalicious>>>,
    /// Advisories that are lifted, by their ids, for some versions and until a day. A waiver lifts an id and no rule: another advisory about the
    /// same version still counts. None by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) waivers: Option<Vec<Section<RawWaiver>>>,
    /// What happens to a module version that clients may have and the storage lacks. By default it is fetched.
    #[serde(default)]
    pub(in crate::config) on_miss: Section<RawOnMiss>,
    /// By which clock the age of a version is told that a `cooldown` asks for. `log` needs a checksum database in `sumdb`, of which the
    /// first counts, and a `storage` that is written to, which keeps from when on the log was looked at.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Clock::default())))]
    pub(in crate::config) clock: Option<Clock>,
    /// More rules, from a URL that is polled: a JSON object with `version`, a whole number that metrics show, and `rules`,
    /// a list as in `policy.rules`; and, where there are any, `malicious` and `waivers`, lists as in `policy`. A bundle is checked whole before it is used; a wrong one is logged and changes nothing.
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
    /// The advisories of which a version must have one for the rule to apply: one that all of these fields fit, and that no waiver lifts. An
    /// empty object is for every advisory. By default a rule does not ask for advisories.
    #[serde(default)]
    pub(in crate::config) advisories: Section<RawAdvised>,
    /// The toolchains (`golang.org/toolchain`, which the go command fetches by GOTOOLCHAIN) that the rule is for. By default a rule is for all.
    #[serde(default)]
    pub(in crate::config) toolchain: Section<RawToolchain>,
    /// The licences of which a version must have one for the rule to apply, by what the files at the root of its zip say. Only a rule with the
    /// action `deny` has this. By default licences do not matter.
    #[serde(default)]
    pub(in crate::config) license: Section<RawLicensed>,
    /// Of its modules, those alone that look like one of these and are none of them. By default that does not matter.
    #[serde(default)]
    pub(in crate::config) looks_like: Section<RawLooksLike>,
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
    /// With `cooldown`: young versions that need not wait. None by default.
    pub(in crate::config) except: Option<Vec<Option<RawExcept>>>,
    /// With `redirect`: the base URL of the proxy that clients are sent to. By default that of the upstream that would be
    /// asked, which clients then must be able to reach; required where there is none.
    pub(in crate::config) to: Option<String>,
    /// Why, for the developer who is refused; the go command shows it. At most 300 bytes.
    pub(in crate::config) reason: Option<String>,
    /// Where the developer reads more: an http or https URL of at most 200 bytes.
    pub(in crate::config) link: Option<String>,
}

/// Each version costs an object in storage.
pub(in crate::config) const LICENSES: bool = false;

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

/// Advisories, as a rule asks for them.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawAdvised {
    /// Their ids, such as `GO-2024-2687`. Every advisory by default.
    pub(in crate::config) ids: Option<Vec<Option<String>>>,
    /// With `true` those that people have checked; in Go's own database, those that are not `UNREVIEWED`. With `false` the others. Both by
    /// default.
    pub(in crate::config) reviewed: Option<bool>,
    /// With `true` those that a later version fixes, with `false` those that none does. Both by default.
    pub(in crate::config) fixed: Option<bool>,
    /// How long ago they were published at least. However young by default.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::OLDER_THAN.bounds()))]
    pub(in crate::config) older_than: Option<RawDuration>,
    /// How severe they are, by GitHub's word for it. Go's own database has none: without a source that does, all are `unknown`. However severe by
    /// default.
    pub(in crate::config) severity: Option<Vec<Option<RawSeverity>>>,
}

impl RawAdvised {
    pub(in crate::config) const OLDER_THAN: Setting<Duration> = Setting {
        name: "older_than",
        // It stands in for one that is wrong, which has been noted.
        default: Duration::from_secs(60),
        // Databases are asked every few minutes: less says nothing.
        least: Duration::from_secs(60),
        // A year of 365.25 days: what is older than that is to be denied by its id.
        most: Duration::from_secs(31_557_600),
        beyond: None,
    };
}

/// How severe an advisory is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawSeverity {
    /// no source says how severe
    Unknown,
    /// low
    Low,
    /// moderate
    Moderate,
    /// high
    High,
    /// critical
    Critical,
}

/// Toolchains.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawToolchain {
    /// The rule is for every Go older than this: `1.26.6`, `1.27rc3`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) min: Option<String>,
}

/// Licences, as a rule asks for them: `any` or `not`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    derive(schemars::JsonSchema),
    schemars(
        deny_unknown_fields,
        extend("anyOf" = [{ "required": ["any"] }, { "required": ["not"] }])
    )
)]
pub(in crate::config) struct RawLicensed {
    /// The version has one of these: SPDX identifiers, such as `GPL-3.0-only`, a `*` at the end for all that begin so. Capitals do not count.
    pub(in crate::config) any: Option<Vec<Option<String>>>,
    /// The version has one that is none of these.
    pub(in crate::config) not: Option<Vec<Option<String>>>,
    /// Whether the rule is also for versions in which no known licence is found. By default it is not with `any`, and is with `not`.
    pub(in crate::config) unknown: Option<bool>,
}

/// Young versions that need not wait.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawExcept {
    /// the first version that fixes an advisory which people have checked
    Fixes,
}

/// Malicious modules.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    derive(schemars::JsonSchema),
    schemars(
        deny_unknown_fields,
        extend("anyOf" = [{ "required": ["modules"] }, { "required": ["exact"] }, { "required": ["hashes"] }])
    )
)]
pub(in crate::config) struct RawMalicious {
    /// Its id in refusals and waivers: 1 to 64 letters, digits, `-`, `_`, `.` and `:`, no two alike in a list.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) id: Option<String>,
    /// The modules, as in a rule.
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// More modules, these very paths, as in a rule.
    pub(in crate::config) exact: Option<Vec<Option<String>>>,
    /// The versions of these, as in a rule. Every version by default.
    pub(in crate::config) versions: Option<Vec<Option<String>>>,
    /// Hashes of zips that are malicious: `h1:` as in a go.sum, which one version alone has, for module and version are part of it; or `files_h1`, as
    /// explain shows it: the same without them, which every copy of the files has by whatever name. With any in force, no zip is given
    /// that was not read first. At most 10,000 in all of `policy.malicious`.
    pub(in crate::config) hashes: Option<Vec<Option<String>>>,
    /// Why, for the developer who is refused. At most 300 bytes.
    pub(in crate::config) reason: Option<String>,
    /// Where the developer reads more: an http or https URL of at most 200 bytes.
    pub(in crate::config) link: Option<String>,
}

/// An advisory that is lifted.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    derive(schemars::JsonSchema),
    schemars(
        deny_unknown_fields,
        extend("anyOf" = [{ "required": ["modules"] }, { "required": ["exact"] }])
    )
)]
pub(in crate::config) struct RawWaiver {
    /// Its name in metrics, as that of a rule. By default its place: `policy.waivers[3]`.
    pub(in crate::config) name: Option<String>,
    /// The modules, as in a rule.
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// More modules, these very paths, as in a rule.
    pub(in crate::config) exact: Option<Vec<Option<String>>>,
    /// The versions, as in a rule. Every version by default.
    pub(in crate::config) versions: Option<Vec<Option<String>>>,
    /// The ids that are lifted: of advisories, and of `malicious`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) ids: Option<Vec<Option<String>>>,
    /// The callers for whom, as in a rule. Every caller by default.
    pub(in crate::config) principals: Option<Vec<Option<String>>>,
    /// Its last day (`2027-03-01`, until its end in UTC), or its end as RFC 3339 has it. From then on it lifts nothing. 14 days before, the log
    /// and a metric warn.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) until: Option<String>,
    /// Who has decided it. At most 100 bytes.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) by: Option<String>,
    /// Where that is tracked. At most 100 bytes.
    pub(in crate::config) ticket: Option<String>,
    /// Why. At most 300 bytes.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) reason: Option<String>,
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

/// What modules look like.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawLooksLike {
    /// The modules that are meant, by their paths; of all rules of a list 10,000 at most. Another major version of one, and what its
    /// repository has beside it, is the same to this. None by default, where `in_use` is true; else some are required.
    pub(in crate::config) of: Option<Vec<Option<String>>>,
    /// Whether modules are meant as well that this gateway has served for a while: on days a week apart at least, of which the last is within
    /// `exposure.days`. For a rule with `"enforce": false` alone: what is in use depends on what clients ask for. By default not.
    pub(in crate::config) in_use: Option<bool>,
    /// How others look like them. By default by capitals and by a letter, by which next to no module looks like another that is not meant
    /// to; by their owners all forks do.
    pub(in crate::config) by: Option<Vec<Option<RawLikeness>>>,
}

/// How a module looks like another.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawLikeness {
    /// they differ in capitals alone
    Capitals,
    /// their owners differ, and a letter: another one, one too many or too few, or two that are swapped
    Letter,
    /// they have the same name on the same forge, and other owners
    Owner,
}

impl RawLikeness {
    pub(in crate::config) const DEFAULT: [Self; 2] = [Self::Capitals, Self::Letter];
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
    /// What is malicious, as in the configuration.
    pub(in crate::config) malicious: Option<Vec<Section<RawMalicious>>>,
    /// The waivers, as in the configuration.
    pub(in crate::config) waivers: Option<Vec<Section<RawWaiver>>>,
}
