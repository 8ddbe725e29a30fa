//! What one client asks, and its answer: from the index at once, or at the end of a search.

use std::{borrow::Cow, time::Duration};

use super::{
    End, Hit, Known, Reception, Routed, Searched, is_unwritten, judge,
    request::{give_instead, refuse},
    respond::{answer, is_shared},
    ruling::{Ruling, admit, elsewhere},
    shown::Shown,
};
use crate::{
    config::{Config, MissMode, Reverify},
    cx::{Cx, Verdict},
    gomod::{ModulePath, Version},
    goproxy::{
        Answer, Asker, Document, Failure, Fault, File, Found, Judge, Missing, Refusal, Standing, Validity,
        Zip,
    },
    http::{RequestHead, Timestamp},
    metrics::Cache,
    plan::{Source, Want, plan},
    policy::Caller,
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
    pub(super) caller: Caller,
    /// What the answer is for.
    pub(super) serving: Serving,
    /// Whether the client is sent to the upstream where storage has nothing.
    pub(super) redirects: bool,
}

/// What the answer to a question is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Serving {
    /// It is what the client asked for.
    Itself,
    /// It is the list in which `@latest` is looked for.
    Newest {
        /// Why what upstreams call the latest is refused; nothing where they were not asked.
        refused: Option<Refusal>,
        /// Whether that is known to be no `+incompatible` version.
        fits_path: bool,
    },
    /// It is the `.info` that `@latest` is answered with, for as long as the list is fresh in which it was found.
    Latest {
        /// As in [`Validity`].
        fresh_for: Option<Duration>,
    },
}

/// What the index can do for a request.
pub(super) enum Indexed {
    /// This.
    Answer(Reception),
    /// It has a document that is not to be believed unasked.
    Known(Found),
    /// It knows that storage has lost the zip.
    Lost,
    /// It has a part of the answer: this is to be asked next.
    Next(Box<Question>),
    /// Nothing.
    Nothing,
}

/// What becomes of a request when its search is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// It is answered; a zip is on its way.
    Answered(Verdict, Option<Routed>),
    /// Something else is to be asked next.
    Next(Box<Parked>),
    /// It waits until it is known when these versions of the module were published.
    Undated(ModulePath, Vec<Version>),
}

impl Parked {
    /// What is searched for.
    pub fn want(&self) -> &Want {
        &self.question.want
    }

    /// The request.
    pub fn head(&self) -> &RequestHead {
        &self.head
    }

    /// Whether upstreams may be asked (no `Disable-Module-Fetch`).
    pub fn may_fetch(&self) -> bool {
        self.question.may_fetch
    }

    /// Whether the client asks for more than what the index has.
    pub fn no_cache(&self) -> bool {
        self.question.no_cache
    }

    /// Whether upstreams may be asked when its versions were published: where its client is sent to them, too.
    pub fn may_date(&self) -> bool {
        self.question.may_fetch || self.question.redirects
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
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> Resumed {
        let config = known.config;
        let stale = searched.is_stale(&self.question.want);
        let cache = match searched.source {
            _ if stale => Cache::Stale,
            _ if coalesced => Cache::Coalesced,
            Some(Source::Storage) => Cache::Storage,
            Some(Source::Sumdb(_) | Source::Upstream(_)) => Cache::Upstream,
            None => Cache::None,
        };
        let question = &self.question;
        // The rules may be others by now.
        match question.admit(known, cx) {
            Ruling::Pass => {}
            Ruling::Undated(module, version) => return Resumed::Undated(module, vec![version]),
            Ruling::Instead(instead) => {
                return Resumed::Answered(give_instead(&instead, question.kind, cx), None);
            }
        }
        let verdict = match (&searched.end, &question.want) {
            (End::Document(found), Want::Document(document)) => {
                let judge = question.judge(spread, config, cx.now);
                let left = judge::left(judge.found(document.lifetime(), found.into()));
                // Where not all were asked, or nothing proves it, the next may be told better.
                let certain = !searched.unproven && (left.is_none() || (!stale && question.may_fetch));
                let left = if certain { left } else { Some(Duration::ZERO) };
                match question.show(document, found, left, known, cx) {
                    Shown::As(shown) => {
                        question.found(document, &shown, cache, question.left(left), config, cx)
                    }
                    Shown::InPart(shown) => {
                        question.found(document, &shown, cache, Some(Duration::ZERO), config, cx)
                    }
                    Shown::Instead(instead) => give_instead(&instead, question.kind, cx),
                    Shown::Next(question) => {
                        return Resumed::Next(Self { question: *question, head: self.head.clone() }.into());
                    }
                    Shown::Undated(module, versions) => return Resumed::Undated(module, versions),
                }
            }
            (End::Failed(_) | End::Missing(_), _) if question.redirects => {
                give_instead(&elsewhere(&question.want, None, config), question.kind, cx)
            }
            // A module that has no list has no version that could be given in place of the one that is refused.
            (End::Missing(_), _)
                if let Serving::Newest { refused: Some(refusal), .. } = &question.serving =>
            {
                refuse(question.kind, refusal, cx)
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
                    return Resumed::Answered(verdict, None);
                }
                match routed.as_ref().and_then(|routed| routed.verdict(&self.head, config)) {
                    Some(verdict) => return Resumed::Answered(verdict, routed),
                    None => question.failed(&inconsistent(&question.want), cx),
                }
            }
            (End::Document(_) | End::Zip { .. }, _) => question.failed(&inconsistent(&question.want), cx),
        };
        Resumed::Answered(verdict, None)
    }
}

