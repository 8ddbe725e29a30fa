//! What clients may have one worker's gateway keep for them, in bytes.
//!
//! A client that waits costs its request: Envoy holds the request's head until it is answered, and a thousand waiters cost one fetch but a
//! thousand heads. A client that does not read costs its answer: Envoy copies a filter's own answer whole, and keeps what does not go out.
//! A client that sends a body costs what that may come to. What is fetched bounds none of these, so each has a bound of its own here. A client beyond the bound is answered 503, and told to come back.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::Duration,
};

use crate::{
    config::limits::{MAX_BODIES_BYTES, MAX_OPEN_BODIES_BYTES},
    cx::{Cx, StreamId, Verdict},
    flow::ClientsStatus,
    goproxy::{Answer, Asker, Failure, FailureKind},
    http::{RequestHead, Response, Timestamp},
    metrics::{Account, Cache, Counter, Kind, OwnReason},
};

/// The clients of one worker, as far as something is kept for them.
#[derive(Debug, Default)]
pub(super) struct Room {
    waiting: BytesByStream,
    /// What each waiting client waits for, and the bytes of all that wait for it.
    wanted: BTreeMap<StreamId, Rc<str>>,
    crowds: BTreeMap<Rc<str>, usize>,
    /// The bodies that they send, from the head to the answer.
    bodies: BytesByStream,
    /// Those of them that every client may send.
    open_bodies: BytesByStream,
    unread: BytesByStream,
    /// Large answers whose streams have ended, and when: the host does not report when the last byte of one has gone out.
    leaving: VecDeque<(Timestamp, usize)>,
}

/// Bytes by the stream that they are kept for.
#[derive(Debug, Default)]
struct BytesByStream {
    of: BTreeMap<StreamId, usize>,
    bytes: usize,
}

impl BytesByStream {
    fn add(&mut self, stream: StreamId, bytes: usize) {
        self.remove(stream);
        self.of.insert(stream, bytes);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn remove(&mut self, stream: StreamId) -> Option<usize> {
        let bytes = self.of.remove(&stream)?;
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(bytes)
    }
}

impl Room {
    /// How much is kept.
    pub(super) fn status(&self, status: &mut ClientsStatus) {
        status.waiting_bytes = self.waiting.bytes;
        status.body_bytes = self.bodies.bytes;
        status.unread_bytes = self.unread.bytes;
    }

    /// The answer to a request that would have to wait for `what`, where too many wait already: in all, or for the same.
    pub(super) fn turn_away(
        &self,
        head: &RequestHead,
        kind: Kind,
        what: &str,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        let bytes = weight(head);
        let crowd = self.crowds.get(what).copied().unwrap_or_default();
        let has_room = self.waiting.bytes.saturating_add(bytes) <= MAX_WAITING
            && crowd.saturating_add(bytes) <= MAX_CROWD;
        (!has_room).then(|| busy("too many other clients are waiting", kind, cx))
    }

    /// `stream` waits for `what`.
    pub(super) fn waits(&mut self, stream: StreamId, head: &RequestHead, what: &str) {
        let bytes = weight(head);
        let what: Rc<str> =
            self.crowds.get_key_value(what).map_or_else(|| what.into(), |(known, _)| known.clone());
        self.waiting.add(stream, bytes);
        *self.crowds.entry(what.clone()).or_default() += bytes;
        self.wanted.insert(stream, what);
    }

    /// Whether there is room for a body of so many bytes; `is_open` where every client may send one.
    pub(super) fn has_room_for_body(&self, bytes: usize, is_open: bool) -> bool {
        let fits = |held: &BytesByStream, most| held.bytes.saturating_add(bytes) <= most;
        fits(&self.bodies, MAX_BODIES_BYTES) && (!is_open || fits(&self.open_bodies, MAX_OPEN_BODIES_BYTES))
    }

    /// `stream` sends a body of so many bytes.
    pub(super) fn sends(&mut self, stream: StreamId, bytes: usize, is_open: bool) {
        self.bodies.add(stream, bytes);
        if is_open {
            self.open_bodies.add(stream, bytes);
        }
    }

    /// Whether any client sends a body.
    pub(super) fn has_bodies(&self) -> bool {
        !self.bodies.of.is_empty()
    }

    /// `stream` waits no longer. What becomes of it now that it is given `verdict`.
    pub(super) fn goes_on(&mut self, stream: StreamId, verdict: Verdict, cx: &mut Cx<'_>) -> Verdict {
        self.waits_no_longer(stream);
        self.give(stream, verdict, cx)
    }

    fn waits_no_longer(&mut self, stream: StreamId) {
        self.bodies.remove(stream);
        self.open_bodies.remove(stream);
        let bytes = self.waiting.remove(stream).unwrap_or_default();
        if let Some(what) = self.wanted.remove(&stream)
            && let Some(crowd) = self.crowds.get_mut(&what)
        {
            *crowd = crowd.saturating_sub(bytes);
            if *crowd == 0 {
                self.crowds.remove(&what);
            }
        }
    }

    /// What becomes of `stream`, which is given `verdict`: another answer, where too much of others is unread.
    pub(super) fn give(&mut self, stream: StreamId, verdict: Verdict, cx: &mut Cx<'_>) -> Verdict {
        let Verdict::Respond(response) = &verdict else { return verdict };
        if !is_large(response) {
            return verdict;
        }
        let bytes = response.body.len();
        self.leaving.retain(|(since, _)| cx.now.is_within(LEAVES, *since));
        let leaving: usize = self.leaving.iter().map(|(_, bytes)| *bytes).sum();
        // One is always given, however large.
        let has_room = |held: usize, most| held == 0 || held.saturating_add(bytes) <= most;
        if !has_room(self.unread.bytes, MAX_UNREAD) || !has_room(leaving, MAX_LEAVING) {
            return busy("too many other clients have not read their answers yet", response.account.kind, cx);
        }
        self.unread.add(stream, bytes);
        verdict
    }

