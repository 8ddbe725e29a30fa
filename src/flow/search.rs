//! Walks a plan: asks one source after the other until one has what is wanted.
//!
//! Between upstreams Go's own two rules hold: after one with `not_found` (GOPROXY's comma) the next is asked only where it
//! answered 404 or 410, after one with `any_error` (the pipe) whatever went wrong. What is reported in the end is, as in
//! the go command, the last failure that is not a "not found", or else the last "not found".
//!
//! A zip is streamed by the host and only its presence is asked for; where it may be fetched `whole`, it is put into
//! storage first, so that everybody who waits for it streams it from there and the upstream gives it once.

mod around;
mod question;
mod whole;

use std::collections::VecDeque;

use log::Level;

use self::{
    question::{Form, Question},
    whole::Whole,
};
use super::searched::{End, Searched};
use crate::{
    config::{Config, Fallback},
    cx::Cx,
    goproxy::{Failure, Fault, Lifetime, Missing, Outcome},
    http::{Body, CallFailure, Callout, Reply},
    metrics::Metric,
    plan::{Source, Want, plan},
    store::{self, Stored, Trouble, Written},
    upstream,
};

/// A search under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    want: Want,
    /// Whether a zip may be fetched into memory, to be stored.
    whole: bool,
    ahead: VecDeque<Source>,
    asking: Option<Question>,
    refusal: Option<(Source, Outcome)>,
    /// Why storage could not say, where it could not.
    unavailable: Option<String>,
    /// Whether storage was given a zip and did not take it.
    not_taken: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Ask this source this, and report its reply.
    Ask(Source, Callout),
    /// The search is over.
    Done(Searched),
}

impl Search {
    /// A search for `want` by its plan. `whole` says whether a zip may be fetched into memory.
    pub fn new(want: Want, config: &Config, may_fetch: bool, whole: bool) -> Self {
        let ahead = plan(&want, config, may_fetch);
        Self { want, whole, ahead, asking: None, refusal: None, unavailable: None, not_taken: false }
    }

    /// Takes storage for one that cannot say, unless it is the only one to ask.
    pub fn avoid_storage(&mut self) {
        if self.more_upstreams() {
            self.ahead.retain(|source| *source != Source::Storage);
            self.unavailable = Some("it has lost it".to_owned());
        }
    }

    /// Whether storage was given a zip and did not take it.
    pub fn was_not_taken(&self) -> bool {
        self.not_taken
    }

    /// Whether it holds a zip in memory, or is about to.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The first step, and after every reply the next one.
    pub fn advance(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        let Some(source) = self.ahead.pop_front() else {
            return self.conclude(cx);
        };
        let form = match (&self.want, source) {
            (Want::Zip(_), Source::Upstream(_)) if self.whole && self.unavailable.is_none() => Form::Whole,
            // The last one who may have it: the streamed answer itself says whether it does.
            (Want::Zip(_), Source::Upstream(_)) if !self.more_upstreams() => {
                return self.done(End::Zip { proven: false }, Some(source));
            }
            _ => Form::Plain,
        };
        self.ask(Question { source, form, again: false }, config, cx)
    }

    fn ask(&mut self, question: Question, config: &Config, cx: &Cx<'_>) -> Step {
        match question.callout(&self.want, config) {
            Some(callout) => {
                let source = question.source;
                self.asking = Some(question);
                Step::Ask(source, callout)
            }
            None => self.advance(config, cx),
        }
    }

    /// The reply of the source asked last.
    pub fn step(&mut self, reply: Reply, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(question) = self.asking.take() else {
            return self.advance(config, cx);
        };
        if let Some(question) = self.instead(&question, &reply) {
            return self.ask(question, config, cx);
        }
        let source = question.source;
        let end = match (question.form, source) {
            (Form::Store { from, .. }, _) => return self.stored(from, &reply, cx),
            (Form::Whole, _) => match Whole::read(reply, config.fetch.zip_bytes) {
                Whole::Here(zip) => return self.store(source, zip, config, cx),
                Whole::TooLarge => Some(End::Zip { proven: true }),
                Whole::NoZip => {
                    let who = source.describe(config);
                    let reason = format!("{}: bad answer from {who}: not a zip", self.want.describe());
                    let failure = Failure { fault: Fault::Bad, reason, retry_after: None };
                    self.note(source, Outcome::Failed(failure), true, config, cx)
                }
                Whole::NotHere(reply) => self.hear_upstream(source, reply, config, cx),
            },
            (Form::Plain | Form::ByInfo, Source::Storage) => self.hear_storage(reply, cx),
            (Form::Plain | Form::ByInfo, _) => self.hear_upstream(source, reply, config, cx),
        };
        match end {
            Some(end) => self.done(end, Some(source)),
            None => self.advance(config, cx),
        }
    }

    /// What the same source is asked once more, where the reply says nothing yet.
    fn instead(&self, question: &Question, reply: &Reply) -> Option<Question> {
        match reply {
            // A kept connection that the other side closes just then is nobody's outage. Once more, over a new one.
            Reply::Failed(failure) if !question.again && self.may_be_dropped(question, *failure) => {
                Some(Question { again: true, ..question.clone() })
            }
            Reply::Answered { status: 405 | 501, .. }
                if question.is_head(&self.want) && question.source != Source::Storage =>
            {
                Some(Question { form: Form::ByInfo, ..question.clone() })
            }
            // Larger than the host lets an answer be, or broken off: whether it is there, to be streamed, takes no body.
            Reply::Failed(CallFailure::Broken) if question.form == Form::Whole => {
                Some(Question { form: Form::Plain, ..question.clone() })
            }
            _ => None,
        }
    }

