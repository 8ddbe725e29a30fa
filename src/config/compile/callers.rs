//! The section `callers`.

use super::{each, given, header};
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{RawCallerSource, RawCallers};
use crate::config::{CallerSource, Callers, Config, Match, Origin, limits};
use crate::policy::Principal;

/// The roots of attributes that a client cannot write.
const ROOTS: [&str; 3] = ["connection", "filter_state", "metadata"];

/// What cannot stand in a prefix: rules name callers by globs, whose signs these are.
const GLOB_SIGNS: [char; 4] = ['*', '?', '[', '\\'];

/// A source, and whether it is believed.
struct Compiled {
    at: Path,
    source: CallerSource,
    is_believed: bool,
}

pub(super) fn callers(
    raw: &RawCallers,
    at: &Path,
    matching: &Match,
    found: &mut Collector,
    warnings: &mut Vec<String>,
) -> Callers {
    let at = at.key("principals");
    let most = Some(limits::MAX_CALLER_SOURCES);
    let compiled = each(raw.principals.as_deref(), most, &at, found, |raw, at, found| {
        source(raw, at.clone(), matching, found)
    });
    let compiled: Vec<_> = compiled.into_iter().flatten().collect();
    check_prefixes(&compiled, found);
    let (believed, ignored) = compiled.into_iter().partition::<Vec<_>, _>(|one| one.is_believed);
    for Compiled { at, .. } in ignored {
        let what = "not read, for any client could send it: where the gateway removes what clients send of it, say so";
        warnings.push(format!("{at}: {what} (\"trusted\": true)"));
    }
    Callers { principals: believed.into_iter().map(|one| one.source).collect() }
}

/// What is odd about rules for callers where callers have no names. In a bundle that is not known yet.
pub(super) fn no_caller_has_a_name(config: &Config) -> Option<String> {
    let is_named = |principal: &Principal| *principal != Principal::Anonymous;
    let mut rules = config.policy.rules.iter().chain(config.policy.filter.iter());
    let rule = rules.find(|rule| rule.principals.iter().any(is_named));
    let waiver = config.policy.waivers.iter().find(|waiver| waiver.principals.iter().any(is_named));
    let whose = match rule.map(|rule| &rule.place).or_else(|| waiver.map(|waiver| &waiver.place)) {
        Some(place) => place.as_str(),
        None if config.admin.explain.iter().any(is_named) => "admin.explain",
        None => return None,
    };
    config.callers.principals.is_empty().then(|| {
        format!("{whose} is for callers with names, but `callers` names no place to read them from: no caller has a name")
    })
}

fn source(raw: &RawCallerSource, at: Path, matching: &Match, found: &mut Collector) -> Option<Compiled> {
    let separator = separator(raw.separator.as_deref(), &at.key("separator"), found);
    let prefix = prefix(raw.prefix.as_deref(), &at.key("prefix"), found);
    let trusted = raw.trusted.unwrap_or_default();
    let (origin, is_believed) = match (&raw.header, &raw.property, raw.xfcc) {
        (Some(name), None, None) => {
            let name = name.to_ascii_lowercase();
            if let Err(why) = header::may_name_callers(&name, matching) {
                found.note(&at.key("header"), format!("{} cannot say who asks: {why}", quoted(&name)));
            }
            (Origin::Header(name), trusted)
        }
        (None, Some(path), None) => {
            if raw.trusted.is_some() {
                found.note(&at.key("trusted"), "a property is the gateway's own word: leave it out");
            }
            (Origin::Property(property(path, &at.key("property"), found)), true)
        }
        (None, None, Some(key)) => {
            if separator.is_some() {
                found.note(&at.key("separator"), "what it separates has separators of its own: leave it out");
            }
            (Origin::Xfcc(key), trusted)
        }
        _ => {
            let is_noted = ["header", "property", "xfcc"].into_iter().any(|key| found.covers(&at.key(key)));
            if !is_noted {
                found.note(&at, "it needs one of header, property and xfcc");
            }
            return None;
        }
    };
    Some(Compiled { source: CallerSource { origin, prefix, separator }, is_believed, at })
}

/// The elements of an attribute's path.
fn property(path: &[Option<String>], at: &Path, found: &mut Collector) -> Vec<String> {
    let path: Vec<String> = given(Some(path)).map(|(_, element)| element.to_owned()).collect();
    let is_root = |root: &str| path.first().is_some_and(|first| first == root);
    let second = path.get(1).map_or("", String::as_str);
    if path.len() < 2 || path.iter().any(String::is_empty) {
        found.note(
            at,
            "it is not the path of an attribute, such as [\"connection\", \"uri_san_peer_certificate\"]",
        );
    } else if !ROOTS.iter().any(|root| is_root(root)) {
        found.note(
            at,
            format!(
                "only what lies in {} is the gateway's own word; a header is a `header`",
                ROOTS.join(", ")
            ),
        );
    } else if is_root("connection") && !second.ends_with("_peer_certificate") {
        found.note(at, "of a connection only what ends in _peer_certificate says who the client is");
    }
    path
}

fn separator(raw: Option<&str>, at: &Path, found: &mut Collector) -> Option<char> {
    let raw = raw?;
    let mut characters = raw.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) if only == ' ' || only.is_ascii_punctuation() => Some(only),
        _ => {
            found.note(at, format!("{} is not a blank or one sign such as a comma", quoted(raw)));
            None
        }
    }
}

fn prefix(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    let prefix = raw.unwrap_or_default();
    let most = limits::MAX_CALLER_PREFIX_BYTES;
    if prefix.len() > most || !prefix.bytes().all(|b| b.is_ascii_graphic()) || prefix.contains(GLOB_SIGNS) {
        found.note(
            at,
            format!("{} is not at most {most} visible ASCII characters without * ? [ \\", quoted(prefix)),
        );
    } else if prefix.starts_with('@') {
        found.note(at, "rules take what begins with @ for a word of their own (@anonymous)");
    }
    prefix.to_owned()
}

/// Where names come from several sources of any kind, none may be taken for one of another.
fn check_prefixes(compiled: &[Compiled], found: &mut Collector) {
    let prefix = |one: &Compiled| one.source.prefix.clone();
    for (n, one) in compiled.iter().enumerate() {
        let at = one.at.key("prefix");
        if compiled.len() > 1 && prefix(one).is_empty() {
            found.note(&at, "missing: with several sources each needs one, such as \"user:\" or \"team:\"");
        }
        let collides = |other: &&Compiled| {
            let (mine, others) = (prefix(one), prefix(other));
            mine != others
                && !others.is_empty()
                && !mine.is_empty()
                && (mine.starts_with(&others) || others.starts_with(&mine))
        };
        if let Some(other) = compiled.iter().take(n).find(collides) {
            found.note(
                &at,
                format!(
                    "{} and {} of {} begin alike, so that a name of one could be taken for one of the other",
                    quoted(&prefix(one)),
                    quoted(&prefix(other)),
                    other.at
                ),
            );
        }
    }
}
