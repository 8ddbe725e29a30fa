//! The section `sync`.

use serde_json::{Map, Value};

use super::{endpoint, given, header, named, patterns, plain_name, policy};
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{RawFeed, RawFleet, RawForecast, RawHook, RawPrewarm, RawSync};
use crate::config::{Feed, Fleet, Forecast, Hook, Mapping, Match, Prewarm, Secret, Sync, limits};
use crate::forecast;
use crate::gomod::Patterns;
use crate::hook::{Kind, key_of, plain, repository_of};

/// Where a generic hook has its signature.
const SIGNATURE_HEADER: &str = "x-modgate-signature";

/// `is_stored` says whether there is a storage that is written to.
pub(super) fn sync(
    raw: &RawSync,
    is_stored: bool,
    at: &Path,
    matching: &Match,
    found: &mut Collector,
) -> Sync {
    let hooks = named(raw.hooks.as_deref(), &at.key("hooks"), limits::MAX_HOOKS, found, |raw, at, found| {
        let hook = hook(raw, at, found);
        (hook.name.clone(), hook)
    });
    let feeds = named(raw.feeds.as_deref(), &at.key("feeds"), limits::MAX_FEEDS, found, |raw, at, found| {
        let feed = feed(raw, at, matching, found);
        (feed.name.clone(), feed)
    });
    let modules: Patterns = patterns(raw.modules.as_deref(), &at.key("modules"), found).into_iter().collect();
    if !modules.is_empty() && feeds.is_empty() && !found.covers(&at.key("feeds")) {
        found.note(&at.key("modules"), "without `feeds` nothing tells of their versions");
    }
    let at_fleet = at.key("fleet");
    let fleet = raw.fleet.0.as_ref().map(|raw| fleet(raw, is_stored, &at_fleet, found));
    let is_told = !hooks.is_empty() || !feeds.is_empty();
    if fleet.is_some() && !is_told && !found.covers(&at.key("hooks")) && !found.covers(&at.key("feeds")) {
        found.note(&at_fleet, "without `hooks` and `feeds` there is nothing to share");
    }
    let forecast = raw.forecast.0.as_ref().map(|raw| forecast(raw, is_stored, &at.key("forecast"), found));
    let prewarm = raw.prewarm.0.as_ref().map(|raw| prewarm(raw, is_stored, &at.key("prewarm"), found));
    Sync { hooks, feeds, fleet, modules, forecast, prewarm }
}

fn fleet(raw: &RawFleet, is_stored: bool, at: &Path, found: &mut Collector) -> Fleet {
    if !is_stored {
        found.note(at, "it needs a `storage`: there the gateways tell each other what they have heard");
    }
    Fleet { every: RawFleet::EVERY.read(raw.every.as_ref(), at, found) }
}

fn forecast(raw: &RawForecast, is_stored: bool, at: &Path, found: &mut Collector) -> Forecast {
    if !is_stored {
        found.note(at, "without a storage that is written to, nothing would remember the weeks before");
    }
    let window = RawForecast::WINDOW.read(raw.window.as_ref(), at, found);
    let lead = window.saturating_mul(RawForecast::AHEAD.read(raw.ahead, at, found));
    if lead > forecast::HOUR {
        let [window, ahead] = [RawForecast::WINDOW.name, RawForecast::AHEAD.name];
        found.note(
            at,
            format!("`{window}` times `{ahead}` is more than an hour, and an hour is what is foreseen"),
        );
    }
    let documents =
        usize::try_from(RawForecast::DOCUMENTS.read(raw.documents, at, found)).unwrap_or(usize::MAX);
    Forecast { window, lead, documents }
}

fn prewarm(raw: &RawPrewarm, is_stored: bool, at: &Path, found: &mut Collector) -> Prewarm {
    if !is_stored {
        found.note(at, "without a storage that is written to, what is fetched would be kept nowhere");
    }
    let listed = at.key("modules");
    Prewarm {
        principals: policy::principals(raw.principals.as_deref(), &at.key("principals"), found),
        modules: patterns(raw.modules.as_deref(), &listed, found).into_iter().collect(),
        rate: RawPrewarm::RATE.read(raw.rate, at, found),
    }
}

fn feed(raw: &RawFeed, at: &Path, matching: &Match, found: &mut Collector) -> Feed {
    let at_name = at.key("name");
    match &raw.name {
        None if found.covers(&at_name) => {}
        None => found.note(&at_name, "missing: what metrics and logs call it, such as golang"),
        Some(name) => plain_name(name, &at_name, found),
    }
    Feed {
        name: raw.name.clone().unwrap_or_default(),
        endpoint: endpoint::endpoint(&raw.endpoint(), at, matching, found),
        interval: RawFeed::INTERVAL.read(raw.interval.as_ref(), at, found),
    }
}

