//! The answer at the end of a search.

use std::time::Duration;

use super::{Parked, Serving, is_always_checked};
use crate::{
    cx::{Cx, Verdict},
    flow::{
        End, Known, Routed, Searched, Sifting, judge,
        request::{give_instead, refuse},
        respond::answer,
        route::present,
        ruling::{Instead, Ruling, elsewhere},
        shown::Shown,
    },
    gomod::{ModulePath, Version},
    goproxy::{Answer, Failure, Fault, Missing, Refusal},
    metrics::Cache,
    plan::{Source, Want},
};

/// What becomes of a request when its search is over.
#[derive(Clone, Debug)]
pub enum Resumed {
    /// It is answered; a zip is on its way.
    Answered(Verdict, Option<Routed>),
    /// It waits until this list is judged.
    Long(Box<Sifting>),
    /// Something else is to be asked next.
    Next(Box<Parked>),
    /// It waits until it is known when these versions of the module were published.
    Undated(ModulePath, Vec<Version>),
}

impl Parked {
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
                    Shown::Instead(Instead::Missing(missing))
                        if matches!(question.serving, Serving::Unnamed { .. }) =>
                    {
                        let left = judge.missing((&missing).into());
                        question.missing(&missing, cache, left, config, cx)
                    }
                    Shown::Instead(instead) => give_instead(&instead, question.kind, cx),
                    Shown::Next(question) => {
                        return Resumed::Next(Self { question: *question }.into());
                    }
                    Shown::Long(sifting) => return Resumed::Long(sifting),
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
            (End::Missing(missing), _) if let Some(list) = question.unnamed(missing, config) => {
                return Resumed::Next(Self { question: *list }.into());
            }
            (End::Missing(listless), _) if question.may_fetch => {
                let missing = match &question.serving {
                    Serving::Unnamed { missing } => missing,
                    _ => listless,
                };
                let judge = question.judge(spread, config, cx.now);
                question.missing(missing, cache, judge.missing(missing.into()), config, cx)
            }
            // Nobody who could know was asked: an answer for this client alone.
            (End::Missing(Missing { reason, .. }), _) => {
                let unknown = Refusal::Unknown(reason.clone());
                answer(&Answer::Refused(&unknown), &question.asker, question.kind, cache, cx)
            }
            (End::Failed(failure), _) => question.failed(failure, cx),
            (End::Zip { confirmed: true, head, .. }, Want::Zip(zip))
                if question.head_only && !question.selects =>
            {
                present(zip, head.as_ref(), cache, config, cx)
            }
            (End::Zip { confirmed, checked, moved, to, .. }, Want::Zip(zip)) => {
                let doubt = searched.doubt.clone();
                let routed = searched.source.map(|source| Routed {
                    doubt,
                    confirmed: *confirmed,
                    moved: *moved,
                    // A signed address answers 403 to a HEAD.
                    to: to.clone().filter(|_| !question.head_only),
                    checked: *checked && !is_always_checked(config),
                    ..question.route(zip, source)
                });
                if let Some(verdict) = routed.as_ref().and_then(|routed| routed.redirect(config, cx)) {
                    return Resumed::Answered(verdict, None);
                }
                match routed.as_ref().and_then(|routed| routed.verdict(config)) {
                    Some(verdict) => return Resumed::Answered(verdict, routed),
                    None => question.failed(&inconsistent(&question.want), cx),
                }
            }
            (End::Document(_) | End::Zip { .. }, _) => question.failed(&inconsistent(&question.want), cx),
        };
        Resumed::Answered(verdict, None)
    }
}

fn inconsistent(want: &Want) -> Failure {
    let reason = format!("{}: the gateway's configuration changed meanwhile; try again", want.describe());
    Failure { fault: Fault::Overloaded, reason, retry_after: None }
}
