//! A request that failed and is sent again behind storage, which may have an older answer.

use std::time::Duration;

use super::{Outcome, Search, SourceRequest, Step, pause::at_least, said::stops_at_failure};
use crate::{config::Config, goproxy::CacheClass, http::Timestamp, plan::Source};

/// A request that is sent again where storage has no answer either.
#[derive(Clone, Debug)]
pub(super) struct Postponed {
    request: SourceRequest,
    /// Not before this.
    at: Timestamp,
    /// The sources that are asked after it, should it then say that there is none: its failure had ended the chain.
    others: Vec<Source>,
    /// What the sources said that were asked before.
    refusal: Option<(Source, Outcome)>,
}

impl Search {
    /// Sends the request that was put off while storage was asked, if there is one and there is still time for it.
    pub(super) fn take_up_again(&mut self, config: &Config, now: Timestamp) -> Option<Step> {
        let Postponed { request, at, others, refusal } = self.postponed.take()?;
        let pause = at.since(now);
        if !self.retries.has_time_for(pause, config, now) {
            return None;
        }
        // Its next answer counts, and not the one before.
        self.said.restore(refusal);
        self.order.extend(others);
        self.retries.pause_for(request);
        Some(at_least(pause))
    }

    /// Whether storage is asked next and may have an older answer: then the request is put off until storage has answered.
    pub(super) fn postpones(&self, source: Source) -> bool {
        source != Source::Storage
            && self.want.cache_class() != CacheClass::Immutable
            && self.order.has_storage()
    }

    pub(super) fn postpone(
        &mut self,
        request: SourceRequest,
        pause: Duration,
        config: &Config,
        now: Timestamp,
    ) {
        let (at, refusal) = (now.after(pause), self.said.refusal());
        // Where its failure does not end the chain, the others are asked anyway, before it is asked again.
        let ends = stops_at_failure(request.source, config);
        let others = self.order.others().filter(|_| ends).collect();
        self.postponed = Some(Postponed { request, at, others, refusal });
    }
}
