//! Clients: what they ask, and what became of it.

use super::World;
use crate::{
    cx::{StreamId, Verdict},
    host::envoy::reply::response_head,
    http::{Headers, RequestHead, Response, ResponseHead},
};

impl World {
    /// A GET of `path` that arrives at `worker` now.
    pub fn begin(&mut self, worker: usize, path: &str) -> StreamId {
        self.begin_with(worker, "GET", path, &[])
    }

    /// A GET of `path` on another host than the usual, `gateway.test`.
    pub fn begin_for(&mut self, authority: &str, worker: usize, path: &str) -> StreamId {
        let authority = authority.to_owned();
        self.arrive(worker, &RequestHead { authority, ..head("GET", path, &[]) })
    }

    /// A request that arrives at `worker` now.
    pub fn begin_with(
        &mut self,
        worker: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> StreamId {
        self.arrive(worker, &head(method, path, headers))
    }

    /// The head of a POST whose body is yet to come, by [`World::send`].
    pub fn begin_post(&mut self, worker: usize, path: &str, headers: &[(&str, &str)]) -> StreamId {
        self.arrive(worker, &RequestHead { ends: false, ..head("POST", path, headers) })
    }

    /// More of the body of `stream` comes, if it is one that is collected; whether it was.
    pub fn send(&mut self, worker: usize, stream: StreamId, bytes: &[u8], ends: bool) -> bool {
        if !self.workers[worker].worker.receives(stream) {
            return false;
        }
        let verdict = self.stream_step(worker, |worker, cx| worker.request_body(stream, bytes, ends, cx));
        if verdict != Verdict::Wait {
            self.verdicts.insert(stream, verdict);
        }
        true
    }

    /// A request with this head arrives at `worker` now.
    pub fn arrive(&mut self, worker: usize, head: &RequestHead) -> StreamId {
        self.streams += 1;
        let stream = StreamId(self.streams);
        // A request can be resumed within the step in which it came; the host resumes it after the callback.
        self.verdicts.insert(stream, Verdict::Wait);
        let verdict = self.stream_step(worker, |worker, cx| {
            worker
                .answer_again(&head.path, &|name| head.value(name), cx)
                .unwrap_or_else(|| worker.request_head(stream, head, cx))
        });
        if verdict != Verdict::Wait {
            let resumed = self.verdicts.insert(stream, verdict);
            assert_eq!(resumed, Some(Verdict::Wait), "{stream:?} was answered twice");
        }
        stream
    }

    /// A GET of `path` at `worker`, and all that follows from it until nothing is under way.
    pub fn get(&mut self, worker: usize, path: &str) -> Response {
        let stream = self.begin(worker, path);
        self.settle();
        self.response(stream)
    }

    /// The stream ends: its client leaves, or has its answer.
    pub fn leave(&mut self, worker: usize, stream: StreamId) {
        self.end_response(worker, stream);
        self.stream_step(worker, |worker, cx| worker.stream_gone(stream, cx));
    }

    /// The head of the response to a routed stream, as its cluster would send it.
    pub fn answer_routed(
        &mut self,
        worker: usize,
        stream: StreamId,
        status: u16,
        headers: &[(&str, &str)],
    ) -> Verdict {
        // As HTTP/1.1 sends a body of unknown length.
        let says_length = headers.iter().any(|(name, _)| *name == "content-length");
        let chunked =
            (!says_length && matches!(status, 200 | 206)).then_some(("transfer-encoding", "chunked"));
        let headers = headers.iter().copied().chain(chunked).collect::<Headers>();
        let head = response_head(status, headers, None, None, false);
        self.answer_routed_as(worker, stream, &head)
    }

    /// As [`World::answer_routed`], from a host that says how it came about.
    pub fn answer_routed_as(&mut self, worker: usize, stream: StreamId, head: &ResponseHead) -> Verdict {
        let verdict = self.stream_step(worker, |worker, cx| worker.response_head(stream, head, cx));
        let is_late = matches!(verdict, Verdict::Respond(_));
        assert!(self.host_of(worker).respond_late || !is_late, "{stream:?} was routed, and is answered");
        if matches!(verdict, Verdict::Edit(_)) {
            self.downloads.entry(stream).or_default();
        }
        verdict
    }

    /// What became of `stream` so far.
    pub fn verdict(&self, stream: StreamId) -> &Verdict {
        &self.verdicts[&stream]
    }

    /// The response given to `stream`.
    pub fn response(&self, stream: StreamId) -> Response {
        match self.verdict(stream) {
            Verdict::Respond(response) => Response::clone(response),
            other => panic!("{stream:?} was not answered: {other:?}"),
        }
    }
}

fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> RequestHead {
    RequestHead {
        method: method.to_owned(),
        authority: "gateway.test".to_owned(),
        path: path.to_owned(),
        headers: headers.iter().copied().collect(),
        properties: Vec::new(),
        ends: true,
    }
}
