//! What clients may have one worker's gateway keep for them, in bytes.
//!
//! A client who waits costs what he sent: Envoy holds the head of his request until he is answered, and a thousand waiters cost
//! one fetch but a thousand heads. A client who does not read costs what he was given: Envoy copies a filter's own answer whole,
//! and keeps what does not go out. Neither is bounded by what is fetched, so each has a bound of its own here; who comes beyond
//! it is told 503, and to come back.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    cx::{Cx, StreamId, Verdict},
    goproxy::{Answer, Asker, Failure, Fault},
    http::{RequestHead, Response, Timestamp},
    metrics::Metric,
};

/// The clients of one worker, as far as something is kept for them.
#[derive(Debug, Default)]
pub(super) struct Room {
    waiting: Held,
    unread: Held,
    /// Large answers that Envoy has taken over, and when: nobody says when the last byte of one has gone out.
    leaving: VecDeque<(Timestamp, usize)>,
}

/// Bytes by the stream that they are kept for.
#[derive(Debug, Default)]
struct Held {
    of: BTreeMap<StreamId, usize>,
    bytes: usize,
}

impl Held {
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
    /// The answer to a request that would have to wait, where too many wait already.
    pub(super) fn turn_away(&self, head: &RequestHead, cx: &mut Cx<'_>) -> Option<Verdict> {
        let has_room = self.waiting.bytes.saturating_add(weight(head)) <= MAX_WAITING;
        (!has_room).then(|| busy("too many other clients are waiting", cx))
    }

    /// `stream` waits.
    pub(super) fn waits(&mut self, stream: StreamId, head: &RequestHead) {
        self.waiting.add(stream, weight(head));
    }

    /// `stream` waits no longer. What becomes of it now that it is given `verdict`.
    pub(super) fn goes_on(&mut self, stream: StreamId, verdict: Verdict, cx: &mut Cx<'_>) -> Verdict {
        self.waiting.remove(stream);
        self.give(stream, verdict, cx)
    }

    /// What becomes of `stream`, which is given `verdict`: another answer, where too much of others is unread.
    pub(super) fn give(&mut self, stream: StreamId, verdict: Verdict, cx: &mut Cx<'_>) -> Verdict {
        let Verdict::Respond(response) = &verdict else { return verdict };
        if !is_large(response) {
            return verdict;
        }
        let bytes = response.body.len();
        self.forget_left(cx.now);
        let leaving: usize = self.leaving.iter().map(|(_, bytes)| *bytes).sum();
        // One is always given, however large.
        let unread = self.unread.bytes.saturating_add(leaving);
        if unread > 0 && unread.saturating_add(bytes) > MAX_UNREAD {
            return busy("too many other clients have not read theirs", cx);
        }
        self.unread.add(stream, bytes);
        verdict
    }

    /// `stream` has ended. Of a large answer Envoy may have some yet.
    pub(super) fn gone(&mut self, stream: StreamId, now: Timestamp) {
        self.waiting.remove(stream);
        if let Some(bytes) = self.unread.remove(stream) {
            self.leaving.push_back((now, bytes));
        }
    }

    fn forget_left(&mut self, now: Timestamp) {
        self.leaving.retain(|(since, _)| now.is_within(LEAVES, *since));
    }

    /// Whether nobody waits.
    #[cfg(test)]
    pub(super) fn is_free(&self) -> bool {
        self.waiting.bytes == 0 && self.unread.bytes == 0
    }
}

fn is_large(response: &Response) -> bool {
    response.body.len() > LARGE
}

/// What a client costs who waits.
fn weight(head: &RequestHead) -> usize {
    head.bytes().saturating_add(STREAM)
}

fn busy(why: &str, cx: &mut Cx<'_>) -> Verdict {
    cx.count(Metric::Refusal { reason: "budget".into() });
    let reason = format!("unavailable: {why}");
    let failure = Failure { fault: Fault::Overloaded, reason, retry_after: None };
    Verdict::Respond(Answer::Failed(&failure).respond(&Asker::default()).into())
}

/// What clients may have waiting in one worker: some seven thousand of the go command's requests, or two thousand of the largest
/// that `max_request_headers_kb` lets in by `envoy/gateway.yaml`.
const MAX_WAITING: usize = 64 << 20;

/// What a stream takes beside its head, in Envoy and here, rounded up (8 KiB measured on 1.40).
const STREAM: usize = 9 << 10;

/// Answers above this count until they are read. No real go.mod or list is so large; what is smaller is less than a connection
/// may hold anyway, and is left to Envoy's overload manager.
const LARGE: usize = 256 << 10;

/// Bytes of large answers that one worker has given and that may be unread: eight of the largest.
const MAX_UNREAD: usize = 128 << 20;

/// For so long a large answer counts after its stream has ended: Envoy tells the filter that a stream has ended when it has
/// written the answer into the connection's buffer, and ends a connection whose client reads nothing after this (TCP_USER_TIMEOUT
/// in `envoy/gateway.yaml`).
const LEAVES: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn answer(bytes: usize) -> Verdict {
        Verdict::Respond(Response { status: 200, headers: Vec::new(), body: vec![0; bytes].into() }.into())
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
        for stream in 0..8 {
            assert_eq!(give(&mut room, stream, 16 << 20, 0), 200);
        }
        assert_eq!(give(&mut room, 8, LARGE + 1, 0), 503);
        assert_eq!(give(&mut room, 8, LARGE, 0), 200, "usual answers are given whatever others do");
        room.gone(StreamId(0), NOW);
        assert_eq!(give(&mut room, 9, 16 << 20, 119_999), 503);
        assert_eq!(give(&mut room, 9, 16 << 20, 120_000), 200);
        assert_eq!(give(&mut room, 10, 16 << 20, 120_000), 503);
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
