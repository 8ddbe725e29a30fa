//! Pairs of a log's size and a time at which a head of that size had been verified.
//!
//! A pair says: all records below this number were public by then. Each is true on its own. To leave one out makes records look younger, never older, so
//! pairs may be lost and thinned out, but for the first: what the first covers may be of any age, and everything after it is known to
//! be younger.

use std::{str::FromStr, time::Duration};

use crate::{http::Timestamp, sumdb::Key};

/// At which times a log had how many records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(Vec<Pair>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    size: u64,
    /// In whole seconds.
    time: Timestamp,
}

/// What the pairs say of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// It was there when the log was first looked at: it is as old as that, or of any age beyond.
    First(Timestamp),
    /// The log had it then, and not when it was looked at before.
    By(Timestamp),
    /// It came since the log was last looked at.
    NotYet,
}

/// Why bytes are no pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPairs {
    /// They are of another database, or of none.
    #[error("it is not the clock of this checksum database")]
    Other,
    /// A line is no pair.
    #[error("line {0} is not a size and a time, both larger than on the line before")]
    Line(usize),
    /// There are more than are ever kept.
    #[error("it is longer than such a clock ever is")]
    TooLong,
}

impl Pairs {
    /// Reads what [`Pairs::text`] has written.
    ///
    /// # Errors
    /// Where it is anything else, of another database too.
    pub fn read(text: &[u8], key: &Key) -> Result<Self, InvalidPairs> {
        if text.len() > MAX_BYTES {
            return Err(InvalidPairs::TooLong);
        }
        let text = std::str::from_utf8(text).map_err(|_| InvalidPairs::Other)?;
        let rest = text.strip_prefix(&heading(key)).ok_or(InvalidPairs::Other)?;
        let mut pairs: Vec<Pair> = Vec::new();
        for (number, line) in rest.lines().enumerate() {
            let invalid = InvalidPairs::Line(number.saturating_add(2));
            let pair = Pair::read(line).ok_or(invalid)?;
            if pairs.last().is_some_and(|last| pair.size <= last.size || pair.time <= last.time) {
                return Err(invalid);
            }
            pairs.push(pair);
        }
        if pairs.len() > MAX_PAIRS { Err(InvalidPairs::TooLong) } else { Ok(Self(pairs)) }
    }

    /// As text: the database's key on the first line, then a size and a Unix time on each, which a person can read too.
    pub fn text(&self, key: &Key) -> Vec<u8> {
        let lines = self.0.iter().map(|pair| format!("{} {}\n", pair.size, pair.time.0 / SECOND));
        std::iter::once(heading(key)).chain(lines).collect::<String>().into_bytes()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// When the log was first looked at, as far as that is remembered.
    pub fn since(&self) -> Option<Timestamp> {
        self.0.first().map(|pair| pair.time)
    }

    /// When it was last looked at.
    pub fn until(&self) -> Option<Timestamp> {
        self.0.last().map(|pair| pair.time)
    }

    /// Whether one of them is yet to come. Then a clock was wrong: this one is now, or the one that noted them was.
    pub fn are_ahead_of(&self, now: Timestamp) -> bool {
        self.0.last().is_some_and(|last| last.time > now.after(APART))
    }

    /// Whether one of them has more records than the log's `newest` verified head.
    pub fn are_beyond(&self, newest: u64) -> bool {
        self.0.last().is_some_and(|last| last.size > newest)
    }

    /// The same and that the log has `size` records now; `None` where that says nothing more, or another was noted in the same hour. Where a
    /// clock was wrong it is not known which, and nothing is noted: a pair with a time that is too early would make everything old.
    #[must_use]
    pub fn noted(&self, size: u64, now: Timestamp) -> Option<Self> {
        let time = Timestamp(now.0.div_ceil(SECOND).saturating_mul(SECOND));
        let is_more = self.0.last().is_none_or(|last| {
            size > last.size && time > last.time && bucket(time, HOUR) > bucket(last.time, HOUR)
        });
        (size > 0 && is_more && !self.are_ahead_of(now)).then(|| {
            let mut pairs = self.0.clone();
            pairs.push(Pair { size, time });
            Self(pairs).thinned(now)
        })
    }

    /// These and those of another gateway, of which none is believed that has more records than the `newest` verified head, nor one that is
    /// yet to come.
    #[must_use]
    pub fn merged(&self, others: &Self, newest: u64, now: Timestamp) -> Self {
        let is_sane = |pair: &&Pair| pair.size <= newest && pair.time <= now.after(APART);
        let mut all: Vec<Pair> = others.0.iter().filter(is_sane).chain(&self.0).copied().collect();
        // Of those with the same time the one that says most comes first.
        all.sort_unstable_by_key(|pair| (pair.time, std::cmp::Reverse(pair.size)));
        let mut pairs: Vec<Pair> = Vec::with_capacity(all.len());
        for pair in all {
            if pairs.last().is_none_or(|last| pair.size > last.size && pair.time > last.time) {
                pairs.push(pair);
            }
        }
        Self(pairs).thinned(now)
    }

    /// What is known of the record with this number.
    pub fn cover(&self, record: u64) -> Cover {
        match self.0.partition_point(|pair| pair.size <= record) {
            0 if let Some(first) = self.0.first() => Cover::First(first.time),
            at => self.0.get(at).map_or(Cover::NotYet, |pair| Cover::By(pair.time)),
        }
    }

    /// The first of each hour, of what is older the first of each day, and of what is older than any cool-down the last.
    fn thinned(mut self, now: Timestamp) -> Self {
        let is_over = |pair: &Pair| now.since(pair.time) > HORIZON;
        let over = self.0.partition_point(is_over);
        self.0.drain(..over.saturating_sub(1));
        let mut before = None;
        self.0.retain(|pair| {
            let step = if now.since(pair.time) > HOURLY_FOR { DAY } else { HOUR };
            let this = (step, bucket(pair.time, step));
            before.replace(this) != Some(this)
        });
        Self(self.0)
    }
}

impl Pair {
    fn read(line: &str) -> Option<Self> {
        let (size, seconds) = line.split_once(' ')?;
        let time = number(seconds)?.checked_mul(SECOND).map(Timestamp)?;
        let size = number(size).filter(|size| *size > 0)?;
        Some(Self { size, time })
    }
}

/// A number in the one way it may be written.
fn number(text: &str) -> Option<u64> {
    u64::from_str(text).ok().filter(|number| i64::try_from(*number).is_ok() && number.to_string() == text)
}

fn heading(key: &Key) -> String {
    format!("modgate clock of {key}\n")
}

fn bucket(time: Timestamp, step: u64) -> u64 {
    time.0 / step
}

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// How far the clocks of two hosts may be apart: what Kerberos allows, and far more than those are that are kept right.
const APART: Duration = Duration::from_secs(300);

/// What is older is kept by the day: a cool-down of more than a month does not turn on an hour.
const HOURLY_FOR: Duration = Duration::from_secs(30 * 86_400);

/// What is older is older than any cool-down, which lasts for a year at most (`policy.rules.age`), and a day.
const HORIZON: Duration = Duration::from_secs(400 * 86_400);

/// Pairs that are kept at most: one for each hour of thirty days and one for each of the days before, those that both ends touch among them.
const MAX_PAIRS: usize = 30 * 24 + 1 + 370 + 2 + 1;

/// Bytes of all that text at most: two numbers of 19 digits, a blank and a line feed for each pair, and the key.
pub const MAX_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
