//! What one client asks, and its answer: from the index at once, or at the end of a search.

use std::time::Duration;

use super::{
    End, Hit, Reception, Routed, Searched, is_unwritten, judge,
    respond::{answer, is_shared},
};
use crate::{
    config::{Config, Reverify},
    cx::{Cx, Verdict},
    goproxy::{
        Answer, Asker, Document, Failure, Fault, Found, Judge, Missing, Refusal, Standing, Validity, Zip,
    },
    http::{RequestHead, Timestamp},
    metrics::Cache,
    plan::{Source, Want},
    shared::Entry,
};

/// A request that waits for a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub(super) question: Question,
    pub(super) head: RequestHead,
}

/// What a request asks, as far as the answer depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) want: Want,
    pub(super) may_fetch: bool,
    /// Whether the client asks for more than what the index has.
    pub(super) no_cache: bool,
    /// Whether storage has lost what it had: it is not asked then, nor given it again.
    pub(super) lost: bool,
    pub(super) asker: Asker,
    pub(super) kind: &'static str,
}

/// What the index can do for a request.
pub(super) enum Indexed {
    /// This.
    Answer(Reception),
    /// It has a document that is not to be believed unasked.
    Known(Found),
    /// It knows that storage has lost the zip.
    Lost,
    /// Nothing.
    Nothing,
}

impl Parked {
    /// What is searched for.
    pub fn want(&self) -> &Want {
        &self.question.want
    }

    /// Whether upstreams may be asked (no `Disable-Module-Fetch`).
    pub fn may_fetch(&self) -> bool {
        self.question.may_fetch
    }

    /// Whether the client asks for more than what the index has.
    pub fn no_cache(&self) -> bool {
        self.question.no_cache
    }

    /// Whether storage has lost what it had.
    pub fn lost(&self) -> bool {
        self.question.lost
    }

