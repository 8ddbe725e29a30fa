//! The files of one version, one after the other.

use std::{collections::VecDeque, time::Duration};

use crate::{
    flow::{Came, Parked, Wish, errand},
    http::Timestamp,
    plan::Want,
    policy::Caller,
};

/// What is asked for of one version.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) batch: u64,
    pub(super) wish: Wish,
    /// Its files that nothing has become of yet, first the one that is asked for.
    pub(super) wants: VecDeque<Want>,
    pub(super) state: State,
    /// Whether upstreams are asked; else it is to be said whether storage has it.
    pub(super) fetches: bool,
    /// Whether the file has had its turn.
    pub(super) is_paid: bool,
    /// Whether sources were asked for the file.
    pub(super) is_searched: bool,
    /// Whether the file was copied into storage once.
    pub(super) was_copied: bool,
    /// Since when it is asked for.
    since: Timestamp,
    /// How often it was asked for while too much else was under way.
    tries: u32,
}

/// What a file waits for.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing: what becomes of it is being found out.
    Asked,
    /// That it was copied into storage, since then.
    Copied(Timestamp),
    /// Its turn, which comes then at the earliest.
    Due(Timestamp),
    /// A search.
    Searched(Box<Parked>),
    /// That it is known when its version was published.
    Undecided(Box<Parked>),
}

impl Errand {
    pub(super) fn new(batch: u64, wish: Wish, fetches: bool, now: Timestamp) -> Self {
        Self {
            batch,
            wants: wish.wants().into(),
            wish,
            state: State::Due(now),
            fetches,
            is_paid: false,
            is_searched: false,
            was_copied: false,
            since: now,
            tries: 0,
        }
    }

    /// The file that is asked for.
    pub(super) fn want(&self) -> Option<&Want> {
        self.wants.front()
    }

    /// The next file.
    pub(super) fn begin(&mut self, now: Timestamp) {
        (self.state, self.since, self.tries) = (State::Due(now), now, 0);
        (self.is_paid, self.is_searched, self.was_copied) = (false, false, false);
    }

    /// The question for the file, as `caller` asks it.
    pub(super) fn ask(&mut self, caller: &Caller, now: Timestamp) -> Option<Box<Parked>> {
        let want = self.wants.front()?.clone();
        self.state = State::Asked;
        Some(errand(want, caller, self.fetches, now))
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        // One that is further away is from before the clock was set back.
        matches!(self.state, State::Due(at) if at <= now || at.since(now) > MAX_REST)
    }

    /// Whether it has been on its way for as long as a file may be. One whose turn has not come is not on its way.
    pub(super) fn is_late(&self, now: Timestamp) -> bool {
        match self.state {
            State::Asked | State::Due(_) => false,
            State::Copied(_) | State::Searched(_) | State::Undecided(_) => {
                !now.is_within(MAX_TIME, self.since)
            }
        }
    }

    /// Has it asked for once more, after a rest, while it may be.
    pub(super) fn try_again(&mut self, now: Timestamp) -> bool {
        if self.tries >= MAX_TRIES {
            return false;
        }
        self.tries = self.tries.saturating_add(1);
        self.state = State::Due(now.after(REST.saturating_mul(self.tries)));
        (self.is_paid, self.is_searched) = (false, false);
        true
    }

    /// Whether what became of one file is what becomes of all others of the version. A version that the policy refuses is refused whole, and one
    /// that has no `.info` is none; but storage may lack any of its files.
    pub(super) fn decides(&self, came: &Came) -> bool {
        match came {
            Came::Refused(_) => true,
            Came::Missing(_) => self.fetches,
            Came::Failed { .. } | Came::Ready => false,
        }
    }
}

/// How often a file is asked for again while too much else is under way.
const MAX_TRIES: u32 = 3;

/// How long it rests before: as long as a client is told to wait, and longer each time.
const REST: Duration = Duration::from_secs(5);

/// The longest of these rests.
const MAX_REST: Duration = Duration::from_secs(30);

/// How long one file may take: the largest zips are copied in pieces, as slowly as storage takes them.
const MAX_TIME: Duration = Duration::from_secs(15 * 60);
