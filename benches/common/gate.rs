//! What stands beside 10,000 rules in a gate that is in use: advisories in the number of Go's own database, and waivers.

use std::collections::BTreeMap;

use modgate::advisory::{Advisories, Affected, Event, Ranges, Record, Severity};
use modgate::gomod::{Patterns, Version};
use modgate::http::Timestamp;
use modgate::policy::{Action, Advised, InForce, Origin, Rule, Ruleset, Waiver, Waivers};

use super::list;

const DATABASE: &str = include_str!("../../src/advisory/testdata/advisories.txt");

/// Modules and pairs of a module and an advisory, in the database of August 2026.
const ADVISED: usize = 1373;
const PAIRS: usize = 6125;
const WAIVERS: usize = 1000;

/// Modules, and whether v1.2.3 may be had of them: by no rule, or by one of each kind.
pub(crate) const MODULES: [(&str, bool); 8] = [
    ("github.com/spf13/cobra", true),
    ("golang.org/x/text", true),
    ("github.com/aws/aws-sdk-go-v2/service/s3", true),
    ("github.com/org4010/some/thing", false),
    ("github.com/org102/mod5002", false),
    ("github.com/corp/team7714-api/v2", false),
    ("git.team9925.corp.example.com/a/b", false),
    ("vanity8876.example.org/x", false),
];

/// What the documentation has an organisation begin with.
fn rule() -> Rule {
    let advised = Advised { reviewed: Some(true), fixed: Some(true), ..Advised::default() };
    Rule { advised: Some(advised), ..Rule::new("policy.rules[0]", everything(), Action::Deny) }
}

/// Go's own database, as it was in August 2026 (`src/advisory/testdata/README.md`).
pub(crate) fn database() -> Advisories {
    let reports = DATABASE.lines().take_while(|line| !line.starts_with("module "));
    let mut records: BTreeMap<&str, Record> = reports
        .filter(|line| !line.contains(" withdrawn"))
        .map(|line| {
            let id = line.split(' ').next().unwrap();
            let is_reviewed = line.contains(" reviewed");
            (id, Record { is_reviewed, ..record(id) })
        })
        .collect();
    let mut module = "";
    for line in DATABASE.lines().skip_while(|line| !line.starts_with("module ")) {
        let words: Vec<_> = line.split(' ').collect();
        if words[0] == "module" {
            module = words[1];
        } else if let Some(record) = records.get_mut(words[0]) {
            let ranges = Ranges::new(words[2..].iter().map(|event| event_of(event)).collect());
            record.affected.push(Affected { module: module.to_owned(), ranges, versions: Vec::new() });
        }
    }
    Advisories::of(records.into_values())
}

/// As many as there are in it, and each of `modules` has as many as a module of it has in the mean: of real builds few modules have any.
pub(crate) fn advisories(modules: &[&str]) -> Advisories {
    Advisories::of((0..PAIRS).map(|n| {
        let at = n % ADVISED;
        let module =
            modules.get(at).map_or_else(|| format!("github.com/org{at}/mod"), |path| (*path).to_owned());
        let fixed = Version::parse(&format!("v1.1.{n}")).unwrap();
        let ranges = Ranges::new(vec![Event::Introduced(None), Event::Fixed(fixed)]);
        let affected = vec![Affected { module, ranges, versions: Vec::new() }];
        Record { affected, ..record(&format!("GO-2026-{n:04}")) }
    }))
}

fn record(id: &str) -> Record {
    Record {
        id: id.to_owned(),
        published: Timestamp(0),
        is_reviewed: true,
        is_malicious: false,
        severity: Severity::Unknown,
        ..Record::default()
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

/// The same rules behind one that asks for advisories, with these, and waivers.
pub(crate) fn gated(advisories: Advisories) -> InForce {
    let rules: Vec<Rule> = [rule()].into_iter().chain(list::rules()).collect();
    let mut in_force = InForce::new([(Origin::Configuration, rules.into())], (false, false), []);
    in_force.replace_advisories("go", advisories);
    in_force.replace_malicious(Origin::Configuration, Ruleset::new(malicious()));
    in_force.replace_waivers(Origin::Configuration, Waivers::new(waivers()));
    in_force
}

/// A few modules that operators have listed themselves.
fn malicious() -> Vec<Rule> {
    let listed = |n| {
        let modules = Patterns::parse_list(&format!("github.com/evil{n}")).unwrap();
        Rule { name: format!("CORP-{n}"), ..Rule::new("policy.malicious", modules, Action::Deny) }
    };
    (0..20).map(listed).collect()
}

/// Of every sixth advisory, for all modules.
fn waivers() -> Vec<Waiver> {
    let waiver = |n: usize| Waiver {
        name: String::new(),
        place: format!("policy.waivers[{n}]"),
        modules: everything(),
        exact: Vec::new(),
        versions: None,
        ids: vec![format!("GO-2026-{:04}", n * PAIRS / WAIVERS)],
        principals: Vec::new(),
        until: Timestamp(u64::MAX),
        by: "sec@corp.example.com".to_owned(),
        ticket: String::new(),
        reason: "known".to_owned(),
    };
    (0..WAIVERS).map(waiver).collect()
}

fn everything() -> Patterns {
    Patterns::parse_list("*").unwrap()
}
