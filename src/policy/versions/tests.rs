//! Sets of versions against the answers of Go's own code, and as people write them.

use super::Versions;
use crate::gomod::Version;
use crate::gomod::tests::golden::{Differences, bit, rows};

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn contain(texts: &[&str], member: &str) -> bool {
    Versions::parse(texts.iter().copied()).unwrap().contain(&version(member))
}

fn refused(texts: &[&str]) -> (usize, String) {
    let (place, error) = Versions::parse(texts.iter().copied()).unwrap_err();
    (place, error.to_string())
}

/// The table: first the versions, then each term with a bit for each of them.
fn table() -> (Vec<String>, Vec<(String, String)>) {
    let (first, rest) = include_str!("../testdata/version_terms.jsonl").split_once('\n').unwrap();
    let (_, versions): (String, Vec<String>) = serde_json::from_str(first).unwrap();
    assert!(versions.len() > 250, "{} versions", versions.len());
    (versions, rows(rest, 200))
}

#[test]
fn terms_hold_as_go_says() {
    let (versions, terms) = table();
    let read: Vec<Version> = versions.iter().map(|text| version(text)).collect();
    let mut differences = Differences::default();
    for (term, bits) in &terms {
        let set = Versions::parse([term.as_str()]).unwrap();
        let others = Versions::parse([format!("!{term}").as_str()]).unwrap();
        for (index, version) in read.iter().enumerate() {
            differences.compare((term, version.as_str()), set.contain(version), bit(bits, index));
            differences.compare(("!", term, version.as_str()), others.contain(version), !bit(bits, index));
        }
    }
}

/// Two terms together hold where both do, and are refused only where they never do: no version of the table is in both.
#[test]
fn terms_together_hold_where_both_do() {
    let (versions, terms) = table();
    let read: Vec<Version> = versions.iter().map(|text| version(text)).collect();
    let mut differences = Differences::default();
    const STEP: usize = 19;
    let mut refused = 0;
    // A few for each, of which all kinds meet.
    for (index, (first, first_bits)) in terms.iter().enumerate() {
        for (second, second_bits) in terms.iter().skip(index % STEP).step_by(STEP) {
            let both = |index| bit(first_bits, index) && bit(second_bits, index);
            let text = format!("{first}, {second}");
            let set = Versions::parse([text.as_str()]);
            refused += usize::from(set.is_err());
            for (index, version) in read.iter().enumerate() {
                let ours = set.as_ref().is_ok_and(|set| set.contain(version));
                differences.compare((&text, version.as_str()), ours, both(index));
            }
        }
    }
    assert!(refused > 500, "{refused} pairs refused");
}

#[test]
fn sets_are_lists_of_what_holds_at_once() {
    for (texts, member, is_in, why) in [
        (&[">=v1.2.0, <v1.4.0"][..], "v1.3.9", true, "between"),
        (&[">=v1.2.0, <v1.4.0"], "v1.4.0-rc.1", true, "in Go's order it is older than v1.4.0"),
        (&[">=v1.2.0, <v1.4.0"], "v1.2.0-rc.1", false, "and this one than v1.2.0"),
        (&[">=v1.2.0, <v1.4.0"], "v1.2.1-0.20060102150405-abcdefabcdef", true, "a commit after v1.2.0"),
        (&[">=v1.2.0,<v1.4.0,!v1.3.0"], "v1.3.0", false, "but for one"),
        (&[">= v1.2.0 ,\t< v1.4.0"], "v1.3.0", true, "white space is nothing"),
        (&["v1.0.0", "v2"], "v2.7.1", true, "the second of a list"),
        (&["v1.0.0", "v2"], "v1.0.1", false, "none of a list"),
        (&["~v1.2, !prerelease"], "v1.2.7-rc.1", false, "a word is one term more"),
        (&["pseudo", "prerelease"], "v1.2.7-rc.1", true, "one of two words"),
        (&["!pseudo"], "v1.2.7-rc.1", true, "a pre-release is no pseudo-version"),
        (&["! pseudo"], "v0.0.0-20060102150405-abcdefabcdef", false, "but this is one"),
        (&["release, incompatible"], "v2.0.0+incompatible", true, "it is either or"),
        (&["v2.0.0"], "v2.0.0+incompatible", true, "a denied version cannot be had in another spelling"),
        (&["v2.0.0+incompatible"], "v2.0.0", true, "and the other way round"),
        (&["v2.0.0, !incompatible"], "v2.0.0+incompatible", false, "who wants them told apart can say so"),
        (&["<=v2.0.0"], "v2.0.0+incompatible", true, "the same to semver.Compare"),
        (&["^v0.3.0"], "v0.4.0", true, "compatible is what has the same major version, v0 too"),
        (&["v1"], "v1.0.0-rc.1", true, "its major version is v1"),
        (&["^v1"], "v1.0.0-rc.1", false, "but it is older than v1.0.0"),
        (&[">v1.2"], "v1.2.1", true, "short for v1.2.0"),
    ] {
        assert_eq!(contain(texts, member), is_in, "{texts:?} {member}: {why}");
    }
}