impl Question {
    fn judge<'a>(&self, spread: u8, config: &'a Config, now: Timestamp) -> Judge<'a> {
        Judge { rules: &config.freshness, now, spread, no_cache: self.no_cache }
    }

    /// The same, asked of storage alone where nobody else may be asked for the module. It is the same once more.
    pub(super) fn in_reach(self, config: &Config) -> Self {
        let Some(module) = self.want.module().filter(|_| self.serving == Serving::Itself) else {
            return self;
        };
        let stored = || Want::Document(Document::Module { module: module.clone(), file: File::Stored });
        match (&self.want, config.on_miss(module)) {
            (Want::Document(Document::Module { file: File::List, .. }), MissMode::None) => {
                Self { want: stored(), ..self }
            }
            (Want::Document(Document::Module { file: File::Latest, .. }), MissMode::None) => {
                Self { want: stored(), serving: Serving::Newest { refused: None, fits_path: false }, ..self }
            }
            (
                Want::Zip(_) | Want::Document(Document::Module { file: File::Info(_) | File::Mod(_), .. }),
                MissMode::Redirect,
            ) => Self { redirects: self.redirects || self.may_fetch, may_fetch: false, ..self },
            _ => self,
        }
    }

    /// What the policy says of it, before anything is given.
    pub(super) fn admit(&self, known: &Known<'_>, cx: &Cx<'_>) -> Ruling {
        // What `@latest` is answered with is decided when it is known.
        if self.serving != Serving::Itself {
            return Ruling::Pass;
        }
        admit(&self.want, self.may_fetch, &self.caller, known, cx)
    }

    /// How long what is given stays fresh: `@latest` as long as the list, whatever it is taken from.
    fn left(&self, left: Option<Duration>) -> Option<Duration> {
        match &self.serving {
            Serving::Latest { fresh_for } => *fresh_for,
            Serving::Itself | Serving::Newest { .. } => left,
        }
    }

    /// The answer from what the index has; `spread` is its share of the jitter.
    pub(super) fn look_at(
        &self,
        entry: Entry,
        spread: u8,
        head: &RequestHead,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> Indexed {
        let config = known.config;
        let judge = self.judge(spread, config, cx.now);
        match (&self.want, judge::standing(&self.want, &entry, judge), entry) {
            (Want::Document(document), standing, Entry::Found(found)) => {
                let (left, refresh) = match standing {
                    Standing::Fresh { left } => (left, false),
                    // Nobody may be asked who knows better.
                    _ if !self.may_fetch || plan(&self.want, config, true).is_empty() => {
                        (Some(Duration::ZERO), false)
                    }
                    Standing::Stale { refresh } => (Some(Duration::ZERO), refresh),
                    Standing::Expired { .. } => return Indexed::Known(found),
                };
                let is_fresh = matches!(standing, Standing::Fresh { .. });
                let (shown, left) = match self.show(document, &found, left, known, cx) {
                    Shown::As(shown) => (shown, self.left(left)),
                    Shown::InPart(shown) => (Cow::Owned(shown), Some(Duration::ZERO)),
                    Shown::Instead(instead) => {
                        return Indexed::Answer(Reception::Decided(give_instead(&instead, self.kind, cx)));
                    }
                    Shown::Next(question) => return Indexed::Next(question),
                    Shown::Undated(module, versions) => {
                        let parked = Parked { question: self.clone(), head: head.clone() };
                        return Indexed::Answer(Reception::Undated(parked.into(), module, versions));
                    }
                };
                Indexed::Answer(if is_fresh {
                    let hit = self.hit(document, &shown, left, config);
                    if is_unwritten(document, &found, config, cx.now) {
                        Reception::Unwritten(hit, self.want.clone(), found)
                    } else {
                        Reception::Hit(hit)
                    }
                } else {
                    let verdict = self.found(document, &shown, Cache::Stale, left, config, cx);
                    if refresh {
                        Reception::Stale(verdict, self.want.clone(), found)
                    } else {
                        Reception::Decided(verdict)
                    }
                })
            }
            (_, _, Entry::Found(found)) => Indexed::Known(found),
            // Here it is missing, and not where its client is sent to; or it is a part of the answer alone.
            (_, _, Entry::Missing(_)) if self.redirects || self.serving != Serving::Itself => {
                Indexed::Nothing
            }
            (_, Standing::Fresh { left }, Entry::Missing(missing)) => {
                let validity = self.validity(left, config);
                let answer = Answer::Missing { missing: &missing, validity, cache: Cache::Hit };
                Indexed::Answer(Reception::Hit(Hit::new(
                    &answer,
                    validity,
                    self.is_personal(config),
                    self.kind,
                )))
            }
            (Want::Zip(zip), Standing::Fresh { .. }, Entry::Stored { checked, .. }) => {
                self.routed(zip, Source::Storage, checked, head, config, cx)
            }
            (Want::Zip(zip), Standing::Fresh { .. }, Entry::Streamed { upstream, .. })
                if self.may_fetch && config.on_miss(&zip.module) == MissMode::Fetch =>
            {
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

    /// Whether another caller may be answered otherwise.
    fn is_personal(&self, config: &Config) -> bool {
        self.want.module().is_some_and(|module| config.policy.policy.is_personal(module))
    }

    fn hit(&self, document: &Document, found: &Found, left: Option<Duration>, config: &Config) -> Hit {
        let validity = self.validity(left, config);
        let answer = Answer::Found { document, found, validity, cache: Cache::Hit };
        Hit::new(&answer, validity, self.is_personal(config), self.kind)
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
