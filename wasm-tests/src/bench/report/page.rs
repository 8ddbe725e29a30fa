//! `docs/benchmark.md`: tables of ratios, and how to have them on another machine.

use std::fmt::Write as _;

use super::super::case::{Base, Case, Table};
use super::super::load::Http;
use super::super::server::Id;
use super::{CHART, Memory, Report, columns, rows, shown};

/// The whole page.
pub(super) fn render(report: &Report) -> String {
    let mut page = format!("{INTRODUCTION}\n![{ALT}]({CHART})\n");
    for (table, heading, text) in [
        (Table::Documents, "Small answers", SMALL),
        (Table::Downloads, "Downloads", DOWNLOADS),
    ] {
        let _ = write!(page, "\n## {heading}\n\n{text}");
        for http in Http::BOTH {
            let _ = write!(page, "\n{}:\n\n{}", http.name(), servers(report, table, http));
        }
    }
    let _ = write!(page, "\n## Of Modgate alone\n\n{OWN}\n{}", own(report));
    let _ = write!(page, "\n## Memory\n\n{MEMORY}\n{}", memory(report));
    let _ = write!(page, "\n## The run\n\n{}", run(report));
    page
}

/// A row for each server.
fn servers(report: &Report, table: Table, http: Http) -> String {
    let cases: Vec<&Case> = columns(table).collect();
    let head = ["server"].into_iter().chain(cases.iter().map(|case| case.name)).map(written).collect();
    let lines = rows(&cases).into_iter().map(|id| {
        let cells = cases.iter().map(|case| {
            if !case.on.contains(&id) {
                return NONE.to_owned();
            }
            report.ratio(case, id, http).map_or_else(|| missing(id, report), shown)
        });
        [id.name().to_owned()].into_iter().chain(cells).collect()
    });
    lines_of(head, lines)
}

/// A row for each case.
fn own(report: &Report) -> String {
    let head = ["case", "server", "compared with", "HTTP/1.1", "HTTP/2"].map(str::to_owned).to_vec();
    let lines = columns(Table::Own).flat_map(|case| {
        let (name, base) = case.base();
        let compared = case.on.iter().filter(move |id| **id != base || name != case.name);
        compared.map(move |id| {
            let to = match case.base {
                Base::Same(id) => id.name().to_owned(),
                Base::Other(id, name) => format!("{}, {}", written(name), id.name()),
            };
            let cell = |http| report.ratio(case, *id, http).map_or_else(|| NONE.to_owned(), shown);
            vec![written(case.name), id.name().to_owned(), to, cell(Http::One), cell(Http::Two)]
        })
    });
    lines_of(head, lines)
}

#[allow(clippy::cast_precision_loss, reason = "no process has 2^52 bytes")]
fn memory(report: &Report) -> String {
    let head = ["server", "at rest", "the most"].map(str::to_owned).to_vec();
    let of = |id: Id| report.memory.iter().find(|memory| memory.server == id);
    let base = of(Id::Proxy).map_or(f64::NAN, |memory: &Memory| memory.rest as f64);
    let every: Vec<&Case> = super::case::ALL.iter().collect();
    let lines = rows(&every).into_iter().map(|id| {
        let cells = of(id).map_or_else(
            || [missing(id, report), missing(id, report)],
            |memory| [memory.rest, memory.most].map(|bytes| shown(bytes as f64 / base)),
        );
        [id.name().to_owned()].into_iter().chain(cells).collect()
    });
    lines_of(head, lines)
}

fn run(report: &Report) -> String {
    let facts: String = report.facts.iter().map(|(name, value)| format!("- {name}: {value}\n")).collect();
    format!("{facts}\n{AGAIN}\n```sh\n{} BENCH_WRITE=1\n```\n\n{VARIABLES}", report.again)
}

/// Why there is no figure.
fn missing(id: Id, report: &Report) -> String {
    let measured = report.memory.iter().any(|memory| memory.server == id);
    if measured { NONE } else { NOT_MEASURED }.to_owned()
}

/// What is typed, in its own letters.
fn written(name: &str) -> String {
    match name {
        ".info" | ".mod" | "@latest" => format!("`{name}`"),
        _ => name.to_owned(),
    }
}

fn lines_of(head: Vec<String>, lines: impl Iterator<Item = Vec<String>>) -> String {
    let rule = vec!["---".to_owned(); head.len()];
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    format!("{}{}{}", line(head), line(rule).replace(' ', ""), lines.map(line).collect::<String>())
}

/// It cannot do that, or not over this HTTP, or not under this load.
const NONE: &str = "-";
const NOT_MEASURED: &str = "not measured";

const INTRODUCTION: &str = "# What a request costs, beside the peers

`make bench` measures this, and writes this page with `BENCH_WRITE=1`. All figures are ratios of CPU time: user and system time of all
processes of a server for one answer, divided by that of the server the table names, in the same round of the same run. They say what
a request costs, not how many a machine can serve; differences below 10 % are ties. Every answer is compared with the one that is meant.

