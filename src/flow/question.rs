//! What one client asks, and its answer: from the index at once, or at the end of a search.

use std::time::Duration;

use super::{
    End, Hit, Reception, Routed, Searched,
    respond::{answer, validity},
};
use crate::{
    config::Config,
    cx::{Cx, Verdict},
    goproxy::{Answer, Asker, Document, Failure, Fault, Found, Lifetime, Missing, Refusal, Validity},
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
    pub(super) asker: Asker,
    pub(super) kind: &'static str,
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

    /// The end of the search it waited for. `coalesced` says that another request had begun it.
    pub fn resume(
        &self,
        searched: &Searched,
        coalesced: bool,
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
                question.found(document, found, cache, config, cx)
            }
            (End::Missing(missing), _) if question.may_fetch => question.missing(missing, cache, config, cx),
            // Nobody who could know was asked: an answer for this client alone.
            (End::Missing(Missing { reason, .. }), _) => {
                let unknown = Refusal::Unknown(reason.clone());
                answer(&Answer::Refused(&unknown), &question.asker, question.kind, cache, cx)
            }
            (End::Failed(failure), _) => question.failed(failure, cx),
            (End::Zip, Want::Zip(zip)) => {
                let doubt = searched.doubt.clone();
                let routed = searched.source.map(|source| Routed { zip: zip.clone(), source, doubt });
                match routed.as_ref().and_then(|routed| routed.verdict(&self.head, config)) {
                    Some(verdict) => return (verdict, routed),
                    None => question.failed(&inconsistent(&question.want), cx),
                }
            }
            (End::Document(_) | End::Zip, _) => question.failed(&inconsistent(&question.want), cx),
        };
        (verdict, None)
    }
}

impl Question {
    /// The answer from the index, where what that says is fresh.
    pub(super) fn hit(
        &self,
        entry: &Entry,
        head: &RequestHead,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Option<Reception> {
        let now = cx.now;
        // What is said to be from the future is from before the clock was set back.
        let fresh = |since, ttl| since <= now && now.since(since) < ttl;
        match (entry, &self.want) {
            (Entry::Found(found), Want::Document(document))
                if !self.may_fetch || fresh(found.since, ttl(document.lifetime(), config)) =>
            {
                let validity = self.validity_of_found(document, found, Cache::Hit, config, cx.now);
                let answer = Answer::Found { document, found, validity, cache: Cache::Hit };
                Some(Reception::Hit(Hit::new(&answer, validity, self.kind)))
            }
            (Entry::Missing(missing), _) if fresh(missing.since, config.freshness.negative) => {
                let validity = self.validity_of_missing(missing, config, cx.now);
                let answer = Answer::Missing { missing, validity, cache: Cache::Hit };
                Some(Reception::Hit(Hit::new(&answer, validity, self.kind)))
            }
            (Entry::Stored { since }, Want::Zip(zip)) if fresh(*since, config.freshness.presence) => {
                let routed = Routed { zip: zip.clone(), source: Source::Storage, doubt: None };
                routed.verdict(head, config).map(|verdict| Reception::Routed(verdict, routed))
            }
            _ => None,
        }
    }

    fn found(
        &self,
        document: &Document,
        found: &Found,
        cache: Cache,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let validity = self.validity_of_found(document, found, cache, config, cx.now);
        answer(&Answer::Found { document, found, validity, cache }, &self.asker, self.kind, cache, cx)
    }

    fn validity_of_found(
        &self,
        document: &Document,
        found: &Found,
        cache: Cache,
        config: &Config,
        now: Timestamp,
    ) -> Validity {
        let lifetime = document.lifetime();
        let mut validity =
            validity(lifetime, ttl(lifetime, config), found.since, document.module(), config, now);
        if lifetime != Lifetime::Immutable && (cache == Cache::Stale || !self.may_fetch) {
            // The next may be told better.
            validity.fresh_for = Some(Duration::ZERO);
        }
        validity
    }

    fn missing(&self, missing: &Missing, cache: Cache, config: &Config, cx: &mut Cx<'_>) -> Verdict {
        let validity = self.validity_of_missing(missing, config, cx.now);
        answer(&Answer::Missing { missing, validity, cache }, &self.asker, self.kind, cache, cx)
    }

    fn validity_of_missing(&self, missing: &Missing, config: &Config, now: Timestamp) -> Validity {
        let module = match &self.want {
            Want::Document(document) => document.module(),
            Want::Zip(zip) => Some(&zip.module),
        };
        validity(Lifetime::List, config.freshness.negative, missing.since, module, config, now)
    }

    fn failed(&self, failure: &Failure, cx: &mut Cx<'_>) -> Verdict {
        answer(&Answer::Failed(failure), &self.asker, self.kind, Cache::None, cx)
    }
}

fn inconsistent(want: &Want) -> Failure {
    let reason = format!("{}: the gateway's configuration changed meanwhile; try again", want.describe());
    Failure { fault: Fault::Overloaded, reason, retry_after: None }
}

fn ttl(lifetime: Lifetime, config: &Config) -> Duration {
    let freshness = &config.freshness;
    match lifetime {
        Lifetime::Immutable => Duration::MAX,
        Lifetime::Latest => freshness.latest,
        Lifetime::List => freshness.list,
        Lifetime::Query => freshness.query,
        Lifetime::SumdbLatest => freshness.sumdb_latest,
    }
}
