//! The section `policy`, and what a bundle is.

mod advised;
mod licensed;
mod lifted;
mod look_alike;
mod overshadowed;
mod rule;

use self::advised::ids;
use self::rule::listed;
pub(in crate::config) use self::{overshadowed::warnings as overshadowed_rules, rule::RuleList};
use super::{each, endpoint, given, some_modules};
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{
    ENFORCE, LICENSES, RawBundle, RawBundleDocument, RawCount, RawDefault, RawOnMiss, RawPolicy,
};
use crate::config::{
    BundleSource, Clock, Config, Match, MissMode, MissOverride, Mode, OnMiss, PolicySection, limits,
};
use crate::gomod::Patterns;
use crate::policy::{Action, Principal, Rule, Waiver, Waivers, athens};

/// What the section takes from outside of it.
pub(super) struct Context<'a> {
    /// For where the bundle comes from.
    pub(super) matching: &'a Match,
    /// Whether there is an upstream to send clients to.
    pub(super) has_upstream: bool,
    /// Whether there is a checksum database.
    pub(super) has_sumdb: bool,
}

/// Compiles the section; `warnings` takes what is odd.
pub(super) fn policy(
    raw: RawPolicy,
    at: &Path,
    context: &Context<'_>,
    found: &mut Collector,
    warnings: &mut Vec<String>,
) -> PolicySection {
    let rules = rule::rules(raw.rules, "policy.", &at.key("rules"), context.has_upstream, found);
    warnings.extend(overshadowed::warnings(&rules));
    warnings.extend(licensed::warnings(&rules));
    let monitored = !raw.enforce.unwrap_or(ENFORCE);
    if monitored {
        warnings
            .push("policy.enforce is false: clients may have everything, whatever the rules say".to_owned());
    }
    let malicious = lifted::malicious(raw.malicious.as_deref(), "policy.", &at.key("malicious"), found);
    let waivers = lifted::waivers(raw.waivers.as_deref(), "policy.", &at.key("waivers"), found);
    let mut default = raw.default.map(|default| default == RawDefault::Deny);
    let mut filter = Vec::new();
    if let Some(text) = raw.athens_filter {
        let read = athens_filter(&text, &at.key("athens_filter"), context.has_upstream, found, warnings);
        match (read.default, default) {
            (Some(_), Some(_)) => found.note(
                &at.key("default"),
                "athens_filter has a default already, in a line of a sign alone; keep one of the two",
            ),
            (Some(Action::Deny), None) => default = Some(true),
            // Everything that no rule before it decides: a rule like any other.
            (Some(Action::Redirect(to)), None) => filter.push(everything(Action::Redirect(to))),
            (Some(Action::Allow | Action::Cooldown(_)) | None, _) => {}
        }
        filter.splice(0..0, read.rules);
    }
    let bundle = raw.bundle.0.map(|raw| bundle_source(&raw, &at.key("bundle"), context.matching, found));
    if raw.clock == Some(Clock::Log) && !context.has_sumdb {
        found.note(&at.key("clock"), "there is no checksum database in `sumdb` by whose log it could be");
    }
    let at_miss = at.key("on_miss");
    let on_miss = on_miss(&raw.on_miss.0.unwrap_or_default(), &at_miss, context.has_upstream, found);
    PolicySection {
        rules: rules.into(),
        filter: filter.into(),
        malicious: malicious.into(),
        waivers: Waivers::new(waivers),
        deny_by_default: default.unwrap_or(false),
        monitored,
        clock: raw.clock.unwrap_or_default(),
        retracted: raw.retracted.unwrap_or_default(),
        licenses: raw.licenses.unwrap_or(LICENSES),
        bundle,
        on_miss,
    }
}

/// What to say of ages that are told by a log, where the gateway does not remember the log, or asks it about nothing.
pub(super) fn forgetful_clock(config: &Config) -> Option<String> {
    config.log_clock()?;
    let is_off = |mode: Mode| mode == Mode::Off;
    if is_off(config.verify.mode) && config.verify.overrides.iter().all(|one| is_off(one.mode)) {
        return Some(
            "policy.clock is log, and verify.mode is off: no version is looked up in the log, and ages count from the time in the .info"
                .to_owned(),
        );
    }
    config.writable_storage().is_none().then(|| {
        "policy.clock is log, and no storage is written that keeps how old the log is: after a restart of Envoy, what the log has by then is as old as its .info says"
            .to_owned()
    })
}

/// What a bundle has beside its rules.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct BesideRules {
    /// The number that its author gave it.
    pub(in crate::config) version: u64,
    /// What is malicious.
    pub(in crate::config) malicious: Vec<Rule>,
    /// The waivers.
    pub(in crate::config) waivers: Vec<Waiver>,
}

/// A bundle that was fetched: its version, and its rules, which are yet to be compiled. Whether there is an upstream that its rules can send
/// clients to is not its business: it is for many.
pub(in crate::config) fn bundle(
    raw: RawBundleDocument,
    at: &Path,
    found: &mut Collector,
) -> (BesideRules, RuleList) {
    let version = raw.version.map(|RawCount(version)| version);
    if version.is_none() {
        found.note(
            &at.key("version"),
            "missing: a whole number, by which metrics show which bundle is in force",
        );
    }
    if raw.rules.is_none() {
        found.note(&at.key("rules"), "missing: a list of rules, empty where there are none");
    }
    let beside = BesideRules {
        version: version.unwrap_or_default(),
        malicious: lifted::malicious(raw.malicious.as_deref(), "bundle.", &at.key("malicious"), found),
        waivers: lifted::waivers(raw.waivers.as_deref(), "bundle.", &at.key("waivers"), found),
    };
    (beside, RuleList::new(raw.rules, "bundle.", at.key("rules"), true))
}

