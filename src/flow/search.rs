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
    http::{Callout, Reply, Timestamp},
    plan::{Source, Want, plan},
    shared::Entry,
    store::{self, Stored},
    upstream,
};

/// A search under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    want: Want,
    ahead: VecDeque<Source>,
    asking: Option<Source>,
    refusal: Option<(Source, Outcome)>,
    storage: Consulted,
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
    /// Whether storage was asked, and could say.
    pub storage: Consulted,
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

/// What storage contributed to a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consulted {
    /// It has no such object.
    Absent,
    /// It was not asked.
    Not,
    /// It has the object.
    Present,
    /// It could not say; why.
    Unavailable(String),
}

impl Search {
    /// A search for `want` by its plan.
    pub fn new(want: Want, config: &Config, may_fetch: bool) -> Self {
        let ahead = plan(&want, config, may_fetch);
        Self { want, ahead, asking: None, refusal: None, storage: Consulted::Not }
    }

    /// What is looked for.
    pub fn want(&self) -> &Want {
        &self.want
    }

    /// The first step, and after every reply the next one.
    pub fn advance(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        while let Some(source) = self.ahead.pop_front() {
            if matches!((&self.want, source), (Want::Zip(_), Source::Upstream(_))) && !self.more_upstreams() {
                // The last one who may have it: the streamed answer itself says whether it does.
                return self.done(End::Zip, Some(source));
            }
            let Some(callout) = self.callout(source, config) else {
                continue;
            };
            self.asking = Some(source);
            return Step::Ask(source, callout);
        }
        self.conclude(cx)
    }

    /// The reply of the source asked last.
    pub fn step(&mut self, reply: Reply, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(source) = self.asking.take() else {
            return self.advance(config, cx);
        };
        let end = match source {
            Source::Storage => self.hear_storage(reply, cx),
            Source::Sumdb(_) | Source::Upstream(_) => self.hear_upstream(source, reply, config, cx),
        };
        match end {
            Some(end) => self.done(end, Some(source)),
            None => self.advance(config, cx),
        }
    }

    fn callout(&self, source: Source, config: &Config) -> Option<Callout> {
        let path = if source == Source::Storage { self.want.object()? } else { self.want.path() };
        let endpoint = source.endpoint(config)?;
        Some(match self.want {
            Want::Document(_) => endpoint::get(endpoint, &path),
            Want::Zip(_) => endpoint::head(endpoint, &path),
        })
    }

    fn hear_storage(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<End> {
        let stored = match &self.want {
            Want::Document(document) => match store::judge(document, reply, cx.now) {
                Stored::Present(found) => Stored::Present(End::Document(found)),
                Stored::Absent => Stored::Absent,
                Stored::Unavailable(why) => Stored::Unavailable(why),
            },
            Want::Zip(_) => match store::judge_presence(&reply) {
                Stored::Present(()) => Stored::Present(End::Zip),
                Stored::Absent => Stored::Absent,
                Stored::Unavailable(why) => Stored::Unavailable(why),
            },
        };
        match stored {
            Stored::Present(end) => {
                self.storage = Consulted::Present;
                return Some(end);
            }
            Stored::Absent => self.storage = Consulted::Absent,
            Stored::Unavailable(why) => {
                cx.log(Level::Warn, format!("storage: {}: {why}", self.want.describe()));
                self.storage = Consulted::Unavailable(why);
            }
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
                cx.log(Level::Warn, failure.reason.clone());
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
        let what = self.want.describe();
        match (self.refusal.take(), &self.storage) {
            (Some((source, Outcome::Failed(failure))), _) => self.done(End::Failed(failure), Some(source)),
            (Some((source, Outcome::Missing(missing))), _) => self.done(End::Missing(missing), Some(source)),
            (_, Consulted::Unavailable(why)) => {
                let reason = format!("{what}: no answer from storage: {why}");
                self.done(
                    End::Failed(Failure { fault: Fault::Bad, reason, retry_after: None }),
                    Some(Source::Storage),
                )
            }
            (_, Consulted::Absent | Consulted::Not | Consulted::Present) => {
                let reason =
                    format!("not found: {what}: not stored here, and no upstream may be asked for it");
                self.done(End::Missing(Missing { gone: false, reason, since: cx.now }), None)
            }
        }
    }

    fn done(&mut self, end: End, source: Option<Source>) -> Step {
        let storage = std::mem::replace(&mut self.storage, Consulted::Not);
        Step::Done(Searched { end, source, storage })
    }
}

/// What the index keeps of a search's result. Nothing where nobody could say, and where the search was forbidden to ask
/// those who know better than storage.
pub fn entry(want: &Want, searched: &Searched, may_fetch: bool, now: Timestamp) -> Option<Entry> {
    let reliable = may_fetch || want.lifetime() == Lifetime::Immutable;
    match &searched.end {
        End::Document(found) => reliable.then(|| Entry::Found(found.clone())),
        End::Missing(missing) => {
            let certain = may_fetch && !matches!(searched.storage, Consulted::Unavailable(_));
            certain.then(|| Entry::Missing(missing.clone()))
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
