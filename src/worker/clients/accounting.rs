//! The one place where a request is accounted for, when it ends.
//!
//! What is answered at once has no account: it begins and ends in one step. Any other has one from the step in which it came until its
//! answer is given; one that was routed, until its stream ends.
//!
//! ```text
//! request_head ─▶ answered at once ──────────────────────────────────────────────▶ request, bytes
//!      └─ opened ─▶ waits ─▶ answered ───────────────────────────────────────────▶ request, bytes, duration
//!                     ├────▶ routed ─▶ another answer in its place ──────────────▶ request, bytes, duration
//!                     │           └──▶ the response begins ─▶ the stream ends ───▶ request, bytes, duration
//!                     │                                           └─ not whole ──▶ .. and unfinished: aborted, cut, reset
//!                     └────▶ the client leaves ──────────────────────────────────▶ unfinished: left
//! ```

use std::collections::BTreeMap;

use crate::{
    cx::{Cx, StreamId, Verdict},
    http::{Account, BodyEnd, Ending, Monitored, RetractedAs, Timestamp},
    metrics::{Cache, Counter, Histogram, Kind, StatusClass, Unruled},
};

/// Requests that have not ended.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    open: BTreeMap<StreamId, Open>,
}

/// A request that has not ended.
#[derive(Debug)]
struct Open {
    kind: Kind,
    /// Whether the head alone is asked for.
    head_only: bool,
    /// When it came.
    since: Timestamp,
    /// The response that it was routed for, once that has begun.
    begun: Option<Begun>,
}

/// A response that has begun.
#[derive(Debug)]
struct Begun {
    cache: Cache,
    status: u16,
    monitored: Option<Monitored>,
    retracted: Option<RetractedAs>,
    /// How its body ended; nothing until that is known.
    end: Option<BodyEnd>,
}

impl Accounts {
    /// A request came that may not be answered at once.
    pub(super) fn open(&mut self, stream: StreamId, kind: Kind, head_only: bool, now: Timestamp) {
        self.open.insert(stream, Open { kind, head_only, since: now, begun: None });
    }

    /// This becomes of a request; where it is an answer, the request ends. `head_only` says whether the head alone is asked for, where
    /// it has no account.
    pub(super) fn decided(&mut self, stream: StreamId, verdict: &Verdict, head_only: bool, cx: &mut Cx<'_>) {
        let Verdict::Respond(response) = verdict else { return };
        let Some(open) = self.open.remove(&stream) else { return at_once(verdict, head_only, cx) };
        let Account { kind, cache } = response.account;
        cx.record(Histogram::RequestDuration { kind, cache }, cx.now.since(open.since));
        at_once(verdict, open.head_only, cx);
    }

    /// The response begins that a request was routed for.
    pub(super) fn begun(
        &mut self,
        stream: StreamId,
        (cache, status): (Cache, u16),
        (monitored, retracted): (Option<Monitored>, Option<RetractedAs>),
    ) {
        if let Some(open) = self.open.get_mut(&stream) {
            open.begun = Some(Begun { cache, status, monitored, retracted, end: None });
        }
    }

    /// Whether the response of `stream` has begun and not ended.
    pub(super) fn is_sending(&self, stream: StreamId) -> bool {
        self.open.get(&stream).is_some_and(|open| open.begun.is_some())
    }

    /// How the response of `stream` ended.
    pub(super) fn body_ended(&mut self, stream: StreamId, end: BodyEnd) {
        if let Some(Open { begun: Some(begun), .. }) = self.open.get_mut(&stream) {
            begun.end = Some(end);
        }
    }

    /// The stream ended.
    pub(super) fn gone(&mut self, stream: StreamId, cx: &mut Cx<'_>) {
        let Some(Open { kind, since, begun, .. }) = self.open.remove(&stream) else { return };
        let Some(Begun { cache, status, monitored, retracted, end }) = begun else {
            return cx.count(Counter::Unfinished { kind, outcome: Ending::Left });
        };
        cx.record(Histogram::RequestDuration { kind, cache }, cx.now.since(since));
        given(
            Account { kind, cache },
            status,
            end.map_or(0, |end| end.bytes),
            (monitored.as_ref(), retracted),
            cx,
        );
        if let Some(BodyEnd { how, .. }) = end
            && how != Ending::Whole
        {
            cx.count(Counter::Unfinished { kind, outcome: how });
        }
    }
}

/// Accounts for a request that is answered in the step in which it came, if it is.
pub(in crate::worker) fn at_once(verdict: &Verdict, head_only: bool, cx: &mut Cx<'_>) {
    let Verdict::Respond(response) = verdict else { return };
    let bytes = if head_only { 0 } else { response.body.len() };
    let bytes = bytes.try_into().unwrap_or(u64::MAX);
    given(response.account, response.status, bytes, (response.monitored.as_ref(), response.retracted), cx);
}

fn given(
    Account { kind, cache }: Account,
    status: u16,
    bytes: u64,
    (monitored, retracted): (Option<&Monitored>, Option<RetractedAs>),
    cx: &mut Cx<'_>,
) {
    if let Some(Monitored { rule, undated }) = monitored {
        let reason = if *undated { Unruled::Undated.as_str() } else { rule };
        cx.count(Counter::Monitored { reason: reason.to_owned() });
    }
    if let Some(outcome) = retracted {
        cx.count(Counter::Retracted { outcome });
    }
    cx.count(Counter::Request { kind, cache, class: StatusClass::of(status) });
    if bytes > 0 {
        cx.add(Counter::Bytes { kind, cache }, bytes);
    }
}
