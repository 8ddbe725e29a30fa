//! Patterns against the answers of Go's own code, and as people write them.

use super::glob::Glob;
use super::{Pattern, Patterns, leading, slashes};
use crate::gomod::ModulePath;
use crate::gomod::tests::Lcg;
use crate::gomod::tests::golden::{Differences, bit, rows};

#[test]
fn globs_match_as_in_go() {
    let mut differences = Differences::default();
    let (first, rest) = include_str!("../testdata/globs.jsonl").split_once('\n').unwrap();
    let (_, targets): (String, Vec<String>) = serde_json::from_str(first).unwrap();
    type Row = (String, bool, String, bool, String);
    let mut usable = 0;
    for (glob, malformed, own, own_matches, bits) in rows::<Row>(rest, 1500) {
        let gos = targets.iter().enumerate().map(|(index, target)| (target.as_str(), bit(&bits, index)));
        let gos = gos.chain([(own.as_str(), own_matches)]);
        // The matcher itself, in vain or not. Go splits at a comma; `glob_lists` has such rows.
        let trimmed = glob.strip_suffix('/').unwrap_or(&glob);
        if !glob.contains(',') {
            let read = Glob::parse(trimmed);
            differences.compare(&glob, read.is_err(), malformed);
            for (target, go) in gos.clone() {
                let prefix = leading(target, slashes(trimmed));
                // Go skips an empty item, which as a glob would match the empty text.
                let ours = !trimmed.is_empty()
                    && read.as_ref().is_ok_and(|read| prefix.is_some_and(|prefix| read.matches(prefix)));
                differences.compare((&glob, target), ours, go);
            }
        }
        match Pattern::parse(&glob) {
            Ok(_) if malformed => differences.compare(&glob, "usable", "malformed"),
            Ok(pattern) => {
                usable += 1;
                for (target, go) in gos {
                    differences.compare((&glob, target), pattern.matches_str(target), go);
                }
            }
            Err(_) if malformed || glob.contains(',') => {}
            // Said to match no module path: then Go must not match one either.
            Err(error) => {
                for (target, go) in gos.filter(|(target, _)| ModulePath::parse(target).is_ok()) {
                    differences.compare((&glob, target, error.to_string()), false, go);
                }
            }
        }
    }
    assert!(usable > 500, "{usable} usable globs");
}

#[test]
fn glob_lists_match_as_in_go() {
    let mut differences = Differences::default();
    let (first, rest) = include_str!("../testdata/glob_lists.jsonl").split_once('\n').unwrap();
    let (_, targets): (String, Vec<String>) = serde_json::from_str(first).unwrap();
    let mut usable = 0;
    for (list, bits) in rows::<(String, String)>(rest, 200) {
        let Ok(patterns) = Patterns::parse_list(&list) else { continue };
        usable += 1;
        for (index, target) in targets.iter().enumerate() {
            differences.compare((&list, target), patterns.matches_str(target), bit(&bits, index));
        }
    }
    assert!(usable > 60, "{usable} usable lists");
}

fn matches(pattern: &str, path: &str) -> bool {
    Pattern::parse(pattern).unwrap().matches(&ModulePath::parse(path).unwrap())
}

#[test]
fn patterns_match_leading_elements() {
    for (pattern, path, matched, why) in [
        ("github.com/acme", "github.com/acme", true, "the path itself"),
        ("github.com/acme", "github.com/acme/x/v2", true, "what is below it"),
        ("github.com/acme", "github.com/acme-x", false, "elements are matched whole"),
        ("github.com/acme/*", "github.com/acme", false, "fewer elements than the glob has"),
        ("*.corp.example.com", "git.corp.example.com/x", true, "a subdomain"),
        ("*.corp.example.com", "corp.example.com/x", false, "the dot is part of the glob"),
        ("github.com/*/x", "github.com/a/b/x", false, "a star does not cross a slash"),
        ("github.com/acme/", "github.com/acme/x", true, "one trailing slash is ignored"),
        ("github.com/[^a]*", "github.com/acme", false, "a negated class"),
        (r"github.com/\acme", "github.com/acme", true, "a backslash takes the next character as it is"),
        ("a.b[/]c", "a.b/c/d", true, "a slash in a class counts as an element, and this one is matched"),
        ("a.b[/]C", "a.b/C/d", true, "the class ends the first element, so the capital is not part of it"),
    ] {
        assert_eq!(matches(pattern, path), matched, "{pattern} {path}: {why}");
    }
}

