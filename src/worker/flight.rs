//! What is to be found out, and the clients and parts that wait for it.

use std::{collections::VecDeque, time::Duration};

use super::key::{SearchKey, Waiter};
use crate::{
    config::Config,
    flow::{Parked, Searched, cache_state},
    goproxy::Found,
    http::Timestamp,
    plan::Want,
};

/// What is to be found out, and the clients and parts that wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) want: Want,
    pub(super) may_fetch: bool,
    /// What the index has of it, if it is not to be believed any more.
    pub(super) known: Option<Found>,
    /// Whether what the index has will not do, fresh or not: a client said so.
    pub(super) no_cache: bool,
    /// Whether it was begun for the head of the answer alone.
    pub(super) head_only: bool,
    /// Whether those that wait have waited for another worker already, for as long as they wait for a zip.
    pub(super) hurried: bool,
    /// Whether it was begun because the gateway was told that there is something new.
    pub(super) is_told: bool,
    /// When the first of those asked who had waited for something else before.
    asked_first: Option<Timestamp>,
    /// What waits, and since when; in that order. Some may have left.
    waiting: VecDeque<(Timestamp, Waiter)>,
}

/// A flight that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Landed {
    pub(super) flight: Flight,
    pub(super) searched: Searched,
    /// Whether another worker had found it out meanwhile.
    pub(super) coalesced: bool,
    /// Where it was a search of this worker's: whether that put a zip into storage.
    pub(super) stored: Option<bool>,
}

/// What those are told who wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) waiting: VecDeque<Waiter>,
    pub(super) want: Want,
    pub(super) searched: Searched,
}

impl Landed {
    /// What all who wait are told.
    pub(super) fn answered(self) -> Answered {
        let Self { flight: Flight { waiting, want, .. }, searched, .. } = self;
        Answered { waiting: waiting.into_iter().map(|(_, waiter)| waiter).collect(), want, searched }
    }
}

impl Flight {
    /// One that no client waits for.
    pub(super) fn new(want: Want, known: Option<Found>) -> Self {
        Self {
            want,
            may_fetch: true,
            known,
            no_cache: false,
            head_only: false,
            hurried: false,
            is_told: false,
            asked_first: None,
            waiting: VecDeque::new(),
        }
    }

    /// The same, because the gateway was told that there is something new.
    pub(super) fn told(self) -> Self {
        Self { is_told: true, ..self }
    }

    /// What `waiter` waits for, a client or what asks as one.
    pub(super) fn of(parked: &Parked, known: Option<Found>, waiter: Waiter, now: Timestamp) -> Self {
        Self {
            want: parked.want().clone(),
            may_fetch: parked.may_fetch(),
            known,
            no_cache: parked.no_cache(),
            head_only: parked.head_only(),
            hurried: false,
            is_told: false,
            asked_first: Some(parked.since()).filter(|since| *since < now),
            waiting: [(now, waiter)].into(),
        }
    }

    /// What something of this worker's own waits for.
    pub(super) fn of_waiter(want: Want, may_fetch: bool, waiter: Waiter, now: Timestamp) -> Self {
        let waiting = [(now, waiter)].into();
        Self { may_fetch, waiting, ..Self::new(want, None) }
    }

    pub(super) fn key(&self) -> SearchKey {
        SearchKey { path: self.want.key(), may_fetch: self.may_fetch }
    }

    /// `searched`, or what the index had before where that may still be given.
    pub(super) fn or_known(&self, searched: Searched, config: &Config, now: Timestamp) -> Searched {
        let known =
            self.known.as_ref().filter(|known| cache_state::may_stand_in(&self.want, known, config, now));
        searched.or_known(&self.want, known)
    }

    /// All that wait for `other`, which is the same, wait for this.
    pub(super) fn join_all(&mut self, mut other: Self) {
        self.waiting.append(&mut other.waiting);
    }

