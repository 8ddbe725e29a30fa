//! What the host reports of a client's stream, from the head of its request to its end.

use super::{Worker, clients::at_once, key::SumsWaiter};
use crate::{
    cx::{BodyVerdict, Cx, Edit, StreamId, Verdict},
    endpoint::leads_to,
    flow::{Next, Routed, Sums, pass_on, unreadable},
    goproxy::may_be_ours,
    http::{BodyEnd, Ending, ReadHeader, Reply, RequestHead, ResponseHead},
    plan::Source,
};

impl Worker {
    /// Whether a request for `path` can be ours. Most of what a gateway carries is not, and nothing more need be read of it
    /// than this, and what [`Worker::pass_on`] looks at.
    pub fn may_answer(&self, path: &str) -> bool {
        let config = &self.services.config;
        self.clients.has_answer(path) || may_be_ours(path, &config.matching, &config.admin)
    }

    /// The host's attributes that [`RequestHead::properties`] is to hold, in order.
    pub fn caller_properties(&self) -> impl Iterator<Item = &[String]> {
        self.services.config.callers.properties()
    }

    /// The verdict on a request that is not ours.
    pub fn pass_on(&self, header: ReadHeader<'_>) -> Verdict {
        pass_on(header, &self.services.config)
    }

    /// The answer to a request for what was asked for a moment ago, if it may be given again. Else it is for
    /// [`Worker::request_head`].
    pub fn answer_again(&self, path: &str, header: ReadHeader<'_>, cx: &mut Cx<'_>) -> Option<Verdict> {
        self.clients.answer_again(path, header, &self.services.config.matching, cx)
    }

    /// The answer to a request whose headers the host does not hand over: neither its path nor its caller is known.
    pub fn unreadable(&self, cx: &mut Cx<'_>) -> Verdict {
        let verdict = unreadable();
        at_once(&verdict, false, cx);
        verdict
    }

    /// A request's head is there.
    pub fn request_head(&mut self, stream: StreamId, head: &RequestHead, cx: &mut Cx<'_>) -> Verdict {
        let if_none_match = head.headers.first("if-none-match");
        let next = Next::of(head, &mut self.services.known(), cx);
        let kind = next.kind();
        if let Some(kind) = kind {
            self.clients.open_account(stream, kind, head, cx.now);
        }
        let verdict = match next {
            // Kept for the next client that asks for the same.
            Next::Hit(hit) => self.clients.answer(stream, head, hit, cx),
            next if let (Some(kind), Some(what)) = (kind, next.waits_for()) => {
                // What is found out at once may resume it before this step has ended.
                match self.clients.come(stream, head, (kind, &what), cx) {
                    Some(refusal) => refusal,
                    None => {
                        let verdict = self.carry_out(stream, if_none_match, next, cx);
                        self.clients.stay(stream, verdict, cx)
                    }
                }
            }
            next => {
                let verdict = self.carry_out(stream, if_none_match, next, cx);
                self.clients.give(stream, head, verdict, cx)
            }
        };
        self.settle(cx);
        verdict
    }

    /// Whether the body of this stream's request is for [`Worker::request_body`]. That of any other is never read here.
    pub fn receives(&self, stream: StreamId) -> bool {
        self.clients.receives(stream)
    }

    /// The next bytes of a request's body came; `ends` says that no more follow. [`Verdict::Wait`] where more are to come, or where the
    /// answer takes longer.
    pub fn request_body(&mut self, stream: StreamId, bytes: &[u8], ends: bool, cx: &mut Cx<'_>) -> Verdict {
        let Some(next) = self.clients.take_body(stream, bytes, ends, &mut self.services, cx) else {
            return Verdict::Wait;
        };
        let verdict = self.carry_out(stream, None, next, cx);
        let verdict = self.clients.stay(stream, verdict, cx);
        self.settle(cx);
        verdict
    }

    /// Whether this stream waits.
    pub fn holds(&self, stream: StreamId) -> bool {
        self.clients.holds(stream)
    }

    /// Whether this stream was routed and its response is yet to come.
    pub fn awaits_response(&self, stream: StreamId) -> bool {
        self.clients.awaits_response(stream)
    }

    /// The response to a routed request has begun.
    pub fn response_head(&mut self, stream: StreamId, head: &ResponseHead, cx: &mut Cx<'_>) -> Verdict {
        let Some(routed) = self.clients.arrive(stream) else {
            return Verdict::Continue;
        };
        let given = (routed.source.cache(), head.status);
        let (monitored, advice) = (routed.monitored.clone(), routed.advice.clone());
        let zip = routed.given(cx.now);
        let verdict = self.begin_response(stream, routed, head, cx);
        let verdict = verdict.advised(advice.as_deref()).marked(monitored.as_ref());
        let (verdict, given, (monitored, retracted)) = match verdict {
            // The body stays the source's, and is accounted for when it has ended.
            Verdict::Respond(response) if !self.services.host.respond_late => {
                let given = (response.account.cache, response.status);
                let said = (response.monitored.clone(), response.retracted);
                (Verdict::Edit(Edit::as_if(&response, head)), given, said)
            }
            verdict => (verdict, given, (monitored, advice.and_then(|advice| advice.counts_as()))),
        };
        if let (Some(zip), Verdict::Edit(_), (_, 200)) = (zip, &verdict, given) {
            self.exposures.sends(stream, zip);
        }
        self.clients.begin_response(stream, &verdict, given, (monitored, retracted), cx);
        verdict
    }

