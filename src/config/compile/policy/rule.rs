//! The rules of a list.

use std::{collections::BTreeMap, iter::Enumerate, vec::IntoIter};

use super::principals;
use crate::config::compile::{endpoint, given, patterns, plain_name};
use crate::config::limits;
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{RawAction, RawRule, Section};
use crate::gomod::ModulePath;
use crate::policy::{Action, Rule, Versions};

/// A list of rules that is being compiled, no name twice.
#[derive(Debug)]
pub(in crate::config) struct RuleList {
    raw: Enumerate<IntoIter<Section<RawRule>>>,
    /// What their places begin with for people.
    whose: &'static str,
    at: Path,
    has_upstream: bool,
    names: BTreeMap<String, usize>,
    rules: Vec<Rule>,
}

impl RuleList {
    /// Of these, of which none was looked at yet. `whose` begins what their places are called for people.
    pub(super) fn new(
        raw: Option<Vec<Section<RawRule>>>,
        whose: &'static str,
        at: Path,
        has_upstream: bool,
    ) -> Self {
        let raw = raw.unwrap_or_default().into_iter().enumerate();
        Self { raw, whose, at, has_upstream, names: BTreeMap::new(), rules: Vec::new() }
    }

    /// Compiles more of them, with so many names in their lists, or a rule that has more; whether that was all.
    pub(in crate::config) fn work(&mut self, names: usize, found: &mut Collector) -> bool {
        let mut left = names;
        while left > 0 {
            let Some((n, section)) = self.raw.next() else { return true };
            let here = self.at.index(n);
            if n == limits::MAX_RULES {
                found.note(&here, format!("too many: at most {} are allowed", limits::MAX_RULES));
                // The rest is not looked at either: there may be any number of it.
                return true;
            }
            // What is no object has been noted before.
            let Some(raw) = section.0 else {
                left = left.saturating_sub(1);
                continue;
            };
            left = left.saturating_sub(names_in(&raw).max(1));
            if let Some(name) = &raw.name {
                let first = *self.names.entry(name.clone()).or_insert(n);
                if first != n {
                    let first = self.at.index(first);
                    found.note(
                        &here.key("name"),
                        format!("{} is the name of {first} already; give it another", quoted(name)),
                    );
                }
            }
            let place = format!("{}rules[{n}]", self.whose);
            self.rules.push(rule(&raw, place, &here, self.has_upstream, found));
        }
        false
    }

    /// Those that were compiled, in their order.
    pub(in crate::config) fn rules(self) -> Vec<Rule> {
        self.rules
    }
}

/// How many names stand in the lists of a rule.
fn names_in(raw: &RawRule) -> usize {
    let lists = [&raw.modules, &raw.exact, &raw.versions, &raw.principals];
    lists.into_iter().flatten().map(Vec::len).sum()
}

/// Compiles a list of rules at once.
pub(super) fn rules(
    raw: Option<Vec<Section<RawRule>>>,
    whose: &'static str,
    at: &Path,
    has_upstream: bool,
    found: &mut Collector,
) -> Vec<Rule> {
    let mut list = RuleList::new(raw, whose, at.clone(), has_upstream);
    list.work(usize::MAX, found);
    list.rules()
}

fn rule(raw: &RawRule, place: String, at: &Path, has_upstream: bool, found: &mut Collector) -> Rule {
    let is_none = |list: &Option<Vec<_>>| list.as_ref().is_none_or(Vec::is_empty);
    // Wrong `exact` paths have been noted; they would have been some.
    if is_none(&raw.modules) && is_none(&raw.exact) && !found.covers(&at.key("exact")) {
        found.note(
            &at.key("modules"),
            "missing: globs of the modules it is for, `*` for every one, or `exact` paths",
        );
    }
    Rule {
        name: name(raw.name.as_deref(), &at.key("name"), found),
        place,
        modules: patterns(listed(&raw.modules, &at.key("modules"), found), &at.key("modules"), found)
            .into_iter()
            .collect(),
        exact: exact(listed(&raw.exact, &at.key("exact"), found), &at.key("exact"), found),
        versions: versions(listed(&raw.versions, &at.key("versions"), found), &at.key("versions"), found),
        principals: principals_of(raw, &at.key("principals"), found),
        action: action(raw, at, has_upstream, found),
        reason: text(raw.reason.as_deref(), limits::MAX_REASON_BYTES, &at.key("reason"), found),
        link: link(raw.link.as_deref(), &at.key("link"), found),
    }
}

