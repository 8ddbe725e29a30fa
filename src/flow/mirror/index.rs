//! The lists of the mirror, made a slice at a time of the tables in force.

use std::collections::BTreeMap;

use serde::Serialize;

use super::List;
use crate::{
    advisory::{Advisories, Listed},
    goproxy::Etag,
    http::{Body, Timestamp, gzip::Gzip},
};

/// The lists that this worker has made last, or is making.
#[derive(Debug, Default)]
pub struct Mirror {
    made: Option<(Etag, Result<Made, String>)>,
    making: Option<(Etag, Box<Building>)>,
}

/// Both lists, packed.
#[derive(Debug, Default)]
struct Made {
    modules: Body,
    vulns: Body,
}

/// The lists as they are being made: all records of a source, then all its entries, then the next source; then what was found is written.
#[derive(Debug, Default)]
struct Building {
    tables: Vec<Advisories>,
    step: Step,
    vulns: BTreeMap<String, Vuln>,
    modules: BTreeMap<String, Vec<Entry>>,
    /// About how long it is when it is written.
    bytes: usize,
    made: Made,
}

#[derive(Debug, Default)]
enum Step {
    #[default]
    Begun,
    /// The records of the table at this place, from that record on.
    Records(usize, usize),
    /// Its entries.
    Entries(usize, usize),
    Modules(Writing),
    Vulns(Writing),
}

/// A list that is being written.
#[derive(Debug, Default)]
struct Writing {
    packed: Gzip,
    has_begun: bool,
}

#[derive(Debug)]
struct Vuln {
    /// The place of the table that tells of it.
    table: usize,
    modified: Timestamp,
    aliases: Vec<String>,
}

/// As `index/modules.json` has it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Entry {
    id: String,
    modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<String>,
}

#[derive(Serialize)]
struct ModuleLine<'a> {
    path: &'a str,
    vulns: &'a [Entry],
}

/// As `index/vulns.json` has it.
#[derive(Serialize)]
struct VulnLine<'a> {
    id: &'a str,
    modified: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    aliases: &'a [String],
}

impl Mirror {
    /// A packed list of what has this stamp, or why there is none; `None` where it is yet to be made.
    pub(super) fn get(&self, stamp: Etag, list: List) -> Option<Result<Body, String>> {
        let (_, made) = self.made.as_ref().filter(|(made, _)| *made == stamp)?;
        Some(match made {
            Ok(made) => Ok(match list {
                List::Modules => made.modules.clone(),
                List::Vulns => made.vulns.clone(),
            }),
            Err(why) => Err(why.clone()),
        })
    }

    /// Makes the lists of what has this stamp a slice further: of the tables that `tables` gives.
    pub(super) fn work(&mut self, stamp: Etag, tables: impl FnOnce() -> Vec<Advisories>) {
        let building = match self.making.take() {
            Some((of, building)) if of == stamp => building,
            _ => Box::new(Building { tables: tables(), ..Building::default() }),
        };
        match building.work() {
            Ok(building) => self.making = Some((stamp, building)),
            Err(end) => self.made = Some((stamp, end)),
        }
    }
}

impl Building {
    /// A slice further; how it ended, if that was the last.
    fn work(mut self: Box<Self>) -> Result<Box<Self>, Result<Made, String>> {
        self.step = match std::mem::take(&mut self.step) {
            Step::Begun => Step::Records(0, 0),
            Step::Records(table, from) => self.records(table, from),
            Step::Entries(table, from) => self.entries(table, from),
            Step::Modules(writing) => self.write_modules(writing),
            Step::Vulns(writing) => match self.write_vulns(writing) {
                Some(writing) => Step::Vulns(writing),
                None => return Err(Ok(std::mem::take(&mut self.made))),
            },
        };
        if self.bytes > MAX_BYTES {
            return Err(Err(format!("the list of all advisories has more than {MAX_BYTES} bytes")));
        }
        Ok(self)
    }

    fn records(&mut self, at: usize, from: usize) -> Step {
        let Some(table) = self.tables.get(at) else { return Step::Modules(Writing::default()) };
        let to = from.saturating_add(SLICE_RECORDS);
        for place in from..to {
            let Some(record) = table.record(place) else { return Step::Entries(at, 0) };
            // The first source that has an id tells of it.
            if !self.vulns.contains_key(&record.id) {
                let aliases: usize = record.aliases.iter().map(|alias| alias.len().saturating_add(3)).sum();
                self.bytes = self.bytes.saturating_add(LINE).saturating_add(aliases);
                let vuln = Vuln { table: at, modified: record.modified, aliases: record.aliases };
                self.vulns.insert(record.id, vuln);
            }
        }
        Step::Records(at, to)
    }

