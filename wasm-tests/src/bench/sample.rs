//! What was measured, and what follows from it.

use std::time::Duration;

use super::case::Figure;

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Requests answered, with the parts of those on their way.
    pub(super) answers: f64,
    /// Bytes of a body.
    pub(super) length: u64,
    /// What they took all the server's processes.
    pub(super) cpu: Duration,
    pub(super) p99: Duration,
}

impl Sample {
    /// Microseconds.
    pub(super) fn micros(self, figure: Figure) -> f64 {
        match figure {
            Figure::Cpu => self.cpu.as_secs_f64() * 1e6 / self.answers,
            Figure::P99 => self.p99.as_secs_f64() * 1e6,
        }
    }
}

/// The median over the rounds, each against its base in the same round: what else the machine did in a round slowed both.
pub(super) fn ratio(figure: Figure, samples: &[Sample], base: &[Sample]) -> Option<f64> {
    let pairs = samples.iter().zip(base);
    median(pairs.map(|(own, base)| own.micros(figure) / base.micros(figure)).collect())
}

pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], upper) } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_round_is_compared_with_its_own_base() {
        let samples = |millis: [u64; 3]| {
            millis.map(|millis| Sample {
                answers: 1000.0,
                length: 2000,
                cpu: Duration::from_millis(millis),
                p99: Duration::from_micros(millis),
            })
        };
        let (base, own) = (samples([10, 20, 10]), samples([15, 30, 16]));
        assert_eq!(ratio(Figure::Cpu, &own, &base), Some(1.5));
        assert_eq!(ratio(Figure::P99, &own, &base), Some(1.5));
        assert_eq!(ratio(Figure::Cpu, &own, &[]), None);
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
