//! What of Unicode Go looks at in the names of files, in the version of Unicode that Go has.
//!
//! Rust's `char` knows other properties (alphabetic is more than a letter, small letters are not folded ones), and
//! a crate has the tables of another version of Unicode than the go command.

use std::cmp::Ordering;

mod tables;

/// Whether a character outside ASCII is a letter. Semantics of unicode.IsLetter.
pub(super) fn is_letter(c: char) -> bool {
    let code = u32::from(c);
    tables::LETTERS.binary_search_by(|(first, last)| place(*first, *last, code)).is_ok()
}

/// What stands for this character and all others that differ from it in case alone: names that agree in it name the
/// same file where case does not count. Semantics of strToFold in golang.org/x/mod/zip.
pub fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let code = u32::from(c);
    tables::FOLDS
        .binary_search_by(|(first, last, ..)| place(*first, *last, code))
        .ok()
        .and_then(|found| tables::FOLDS.get(found))
        .filter(|(first, _, step, _)| (code - first).is_multiple_of(*step))
        .and_then(|(.., delta)| char::from_u32(code.checked_add_signed(*delta)?))
        .unwrap_or(c)
}

/// Where a run lies, seen from `code`.
fn place(first: u32, last: u32, code: u32) -> Ordering {
    if last < code {
        Ordering::Less
    } else if first > code {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_as_in_go() {
        for (same, why) in [
            ("aA", "ASCII"),
            ("kK\u{212a}", "the sign for Kelvin is a K"),
            ("sS\u{17f}", "and the long s an S"),
            ("\u{e9}\u{c9}", "Latin"),
            ("\u{3c3}\u{3c2}\u{3a3}", "both small sigmas"),
            ("\u{1c4}\u{1c5}\u{1c6}", "titles"),
            ("\u{10400}\u{10428}", "beyond sixteen bits"),
            ("\u{13a0}\u{ab70}", "Cherokee, where the capitals came first"),
        ] {
            let folded: Vec<char> = same.chars().map(fold).collect();
            assert!(folded.windows(2).all(|pair| pair[0] == pair[1]), "{why}: {folded:?}");
        }
        for (other, why) in [
            ("i\u{130}\u{131}", "the dotted capital and the dotless small letter are Turkish"),
            ("\u{df}s", "one letter is not two"),
            ("\u{101}\u{102}", "runs with a step: every second letter is a small one"),
        ] {
            let mut folded: Vec<char> = other.chars().map(fold).collect();
            folded.dedup();
            assert_eq!(folded.len(), other.chars().count(), "{why}");
        }
        assert!(('\0'..=char::MAX).all(|c| fold(fold(c)) == fold(c)));
        assert_eq!(('\0'..=char::MAX).filter(|c| fold(*c) != *c).count(), 1512, "as Go counts them");
    }

    #[test]
    fn letters_are_those_of_go() {
        assert!("\u{e9}\u{df}\u{aa}\u{65e5}\u{212a}\u{20000}".chars().all(is_letter));
        // A mark, a digit, a Roman numeral (alphabetic, for Rust), a dash, a symbol.
        assert!(!"\u{301}\u{661}\u{2160}\u{2014}\u{1f600}".chars().any(is_letter));
    }
}
