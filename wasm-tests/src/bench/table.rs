//! What a run shows on the terminal: a line for each cell, with times.

use super::case::{Case, Figure};
use super::cell::LARGE;
use super::sample::{Sample, median};

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) case: &'static Case,
    pub(super) server: &'static str,
    pub(super) http: &'static str,
    pub(super) samples: Vec<Sample>,
    pub(super) ratio: Option<f64>,
    /// What it is compared with.
    pub(super) base: String,
}

impl Row {
    #[allow(clippy::cast_precision_loss, reason = "no answer has 2^52 bytes")]
    fn cells(&self) -> [String; COLUMNS] {
        let micros: Vec<f64> = self.samples.iter().map(|sample| sample.micros(self.case.figure)).collect();
        let low = micros.iter().copied().fold(f64::INFINITY, f64::min);
        let high = micros.iter().copied().fold(0.0, f64::max);
        let middle = median(micros).unwrap_or(f64::NAN);
        let length = self.samples.first().map(|sample| sample.length);
        let large = length.filter(|length| *length >= LARGE && self.case.figure == Figure::Cpu);
        [
            self.case.name.to_owned(),
            self.server.to_owned(),
            self.http.to_owned(),
            format!("{middle:.1}"),
            format!("{low:.1} - {high:.1}"),
            large.map_or_else(String::new, |length| format!("{:.0}", length as f64 / middle)),
            self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}x")),
            self.base.clone(),
        ]
    }
}

/// The table, in Markdown.
pub(super) fn render(rows: &[Row]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let width = |column: usize| lines.iter().map(|cells| cells[column].len()).max().unwrap_or_default();
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let is_text = |column: usize| matches!(column, 0..=2 | 7);
    let mut text = String::new();
    for (at, cells) in lines.iter().enumerate() {
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let cell =
                if is_text(column) { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") };
            text += &cell;
        }
        text += "|\n";
        if at == 0 {
            for (column, width) in widths.into_iter().enumerate() {
                text += &format!("|{}{}", "-".repeat(width + 1), if is_text(column) { "-" } else { ":" });
            }
            text += "|\n";
        }
    }
    text
}

const COLUMNS: usize = 8;
const HEADINGS: [&str; COLUMNS] = ["case", "server", "over", "us", "range", "MB/CPU s", "ratio", "to"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::case;
    use super::*;

    #[test]
    fn a_line_has_the_median_and_the_range() {
        let sample = |millis| Sample {
            answers: 1000.0,
            length: 200_000,
            cpu: Duration::from_millis(millis),
            p99: Duration::ZERO,
        };
        let row = Row {
            case: &case::ALL[0],
            server: "nginx",
            http: "HTTP/2",
            samples: [15, 30, 16].map(sample).to_vec(),
            ratio: Some(1.5),
            base: "Envoy".to_owned(),
        };
        let text = render(&[row]);
        let last = text.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(last, "| list | nginx | HTTP/2 | 16.0 | 15.0 - 30.0 | 12500 | 1.50x | Envoy |");
    }
}