    fn entries(&mut self, at: usize, from: usize) -> Step {
        let Some(table) = self.tables.get(at) else { return Step::Modules(Writing::default()) };
        let to = from.saturating_add(SLICE_RECORDS);
        for Listed { module, id, modified, fixed } in table.listed(from..to) {
            if self.vulns.get(id).is_none_or(|vuln| vuln.table != at) {
                continue;
            }
            let fixed = fixed.map(|fixed| fixed.as_str().trim_start_matches('v').to_owned());
            let entry = Entry { id: id.to_owned(), modified: modified.rfc3339(), fixed };
            let bytes = LINE.saturating_add(entry.fixed.as_ref().map_or(0, String::len));
            self.bytes = self.bytes.saturating_add(bytes);
            match self.modules.get_mut(module) {
                Some(entries) => entries.push(entry),
                None => {
                    self.bytes = self.bytes.saturating_add(LINE).saturating_add(module.len());
                    self.modules.insert(module.to_owned(), vec![entry]);
                }
            }
        }
        if to < table.counts().1 { Step::Entries(at, to) } else { Step::Records(at.saturating_add(1), 0) }
    }

    fn write_modules(&mut self, mut writing: Writing) -> Step {
        let mut text = String::new();
        while text.len() < SLICE_BYTES {
            let Some((path, mut vulns)) = self.modules.pop_first() else {
                self.made.modules = writing.finish(text);
                return Step::Vulns(Writing::default());
            };
            vulns.sort();
            writing.line(&ModuleLine { path: &path, vulns: &vulns }, &mut text);
        }
        writing.packed.add(text.as_bytes());
        Step::Modules(writing)
    }

    fn write_vulns(&mut self, mut writing: Writing) -> Option<Writing> {
        let mut text = String::new();
        while text.len() < SLICE_BYTES {
            let Some((id, Vuln { modified, aliases, .. })) = self.vulns.pop_first() else {
                self.made.vulns = writing.finish(text);
                return None;
            };
            let line = VulnLine { id: &id, modified: modified.rfc3339(), aliases: &aliases };
            writing.line(&line, &mut text);
        }
        writing.packed.add(text.as_bytes());
        Some(writing)
    }
}

impl Writing {
    fn line(&mut self, line: &impl Serialize, text: &mut String) {
        text.push(if self.has_begun { ',' } else { '[' });
        self.has_begun = true;
        text.push_str(&serde_json::to_string(line).unwrap_or_default());
    }

    fn finish(mut self, mut text: String) -> Body {
        text.push_str(if self.has_begun { "]" } else { "[]" });
        self.packed.add(text.as_bytes());
        self.packed.finish().into()
    }
}

/// Bytes of both lists. Those of Go's database have 1.3 MB; while they are made they take a worker three times as much.
pub(super) const MAX_BYTES: usize = 32 << 20;

/// What a record, an entry or a module takes in a list beside its texts, an id of usual length included.
const LINE: usize = 80;

