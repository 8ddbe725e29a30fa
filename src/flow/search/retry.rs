//! Asking the same source once more, where its answer is a failure and not a "not found".
//!
//! One answer of some thousands is a 500, a reset or a body cut short, and the go command never tries again. So a source that failed
//! is asked again after a pause, a few times, as long as a client that has waited from the start would still wait.
//!
//! ```text
//!  fails ── another source can be asked, or the index has a substitute ─────▶ once more, then on
//!    └───── neither ────────────────────────────────────────────────────────▶ TRIES in all, with growing pauses
//!  says when to come back (429, Retry-After) ── in time ───────────────────▶ then or later, as often as it says so
//!                                  └── too late, or another source is next ─▶ on
//! ```
//!
//! A source that did not answer within its timeout is not asked again: the client would only wait twice as long.

use std::{ops::ControlFlow, time::Duration};

use super::{
    Form, Search, SourceRequest, Step, ZipHead,
    attempt::Attempt,
    pause::{PAUSE, about, at_least, pause},
    said::stops_at_failure,
};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{CacheClass, Failure},
    http::{CallFailure, Reply, Timestamp},
    plan::Source,
    shared::MAX_PAUSE,
};

/// The attempts that were made, and the ones that are to be made.
#[derive(Debug, Default)]
pub(super) struct Retries {
    /// When the first request of the search was sent.
    began: Option<Timestamp>,
    /// The request that is sent again when the pause is over.
    paused: Option<SourceRequest>,
    /// The attempt that storage leaves to be made: it failed, and others were asked meanwhile.
    storage: Option<Attempt>,
    /// Why the last request was sent again.
    trouble: Option<Failure>,
    /// How often a source answered 429.
    limits: u32,
}

impl Retries {
    /// A request is sent.
    pub(super) fn note_sent(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
    }

    /// The request that is sent again when the pause is over.
    pub(super) fn paused(&self) -> Option<&SourceRequest> {
        self.paused.as_ref()
    }

    /// Sends `request` again when the pause is over.
    pub(super) fn pause_for(&mut self, request: SourceRequest) {
        self.paused = Some(request);
    }

    /// Whether a search that pauses for so long would still be waited for.
    pub(super) fn has_time_for(&self, pause: Duration, config: &Config, now: Timestamp) -> bool {
        let waited = self.began.map_or(Duration::ZERO, |began| now.since(began));
        waited.saturating_add(pause) < config.fetch.wait
    }
}

impl Search {
    /// Breaks with the step to the next attempt at `request`, where there is to be one. Otherwise `reply` is the answer to it.
    pub(super) fn once_more(
        &mut self,
        request: SourceRequest,
        reply: &Reply,
        config: &Config,
        cx: &Cx<'_>,
    ) -> ControlFlow<Step, Box<SourceRequest>> {
        if request.tries == TURNED_AWAY {
            return ControlFlow::Continue(request.into());
        }
        let Some(attempt) = self.attempt(&request, reply, config, cx.now) else {
            return ControlFlow::Continue(request.into());
        };
        // Of storage upstreams are the next attempt.
        if request.source == Source::Storage && !self.needs_storage() {
            self.retries.storage = Some(attempt);
            return ControlFlow::Continue(request.into());
        }
        let tries = request.tries.saturating_add(1);
        let has_substitute = self.expected.has_substitute() || self.has_next(request.source, config);
        let is_limit = matches!(reply, Reply::Answered { status: 429, .. });
        let (pause, most) = match attempt {
            Attempt::Soon if has_substitute => (PAUSE, TRIES_BEFORE_OTHERS),
            Attempt::Soon if self.postpones(request.source) => (pause(tries), TRIES_BEFORE_OTHERS),
            Attempt::Soon => (pause(tries), TRIES),
            Attempt::After(_) if has_substitute => return ControlFlow::Continue(request.into()),
            // As often as the source asks for it: only time bounds that. A source that says "at once" each time is not believed for long.
            // How often a source that answers 429 is asked, all workers count together.
            Attempt::After(said) if is_limit => (said.max(PAUSE), u32::MAX),
            Attempt::After(said) => (said.max(pause(tries)), u32::MAX),
        };
        if !self.retries.has_time_for(pause, config, cx.now) {
            return ControlFlow::Continue(request.into());
        }
        let counted = if is_limit { request.tries } else { tries };
        let request = SourceRequest { tries: counted, ..request };
        let waits_behind = self.postpones(request.source) && matches!(attempt, Attempt::After(_));
        if counted >= most || waits_behind {
            if self.postpones(request.source) {
                // Storage may have what was said before; where it has not, there is time left.
                self.postpone(request.clone(), pause, config, cx.now);
            }
            return ControlFlow::Continue(request.into());
        }
        self.retries.trouble = self.trouble_of(&request, reply, config, cx.now);
        // The request waits in the source's queue, behind those that came before the source answered 429. After a second 429 it waits by
        // itself: the source may answer all others.
        let is_first = is_limit && self.retries.limits == 0;
        let is_held_back = !self.has_strayed(request.source) && pause <= MAX_PAUSE;
        self.retries.limits = self.retries.limits.saturating_add(u32::from(is_limit));
        if is_first && is_held_back && request.source != Source::Storage {
            return ControlFlow::Break(self.ask(request, config, cx));
        }
        self.retries.paused = Some(request);
        ControlFlow::Break(match attempt {
            Attempt::Soon => about(pause),
            Attempt::After(_) => at_least(pause),
        })
    }

