//! Clients who are not answered yet: what each waits for, since when, and what is kept for them meanwhile.

mod accounting;
mod bodies;
mod hot;
mod room;
mod routed;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

pub(super) use self::accounting::at_once;
#[cfg(test)]
pub(super) use self::routed::CONNECT;
use self::{accounting::Accounts, hot::HotAnswers, room::Room};
use crate::{
    config::{Config, Match},
    cx::{Command, Cx, StreamId, Verdict},
    flow::{ClientsStatus, Hit, Making, Parked, Receiving, Routed},
    http::{BodyEnd, Monitored, ReadHeader, RequestHead, RetractedAs, Timestamp},
    metrics::{Cache, Kind},
    plan::Want,
};

/// The clients of one worker.
#[derive(Debug)]
pub(super) struct Clients {
    /// What they asked, until that has ended.
    accounts: Accounts,
    /// The clients that wait until a page is made, in the order in which they came; some may have left.
    made: VecDeque<StreamId>,
    hot: HotAnswers,
    /// What is kept for them.
    room: Room,
    /// Since when streams are on their way whose response is yet to begin.
    routes: BTreeMap<StreamId, Timestamp>,
    streams: BTreeMap<StreamId, Client>,
}

/// What a client waits for.
#[derive(Debug)]
enum Client {
    /// That what storage has is listed.
    Listed,
    /// That a page is made.
    Made(Box<Making>),
    /// A search; `coalesced` says that another request had begun it.
    Parked { parked: Box<Parked>, coalesced: bool },
    /// The readiness page.
    Probing,
    /// It is routed to a source whose response is yet to come.
    Routed(Routed),
    /// Nothing: the body that it sends is yet to come whole.
    Sending(Box<Receiving>),
    /// That it is known what may be shown: when versions were published, or which of a long list's may be.
    Undecided(Box<Parked>),
}

