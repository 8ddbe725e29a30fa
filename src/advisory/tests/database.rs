//! Go's database, from the table that Go has written.

use std::collections::BTreeMap;

use serde_json::json;

use crate::advisory::{Affected, Event, Ranges, Record, osv};
use crate::gomod::Version;

const TABLE: &str = include_str!("../testdata/advisories.txt");

/// A report.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) id: &'static str,
    pub(crate) day: &'static str,
    pub(crate) status: &'static str,
    pub(crate) aliases: Vec<&'static str>,
}

/// A range of a report.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) module: &'static str,
    pub(crate) id: &'static str,
    pub(crate) verdicts: &'static str,
    pub(crate) events: Vec<&'static str>,
}

pub(crate) fn reports() -> impl Iterator<Item = Report> {
    TABLE.lines().take_while(|line| !line.starts_with("module ")).map(|line| {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap();
        let (id, day, status) = (next(), next(), next());
        Report { id, day, status, aliases: words.collect() }
    })
}

pub(crate) fn ranges() -> impl Iterator<Item = Range> {
    let lines = TABLE.lines().skip_while(|line| !line.starts_with("module "));
    lines
        .scan("", |module, line| {
            let mut words = line.split(' ');
            let (id, verdicts) = (words.next().unwrap(), words.next().unwrap());
            if id == "module" {
                *module = verdicts;
                return Some(None);
            }
            Some(Some(Range { module, id, verdicts, events: words.collect() }))
        })
        .flatten()
}

/// All records, as they are read at a time when those that are withdrawn were.
pub(crate) fn go_database() -> Vec<Record> {
    let mut records: Vec<Record> = reports()
        .map(|report| {
            let published = osv::read_time(&format!("{}T00:00:00Z", report.day)).unwrap();
            Record {
                id: report.id.to_owned(),
                aliases: report.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
                modified: published.after(std::time::Duration::from_secs(86_400)),
                published,
                is_reviewed: report.status != "unreviewed",
                ..Record::default()
            }
        })
        .collect();
    let withdrawn: Vec<_> =
        reports().filter(|report| report.status == "withdrawn").map(|one| one.id).collect();
    for range in ranges().filter(|range| !withdrawn.contains(&range.id)) {
        let at = records.binary_search_by(|record| record.id.as_str().cmp(range.id)).unwrap();
        let (module, ranges) = (range.module.to_owned(), range.ranges());
        records[at].affected.push(Affected { module, ranges, versions: Vec::new() });
    }
    records
}

impl Range {
    pub(crate) fn ranges(&self) -> Ranges {
        Ranges::new(self.events.iter().map(|event| event_of(event)).collect())
    }
}

fn event_of(event: &str) -> Event {
    let version = |text: &str| Version::canonical(&format!("v{text}")).unwrap();
    match event.strip_prefix('-') {
        Some(fixed) => Event::Fixed(version(fixed)),
        None if event == "0" => Event::Introduced(None),
        None => Event::Introduced(Some(version(event))),
    }
}

/// What the ranges say of the six versions around an event, as the table writes it.
pub(super) fn character(ranges: &Ranges, event: &str) -> char {
    let around = around(event.trim_start_matches('-'));
    let bits = around.iter().fold(0, |bits, version| {
        let version = Version::canonical(&format!("v{version}")).unwrap();
        bits << 1 | usize::from(ranges.contain(&version))
    });
    char::from(CHARACTERS[bits])
}

/// The six verdicts that a character stands for.
pub(super) fn bits(character: u8) -> impl Iterator<Item = bool> {
    let bits = CHARACTERS.iter().position(|one| *one == character).unwrap();
    (0..6).rev().map(move |bit| bits >> bit & 1 == 1)
}

const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// As `around` of `wasm-tests/golden/advisories.go`.
fn around(version: &str) -> [String; 6] {
    let version = if version == "0" { "0.0.0" } else { version };
    let release = version.split(['+', '-']).next().unwrap();
    let (minor, patch) = release.rsplit_once('.').unwrap();
    let patch: u64 = patch.parse().unwrap();
    let before =
        patch.checked_sub(1).map_or_else(|| format!("{release}-0"), |before| format!("{minor}.{before}"));
    let after = format!("{minor}.{}", patch + 1);
    let pseudo = "-0.20200229123456-abcdefabcdef";
    [
        version.to_owned(),
        release.to_owned(),
        before,
        after.clone(),
        format!("{release}{pseudo}"),
        format!("{after}{pseudo}"),
    ]
}

/// A record as its database has it, with so many bytes of text beside.
pub(crate) fn json(record: &Record, details: usize) -> String {
    let affected: Vec<_> = record
        .affected
        .iter()
        .map(|affected| {
            let events: Vec<_> = affected.ranges.events().iter().map(event_json).collect();
            let ranges = if events.is_empty() { json!([]) } else { json!([{"type": "SEMVER", "events": events}]) };
            let versions: Vec<&str> = affected.versions.iter().map(Version::as_str).collect();
            json!({"package": {"name": affected.module, "ecosystem": "Go"}, "ranges": ranges, "versions": versions})
        })
        .collect();
    let status = if record.is_reviewed { "REVIEWED" } else { "UNREVIEWED" };
    json!({
        "schema_version": "1.3.1",
        "id": record.id,
        "modified": record.modified.rfc3339(),
        "published": record.published.rfc3339(),
        "aliases": record.aliases,
        "details": text(details),
        "affected": affected,
        "database_specific": {"review_status": status},
    })
    .to_string()
}

/// Text that does not pack well.
fn text(length: usize) -> String {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b' ' + (state >> 25) as u8 % 64).to_ascii_lowercase()
    };
    (0..length).map(|_| next()).filter(|next| !matches!(next, '"' | '\\')).collect()
}

fn event_json(event: &Event) -> serde_json::Value {
    let bare = |version: &Version| version.as_str().trim_start_matches('v').to_owned();
    match event {
        Event::Introduced(None) => json!({"introduced": "0"}),
        Event::Introduced(Some(version)) => json!({"introduced": bare(version)}),
        Event::Fixed(version) => json!({"fixed": bare(version)}),
        Event::LastAffected(version) => json!({"last_affected": bare(version)}),
    }
}

/// The list that a database has of its records, by module.
pub(crate) fn index_json(records: &[Record]) -> String {
    let mut modules: BTreeMap<&str, Vec<serde_json::Value>> = BTreeMap::new();
    for record in records {
        for affected in &record.affected {
            let listed = json!({"id": record.id, "modified": record.modified.rfc3339()});
            modules.entry(&affected.module).or_default().push(listed);
        }
    }
    let modules = modules.into_iter().map(|(path, vulns)| json!({"path": path, "vulns": vulns}));
    modules.collect::<serde_json::Value>().to_string()
}

/// A zip of records, each with so many bytes of text.
pub(crate) fn zip(records: &[Record], details: usize) -> Vec<u8> {
    let files: Vec<_> = records
        .iter()
        .map(|record| (format!("ID/{}.json", record.id), json(record, details).into_bytes()))
        .collect();
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    crate::sim::zip("", &files)
}
