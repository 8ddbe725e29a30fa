//! What licence a module is under, read from the texts at its root.
//!
//! A licence counts where it is there word for word, but for the places that its own text leaves open: names, years, how the
//! disclaimer calls those it protects. A text that changes one, or says something about what may be done beside those that
//! are known, is unknown: nothing is guessed from likeness.
//!
//! **All of them.** Where there are several licences, in one file or in several, all are told: a module that lets its user
//! choose and one that has parts under each look alike, and the careful reading is that all apply.
//!
//! **GNU licences.** Their texts do not say whether a later version may be chosen; those who apply them do. A text alone is
//! therefore `GPL-3.0`, which SPDX still lists as deprecated and pkg.go.dev reports; `GPL-3.0-only` is told where a line
//! `SPDX-License-Identifier:` says so, `GPL-3.0-or-later` where such a line or the notice above a program's files does.

mod files;
mod pattern;
#[cfg(test)]
mod reference;
mod table;
mod telling;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use pattern::ANCHOR;
use text::Text;

pub use files::is_license_file;

/// The identifiers that may be told, sorted.
pub const IDS: &[&str] = table::IDS;

/// The bytes of one file that are looked at: one with as many or more is unknown, for what its rest says is not known. Three times the
/// longest licence, the AGPL's 35 KB; what Go lets a LICENSE have (golang.org/x/mod/zip.MaxLICENSE, 16 MiB) is
/// for files that carry the licences of hundreds of others.
pub const MAX_TEXT: usize = 128 << 10;

/// The files of one zip that are looked at: modules have one to three. With more of them nothing is known.
pub const MAX_FILES: usize = 16;

/// The words beside all licences: a list of authors, not a chapter of its own.
const MAX_BESIDE: usize = 200;

/// The bytes outside ASCII beside all licences: names, not a sentence in a script that is not read here.
const MAX_FOREIGN: usize = 64;

/// What licences a module's files say: SPDX identifiers, sorted, each once; none where no text is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licenses(Vec<&'static str>);

impl Licenses {
    /// No text is known.
    pub const UNKNOWN: Self = Self(Vec::new());

    /// Whether there is one at least.
    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// The identifiers.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Reads what `Display` writes. Semantics of a record: an identifier that is not one of ours, or an order that is not, is refused.
    pub fn parse(text: &str) -> Option<Self> {
        if text == UNKNOWN {
            return Some(Self::UNKNOWN);
        }
        let ids: Vec<_> =
            text.split(AND).map(|id| known(id).filter(|known| *known == id)).collect::<Option<_>>()?;
        ids.is_sorted_by(|one, next| one < next).then_some(Self(ids))
    }
}

const UNKNOWN: &str = "unknown";
const AND: &str = " AND ";

impl fmt::Display for Licenses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_known() {
            return f.write_str(UNKNOWN);
        }
        for (place, id) in self.ids().enumerate() {
            if place > 0 {
                f.write_str(AND)?;
            }
            f.write_str(id)?;
        }
        Ok(())
    }
}

/// Collects the files of one zip and says what they come to; bounded in files and bytes.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    files: usize,
    /// Sorted, each once.
    ids: Vec<&'static str>,
    /// Something was there that is not known, so nothing can be said of the module.
    is_open: bool,
}

impl Reader {
    /// Nothing was read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the text of a file, or the first [`MAX_TEXT`] bytes of a longer one. A file whose name is no licence's is passed over.
    pub fn file(&mut self, path: &str, text: &[u8]) {
        if !is_license_file(path) {
            return;
        }
        self.files = self.files.saturating_add(1);
        if self.is_open || self.files > MAX_FILES || text.len() >= MAX_TEXT {
            self.is_open = true;
            return;
        }
        match licenses(text) {
            Some(found) => {
                self.ids.extend(found);
                self.ids.sort_unstable();
                self.ids.dedup();
            }
            None => self.is_open = true,
        }
    }