    /// The end of the search it waited for. `coalesced` says that another request had begun it; `spread` is the result's share
    /// of the jitter.
    pub fn resume(
        &self,
        searched: &Searched,
        coalesced: bool,
        spread: u8,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> (Verdict, Option<Routed>) {
        let stale = searched.is_stale(&self.question.want);
        let cache = match searched.source {
            _ if stale => Cache::Stale,
            _ if coalesced => Cache::Coalesced,
            Some(Source::Storage) => Cache::Storage,
            Some(Source::Sumdb(_) | Source::Upstream(_)) => Cache::Upstream,
            None => Cache::None,
        };
        let question = &self.question;
        let verdict = match (&searched.end, &question.want) {
            (End::Document(found), Want::Document(document)) => {
                let judge = question.judge(spread, config, cx.now);
                let left = judge::left(judge.found(document.lifetime(), found.into()));
                // Where not all were asked, or nothing proves it, the next may be told better.
                let certain = !searched.unproven && (left.is_none() || (!stale && question.may_fetch));
                let left = if certain { left } else { Some(Duration::ZERO) };
                question.found(document, found, cache, left, config, cx)
            }
            (End::Missing(missing), _) if question.may_fetch => {
                let judge = question.judge(spread, config, cx.now);
                question.missing(missing, cache, judge.missing(missing.into()), config, cx)
            }
            // Nobody who could know was asked: an answer for this client alone.
            (End::Missing(Missing { reason, .. }), _) => {
                let unknown = Refusal::Unknown(reason.clone());
                answer(&Answer::Refused(&unknown), &question.asker, question.kind, cache, cx)
            }
            (End::Failed(failure), _) => question.failed(failure, cx),
            (End::Zip { proven, checked }, Want::Zip(zip)) => {
                let doubt = searched.doubt.clone();
                let routed = searched.source.map(|source| Routed {
                    doubt,
                    proven: *proven,
                    checked: *checked && !is_always_checked(config),
                    ..Routed::new(zip.clone(), source, &self.head)
                });
                if let Some(verdict) = routed.as_ref().and_then(|routed| routed.redirect(config, cx)) {
                    return (verdict, None);
                }
                match routed.as_ref().and_then(|routed| routed.verdict(&self.head, config)) {
                    Some(verdict) => return (verdict, routed),
                    None => question.failed(&inconsistent(&question.want), cx),
                }
            }
            (End::Document(_) | End::Zip { .. }, _) => question.failed(&inconsistent(&question.want), cx),
        };
        (verdict, None)
    }
}

impl Question {
    fn judge<'a>(&self, spread: u8, config: &'a Config, now: Timestamp) -> Judge<'a> {
        Judge { rules: &config.freshness, now, spread, no_cache: self.no_cache }
    }

    /// The answer from what the index has; `spread` is its share of the jitter.
    pub(super) fn look_at(
        &self,
        entry: Entry,
        spread: u8,
        head: &RequestHead,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Indexed {
        let judge = self.judge(spread, config, cx.now);
        match (&self.want, judge::standing(&self.want, &entry, judge), entry) {
            (Want::Document(document), Standing::Fresh { left }, Entry::Found(found)) => {
                let validity = self.validity(left, config);
                let answer = Answer::Found { document, found: &found, validity, cache: Cache::Hit };
                let hit = Hit::new(&answer, validity, self.kind);
                Indexed::Answer(if is_unwritten(document, &found, config, cx.now) {
                    Reception::Unwritten(hit, self.want.clone(), found)
                } else {
                    Reception::Hit(hit)
                })
            }
            // Nobody may be asked who knows better.
            (Want::Document(document), _, Entry::Found(found)) if !self.may_fetch => {
                let left = Some(Duration::ZERO);
                Indexed::Answer(Reception::Decided(self.found(
                    document,
                    &found,
                    Cache::Stale,
                    left,
                    config,
                    cx,
                )))
            }
            (Want::Document(document), Standing::Stale { refresh }, Entry::Found(found)) => {
                let left = Some(Duration::ZERO);
                let verdict = self.found(document, &found, Cache::Stale, left, config, cx);
                Indexed::Answer(if refresh {
                    Reception::Stale(verdict, self.want.clone(), found)
                } else {
                    Reception::Decided(verdict)
                })
            }
            (_, _, Entry::Found(found)) => Indexed::Known(found),
            (_, Standing::Fresh { left }, Entry::Missing(missing)) => {
                let validity = self.validity(left, config);
                let answer = Answer::Missing { missing: &missing, validity, cache: Cache::Hit };
                Indexed::Answer(Reception::Hit(Hit::new(&answer, validity, self.kind)))
            }
            (Want::Zip(zip), Standing::Fresh { .. }, Entry::Stored { checked, .. }) => {
                self.routed(zip, Source::Storage, checked, head, config, cx)
            }
            (Want::Zip(zip), Standing::Fresh { .. }, Entry::Streamed { upstream, .. }) if self.may_fetch => {
                self.routed(zip, Source::Upstream(upstream), false, head, config, cx)
            }
            (Want::Zip(_), _, Entry::Lost { since, corrupt: true }) if judge.quarantine(since) => {
                Indexed::Lost
            }
            (Want::Zip(_), _, Entry::Lost { since, .. }) if judge.presence(since).is_some() => Indexed::Lost,
            _ => Indexed::Nothing,
        }
    }

    fn routed(
        &self,
        zip: &Zip,
        source: Source,
        checked: bool,
        head: &RequestHead,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Indexed {
        let checked = checked && !is_always_checked(config);
        let routed = Routed { proven: true, checked, ..Routed::new(zip.clone(), source, head) };
        if let Some(verdict) = routed.redirect(config, cx) {
            return Indexed::Answer(Reception::Decided(verdict));
        }
        match routed.verdict(head, config) {
            Some(verdict) => Indexed::Answer(Reception::Routed(verdict, routed)),
            None => Indexed::Nothing,
        }
    }

    /// How long, and by whom, an answer may be kept; `left` is what is left of its freshness, nothing for what never changes.
    fn validity(&self, left: Option<Duration>, config: &Config) -> Validity {
        Validity { fresh_for: left, shared: is_shared(self.want.module(), config) }
    }

    fn found(
        &self,
        document: &Document,
        found: &Found,
        cache: Cache,
        left: Option<Duration>,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let validity = self.validity(left, config);
        answer(&Answer::Found { document, found, validity, cache }, &self.asker, self.kind, cache, cx)
    }

    fn missing(
        &self,
        missing: &Missing,
        cache: Cache,
        left: Option<Duration>,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let validity = self.validity(Some(left.unwrap_or_default()), config);
        answer(&Answer::Missing { missing, validity, cache }, &self.asker, self.kind, cache, cx)
    }

    fn failed(&self, failure: &Failure, cx: &mut Cx<'_>) -> Verdict {
        answer(&Answer::Failed(failure), &self.asker, self.kind, Cache::None, cx)
    }
}

/// Whether each time that a stored zip is given it is checked.
fn is_always_checked(config: &Config) -> bool {
    config.storage.as_ref().is_some_and(|storage| storage.reverify == Reverify::Always)
}

fn inconsistent(want: &Want) -> Failure {
    let reason = format!("{}: the gateway's configuration changed meanwhile; try again", want.describe());
    Failure { fault: Fault::Overloaded, reason, retry_after: None }
}