    /// A whole zip that broke off is asked for again, where its source then says that it is small: else it was larger than the host
    /// lets an answer be, and is streamed.
    pub(super) fn whole_again(
        &mut self,
        request: &SourceRequest,
        reply: &Reply,
        config: &Config,
    ) -> Option<Step> {
        let asks_for_it =
            matches!(request.form, Form::Plain | Form::First) && request.source != Source::Storage;
        let broke = asks_for_it && (1..TRIES).contains(&self.zip.broken()) && !self.zip.is_slow();
        let length = ZipHead::of(&request.form, reply).filter(|_| broke)?.length?;
        if length > config.fetch.zip_bytes.into() {
            return None;
        }
        self.retries.paused = Some(SourceRequest { form: Form::Whole, tries: 0, ..request.clone() });
        Some(about(pause(self.zip.broken())))
    }

    /// Whether a source has answered 429 before: then another 429 says little about other requests to it.
    pub fn was_limited(&self) -> bool {
        self.retries.limits > 0
    }

    /// Why the last request was sent again, for clients that will not wait for another attempt.
    pub fn trouble(&self) -> Option<&Failure> {
        self.retries.trouble.as_ref()
    }

    /// The request that was to be asked is not: there is no room for it, or its source wants to be left alone for `pause` and others
    /// may have it.
    pub fn turned_away(&mut self, pause: Option<Duration>, config: &Config, cx: &mut Cx<'_>) -> Step {
        if let Some(request) = self.asking.take() {
            if let Some(pause) = pause
                && self.postpones(request.source)
                && self.retries.has_time_for(pause, config, cx.now)
            {
                self.postpone(request.clone(), pause, config, cx.now);
            }
            self.asking.put_back(SourceRequest { tries: TURNED_AWAY, ..request });
        }
        self.on_reply(Reply::Failed(CallFailure::Overloaded), config, cx)
    }

    /// The pause is over: the request is asked again.
    pub fn ask_again(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        match self.retries.paused.take() {
            Some(request) => self.ask(request, config, cx),
            None => self.advance(config, cx),
        }
    }

    /// Whether another source may have it, or the index a substitute, so that no client waits while `source` wants to be left alone.
    pub fn may_do_without(&self, source: Source, config: &Config) -> bool {
        self.expected.has_substitute() || self.has_next(source, config) || self.postpones(source)
    }

    /// Storage is asked once more that failed in passing, where no upstream has what only storage may have kept.
    pub(super) fn ask_storage_once_more(&mut self, config: &Config, now: Timestamp) -> Option<Step> {
        let attempt = self.retries.storage.take()?;
        let is_unknown = self.said.is_missing() && self.storage.has_failed();
        let pause = match attempt {
            Attempt::Soon => PAUSE,
            Attempt::After(said) => said.max(PAUSE),
        };
        if !is_unknown || !self.needs_storage() || !self.retries.has_time_for(pause, config, now) {
            return None;
        }
        self.storage.forgive();
        self.order.extend([Source::Storage]);
        Some(at_least(pause))
    }

    /// Whether another upstream is asked, should this one fail.
    pub(super) fn has_next(&self, source: Source, config: &Config) -> bool {
        self.order.has_others() && !stops_at_failure(source, config)
    }

    /// Whether storage alone can say, and the client gets nothing where storage does not.
    fn needs_storage(&self) -> bool {
        let is_last = self.order.is_over() && !self.order.spares_storage() && self.postponed.is_none();
        is_last && !self.expected.has_substitute() && (self.said.is_nothing() || self.may_be_kept())
    }

    /// Whether storage may have what upstreams have lost. For what changes, the upstream's word is enough: the go command asks for many
    /// paths that are no modules, and must get its answer while storage is down. It is not enough for a module that was seen here: the go
    /// command would ask elsewhere for it as long as storage is down.
    pub(super) fn may_be_kept(&self) -> bool {
        match self.want.cache_class() {
            CacheClass::Immutable => true,
            _ => self.expected.is_known_here() && self.said.is_missing(),
        }
    }
}

/// How often a source is asked where no other can be: one failure in a thousand becomes one in 10^12.
const TRIES: u32 = 4;

/// As many tries as no request has: there is to be no other.
const TURNED_AWAY: u32 = u32::MAX;

/// How often a source is asked before others are.
const TRIES_BEFORE_OTHERS: u32 = 2;