#[test]
fn patterns_in_vain_are_refused_with_the_reason() {
    for (pattern, why) in [
        ("", "it is empty"),
        ("/", "it is empty"),
        ("/a.b", "it begins with a slash"),
        ("a.b//", "an element is empty"),
        ("a.b,c.d", "it holds a comma"),
        ("a.b, c.d", "it holds a comma"),
        (" a.b", "the character ' '"),
        ("https://a.b/*", "the character ':'"),
        ("GitHub.com/acme", "'G' is not allowed in the first element"),
        ("G*.com", "'G' is not allowed in the first element"),
        ("corp/*", "\"corp\" has no dot"),
        (".corp.example.com", "begins with a dot"),
        ("a.b/con", "reserved file name on Windows"),
        ("a.b/[", "not closed"),
        ("a.b/[]", "a class needs a character"),
        ("a.b/[z-]", "a class needs a character"),
        ("a.b/\\", "nothing follows the last backslash"),
        ("a.b/[!]x", "no module path holds a character of one of its classes"),
        ("a.b/[^/]*", "a slash in a class counts as one more element"),
    ] {
        let error = Pattern::parse(pattern).unwrap_err().to_string();
        assert!(error.contains(why), "{pattern}: {error}");
    }
}

#[test]
fn what_is_refused_as_vain_matches_no_path() {
    let mut lcg = Lcg(3);
    let mut paths: Vec<ModulePath> = Vec::new();
    while paths.len() < 400 {
        paths.extend(ModulePath::parse(&format!("{}.{}", lcg.text(b"ab1", 1), lcg.text(b"ab1./~A-", 6))));
    }
    let mut vain = 0;
    for _ in 0..6_000 {
        let text = lcg.text(b"aab1..//~A-**??[]^!", 8);
        let trimmed = text.strip_suffix('/').unwrap_or(&text);
        let (Err(error), Ok(glob)) = (Pattern::parse(&text), Glob::parse(trimmed)) else { continue };
        vain += 1;
        for path in &paths {
            let matched = leading(path.as_str(), slashes(trimmed)).is_some_and(|prefix| glob.matches(prefix));
            assert!(!matched, "{path}: {error}");
        }
    }
    assert!(vain > 1_000, "{vain} globs");
}

#[test]
fn lists_skip_what_is_empty_and_keep_the_order() {
    let patterns = Patterns::parse_list(",github.com/acme/,,*.corp.example.com,").unwrap();
    let texts: Vec<&str> = patterns.iter().map(Pattern::as_str).collect();
    assert_eq!(texts, ["github.com/acme/", "*.corp.example.com"]);
    assert!(patterns.matches(&ModulePath::parse("github.com/acme/x").unwrap()));
    assert!(!patterns.matches(&ModulePath::parse("github.com/other").unwrap()));
    assert!(Patterns::parse_list("").unwrap().is_empty());
    assert!(!Patterns::default().matches_str("a.b"));
    assert!(Patterns::parse_list("a.b,[").is_err());
}

#[test]
fn catch_alls_tell_no_host_apart() {
    for (pattern, catch_all) in [
        ("*", true),
        ("**", true),
        ("*/", true),
        ("*/*/x", true),
        ("*.*", false),
        ("?*", false),
        ("a.b/*", false),
    ] {
        assert_eq!(Pattern::parse(pattern).unwrap().is_catch_all(), catch_all, "{pattern}");
    }
}

#[test]
fn hostile_patterns_end() {
    let path = format!("a.{}", "a".repeat(500));
    for glob in [
        "*a".repeat(200) + "*b",
        "*[a-z]".repeat(200) + "*b",
        "*?".repeat(600) + "b",
        "*".repeat(4_000) + "b",
    ] {
        // A matcher that tries each star again would not come back.
        assert!(!Pattern::parse(&glob).unwrap().matches_str(&path), "{glob}");
    }
}