    /// What all files together say: unknown where one of them is.
    pub fn licenses(&self) -> Licenses {
        if self.is_open { Licenses::UNKNOWN } else { Licenses(self.ids.clone()) }
    }
}

/// The licences of one text, where all that it says is known.
fn licenses(text: &[u8]) -> Option<Vec<&'static str>> {
    // No text has one, but for those in UTF-16: there each letter would stand by itself, and say nothing.
    if text.contains(&0) {
        return None;
    }
    let text = Text::new(text);
    let mut ids = Vec::new();
    for expression in &text.expressions {
        ids.extend(expressed(expression)?);
    }
    let mut beside = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match find(&text, at) {
            Some((id, end)) if end > at => {
                ids.extend(id);
                at = end;
            }
            _ => {
                beside.push(at);
                if beside.len() > MAX_BESIDE {
                    return None;
                }
                at += 1;
            }
        }
    }
    (!ids.is_empty() && is_harmless(&text, &beside, &ids)).then_some(ids)
}

/// The licence that begins at a word, and where it ends: the longest of several.
fn find(text: &Text<'_>, at: usize) -> Option<(Option<&'static str>, usize)> {
    let anchor = text.hash(at, ANCHOR)?;
    let first = table::PATTERNS.partition_point(|pattern| pattern.anchor < anchor);
    let (pattern, end) = table::PATTERNS
        .iter()
        .skip(first)
        .take_while(|pattern| pattern.anchor == anchor)
        .filter_map(|pattern| Some((pattern, pattern.end(text, at)?)))
        .max_by_key(|(_, end)| *end)?;
    Some((pattern.id.and_then(|id| table::IDS.get(id).copied()), end))
}

/// Whether the words beside the licences, by their places in ascending order, change nothing: titles of these very licences, and
/// names.
fn is_harmless(text: &Text<'_>, beside: &[usize], ids: &[&str]) -> bool {
    let mut beside = beside.iter().copied().peekable();
    let mut foreign = 0;
    for (start, end) in text.lines() {
        let mut is_whole = true;
        let mut telling = false;
        let mut next = start;
        while let Some(at) = beside.next_if(|at| *at < end) {
            is_whole &= at == next;
            next = at + 1;
            let word = text.word(at);
            foreign += word.iter().filter(|byte| !byte.is_ascii()).count();
            telling |= telling::is_telling(word);
        }
        is_whole &= next == end;
        if telling && !(is_whole && is_title(text, start, end, ids)) {
            return false;
        }
    }
    foreign <= MAX_FOREIGN
}

/// Whether these words are the title of one of these licences, or of the file.
fn is_title(text: &Text<'_>, start: usize, end: usize, ids: &[&str]) -> bool {
    let title = text.hash(start, end.saturating_sub(start)).and_then(|hash| {
        let found = table::TITLES.binary_search_by_key(&hash, |(title, _)| *title).ok()?;
        table::TITLES.get(found)
    });
    title.is_some_and(|(_, of)| ids.iter().any(|id| id.starts_with(of)))
}

/// The identifiers of an SPDX expression, all of them known. An exception to a licence is not known.
fn expressed(expression: &[u8]) -> Option<Vec<&'static str>> {
    let expression = std::str::from_utf8(expression).ok()?;
    let expression = expression.trim().trim_end_matches("*/").trim_end_matches("-->");
    let ids: Vec<_> = expression
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '`'))
        .filter(|word| {
            !word.is_empty() && !word.eq_ignore_ascii_case("and") && !word.eq_ignore_ascii_case("or")
        })
        .map(known)
        .collect::<Option<_>>()?;
    (!ids.is_empty()).then_some(ids)
}

/// The identifier as it stands in the table. SPDX does not tell small letters from capitals.
fn known(id: &str) -> Option<&'static str> {
    table::IDS.iter().copied().find(|other| other.eq_ignore_ascii_case(id))
}