#[test]
fn what_is_no_set_is_refused_by_its_term() {
    for (text, why) in [
        ("", "it names no version"),
        (" \t", "it names no version"),
        (",", "a term is missing in \",\""),
        ("v1.2.3,", "a term is missing in \"v1.2.3,\""),
        ("v1.2.3,,v1.3", "a term is missing"),
        ("1.2.3", "the term \"1.2.3\" is none: it is neither a comparison"),
        ("latest", "the term \"latest\" is none: it is neither a comparison"),
        ("!", "the term \"!\" is none: it is neither"),
        ("!!pseudo", "the term \"!!pseudo\" is none: it is neither"),
        ("prereleases", "it is neither a comparison"),
        ("Pseudo", "it is neither a comparison"),
        (">", "the term \">\" is none: invalid version \"\""),
        (">=1.2", "invalid version \"1.2\": not a semantic version"),
        (">>v1", "invalid version \">v1\""),
        ("==v1.2.3", "invalid version \"=v1.2.3\""),
        ("v1.x", "invalid version \"v1.x\": not a semantic version"),
        ("v1.02", "invalid version \"v1.02\": not a semantic version"),
        ("v", "invalid version \"v\": not a semantic version"),
        ("v1.2-rc.1", "invalid version \"v1.2-rc.1\": not a semantic version"),
        ("v1.2.3+meta", "not canonical, that is \"v1.2.3\""),
        ("v1.2.3 || v1.3.0", "terms are separated by commas"),
        (">=v1.2.0 <v1.4.0", "terms are separated by commas"),
        ("=v1.2", "say v1.2 for all that begin so"),
        ("=v1", "say v1 for all that begin so"),
        ("~v1", "say ^v1"),
        ("v1.2.3, prerelease, release", "the term \"release\" contradicts those before it"),
        ("pseudo, prerelease", "the term \"prerelease\" contradicts"),
        ("incompatible, !incompatible", "the term \"!incompatible\" contradicts"),
        ("!release, !prerelease, !pseudo", "the term \"!pseudo\" contradicts"),
        (">=v1.4.0, <v1.2.0", "the term \"<v1.2.0\" contradicts"),
        (">v1.4.0, <=v1.4.0", "contradicts"),
        ("<v1.4.0, v1.4.0", "contradicts"),
        ("v1.2.3, v1.2.4", "the term \"v1.2.4\" contradicts"),
        ("v1, v2", "the term \"v2\" contradicts"),
        ("v1.2, ~v1.3", "contradicts"),
        ("^v2, v1.2", "contradicts"),
        ("v1, >=v2", "contradicts"),
        ("v2.3, <v2.1", "contradicts"),
    ] {
        let (place, error) = refused(&["v0", text]);
        assert!(place == 1 && error.contains(why), "{text}: {place} {error}");
    }
    assert_eq!(refused(&[]), (0, "it names no version: leave it out for every one".to_owned()));
    // However long it is, it is told on one line.
    let long = format!(">v1.{}\n\u{202e}", "9".repeat(10_000));
    for text in [
        long.clone(),
        format!("{long},"),
        format!("v1, v{}", "2".repeat(10_000)),
        format!("={}", "v".repeat(10_000)),
    ] {
        let (_, error) = refused(&[&text]);
        assert!(error.len() < 700 && !error.contains(char::is_control), "{} {error}", error.len());
    }
}

/// What looks empty and is not: a pre-release of the bound is older than it.
#[test]
fn what_a_version_can_be_in_is_taken() {
    for (text, member) in [
        ("v2, <v2.0.0", "v2.0.0-rc.1"),
        ("v2.1, <=v2.1", "v2.1.0-rc.1"),
        ("<=v1.4.0, >=v1.4.0", "v1.4.0"),
        ("^v1.2.3, ~v1.3", "v1.3.0"),
        ("~v1.2.3, <v1.2.4", "v1.2.4-rc.1"),
        ("v1, <v3", "v1.0.0"),
        ("v1.9, >=v1", "v1.9.0"),
        ("v2.0.0, incompatible", "v2.0.0+incompatible"),
    ] {
        assert!(contain(&[text], member), "{text}: {member}");
    }
}
