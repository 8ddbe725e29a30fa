//! `docs/benchmark.svg`: a panel for each case, a pair of bars for each server.

use std::fmt::Write as _;

use super::super::case::{Case, Table};
use super::super::load::Http;
use super::super::server::Id;
use super::{Report, columns, rows, shown};

/// The whole picture.
pub(super) fn render(report: &Report) -> String {
    let panels: Vec<&Case> = columns(Table::Documents).chain(columns(Table::Downloads)).collect();
    let scale = Scale::of(report);
    // What was measured; the others are in the tables.
    let servers: Vec<Id> = rows(&panels)
        .into_iter()
        .filter(|id| report.ratios.iter().any(|ratio| ratio.server == *id))
        .collect();
    let panel_height = HEADING + f64::from(u32::try_from(servers.len()).unwrap_or_default()) * ROW;
    let lines: Vec<&[&Case]> = panels.chunks(ACROSS).collect();
    let height = TOP + f64::from(u32::try_from(lines.len()).unwrap_or_default()) * panel_height;
    let mut body = String::new();
    for (line, cases) in (0_u32..).zip(lines) {
        let y = TOP + f64::from(line) * panel_height;
        for (row, id) in (0_u32..).zip(&servers) {
            let y = y + HEADING + f64::from(row) * ROW;
            let name = id.name().replace('`', "");
            let _ = writeln!(body, "<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>", class(*id, "name"), LABELS - 8.0, y + 13.0);
        }
        for (column, case) in (0_u32..).zip(cases) {
            let x = LABELS + f64::from(column) * PANEL;
            panel(&mut body, report, case, &servers, &scale, (x, y));
        }
    }
    let width = LABELS + f64::from(u32::try_from(ACROSS).unwrap_or_default()) * PANEL;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"title description\">\n<title id=\"title\">{TITLE}</title>\n<desc id=\"description\">{DESCRIPTION}</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n{}{body}</svg>\n",
        legend()
    )
}

/// One case.
fn panel(body: &mut String, report: &Report, case: &Case, servers: &[Id], scale: &Scale, (x, y): (f64, f64)) {
    let base = x + scale.at(1.0);
    let bottom = y + HEADING + f64::from(u32::try_from(servers.len()).unwrap_or_default()) * ROW - 4.0;
    let _ = writeln!(body, "<text class=\"case\" x=\"{x}\" y=\"{}\">{}</text>", y + 18.0, case.name);
    for (row, id) in (0_u32..).zip(servers) {
        for (half, http) in (0_u32..).zip(Http::BOTH) {
            let y = y + HEADING + f64::from(row) * ROW + f64::from(half) * (BAR + 1.0);
            let Some(ratio) = report.ratio(case, *id, http) else { continue };
            let end = x + scale.at(ratio);
            let _ = writeln!(
                body,
                "<rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\"/><text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                class(*id, http_class(http)),
                end - x,
                end + 3.0,
                y + BAR - 0.5,
                shown(ratio)
            );
        }
    }
    let _ = writeln!(body, "<line class=\"base\" x1=\"{base:.1}\" x2=\"{base:.1}\" y1=\"{}\" y2=\"{bottom}\"/>", y + HEADING - 4.0);
}

fn legend() -> String {
    let mut text = format!("<text class=\"title\" x=\"12\" y=\"24\">{TITLE}</text>\n");
    for (at, http) in (0_u32..).zip(Http::BOTH) {
        let x = 12.0 + f64::from(at) * 90.0;
        let _ = writeln!(
            text,
            "<rect class=\"{}\" x=\"{x}\" y=\"36\" width=\"16\" height=\"10\"/><text class=\"name\" x=\"{}\" y=\"45\">{}</text>",
            http_class(http),
            x + 21.0,
            http.name()
        );
    }
    let _ = writeln!(text, "<text class=\"name\" x=\"200\" y=\"45\">{NOTE}</text>");
    text
}

/// Modgate's own rows stand out.
fn class(id: Id, class: &str) -> String {
    let own = matches!(id, Id::Modgate | Id::Shipped);
    format!("{class}{}", if own { " own" } else { "" })
}

fn http_class(http: Http) -> &'static str {
    match http {
        Http::One => "one",
        Http::Two => "two",
    }
}