fn hook(raw: &RawHook, at: &Path, found: &mut Collector) -> Hook {
    let at_name = at.key("name");
    match &raw.name {
        None if found.covers(&at_name) => {}
        None => found.note(&at_name, "missing: what its address, metrics and logs call it, such as forge"),
        Some(name) => plain_name(name, &at_name, found),
    }
    let at_kind = at.key("kind");
    if raw.kind.is_none() {
        found.note(&at_kind, "missing: who sends it, such as github");
    }
    let kind = raw.kind.unwrap_or(Kind::Generic);
    let repositories = repositories(raw.repositories.as_ref(), &at.key("repositories"), found);
    let is_known = !found.covers(&at_kind);
    if kind.is_without_host() && repositories.is_empty() && is_known {
        found.note(
            &at.key("repositories"),
            "missing: this host does not say its name, so they say which modules its repositories have",
        );
    }
    Hook {
        name: raw.name.clone().unwrap_or_default(),
        kind,
        secrets: secrets(raw.secrets.as_deref(), &at.key("secrets"), found),
        header: proving_header(raw.header.as_deref(), kind, is_known, &at.key("header"), found),
        repositories,
    }
}

/// Checks every secret. No message quotes one.
fn secrets(raw: Option<&[Option<String>]>, at: &Path, found: &mut Collector) -> Vec<Secret> {
    let most = limits::MAX_HOOK_SECRETS;
    let list = raw.unwrap_or_default();
    if list.is_empty() {
        found.note(at, "missing: what only the sender knows");
    } else if list.len() > most {
        found.note(at, format!("too many: at most {most} are allowed"));
    }
    let mut secrets = Vec::new();
    for (n, text) in given(Some(list)) {
        let at = at.index(n);
        let (least, most) = (limits::MIN_HOOK_SECRET_BYTES, limits::MAX_HOOK_SECRET_BYTES);
        let is_key = key_of(text).is_some_and(|key| key.len() >= least);
        if !(least..=most).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            found.note(&at, format!("a secret is {least} to {most} visible ASCII characters"));
        } else if !is_key {
            found.note(&at, format!("what follows whsec_ is not the base64 of {least} bytes or more"));
        }
        secrets.push(Secret::from(text));
    }
    secrets
}

fn proving_header(raw: Option<&str>, kind: Kind, is_known: bool, at: &Path, found: &mut Collector) -> String {
    match raw {
        None if kind == Kind::Generic => SIGNATURE_HEADER.to_owned(),
        None => String::new(),
        Some(_) if !kind.takes_header() && is_known => {
            found.note(at, "this host proves itself by headers of its own: leave it out");
            String::new()
        }
        Some(name) => {
            let lower = name.to_ascii_lowercase();
            if !header::is_token(&lower) {
                found.note(at, format!("{} is not a header name", quoted(name)));
            }
            lower
        }
    }
}

fn repositories(raw: Option<&Map<String, Value>>, at: &Path, found: &mut Collector) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    for (n, (pattern, modules)) in raw.into_iter().flatten().enumerate() {
        let (most, at) = (limits::MAX_HOOK_REPOSITORIES, at.key(pattern.clone()));
        if n == most {
            found.note(&at, format!("too many: at most {most} are allowed"));
        }
        let Value::String(modules) = modules else {
            found.note(&at, "the path of modules is text, such as \"go.example.com/*\"");
            continue;
        };
        let (repository, rest) = cut(pattern);
        let (path, follows) = cut(modules);
        let is_name = |name: &str| {
            repository_of(name.trim_end_matches('/')).is_some_and(|same| same == name.trim_end_matches('/'))
        };
        if !is_name(repository) {
            found.note(
                &at,
                format!("{} is not a repository's host and path, nor one with /* behind", quoted(pattern)),
            );
        } else if !is_name(path) {
            found
                .note(&at, format!("{} is not the path of modules, nor one with /* behind", quoted(modules)));
        } else if follows && !rest {
            found.note(&at, "the repository has no asterisk that this one could stand for");
        }
        mappings.push(Mapping { repository: plain(repository), rest, modules: path.to_owned() });
    }
    mappings
}

/// What stands before an asterisk at the end, and whether there is one; with the slash before it.
fn cut(text: &str) -> (&str, bool) {
    match text.strip_suffix('*') {
        Some(before) if before.ends_with('/') => (before, true),
        _ => (text, false),
    }
}
