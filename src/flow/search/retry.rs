//! Asking once more, where an answer says that it failed and not that there is none.
//!
//! One answer of some thousands is a 500, a reset, a body cut short, and the go command never tries again. So a source that failed
//! is asked again after a pause, a few times, and only as long as somebody who waits from the start still would.
//!
//! ```text
//!  fails ── somebody else may be asked instead, or something may stand in ──▶ once more, then on
//!    └───── nobody ─────────────────────────────────────────────────────────▶ TRIES in all, with growing pauses
//!  says when to come back (429, Retry-After) ── in time ───────────────────▶ then or later, as often as it says so
//!                                  └── too late, or somebody else is next ──▶ on
//! ```
//!
//! A source that let the whole of its time pass is not asked again: it would only be waited for twice.

use std::{ops::ControlFlow, time::Duration};

use super::{Form, Outcome, Search, Step, ZipHead, source_request::SourceRequest};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{CacheClass, Failure, accept},
    http::{CallFailure, Reply, Timestamp},
    plan::{Source, Want},
    shared::MAX_PAUSE,
    upstream::{self, Presence},
};

/// What the reply to a request says of the next attempt at the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It may well succeed.
    Soon,
    /// It is wanted after this time, and no sooner.
    After(Duration),
}

/// A request that is taken up again where storage has no answer either.
#[derive(Clone, Debug)]
pub(super) struct Postponed {
    request: SourceRequest,
    /// Not before this.
    at: Timestamp,
    /// Who is asked after it, should it then say that there is none: its failure ended the chain.
    others: Vec<Source>,
    /// What those said who were asked before.
    refusal: Option<(Source, Outcome)>,
}

