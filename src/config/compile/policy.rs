//! The section `policy`, and the rules of a bundle.

use super::{duration, endpoint, given, patterns, plain_name};
use crate::config::problems::{Found, Path, quoted};
use crate::config::raw::{
    RawAction, RawBundle, RawBundleDocument, RawCount, RawDefault, RawMissMode, RawOnMiss, RawPolicy,
    RawRule, Section,
};
use crate::config::{Bundle, BundleSource, MissMode, MissOverride, OnMiss, PolicySection, limits};
use crate::gomod::ModulePath;
use crate::policy::{Action, Principal, Rule, Versions, athens};

/// Compiles the section; `has_upstream` says whether there is one to send clients to, and `warnings` takes what is odd.
pub(super) fn policy(
    raw: RawPolicy,
    at: &Path,
    context: &endpoint::Context<'_>,
    found: &mut Found,
    warnings: &mut Vec<String>,
) -> PolicySection {
    let rules = rules(raw.rules, "policy.", &at.key("rules"), found);
    let at_filter = at.key("athens_filter");
    let mut default = raw.default.map(|default| default == RawDefault::Deny);
    let mut filter = Vec::new();
    match raw.athens_filter.as_deref().map(athens::read) {
        Some(Ok(read)) => {
            warnings.extend(read.warnings.iter().map(|warning| format!("policy.athens_filter: {warning}")));
            match (read.default, default) {
                (Some(_), Some(_)) => found.note(
                    &at.key("default"),
                    "athens_filter has a default already, in a line of a sign alone; keep one of the two",
                ),
                (Some(Action::Deny), None) => default = Some(true),
                // Everything that no rule before it decides: a rule like any other.
                (Some(Action::Redirect(_)), None) => filter.push(everything(Action::Redirect(None))),
                (Some(Action::Allow | Action::Cooldown(_)) | None, _) => {}
            }
            filter.splice(0..0, read.rules);
        }
        Some(Err(faults)) => {
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            found.note(&at_filter, faults.join("; "));
        }
        None => {}
    }
    let bundle = raw.bundle.0.map(|raw| bundle_source(&raw, &at.key("bundle"), context, found));
    let on_miss = on_miss(raw.on_miss.0.unwrap_or_default(), &at.key("on_miss"), found);
    PolicySection::new(rules, filter, default.unwrap_or(false), bundle, on_miss)
}

/// A bundle that was fetched.
pub(in crate::config) fn bundle(raw: RawBundleDocument, at: &Path, found: &mut Found) -> Bundle {
    let version = raw.version.map(|RawCount(version)| version);
    if version.is_none() && !found.covers(&at.key("version")) {
        found.note(
            &at.key("version"),
            "missing: a whole number, by which metrics show which bundle is in force",
        );
    }
    if raw.rules.is_none() && !found.covers(&at.key("rules")) {
        found.note(&at.key("rules"), "missing: a list of rules, empty where there are none");
    }
    let rules = rules(raw.rules, "bundle.", &at.key("rules"), found);
    Bundle { version: version.unwrap_or_default(), rules }
}

fn rules(raw: Option<Vec<Section<RawRule>>>, whose: &str, at: &Path, found: &mut Found) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (n, section) in raw.unwrap_or_default().into_iter().enumerate() {
        let at = at.index(n);
        if n == limits::MAX_RULES {
            found.note(&at, format!("too many: at most {} are allowed", limits::MAX_RULES));
        }
        // What is no object has been noted before.
        let Some(raw) = section.0 else { continue };
        rules.push(rule(&raw, format!("{whose}rules[{n}]"), &at, found));
    }
    rules
}

