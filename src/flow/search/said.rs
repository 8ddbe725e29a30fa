//! What the sources that know said, and what the search reports of it in the end.

use std::time::Duration;

use log::Level;

use super::{AfterReply, End, Search, Searched, Source, Step};
use crate::{
    config::{Config, Fallback},
    cx::Cx,
    goproxy::{CacheClass, Failure, FailureKind, Missing, Outcome},
    http::Timestamp,
    plan::Want,
    upstream::{self, UNCLAIMED},
};

/// The refusal that is reported unless a source has what is wanted: the last failure, or else the last "not found".
#[derive(Debug, Default)]
pub(super) struct Said {
    refusal: Option<(Source, Outcome)>,
}

impl Said {
    fn note_missing(&mut self, source: Source, missing: Missing) {
        if self.failure().is_none() {
            self.refusal = Some((source, Outcome::Missing(missing)));
        }
    }

    fn note_failed(&mut self, source: Source, failure: Failure) {
        self.refusal = Some((source, Outcome::Failed(failure)));
    }

    /// Whether no source has said anything yet.
    pub(super) fn is_nothing(&self) -> bool {
        self.refusal.is_none()
    }

    /// Whether all sources that were asked say that there is none.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.refusal, Some((_, Outcome::Missing(_))))
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        match &self.refusal {
            Some((_, Outcome::Failed(failure))) => Some(failure),
            _ => None,
        }
    }

    pub(super) fn refusal(&self) -> Option<(Source, Outcome)> {
        self.refusal.clone()
    }

    /// Goes back to what was said before, as a source is asked once more.
    pub(super) fn restore(&mut self, refusal: Option<(Source, Outcome)>) {
        self.refusal = refusal;
    }
}

impl Search {
    /// Takes in what a source that knows said; `answered` if it gave something that it should not have.
    pub(super) fn note(
        &mut self,
        source: Source,
        outcome: Outcome,
        answered: bool,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> AfterReply {
        match outcome {
            Outcome::Found(found) => return AfterReply::End(End::Document(found)),
            Outcome::Missing(mut missing) => {
                if self.expected.is_recorded() {
                    missing.limit = Some(missing.limit.map_or(NOT_YET, |limit| limit.min(NOT_YET)));
                }
                self.said.note_missing(source, missing);
            }
            Outcome::Failed(failure) => {
                if answered {
                    cx.log(Level::Warn, failure.reason.clone());
                }
                // A document that changes, and that an upstream refuses to give, is not given as it was before.
                if failure.kind == FailureKind::Forbidden && self.want.cache_class() != CacheClass::Immutable
                {
                    self.order.drop_storage();
                }
                self.said.note_failed(source, failure);
                if stops_at_failure(source, config) {
                    self.order.drop_others();
                }
            }
        }
        AfterReply::AskNext
    }

    /// The end of a search that has asked every source, or another attempt.
    pub(super) fn conclude(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        if let Some(step) = self.take_up_again(config, cx.now) {
            return step;
        }
        if let Some(step) = self.ask_storage_once_more(config, cx.now) {
            return step;
        }
        let storage = self.storage_failure();
        match (self.said.refusal(), storage) {
            (Some((source, Outcome::Failed(failure))), _) => self.done(End::Failed(failure), Some(source)),
            (Some((_, Outcome::Missing(_))), Some(failure)) if self.may_be_kept() => {
                self.done(End::Failed(failure), Some(Source::Storage))
            }
            (Some((source, Outcome::Missing(missing))), _) => self.done(End::Missing(missing), Some(source)),
            (_, Some(failure)) => self.done(End::Failed(failure), Some(Source::Storage)),
            (_, None) => self.done(End::Missing(nowhere(&self.want, config, cx.now)), None),
        }
    }

    /// Ends the search with `end`, which is `source`'s.
    pub(super) fn done(&mut self, end: End, source: Option<Source>) -> Step {
        let earlier_failure = self.said.failure().cloned().or_else(|| {
            self.storage_failure().or_else(|| self.unasked_storage()).or_else(|| self.unasked_upstreams())
        });
        Step::Done(Searched {
            end: self.located(end, source),
            source,
            storage_failed: self.storage.has_failed() || self.order.has_passed_over_storage(),
            unproven: self.unverified.is_accepted(),
            corrupt: self.storage.corrupt(),
            earlier_failure,
        })
    }
}

fn nowhere(want: &Want, config: &Config, now: Timestamp) -> Missing {
    let what = want.describe();
    let reason = match want.module() {
        Some(module) if upstream::is_unclaimed(config, module) => {
            format!("not found: {what}: not stored here; {module} {UNCLAIMED}")
        }
        _ => format!("not found: {what}: not stored here, and no upstream may be asked for it"),
    };
    Missing { gone: false, reason, since: now, limit: None }
}

/// Whether a failure of `source` ends the chain.
pub(super) fn stops_at_failure(source: Source, config: &Config) -> bool {
    match source {
        Source::Upstream(at) => {
            config.upstreams.get(at).is_none_or(|upstream| upstream.fallback == Fallback::NotFound)
        }
        Source::Storage | Source::Sumdb(_) => false,
    }
}

/// How long a "not found" is believed of a module version that exists.
const NOT_YET: Duration = Duration::from_secs(5);
