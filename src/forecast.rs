//! Which documents clients ask for at which hour of the week, as it was learnt.
//!
//! Builds keep the hours of those who write them. What was in use in one hour is likely to be in the same hour a week later, and can be in the
//! index before it is asked for. A [`Forecast`] is a hint: what stands in it has something asked for, and nothing is believed of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::http::Timestamp;

#[cfg(test)]
mod tests;

/// An hour of any week, from Monday 0:00 to Sunday 23:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(u8);

impl Hour {
    /// That of an hour counted since the Unix epoch, which was a Thursday.
    pub fn of(hour: u64) -> Self {
        let place = hour.saturating_add(THURSDAY) % HOURS_A_WEEK;
        Self(u8::try_from(place).unwrap_or_default())
    }
}

/// `mon-09`.
impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = DAYS.get(usize::from(self.0 / 24)).copied().unwrap_or_default();
        write!(f, "{day}-{:02}", self.0 % 24)
    }
}

/// The hour, counted since the Unix epoch, in which `now` is.
pub fn hour(now: Timestamp) -> u64 {
    now.0 / HOUR_MILLIS
}

/// When an hour that is counted so begins.
pub fn beginning(hour: u64) -> Timestamp {
    Timestamp(hour.saturating_mul(HOUR_MILLIS))
}

/// What was in use in one hour of the week.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// The hour that was learnt last, counted since the Unix epoch.
    hour: u64,
    /// How much each document was used, by its key in the index: of older weeks half as much for each week.
    documents: BTreeMap<String, u16>,
}

impl Forecast {
    /// What storage has. An error is what is wrong with it.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| format!("it is no forecast: {error}"))
    }

    /// As storage keeps it, in JSON.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// With what was `used` in `hour`, of which other gateways may have told already; the `most` used documents of it.
    #[must_use]
    pub fn learnt(mut self, hour: u64, used: &Used, most: usize) -> Self {
        // One that is from the future was written by a clock that was wrong.
        let weeks = hour.checked_sub(self.hour).map_or(u64::MAX, |hours| hours / HOURS_A_WEEK);
        let halvings = u32::try_from(weeks).unwrap_or(u32::MAX);
        for weight in self.documents.values_mut() {
            *weight = weight.checked_shr(halvings).unwrap_or(0);
        }
        for (document, uses) in &used.0 {
            let new = u16::from(*uses).saturating_mul(WEIGHT);
            let known = self.documents.entry(document.clone()).or_default();
            *known = (*known).max(new);
        }
        self.hour = hour;
        self.documents.retain(|_, weight| *weight > 0);
        cut(&mut self.documents, most);
        self
    }

    /// The keys of the `most` used documents, the most used first.
    pub fn documents(&self, most: usize) -> Vec<&str> {
        let mut documents: Vec<_> = self.documents.iter().collect();
        documents.sort_by_key(|(_, weight)| std::cmp::Reverse(**weight));
        documents.into_iter().take(most).map(|(document, _)| document.as_str()).collect()
    }
}

/// What was used in one hour, while that is found out: never more than twice what is to be kept.
#[derive(Debug, Default)]
pub struct Used(BTreeMap<String, u8>);

impl Used {
    /// Of which the `most` used are to be kept.
    pub fn note(&mut self, document: &str, uses: u8, most: usize) {
        self.0.insert(document.to_owned(), uses);
        if self.0.len() >= most.saturating_mul(2) {
            cut(&mut self.0, most);
        }
    }
}

/// Leaves the `most` used.
fn cut<W: Copy + Ord>(documents: &mut BTreeMap<String, W>, most: usize) {
    let Some(beyond) = documents.len().checked_sub(most).filter(|beyond| *beyond > 0) else { return };
    let mut by_weight: Vec<(W, String)> =
        documents.iter().map(|(document, weight)| (*weight, document.clone())).collect();
    by_weight.sort();
    for (_, document) in by_weight.into_iter().take(beyond) {
        documents.remove(&document);
    }
}

/// Bytes of a forecast in storage: a thousand documents of 250 bytes each.
pub const MAX_BYTES: usize = 256 << 10;

/// How long an hour is.
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// What one use counts: it is worth something for four weeks.
const WEIGHT: u16 = 16;

const HOUR_MILLIS: u64 = HOUR.as_secs() * 1000;
const HOURS_A_WEEK: u64 = 7 * 24;
/// The hours from Monday to the first hour of the Unix epoch.
const THURSDAY: u64 = 3 * 24;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
