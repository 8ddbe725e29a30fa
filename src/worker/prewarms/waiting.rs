//! What each file waits for.

use std::time::Duration;

use super::{super::key::ErrandId, Prewarms, errand::State};
use crate::{flow::Parked, goproxy::Zip, http::Timestamp, plan::Want};

impl Prewarms {
    /// A file waits for a search.
    pub(in crate::worker) fn park(&mut self, id: ErrandId, parked: Box<Parked>) {
        if let Some(errand) = self.errands.get_mut(&id) {
            errand.state = State::Searched(parked);
        }
    }

    /// What a file had a search for.
    pub(in crate::worker) fn unpark(&mut self, id: ErrandId) -> Option<Box<Parked>> {
        let errand = self.errands.get_mut(&id)?;
        match std::mem::replace(&mut errand.state, State::Asked) {
            State::Searched(parked) => Some(parked),
            state => {
                errand.state = state;
                None
            }
        }
    }

    /// A file waits until it is known when its version was published.
    pub(in crate::worker) fn hold(&mut self, id: ErrandId, parked: Box<Parked>) {
        if let Some(errand) = self.errands.get_mut(&id) {
            errand.state = State::Undecided(parked);
        }
    }

    /// What a file goes on with that waited for that.
    pub(in crate::worker) fn release(&mut self, id: ErrandId) -> Option<Box<Parked>> {
        let errand = self.errands.get_mut(&id)?;
        match std::mem::replace(&mut errand.state, State::Asked) {
            State::Undecided(parked) => Some(parked),
            state => {
                errand.state = state;
                None
            }
        }
    }

    /// What storage alone is to be asked, where the index has answered of a file of which it is to be said whether storage has it.
    pub(in crate::worker) fn look_closer(&mut self, id: ErrandId, now: Timestamp) -> Option<Box<Parked>> {
        let errand = self.errands.get_mut(&id).filter(|errand| !errand.fetches && !errand.is_searched)?;
        let caller = self.batches.get(&errand.batch).map(|batch| batch.caller.clone());
        errand.ask(&caller.unwrap_or_default(), now)
    }

    /// Sources are being asked for a file.
    pub(in crate::worker) fn note_searched(&mut self, id: ErrandId) {
        if let Some(errand) = self.errands.get_mut(&id) {
            errand.is_searched = true;
        }
    }

    /// A zip is to be copied into storage from now on; whether it was not before.
    pub(in crate::worker) fn copy(&mut self, id: ErrandId, now: Timestamp) -> bool {
        let errand = self.errands.get_mut(&id).filter(|errand| errand.fetches && !errand.was_copied);
        errand.is_some_and(|errand| {
            errand.was_copied = true;
            errand.state = State::Copied(now);
            true
        })
    }

    /// A file is asked for once more, a little later.
    pub(in crate::worker) fn ask_later(&mut self, id: ErrandId, now: Timestamp) {
        if let Some(errand) = self.errands.get_mut(&id) {
            errand.state = State::Due(now.after(LOOK));
        }
    }

    /// The zips that are being copied, and since when.
    pub(in crate::worker) fn copied(&self) -> Vec<(ErrandId, Zip, Timestamp)> {
        let copied = self.errands.iter().filter_map(|(id, errand)| match (&errand.state, errand.want()) {
            (State::Copied(since), Some(Want::Zip(zip))) => Some((*id, zip.clone(), *since)),
            _ => None,
        });
        copied.collect()
    }

    /// The files that were asked for as long as one may be.
    pub(in crate::worker) fn late(&self, now: Timestamp) -> Vec<ErrandId> {
        let late = self.errands.iter().filter(|(_, errand)| errand.is_late(now));
        late.map(|(id, _)| *id).collect()
    }
}

/// After which a file is looked at again that a search is still busy with.
const LOOK: Duration = Duration::from_secs(1);
