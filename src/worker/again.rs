//! What pauses before it is asked again.

use super::{Job, Owner, Worker};
use crate::{cx::Cx, http::Timestamp};

impl Worker {
    /// Asks again what has paused for long enough.
    pub(super) fn end_pauses(&mut self, cx: &mut Cx<'_>) {
        let longest = self.services.config.fetch.wait;
        // One that is further away than any lasts is from before the clock was set back.
        let is_over = |at: &Timestamp| *at <= cx.now || at.since(cx.now) > longest;
        let over: Vec<_> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.again_at().as_ref().is_some_and(is_over))
            .map(|(key, _)| key.clone())
            .collect();
        for key in over {
            match (self.jobs.remove(&key), key) {
                (Some(Job::Fetch(mut fetch)), Owner::Search(key)) => {
                    fetch.again_at = None;
                    let step = fetch.search.ask_again(&self.services.config, cx);
                    self.walk(key, fetch, step, cx);
                }
                (Some(Job::Part(part)), key) => self.ask_part_again(key, part, cx),
                (Some(job), key) => drop(self.jobs.insert(key, job)),
                (None, _) => {}
            }
        }
    }
}

impl Job {
    /// When what it asks is asked again, while it pauses.
    fn again_at(&self) -> Option<Timestamp> {
        match self {
            Self::Fetch(fetch) => fetch.again_at,
            Self::Part(part) => part.again_at,
            _ => None,
        }
    }
}
