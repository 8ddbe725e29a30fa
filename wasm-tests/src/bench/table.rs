//! From samples to the table.

use std::time::Duration;

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Requests answered in full.
    pub(super) requests: u64,
    /// The same with the parts of the others.
    pub(super) answers: f64,
    pub(super) cpu: Duration,
}

/// All measurements of one case, in the order of the rounds.
#[derive(Clone, Debug)]
pub(super) struct Row {
    name: &'static str,
    base: &'static str,
    /// Bytes of an answer, where it is large enough to speak of its bytes.
    length: Option<u64>,
    samples: Vec<Sample>,
}

impl Sample {
    /// CPU time per answer in microseconds.
    pub(super) fn micros(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.answers
    }
}

impl Row {
    /// The samples of the case `name`, to be compared with those of the case `base`; `length` is that of a large answer.
    pub(super) fn new(
        name: &'static str,
        base: &'static str,
        length: Option<u64>,
        samples: Vec<Sample>,
    ) -> Self {
        Self { name, base, length, samples }
    }

    fn ratio(&self, base: &Self) -> f64 {
        let pairs = self.samples.iter().zip(&base.samples);
        median(pairs.map(|(own, base)| own.micros() / base.micros()).collect())
    }

    #[allow(clippy::cast_precision_loss, reason = "no answer has 2^52 bytes")]
    fn cells(&self, rows: &[Self]) -> [String; 7] {
        let micros: Vec<f64> = self.samples.iter().map(|sample| sample.micros()).collect();
        let low = micros.iter().copied().fold(f64::INFINITY, f64::min);
        let high = micros.iter().copied().fold(0.0, f64::max);
        let ratio = rows.iter().find(|row| row.name == self.base).map_or(f64::NAN, |base| self.ratio(base));
        [
            self.name.to_owned(),
            self.samples.iter().map(|sample| sample.requests).sum::<u64>().to_string(),
            format!("{:.1}", median(micros.clone())),
            format!("{low:.1} - {high:.1}"),
            self.length.map_or_else(String::new, |length| format!("{:.0}", length as f64 / median(micros))),
            format!("{ratio:.2}x"),
            self.base.to_owned(),
        ]
    }
}

/// The table, in Markdown.
pub(super) fn render(rows: &[Row]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| row.cells(rows)));
    let width = |column: usize| lines.iter().map(|cells| cells[column].len()).max().unwrap_or_default();
    let widths: [usize; 7] = std::array::from_fn(width);
    let is_text = |column: usize| matches!(column, 0 | 6);
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

const HEADINGS: [&str; 7] = ["case", "requests", "CPU us/request", "range", "MB/CPU s", "ratio", "to"];

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(middle) {
        Some(upper) if values.len().is_multiple_of(2) => f64::midpoint(values[middle - 1], *upper),
        Some(value) => *value,
        None => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, millis: [u64; 3]) -> Row {
        let sample = |millis| Sample { requests: 1000, answers: 1000.0, cpu: Duration::from_millis(millis) };
        let length = (name == "hit").then_some(2_000);
        Row::new(name, "direct", length, millis.map(sample).to_vec())
    }

    #[test]
    fn a_slow_round_is_compared_with_its_own_base() {
        let rows = [row("direct", [10, 20, 10]), row("hit", [15, 30, 16])];
        let text = render(&rows);
        let hit = text.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(hit, "| hit | 3000 | 16.0 | 15.0 - 30.0 | 125 | 1.50x | direct |");
    }

    #[test]
    fn medians() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0]) - 2.5).abs() < 1e-9);
    }
}
