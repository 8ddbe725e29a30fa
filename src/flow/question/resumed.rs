//! The answer at the end of a search.

use std::{ops::ControlFlow, time::Duration};

use super::{Parked, Question, Serving, is_always_checked};
use crate::{
    cx::{Cx, Verdict},
    flow::{
        End, Known, Next, Routed, Searched, cache_state, is_to_be_read, request::refuse, respond::answer,
        route::present, ruling::elsewhere, shown::Shown,
    },
    goproxy::{Answer, Failure, FailureKind, Missing, Refusal},
    metrics::Cache,
    plan::Want,
};

impl Parked {
    /// What becomes of the request now that the search it waited for is over. `coalesced` says that another request had begun it;
    /// `jitter` is the result's share of the jitter.
    pub fn resume(
        &self,
        searched: &Searched,
        coalesced: bool,
        jitter: u8,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> Next {
        let stale = searched.is_stale(&self.question.want);
        let cache = match searched.source {
            _ if stale => Cache::Stale,
            _ if coalesced => Cache::Coalesced,
            Some(source) => source.cache(),
            None => Cache::None,
        };
        let told = matches!(self.question.want, Want::Zip(_)).then(|| self.question.having(searched));
        let question = told.as_ref().unwrap_or(&self.question);
        match question.conclude(searched, stale, cache, jitter, known, cx) {
            ControlFlow::Continue(verdict) => {
                let next = Next::Answer(verdict).advised(&self.question, known, cx);
                next.marked(&self.question, known, cx)
            }
            // What was searched for has led to this, and is no part of what is asked then.
            ControlFlow::Break(next)
                if matches!(self.question.serving, Serving::License(_) | Serving::Speaker(_)) =>
            {
                next
            }
            ControlFlow::Break(next) => {
                let next = next.advised(&self.question, known, cx);
                next.marked(&self.question, known, cx).after(searched, coalesced)
            }
        }
    }
}

impl Question {
    /// The answer by what its search came to, where that is one.
    fn conclude(
        &self,
        searched: &Searched,
        stale: bool,
        cache: Cache,
        jitter: u8,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Verdict> {
        let config = known.config;
        // The rules may be others by now.
        self.admit(known, cx)?;
        ControlFlow::Continue(match (&searched.end, &self.want) {
            (End::Document(found), Want::Document(document)) => {
                let check = self.freshness_check(jitter, config, cx.now);
                let left = cache_state::left(check.found(document.cache_class(), found.into()));
                // Where not all were asked, or nothing proves it, the next may be told better.
                let certain = !searched.unproven && (left.is_none() || (!stale && self.may_fetch));
                let left = if certain { left } else { Some(Duration::ZERO) };
                match self.show(document, found, left, known, cx)? {
                    Shown::As(shown) => self.found(document, &shown, cache, self.left(left), known),
                    Shown::InPart(shown) => self.found(document, &shown, cache, Some(Duration::ZERO), known),
                    Shown::NoLatest(missing) => {
                        let left = check.missing((&missing).into());
                        self.missing(&missing, cache, left, known)
                    }
                }
            }
            (End::Missing(_), _) if let Serving::Retractions(reading) = &self.serving => {
                // Without the upstreams no source was asked that has to know.
                let next =
                    if self.may_fetch { reading.read(None, known, cx) } else { reading.give_up(known, cx) };
                return ControlFlow::Break(next);
            }
            (End::Missing(_), _) if let Serving::Speaker(finding) = &self.serving => {
                return ControlFlow::Break(finding.end());
            }
            (End::Failed(_), _) if let Serving::Retractions(reading) = &self.serving => {
                return ControlFlow::Break(reading.give_up(known, cx));
            }
            (End::Failed(_), _) if let Serving::Speaker(finding) = &self.serving => {
                return ControlFlow::Break(finding.give_up(known, cx));
            }
            (End::Failed(_) | End::Missing(_), _) if let Serving::License(recalling) = &self.serving => {
                return ControlFlow::Break(recalling.read(None, known, cx));
            }
            // Elsewhere the client would get it unread.
            (End::Failed(_) | End::Missing(_), _) if self.redirects && self.awaits_license(known, cx) => {
                refuse(self.kind, &self.unread_elsewhere(known, cx), cx)
            }
            (End::Failed(_) | End::Missing(_), _) if self.redirects => {
                elsewhere(&self.want, None, config).give(self.kind, cx)
            }
            // A module that has no list has no version that could be given in place of the one that is refused.
            (End::Missing(_), _) if let Serving::Newest { refused: Some(refusal), .. } = &self.serving => {
                refuse(self.kind, refusal, cx)
            }
            (End::Missing(missing), _) if let Some(list) = self.unnamed(missing, known, cx) => {
                return ControlFlow::Break(Next::Ask(list.park()));
            }
            (End::Missing(listless), _) if self.may_fetch => {
                let missing = match &self.serving {
                    Serving::Unnamed { missing } => missing,
                    _ => listless,
                };
                let check = self.freshness_check(jitter, config, cx.now);
                self.missing(missing, cache, check.missing(missing.into()), known)
            }
            // No source that could know was asked: the answer is for this client alone.
            (End::Missing(Missing { reason, .. }), _) => {
                let unknown = Refusal::Unknown(reason.clone());
                answer(&Answer::Refused(&unknown), &self.asker, self.kind, cache)
            }
            (End::Failed(failure), _) => self.failed(failure),
            (End::Zip { confirmed: true, head, .. }, Want::Zip(_)) if self.head_only && !self.selects => {
                present(head.as_ref(), cache, self.audience(known))
            }
            (End::Zip { confirmed, checked, moved, to, .. }, Want::Zip(zip))
                if let Some(source) = searched.source =>
            {
                let is_unread = self.awaits_license(known, cx) || is_to_be_read(zip, known, cx);
                let checked = *checked && !is_always_checked(config);
                let routed = Routed {
                    earlier_failure: searched.earlier_failure.clone(),
                    confirmed: *confirmed,
                    moved: *moved,
                    // A signed address answers 403 to a HEAD.
                    to: to.clone().filter(|_| !self.head_only),
                    believed: checked && is_unread,
                    ..self.route(zip, source, checked && !is_unread, known, cx)
                };
                if let Some(verdict) = routed.redirect(config, cx) {
                    verdict
                } else if let Some(verdict) = routed.verdict(config) {
                    return ControlFlow::Break(Next::Route(verdict, routed));
                } else {
                    self.failed(&inconsistent(&self.want))
                }
            }
            (End::Document(_) | End::Zip { .. }, _) => self.failed(&inconsistent(&self.want)),
        })
    }
}

fn inconsistent(want: &Want) -> Failure {
    let reason = format!("{}: the gateway's configuration changed meanwhile; try again", want.describe());
    Failure { kind: FailureKind::Overloaded, reason, retry_after: None }
}
