//! The rules of a list.

use std::{collections::BTreeMap, fmt::Write, iter::Enumerate, vec::IntoIter};

use super::advised::{advised, floor, spares_fixes};
use super::licensed::licensed;
use super::look_alike::looks_like;
use super::principals;
use crate::config::compile::{endpoint, given, patterns, plain_name};
use crate::config::limits;
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{ENFORCE, RawAction, RawRule, Section};
use crate::gomod::{ModulePath, TOOLCHAIN};
use crate::policy::{Action, Principal, Rule, Versions};

/// A list of rules that is being compiled, no name twice.
#[derive(Debug)]
pub(in crate::config) struct RuleList {
    raw: Enumerate<IntoIter<Section<RawRule>>>,
    /// What their places begin with for people.
    whose: &'static str,
    at: Path,
    has_upstream: bool,
    names: BTreeMap<String, usize>,
    /// How many modules they list that others look like.
    meant: usize,
    rules: Vec<Rule>,
}

/// What a module takes that others look like, beside another name in a rule: it is hashed as often as it has letters.
const WORK_OF_LIKES: usize = 10;

impl RuleList {
    /// Of these, of which none was looked at yet. `whose` begins what their places are called for people.
    pub(super) fn new(
        raw: Option<Vec<Section<RawRule>>>,
        whose: &'static str,
        at: Path,
        has_upstream: bool,
    ) -> Self {
        let raw = raw.unwrap_or_default();
        let rules = Vec::with_capacity(raw.len().min(limits::MAX_RULES));
        Self {
            raw: raw.into_iter().enumerate(),
            whose,
            at,
            has_upstream,
            names: BTreeMap::new(),
            meant: 0,
            rules,
        }
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
            self.meant = self.meant.saturating_add(meant_in(&raw));
            if self.meant > limits::MAX_LOOK_ALIKES && meant_in(&raw) > 0 {
                let most = limits::MAX_LOOK_ALIKES;
                let at = here.key("looks_like").key("of");
                found.note(&at, format!("too many: at most {most} are allowed in all rules of a list"));
                return true;
            }
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
            self.rules.push(rule(raw, place(self.whose, n), &here, self.has_upstream, found));
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
    let ids = raw.advisories.0.as_ref().and_then(|advised| advised.ids.as_ref());
    let licenses = raw.license.0.iter().flat_map(|licensed| [&licensed.any, &licensed.not]).flatten();
    let lists = [&raw.modules, &raw.exact, &raw.versions, &raw.principals];
    let names: usize = lists.into_iter().flatten().chain(ids).chain(licenses).map(Vec::len).sum();
    names.saturating_add(meant_in(raw).saturating_mul(WORK_OF_LIKES))
}

/// How many modules a rule lists that others look like.
fn meant_in(raw: &RawRule) -> usize {
    raw.looks_like.0.as_ref().and_then(|likes| likes.of.as_ref()).map_or(0, Vec::len)
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

/// What the rule in this place of its list is called for people.
fn place(whose: &str, n: usize) -> String {
    // Long enough at once: it would grow piece by piece.
    let mut place = String::with_capacity(whose.len().saturating_add("rules[00000]".len()));
    place.push_str(whose);
    // Text takes what is written to it.
    let _ = write!(place, "rules[{n}]");
    place
}

/// Compiles a rule. A place in the document is made for the fields that are there: most rules have three of a dozen.
fn rule(raw: RawRule, place: String, at: &Path, has_upstream: bool, found: &mut Collector) -> Rule {
    let is_none = |list: &Option<Vec<_>>| list.as_ref().is_none_or(Vec::is_empty);
    // Wrong `exact` paths have been noted; they would have been some.
    if is_none(&raw.modules) && is_none(&raw.exact) && !found.covers(&at.key("exact")) {
        found.note(
            &at.key("modules"),
            "missing: globs of the modules it is for, `*` for every one, or `exact` paths",
        );
    }
    let action = action(&raw, at, has_upstream, found);
    let modules =
        listed(raw.modules.as_ref(), at, "modules", found, |list, at, found| patterns(Some(list), at, found));
    let has_floor = raw.toolchain.0.is_some();
    let rule = Rule {
        name: raw.name.map(|raw| name(raw, &at.key("name"), found)).unwrap_or_default(),
        place,
        modules: modules.unwrap_or_default().into_iter().collect(),
        exact: listed(raw.exact.as_ref(), at, "exact", found, exact).unwrap_or_default(),
        versions: listed(raw.versions.as_ref(), at, "versions", found, versions).flatten(),
        hashes: Vec::new(),
        principals: listed(raw.principals.as_ref(), at, "principals", found, principals_of)
            .unwrap_or_default(),
        advised: advised(raw.advisories.0, &at.key("advisories"), found),
        go_before: raw.toolchain.0.and_then(|raw| floor(raw, &at.key("toolchain"), found)),
        license: licensed(raw.license.0, raw.action, &at.key("license"), found),
        looks_like: looks_like(
            raw.looks_like.0,
            raw.enforce.unwrap_or(ENFORCE),
            &at.key("looks_like"),
            found,
        ),
        spares_fixes: spares_fixes(raw.except.as_deref(), &at.key("except"), found),
        action,
        enforced: raw.enforce.unwrap_or(ENFORCE),
        reason: raw
            .reason
            .map(|raw| text(raw, limits::MAX_REASON_BYTES, &at.key("reason"), found))
            .unwrap_or_default(),
        link: raw.link.map(|raw| link(raw, &at.key("link"), found)).unwrap_or_default(),
    };
    let is_of_toolchains = || ModulePath::parse(TOOLCHAIN).is_ok_and(|module| rule.names(&module));
    if has_floor && !is_of_toolchains() {
        found.note(
            &at.key("toolchain"),
            format!("the rule is not for {TOOLCHAIN}, which toolchains are versions of"),
        );
    }
    rule
}

/// Compiles a list of a rule, where it is there, and notes one that is longer than allowed.
pub(super) fn listed<T>(
    raw: Option<&Vec<Option<String>>>,
    rule: &Path,
    field: &'static str,
    found: &mut Collector,
    compile: impl FnOnce(&[Option<String>], &Path, &mut Collector) -> T,
) -> Option<T> {
    let (list, at) = (raw?, rule.key(field));
    if list.len() > limits::MAX_LISTED {
        found.note(&at, format!("too many: at most {} are allowed", limits::MAX_LISTED));
    }
    Some(compile(list, &at, found))
}

pub(super) fn name(name: String, at: &Path, found: &mut Collector) -> String {
    plain_name(&name, at, found);
    if limits::RESERVED_RULES.iter().any(|words| words.contains(&name.as_str())) {
        found.note(at, format!("{} is what metrics call something else; give it another", quoted(&name)));
    }
    name
}

pub(super) fn exact(raw: &[Option<String>], at: &Path, found: &mut Collector) -> Vec<ModulePath> {
    let mut paths = Vec::with_capacity(raw.len());
    for (n, text) in given(Some(raw)) {
        match ModulePath::parse(text) {
            Ok(path) => paths.push(path),
            Err(error) => found.note(&at.index(n), error.to_string()),
        }
    }
    paths
}

pub(super) fn versions(raw: &[Option<String>], at: &Path, found: &mut Collector) -> Option<Versions> {
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

pub(super) fn principals_of(raw: &[Option<String>], at: &Path, found: &mut Collector) -> Vec<Principal> {
    if raw.is_empty() {
        found.note(at, "an empty list has no caller; leave it out for everybody");
    }
    principals(Some(raw), at, found)
}

fn action(raw: &RawRule, at: &Path, has_upstream: bool, found: &mut Collector) -> Action {
    let age = raw.age.as_ref().map(|age| RawRule::AGE.read(Some(age), at, found));
    // Where the action itself is wrong, it is unknown which fields belong to it.
    if age.is_some() && !matches!(raw.action, None | Some(RawAction::Cooldown)) {
        found.note(&at.key("age"), "only a rule with the action cooldown has an age");
    }
    if raw.except.is_some() && !matches!(raw.action, None | Some(RawAction::Cooldown)) {
        found.note(&at.key("except"), "only a rule with the action cooldown has versions that need not wait");
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

pub(super) fn text(text: String, most: usize, at: &Path, found: &mut Collector) -> String {
    if text.len() > most {
        found.note(at, format!("{} bytes: the go command would not show more than {most}", text.len()));
    }
    if text.chars().any(char::is_control) {
        found.note(
            at,
            "it has line ends or other control characters, for which the go command would show nothing",
        );
    }
    text
}

pub(super) fn link(raw: String, at: &Path, found: &mut Collector) -> String {
    let link = text(raw, limits::MAX_LINK_BYTES, at, found);
    let is_url = ["http://", "https://"].iter().any(|scheme| link.starts_with(scheme));
    if !(is_url && link.bytes().all(|b| b.is_ascii_graphic())) {
        found.note(at, "a link is a URL that begins with http:// or https://");
    }
    link
}
