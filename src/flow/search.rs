//! Walks a plan: asks one source after the other until one has what is wanted.
//!
//! Between upstreams Go's own two rules hold: after one with `not_found` (GOPROXY's comma) the next is asked only where it
//! answered 404 or 410, after one with `any_error` (the pipe) whatever went wrong. What is reported in the end is, as in
//! the go command, the last failure that is not a "not found", or else the last "not found".

use std::collections::VecDeque;

use log::Level;

use crate::{
    config::{Config, Fallback},
    cx::Cx,
    endpoint,
    goproxy::{Failure, Fault, Found, Lifetime, Missing, Outcome},
    http::{CallFailure, Callout, Reply, Timestamp},
    plan::{Source, Want, plan},
    shared::Entry,
    store::{self, Stored},
    upstream,
};

/// A search under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    want: Want,
    ahead: VecDeque<Question>,
    asking: Option<Question>,
    refusal: Option<(Source, Outcome)>,
    /// Why storage could not say, where it could not.
    unavailable: Option<String>,
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

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// The result.
    pub end: End,
    /// Who gave it; nobody where there was nobody to ask.
    pub source: Option<Source>,
    /// Whether storage was asked and could not say.
    pub storage_failed: bool,
    /// A failure on the way: what was not found may be there all the same, and what storage had may be old.
    pub doubt: Option<Failure>,
}

/// One of the questions a search asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Question {
    source: Source,
    /// A zip is asked for by the version's `.info`: the source answers no HEAD.
    by_info: bool,
    /// It was asked before, and the connection closed.
    again: bool,
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The document.
    Document(Found),
    /// Nobody could say.
    Failed(Failure),
    /// There is none.
    Missing(Missing),
    /// `source` has the zip.
    Zip,
}

impl Search {
    /// A search for `want` by its plan.
    pub fn new(want: Want, config: &Config, may_fetch: bool) -> Self {
        let plan = plan(&want, config, may_fetch);
        let ahead =
            plan.into_iter().map(|source| Question { source, by_info: false, again: false }).collect();
        Self { want, ahead, asking: None, refusal: None, unavailable: None }
    }

    /// The first step, and after every reply the next one.
    pub fn advance(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        let Some(question) = self.ahead.pop_front() else {
            return self.conclude(cx);
        };
        let source = question.source;
        if matches!((&self.want, source), (Want::Zip(_), Source::Upstream(_))) && !self.more_upstreams() {
            // The last one who may have it: the streamed answer itself says whether it does.
            return self.done(End::Zip, Some(source));
        }
        self.ask(question, config, cx)
    }

    fn ask(&mut self, question: Question, config: &Config, cx: &Cx<'_>) -> Step {
        match self.callout(question, config) {
            Some(callout) => {
                self.asking = Some(question);
                Step::Ask(question.source, callout)
            }
            None => self.advance(config, cx),
        }
    }

    /// The reply of the source asked last.
    pub fn step(&mut self, reply: Reply, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(question) = self.asking.take() else {
            return self.advance(config, cx);
        };
        let source = question.source;
        let instead = match &reply {
            // A kept connection that the other side closes just then is nobody's outage. Once more, over a new one.
            Reply::Failed(failure) if !question.again && self.may_be_dropped(*failure) => {
                Some(Question { again: true, ..question })
            }
            Reply::Answered { status: 405 | 501, .. }
                if matches!(self.want, Want::Zip(_)) && source != Source::Storage && !question.by_info =>
            {
                Some(Question { by_info: true, ..question })
            }
            _ => None,
        };
        if let Some(question) = instead {
            return self.ask(question, config, cx);
        }
        let end = match source {
            Source::Storage => self.hear_storage(reply, cx),
            Source::Sumdb(_) | Source::Upstream(_) => self.hear_upstream(source, reply, config, cx),
        };
        match end {
            Some(end) => self.done(end, Some(source)),
            None => self.advance(config, cx),
        }
    }

    fn callout(&self, question: Question, config: &Config) -> Option<Callout> {
        let endpoint = question.source.endpoint(config)?;
        let path = match question.source {
            Source::Storage => self.want.object()?,
            Source::Sumdb(_) | Source::Upstream(_) => self.want.path(),
        };
        Some(match &self.want {
            Want::Zip(zip) if question.by_info => endpoint::get(endpoint, &zip.info_path()),
            Want::Zip(_) => endpoint::head(endpoint, &path),
            Want::Document(_) => endpoint::get(endpoint, &path),
        })
    }

    /// The host's own answer to a HEAD has no text by which to tell a connection that closed from one that was refused.
    fn may_be_dropped(&self, failure: CallFailure) -> bool {
        match failure {
            CallFailure::Dropped => true,
            CallFailure::Unreachable => matches!(self.want, Want::Zip(_)),
            _ => false,
        }
    }

    fn hear_storage(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<End> {
        let stored = match &self.want {
            Want::Document(document) => store::judge(document, reply, cx.now).map(End::Document),
            Want::Zip(_) => store::judge_presence(&reply).map(|()| End::Zip),
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
                None => return Some(End::Zip),
                Some(outcome) => outcome,
            },
        };
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
                    self.ahead.retain(|ahead| ahead.source == Source::Storage);
                }
            }
        }
        None
    }

    fn more_upstreams(&self) -> bool {
        self.ahead.iter().any(|question| question.source != Source::Storage)
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

impl Searched {
    /// Whether the result is a document that changes, from somewhere that may not know the latest, because those who do
    /// could not be asked.
    pub fn is_stale(&self, want: &Want) -> bool {
        let knows = matches!(self.source, Some(Source::Sumdb(_) | Source::Upstream(_)));
        let changes = want.lifetime() != Lifetime::Immutable;
        matches!(self.end, End::Document(_)) && changes && !knows && self.doubt.is_some()
    }

    /// The result, or where that is a failure or may be old, what the index `known` had before: it is from those who know,
    /// once asked.
    pub fn or_known(self, want: &Want, known: Option<&Found>) -> Self {
        match (&self.end, known) {
            (End::Failed(failure), Some(found)) => {
                let doubt = Some(failure.clone());
                Self { end: End::Document(found.clone()), source: None, doubt, ..self }
            }
            (End::Document(_), Some(found)) if self.is_stale(want) => {
                Self { end: End::Document(found.clone()), source: None, ..self }
            }
            _ => self,
        }
    }
}

/// What the index keeps of a search's result: nothing where nobody could say, and nothing that changes where those who
/// know better than storage could not, or must not, be asked.
pub fn entry(want: &Want, searched: &Searched, may_fetch: bool, now: Timestamp) -> Option<Entry> {
    match &searched.end {
        End::Document(found) => {
            let certain = want.lifetime() == Lifetime::Immutable || (may_fetch && !searched.is_stale(want));
            certain.then(|| Entry::Found(found.clone()))
        }
        End::Missing(missing) => {
            (may_fetch && searched.doubt.is_none()).then(|| Entry::Missing(missing.clone()))
        }
        End::Zip => (searched.source == Some(Source::Storage)).then_some(Entry::Stored { since: now }),
        End::Failed(_) => None,
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
