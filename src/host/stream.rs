//! One client's stream.

use std::{cell::RefCell, rc::Rc};

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext},
    types::{Action, MapType},
};

use super::{
    link::{Link, headers},
    obey,
};
use crate::{
    cx::{StreamId, Verdict},
    http::{RequestHead, ResponseHead},
};

pub(super) struct Stream {
    id: StreamId,
    link: Option<Rc<RefCell<Link>>>,
    foreign: bool,
}

impl Stream {
    pub(super) fn new(context: u32, link: Option<Rc<RefCell<Link>>>) -> Self {
        Self { id: StreamId(context), link, foreign: true }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let Some(link) = &self.link else {
            return Action::Continue;
        };
        let mut link = link.borrow_mut();
        let head = request_head();
        let verdict = link.step(|worker, cx| worker.request_head(self.id, &head, cx));
        link.ring();
        self.foreign = verdict == Verdict::Continue;
        obey::now(&mut link, self.id, MapType::HttpRequestHeaders, verdict)
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let Some(link) = self.link.as_ref().filter(|_| !self.foreign) else {
            return Action::Continue;
        };
        let mut link = link.borrow_mut();
        obey::redress(&mut link, self.id);
        if !link.worker.awaits_response(self.id) {
            return Action::Continue;
        }
        let (pseudo, headers) = headers(MapType::HttpResponseHeaders);
        let status = pseudo.get(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
        let head = ResponseHead { status, headers, details: details() };
        let verdict = link.step(|worker, cx| worker.response_head(self.id, &head, cx));
        obey::now(&mut link, self.id, MapType::HttpResponseHeaders, verdict)
    }
}

impl Context for Stream {
    fn on_done(&mut self) -> bool {
        if let Some(link) = self.link.as_ref().filter(|_| !self.foreign) {
            let mut link = link.borrow_mut();
            link.worker.stream_gone(self.id);
            link.bare.remove(&self.id);
        }
        true
    }
}

/// Nothing on hosts that have no such property.
fn details() -> Option<String> {
    let details = hostcalls::get_property(vec!["response", "code_details"]).ok().flatten()?;
    String::from_utf8(details).ok()
}

fn request_head() -> RequestHead {
    let (mut pseudo, headers) = headers(MapType::HttpRequestHeaders);
    let mut take = |name| pseudo.remove(name).unwrap_or_default();
    RequestHead { method: take(":method"), authority: take(":authority"), path: take(":path"), headers }
}
