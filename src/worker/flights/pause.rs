//! What pauses before it is asked again.

use super::{Course, Flights, Ground};
use crate::http::Timestamp;

impl Flights {
    /// Asks again what has paused for long enough.
    pub(in crate::worker) fn end_pauses(&mut self, ground: &mut Ground<'_, '_>) {
        let (longest, now) = (ground.services.config.fetch.wait, ground.cx.now);
        // One that is further away than any lasts is from before the clock was set back.
        let is_over = |at: &Timestamp| *at <= now || at.since(now) > longest;
        let parts = self.parts.iter().filter(|(_, part)| part.again_at.as_ref().is_some_and(is_over));
        let parts: Vec<_> = parts.map(|(key, _)| key.clone()).collect();
        let searches = self.searches.iter().filter(|(_, course)| match course {
            Course::Fetch(fetch) => fetch.again_at.as_ref().is_some_and(is_over),
            Course::Follow { .. } => false,
        });
        let searches: Vec<_> = searches.map(|(key, _)| key.clone()).collect();
        for key in parts {
            self.ask_part_again(key, ground);
        }
        for key in searches {
            if let Some(mut fetch) = self.take_fetch(&key) {
                fetch.again_at = None;
                let step = fetch.search.ask_again(&ground.services.config, ground.cx);
                self.walk(key, fetch, step, ground);
            }
        }
    }
}