/// A list that is no longer than allowed.
fn listed<'a>(
    raw: &'a Option<Vec<Option<String>>>,
    at: &Path,
    found: &mut Collector,
) -> Option<&'a [Option<String>]> {
    let list = raw.as_deref()?;
    if list.len() > limits::MAX_LISTED {
        found.note(at, format!("too many: at most {} are allowed", limits::MAX_LISTED));
    }
    Some(list)
}

fn name(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    let Some(name) = raw else { return String::new() };
    plain_name(name, at, found);
    if limits::RESERVED_RULES.contains(&name) {
        found.note(at, format!("{} is what metrics call something else; give it another", quoted(name)));
    }
    name.to_owned()
}

fn exact(raw: Option<&[Option<String>]>, at: &Path, found: &mut Collector) -> Vec<ModulePath> {
    let mut paths = Vec::new();
    for (n, text) in given(raw) {
        match ModulePath::parse(text) {
            Ok(path) => paths.push(path),
            Err(error) => found.note(&at.index(n), error.to_string()),
        }
    }
    paths
}

fn versions(raw: Option<&[Option<String>]>, at: &Path, found: &mut Collector) -> Option<Versions> {
    let raw = raw?;
    if raw.is_empty() {
        found.note(at, "an empty list has no version; leave it out for every one");
    }
    let texts = || given(Some(raw)).map(|(_, text)| text);
    if let Ok(versions) = Versions::parse(texts()) {
        return Some(versions);
    }
    // It stops at the first that is wrong. All are to be told.
    for (n, text) in given(Some(raw)) {
        if let Err((_, error)) = Versions::parse([text]) {
            found.note(&at.index(n), format!("{} is no set of versions: {error}", quoted(text)));
        }
    }
    None
}

fn principals_of(raw: &RawRule, at: &Path, found: &mut Collector) -> Vec<crate::policy::Principal> {
    if raw.principals.as_ref().is_some_and(Vec::is_empty) {
        found.note(at, "an empty list has no caller; leave it out for everybody");
    }
    principals(listed(&raw.principals, at, found), at, found)
}

fn action(raw: &RawRule, at: &Path, has_upstream: bool, found: &mut Collector) -> Action {
    let age = raw.age.as_ref().map(|age| RawRule::AGE.read(Some(age), at, found));
    // Where the action itself is wrong, it is unknown which fields belong to it.
    if age.is_some() && !matches!(raw.action, None | Some(RawAction::Cooldown)) {
        found.note(&at.key("age"), "only a rule with the action cooldown has an age");
    }
    if raw.to.is_some() && !matches!(raw.action, None | Some(RawAction::Redirect)) {
        found.note(&at.key("to"), "only a rule with the action redirect sends clients elsewhere");
    }
    match raw.action {
        Some(RawAction::Allow) => Action::Allow,
        Some(RawAction::Cooldown) => {
            if age.is_none() {
                found.note(&at.key("age"), "missing: how old a version has to be, such as \"7d\"");
            }
            Action::Cooldown(age.unwrap_or(RawRule::AGE.default))
        }
        Some(RawAction::Redirect) => {
            if raw.to.is_none() && !has_upstream {
                found.note(
                    &at.key("to"),
                    "missing: the base URL of the proxy that clients are sent to, as there is no upstream",
                );
            }
            Action::Redirect(raw.to.as_deref().map(|to| {
                let (scheme, authority, prefix) = endpoint::split(to, &at.key("to"), found);
                format!("{}://{authority}{prefix}", scheme.as_str())
            }))
        }
        Some(RawAction::Deny) => Action::Deny,
        None => {
            found.note(&at.key("action"), "missing: allow, deny, redirect or cooldown");
            Action::Deny
        }
    }
}

fn text(raw: Option<&str>, most: usize, at: &Path, found: &mut Collector) -> String {
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

fn link(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    let link = text(raw, limits::MAX_LINK_BYTES, at, found);
    let is_url = ["http://", "https://"].iter().any(|scheme| link.starts_with(scheme));
    if raw.is_some() && !(is_url && link.bytes().all(|b| b.is_ascii_graphic())) {
        found.note(at, "a link is a URL that begins with http:// or https://");
    }
    link
}
