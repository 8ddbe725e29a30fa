//! One client's request: from its head to a verdict, at once or after a search that it waits for.

use std::time::Duration;

use super::{
    End, Routed, Searched,
    respond::{answer, validity},
};
use crate::{
    config::Config,
    cx::{Cx, Edit, Verdict},
    goproxy::{
        Answer, Asker, Document, Failure, Fault, Found, Lifetime, Missing, Page, Place, Refusal, SumdbFile,
        Target, place,
    },
    http::RequestHead,
    metrics::{Cache, Metric},
    plan::{Source, Want},
    shared::{Entry, Index, Region},
};

/// What becomes of a request when its head is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It is decided.
    Decided(Verdict),
    /// It waits until everyone unseen was asked.
    Probe,
    /// It is routed, and its response is to be looked at.
    Routed(Verdict, Routed),
    /// It waits for this search.
    Search(Parked),
}

/// A request that waits for a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    question: Question,
    head: RequestHead,
}

/// What a request asks, as far as the answer depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    want: Want,
    may_fetch: bool,
    asker: Asker,
    kind: &'static str,
}

impl Reception {
    /// Decides what to do with a request.
    pub fn of(head: &RequestHead, config: &Config, index: &Index, cx: &mut Cx<'_>) -> Self {
        match place(head, &config.matching, &config.admin) {
            Place::Foreign => Self::Decided(strip_route_header(head, config)),
            _ if !head.is_read() => Self::refuse("invalid", &Refusal::Method(shown(&head.method)), cx),
            Place::Refused(refusal) => Self::refuse("invalid", &refusal, cx),
            Place::Page(page) => Self::page(page, cx),
            Place::Ours(path) => match Target::parse(&path) {
                Err(refusal) => Self::refuse("invalid", &refusal, cx),
                Ok(target) => Self::target(target, head, config, index, cx),
            },
        }
    }

    fn refuse(kind: &'static str, refusal: &Refusal, cx: &mut Cx<'_>) -> Self {
        cx.count(Metric::Refusal { reason: refusal.label() });
        Self::Decided(answer(&Answer::Refused(refusal), &Asker::default(), kind, Cache::None, cx))
    }

    fn page(page: Page, cx: &mut Cx<'_>) -> Self {
        let (content_type, body) = match page {
            Page::Healthz => ("text/plain; charset=utf-8", "ok\n".to_owned()),
            Page::Readyz => return Self::Probe,
            Page::Version => (
                "application/json",
                format!("{{\"name\":\"modgate\",\"version\":\"{}\"}}\n", env!("CARGO_PKG_VERSION")),
            ),
        };
        let page = Answer::Page { healthy: true, content_type, body };
        Self::Decided(answer(&page, &Asker::default(), "page", Cache::None, cx))
    }

    fn target(target: Target, head: &RequestHead, config: &Config, index: &Index, cx: &mut Cx<'_>) -> Self {
        let kind = target.kind();
        if let Some(refusal) = sumdb_refusal(&target, config) {
            return Self::refuse(kind, &refusal, cx);
        }
        let want = match target {
            Target::Supported { .. } => {
                return Self::Decided(answer(&Answer::Supported, &Asker::default(), kind, Cache::None, cx));
            }
            Target::Document(document) => Want::Document(document),
            Target::Zip(zip) => Want::Zip(zip),
        };
        let question = Question {
            want,
            may_fetch: !head
                .headers
                .first("disable-module-fetch")
                .is_some_and(|value| value.eq_ignore_ascii_case("true")),
            asker: Asker { if_none_match: head.headers.first("if-none-match").map(str::to_owned) },
            kind,
        };
        let key = question.want.key();
        // Nearly every request ends here, with one read: "not found" is looked up only where nothing else is known.
        for region in [Region::Found, Region::Missing] {
            if let Some(entry) = index.look_up(cx.kv, region, &key)
                && let Some(reception) = question.hit(entry, head, config, cx)
            {
                return reception;
            }
        }
        Self::Search(Parked { question, head: head.clone() })
    }
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
        let cache = match searched.source {
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
                let routed = searched.source.map(|source| Routed::new(zip.clone(), source));
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
    fn hit(&self, entry: Entry, head: &RequestHead, config: &Config, cx: &mut Cx<'_>) -> Option<Reception> {
        let now = cx.now;
        let fresh = |since, ttl| now.since(since) < ttl;
        match (entry, &self.want) {
            (Entry::Found(found), Want::Document(document))
                if !self.may_fetch || fresh(found.since, ttl(document.lifetime(), config)) =>
            {
                Some(Reception::Decided(self.found(document, &found, Cache::Hit, config, cx)))
            }
            (Entry::Missing(missing), _) if fresh(missing.since, config.freshness.negative) => {
                Some(Reception::Decided(self.missing(&missing, Cache::Hit, config, cx)))
            }
            (Entry::Stored { since }, Want::Zip(zip)) if fresh(since, config.freshness.presence) => {
                let routed = Routed::new(zip.clone(), Source::Storage);
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
        let lifetime = document.lifetime();
        let validity =
            validity(lifetime, ttl(lifetime, config), found.since, document.module(), config, cx.now);
        answer(&Answer::Found { document, found, validity, cache }, &self.asker, self.kind, cache, cx)
    }

    fn missing(&self, missing: &Missing, cache: Cache, config: &Config, cx: &mut Cx<'_>) -> Verdict {
        let module = match &self.want {
            Want::Document(document) => document.module(),
            Want::Zip(zip) => Some(&zip.module),
        };
        let validity =
            validity(Lifetime::List, config.freshness.negative, missing.since, module, config, cx.now);
        answer(&Answer::Missing { missing, validity, cache }, &self.asker, self.kind, cache, cx)
    }

    fn failed(&self, failure: &Failure, cx: &mut Cx<'_>) -> Verdict {
        answer(&Answer::Failed(failure), &self.asker, self.kind, Cache::None, cx)
    }
}

/// A request that is not ours goes on as it is, but never with a header of ours.
fn strip_route_header(head: &RequestHead, config: &Config) -> Verdict {
    let name = &config.matching.route_header;
    if head.headers.has(name) {
        Verdict::Edit(Edit { remove: vec![name.clone()], set: Vec::new() })
    } else {
        Verdict::Continue
    }
}

/// Why a request of a checksum database is refused, if it is: the database is not served here, or the module is one that
/// no database may hear of.
fn sumdb_refusal(target: &Target, config: &Config) -> Option<Refusal> {
    let sumdb = match target {
        Target::Supported { sumdb } | Target::Document(Document::Sumdb { sumdb, .. }) => sumdb,
        Target::Document(Document::Module { .. }) | Target::Zip(_) => return None,
    };
    if !config.sumdb.iter().any(|known| known.name == *sumdb) {
        return Some(Refusal::Unknown(format!("not found: checksum database {sumdb} is not served here")));
    }
    let Target::Document(Document::Sumdb { file: SumdbFile::Lookup(module, _), .. }) = target else {
        return None;
    };
    config.private.nosumdb.matches(module).then(|| Refusal::Forbidden {
        rule: "nosumdb",
        reason: format!(
            "forbidden: {module} is private to this gateway and is not named to a checksum database.\n\
             Set GONOSUMDB (or GOPRIVATE) for it."
        ),
    })
}

fn inconsistent(want: &Want) -> Failure {
    let reason = format!("{}: the gateway's configuration changed meanwhile; try again", want.describe());
    Failure { fault: Fault::Overloaded, reason, retry_after: None }
}

fn shown(method: &str) -> String {
    method.chars().take(32).collect()
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
