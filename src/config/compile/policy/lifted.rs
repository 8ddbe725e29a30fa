//! What stands above the rules: what is malicious, and the waivers.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};

use super::rule::{self, listed};
use super::{id, ids};
use crate::config::compile::{each, given, patterns};
use crate::config::limits;
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{RawMalicious, RawWaiver, Section};
use crate::gomod::{ModulePath, Patterns};
use crate::http::Timestamp;
use crate::modzip::H1;
use crate::policy::{Action, Rule, Waiver};

/// What operators list as malicious, as rules that deny; `whose` begins what their places are called for people.
pub(super) fn malicious(
    raw: Option<&[Section<RawMalicious>]>,
    whose: &str,
    at: &Path,
    found: &mut Collector,
) -> Vec<Rule> {
    let mut known = BTreeMap::new();
    let (mut n, mut hashed): (usize, usize) = (0, 0);
    each(raw, Some(limits::MAX_MALICIOUS), at, found, |raw, at, found| {
        let place = format!("{whose}malicious[{n}]");
        n = n.saturating_add(1);
        let name = match &raw.id {
            Some(text) => id(text, &at.key("id"), found).unwrap_or_default(),
            None => {
                found.note(&at.key("id"), "missing: the id by which refusals and waivers name it");
                String::new()
            }
        };
        if let Some(first) = known.insert(name.clone(), place.clone()).filter(|_| !name.is_empty()) {
            found.note(&at.key("id"), format!("{} is the id of {first} already", quoted(&name)));
        }
        let hashes = listed(raw.hashes.as_ref(), at, "hashes", found, hashes).unwrap_or_default();
        hashed = hashed.saturating_add(hashes.len());
        if hashed > limits::MAX_HASHES && !hashes.is_empty() {
            let most = limits::MAX_HASHES;
            found.note(&at.key("hashes"), format!("too many: at most {most} are allowed in all of the list"));
        }
        let (modules, exact) = match raw.hashes.is_some() {
            true if raw.modules.is_none() && raw.exact.is_none() => {
                if raw.versions.is_some() {
                    found.note(&at.key("versions"), "it names no modules, and a hash is of one version");
                }
                (Patterns::default(), Vec::new())
            }
            _ => modules(raw.modules.as_ref(), raw.exact.as_ref(), OR_HASHES, at, found),
        };
        Rule {
            name,
            exact,
            hashes,
            versions: listed(raw.versions.as_ref(), at, "versions", found, rule::versions).flatten(),
            reason: text(raw.reason.as_ref(), limits::MAX_REASON_BYTES, &at.key("reason"), found),
            link: raw
                .link
                .as_ref()
                .map(|raw| rule::link(raw.clone(), &at.key("link"), found))
                .unwrap_or_default(),
            ..Rule::new(&place, modules, Action::Deny)
        }
    })
}

/// What can stand in place of modules.
const OR_HASHES: &str = ", or `hashes` of zips";

fn hashes(raw: &[Option<String>], at: &Path, found: &mut Collector) -> Vec<H1> {
    if raw.is_empty() {
        found.note(at, "an empty list has no hash");
    }
    let mut hashes = Vec::with_capacity(raw.len());
    for (n, text) in given(Some(raw)) {
        match H1::parse(text) {
            Some(hash) => hashes.push(hash),
            None => found.note(
                &at.index(n),
                format!("{} is no hash as go.sum has it: h1: and 44 characters of base64", quoted(text)),
            ),
        }
    }
    hashes
}

/// The waivers; `whose` begins what their places are called for people.
pub(super) fn waivers(
    raw: Option<&[Section<RawWaiver>]>,
    whose: &str,
    at: &Path,
    found: &mut Collector,
) -> Vec<Waiver> {
    let mut known = BTreeMap::new();
    let mut n: usize = 0;
    each(raw, Some(limits::MAX_WAIVERS), at, found, |raw, at, found| {
        let place = format!("{whose}waivers[{n}]");
        n = n.saturating_add(1);
        let name = raw.name.as_ref().map(|name| rule::name(name.clone(), &at.key("name"), found));
        let name = name.unwrap_or_default();
        if let Some(first) = known.insert(name.clone(), place.clone()).filter(|_| !name.is_empty()) {
            found.note(&at.key("name"), format!("{} is the name of {first} already", quoted(&name)));
        }
        if raw.ids.is_none() {
            found.note(&at.key("ids"), "missing: the ids of the advisories that it lifts");
        }
        for (field, text) in [("by", &raw.by), ("reason", &raw.reason)] {
            if text.as_ref().is_none_or(|text| text.trim().is_empty()) {
                found.note(&at.key(field), "missing: a waiver says who has decided it, and why");
            }
        }
        let (modules, exact) = modules(raw.modules.as_ref(), raw.exact.as_ref(), "", at, found);
        Waiver {
            name,
            modules,
            exact,
            versions: listed(raw.versions.as_ref(), at, "versions", found, rule::versions).flatten(),
            ids: listed(raw.ids.as_ref(), at, "ids", found, ids).unwrap_or_default(),
            principals: listed(raw.principals.as_ref(), at, "principals", found, rule::principals_of)
                .unwrap_or_default(),
            until: until(raw.until.as_deref(), &at.key("until"), found),
            by: text(raw.by.as_ref(), limits::MAX_WAIVER_TEXT_BYTES, &at.key("by"), found),
            ticket: text(raw.ticket.as_ref(), limits::MAX_WAIVER_TEXT_BYTES, &at.key("ticket"), found),
            reason: text(raw.reason.as_ref(), limits::MAX_REASON_BYTES, &at.key("reason"), found),
            place,
        }
    })
}

fn modules(
    globs: Option<&Vec<Option<String>>>,
    exact: Option<&Vec<Option<String>>>,
    or: &str,
    at: &Path,
    found: &mut Collector,
) -> (Patterns, Vec<ModulePath>) {
    let is_none = |list: Option<&Vec<_>>| list.is_none_or(Vec::is_empty);
    if is_none(globs) && is_none(exact) && !found.covers(&at.key("exact")) {
        let why = format!("missing: globs of the modules it is for, or `exact` paths{or}");
        found.note(&at.key("modules"), why);
    }
    let globs = listed(globs, at, "modules", found, |list, at, found| patterns(Some(list), at, found));
    let exact = listed(exact, at, "exact", found, rule::exact);
    (globs.unwrap_or_default().into_iter().collect(), exact.unwrap_or_default())
}

/// The end of a day, or the moment that is written.
fn until(raw: Option<&str>, at: &Path, found: &mut Collector) -> Timestamp {
    let Some(text) = raw else {
        found.note(at, "missing: its last day, such as \"2027-03-01\"; a waiver ends");
        return Timestamp::default();
    };
    // The parser takes days and months of one digit; the form has one length.
    let day = |text: &str| {
        let day =
            NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == "2027-03-01".len());
        day?.succ_opt()?.and_hms_opt(0, 0, 0)
    };
    let moment = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
    let end = moment.or_else(|| day(text).map(|end| end.and_utc().timestamp_millis()));
    match end.and_then(|millis| u64::try_from(millis).ok()) {
        Some(millis) => Timestamp(millis),
        None => {
            let shown = quoted(text);
            found.note(at, format!("{shown} is no day such as \"2027-03-01\", and no time as in RFC 3339"));
            Timestamp::default()
        }
    }
}

fn text(raw: Option<&String>, most: usize, at: &Path, found: &mut Collector) -> String {
    raw.map(|raw| rule::text(raw.clone(), most, at, found)).unwrap_or_default()
}