    fn begin_response(
        &mut self,
        stream: StreamId,
        routed: Routed,
        head: &ResponseHead,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let reply = Reply::routed(head, routed.cluster(&self.services.config).unwrap_or_default());
        let is_its_own = routed.to.as_ref().is_none_or(|to| !to.strayed);
        self.services.note_routed(routed.source, is_its_own, &reply, cx);
        if let Some(location) = leads_to(&reply).filter(|_| routed.source != Source::Storage) {
            let (verdict, update) = routed.redirected(location, &self.services.config);
            self.services.apply(&routed, update, cx);
            return verdict;
        }
        if routed.is_inspected() && matches!(reply, Reply::Answered { status: 200, .. }) {
            let verdict = self.begin_passing(stream, routed, head, reply, cx);
            self.settle(cx);
            return verdict;
        }
        let (verdict, update) = {
            let services = &self.services;
            routed.response(head, reply, &services.config, services.in_force.policy(), cx)
        };
        self.services.apply(&routed, update, cx);
        verdict
    }

    /// How many bytes at the front of the host's buffer are known already, where the filter reads this stream's response; only the bytes
    /// behind them are for [`Worker::response_body`]. `None` where the filter does not read it.
    pub fn inspects(&self, stream: StreamId) -> Option<usize> {
        self.passages.inspects(stream)
    }

    /// The next bytes of a response came; `ends` says that nothing follows, not even trailers.
    pub fn response_body(
        &mut self,
        stream: StreamId,
        bytes: Vec<u8>,
        ends: bool,
        cx: &mut Cx<'_>,
    ) -> BodyVerdict {
        self.storage.push_along(stream, &bytes, &mut self.services, cx);
        let verdict = self.passages.body(stream, bytes, ends, &mut self.services, cx);
        self.settle(cx);
        verdict
    }

    /// The trailers of a response came: nothing follows.
    pub fn response_trailers(&mut self, stream: StreamId, cx: &mut Cx<'_>) -> BodyVerdict {
        let verdict = self.passages.trailers(stream, &mut self.services, cx);
        self.settle(cx);
        verdict
    }

    /// Whether the response to a routed request has begun, so that [`Worker::response_ended`] is to be told.
    pub fn is_sending(&self, stream: StreamId) -> bool {
        self.clients.is_sending(stream)
    }

    /// The body of a response to a routed request ended, and with it the stream: [`Worker::stream_gone`] follows.
    pub fn response_ended(&mut self, stream: StreamId, end: BodyEnd) {
        let how = self.passages.ending(stream, end.how);
        self.exposures.sent(stream, how == Ending::Whole);
        self.clients.end_response(stream, BodyEnd { how, ..end });
    }

    /// A stream ended, answered or not. A client that waited is not answered; what it waited for goes on.
    pub fn stream_gone(&mut self, stream: StreamId, cx: &mut Cx<'_>) {
        self.storage.leave(stream, &mut self.services, cx);
        self.passages.leave(stream);
        self.prewarms.leave(stream);
        self.exposures.sent(stream, false);
        if self.clients.leave(stream, cx) {
            self.leave_dates(cx);
        }
        self.settle(cx);
    }

    /// Whether `stream` was given an answer so large that [`Worker::was_read`] is to be told.
    pub fn owes(&self, stream: StreamId) -> bool {
        self.clients.owes(stream)
    }

    /// All that `stream` was given has gone out to its client, or will never.
    pub fn was_read(&mut self, stream: StreamId) {
        self.clients.was_read(stream);
    }

    /// The head of a zip came that is to be read along.
    fn begin_passing(
        &mut self,
        stream: StreamId,
        routed: Routed,
        head: &ResponseHead,
        reply: Reply,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        if let Some(refusal) = self.passages.turn_away(&routed, head, &mut self.services, cx) {
            return refusal;
        }
        let (zip, source) = (routed.zip.clone(), routed.source);
        let sums = match routed.believed {
            true => Some(Sums::Exempt),
            false => self.sums(&zip.module, &zip.version, SumsWaiter::Passing(stream), cx),
        };
        let (verdict, is_storable) =
            self.passages.begin(stream, routed, (head, reply), sums, &mut self.services, cx);
        if is_storable {
            let length = head.content_length();
            self.storage.store_along(stream, (&zip, source), length, &mut self.services, cx);
        }
        verdict
    }
}
