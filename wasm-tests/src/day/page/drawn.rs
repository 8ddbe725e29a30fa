//! The chart of a day.

use super::super::client::From;
use super::super::parameters::{FIRST_DEPLOYMENT, OUTAGE, OUTAGE_OVER, SECOND_DEPLOYMENT};
use super::super::faults::ratio;
use super::Day;
use crate::chart::{Chart, Line, Mark, Panel};

impl Day {
    /// Sources, memory and rate over the requests.
    #[must_use]
    pub fn chart(&self) -> Chart {
        let hundredth = |number: u64| ratio(number, 100);
        let mark = |from, to: Option<u64>, name: &str| Mark {
            from: hundredth(from),
            to: to.map(hundredth),
            name: name.to_owned(),
        };
        Chart {
            title: "Ten million requests through one gateway".to_owned(),
            description: "Three panels over the requests of a day. Above: the share of answers that came from elsewhere than the index, \
                          which falls as the index fills, and how it changes in an outage of the upstream. Middle: resident memory, \
                          which is flat once the index is warm, but for a step at each deployment. Below: the rate of answers, beside the day's median."
                .to_owned(),
            axis: "requests of the day, %".to_owned(),
            ticks: (0..=10).map(|ten| (hundredth(ten * 10), (ten * 10).to_string())).collect(),
            panels: vec![self.sources(), self.memory_drawn(), self.rate()],
            marks: vec![
                mark(FIRST_DEPLOYMENT, None, "deployment"),
                mark(OUTAGE, Some(OUTAGE_OVER), "outage"),
                mark(SECOND_DEPLOYMENT, None, "deployment"),
            ],
        }
    }

    fn sources(&self) -> Panel {
        let line = |name: &str, which: &[From]| {
            let points = (0..100).map(|hundredth| {
                let came = self.course.of(hundredth);
                let all: u64 = came.iter().sum();
                let those: u64 = which.iter().map(|from| came[*from as usize]).sum();
                (ratio(hundredth as u64, 100) + 0.005, 100.0 * ratio(those, all))
            });
            Line { name: name.to_owned(), points: points.collect() }
        };
        let lines = vec![
            line("storage", &[From::Storage]),
            line("upstream", &[From::Upstream, From::Coalesced]),
            line("index, stale", &[From::Stale]),
            line("no source", &[From::None]),
        ];
        let highest = lines.iter().flat_map(|line| &line.points).map(|point| point.1).fold(1.0, f64::max);
        Panel {
            title: "answers that were not in the index, % of all".to_owned(),
            most: highest * 1.15,
            ticks: ticks(highest),
            lines,
        }
    }

    fn memory_drawn(&self) -> Panel {
        let megabytes = |bytes: u64| ratio(bytes, 1 << 20);
        let points: Vec<_> = self
            .samples
            .iter()
            .enumerate()
            .map(|(at, sample)| (ratio(at as u64 + 1, 100), megabytes(sample.rss)))
            .collect();
        let highest = points.iter().map(|point| point.1).fold(1.0, f64::max);
        Panel {
            title: "resident memory of Envoy, MB".to_owned(),
            most: highest * 1.3,
            ticks: ticks(highest),
            lines: vec![Line { name: "memory".to_owned(), points }],
        }
    }

    fn rate(&self) -> Panel {
        let mut before = 0.0;
        let spans: Vec<f64> = self
            .samples
            .iter()
            .map(|sample| {
                let span = sample.seconds() - before;
                before = sample.seconds();
                span.max(1e-6)
            })
            .collect();
        let mut sorted = spans.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
        let points = spans.iter().enumerate().map(|(at, span)| (ratio(at as u64, 100) + 0.005, median / span));
        Panel {
            title: "answers in a second, beside the median".to_owned(),
            most: 2.0,
            ticks: [0.5, 1.0, 1.5].map(|value| (value, format!("{value}"))).to_vec(),
            lines: vec![Line { name: "rate".to_owned(), points: points.collect() }],
        }
    }
}

/// Two or more round values up to `most`.
fn ticks(most: f64) -> Vec<(f64, String)> {
    let ten = 10_f64.powf((most / 2.0).log10().floor());
    let step = [1.0, 2.0, 5.0].map(|step| step * ten).into_iter().rfind(|step| step * 2.0 <= most).unwrap_or(ten);
    (1..=9).map(|number| f64::from(number) * step).take_while(|value| *value <= most).map(|value| (value, format!("{value}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn ticks_are_round() {
        let texts = |most| ticks(most).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ");
        assert_eq!([23.0, 250.0, 1.0].map(texts), ["10 20", "100 200", "0.5 1"]);
    }
}