/// Records or entries that are looked at, and bytes that are written and packed, at once: a few milliseconds.
const SLICE_RECORDS: usize = 500;
const SLICE_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        advisory::{
            Affected, Event, Ranges, Record,
            tests::{go_database, index_json},
        },
        gomod::Version,
        http::gzip::gunzip,
    };

    fn stamp() -> Etag {
        Etag::of(b"these")
    }

    fn made(tables: &[Advisories]) -> (Value, Value, usize) {
        let mut mirror = Mirror::default();
        let mut slices = 0;
        while mirror.get(stamp(), List::Modules).is_none() {
            mirror.work(stamp(), || tables.to_vec());
            slices += 1;
            assert!(slices < 10_000);
        }
        let read = |list| {
            let packed = mirror.get(stamp(), list).unwrap().unwrap();
            serde_json::from_slice(&gunzip(&packed, MAX_BYTES).unwrap()).unwrap()
        };
        assert!(mirror.get(Etag::of(b"others"), List::Vulns).is_none());
        (read(List::Modules), read(List::Vulns), slices)
    }

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn record(id: &str, module: &str, events: Vec<Event>, versions: &[&str]) -> Record {
        Record {
            id: id.to_owned(),
            modified: Timestamp(1_767_225_600_000),
            affected: vec![Affected {
                module: module.to_owned(),
                ranges: Ranges::new(events),
                versions: versions.iter().map(|text| version(text)).collect(),
            }],
            ..Record::default()
        }
    }

    fn fixed_of(events: Vec<Event>, versions: &[&str]) -> Value {
        let (modules, ..) = made(&[Advisories::of([record("X-1", "m", events, versions)])]);
        modules[0]["vulns"][0]["fixed"].clone()
    }

    #[test]
    fn a_version_fixes_for_good_where_nothing_behind_it_is_affected() {
        let from = |text| Event::Introduced(Some(version(text)));
        let fixed = |text| Event::Fixed(version(text));
        let first = Event::Introduced(None);
        let last = |text| Event::LastAffected(version(text));
        for (events, versions, expected) in [
            (vec![first.clone(), fixed("v1.1.0")], &[][..], json!("1.1.0")),
            (vec![first.clone(), fixed("v1.1.0"), from("v1.2.0"), fixed("v1.2.5")], &[], json!("1.2.5")),
            // introduced again, and not fixed
            (vec![first.clone(), fixed("v1.1.0"), from("v1.2.0")], &[], Value::Null),
            (vec![first.clone()], &[], Value::Null),
            (vec![first.clone(), last("v1.1.0")], &[], Value::Null),
            (vec![], &["v1.0.0"], Value::Null),
            (vec![first.clone(), fixed("v1.1.0")], &["v1.0.0"], json!("1.1.0")),
            // versions beside the range
            (vec![first.clone(), fixed("v1.1.0")], &["v1.1.0"], Value::Null),
            (vec![first, fixed("v1.1.0")], &["v2.0.0"], Value::Null),
        ] {
            assert_eq!(fixed_of(events.clone(), versions), expected, "{events:?} {versions:?}");
        }
    }

    #[test]
    fn the_first_source_that_has_an_id_tells_of_it_and_all_others_are_merged_in() {
        let range = |fixed: &str| vec![Event::Introduced(None), Event::Fixed(version(fixed))];
        let go = [record("GO-2", "b", range("v1.0.0"), &[]), record("GO-1", "b", range("v1.1.0"), &[])];
        let own = [record("OUR-1", "a", range("v2.0.0"), &[]), record("GO-1", "c", range("v3.0.0"), &[])];
        let (modules, vulns, _) = made(&[Advisories::of(go), Advisories::of(own)]);
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(
            modules,
            json!([
                {"path": "a", "vulns": [{"id": "OUR-1", "modified": at, "fixed": "2.0.0"}]},
                {"path": "b", "vulns": [
                    {"id": "GO-1", "modified": at, "fixed": "1.1.0"},
                    {"id": "GO-2", "modified": at, "fixed": "1.0.0"},
                ]},
            ])
        );
        let ids: Vec<_> = vulns.as_array().unwrap().iter().map(|vuln| vuln["id"].clone()).collect();
        assert_eq!(ids, ["GO-1", "GO-2", "OUR-1"]);
    }

    #[test]
    fn nothing_is_an_empty_list() {
        assert_eq!(made(&[Advisories::default()]).0, json!([]));
        assert_eq!(made(&[]).1, json!([]));
    }

    #[test]
    fn the_lists_of_gos_whole_database_name_every_module_and_id_that_its_own_names() {
        let (modules, vulns, slices) = made(&[Advisories::of(go_database())]);
        let own: Value = serde_json::from_str(&index_json(&go_database())).unwrap();
        let names = |list: &Value| -> Vec<(String, Vec<String>)> {
            let name = |value: &Value| value.as_str().unwrap().to_owned();
            let ids = |module: &Value| {
                let mut ids: Vec<_> =
                    module["vulns"].as_array().unwrap().iter().map(|v| name(&v["id"])).collect();
                ids.sort();
                ids.dedup();
                ids
            };
            list.as_array().unwrap().iter().map(|module| (name(&module["path"]), ids(module))).collect()
        };
        let records = go_database();
        for module in modules.as_array().unwrap() {
            for vuln in module["vulns"].as_array().unwrap() {
                let Some(fixed) = vuln["fixed"].as_str().map(|fixed| version(&format!("v{fixed}"))) else {
                    continue;
                };
                let record = records.iter().find(|record| vuln["id"] == record.id.as_str()).unwrap();
                let about =
                    record.affected.iter().filter(|affected| module["path"] == affected.module.as_str());
                // Of a record that names a module twice, one of the entries is this one.
                let is_fixed = about.clone().any(|Affected { ranges, .. }| {
                    let later = ranges.events().iter().filter_map(|event| match event {
                        Event::Introduced(version) => version.clone(),
                        Event::Fixed(version) | Event::LastAffected(version) => Some(version.clone()),
                    });
                    let later = later.filter(|later| later.precedence(&fixed).is_ge());
                    let mut all = later.chain([fixed.clone(), version("v99999999.0.0")]);
                    ranges.fixes().any(|fix| *fix == fixed) && all.all(|later| !ranges.contain(&later))
                });
                assert!(is_fixed, "{} {}", module["path"], vuln["id"]);
            }
        }
        let unfixed = |records: &[Record]| {
            let ends = records.iter().flat_map(|record| &record.affected);
            ends.filter(|affected| affected.ranges.contain(&version("v99999999.0.0"))).count()
        };
        let absent =
            modules.as_array().unwrap().iter().flat_map(|module| module["vulns"].as_array().unwrap());
        assert_eq!(absent.filter(|vuln| vuln["fixed"].is_null()).count(), unfixed(&records));
        let (ours, theirs) = (names(&modules), names(&own));
        assert!(ours.is_sorted() && ours.len() > 1000);
        assert_eq!(ours, theirs);
        assert_eq!(vulns.as_array().unwrap().len(), go_database().len());
        assert!((20..200).contains(&slices), "{slices}");
    }

    #[test]
    fn what_changes_meanwhile_is_made_anew() {
        let table = |id| Advisories::of([record(id, "m", Vec::new(), &[])]);
        let mut mirror = Mirror::default();
        mirror.work(stamp(), || vec![table("X-1")]);
        let later = Etag::of(b"later");
        while mirror.get(later, List::Vulns).is_none() {
            mirror.work(later, || vec![table("X-2")]);
        }
        let packed = mirror.get(later, List::Vulns).unwrap().unwrap();
        assert!(gunzip(&packed, 1000).unwrap().windows(3).any(|bytes| bytes == b"X-2"));
    }
}
