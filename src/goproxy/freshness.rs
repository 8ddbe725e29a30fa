//! Whether what is known may still be given: at once, while it is refreshed, or only where no source can be asked.
//!
//! ```text
//!  since            ttl                 ttl + stale_while_revalidate           ttl + stale_if_error
//!    |----- fresh ----|------- stale ---------|------------- expired ------------------|--- expired ---
//!                       given, and asked anew   asked first; given if that fails,         asked first; no
//!                                               or at once where that has just failed     answer if that fails
//! ```
//!
//! Nothing is stale where the freshness is zero, be it configured or what the upstream allows: that says to ask every time.

use std::time::Duration;

use super::{CacheClass, Found, Missing};
use crate::{config::Freshness, http::Timestamp};

/// What may be done with a document that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheState {
    /// Give it.
    Fresh {
        /// For so much longer; `None` for what never changes.
        left: Option<Duration>,
    },
    /// Give it, marked stale.
    Stale {
        /// Whether it is to be refreshed meanwhile; otherwise a refresh has just failed.
        refresh: bool,
    },
    /// Ask first.
    Expired {
        /// Whether it may be given, marked stale, where no source that knows can be asked.
        servable_on_error: bool,
    },
}

/// When and for how long something known was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// When a source last said so.
    pub since: Timestamp,
    /// How long the upstream allows it to be held fresh from `since` on, where it said so.
    pub limit: Option<Duration>,
    /// When a refresh last failed since.
    pub checked: Option<Timestamp>,
}

/// What judges freshness, for one request.
#[derive(Clone, Copy, Debug)]
pub struct FreshnessCheck<'a> {
    /// How long answers are believed.
    pub rules: &'a Freshness,
    /// The time of the request.
    pub now: Timestamp,
    /// By how much the freshness of what is asked for is shortened: from 0 for nothing to 255 for a tenth. It differs from key to key and
    /// is the same for one record on every worker, so that what was fetched together does not expire together.
    pub jitter: u8,
    /// Whether the client sent `no-cache`; without effect where the configuration does not let clients.
    pub no_cache: bool,
}

impl FreshnessCheck<'_> {
    /// What may be done with a document that changes as `class` says.
    pub fn found(&self, class: CacheClass, dates: Dates) -> CacheState {
        if class == CacheClass::Immutable {
            return CacheState::Fresh { left: None };
        }
        let Freshness { stale_while_revalidate, stale_if_error, .. } = *self.rules;
        let ttl = self.ttl(ttl(class, self.rules), dates.limit);
        let while_revalidate = if ttl.is_zero() { Duration::ZERO } else { stale_while_revalidate };
        // The age of a record from before the clock was set back is unknown.
        let (is_credible, age) = (dates.since.is_credible(self.now), self.now.since(dates.since));
        let failed_within = |time| self.is_within(time, dates.checked);
        let is_retried_enough = failed_within(RETRY);
        let servable = age < ttl.saturating_add(stale_if_error.max(while_revalidate));

        let wants_anew = self.wants_anew() && !is_retried_enough;
        if is_credible && age < ttl && (!wants_anew || age < ANEW) {
            return CacheState::Fresh { left: Some(ttl.saturating_sub(age)) };
        }
        let is_stale = is_credible && age < ttl.saturating_add(while_revalidate);
        if !wants_anew && servable && (is_stale || failed_within(OUTAGE)) {
            return CacheState::Stale { refresh: !is_retried_enough };
        }
        CacheState::Expired { servable_on_error: servable }
    }

    /// For how much longer "not found" is believed; `None` where it has to be asked for anew. It is never stale: it hides what exists by
    /// now, and a developer who has just pushed a tag waits for it.
    pub fn missing(&self, dates: Dates) -> Option<Duration> {
        let left = self.left(self.ttl(self.rules.negative, dates.limit), dates.since)?;
        let is_new = self.is_within(ANEW, Some(dates.since));
        (!self.wants_anew() || is_new).then_some(left)
    }

    /// For how much longer storage is believed to hold an object, as it last said `since`; `None` where it has to be asked again. A
    /// client's `no-cache` does not shorten it: the object is the same, whichever source has it.
    pub fn presence(&self, since: Timestamp) -> Option<Duration> {
        self.left(self.ttl(self.rules.presence, None), since)
    }

    /// Whether storage, which was found `since` to have another zip than it has to be, is still taken to have it.
    pub fn quarantine(&self, since: Timestamp) -> bool {
        self.is_within(QUARANTINE, Some(since))
    }

    /// Whether storage, which gave `since` what is no zip at all, is still taken to do so.
    pub fn interlude(&self, since: Timestamp) -> bool {
        self.is_within(INTERLUDE, Some(since))
    }

    fn wants_anew(&self) -> bool {
        self.no_cache && self.rules.client_no_cache
    }

    /// What is left of `ttl`; none where it is from before the clock was set back.
    fn left(&self, ttl: Duration, since: Timestamp) -> Option<Duration> {
        let left = ttl.checked_sub(self.now.since(since))?;
        (since.is_credible(self.now) && !left.is_zero()).then_some(left)
    }

    fn is_within(&self, time: Duration, at: Option<Timestamp>) -> bool {
        at.is_some_and(|at| self.now.is_within(time, at))
    }

    /// The freshness that counts: as configured, or as allowed where that is less, and shortened.
    fn ttl(&self, configured: Duration, limit: Option<Duration>) -> Duration {
        let ttl = limit.map_or(configured, |limit| limit.min(configured));
        ttl.saturating_sub(ttl.saturating_mul(self.jitter.into()) / JITTER)
    }
}