fn rule(raw: &RawRule, place: String, at: &Path, found: &mut Found) -> Rule {
    let names_modules = raw.modules.as_ref().is_some_and(|list| !list.is_empty());
    let names_exact = raw.exact.as_ref().is_some_and(|list| !list.is_empty());
    let listed = at.key("modules");
    if !names_modules && !names_exact && !found.covers(&listed) && !found.covers(&at.key("exact")) {
        found.note(&listed, "missing: globs of the modules it is for, `*` for every one, or `exact` paths");
    }
    for (name, list) in [("modules", &raw.modules), ("exact", &raw.exact), ("versions", &raw.versions)] {
        if list.as_ref().is_some_and(|list| list.len() > limits::MAX_LISTED) {
            found.note(&at.key(name), format!("too many: at most {} are allowed", limits::MAX_LISTED));
        }
    }
    Rule {
        name: name(raw.name.as_deref(), &at.key("name"), found),
        place,
        modules: patterns(raw.modules.as_deref(), &listed, found).into_iter().collect(),
        exact: exact(raw.exact.as_deref(), &at.key("exact"), found),
        versions: versions(raw.versions.as_deref(), &at.key("versions"), found),
        principals: principals(raw.principals.as_deref(), &at.key("principals"), found),
        action: action(raw, at, found),
        reason: text(raw.reason.as_deref(), limits::MAX_REASON_BYTES, &at.key("reason"), found),
        link: link(raw.link.as_deref(), &at.key("link"), found),
    }
}

fn everything(action: Action) -> Rule {
    Rule {
        name: String::new(),
        place: "policy.athens_filter".to_owned(),
        modules: crate::gomod::Patterns::parse_list("*").unwrap_or_default(),
        exact: Vec::new(),
        versions: None,
        principals: Vec::new(),
        action,
        reason: String::new(),
        link: String::new(),
    }
}

fn name(raw: Option<&str>, at: &Path, found: &mut Found) -> String {
    let Some(name) = raw else { return String::new() };
    plain_name(name, at, found);
    if limits::RESERVED_RULES.contains(&name) {
        found.note(at, format!("{} is what metrics call something else; give it another", quoted(name)));
    }
    name.to_owned()
}

fn exact(raw: Option<&[Option<String>]>, at: &Path, found: &mut Found) -> Vec<ModulePath> {
    let mut paths = Vec::new();
    for (n, text) in given(raw) {
        match ModulePath::parse(text) {
            Ok(path) => paths.push(path),
            Err(error) => found.note(&at.index(n), error.to_string()),
        }
    }
    paths
}

fn versions(raw: Option<&[Option<String>]>, at: &Path, found: &mut Found) -> Option<Versions> {
    let raw = raw?;
    if raw.is_empty() {
        found.note(at, "an empty list has no version; leave it out for every one");
    }
    match Versions::parse(given(Some(raw)).map(|(_, text)| text)) {
        Ok(versions) => return Some(versions),
        Err((n, error)) => {
            let (n, text) = given(Some(raw)).nth(n).unwrap_or((n, ""));
            found.note(&at.index(n), format!("{} is no set of versions: {error}", quoted(text)));
        }
    }
    None
}

/// Callers, as rules and the guard of a page name them.
pub(super) fn principals(raw: Option<&[Option<String>]>, at: &Path, found: &mut Found) -> Vec<Principal> {
    let mut principals = Vec::new();
    for (n, text) in given(raw) {
        match Principal::parse(text) {
            Ok(principal) => principals.push(principal),
            Err(error) => found.note(&at.index(n), format!("{} names no caller: {error}", quoted(text))),
        }
    }
    principals
}

