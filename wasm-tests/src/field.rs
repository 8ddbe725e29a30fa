//! The table of what upstreams and networks do, and what became of it: each suite `e2e_field_*` adds a row where it has seen it.
//!
//! `make faults` collects the rows and writes them into the documentation.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;

/// A row of the table, in the words of somebody who reads it with no test at hand.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What kind of fault it is: `redirects`, `slow`, `flaky`, `rate limits`, `mirrors`, `encodings`, `clients`, `egress`.
    pub kind: &'a str,
    /// What the upstream, the database or the network does.
    pub fault: &'a str,
    /// What is spoken to it: `HTTP/1.1`, `HTTP/2`, or both.
    pub spoken: &'a str,
    /// What the client gets.
    pub client: &'a str,
    /// What the upstream is asked, and how often.
    pub asked: &'a str,
}

impl Row<'_> {
    /// Adds the row, where a table is wanted. To be called after everything in it was asserted.
    ///
    /// # Panics
    /// When the table cannot be written.
    pub fn seen(self) {
        let Ok(path) = env::var(TABLE) else { return };
        let Row { kind, fault, spoken, client, asked } = self;
        let line = format!("| {kind} | {fault} | {spoken} | {client} | {asked} |\n");
        let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("the table opens");
        // One write: suites run side by side.
        file.write_all(line.as_bytes()).expect("the table takes a row");
    }
}

/// The file that rows are added to.
const TABLE: &str = "MODGATE_FAULT_TABLE";
