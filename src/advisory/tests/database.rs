//! Go's database, from the table that Go has written.

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