/// Where a ratio ends, in points from the left of a panel: equal ways are equal factors.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From a little below the least to the most.
    fn of(report: &Report) -> Self {
        let shown = columns(Table::Documents).chain(columns(Table::Downloads)).map(|case| case.name);
        let names: Vec<&str> = shown.collect();
        let ratios = report.ratios.iter().filter(|ratio| names.contains(&ratio.case)).map(|ratio| ratio.ratio);
        let (low, high) = ratios.fold((1.0_f64, 2.0_f64), |(low, high), ratio| (low.min(ratio), high.max(ratio)));
        Self { low: low / 1.25, high }
    }

    fn at(&self, ratio: f64) -> f64 {
        let share = (ratio / self.low).ln() / (self.high / self.low).ln();
        share.clamp(0.005, 1.0) * (PANEL - VALUE)
    }
}

const ACROSS: usize = 3;
const TOP: f64 = 56.0;
const LABELS: f64 = 210.0;
const PANEL: f64 = 250.0;
/// Of a panel, right of its longest bar.
const VALUE: f64 = 50.0;
const HEADING: f64 = 30.0;
const BAR: f64 = 9.0;
/// Two bars and what is between them and the next.
const ROW: f64 = 25.0;

const TITLE: &str = "CPU time per answer, in multiples of the server at 1.00";
const NOTE: &str = "logarithmic; shorter is cheaper; the line is 1.00: Envoy's direct_response, for zips Envoy as a plain proxy";
const DESCRIPTION: &str = "For each kind of request a panel with two bars for each server, one for HTTP/1.1 and one for HTTP/2. The scale is logarithmic and the same \
     in all panels. The figures are those of the tables in benchmark.md.";

/// Colours that can be told apart with any eyes, on a page of either kind.
const STYLE: &str = "
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.page { fill: #ffffff }
.title { font-size: 15px; font-weight: 600 }
.case { font-weight: 600 }
.value { font-size: 10px }
.name.own { font-weight: 600 }
.base { stroke: #57606a; stroke-dasharray: 3 2 }
.one { fill: #8c959f } .two { fill: #c4cbd2 }
.one.own { fill: #0550ae } .two.own { fill: #54aeff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #0d1117 }
.base { stroke: #9198a1 }
.one { fill: #7d8590 } .two { fill: #484f58 }
.one.own { fill: #58a6ff } .two.own { fill: #1f6feb }
}
";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::sample;
    use super::super::{CHART, Memory, Ratio, Report};
    use super::*;
    use crate::tools;

    /// Of two servers and one case.
    fn small() -> Report {
        let ratio = |server, http, ratio| Ratio { case: ".mod", server, http, ratio };
        Report {
            ratios: vec![
                ratio(Id::Direct, Http::One, 1.0),
                ratio(Id::Modgate, Http::One, 1.5),
                ratio(Id::Modgate, Http::Two, 1.0),
            ],
            memory: Vec::<Memory>::new(),
            ..sample()
        }
    }

    #[test]
    fn a_small_picture_is_this() {
        let golden = tools::repository().join("wasm-tests/src/bench/report/small.svg");
        assert_eq!(render(&small()), fs::read_to_string(golden).unwrap());
    }

    #[test]
    fn every_figure_is_written_beside_a_bar() {
        let report = sample();
        let picture = render(&report);
        let panels: Vec<&str> = columns(Table::Documents).chain(columns(Table::Downloads)).map(|case| case.name).collect();
        let figures = report.ratios.iter().filter(|ratio| panels.contains(&ratio.case)).count();
        assert_eq!(picture.matches("class=\"value\"").count(), figures);
        assert!(panels.iter().all(|name| picture.contains(&format!(">{name}</text>"))));
        assert_eq!(picture.matches('<').count(), picture.matches('>').count());
    }

    #[test]
    fn the_picture_in_the_documentation_has_all_panels() {
        let picture = fs::read_to_string(tools::repository().join("docs").join(CHART)).unwrap();
        for case in columns(Table::Documents).chain(columns(Table::Downloads)) {
            assert!(picture.contains(&format!(">{}</text>", case.name)), "run `make bench BENCH_WRITE=1`: {}", case.name);
        }
    }

    #[test]
    fn equal_ways_are_equal_factors() {
        let scale = Scale { low: 0.5, high: 8.0 };
        let way = |from, to| scale.at(to) - scale.at(from);
        assert!((way(1.0, 2.0) - way(2.0, 4.0)).abs() < 1e-9);
        assert!((scale.at(8.0) - (PANEL - VALUE)).abs() < 1e-9);
    }
}