/// How long a document that changes as `class` says is believed, before anything shortens that; without end where it is
/// [`CacheClass::Immutable`].
pub fn ttl(class: CacheClass, rules: &Freshness) -> Duration {
    match class {
        CacheClass::Immutable => Duration::MAX,
        CacheClass::Latest => rules.latest,
        CacheClass::List => rules.list,
        CacheClass::Query => rules.query,
        CacheClass::SumdbLatest => rules.sumdb_latest,
    }
}

impl From<&Found> for Dates {
    fn from(found: &Found) -> Self {
        Self { since: found.since, limit: found.limit, checked: found.checked }
    }
}

impl From<&Missing> for Dates {
    fn from(missing: &Missing) -> Self {
        Self { since: missing.since, limit: missing.limit, checked: None }
    }
}

/// An answer this young is new enough for a client that sends `no-cache`: a loop of such clients may cost an upstream one request a second
/// for each answer.
const ANEW: Duration = Duration::from_secs(1);

/// Between two attempts at what has failed. Most outages are short, and a request every five seconds is no load for a source.
const RETRY: Duration = Duration::from_secs(5);

/// How long a failed attempt stands for the present: a client that asks within this time is given at once what is known, and does not wait
/// for a timeout that another has just waited for. What is in use is tried every [`RETRY`], so an outage that lasts is always known. What
/// no client asked for in a minute is fetched first, so that an outage of the night does not hide the morning's tag.
const OUTAGE: Duration = Duration::from_secs(60);

/// How long an object that was found to be another zip is asked for last. A person has to remove it, and is told so; until then each new
/// look at a large one costs a client its download.
const QUARANTINE: Duration = Duration::from_secs(24 * 60 * 60);

/// The same, of an object that is no zip: a page of maintenance, or an answer that was cut. It is seldom an object and mostly an hour's
/// trouble of a proxy before the store, and documents recover from it at once. The time is just long enough to keep a crowd of downloads
/// from breaking on it one after the other.
const INTERLUDE: Duration = Duration::from_secs(20);

/// What `jitter` is a part of: 255 of 2550 are a tenth.
const JITTER: u32 = 2550;

#[cfg(test)]
mod tests;
