//! What a scripted reply can do.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::body::Body;

/// One reply: right as it is made, wrong as it is told.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) framing: Framing,
    pub(super) before_head: Vec<Pause>,
    pub(super) in_body: Vec<(u64, Pause)>,
    pub(super) end: End,
    pub(super) etag: Option<String>,
    pub(super) ranges: bool,
    pub(super) trailers: Vec<(String, String)>,
    pub(super) raw: Option<Arc<[u8]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    Close,
}

#[derive(Clone, Debug)]
pub(super) enum Pause {
    For(Duration),
    Until(Gate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Proper,
    CloseBeforeHead,
    CloseAfter(u64),
    Never,
}

impl Reply {
    /// A 200 with this body, as `text/plain`.
    #[must_use]
    pub fn ok(body: impl Into<Body>) -> Self {
        Self::status(200).body(body)
    }

    /// This status with an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())],
            body: Body::default(),
            framing: Framing::Length,
            before_head: Vec::new(),
            in_body: Vec::new(),
            end: End::Proper,
            etag: None,
            ranges: false,
            trailers: Vec::new(),
            raw: None,
        }
    }

    /// These bytes instead of any HTTP of ours, and then a hang-up.
    #[must_use]
    pub fn raw(bytes: &[u8]) -> Self {
        Self { raw: Some(bytes.into()), ..Self::status(200) }
    }

    /// A 200 with so many bytes of [`crate::body`]'s pattern.
    #[must_use]
    pub fn huge(length: u64) -> Self {
        Self::ok(Body::pattern(length)).header("content-type", "application/zip")
    }

    /// Replaces the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a header; `content-type` can be set wrong, `content-length` too (then nothing else is sent as one).
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = name.to_ascii_lowercase();
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Names a server and a date, as every HTTP server in use does: an Envoy's own errors have neither.
    #[must_use]
    pub fn served(self) -> Self {
        self.header("server", "scripted").header("date", "Tue, 02 Jan 2024 03:04:05 GMT")
    }

    /// Chunked instead of with a `content-length`; over HTTP/2 just without one.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Ends the body with this trailer; over HTTP/1 only of a [`Reply::chunked`] one.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Neither: the body ends where the connection does.
    #[must_use]
    pub fn until_close(mut self) -> Self {
        self.framing = Framing::Close;
        self
    }

    /// Waits before the head.
    #[must_use]
    pub fn delay(mut self, time: Duration) -> Self {
        self.before_head.push(Pause::For(time));
        self
    }

    /// Holds the head back until the gate opens.
    #[must_use]
    pub fn held(mut self, gate: &Gate) -> Self {
        self.before_head.push(Pause::Until(gate.clone()));
        self
    }

    /// Sends `sent` bytes of the body, then waits, then goes on.
    #[must_use]
    pub fn stall(mut self, sent: u64, time: Duration) -> Self {
        self.in_body.push((sent, Pause::For(time)));
        self
    }

    /// Sends `sent` bytes of the body, then waits for the gate.
    #[must_use]
    pub fn held_in_body(mut self, sent: u64, gate: &Gate) -> Self {
        self.in_body.push((sent, Pause::Until(gate.clone())));
        self
    }

    /// Reads the request and hangs up.
    #[must_use]
    pub fn close_before_head(mut self) -> Self {
        self.end = End::CloseBeforeHead;
        self
    }

    /// Hangs up after so many bytes of the body.
    #[must_use]
    pub fn close_after(mut self, sent: u64) -> Self {
        self.end = End::CloseAfter(sent);
        self
    }

    /// A chunked body without an end: the reply's own, and then the pattern for ever.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.framing = Framing::Chunked;
        self.end = End::Never;
        self
    }

    /// Sends this `ETag`, and a 304 to whom has it already.
    #[must_use]
    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self.header("etag", etag)
    }

    /// Answers `Range: bytes=a-b` with a 206.
    #[must_use]
    pub fn ranges(mut self) -> Self {
        self.ranges = true;
        self.header("accept-ranges", "bytes")
    }
}

/// Holds replies back until a test has seen what it wants to see: no sleeping and hoping.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    state: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets through what waits and what will come.
    pub fn open(&self) {
        *self.state.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.state.1.notify_all();
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits up to `limit`; whether it is open.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let open = self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.state.1.wait_timeout_while(open, limit, |open| !*open);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
