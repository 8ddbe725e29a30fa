//! How fast a source that has said "too many requests" is asked, by all workers together.
//!
//! Such an answer pauses the source for all requests, for as long as it says and no longer than [`MAX_PAUSE`]: one answer must not silence
//! it for an hour. The answer does not say how much the source takes. So after the pause the source is asked as often in a second as it
//! answered in the second before, a fourth more with each second in which all of that was used and it did not complain, and a fourth less
//! when it complains again. A source that did not complain for [`CALM`] is not held back any more.
//!
//! ```text
//!  429 ──▶ until: paused ──▶ RATE a second ── used, no complaint ──▶ more ── CALM without a complaint ──▶ free
//!                   ▲             └── 429: less ──┐
//!                   └─────────────────────────────┘
//! ```

use std::time::Duration;

use super::{SharedKv, SourceId, bytes::take, slots::Place};
use crate::http::Timestamp;

/// Whether a source may be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may; that is written down.
    Open,
    /// Not before then.
    Closed(Timestamp),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pace {
    /// No request is sent before.
    until: Timestamp,
    /// When it complained last.
    complained: Timestamp,
    /// How often it is asked in a second.
    rate: u32,
    /// When the second began.
    second: Timestamp,
    /// How often it was asked since.
    asked: u32,
}

/// Asks for one question to `source`.
pub fn pass(kv: &mut dyn SharedKv, source: SourceId, now: Timestamp) -> Gate {
    let mut gate = Gate::Open;
    for _ in 0..ATTEMPTS {
        let place = Place::find(kv, KIND, source);
        let Some(pace) = place.record.as_deref().and_then(Pace::decode).filter(|pace| pace.holds(now)) else {
            return Gate::Open;
        };
        let (next, then) = pace.pass(now);
        gate = then;
        if next == pace || place.put(kv, source, &next.encode()) {
            return gate;
        }
    }
    // Who loses so many races was overtaken by as many who ask.
    match gate {
        Gate::Open => Gate::Closed(now.after(SECOND)),
        closed @ Gate::Closed(_) => closed,
    }
}

/// Notes that `source` wants to be left alone for `pause`. It has answered `answered` questions of this worker in the last second.
pub fn complain(kv: &mut dyn SharedKv, source: SourceId, pause: Duration, answered: u32, now: Timestamp) {
    for _ in 0..ATTEMPTS {
        let place = Place::find(kv, KIND, source);
        let known = place.record.as_deref().and_then(Pace::decode).filter(|pace| pace.holds(now));
        let next = Pace::complain(known, pause.clamp(MIN_PAUSE, MAX_PAUSE), answered, now);
        if Some(next) == known || place.put(kv, source, &next.encode()) {
            return;
        }
    }
}

/// Until when no request is sent to `source`; `None` where it is not paused.
pub fn pauses_until(kv: &dyn SharedKv, source: SourceId, now: Timestamp) -> Option<Timestamp> {
    let pace = Place::find(kv, KIND, source).record.as_deref().and_then(Pace::decode)?;
    (pace.holds(now) && now < pace.until).then_some(pace.until)
}

impl Pace {
    /// Whether it still says anything. What is from before the clock was set back says nothing.
    fn holds(&self, now: Timestamp) -> bool {
        let is_recent = now.is_within(CALM, self.complained);
        is_recent || now < self.until && self.until.since(now) <= MAX_PAUSE
    }

    fn pass(self, now: Timestamp) -> (Self, Gate) {
        if now < self.until {
            return (self, Gate::Closed(self.until));
        }
        let end = self.second.after(SECOND);
        if now >= end || !self.second.is_credible(now) {
            let rate = if self.asked >= self.rate { more(self.rate) } else { self.rate };
            return (Self { rate, second: now, asked: 1, ..self }, Gate::Open);
        }
        if self.asked >= self.rate {
            return (self, Gate::Closed(end));
        }
        (Self { asked: self.asked.saturating_add(1), ..self }, Gate::Open)
    }

    fn complain(known: Option<Self>, pause: Duration, answered: u32, now: Timestamp) -> Self {
        let until = now.after(pause);
        match known {
            // Requests that were sent before the pause may be answered 429 as well.
            Some(pace) if now < pace.until => Self { until: pace.until.max(until), ..pace },
            Some(pace) => {
                let rate = (pace.rate - pace.rate / 4).min(pace.rate.saturating_sub(1)).max(1);
                Self { until, complained: now, rate, second: until, asked: 0 }
            }
            None => Self { until, complained: now, rate: answered.max(LEAST), second: until, asked: 0 },
        }
    }

    /// Layout 1, numbers little-endian: the layout; until when, when it complained (Unix ms); the rate; when the second began (Unix
    /// ms), and how much of the rate was used since.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT];
        bytes.extend(self.until.0.to_le_bytes());
        bytes.extend(self.complained.0.to_le_bytes());
        bytes.extend(self.rate.to_le_bytes());
        bytes.extend(self.second.0.to_le_bytes());
        bytes.extend(self.asked.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        if take(&mut bytes)? != [LAYOUT] {
            return None;
        }
        let until = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let complained = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let rate = u32::from_le_bytes(take(&mut bytes)?);
        let second = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let asked = u32::from_le_bytes(take(&mut bytes)?);
        bytes.is_empty().then_some(Self { until, complained, rate, second, asked })
    }
}

/// A fourth more, and one at least.
fn more(rate: u32) -> u32 {
    rate.saturating_add((rate / 4).max(1))
}

const KIND: &str = "pace";

const LAYOUT: u8 = 1;

const SECOND: Duration = Duration::from_secs(1);

/// An answer that says "at once" has complained all the same.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause for all: then one more is asked, and its answer says whether the pause goes on.
pub const MAX_PAUSE: Duration = Duration::from_secs(30);

/// After so long without a complaint there is no rate any more.
const CALM: Duration = Duration::from_secs(60);

/// The rate to begin with where this worker has got hardly any answer: a few, which grow to ten times as many in ten seconds.
const LEAST: u32 = 4;

/// As in `calls.rs`: a race is lost only to one that is won.
const ATTEMPTS: usize = 16;

#[cfg(test)]
mod tests;
