//! The table, generated from SPDX's texts: `src/license/table.rs`, hashes and no texts.
//!
//! The committed file is compared with what is generated here. To write it anew, as after a change in `reference/`:
//! `UPDATE_LICENSES=1 cargo test -p modgate --lib license::reference`.

pub(super) mod sources;
mod titles;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::pattern::ANCHOR;
use super::text::Text;
use sources::{Edit, SOURCES, Source};

const TABLE: &str = "src/license/table.rs";

/// The bytes that the table may have in the filter, which is loaded by every worker.
const MAX_BYTES: usize = 24 << 10;

#[test]
fn the_committed_table_is_current() {
    let generated = table();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    #[expect(clippy::disallowed_methods, reason = "a developer's switch of this test, not configuration")]
    if std::env::var("UPDATE_LICENSES").is_ok_and(|value| value == "1") {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "{TABLE} is out of date: run UPDATE_LICENSES=1 cargo test -p modgate --lib license::reference, and commit the result"
    );
}

/// Every identifier is one that SPDX lists.
#[test]
fn spdx_lists_the_identifiers() {
    for id in super::table::IDS {
        assert!(spdx::license_id(id).is_some_and(|known| known.name == *id), "{id}");
    }
}

/// A row of steps: what may stand before each, and its runs.
type Steps = Vec<(usize, Vec<(usize, u64)>)>;

fn table() -> String {
    let mut ids: Vec<&str> =
        SOURCES.iter().filter_map(|source| source.id).chain(sources::TOLD.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut patterns: Vec<(u64, Option<usize>, Steps)> = SOURCES
        .iter()
        .map(|source| {
            let (anchor, steps) = steps(source);
            (anchor, source.id.map(|id| ids.binary_search(&id).unwrap()), steps)
        })
        .collect();
    patterns.sort();
    let mut titles: Vec<(u64, &str)> = titles::TITLES
        .iter()
        .flat_map(|(id, titles)| titles.iter().map(|title| (whole(&Text::new(title.as_bytes())).1, *id)))
        .collect();
    titles.sort_unstable();
    titles.dedup();
    assert!(titles.is_sorted_by(|one, next| one.0 < next.0), "a title of two licences");
    let runs: usize = patterns.iter().flat_map(|(.., steps)| steps).map(|(_, runs)| runs.len()).sum();
    let steps: usize = patterns.iter().map(|(.., steps)| steps.len()).sum();
    // As they are on wasm32.
    assert!(runs * 16 + steps * 12 + patterns.len() * 24 + titles.len() * 16 < MAX_BYTES);
    write(&ids, &patterns, &titles)
}

fn write(ids: &[&str], patterns: &[(u64, Option<usize>, Steps)], titles: &[(u64, &str)]) -> String {
    let mut out = String::from(
        "//! Written by src/license/reference.rs from the texts of SPDX's licence list, which crate spdx has, and what copies of them differ in:\n\
         //! UPDATE_LICENSES=1 cargo test -p modgate --lib license::reference\n\n\
         use super::pattern::{Pattern, Run, Step};\n\n\
         /// The identifiers that may be told, sorted.\n\
         #[rustfmt::skip]\n\
         pub(super) const IDS: &[&str] = &[\n",
    );
    for id in ids {
        writeln!(out, "    \"{id}\",").unwrap();
    }
    out += "];\n\n/// How licences are written, sorted by how they begin.\n\
            #[rustfmt::skip]\npub(super) const PATTERNS: &[Pattern] = &[\n";
    for (anchor, id, steps) in patterns {
        writeln!(
            out,
            "    // {}\n    Pattern {{ anchor: {anchor:#018x}, id: {id:?}, steps: &[",
            id.map_or("says nothing of its own", |id| ids[id])
        )
        .unwrap();
        for (gap, runs) in steps {
            let runs: Vec<_> = runs
                .iter()
                .map(|(words, hash)| format!("Run {{ words: {words}, hash: {hash:#018x} }}"))
                .collect();
            writeln!(out, "        Step {{ gap: {gap}, runs: &[{}] }},", runs.join(", ")).unwrap();
        }
        out += "    ] },\n";
    }
    out += "];\n\n/// Lines that are titles and no more, sorted, and what the identifiers begin with of which they are.\n\
            #[rustfmt::skip]\npub(super) const TITLES: &[(u64, &str)] = &[\n";
    for (title, id) in titles {
        writeln!(out, "    ({title:#018x}, \"{id}\"),").unwrap();
    }
    out + "];\n"
}

/// The steps of a source: what its text has between its edits, and what those say.
fn steps(source: &Source) -> (u64, Steps) {
    let text = Text::new(source.text().as_bytes());
    let at = |words: &str, from: usize| {
        let found = places(&text, words).into_iter().find(|at| *at >= from);
        found.unwrap_or_else(|| panic!("{}: there is no {words:?}", source.spdx))
    };
    let start = at(source.from, 0);
    let end = if source.until.is_empty() { text.len() } else { at(source.until, start) };
    let mut edits: Vec<(usize, usize, &Edit)> = Vec::new();
    for edit in source.edits {
        let (Edit::Or(words, _) | Edit::Be(words, _) | Edit::Any(words, _)) = edit;
        let found: Vec<_> = places(&text, words).into_iter().filter(|at| (start..end).contains(at)).collect();
        assert!(!found.is_empty(), "{}: there is no {words:?}", source.spdx);
        edits.extend(found.into_iter().map(|at| (at, whole(&Text::new(words.as_bytes())).0, edit)));
    }
    edits.sort_by_key(|(at, ..)| *at);
    let mut steps: Steps = Vec::new();
    let (mut next, mut gap) = (start, 0);
    for (at, words, edit) in edits {
        assert!(at >= next, "{}: edits overlap", source.spdx);
        if at > next {
            steps.push((gap, vec![(at - next, text.hash(next, at - next).unwrap())]));
            gap = 0;
        }
        match edit {
            Edit::Or(_, others) | Edit::Be(_, others) => {
                let own = matches!(edit, Edit::Or(..)).then(|| (words, text.hash(at, words).unwrap()));
                let others = others.iter().map(|other| whole(&Text::new(other.as_bytes())));
                steps.push((gap, own.into_iter().chain(others).collect()));
                gap = 0;
            }
            Edit::Any(_, most) => gap = *most,
        }
        next = at + words;
    }
    if end > next {
        steps.push((gap, vec![(end - next, text.hash(next, end - next).unwrap())]));
    } else {
        assert!(gap == 0, "{}: ends with any words", source.spdx);
    }
    assert!(steps[0].1.len() == 1 && steps[0].1[0].0 >= ANCHOR, "{}: begins with too few words", source.spdx);
    (text.hash(start, ANCHOR).unwrap(), steps)
}

/// Where these words are in a text.
fn places(text: &Text<'_>, words: &str) -> Vec<usize> {
    let (count, hash) = whole(&Text::new(words.as_bytes()));
    (0..text.len()).filter(|at| text.hash(*at, count) == Some(hash)).collect()
}

fn whole(text: &Text<'_>) -> (usize, u64) {
    (text.len(), text.hash(0, text.len()).unwrap())
}
