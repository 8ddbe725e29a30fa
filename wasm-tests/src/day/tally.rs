//! Counts and times of the answers, by the part of the day in which they came.

use std::sync::atomic::{AtomicU64, Ordering};

use super::client::From;
use super::parameters::{FIRST_DEPLOYMENT, Kind, MIX, OUTAGE, OUTAGE_OVER, SECOND_DEPLOYMENT, WARM};

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: &'static str,
    /// In hundredths.
    pub(super) from: u64,
    pub(super) to: u64,
}

/// All parts, in order. Times are compared with those of the second.
pub(super) const PARTS: [Part; 6] = [
    Part { name: "the index fills", from: 0, to: WARM },
    Part { name: "nothing happens", from: WARM, to: FIRST_DEPLOYMENT },
    Part { name: "after the first deployment", from: FIRST_DEPLOYMENT, to: OUTAGE },
    Part { name: "the upstream is out", from: OUTAGE, to: OUTAGE_OVER },
    Part { name: "it is back", from: OUTAGE_OVER, to: SECOND_DEPLOYMENT },
    Part { name: "after the second deployment", from: SECOND_DEPLOYMENT, to: 100 },
];

/// The part whose times are the measure.
pub(super) const CALM: usize = 1;

pub(super) fn part(hundredth: u64) -> usize {
    PARTS.iter().position(|part| hundredth < part.to).unwrap_or(PARTS.len() - 1)
}

/// What one client counts.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// By kind, in the order of the mix, and by what came: see [`Came`].
    pub(super) kinds: [[u64; 6]; MIX.len()],
    pub(super) times: [Times; PARTS.len()],
    pub(super) excused: u64,
    pub(super) wrong: Vec<String>,
    pub(super) all_wrong: u64,
    /// Bytes of zips.
    pub(super) zip_bytes: u64,
    /// Zips that an upstream streamed to a client: they are fetched once more for storage.
    pub(super) streamed: u64,
}

/// What came, as the table has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Came {
    Whole,
    NotModified,
    Missing,
    Refused,
    Excused,
    Wrong,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            kinds: [[0; 6]; MIX.len()],
            times: std::array::from_fn(|_| Times::default()),
            excused: 0,
            wrong: Vec::new(),
            all_wrong: 0,
            zip_bytes: 0,
            streamed: 0,
        }
    }

    pub(super) fn count(&mut self, kind: Kind, came: Came) {
        let row = MIX.iter().position(|(known, _)| *known == kind).unwrap_or_default();
        self.kinds[row][came as usize] += 1;
    }

    pub(super) fn wrong(&mut self, what: String) {
        self.all_wrong += 1;
        if self.wrong.len() < SHOWN {
            self.wrong.push(what);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        for (row, others) in self.kinds.iter_mut().zip(other.kinds) {
            row.iter_mut().zip(others).for_each(|(count, more)| *count += more);
        }
        self.times.iter_mut().zip(other.times).for_each(|(times, more)| times.add(&more));
        self.excused += other.excused;
        self.all_wrong += other.all_wrong;
        self.zip_bytes += other.zip_bytes;
        self.streamed += other.streamed;
        self.wrong.extend(other.wrong);
        self.wrong.truncate(SHOWN);
    }
}

/// Times in steps of an eighth of an octave: 9 % each.
#[derive(Clone, Debug)]
pub(super) struct Times {
    steps: Vec<u64>,
    pub(super) most: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { steps: vec![0; STEPS], most: 0 }
    }
}

impl Times {
    pub(super) fn note(&mut self, micros: u64) {
        self.steps[step(micros)] += 1;
        self.most = self.most.max(micros);
    }

    fn add(&mut self, other: &Self) {
        self.steps.iter_mut().zip(&other.steps).for_each(|(count, more)| *count += more);
        self.most = self.most.max(other.most);
    }

    pub(super) fn count(&self) -> u64 {
        self.steps.iter().sum()
    }

    /// The time in microseconds within which so many thousandths were answered.
    pub(super) fn within(&self, thousandths: u64) -> f64 {
        let wanted = self.count() * thousandths / 1000;
        let mut before = 0;
        for (at, count) in self.steps.iter().enumerate() {
            before += count;
            if before > wanted {
                return micros(at);
            }
        }
        micros(STEPS - 1)
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time of a few minutes at most"
)]
fn step(micros: u64) -> usize {
    (((micros.max(1) as f64).log2() * 8.0) as usize).min(STEPS - 1)
}

#[allow(clippy::cast_precision_loss, reason = "few steps")]
fn micros(step: usize) -> f64 {
    ((step as f64 + 0.5) / 8.0).exp2()
}

/// Up to an hour.
const STEPS: usize = 256;
/// Wrong answers that are told.
const SHOWN: usize = 20;

/// Answers in each hundredth of the day, by where they came from; all clients count here.
#[derive(Debug)]
pub(super) struct Course(Vec<[AtomicU64; From::ALL.len()]>);

impl Course {
    pub(super) fn new() -> Self {
        Self((0..100).map(|_| std::array::from_fn(|_| AtomicU64::new(0))).collect())
    }

    pub(super) fn count(&self, hundredth: u64, from: From) {
        let at = usize::try_from(hundredth).unwrap_or(99).min(99);
        self.0[at][from as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Of one hundredth, in the order of [`From::ALL`].
    pub(super) fn of(&self, hundredth: usize) -> [u64; From::ALL.len()] {
        std::array::from_fn(|from| self.0[hundredth][from].load(Ordering::Relaxed))
    }

    /// Of all of them.
    pub(super) fn total(&self, from: From) -> u64 {
        (0..100).map(|hundredth| self.of(hundredth)[from as usize]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_right_to_a_step() {
        let mut times = Times::default();
        (1..=1000).for_each(|micros| times.note(micros));
        for (thousandths, micros) in [(500, 500.0), (990, 990.0)] {
            let within = times.within(thousandths);
            assert!((within / micros - 1.0_f64).abs() < 0.1, "{thousandths}: {within}");
        }
        assert_eq!((times.count(), times.most), (1000, 1000));
    }

    #[test]
    fn each_hundredth_has_its_part() {
        assert_eq!([0, 19, 20, 45, 49, 50, 99, 100].map(part), [0, 0, 1, 3, 3, 4, 5, 5]);
    }
}
