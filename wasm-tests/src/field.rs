//! The table of what upstreams, networks and clients do, and what became of it: a suite adds a row where it has seen it.
//!
//! The table stands in `docs/faults.md`, which `make faults` writes. A suite that sees what is not there fails, so that the document
//! cannot say less, or something else, than what is so.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::tools;

/// A row of the table, in the words of somebody who reads it with no test at hand. The same each time: no port, no time.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What kind of fault it is, the heading it stands under: `redirects`, `slow`, `flaky`, `rate limits`, `mirrors`, `encodings`,
    /// `clients`, `egress`, `answers`, `storage`.
    pub kind: &'a str,
    /// What the upstream, the database, the client or the network does.
    pub fault: &'a str,
    /// What is spoken to it: `HTTP/1.1`, `HTTP/2`, or both.
    pub spoken: &'a str,
    /// What the client gets.
    pub client: &'a str,
    /// What the upstream is asked, and how often.
    pub asked: &'a str,
}

impl Row<'_> {
    /// Adds the row, where a table is wanted; else makes sure that it stands in the document. To be called after everything in it
    /// was asserted.
    ///
    /// # Panics
    /// When the table cannot be written, the document has no such row, or the row is no row.
    #[track_caller]
    pub fn seen(self) {
        let line = self.line();
        if let Ok(path) = env::var(TABLE) {
            let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("the table opens");
            // One write: suites run side by side.
            file.write_all(format!("{line}\n").as_bytes()).expect("the table takes a row");
            return;
        }
        let page = fs::read_to_string(document()).unwrap_or_default();
        assert!(rows(&page).contains(&line), "run `make faults`: docs/faults.md has no row\n{line}");
    }

    #[track_caller]
    fn line(&self) -> String {
        let cells = [self.kind, self.fault, self.spoken, self.client, self.asked];
        for cell in cells {
            let fits = !cell.is_empty() && cell.trim() == cell && !cell.contains(['|', '\n']);
            assert!(fits, "no cell of a table: {cell:?} in {self:?}");
        }
        format!("| {} |", cells.join(" | "))
    }
}

/// Where the table stands.
#[must_use]
pub fn document() -> PathBuf {
    tools::repository().join("docs/faults.md")
}

/// Writes the document, of the rows in the file that is named on the command line; the process's exit code.
#[must_use]
pub fn main() -> ExitCode {
    let Some(file) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("faults: name the file with the rows");
        return ExitCode::from(2);
    };
    let read = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()));
    let written = read.and_then(|rows| {
        let to = document();
        fs::write(&to, page(&rows)).map_err(|error| format!("{}: {error}", to.display()))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faults: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The document with these rows, each once and in order, however often and in whatever order they were seen.
///
/// # Panics
/// When a line is no row.
#[must_use]
pub fn page(seen: &str) -> String {
    let mut kinds = BTreeMap::<&str, BTreeSet<&str>>::new();
    for line in seen.lines() {
        let (kind, rest) = line
            .strip_prefix("| ")
            .and_then(|line| line.split_once(" | "))
            .unwrap_or_else(|| panic!("no row: {line:?}"));
        kinds.entry(kind).or_default().insert(rest);
    }
    let mut page = INTRODUCTION.to_owned();
    for (kind, rows) in kinds {
        let _ = write!(page, "\n## {kind}\n\n{HEAD}");
        rows.iter().for_each(|row| page.extend(["| ", row, "\n"]));
    }
    page
}

/// The rows of a document, each with its kind.
fn rows(page: &str) -> BTreeSet<String> {
    let (mut kind, mut rows) = ("", BTreeSet::new());
    for line in page.lines() {
        match (line.strip_prefix("## "), line.strip_prefix("| ")) {
            (Some(heading), _) => kind = heading,
            (None, Some(row)) if !HEAD.contains(line) => {
                rows.insert(format!("| {kind} | {row}"));
            }
            _ => {}
        }
    }
    rows
}

/// The file that rows are added to.
const TABLE: &str = "MODGATE_FAULT_TABLE";

const HEAD: &str = "| what is done | over | the client gets | asked of it |\n|---|---|---|---|\n";

const INTRODUCTION: &str = "# What goes wrong, and what becomes of it

What upstreams, checksum databases, storage, networks and clients do in the field, and how the gateway answers. An end-to-end test has seen
each row, through a real Envoy with the shipped configuration, after it had asserted everything the row says. `make faults` writes this
page; a test that sees something else fails.

- The go command gets the status in the column \"the client gets\", too: at 404 and 410 it asks the next proxy of its list, at any
  other it stops and shows the reason, whose beginning is quoted.
- \"Asked of it\" is how often the source of the fault got the request, for this one answer.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(kind: &'a str, fault: &'a str) -> Row<'a> {
        Row { kind, fault, spoken: "HTTP/1.1", client: "502", asked: "once" }
    }

    #[test]
    fn a_page_has_every_row_once_and_in_order() {
        let seen = [row("slow", "b"), row("flaky", "c"), row("slow", "a"), row("slow", "b")]
            .map(|row| row.line() + "\n")
            .concat();
        let page = page(&seen);
        assert!(page.ends_with(&format!(
            "\n## flaky\n\n{HEAD}| c | HTTP/1.1 | 502 | once |\n\n## slow\n\n{HEAD}| a | HTTP/1.1 | 502 | once |\n\
             | b | HTTP/1.1 | 502 | once |\n"
        )));
        let rows = rows(&page);
        assert_eq!(rows.len(), 3);
        assert!(rows.contains(&row("slow", "b").line()) && !rows.contains(&row("flaky", "b").line()));
        let all: String = rows.iter().map(|row| format!("{row}\n")).collect();
        assert_eq!(super::page(&all), page);
    }

    #[test]
    fn the_document_is_one_that_was_made() {
        let written = fs::read_to_string(document()).unwrap();
        let all: String = rows(&written).iter().map(|row| format!("{row}\n")).collect();
        assert_eq!(page(&all), written, "run `make faults`");
        assert!(!all.is_empty());
    }

    #[test]
    fn what_is_no_cell_is_refused() {
        for text in ["", " a", "a|b", "a\nb"] {
            assert!(std::panic::catch_unwind(|| row("slow", text).line()).is_err(), "{text:?}");
        }
    }
}
