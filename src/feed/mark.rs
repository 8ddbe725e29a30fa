//! How far a feed was read.

use std::{
    fmt,
    hash::{Hash as _, Hasher as _},
};

use siphasher::sip::SipHasher;

use super::PAGE_LINES;
use crate::http::Timestamp;

/// A moment to the nanosecond, as times of a feed are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970.
    seconds: i64,
    nanos: u32,
}

impl Moment {
    /// Reads a time as RFC 3339 has it.
    pub fn parse(text: &str) -> Option<Self> {
        let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
        // A leap second is read as a thousand million nanoseconds more.
        let nanos = time.timestamp_subsec_nanos().min(999_999_999);
        Some(Self { seconds: time.timestamp(), nanos })
    }

    /// The moment with which a millisecond begins.
    pub fn of(time: Timestamp) -> Self {
        let nanos = u32::try_from(time.0 % 1000).unwrap_or_default().saturating_mul(1_000_000);
        Self { seconds: i64::try_from(time.0 / 1000).unwrap_or(i64::MAX), nanos }
    }

    /// Seconds since 1970; nothing before that.
    pub fn unix_seconds(self) -> u64 {
        u64::try_from(self.seconds).unwrap_or_default()
    }

    /// The next microsecond: servers keep no finer times.
    fn next(self) -> Self {
        let micros = (self.nanos / 1000).saturating_add(1);
        let (carry, micros) = if micros >= 1_000_000 { (1, 0) } else { (0, micros) };
        Self { seconds: self.seconds.saturating_add(carry), nanos: micros.saturating_mul(1000) }
    }
}

impl fmt::Display for Moment {
    /// As RFC 3339 has it, in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Timestamp(self.unix_seconds().saturating_mul(1000)).rfc3339();
        write!(f, "{}.{:09}Z", whole.trim_end_matches('Z'), self.nanos)
    }
}

/// How far a feed was read: the newest time that was seen, and the lines that were seen of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    since: Moment,
    /// Hashes of the lines with that time, at most [`MAX_SEEN`].
    seen: Vec<u64>,
}

impl Mark {
    /// From a moment on.
    pub fn from(since: Moment) -> Self {
        Self { since, seen: Vec::new() }
    }

    /// From when on the next page is to be.
    pub fn since(&self) -> Moment {
        self.since
    }

    /// Whether a line with this time, hashed so, has not been read; from now on it has. A line from after `latest` is remembered for as long
    /// as this stays where it is, and does not lead on.
    pub(super) fn passes(&mut self, time: Moment, line: u64, latest: Moment) -> bool {
        let is_ahead = time > latest;
        if time < self.since || ((time == self.since || is_ahead) && self.seen.contains(&line)) {
            return false;
        }
        if time > self.since && !is_ahead {
            *self = Self::from(time);
        }
        if self.seen.len() < MAX_SEEN {
            self.seen.push(line);
        }
        true
    }

    /// A whole page of one time was read, and nothing else comes with `since` there.
    pub(super) fn step(&mut self) {
        *self = Self::from(self.since.next());
    }

    /// As bytes, at most a thousand. Of many lines with that time some are forgotten, and read once more.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::from([LAYOUT]);
        bytes.extend(self.since.seconds.to_le_bytes());
        bytes.extend(self.since.nanos.to_le_bytes());
        let kept = self.seen.iter().skip(self.seen.len().saturating_sub(MAX_KEPT));
        bytes.extend(kept.flat_map(|line| line.to_le_bytes()));
        bytes
    }

    /// Of what [`Mark::encode`] has made.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (layout, rest) = bytes.split_first_chunk::<1>()?;
        let (seconds, rest) = rest.split_first_chunk().filter(|_| *layout == [LAYOUT])?;
        let (nanos, rest) = rest.split_first_chunk()?;
        let (seen, end) = rest.as_chunks();
        let since = Moment { seconds: i64::from_le_bytes(*seconds), nanos: u32::from_le_bytes(*nanos) };
        let seen: Vec<u64> = seen.iter().map(|line| u64::from_le_bytes(*line)).collect();
        (end.is_empty() && seen.len() <= MAX_KEPT).then_some(Self { since, seen })
    }
}

/// By which a line is known among those of one time.
pub(super) fn hash(path: &str, version: &str) -> u64 {
    let mut hasher = SipHasher::new();
    (path, version).hash(&mut hasher);
    hasher.finish()
}

const LAYOUT: u8 = 1;

/// Lines of one time that are remembered while they are read: a page of them, after which that time is stepped over.
const MAX_SEEN: usize = PAGE_LINES;

/// Lines of one time that are remembered from one poll to the next: more than a batch of a server has, and what fits into a cursor.
const MAX_KEPT: usize = 100;
