//! Which versions a list has that the one before had not.

use std::collections::BTreeSet;

use crate::gomod::Version;

/// The newest versions of the list `after` that `before` has not, a few at most.
pub fn appeared(before: &[u8], after: &[u8]) -> Vec<Version> {
    if before.len().max(after.len()) > MAX_LIST {
        return Vec::new();
    }
    let words = |list| str::from_utf8(list).unwrap_or_default().lines().filter_map(first_word);
    let known: BTreeSet<&str> = words(before).collect();
    let new = words(after).filter(|word| !known.contains(word));
    let mut new: Vec<Version> = new.filter_map(|word| Version::parse(word).ok()).collect();
    new.sort_unstable_by(|one, other| other.cmp(one));
    new.dedup();
    new.truncate(MAX_NEW);
    new
}

/// The version; a time may follow.
fn first_word(line: &str) -> Option<&str> {
    line.split_ascii_whitespace().next()
}

/// Bytes of a list that is compared with the one before: some ten thousand versions, in a millisecond or two. Hardly any module has as many.
const MAX_LIST: usize = 128 << 10;

/// Versions of one list that count as new: who tags a repository tags it once. An upstream that shows a thousand at once has changed its mind.
const MAX_NEW: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_what_was_not_there_before_are_new() {
        for (before, after, want) in [
            ("v1.0.0\n", "v1.0.0\nv1.1.0\n", "v1.1.0"),
            ("v1.0.0\nv1.1.0 2026-01-01T00:00:00Z\n", "v1.1.0\nv1.0.0", ""),
            ("", "v1.0.0\nv1.10.0\nv1.9.0\nv1.2.0\nv1.3.0\nv1.3.0-pre\n", "v1.10.0 v1.9.0 v1.3.0 v1.3.0-pre"),
            ("v1.0.0", "<html>\nmain\n", ""),
            ("v1.0.0\nv1.1.0\n", "v1.0.0\n", ""),
        ] {
            let new = appeared(before.as_bytes(), after.as_bytes());
            let new: Vec<_> = new.iter().map(Version::as_str).collect();
            assert_eq!(new.join(" "), want, "{before:?} {after:?}");
        }
        let long = "v1.0.0\n".repeat(MAX_LIST / 7 + 1);
        assert_eq!(appeared(long.as_bytes(), b"v1.1.0\n"), []);
    }
}