impl Search {
    /// The next attempt at `request`, where there is to be one; else it goes on with the request, and `reply` is the answer to it.
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
            self.recovers = Some(attempt);
            return ControlFlow::Continue(request.into());
        }
        let tries = request.tries.saturating_add(1);
        let has_substitute = self.stands_in || self.has_next(request.source, config);
        let is_limit = matches!(reply, Reply::Answered { status: 429, .. });
        let (pause, most) = match attempt {
            Attempt::Soon if has_substitute => (PAUSE, TRIES_BEFORE_OTHERS),
            Attempt::Soon if self.postpones(request.source) => (pause(tries), TRIES_BEFORE_OTHERS),
            Attempt::Soon => (pause(tries), TRIES),
            Attempt::After(_) if has_substitute => return ControlFlow::Continue(request.into()),
            // As often as it says so: only time bounds that. What says "at once" each time is not believed for long; how often one that
            // answers 429 is asked, all workers count together.
            Attempt::After(said) if is_limit => (said.max(PAUSE), u32::MAX),
            Attempt::After(said) => (said.max(pause(tries)), u32::MAX),
        };
        if !self.has_time_for(pause, config, cx.now) {
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
        self.trouble = self.trouble_of(&request, reply, config, cx.now);
        // It waits with all others for whom the source is to be left alone, behind those who came before it was told so. Told so once more,
        // it waits by itself: the source may answer all others.
        let is_first = is_limit && self.limits == 0;
        let is_held_back = !self.has_strayed(request.source) && pause <= MAX_PAUSE;
        self.limits = self.limits.saturating_add(u32::from(is_limit));
        if is_first && is_held_back && request.source != Source::Storage {
            return ControlFlow::Break(self.ask(request, config, cx));
        }
        self.paused = Some(request);
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
        let broke = asks_for_it && (1..TRIES).contains(&self.broken_wholes) && !self.is_slow;
        let length = ZipHead::of(&request.form, reply).filter(|_| broke)?.length?;
        if length > config.fetch.zip_bytes.into() {
            return None;
        }
        self.paused = Some(SourceRequest { form: Form::Whole, tries: 0, ..request.clone() });
        Some(about(pause(self.broken_wholes)))
    }

    /// Whether it was told to come later before: that it is told so once more says little about what else is asked.
    pub fn was_limited(&self) -> bool {
        self.limits > 0
    }

    /// Why it was asked more than once, for those who will not wait for another try.
    pub fn trouble(&self) -> Option<&Failure> {
        self.trouble.as_ref()
    }

    fn trouble_of(
        &self,
        request: &SourceRequest,
        reply: &Reply,
        config: &Config,
        now: Timestamp,
    ) -> Option<Failure> {
        let reply = match reply {
            Reply::Answered { status, headers, body } => Reply::Answered {
                status: *status,
                headers: headers.clone(),
                body: body.iter().take(SAID).copied().collect(),
            },
            failed @ Reply::Failed(_) => failed.clone(),
        };
        let judged = match self.discreet(request.source, reply, config) {
            Ok(reply) => {
                let who = self.who(request.source, config);
                upstream::judge_presence(&self.want.describe(), &who, reply, now)
            }
            Err(refused) => Presence::NotHere(refused),
        };
        match judged {
            Presence::NotHere(Outcome::Failed(failure)) => Some(failure),
            Presence::Here | Presence::NotHere(_) => None,
        }
    }

    /// The request that was to be asked is not: there is no room for it, or its source wants to be left alone for `pause` and others
    /// may have it.
    pub fn turned_away(&mut self, pause: Option<Duration>, config: &Config, cx: &mut Cx<'_>) -> Step {
        if let Some(request) = self.asking.take() {
            if let Some(pause) = pause
                && self.postpones(request.source)
                && self.has_time_for(pause, config, cx.now)
            {
                self.postpone(request.clone(), pause, config, cx.now);
            }
            self.asking = Some(SourceRequest { tries: TURNED_AWAY, ..request });
        }
        self.step(Reply::Failed(CallFailure::Overloaded), config, cx)
    }

    /// The pause is over: the request is asked again.
    pub fn ask_again(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        match self.paused.take() {
            Some(request) => self.ask(request, config, cx),
            None => self.advance(config, cx),
        }
    }

    /// Whether others may have it, so that nobody waits for `source` while that wants to be left alone.
    pub fn may_do_without(&self, source: Source, config: &Config) -> bool {
        self.stands_in || self.has_next(source, config) || self.postpones(source)
    }

    /// What the index has may stand in for what cannot be found out: then nobody is kept waiting for long.
    pub fn expect_a_substitute(&mut self) {
        self.stands_in = true;
    }

    /// Somebody holds what a checksum database is asked about: it exists, and a database that knows nothing of it does not know yet.
    pub fn expect_it_recorded(&mut self) {
        self.exists_elsewhere = true;
    }

    /// The request that was put off while storage was asked, if there is one and there is time for it still.
    pub(super) fn take_up_again(&mut self, config: &Config, now: Timestamp) -> Option<Step> {
        let Postponed { request, at, others, refusal } = self.postponed.take()?;
        let pause = at.since(now);
        if !self.has_time_for(pause, config, now) {
            return None;
        }
        // What it says now counts, and not what it said before.
        self.refusal = refusal;
        self.ahead.extend(others);
        self.paused = Some(request);
        Some(at_least(pause))
    }

    /// Storage is asked once more that failed in passing, where no upstream has what only storage may have kept.
    pub(super) fn ask_storage_once_more(&mut self, config: &Config, now: Timestamp) -> Option<Step> {
        let attempt = self.recovers.take()?;
        let is_unknown = matches!(self.refusal, Some((_, Outcome::Missing(_)))) && self.unavailable.is_some();
        let pause = match attempt {
            Attempt::Soon => PAUSE,
            Attempt::After(said) => said.max(PAUSE),
        };
        if !is_unknown || !self.needs_storage() || !self.has_time_for(pause, config, now) {
            return None;
        }
        self.unavailable = None;
        self.ahead.push_back(Source::Storage);
        Some(at_least(pause))
    }

    fn attempt(
        &self,
        request: &SourceRequest,
        reply: &Reply,
        config: &Config,
        now: Timestamp,
    ) -> Option<Attempt> {
        // A write has an attempt of its own.
        if matches!(request.form, Form::Store { .. }) {
            return None;
        }
        match reply {
            Reply::Answered { status: status @ (429 | 503), headers, .. } => {
                let after = upstream::retry_after(headers, now);
                match (after, status) {
                    (Some(seconds), _) => Some(Attempt::After(Duration::from_secs(seconds.into()))),
                    (None, 429) => Some(Attempt::After(LIMITED)),
                    (None, _) => Some(Attempt::Soon),
                }
            }
            // What it cannot do it will not learn.
            Reply::Answered { status: 501 | 505, .. } => None,
            Reply::Answered { status: 408 | 500.., .. } => Some(Attempt::Soon),
            // A signed address holds for seconds, and a store refuses one whose time is over so: the upstream is asked for another.
            Reply::Answered { status: 400 | 403, .. }
                if request.tries == 0 && self.has_strayed(request.source) =>
            {
                Some(Attempt::Soon)
            }
            Reply::Answered { status: 404 | 410, .. } if self.exists_elsewhere => Some(Attempt::Soon),
            Reply::Answered { status: 200, headers, body } => {
                let Want::Document(document) = &self.want else { return None };
                let is_cut = headers.coding().is_none()
                    && document.shows_its_end()
                    && self.shows_no_end(request.source, reply, config)
                    && accept(document, body.clone()).is_err();
                is_cut.then_some(Attempt::Soon)
            }
            Reply::Answered { .. } => None,
            // That of a zip may be larger than the host lets an answer be.
            Reply::Failed(CallFailure::Broken) => {
                matches!(self.want, Want::Document(_)).then_some(Attempt::Soon)
            }
            Reply::Failed(
                CallFailure::Dropped
                | CallFailure::Overloaded
                | CallFailure::Unavailable
                | CallFailure::Unreachable,
            ) => Some(Attempt::Soon),
            Reply::Failed(CallFailure::Misconfigured | CallFailure::TimedOut) => None,
        }
    }

    /// Whether another upstream is asked, should this one fail.
    fn has_next(&self, source: Source, config: &Config) -> bool {
        let has_upstream = self.ahead.iter().any(|source| *source != Source::Storage);
        has_upstream && !super::stops_at_failure(source, config)
    }

    /// Whether storage is asked next for what it may have as it was: then this request can be taken up again behind it.
    fn postpones(&self, source: Source) -> bool {
        source != Source::Storage
            && self.want.cache_class() != CacheClass::Immutable
            && self.ahead.contains(&Source::Storage)
    }

    /// Whether nobody but storage can say, and the client gets nothing where storage does not.
    fn needs_storage(&self) -> bool {
        let is_last = self.ahead.is_empty() && !self.spares_storage && self.postponed.is_none();
        is_last && !self.stands_in && (self.refusal.is_none() || self.may_be_kept())
    }

    /// Whether storage may have what upstreams have lost. Of what changes, the upstream's word is enough: the go command asks it for
    /// many a module path that is none, and must be able to while storage is down. Not of what was seen here: that would send it
    /// elsewhere for as long as storage is down.
    pub(super) fn may_be_kept(&self) -> bool {
        match self.want.cache_class() {
            CacheClass::Immutable => true,
            _ => self.known_here && matches!(self.refusal, Some((_, Outcome::Missing(_)))),
        }
    }

    fn postpone(&mut self, request: SourceRequest, pause: Duration, config: &Config, now: Timestamp) {
        let (at, refusal) = (now.after(pause), self.refusal.clone());
        // Where its failure ends no chain, they are asked before it is again.
        let ends = super::stops_at_failure(request.source, config);
        let others =
            self.ahead.iter().filter(|source| ends && **source != Source::Storage).copied().collect();
        self.postponed = Some(Postponed { request, at, others, refusal });
    }

    fn has_time_for(&self, pause: Duration, config: &Config, now: Timestamp) -> bool {
        let waited = self.began.map_or(Duration::ZERO, |began| now.since(began));
        waited.saturating_add(pause) < config.fetch.wait
    }
}

/// The pause before the attempt that follows so many.
fn pause(tries: u32) -> Duration {
    PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(8))
}

/// A pause of about so long.
fn about(pause: Duration) -> Step {
    Step::Pause { least: pause / 2, jitter: pause }
}

/// A pause that somebody asked for: no shorter, and not the same for all who were told so.
fn at_least(pause: Duration) -> Step {
    Step::Pause { least: pause, jitter: (pause / 8).clamp(PAUSE, PAUSE * 8) }
}

/// The first pause, which doubles each time. Most of what fails in passing is over in less; three of them are two seconds.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a source is asked where nobody else can be: one failure in a thousand becomes one in 10^12.
const TRIES: u32 = 4;

/// As many tries as no request has: there is to be no other.
const TURNED_AWAY: u32 = u32::MAX;

/// How often a source is asked before others are.
const TRIES_BEFORE_OTHERS: u32 = 2;

/// Bytes of an answer in which its reason stands, if it gives one.
const SAID: usize = 1024;

/// How long one is left alone that answers 429 and does not say for how long.
const LIMITED: Duration = Duration::from_secs(1);