    /// One more waits, which has asked at `since`.
    pub(super) fn join(&mut self, waiter: Waiter, since: Timestamp, now: Timestamp) {
        if since < now {
            self.asked_first = Some(self.asked_first.map_or(since, |first| first.min(since)));
        }
        self.waiting.push_back((now, waiter));
    }

    /// Whether a client may wait here that has waited for `patience` in all, other waits included.
    pub(super) fn may_be_late(&self, patience: Duration, now: Timestamp) -> bool {
        self.asked_first.is_some_and(|first| now.since(first) >= patience)
    }

    /// Takes out the waiters that are late.
    pub(super) fn take_out(&mut self, is_late: impl Fn(&Waiter) -> bool) -> Vec<Waiter> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (late, waiting): (VecDeque<_>, _) = waiting.partition(|(_, waiter)| is_late(waiter));
        self.waiting = waiting;
        late.into_iter().map(|(_, waiter)| waiter).collect()
    }

    /// Whether it was begun for the sums of a file that a search or a stream holds or will hold: the bound on those bounds this.
    pub(super) fn is_of_sums(&self) -> bool {
        matches!(self.waiting.front(), Some((_, Waiter::Ahead(_) | Waiter::Sums(_))))
    }

    /// Whether a file of the module version is here, whose sums those want that wait.
    pub(super) fn is_of_a_file_here(&self) -> bool {
        self.waiting().any(|waiter| matches!(waiter, Waiter::Sums(_)))
    }

    /// Whether it was begun ahead, and nothing has asked for it yet.
    pub(super) fn is_ahead(&self) -> bool {
        self.is_awaited() && self.waiting().all(|waiter| matches!(waiter, Waiter::Ahead(_)))
    }

    /// Whether no client waits for it, but for errands: these have time.
    pub(super) fn is_of_errands(&self) -> bool {
        self.is_awaited() && self.waiting().all(|waiter| matches!(waiter, Waiter::Errand(_)))
    }

    /// Whether something of this worker's own began it.
    pub(super) fn is_nested(&self) -> bool {
        matches!(
            self.waiting.front(),
            Some((_, Waiter::Ahead(_) | Waiter::Clock | Waiter::Sums(_) | Waiter::Date(..)))
        )
    }

    /// All that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Waiter> {
        self.waiting.iter().map(|(_, waiter)| waiter)
    }

    /// Whether a client or part waits, or has waited and left.
    pub(super) fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether one has waited for `patience`.
    pub(super) fn is_expired(&self, patience: Duration, now: Timestamp) -> bool {
        self.waiting.front().is_some_and(|(since, _)| now.since(*since) >= patience)
    }

    /// All wait from `now` on, for another search.
    pub(super) fn begin_again(&mut self, now: Timestamp) {
        self.hurried = true;
        self.waiting.iter_mut().for_each(|(since, _)| *since = now);
    }

    /// Takes out what of this worker's own has waited for `patience`.
    pub(super) fn take_expired_of(
        &mut self,
        patience: Duration,
        now: Timestamp,
        is_of: impl Fn(&Waiter) -> bool,
    ) -> Vec<Waiter> {
        let is_expired =
            |(since, waiter): &(Timestamp, Waiter)| now.since(*since) >= patience && is_of(waiter);
        if !self.waiting.iter().any(is_expired) {
            return Vec::new();
        }
        let (expired, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(is_expired);
        self.waiting = waiting;
        let expired: VecDeque<_> = expired;
        expired.into_iter().map(|(_, waiter)| waiter).collect()
    }

    /// Takes out the waiters that have waited for `patience`.
    pub(super) fn take_expired(&mut self, patience: Duration, now: Timestamp) -> Vec<Waiter> {
        let mut expired = Vec::new();
        while let Some((_, waiter)) = self.waiting.pop_front_if(|(since, _)| now.since(*since) >= patience) {
            expired.push(waiter);
        }
        expired
    }
}