    /// Whether `stream` was given a large answer, part of which may be unread.
    pub(super) fn owes(&self, stream: StreamId) -> bool {
        self.unread.of.contains_key(&stream)
    }

    /// All that `stream` was given has gone out, or will never.
    pub(super) fn read(&mut self, stream: StreamId) {
        self.unread.remove(stream);
    }

    /// `stream` has ended. Of a large answer that was not [`Room::read`] Envoy may have some yet.
    pub(super) fn gone(&mut self, stream: StreamId, now: Timestamp) {
        self.waits_no_longer(stream);
        if let Some(bytes) = self.unread.remove(stream) {
            self.leaving.push_back((now, bytes));
        }
    }

    /// Whether no client waits.
    #[cfg(test)]
    pub(super) fn is_free(&self) -> bool {
        self.waiting.bytes == 0
            && self.bodies.bytes == 0
            && self.open_bodies.bytes == 0
            && self.unread.bytes == 0
            && self.crowds.is_empty()
            && self.wanted.is_empty()
    }
}

fn is_large(response: &Response) -> bool {
    response.body.len() > LARGE
}

/// What a waiting client costs.
fn weight(head: &RequestHead) -> usize {
    head.bytes().saturating_add(STREAM)
}

/// The answer to a client for which there is no room.
pub(super) fn busy(why: &str, kind: Kind, cx: &mut Cx<'_>) -> Verdict {
    cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
    let reason = format!("unavailable: {why}");
    let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
    let account = Account { kind, cache: Cache::None };
    Verdict::Respond(Answer::Failed(&failure).respond(&Asker::default(), account).into())
}

/// What clients may have waiting in one worker: some seven thousand of the go command's requests, or two thousand of the largest
/// that `max_request_headers_kb` lets in by `envoy/gateway.yaml`.
const MAX_WAITING: usize = 64 << 20;

/// What may wait for one and the same thing, so that a crowd leaves as much to all other clients.
const MAX_CROWD: usize = MAX_WAITING / 2;

/// What a stream takes beside its head, in Envoy and here, rounded up (8 KiB measured on 1.40).
const STREAM: usize = 9 << 10;

/// Answers above this count until they are read. No real go.mod or list is so large; what is smaller is less than a connection
/// may hold anyway, and is left to Envoy's overload manager.
const LARGE: usize = 256 << 10;

/// Bytes of large answers of one worker whose streams go on, unread: four of the largest. Over HTTP/2 a stream ends when its last
/// byte has gone out (measured on Envoy 1.40).
const MAX_UNREAD: usize = 64 << 20;

/// Bytes of large answers whose streams have ended within [`LEAVES`]. Over HTTP/1 a stream ends when its answer stands in the
/// connection's buffer, read or not, and Envoy ends a connection whose client reads nothing two minutes later (TCP_USER_TIMEOUT in
/// `envoy/gateway.yaml`): so it may hold eight times as much, 384 MiB.
const MAX_LEAVING: usize = 48 << 20;

/// For so long an answer counts that may be unread after its stream has ended: who reads has read 16 MiB by then.
const LEAVES: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn answer(bytes: usize) -> Verdict {
        Verdict::Respond(
            Response {
                status: 200,
                headers: Vec::new(),
                body: vec![0; bytes].into(),
                length: crate::http::Length::Body,
                account: Account { kind: Kind::Mod, cache: Cache::Hit },
                monitored: None,
                retracted: None,
            }
            .into(),
        )
    }

    fn status(verdict: &Verdict) -> u16 {
        if let Verdict::Respond(response) = verdict { response.status } else { 0 }
    }

    #[test]
    fn what_is_unread_is_bounded_and_counts_for_a_while_after_its_stream() {
        let mut memory = Memory::default();
        let mut room = Room::default();
        let mut give = |room: &mut Room, stream, bytes, after: u64| {
            let mut cx = Cx::new(Timestamp(NOW.0 + after), &mut memory);
            status(&room.give(StreamId(stream), answer(bytes), &mut cx))
        };
        for stream in 0..4 {
            assert_eq!(give(&mut room, stream, 16 << 20, 0), 200);
        }
        assert_eq!(give(&mut room, 4, LARGE + 1, 0), 503);
        assert_eq!(give(&mut room, 4, LARGE, 0), 200, "usual answers are given whatever others do");
        room.read(StreamId(0));
        room.gone(StreamId(0), NOW);
        assert_eq!(give(&mut room, 5, 16 << 20, 0), 200, "what was read is gone");
        for stream in [1, 2, 3] {
            room.gone(StreamId(stream), NOW);
        }
        assert_eq!(give(&mut room, 6, LARGE + 1, 14_999), 503, "of what was not read some may be there");
        assert_eq!(give(&mut room, 6, 16 << 20, 15_000), 200);
    }

    #[test]
    fn one_answer_is_given_however_large() {
        let mut memory = Memory::default();
        let mut room = Room::default();
        let mut cx = Cx::new(NOW, &mut memory);
        assert_eq!(status(&room.give(StreamId(1), answer(MAX_UNREAD + 1), &mut cx)), 200);
        assert_eq!(status(&room.give(StreamId(2), answer(LARGE + 1), &mut cx)), 503);
    }
}