- The measured server has a core to itself, and one worker. The load, and the nginx that all of them fetch from, have the others. Caches are warm.
- 32 requests are under way at any time: over HTTP/1.1 on 32 connections, over HTTP/2 on 4. There is no TLS.
- The Envoys without the filter have the listener of `envoy/gateway.yaml`, without its access log. \"Modgate\" is the same with the filter, \"as
  shipped\" the whole file with its access log.
- A row \"Envoy before ...\" counts both processes: that is what a Go module proxy costs behind a gateway.
- goproxy and Athens are measured where `GOPROXY_BIN` and `ATHENS_BIN` name their programs. They speak HTTP/2 over TLS only. An earlier run with
  them stands in [comparison.md](comparison.md#cost).
";

const ALT: &str = "CPU time per answer of each server and case, as bars on a logarithmic scale; the tables below have the same figures";

const SMALL: &str = "To Envoy's `direct_response` of the very same answer: 1.00. A `.mod` has 2 KB. Envoy's cache filter passes conditional requests on. The last
column compares the time within which 99 of 100 answers were there, with 1,000 connections, as fast as they are answered.
";

const DOWNLOADS: &str = "To Envoy as a plain proxy of the same file: 1.00. Of 100 MB, 4 are under way at any time. nginx has the kernel send files; an Envoy copies.
Envoy's cache filter has no figure where it stands still under the load.
Modgate's zips are in its storage, and come from there through Envoy. [Sending clients to the store](storage.md#delivery) keeps them out of it.
";

const OWN: &str = "What others do not do, or not so. Under rules means under 10,000 rules. Another application is answered by a route of the same gateway, in a
virtual host with the filter.
";

const MEMORY: &str = "Resident memory of all of a server's processes, to that of Envoy as a plain proxy at rest: when it has started, and the most in the whole run,
downloads of 100 MB among it.
";

const AGAIN: &str = "The same on another machine:
";

const VARIABLES: &str = "`BENCH_CASES` and `BENCH_SERVERS` take parts of the names above, separated by commas, and measure those alone; the table that it shows
then has times too.
";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::super::case;
    use super::super::tests::sample;
    use super::super::{PAGE, Report};
    use super::*;
    use crate::tools;

    #[test]
    fn a_table_has_a_row_for_each_server_and_a_column_for_each_case() {
        let page = render(&sample());
        for line in [
            "| server | zip 200 KB | zip 5 MB | zip 100 MB |",
            "|---|---|---|---|",
            "| Envoy as a plain proxy | 0.50 | 0.50 | 0.50 |",
            "| Envoy with its cache filter | not measured | not measured | not measured |",
            "| Modgate as shipped (access log) | not measured | not measured | not measured |",
            "| Athens | 1.75 | 1.75 | 1.75 | 1.75 | 1.75 | - | - |",
            "| .mod under rules | Modgate with 10000 rules | `.mod`, Modgate | 3.25 | 6.50 |",
            "| nginx with the files | 1.18 | 2.91 |",
        ] {
            assert!(page.lines().any(|known| known == line), "{line}\n{page}");
        }
    }

    /// What stands there was made by this code: only figures, machine and date are another run's.
    #[test]
    fn the_page_is_one_that_was_made() {
        let written = fs::read_to_string(tools::repository().join("docs").join(PAGE)).unwrap();
        let report = Report { memory: Vec::new(), ratios: Vec::new(), ..sample() };
        assert_eq!(skeleton(&written), skeleton(&render(&report)), "run `make bench BENCH_WRITE=1`");
        assert!(case::ALL.iter().all(|case| written.contains(case.name)));
        let figures = |text: &str| text.lines().flat_map(|line| line.split(" | ")).filter(|cell| cell.parse::<f64>().is_ok()).count();
        assert!(figures(&written) > case::ALL.len(), "a page of figures");
    }

    /// A page without what differs between runs.
    fn skeleton(page: &str) -> String {
        let line = |line: &str| match line {
            line if line.starts_with("| ") && !line.starts_with("| server |") => {
                let cells = line.trim_matches(['|', ' ']).split(" | ");
                let figure = |cell: &str| cell.parse::<f64>().is_ok() || [NONE, NOT_MEASURED].contains(&cell);
                cells.map(|cell| if figure(cell) { "x" } else { cell }).collect::<Vec<_>>().join(" | ")
            }
            line if line.starts_with("make bench ") => "make bench".to_owned(),
            line => line.to_owned(),
        };
        let (tables, run) = page.split_once("\n## The run\n").unwrap_or((page, ""));
        let run = run.lines().filter(|line| !line.starts_with("- "));
        tables.lines().chain(run).map(line).collect::<Vec<_>>().join("\n")
    }
}
