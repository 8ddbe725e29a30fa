//! A database as Go's is laid out, and one as large.

use std::collections::BTreeMap;

use modgate::sim::zip;
use serde_json::{Value, json};

/// Go's database, reduced to what decides.
const TABLE: &str = include_str!("../../../../src/advisory/testdata/advisories.txt");

/// A day of January 2026.
pub(crate) fn modified(day: u32) -> String {
    format!("2026-01-{day:02}T00:00:00Z")
}

/// The list of what there is: modules, each with a record and the day on which that was changed.
pub(crate) fn index(listed: &[(&str, &str, u32)]) -> String {
    let modules = listed
        .iter()
        .map(|(module, id, day)| json!({"path": module, "vulns": [{"id": id, "modified": modified(*day)}]}));
    modules.collect::<Value>().to_string()
}

/// A record about a module that is fixed in this version.
pub(crate) fn entry(id: &str, module: &str, fixed: &str, day: u32) -> String {
    let events = json!([{"introduced": "0"}, {"fixed": fixed}]);
    record(id, &modified(day), &[(module, events)], "")
}

/// A zip of all records of Go's database with texts, so that it is as large as that is: 3 MB. One more is about `module`.
pub(crate) fn whole(module: &str, fixed: &str, day: u32) -> Vec<u8> {
    let (mut affected, mut ids, mut at) = (BTreeMap::<&str, Vec<(&str, Value)>>::new(), Vec::new(), "");
    for line in TABLE.lines() {
        let mut words = line.split(' ');
        let (first, second) = (words.next().unwrap(), words.next().unwrap());
        if first == "module" {
            at = second;
        } else if at.is_empty() {
            ids.push((first, second));
        } else {
            let events = words.map(|event| match event.strip_prefix('-') {
                Some(fixed) => json!({"fixed": fixed}),
                None => json!({"introduced": event}),
            });
            affected.entry(first).or_default().push((at, events.collect()));
        }
    }
    let details = details(700);
    let mut files: Vec<_> = ids
        .into_iter()
        .map(|(id, day)| {
            let text = record(
                id,
                &format!("{day}T00:00:00Z"),
                affected.get(id).map_or(&[], Vec::as_slice),
                &details,
            );
            (format!("ID/{id}.json"), text.into_bytes())
        })
        .collect();
    files.push(("ID/GO-2026-9999.json".to_owned(), entry("GO-2026-9999", module, fixed, day).into_bytes()));
    let database = json!({"modified": format!("2026-09-{day:02}T00:00:00Z")}).to_string();
    files.push(("index/db.json".to_owned(), database.into_bytes()));
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    zip("", &files)
}

fn record(id: &str, modified: &str, affected: &[(&str, Value)], details: &str) -> String {
    let affected = affected.iter().map(|(module, events)| {
        json!({"package": {"name": module, "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": events}]})
    });
    let affected: Vec<_> = affected.collect();
    json!({"id": id, "modified": modified, "published": modified, "details": details, "affected": affected})
        .to_string()
}

/// Text that does not pack well.
fn details(length: usize) -> String {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from((state >> 25) % 26).unwrap())
    };
    (0..length).map(|_| next()).collect()
}
