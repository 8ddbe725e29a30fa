//! What may not be asked yet, because too much is under way: it is asked as soon as something ends, here or in another worker.
//!
//! Only what goes on with something that was begun waits here. Whoever begins something is refused at once.

use std::collections::BTreeSet;

use super::{
    Job, JobKey, Worker,
    budget::{Permit, Purpose},
};
use crate::{
    cx::Cx,
    gomod::ModulePath,
    http::{CallFailure, Callout, Reply},
    plan::Source,
};

/// A callout that is yet to be made, for the job that waits for its reply.
#[derive(Debug)]
pub(super) struct Queued {
    key: JobKey,
    source: Source,
    callout: Callout,
}

impl Worker {
    /// Makes a callout of a job that goes on, or has it wait for its turn; whether there was room for it to wait.
    pub(super) fn call_or_queue(
        &mut self,
        key: &JobKey,
        source: Source,
        callout: Callout,
        cx: &mut Cx<'_>,
    ) -> Result<(), CallFailure> {
        // Who came before comes first.
        let is_first = !self.queued.iter().any(|queued| queued.source == source);
        let permit = is_first.then(|| self.budget.permit(source, Purpose::GoOn, cx)).flatten();
        if let Some(permit) = permit {
            self.call(key.clone(), permit, callout, cx);
        } else if self.queued.len() < MAX_QUEUED {
            self.queued.push_back(Queued { key: key.clone(), source, callout });
        } else {
            return Err(CallFailure::Overloaded);
        }
        Ok(())
    }

    /// Makes the callouts that may be made by now. What nobody waits for any more is not asked.
    pub(super) fn call_queued(&mut self, cx: &mut Cx<'_>) {
        let mut full = BTreeSet::new();
        let mut left = std::mem::take(&mut self.queued);
        for _ in 0..left.len() {
            let Some(queued) = left.pop_front() else { break };
            let Queued { key, source, callout } = queued;
            if full.contains(&source) {
                left.push_back(Queued { key, source, callout });
                continue;
            }
            if !self.is_worth_asking(&key) {
                self.drop_queued(key, cx);
                continue;
            }
            match self.budget.permit(source, Purpose::GoOn, cx) {
                Some(permit) => {
                    self.call(key, permit, callout, cx);
                }
                None => {
                    full.insert(source);
                    left.push_back(Queued { key, source, callout });
                }
            }
        }
        // Whoever was dropped may have had others wait.
        left.append(&mut self.queued);
        self.queued = left;
    }

    /// A permit to begin to ask `source`. Who has asked and left keeps nobody from asking: what nobody waits for any more, nothing can
    /// end.
    pub(super) fn permit_to_begin(
        &mut self,
        source: Source,
        module: Option<&ModulePath>,
        cx: &mut Cx<'_>,
    ) -> Option<Permit> {
        if let Some(permit) = self.budget.permit(source, Purpose::Begin(module, 0), cx) {
            return Some(permit);
        }
        match self.calls_for_nobody(source) {
            0 => None,
            left => self.budget.permit(source, Purpose::Begin(module, left), cx),
        }
    }

    /// Calls to `source` under way for which nobody waits any more.
    fn calls_for_nobody(&self, source: Source) -> u32 {
        let is_for_nobody = |key: &JobKey| match self.jobs.get(key) {
            Some(Job::Fetch(fetch)) => !self.is_awaited(&fetch.errand),
            _ => false,
        };
        let of_source = self.calls.values().filter(|(_, permit, _)| permit.source == source);
        u32::try_from(of_source.filter(|(key, ..)| is_for_nobody(key)).count()).unwrap_or(u32::MAX)
    }

    fn is_worth_asking(&self, key: &JobKey) -> bool {
        match self.jobs.get(key) {
            Some(Job::Fetch(fetch)) => self.is_awaited(&fetch.errand),
            Some(_) => true,
            None => false,
        }
    }

    fn drop_queued(&mut self, key: JobKey, cx: &mut Cx<'_>) {
        let JobKey::Search(key) = key else { return };
        if let Some(fetch) = self.take_fetch(&key) {
            self.hear(key, fetch, Reply::Failed(CallFailure::Overloaded), cx);
        }
    }
}

/// What may wait in one worker: the dates of a long list, and the sums of as many versions as searches may be under way by
/// default.
const MAX_QUEUED: usize = 1024;