    /// The host's own answer to a HEAD has no text by which to tell a connection that closed from one that was refused.
    fn may_be_dropped(&self, question: &Question, failure: CallFailure) -> bool {
        match failure {
            CallFailure::Dropped => true,
            CallFailure::Unreachable => question.is_head(&self.want),
            _ => false,
        }
    }

    fn store(&mut self, from: Source, zip: Body, config: &Config, cx: &Cx<'_>) -> Step {
        let form = Form::Store { zip, from };
        self.ask(Question { source: Source::Storage, form, again: false }, config, cx)
    }

    /// A store that does not take it costs the copy: the upstream has it.
    fn stored(&mut self, from: Source, reply: &Reply, cx: &mut Cx<'_>) -> Step {
        let end = End::Zip { proven: true };
        match store::judge_write(reply) {
            Written::Stored => {
                cx.count(Metric::StorageWrite { outcome: "stored" });
                self.done(end, Some(Source::Storage))
            }
            // Another gateway was faster. What it wrote is not known to be the same.
            Written::Exists => {
                cx.count(Metric::StorageWrite { outcome: "exists" });
                self.done(end, Some(from))
            }
            Written::Failed(Trouble { label, why, .. }) => {
                cx.count(Metric::StorageWrite { outcome: label });
                cx.log(Level::Warn, format!("storage: {}: not written: {why}", self.want.describe()));
                self.unavailable = Some(format!("not written: {why}"));
                self.not_taken = true;
                self.done(end, Some(from))
            }
        }
    }

    fn hear_storage(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<End> {
        let stored = match &self.want {
            Want::Document(document) => store::judge(document, reply, cx.now).map(End::Document),
            Want::Zip(_) => store::judge_presence(&reply).map(|()| End::Zip { proven: true }),
        };
        match stored {
            Stored::Present(end) => return Some(end),
            Stored::Absent => {}
            Stored::Corrupt(why) => {
                cx.log(Level::Warn, format!("storage: {}: {why}", self.want.describe()));
                self.unavailable = Some(why);
            }
            Stored::Unavailable(why) => self.unavailable = Some(why),
        }
        None
    }

    fn hear_upstream(
        &mut self,
        source: Source,
        reply: Reply,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Option<End> {
        let who = source.describe(config);
        let answered = matches!(reply, Reply::Answered { status: 200, .. });
        let outcome = match &self.want {
            Want::Document(document) => upstream::judge(document, &who, reply, cx.now),
            Want::Zip(zip) => match upstream::judge_presence(&zip.to_string(), &who, reply, cx.now) {
                None => return Some(End::Zip { proven: true }),
                Some(outcome) => outcome,
            },
        };
        self.note(source, outcome, answered, config, cx)
    }

    /// Takes in what a source that knows said; `answered` if it gave something that it should not have.
    fn note(
        &mut self,
        source: Source,
        outcome: Outcome,
        answered: bool,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Option<End> {
        match outcome {
            Outcome::Found(found) => return Some(End::Document(found)),
            Outcome::Missing(missing) => {
                if !matches!(self.refusal, Some((_, Outcome::Failed(_)))) {
                    self.refusal = Some((source, Outcome::Missing(missing)));
                }
            }
            Outcome::Failed(failure) => {
                if answered {
                    cx.log(Level::Warn, failure.reason.clone());
                }
                self.refusal = Some((source, Outcome::Failed(failure)));
                if stops_at_failure(source, config) {
                    self.ahead.retain(|ahead| *ahead == Source::Storage);
                }
            }
        }
        None
    }

    fn more_upstreams(&self) -> bool {
        self.ahead.iter().any(|source| *source != Source::Storage)
    }

    fn conclude(&mut self, cx: &Cx<'_>) -> Step {
        let storage = self.storage_failure();
        match (self.refusal.clone(), storage) {
            (Some((source, Outcome::Failed(failure))), _) => self.done(End::Failed(failure), Some(source)),
            // Storage is where versions are kept that upstreams have lost. Of what changes, the upstream's word is enough:
            // the go command asks it for many a module path that is none, and must be able to while storage is down.
            (Some((_, Outcome::Missing(_))), Some(failure))
                if self.want.lifetime() == Lifetime::Immutable =>
            {
                self.done(End::Failed(failure), Some(Source::Storage))
            }
            (Some((source, Outcome::Missing(missing))), _) => self.done(End::Missing(missing), Some(source)),
            (_, Some(failure)) => self.done(End::Failed(failure), Some(Source::Storage)),
            (_, None) => {
                let what = self.want.describe();
                let reason =
                    format!("not found: {what}: not stored here, and no upstream may be asked for it");
                self.done(End::Missing(Missing { gone: false, reason, since: cx.now, limit: None }), None)
            }
        }
    }

    fn storage_failure(&self) -> Option<Failure> {
        let why = self.unavailable.as_ref()?;
        let reason = format!("{}: no answer from storage: {why}", self.want.describe());
        Some(Failure { fault: Fault::Bad, reason, retry_after: None })
    }

    fn done(&mut self, end: End, source: Option<Source>) -> Step {
        let doubt = match self.refusal.take() {
            Some((_, Outcome::Failed(failure))) => Some(failure),
            _ => self.storage_failure(),
        };
        Step::Done(Searched { end, source, storage_failed: self.unavailable.is_some(), doubt })
    }
}

/// Whether a failure of `source` ends the chain.
fn stops_at_failure(source: Source, config: &Config) -> bool {
    match source {
        Source::Upstream(at) => {
            config.upstreams.get(at).is_none_or(|upstream| upstream.fallback == Fallback::NotFound)
        }
        Source::Storage | Source::Sumdb(_) => false,
    }
}