impl Clients {
    /// None yet. `seed` is the key of a hash.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            accounts: Accounts::default(),
            made: VecDeque::new(),
            hot: HotAnswers::new(seed),
            room: Room::default(),
            routes: BTreeMap::new(),
            streams: BTreeMap::new(),
        }
    }

    /// How many clients wait, and for what.
    pub(super) fn status(&self, status: &mut ClientsStatus) {
        for client in self.streams.values() {
            let count = match client {
                Client::Listed => &mut status.listing,
                Client::Made(_) => &mut status.explained,
                Client::Parked { .. } => &mut status.searching,
                Client::Probing => &mut status.probing,
                Client::Routed(_) => &mut status.routed,
                Client::Sending(_) => &mut status.sending,
                Client::Undecided(_) => &mut status.undecided,
            };
            *count += 1;
        }
        self.room.status(status);
    }

    /// Whether no client waits.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Whether `stream` is one that waits, for anything.
    pub(super) fn has(&self, stream: StreamId) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Whether `stream` waits for an answer of ours.
    pub(super) fn holds(&self, stream: StreamId) -> bool {
        match self.streams.get(&stream) {
            Some(
                Client::Listed
                | Client::Made(_)
                | Client::Parked { .. }
                | Client::Probing
                | Client::Sending(_)
                | Client::Undecided(_),
            ) => true,
            Some(Client::Routed(_)) | None => false,
        }
    }

    /// Whether the client is answered without what is searched for, where that is not found in time.
    pub(super) fn does_without(&self, stream: StreamId) -> bool {
        matches!(self.streams.get(&stream), Some(Client::Parked { parked, .. }) if parked.does_without())
    }

    /// Whether the client has waited for as long as one may in all, over everything that had to be found out: Envoy's clocks run for the
    /// whole of it. A zip is on its way after that, for as long as an upstream may take; all else is answered.
    pub(super) fn has_waited(&self, stream: StreamId, config: &Config, now: Timestamp) -> bool {
        let parked = match self.streams.get(&stream) {
            Some(Client::Parked { parked, .. } | Client::Undecided(parked)) => parked,
            Some(
                Client::Listed | Client::Made(_) | Client::Probing | Client::Routed(_) | Client::Sending(_),
            )
            | None => return false,
        };
        let on_its_way = match parked.want() {
            Want::Zip(_) => Duration::ZERO,
            Want::Document(_) if parked.does_without() => Duration::ZERO,
            Want::Document(_) => {
                config.upstreams.iter().map(|upstream| upstream.endpoint.timeout).max().unwrap_or_default()
            }
        };
        now.since(parked.since()) >= config.fetch.wait.saturating_add(on_its_way)
    }

    /// Whether there is an answer to a request for `path` from a moment ago, too old or not.
    pub(super) fn has_answer(&self, path: &str) -> bool {
        self.hot.has(path)
    }

    /// The answer to a request for what was asked for a moment ago, if it may be given again.
    pub(super) fn answer_again(
        &self,
        path: &str,
        header: ReadHeader<'_>,
        matching: &Match,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        let (hit, head_only) = self.hot.look_up(path, header, matching, cx.now)?;
        let verdict = hit.give(header("if-none-match").as_deref());
        at_once(&verdict, head_only, cx);
        Some(verdict)
    }

    /// Forgets all answers: what was given a moment ago may be refused from now on.
    pub(super) fn forget_answers(&mut self) {
        self.hot.clear();
    }

    /// The answer to a request that the index has, kept for the next.
    pub(super) fn answer(
        &mut self,
        stream: StreamId,
        head: &RequestHead,
        hit: Hit,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let verdict = hit.give(head.headers.first("if-none-match"));
        self.hot.keep(head, hit, cx.now);
        self.give(stream, head, verdict, cx)
    }

    /// What becomes of a request that need not wait.
    pub(super) fn give(
        &mut self,
        stream: StreamId,
        head: &RequestHead,
        verdict: Verdict,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let verdict = self.room.give(stream, verdict, cx);
        self.accounts.decided(stream, &verdict, head.is_head(), cx);
        verdict
    }

    /// A request came that may not be answered at once.
    pub(super) fn open_account(&mut self, stream: StreamId, kind: Kind, head: &RequestHead, now: Timestamp) {
        self.accounts.open(stream, kind, head.is_head(), now);
    }

    /// The response of `stream` begins, which was routed, or another is given in its place.
    pub(super) fn begin_response(
        &mut self,
        stream: StreamId,
        verdict: &Verdict,
        given: (Cache, u16),
        said: (Option<Monitored>, Option<RetractedAs>),
        cx: &mut Cx<'_>,
    ) {
        match verdict {
            Verdict::Edit(_) => self.accounts.begun(stream, given, said),
            verdict => self.accounts.decided(stream, verdict, false, cx),
        }
    }

    /// Whether the response of `stream` has begun and not ended.
    pub(super) fn is_sending(&self, stream: StreamId) -> bool {
        self.accounts.is_sending(stream)
    }

    /// How the response of `stream` ended.
    pub(super) fn end_response(&mut self, stream: StreamId, end: BodyEnd) {
        self.accounts.body_ended(stream, end);
    }

    /// A request of this kind that may have to wait for `what`; the answer, where too many wait already.
    pub(super) fn come(
        &mut self,
        stream: StreamId,
        head: &RequestHead,
        (kind, what): (Kind, &str),
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        let refusal = self.room.turn_away(head, kind, what, cx);
        match &refusal {
            Some(refusal) => self.accounts.decided(stream, refusal, head.is_head(), cx),
            None => self.room.waits(stream, head, what),
        }
        refusal
    }

    /// What becomes of a request that came to wait, in the step in which it came.
    pub(super) fn stay(&mut self, stream: StreamId, verdict: Verdict, cx: &mut Cx<'_>) -> Verdict {
        match verdict {
            Verdict::Wait => Verdict::Wait,
            verdict => {
                let verdict = self.room.goes_on(stream, verdict, cx);
                self.accounts.decided(stream, &verdict, false, cx);
                verdict
            }
        }
    }

    /// Has a stream go on that waited, unless it waits for something else now.
    pub(super) fn go_on(&mut self, stream: StreamId, verdict: Verdict, cx: &mut Cx<'_>) {
        if verdict != Verdict::Wait {
            let verdict = self.room.goes_on(stream, verdict, cx);
            self.accounts.decided(stream, &verdict, false, cx);
            cx.commands.push(Command::Resume { stream, verdict });
        }
    }

    /// `stream` waits for a search.
    pub(super) fn park(&mut self, stream: StreamId, parked: Box<Parked>, coalesced: bool) -> Verdict {
        self.streams.insert(stream, Client::Parked { parked, coalesced });
        Verdict::Wait
    }

    /// What `stream` had a search for, where it still waits for one.
    pub(super) fn unpark(&mut self, stream: StreamId) -> Option<(Box<Parked>, bool)> {
        match self.streams.remove(&stream)? {
            Client::Parked { parked, coalesced } => Some((parked, coalesced)),
            _ => None,
        }
    }

    /// `stream` waits until it is known what may be shown.
    pub(super) fn hold(&mut self, stream: StreamId, parked: Box<Parked>) -> Verdict {
        self.streams.insert(stream, Client::Undecided(parked));
        Verdict::Wait
    }

    /// What `stream` goes on with that waited until it was known what may be shown.
    pub(super) fn release(&mut self, stream: StreamId) -> Option<Box<Parked>> {
        match self.streams.remove(&stream)? {
            Client::Undecided(parked) => Some(parked),
            _ => None,
        }
    }

    /// `stream` waits for the readiness page.
    pub(super) fn hold_for_readiness(&mut self, stream: StreamId) -> Verdict {
        self.streams.insert(stream, Client::Probing);
        Verdict::Wait
    }

    /// `stream` waits for a list of what storage has.
    pub(super) fn hold_for_list(&mut self, stream: StreamId) -> Verdict {
        self.streams.insert(stream, Client::Listed);
        Verdict::Wait
    }

    /// Gives this page to `stream`, where it still waits for that.
    pub(super) fn show(
        &mut self,
        stream: StreamId,
        page: impl FnOnce(&mut Cx<'_>) -> Verdict,
        cx: &mut Cx<'_>,
    ) {
        if self.streams.remove(&stream).is_some() {
            let page = page(cx);
            self.go_on(stream, page, cx);
        }
    }

    /// A stream ended, answered or not. Whether it waited until it was known what may be shown.
    pub(super) fn leave(&mut self, stream: StreamId, cx: &mut Cx<'_>) -> bool {
        self.accounts.gone(stream, cx);
        self.routes.remove(&stream);
        self.room.gone(stream, cx.now);
        matches!(self.streams.remove(&stream), Some(Client::Undecided(_)))
    }

    /// Whether `stream` was given an answer so large that it is to be told when it was read.
    pub(super) fn owes(&self, stream: StreamId) -> bool {
        self.room.owes(stream)
    }

    /// All that `stream` was given has gone out to its client, or will never.
    pub(super) fn was_read(&mut self, stream: StreamId) {
        self.room.read(stream);
    }

    /// Whether nothing is kept for any client.
    #[cfg(test)]
    pub(super) fn is_free(&self) -> bool {
        self.room.is_free()
    }

    #[cfg(test)]
    pub(super) fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.streams.keys().copied()
    }
}
