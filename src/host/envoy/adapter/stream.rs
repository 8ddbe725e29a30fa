//! One client's stream.

use std::{cell::RefCell, rc::Rc};

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext},
    types::{Action, BufferType, MapType},
};

use super::{apply, driver::Driver, headers};
use crate::{
    cx::{BodyVerdict, StreamId, Verdict},
    host::envoy::reply,
};

pub(super) struct Stream {
    id: StreamId,
    driver: Option<Rc<RefCell<Driver>>>,
    /// Whether the core wants to hear no more of it: it is not ours, or was answered with what the worker held ready.
    done: bool,
    /// Whether the host has shown all of the response.
    ended: bool,
}

impl Stream {
    pub(super) fn new(context: u32, driver: Option<Rc<RefCell<Driver>>>) -> Self {
        Self { id: StreamId(context), driver, done: true, ended: false }
    }
}

impl Stream {
    /// A piece of a body that the core collects stands in the host's buffer, `size` bytes. The core takes the piece and empties the buffer,
    /// which may be smaller than the body.
    fn receive(&self, driver: &mut Driver, size: usize, ends: bool) -> Action {
        let bytes = if size > 0 { buffer(BufferType::HttpRequestBody, 0, size) } else { Vec::new() };
        if bytes.len() != size || !take_out(size) {
            // What cannot be read is not what was sent.
            let _ = hostcalls::send_http_response(502, Vec::new(), None);
            return Action::Pause;
        }
        let verdict = driver.stream(|worker, cx| worker.request_body(self.id, &bytes, ends, cx));
        apply::verdict(driver, self.id, MapType::HttpRequestHeaders, verdict)
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, ends: bool) -> Action {
        let Some(driver) = &self.driver else {
            // The host gives no stream to a worker without a configuration. If it did, the request must not pass unchecked.
            let _ = hostcalls::send_http_response(503, Vec::new(), None);
            return Action::Pause;
        };
        let mut driver = driver.borrow_mut();
        let path = headers::request_value(":path").unwrap_or_default();
        if !driver.worker.may_answer(&path) {
            let verdict = driver.worker.pass_on(&headers::request_value);
            return apply::verdict(&mut driver, self.id, MapType::HttpRequestHeaders, verdict);
        }
        let (mut again, mut head) = (false, None);
        let verdict = driver.stream(|worker, cx| {
            if let Some(verdict) = worker.answer_again(&path, &headers::request_value, cx) {
                again = true;
                return verdict;
            }
            head = headers::request(path, ends, worker.caller_properties());
            match &head {
                Some(head) => worker.request_head(self.id, head, cx),
                None => worker.unreadable(cx),
            }
        });
        // What is not ours goes on, at most without a header of ours.
        let foreign = matches!(verdict, Verdict::Continue | Verdict::Edit(_));
        let action = apply::request(&mut driver, self.id, head.as_ref(), verdict);
        // Of what was given again the worker keeps nothing; the adapter may have something to put back.
        self.done = foreign || again && !driver.stripped.contains_key(&self.id);
        action
    }

    /// The host lets a held request's body come only with `allow_on_headers_stop_iteration`. Letting it go on would let the request
    /// go on. A body that no page takes means nothing (RFC 9110, section 9.3.1): the host keeps none of it while the request waits, and
    /// no source is sent any.
    fn on_http_request_body(&mut self, size: usize, ends: bool) -> Action {
        let Some(driver) = self.driver.as_ref().filter(|_| !self.done) else {
            return Action::Continue;
        };
        let mut driver = driver.borrow_mut();
        if driver.worker.receives(self.id) {
            return self.receive(&mut driver, size, ends);
        }
        if !take_out(size) {
            let _ = hostcalls::send_http_response(502, Vec::new(), None);
            return Action::Pause;
        }
        if driver.holds(self.id) { Action::Pause } else { Action::Continue }
    }

    /// The body has ended. The rest as for a piece of the body.
    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        let Some(driver) = self.driver.as_ref().filter(|_| !self.done) else {
            return Action::Continue;
        };
        let mut driver = driver.borrow_mut();
        if driver.worker.receives(self.id) {
            return self.receive(&mut driver, 0, true);
        }
        let _ = hostcalls::set_map(MapType::HttpRequestTrailers, Vec::new());
        if driver.holds(self.id) { Action::Pause } else { Action::Continue }
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, ends: bool) -> Action {
        self.ended = ends;
        let Some(driver) = self.driver.as_ref().filter(|_| !self.done) else {
            return Action::Continue;
        };
        let mut driver = driver.borrow_mut();
        if let Some(answer) = driver.take_answer(self.id) {
            return apply::verdict(&mut driver, self.id, MapType::HttpResponseHeaders, answer);
        }
        apply::restore_content_type(&mut driver, self.id);
        if !driver.worker.awaits_response(self.id) {
            return Action::Continue;
        }
        // No source answers with status 0: a head that cannot be read counts as a failure.
        let (status, headers) = headers::response(MapType::HttpResponseHeaders).unwrap_or_default();
        let details = headers::property_text(&["response", "code_details"]);
        let cluster = headers::property_text(&["xds", "cluster_name"]);
        let head = reply::response_head(status, headers, details.as_deref(), cluster, ends);
        let verdict = driver.stream(|worker, cx| worker.response_head(self.id, &head, cx));
        apply::verdict(&mut driver, self.id, MapType::HttpResponseHeaders, verdict)
    }

    fn on_http_response_body(&mut self, size: usize, ends: bool) -> Action {
        self.ended = ends;
        let Some(driver) = self.driver.as_ref().filter(|_| !self.done) else {
            return Action::Continue;
        };
        let mut driver = driver.borrow_mut();
        let Some(known) = driver.worker.inspects(self.id) else {
            return Action::Continue;
        };
        let new = size.saturating_sub(known);
        let bytes = if new > 0 { buffer(BufferType::HttpResponseBody, known, new) } else { Vec::new() };
        if bytes.len() != new {
            // Bytes that cannot be read cannot be verified.
            return apply::body(size, BodyVerdict::Reset);
        }
        let verdict = driver.stream(|worker, cx| worker.response_body(self.id, bytes, ends, cx));
        apply::body(size, verdict)
    }

    fn on_http_response_trailers(&mut self, _num_trailers: usize) -> Action {
        self.ended = true;
        let Some(driver) = self.driver.as_ref().filter(|_| !self.done) else {
            return Action::Continue;
        };
        let mut driver = driver.borrow_mut();
        if driver.worker.inspects(self.id).is_none() {
            return Action::Continue;
        }
        let verdict = driver.stream(|worker, cx| worker.response_trailers(self.id, cx));
        apply::body(0, verdict)
    }
}

impl Context for Stream {
    fn on_done(&mut self) -> bool {
        if let Some(driver) = self.driver.as_ref().filter(|_| !self.done) {
            let mut driver = driver.borrow_mut();
            // A stream of HTTP/1 ends when its answer is in the connection's buffer, and the client may not have read it.
            if driver.worker.owes(self.id)
                && headers::property_text(&["request", "protocol"])
                    .is_some_and(|protocol| !protocol.starts_with("HTTP/1"))
            {
                driver.worker.was_read(self.id);
            }
            if driver.worker.is_sending(self.id) {
                let sent = headers::bytes(&["response", "size"]);
                let end = reply::body_end(self.ended, sent.as_deref(), || {
                    headers::property_text(&["response", "code_details"])
                });
                driver.worker.response_ended(self.id, end);
            }
            driver.stream(|worker, cx| worker.stream_gone(self.id, cx));
            driver.stripped.remove(&self.id);
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
