//! What a run came to, in ratios alone: `docs/benchmark.md` and `docs/benchmark.svg`.

use std::fs;

use super::case::{self, Case, Table};
use super::cell::Cell;
use super::load::Http;
use super::machine::Fact;
use super::server::{Id, ROSTER, Server};
use crate::tools;

mod chart;
mod page;

/// What a run came to.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) facts: Vec<Fact>,
    /// The command that measures the same again.
    pub(super) again: String,
    pub(super) ratios: Vec<Ratio>,
    pub(super) memory: Vec<Memory>,
}

/// A figure over its base's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    case: &'static str,
    server: Id,
    http: Http,
    ratio: f64,
}

/// Resident bytes of a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    server: Id,
    rest: u64,
    most: u64,
}

impl Ratio {
    /// Nothing where it is no number, for nothing was answered.
    pub(super) fn of(cell: &Cell, ratio: f64) -> Option<Self> {
        ratio.is_finite().then_some(Self { case: cell.case.name, server: cell.server, http: cell.http, ratio })
    }
}

impl Memory {
    pub(super) fn of(server: &Server) -> Self {
        let (rest, most) = server.memory();
        Self { server: server.id, rest, most }
    }
}

impl Report {
    /// Writes both files.
    pub(super) fn write(&self) -> Result<(), String> {
        for (name, text) in [(PAGE, page::render(self)), (CHART, chart::render(self))] {
            let file = tools::repository().join("docs").join(name);
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(())
    }

    /// What is shown below the table of a run.
    #[allow(clippy::cast_precision_loss, reason = "no process has 2^52 bytes")]
    pub(super) fn footer(&self) -> String {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let memory = self.memory.iter().map(|memory| {
            format!("  {:>6.1} {:>7.1}  {}\n", mib(memory.rest), mib(memory.most), memory.server.name())
        });
        let facts = self.facts.iter().map(|(name, value)| format!("{name}: {value}\n"));
        format!(
            "us: CPU time, user and system, of all processes of the server for an answer, or the 99th percentile: median and range of the rounds.\n\
             Ratio: median over the rounds, each against its base in the same round.\n\n\
             MiB at rest, and the most:\n{}\n{}Again: {}",
            memory.collect::<String>(),
            facts.collect::<String>(),
            self.again
        )
    }

    fn ratio(&self, case: &Case, server: Id, http: Http) -> Option<f64> {
        let same = |ratio: &&Ratio| (ratio.case, ratio.server, ratio.http) == (case.name, server, http);
        self.ratios.iter().find(same).map(|ratio| ratio.ratio)
    }
}

/// The cases of a table.
fn columns(table: Table) -> impl Iterator<Item = &'static Case> {
    case::ALL.iter().filter(move |case| case.table == table)
}

/// The servers that are asked at least one of these.
fn rows(cases: &[&Case]) -> Vec<Id> {
    let ids = ROSTER.iter().map(|entry| entry.id);
    ids.filter(|id| cases.iter().any(|case| case.on.contains(id))).collect()
}

/// A ratio as it is written everywhere.
fn shown(ratio: f64) -> String {
    if ratio >= 9.95 { format!("{ratio:.0}") } else { format!("{ratio:.2}") }
}

const PAGE: &str = "benchmark.md";
const CHART: &str = "benchmark.svg";

#[cfg(test)]
mod tests {
    use super::*;

    /// Every second server is not measured; the others have round numbers.
    pub(super) fn sample() -> Report {
        let measured = |id: Id| id as usize % 3 != 2;
        let mut ratios = Vec::new();
        for case in case::ALL {
            for http in Http::BOTH.into_iter().filter(|http| case.speaks(*http)) {
                let servers = case.on.iter().copied().filter(|id| measured(*id));
                ratios.extend(servers.map(|server| Ratio {
                    case: case.name,
                    server,
                    http,
                    ratio: f64::from(1 + server as u32) / if http == Http::One { 4.0 } else { 2.0 },
                }));
            }
        }
        let mib = |number: u64| number << 20;
        let memory = |id: Id| Memory { server: id, rest: mib(10 + id as u64), most: mib(20 + 4 * id as u64) };
        Report {
            facts: vec![("date", "1 Jan 2026".to_owned()), ("CPU", "of a test".to_owned())],
            again: "make bench BENCH_SECONDS=1 BENCH_ROUNDS=3".to_owned(),
            ratios,
            memory: ROSTER.iter().map(|entry| entry.id).filter(|id| measured(*id)).map(memory).collect(),
        }
    }

    #[test]
    fn ratios_are_written_with_three_digits() {
        let shown = [0.5, 1.254, 9.94, 9.96, 23.7].map(shown);
        assert_eq!(shown, ["0.50", "1.25", "9.94", "10", "24"]);
    }
}
