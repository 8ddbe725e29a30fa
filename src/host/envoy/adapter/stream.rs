//! One client's stream.

use std::{cell::RefCell, rc::Rc};

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext},
    types::{Action, BufferType, MapType},
};

use super::{headers, link::Link, obey};
use crate::{
    cx::{BodyVerdict, StreamId, Verdict},
    host::envoy::reply,
};

pub(super) struct Stream {
    id: StreamId,
    link: Option<Rc<RefCell<Link>>>,
    foreign: bool,
    /// Whether the host has shown all of the response.
    ended: bool,
}

impl Stream {
    pub(super) fn new(context: u32, link: Option<Rc<RefCell<Link>>>) -> Self {
        Self { id: StreamId(context), link, foreign: true, ended: false }
    }
}

impl Stream {
    /// `size` bytes of a body that is collected stand in the host's buffer, all of them new: the core takes them, and the host is to
    /// keep none, for its buffer may be smaller than the body.
    fn receive(&self, link: &mut Link, size: usize, ends: bool) -> Action {
        let bytes = if size > 0 { buffer(BufferType::HttpRequestBody, 0, size) } else { Vec::new() };
        if bytes.len() != size || !take_out(size) {
            // What cannot be read is not what was sent.
            let _ = hostcalls::send_http_response(502, Vec::new(), None);
            return Action::Pause;
        }
        let verdict = link.stream(|worker, cx| worker.request_body(self.id, &bytes, ends, cx));
        obey::now(link, self.id, MapType::HttpRequestHeaders, verdict)
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, ends: bool) -> Action {
        let Some(link) = &self.link else {
            // A worker without a configuration is never given a stream; should it be, nothing passes unchecked.
            let _ = hostcalls::send_http_response(503, Vec::new(), None);
            return Action::Pause;
        };
        let mut link = link.borrow_mut();
        let path = headers::request_value(":path").unwrap_or_default();
        if !link.worker.may_answer(&path) {
            let verdict = link.worker.pass_on(&headers::request_value);
            return obey::now(&mut link, self.id, MapType::HttpRequestHeaders, verdict);
        }
        let verdict = link.stream(|worker, cx| {
            if let Some(verdict) = worker.answer_again(&path, &headers::request_value, cx) {
                return verdict;
            }
            match headers::request(path, ends, worker.caller_properties()) {
                Some(head) => worker.request_head(self.id, &head, cx),
                None => worker.unreadable(cx),
            }
        });
        // What is not ours goes on, at most without a header of ours.
        self.foreign = matches!(verdict, Verdict::Continue | Verdict::Edit(_));
        obey::now(&mut link, self.id, MapType::HttpRequestHeaders, verdict)
    }

    /// The host lets a held request's body come only with `allow_on_headers_stop_iteration`. Letting it go on would let the request
    /// go on. A body that no page takes means nothing (RFC 9110, section 9.3.1): the host keeps none of it while the request waits, and
    /// no source is sent any.
    fn on_http_request_body(&mut self, size: usize, ends: bool) -> Action {
        let Some(link) = self.link.as_ref().filter(|_| !self.foreign) else {
            return Action::Continue;
        };
        let mut link = link.borrow_mut();
        if link.worker.receives(self.id) {
            return self.receive(&mut link, size, ends);
        }
        if !take_out(size) {
            let _ = hostcalls::send_http_response(502, Vec::new(), None);
            return Action::Pause;
        }
        if link.holds(self.id) { Action::Pause } else { Action::Continue }
    }

    /// Nothing of the body follows. Else as of the body.
    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        let Some(link) = self.link.as_ref().filter(|_| !self.foreign) else {
            return Action::Continue;
        };
        let mut link = link.borrow_mut();
        if link.worker.receives(self.id) {
            return self.receive(&mut link, 0, true);
        }
        let _ = hostcalls::set_map(MapType::HttpRequestTrailers, Vec::new());
        if link.holds(self.id) { Action::Pause } else { Action::Continue }
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, ends: bool) -> Action {
        self.ended = ends;
        let Some(link) = self.link.as_ref().filter(|_| !self.foreign) else {
            return Action::Continue;
        };
        let mut link = link.borrow_mut();
        if let Some(answer) = link.take_answer(self.id) {
            return obey::now(&mut link, self.id, MapType::HttpResponseHeaders, answer);
        }
        obey::restore_content_type(&mut link, self.id);
        if !link.worker.awaits_response(self.id) {
            return Action::Continue;
        }
        // Status 0 is an answer of nobody's.
        let (status, headers) = headers::response(MapType::HttpResponseHeaders).unwrap_or_default();
        let details = headers::property_text(&["response", "code_details"]);
        let cluster = headers::property_text(&["xds", "cluster_name"]);
        let head = reply::response_head(status, headers, details.as_deref(), cluster, ends);
        let verdict = link.stream(|worker, cx| worker.response_head(self.id, &head, cx));
        obey::now(&mut link, self.id, MapType::HttpResponseHeaders, verdict)
    }

    fn on_http_response_body(&mut self, size: usize, ends: bool) -> Action {
        self.ended = ends;
        let Some(link) = self.link.as_ref().filter(|_| !self.foreign) else {
            return Action::Continue;
        };
        let mut link = link.borrow_mut();
        let Some(known) = link.worker.inspects(self.id) else {
            return Action::Continue;
        };
        let new = size.saturating_sub(known);
        let bytes = if new > 0 { buffer(BufferType::HttpResponseBody, known, new) } else { Vec::new() };
        if bytes.len() != new {
            // What cannot be read cannot be checked.
            return obey::body(size, BodyVerdict::Reset);
        }
        let verdict = link.stream(|worker, cx| worker.response_body(self.id, bytes, ends, cx));
        obey::body(size, verdict)
    }

    fn on_http_response_trailers(&mut self, _num_trailers: usize) -> Action {
        self.ended = true;
        let Some(link) = self.link.as_ref().filter(|_| !self.foreign) else {
            return Action::Continue;
        };
        let mut link = link.borrow_mut();
        if link.worker.inspects(self.id).is_none() {
            return Action::Continue;
        }
        let verdict = link.stream(|worker, cx| worker.response_trailers(self.id, cx));
        obey::body(0, verdict)
    }
}

impl Context for Stream {
    fn on_done(&mut self) -> bool {
        if let Some(link) = self.link.as_ref().filter(|_| !self.foreign) {
            let mut link = link.borrow_mut();
            // A stream of HTTP/1 has ended when its answer is in the connection's buffer.
            if link.worker.owes(self.id)
                && headers::property_text(&["request", "protocol"])
                    .is_some_and(|protocol| !protocol.starts_with("HTTP/1"))
            {
                link.worker.was_read(self.id);
            }
            if link.worker.is_sending(self.id) {
                let sent = headers::bytes(&["response", "size"]);
                let details = headers::property_text(&["response", "code_details"]);
                let end = reply::body_end(self.ended, sent.as_deref(), details.as_deref());
                link.worker.response_ended(self.id, end);
            }
            link.stream(|worker, cx| worker.stream_gone(self.id, cx));
            link.stripped.remove(&self.id);
        }
        true
    }
}

/// Takes the `size` bytes of a request's body that came out of the host's buffer; whether that succeeded.
fn take_out(size: usize) -> bool {
    size == 0 || hostcalls::set_buffer(BufferType::HttpRequestBody, 0, size, &[]).is_ok()
}

/// `size` bytes of a body from `start` on, as many as there are.
fn buffer(body: BufferType, start: usize, size: usize) -> Vec<u8> {
    hostcalls::get_buffer(body, start, size).ok().flatten().unwrap_or_default()
}