fn action(raw: &RawRule, at: &Path, found: &mut Found) -> Action {
    let age = raw.age.as_ref().map(|age| {
        let range = limits::MIN_AGE..=limits::MAX_AGE;
        let why = "less is no cool-down, and more is a list of versions";
        duration::within(Some(age), limits::MIN_AGE, &range, why, &at.key("age"), found)
    });
    if age.is_some() && raw.action != Some(RawAction::Cooldown) {
        found.note(&at.key("age"), "only a rule with the action cooldown has an age");
    }
    if raw.to.is_some() && raw.action != Some(RawAction::Redirect) {
        found.note(&at.key("to"), "only a rule with the action redirect sends anybody anywhere");
    }
    match raw.action {
        Some(RawAction::Allow) => Action::Allow,
        Some(RawAction::Cooldown) => {
            if age.is_none() && !found.covers(&at.key("age")) {
                found.note(&at.key("age"), "missing: how old a version has to be, such as \"7d\"");
            }
            Action::Cooldown(age.unwrap_or(limits::MIN_AGE))
        }
        Some(RawAction::Redirect) => Action::Redirect(raw.to.as_deref().map(|to| {
            let (scheme, authority, prefix) = endpoint::split(to, &at.key("to"), found);
            format!("{}://{authority}{prefix}", scheme.as_str())
        })),
        Some(RawAction::Deny) => Action::Deny,
        None => {
            if !found.covers(&at.key("action")) {
                found.note(&at.key("action"), "missing: allow, deny, redirect or cooldown");
            }
            Action::Deny
        }
    }
}

fn text(raw: Option<&str>, most: usize, at: &Path, found: &mut Found) -> String {
    let text = raw.unwrap_or_default();
    if text.len() > most {
        found.note(at, format!("{} bytes: the go command would not show more than {most}", text.len()));
    }
    if text.chars().any(char::is_control) {
        found.note(
            at,
            "it has line ends or other control characters, for which the go command would show nothing",
        );
    }
    text.to_owned()
}

fn link(raw: Option<&str>, at: &Path, found: &mut Found) -> String {
    let link = text(raw, limits::MAX_LINK_BYTES, at, found);
    let is_url = ["http://", "https://"].iter().any(|scheme| link.starts_with(scheme));
    if raw.is_some() && !(is_url && link.bytes().all(|b| b.is_ascii_graphic())) {
        found.note(at, "a link is a URL that begins with http:// or https://");
    }
    link
}

fn bundle_source(
    raw: &RawBundle,
    at: &Path,
    context: &endpoint::Context<'_>,
    found: &mut Found,
) -> BundleSource {
    let range = limits::MIN_BUNDLE_INTERVAL..=limits::MAX_BUNDLE_INTERVAL;
    let why = "more often is a flood, and more seldom no rule";
    let interval = duration::within(
        raw.interval.as_ref(),
        limits::DEFAULT_BUNDLE_INTERVAL,
        &range,
        why,
        &at.key("interval"),
        found,
    );
    BundleSource {
        endpoint: endpoint::endpoint(&raw.endpoint(), at, context, found),
        interval,
        required: raw.required.unwrap_or(true),
    }
}

fn on_miss(raw: RawOnMiss, at: &Path, found: &mut Found) -> OnMiss {
    let mut overrides = Vec::new();
    let listed = at.key("overrides");
    for (n, section) in raw.overrides.unwrap_or_default().into_iter().enumerate() {
        let at = listed.index(n);
        if n == limits::MAX_MISS_OVERRIDES {
            found.note(&at, format!("too many: at most {} are allowed", limits::MAX_MISS_OVERRIDES));
        }
        let Some(raw) = section.0 else { continue };
        let modules = at.key("modules");
        if raw.modules.as_ref().is_none_or(Vec::is_empty) && !found.covers(&modules) {
            found.note(&modules, "missing: globs of the modules of which something else becomes");
        }
        if raw.mode.is_none() && !found.covers(&at.key("mode")) {
            found.note(&at.key("mode"), "missing: fetch, redirect or none");
        }
        let modules = patterns(raw.modules.as_deref(), &modules, found).into_iter().collect();
        overrides.push(MissOverride { modules, mode: miss_mode(raw.mode) });
    }
    OnMiss { mode: miss_mode(raw.mode), overrides }
}

fn miss_mode(raw: Option<RawMissMode>) -> MissMode {
    match raw {
        None | Some(RawMissMode::Fetch) => MissMode::Fetch,
        Some(RawMissMode::None) => MissMode::None,
        Some(RawMissMode::Redirect) => MissMode::Redirect,
    }
}