/// Callers, as rules and the guard of a page name them.
pub(super) fn principals(raw: Option<&[Option<String>]>, at: &Path, found: &mut Collector) -> Vec<Principal> {
    let mut principals = Vec::with_capacity(raw.map_or(0, <[_]>::len));
    for (n, text) in given(raw) {
        match Principal::parse(text) {
            Ok(principal) => principals.push(principal),
            Err(error) => found.note(&at.index(n), format!("{} names no caller: {error}", quoted(text))),
        }
    }
    principals
}

/// What is odd about rules that ask for advisories where there is no source of any. Whether a bundle has such rules is not known yet.
pub(super) fn without_advisories(config: &Config) -> Option<String> {
    let asks = |rule: &&Rule| rule.advised.is_some() || rule.spares_fixes;
    let rule = config.policy.rules.iter().find(asks)?;
    config.advisories.sources.is_empty().then(|| {
        format!(
            "{} asks for advisories, but `advisories` names no source of them: there are none",
            rule.place
        )
    })
}

/// What is odd about rules that ask for what is in use where that is not remembered.
pub(super) fn without_exposure(config: &Config) -> Option<String> {
    let rule = config.policy.rules.iter().find(|rule| rule.asks_for_use())?;
    config.exposure.is_none().then(|| {
        format!(
            "{} asks which modules are in use, and without `exposure` it is not remembered what is served: none is",
            rule.place
        )
    })
}

/// An id by which an advisory is known, if it is one.
fn id(text: &str, at: &Path, found: &mut Collector) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    let is_id = (1..=limits::MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(is_plain);
    if !is_id {
        let most = limits::MAX_ID_BYTES;
        found.note(at, format!("{} is not 1 to {most} letters, digits, -, _, . and :", quoted(text)));
    }
    is_id.then(|| text.to_owned())
}

fn athens_filter(
    text: &str,
    at: &Path,
    has_upstream: bool,
    found: &mut Collector,
    warnings: &mut Vec<String>,
) -> athens::Filter {
    let read = athens::read(text).unwrap_or_else(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        found.note(at, faults.join("; "));
        athens::Filter::default()
    });
    warnings.extend(read.warnings.iter().map(|warning| format!("policy.athens_filter: {warning}")));
    if !has_upstream {
        let first = read.rules.iter().find(|rule| rule.action == Action::Redirect(None));
        if let Some(rule) = first {
            let line = rule.place.strip_prefix("policy.athens_filter ").unwrap_or(&rule.place);
            found.note(at, format!("{line}: D sends clients to an upstream, and there is none"));
        } else if read.default == Some(Action::Redirect(None)) {
            found.note(at, "its default, D, sends clients to an upstream, and there is none");
        }
    }
    read
}

fn everything(action: Action) -> Rule {
    Rule::new("policy.athens_filter", Patterns::parse_list("*").unwrap_or_default(), action)
}

fn bundle_source(raw: &RawBundle, at: &Path, matching: &Match, found: &mut Collector) -> BundleSource {
    let interval = RawBundle::INTERVAL.read(raw.interval.as_ref(), at, found);
    let endpoint = endpoint::endpoint(&raw.endpoint(), at, matching, found);
    // Elsewhere it is a prefix, and the slash at its end says nothing.
    for (field, text) in [("url", &raw.url), ("path_prefix", &raw.path_prefix)] {
        if !endpoint.path_prefix.is_empty() && text.as_ref().is_some_and(|text| text.ends_with('/')) {
            found.note(&at.key(field), "it ends in a slash, and a bundle is a file");
        }
    }
    BundleSource { endpoint, interval, required: raw.required.unwrap_or(RawBundle::REQUIRED) }
}

fn on_miss(raw: &RawOnMiss, at: &Path, has_upstream: bool, found: &mut Collector) -> OnMiss {
    let why = "missing: globs of the modules of which something else becomes";
    let most = Some(limits::MAX_MISS_OVERRIDES);
    let listed = at.key("overrides");
    let overrides = each(raw.overrides.as_deref(), most, &listed, found, |raw, at, found| {
        let modules = some_modules(raw.modules.as_deref(), why, at, found);
        if raw.mode.is_none() {
            found.note(&at.key("mode"), "missing: fetch, redirect or none");
        }
        MissOverride { modules, mode: miss_mode(raw.mode, at, has_upstream, found) }
    });
    OnMiss { mode: miss_mode(raw.mode, at, has_upstream, found), overrides }
}

fn miss_mode(raw: Option<MissMode>, at: &Path, has_upstream: bool, found: &mut Collector) -> MissMode {
    let mode = raw.unwrap_or_default();
    if mode == MissMode::Redirect && !has_upstream {
        found.note(&at.key("mode"), "it sends clients to an upstream, and there is none");
    }
    mode
}
