//! The port against the answers of Go's own code.
//!
//! `wasm-tests/golden` writes the tables; every row is compared and every difference reported.

use std::fmt::Debug;

use serde::de::DeserializeOwned;

use crate::gomod::gosemver::Semver;
use crate::gomod::{ModulePath, Pseudo, Query, Version, check, check_file_path, major, unescape_version};

/// The rows of a table, which must be as many as were written.
pub(crate) fn rows<T: DeserializeOwned>(table: &str, at_least: usize) -> Vec<T> {
    let rows: Vec<T> = table.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(rows.len() >= at_least, "{} rows", rows.len());
    rows
}

/// Collects what differs, to tell all of it at once.
#[derive(Default)]
pub(crate) struct Differences(Vec<String>);

impl Differences {
    #[expect(clippy::needless_pass_by_value, reason = "both sides are made where they are compared")]
    pub(crate) fn compare<T: PartialEq + Debug>(&mut self, input: impl Debug, ours: T, gos: T) {
        if ours != gos {
            self.0.push(format!("{input:?}: {ours:?}, but Go says {gos:?}"));
        }
    }
}

impl Drop for Differences {
    fn drop(&mut self) {
        assert!(
            self.0.is_empty() || std::thread::panicking(),
            "{} rows:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

/// Zeros at the end of a row are not written.
pub(crate) fn bit(bits: &str, index: usize) -> bool {
    bits.as_bytes().get(index) == Some(&b'1')
}

#[test]
fn module_paths_are_valid_and_escaped_as_in_go() {
    let mut differences = Differences::default();
    type Row = (String, Option<String>, Option<String>);
    for (text, escaped, suffix) in rows::<Row>(include_str!("../testdata/paths.jsonl"), 2600) {
        differences.compare(&text, major::suffix(&text), suffix.as_deref());
        let path = ModulePath::parse(&text).ok();
        differences.compare(&text, path.as_ref().map(ModulePath::escaped), escaped);
        if let Some(path) = path {
            differences.compare(&text, path.major_suffix(), suffix.as_deref().unwrap_or("none"));
        }
    }
}

#[test]
fn module_paths_are_unescaped_as_in_go() {
    let mut differences = Differences::default();
    for (escaped, text) in
        rows::<(String, Option<String>)>(include_str!("../testdata/unescape_path.jsonl"), 1100)
    {
        let path = ModulePath::unescape(&escaped).ok();
        differences.compare(&escaped, path.as_ref().map(ModulePath::as_str), text.as_deref());
    }
}

#[test]
fn versions_are_read_as_in_go() {
    let mut differences = Differences::default();
    type Facts = (String, String, String, String, bool);
    for (text, facts) in rows::<(String, Option<Facts>)>(include_str!("../testdata/versions.jsonl"), 1900) {
        let parsed = Semver::parse(&text).map(|v| {
            let dashed =
                |sign, part: &str| if part.is_empty() { String::new() } else { format!("{sign}{part}") };
            let (prerelease, build) = (dashed('-', v.prerelease.as_str()), dashed('+', v.build));
            (v.canonical(), format!("v{}", v.major), prerelease, build, Pseudo::parse(&text).is_some())
        });
        differences.compare(&text, &parsed, &facts);
        let version = Version::parse(&text).ok();
        let is_canonical = facts.as_ref().is_some_and(|(canonical, ..)| *canonical == text);
        differences.compare(&text, version.is_some(), is_canonical);
        if let (Some(version), Some((_, major, prerelease, build, is_pseudo))) = (version, facts) {
            differences.compare(&text, version.as_str(), &text);
            differences.compare(&text, version.major(), &major);
            differences.compare(&text, version.is_prerelease(), !prerelease.is_empty());
            differences.compare(&text, version.is_incompatible(), build == "+incompatible");
            differences.compare(&text, version.is_pseudo(), is_pseudo);
        }
    }
}

#[test]
fn pseudo_versions_are_taken_apart_as_in_go() {
    let mut differences = Differences::default();
    type Facts = (Option<i64>, String, Option<String>);
    for (text, facts) in rows::<(String, Option<Facts>)>(include_str!("../testdata/pseudo.jsonl"), 1500) {
        let has_other_build = text.split_once('+').is_some_and(|(_, build)| build != "incompatible");
        let ours = Pseudo::parse(&text).map(|pseudo| {
            // `Version` admits no build but +incompatible, so Go's base of such a version is none of ours.
            let base = if has_other_build { Ok(None) } else { pseudo.base() };
            let base = base.map(|base| base.map_or(String::new(), |base| base.as_str().to_owned()));
            (pseudo.time(), pseudo.rev().to_owned(), base.ok())
        });
        let gos = facts
            .map(|(time, rev, base)| (time, rev, if has_other_build { Some(String::new()) } else { base }));
        differences.compare(&text, ours, gos);
    }
}

#[test]
fn version_positions_are_escaped_and_unescaped_as_in_go() {
    let mut differences = Differences::default();
    type Row = (String, Option<String>, Option<String>);
    for (text, escaped, unescaped) in rows::<Row>(include_str!("../testdata/version_element.jsonl"), 1300) {
        let query = Query::parse(&text).ok();
        differences.compare(&text, query.as_ref().map(Query::escaped), escaped.clone());
        differences.compare(&text, unescape_version(&text).ok(), unescaped.clone());
        let query = Query::unescape(&text).ok();
        differences.compare(&text, query.as_ref().map(Query::as_str), unescaped.as_deref());
        if let Ok(version) = Version::parse(&text) {
            differences.compare(&text, Some(version.escaped()), escaped);
        }
    }
}

#[test]
fn versions_sort_as_in_go() {
    let mut table = include_str!("../testdata/order.jsonl").lines();
    let mut list = |name: &str| -> Vec<Version> {
        let (label, texts): (String, Vec<String>) = serde_json::from_str(table.next().unwrap()).unwrap();
        assert_eq!(label, name);
        texts.iter().map(|text| Version::parse(text).unwrap()).collect()
    };
    let (sorted, list) = (list("sorted"), list("list"));
    assert!(sorted.len() > 300, "{} versions", sorted.len());
    let mut ours = sorted.clone();
    ours.reverse();
    ours.sort();
    assert_eq!(ours, sorted);

    let mut differences = Differences::default();
    let matrix: Vec<(String, String)> = table.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(matrix.len(), list.len());
    for (version, signs) in matrix {
        let version = Version::parse(&version).unwrap();
        let ours: String =
            list.iter().map(|other| ['<', '=', '>'][(version.cmp(other) as i8 + 1) as usize]).collect();
        differences.compare(&version, ours, signs);
    }
}

#[test]
fn versions_agree_with_paths_as_in_go() {
    let mut differences = Differences::default();
    let (first, rest) = include_str!("../testdata/major.jsonl").split_once('\n').unwrap();
    let (_, versions): (String, Vec<String>) = serde_json::from_str(first).unwrap();
    for (path, bits) in rows::<(String, String)>(rest, 80) {
        let path = ModulePath::parse(&path).unwrap();
        for (index, text) in versions.iter().enumerate() {
            // Go's module.Check takes any semantic version; those in the list which are no `Version` are none at all.
            let ours = Version::parse(text).is_ok_and(|version| check(&path, &version).is_ok());
            differences.compare((&path, text), ours, bit(&bits, index));
        }
    }
}

#[test]
fn file_paths_are_valid_as_in_go() {
    let mut differences = Differences::default();
    for (path, ok) in rows::<(String, bool)>(include_str!("../testdata/file_paths.jsonl"), 1500) {
        differences.compare(&path, check_file_path(&path).is_ok(), ok);
    }
}
