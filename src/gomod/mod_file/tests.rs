//! Against the answers of Go's own code, and what has a bound here and none there.

use super::*;
use crate::gomod::tests::golden::{Differences, bit, rows};

#[test]
fn a_go_mod_is_read_as_in_go() {
    let table = include_str!("../testdata/mod_files.jsonl");
    let (first, table) = table.split_once('\n').unwrap();
    let (_, versions): (String, Vec<Version>) = {
        let (label, texts): (String, Vec<String>) = serde_json::from_str(first).unwrap();
        (label, texts.iter().map(|text| Version::parse(text).unwrap()).collect())
    };
    type Facts = (String, Vec<(String, String, String)>, String);
    let mut differences = Differences::default();
    for (text, facts) in rows::<(String, Option<Facts>)>(table, 1500) {
        let ours = ModFile::read(text.as_bytes()).ok();
        let Some((deprecated, retracted, bits)) = facts else {
            differences.compare(&text, ours, None);
            continue;
        };
        let Some(ModFile { deprecated: our, retractions }) = ours else {
            differences.compare(&text, ours.is_some(), true);
            continue;
        };
        differences.compare(&text, our.unwrap_or_default(), deprecated);
        let low = |r: &Retraction| r.low.as_ref().map(Version::to_string).unwrap_or_default();
        let all = retractions.all().iter();
        let all: Vec<_> = all.map(|r| (low(r), r.high.to_string(), r.rationale.clone())).collect();
        differences.compare(&text, all, retracted);
        for (at, version) in versions.iter().enumerate() {
            differences.compare((&text, version), retractions.has(version), bit(&bits, at));
        }
    }
}

/// A publisher writes what is read here: each of these would cost a worker its time or its memory without a bound.
#[test]
fn what_an_author_writes_has_a_bound() {
    let long = "x".repeat(100 << 10);
    let read = |text: &str| ModFile::read(text.as_bytes());
    assert_eq!(read(&"\n".repeat(MAX_BYTES + 1)), Err(InvalidModFile::TooLarge));

    let deprecated = read(&format!("// {long}\n//\n// Deprecated: {long}\nmodule a.b/c\n"));
    assert_eq!(deprecated, Err(InvalidModFile::TooLarge), "twice as long as may be");
    let deprecated = read(&format!("// Deprecated: é{long}\nmodule a.b/c\n")).unwrap().deprecated.unwrap();
    assert_eq!(deprecated.len(), MAX_TEXT);

    let many = format!("// {long}\nretract (\n{})\n", "v1.0.0\n".repeat(2 * MAX_RETRACTIONS));
    let retractions = read(&many).unwrap().retractions;
    assert_eq!(retractions.all().len(), MAX_RETRACTIONS);
    assert!(retractions.all().iter().all(|one| one.rationale.len() == MAX_TEXT));
    assert_eq!(retractions.joined(), 1);
}

#[test]
fn the_first_rationale_that_is_given_is_the_one() {
    let text = "retract [v1.0.0, v1.9.0]\nretract v1.1.0 // first\nretract v1.1.0 // second\n";
    let retractions = ModFile::read(text.as_bytes()).unwrap().retractions;
    for (version, rationale) in [("v1.0.0", ""), ("v1.1.0", "first"), ("v1.1.0+incompatible", "first")] {
        assert_eq!(retractions.rationale(&Version::parse(version).unwrap()), rationale, "{version}");
    }
}
