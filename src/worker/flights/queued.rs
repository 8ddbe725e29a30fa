//! What may not be asked yet, because too much is under way or a source wants to be left alone: it is asked as soon as it may be.
//!
//! Callouts of flights that have begun come before those that begin, since the rest of a begun flight is held in memory; each in the order
//! in which it came. A flight that is to begin waits as long as its client does. The queue of those is bounded: the next one is refused at
//! once.

use std::collections::{BTreeSet, VecDeque};

use super::{
    super::{
        key::Owner,
        services::{
            Account, Call,
            budget::{NotNow, Permit, Purpose},
        },
    },
    Course, Flights, Ground,
};
use crate::{
    gomod::ModulePath,
    http::{CallFailure, Callout},
    plan::Source,
};

/// Whose turn a callout waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// That of what begins.
    Begin {
        /// What it is about, if it is about a module.
        module: Option<ModulePath>,
        /// Larger than that of any that came before.
        number: u64,
    },
    /// That of what goes on with something that was begun.
    GoOn,
}

/// A callout that is yet to be made, for the search that waits for its reply.
#[derive(Debug)]
pub(super) struct Queued {
    owner: Owner,
    source: Source,
    callout: Callout,
    turn: Turn,
}

impl Flights {
    /// Makes a callout, or has it wait for its turn; whether there was room for it to wait.
    pub(super) fn call_or_queue(
        &mut self,
        owner: Owner,
        source: Source,
        callout: Callout,
        turn: Turn,
        ground: &mut Ground<'_, '_>,
    ) -> Result<(), CallFailure> {
        let queued = Queued { owner, source, callout, turn };
        // A client that asks for names that no source has is refused, and does not wait before others.
        if let Turn::Begin { module: Some(module), .. } = &queued.turn
            && source != Source::Storage
            && ground.services.budget.is_too_barren(module, ground.cx.now)
        {
            return Err(CallFailure::Overloaded);
        }
        // Who came before comes first.
        let is_first = !self.queued.iter().any(|other| other.source == source && !queued.is_before(other));
        let queued = if is_first {
            match self.permit(&queued, ground) {
                Ok(permit) => {
                    ground.services.call(queued.owner, permit, queued.callout, ground.cx);
                    return Ok(());
                }
                Err(NotNow::Barren | NotNow::Held) => return Err(CallFailure::Overloaded),
                Err(NotNow::Full | NotNow::Paused(_)) => queued,
            }
        } else {
            queued
        };
        let most = if queued.begins() { MAX_BEGINNING } else { MAX_QUEUED };
        if self.waiting(&queued) >= most {
            self.drop_abandoned(ground);
        }
        if self.waiting(&queued) >= most {
            return Err(CallFailure::Overloaded);
        }
        let at = self.queued.iter().position(|other| queued.is_before(other)).unwrap_or(self.queued.len());
        self.queued.insert(at, queued);
        Ok(())
    }

    /// How many wait for their turn as `queued` does.
    fn waiting(&self, queued: &Queued) -> usize {
        self.queued.iter().filter(|other| other.begins() == queued.begins()).count()
    }

    /// Ends the flights that no client waits for any more.
    fn drop_abandoned(&mut self, ground: &mut Ground<'_, '_>) {
        let mut abandoned = Vec::new();
        for queued in std::mem::take(&mut self.queued) {
            if self.is_worth_asking(&queued.owner, ground) {
                self.queued.push_back(queued);
            } else {
                abandoned.push(queued.owner);
            }
        }
        for owner in abandoned {
            self.drop_queued(&owner, ground);
        }
    }

    /// Makes the callouts that may be made by now. Flights that no client waits for any more are not asked.
    pub(in crate::worker) fn call_queued(&mut self, ground: &mut Ground<'_, '_>) {
        let mut full = BTreeSet::new();
        let mut left = VecDeque::new();
        for queued in std::mem::take(&mut self.queued) {
            if !self.is_worth_asking(&queued.owner, ground) {
                self.drop_queued(&queued.owner, ground);
                continue;
            }
            let turn = (queued.source, queued.begins());
            if full.contains(&turn) {
                left.push_back(queued);
                continue;
            }
            match self.permit(&queued, ground) {
                Ok(permit) => {
                    ground.services.call(queued.owner, permit, queued.callout, ground.cx);
                }
                Err(NotNow::Barren) => self.drop_queued(&queued.owner, ground),
                Err(NotNow::Held) if queued.begins() => self.drop_queued(&queued.owner, ground),
                Err(NotNow::Held) => left.push_back(queued),
                Err(NotNow::Full | NotNow::Paused(_)) => {
                    full.insert(turn);
                    left.push_back(queued);
                }
            }
        }
        // A flight that was dropped may have had others wait behind it.
        left.append(&mut self.queued);
        self.queued = left;
    }

