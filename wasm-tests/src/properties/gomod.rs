//! Go's words: whatever is read is written as it was, and order and matching are what those words promise.
//!
//! Input: texts on lines of their own, each read as a module path, a version, a query and a pattern, and compared with the
//! others.

use std::cmp::Ordering;

use modgate::gomod::{self, InvalidVersion, ModulePath, Pattern, Patterns, Query, Version};

/// Lines beyond these would be compared with all others in vain.
const MAX_LINES: usize = 6;

/// No text panics; what is a word of Go is itself after escaping and unescaping.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    let paths: Vec<ModulePath> = lines.iter().filter_map(|line| path(line)).collect();
    let versions: Vec<Version> = lines.iter().filter_map(|line| version(line)).collect();
    let patterns: Vec<Pattern> = lines.iter().filter_map(|line| pattern(line)).collect();
    for line in &lines {
        query(line);
        let _ = Patterns::parse_list(line).map_err(|error| is_one_line(&error));
        for pattern in &patterns {
            // A text that is no path may match or not, but never panic.
            let _ = pattern.matches_str(line);
        }
    }
    order(&versions);
    for path in &paths {
        for version in &versions {
            let _ = gomod::check(path, version).map_err(|error| is_one_line(&error));
        }
        for pattern in &patterns {
            if pattern.matches(path) {
                reaches_below(pattern, path);
            }
        }
    }
}

fn path(text: &str) -> Option<ModulePath> {
    if let Ok(path) = ModulePath::unescape(text) {
        assert_eq!(path.escaped(), text, "one spelling each");
    }
    let path = ModulePath::parse(text).map_err(|error| is_one_line(&error)).ok()?;
    assert_eq!(path.as_str(), text);
    is_escaped(&path.escaped());
    assert_eq!(ModulePath::unescape(&path.escaped()).as_ref(), Ok(&path));
    assert!(text.ends_with(path.major_suffix()) || text.ends_with("-unstable"));
    Some(path)
}

fn version(text: &str) -> Option<Version> {
    let version = Version::parse(text).map_err(|error| is_one_line(&error)).ok()?;
    assert_eq!(version.as_str(), text);
    is_escaped(&version.escaped());
    assert_eq!(gomod::unescape_version(&version.escaped()), Ok(text.to_owned()), "a version is a file name");
    assert_eq!(version.pseudo().is_some(), version.is_pseudo());
    if let Some(pseudo) = version.pseudo() {
        assert!(version.is_prerelease() && !pseudo.rev().is_empty());
        let seconds = pseudo.time();
        assert!(
            seconds.is_none_or(|seconds| (-62_167_219_200..253_402_300_800).contains(&seconds)),
            "{text}"
        );
        match pseudo.base() {
            Ok(Some(base)) => assert!(base < version, "{base} comes before {version}"),
            Ok(None) => {}
            Err(error) => is_one_line(&error),
        }
    }
    Some(version)
}

fn query(text: &str) {
    if let Ok(query) = Query::unescape(text) {
        assert_eq!(query.escaped(), text, "one spelling each");
        // One that Go's own escaping would refuse is let in by its unescaping alone.
        assert!(Query::parse(query.as_str()).is_ok(), "{query}");
    }
    let read: Result<Query, InvalidVersion> = Query::parse(text);
    match read {
        Ok(query) => {
            assert_eq!(query.as_str(), text);
            is_escaped(&query.escaped());
            assert_eq!(Query::unescape(&query.escaped()), Ok(query));
        }
        Err(error) => is_one_line(&error),
    }
}

fn pattern(text: &str) -> Option<Pattern> {
    let pattern = Pattern::parse(text).map_err(|error| is_one_line(&error)).ok()?;
    assert_eq!(pattern.as_str(), text);
    let listed = Patterns::parse_list(text).map(|list| list.iter().cloned().collect::<Vec<_>>());
    assert_eq!(listed, Ok(vec![pattern.clone()]), "it holds no comma");
    Some(pattern)
}

/// A pattern for a path is one for everything below it.
fn reaches_below(pattern: &Pattern, path: &ModulePath) {
    assert!(pattern.matches_str(&format!("{path}/below")), "{pattern:?} {path}");
    assert!(Patterns::from_iter([pattern.clone()]).matches(path));
}

/// A total order, equal where the text is.
fn order(versions: &[Version]) {
    for a in versions {
        for b in versions {
            assert_eq!(a.cmp(b), b.cmp(a).reverse());
            assert_eq!(a.cmp(b) == Ordering::Equal, a.as_str() == b.as_str(), "{a} {b}");
            for c in versions {
                assert!(!(a <= b && b <= c) || a <= c, "{a} {b} {c}");
            }
        }
    }
}

/// Nothing in it depends on case.
fn is_escaped(text: &str) {
    assert!(text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()), "{text:?}");
}

/// Errors end up in logs and answers: whatever the text was, they are a line.
fn is_one_line(error: &dyn std::error::Error) {
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control) && text.len() < 1000, "{text:?}");
}