    /// The source that a queued callout of `owner` is to ask.
    pub(super) fn queued_for(&self, owner: &Owner) -> Option<Source> {
        self.queued.iter().find(|queued| queued.owner == *owner).map(|queued| queued.source)
    }

    fn permit(&self, queued: &Queued, ground: &mut Ground<'_, '_>) -> Result<Permit, NotNow> {
        let Turn::Begin { module, .. } = &queued.turn else {
            return ground.services.budget.permit(queued.source, Purpose::GoOn, ground.cx);
        };
        let module = module.as_ref();
        // A client that has left does not keep others from asking. A callout cannot be aborted, so those that no client waits for any more
        // are counted apart.
        match ground.services.budget.permit(queued.source, Purpose::Begin(module, 0), ground.cx) {
            Err(refused @ (NotNow::Full | NotNow::Held)) => {
                match self.abandoned_calls(queued.source, ground) {
                    0 => Err(refused),
                    left => {
                        let purpose = Purpose::Begin(module, left);
                        ground.services.budget.permit(queued.source, purpose, ground.cx)
                    }
                }
            }
            permit => permit,
        }
    }

    /// Tells the other workers how many calls are under way that no client waits for.
    pub(in crate::worker) fn note_who_left(&self, ground: &mut Ground<'_, '_>) {
        for source in ground.services.budget.asked() {
            let left = if source == Source::Storage { 0 } else { self.abandoned_calls(source, ground) };
            ground.services.budget.note_left(source, left);
        }
    }

    /// Calls to `source` under way that no client waits for any more.
    fn abandoned_calls(&self, source: Source, ground: &Ground<'_, '_>) -> u32 {
        let is_abandoned = |owner: &Owner| match owner {
            Owner::Search(key) => match self.searches.get(key) {
                Some(Course::Fetch(fetch)) => !self.is_awaited(&fetch.flight, ground.present),
                _ => false,
            },
            _ => false,
        };
        let is_of_source =
            |call: &&Call| matches!(&call.account, Account::Source(permit, _) if permit.source == source);
        let of_source = ground.services.calls().filter(is_of_source);
        u32::try_from(of_source.filter(|call| is_abandoned(&call.owner)).count()).unwrap_or(u32::MAX)
    }

    fn is_worth_asking(&self, owner: &Owner, ground: &Ground<'_, '_>) -> bool {
        match owner {
            Owner::Search(key) => match self.searches.get(key) {
                Some(Course::Fetch(fetch)) => self.is_awaited(&fetch.flight, ground.present),
                Some(Course::Follow { .. }) => true,
                None => false,
            },
            Owner::Part(key) => self.parts.contains_key(key),
            _ => false,
        }
    }

    fn drop_queued(&mut self, owner: &Owner, ground: &mut Ground<'_, '_>) {
        let Owner::Search(key) = owner else { return };
        if let Some(mut fetch) = self.take_fetch(key) {
            let step = fetch.search.turned_away(None, &ground.services.config, ground.cx);
            self.walk(key.clone(), fetch, step, ground);
        }
    }
}

impl Queued {
    fn begins(&self) -> bool {
        matches!(self.turn, Turn::Begin { .. })
    }

    /// Whether its turn comes before that of `other`, which is waiting already.
    fn is_before(&self, other: &Self) -> bool {
        match (&self.turn, &other.turn) {
            (Turn::GoOn, Turn::Begin { .. }) => true,
            (Turn::Begin { number, .. }, Turn::Begin { number: others, .. }) => number < others,
            (Turn::Begin { .. } | Turn::GoOn, Turn::GoOn) => false,
        }
    }
}

/// What goes on and may wait in one worker: the dates of a long list, and the sums of as many versions as searches may be under way
/// by default.
const MAX_QUEUED: usize = 1024;

/// What begins and may wait in one worker: half of the searches that may be under way by default, so that one source which wants to be
/// left alone leaves the other half to the rest.
const MAX_BEGINNING: usize = 256;
