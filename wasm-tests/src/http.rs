//! A raw HTTP/1.1 client: it sends the target and headers it is given, byte for byte, and always has a deadline.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::body::Body;

mod conn;

pub use conn::Conn;

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    deadline: Duration,
    expected: Option<Body>,
}

impl Request {
    /// A request for `target`, sent exactly as written.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            deadline: Duration::from_secs(30),
            expected: None,
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// Adds a header. Without a `host` among them, the address is sent as one.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A body, with its `content-length`.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("content-length", &length)
    }

    /// How long the whole exchange may take; 30 seconds unless said.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Counts the response's bytes and compares them with [`crate::body`]'s pattern instead of keeping them.
    #[must_use]
    pub fn discard_body(self) -> Self {
        self.compare_body(Body::pattern(u64::MAX))
    }

    /// Counts the response's bytes and compares them with `expected` instead of keeping them.
    #[must_use]
    pub fn compare_body(mut self, expected: Body) -> Self {
        self.expected = Some(expected);
        self
    }

    /// Its target, as sent.
    #[cfg(feature = "suites")]
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Whether the response's bytes are compared.
    #[cfg(feature = "suites")]
    pub(crate) fn compares(&self) -> bool {
        self.expected.is_some()
    }

    /// Sends it on a connection of its own and reads the whole response.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn try_send(&self, addr: SocketAddr) -> Result<Response, Error> {
        Conn::open(addr)?.exchange(self)
    }

    /// As [`Request::try_send`], for exchanges that must succeed.
    ///
    /// # Panics
    /// On any [`Error`].
    #[must_use]
    #[track_caller]
    pub fn send(&self, addr: SocketAddr) -> Response {
        self.try_send(addr).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }
}

/// GETs `target` from `addr`.
///
/// # Panics
/// On any [`Error`].
#[must_use]
#[track_caller]
pub fn get(addr: SocketAddr, target: &str) -> Response {
    Request::get(target).send(addr)
}

/// A response, whole or what came of it.
#[derive(Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body without its framing; empty when discarded.
    pub body: Vec<u8>,
    /// The body's bytes, kept or not.
    pub length: u64,
    /// Whether the body is what it was compared with, from its beginning; only of a discarded one.
    pub pattern: bool,
}

impl Response {
    /// The value of the first header called `name` (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

/// As somebody reads it whose test failed.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beginning = String::from_utf8_lossy(&self.body[..self.body.len().min(200)]);
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body", &beginning)
            .field("length", &self.length)
            .field("pattern", &self.pattern)
            .finish()
    }
}

/// Why there is no whole response.
#[derive(Debug)]
pub enum Error {
    /// Not connected, or the connection broke while sending.
    Connect(std::io::Error),
    /// Not complete in time; with what had come, if that was more than nothing.
    Deadline(Option<Box<Response>>),
    /// Closed or reset before the first byte of a response.
    Empty,
    /// Closed or reset in the middle: what had come of it.
    Truncated(Box<Response>),
    /// Not HTTP.
    Malformed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Deadline(None) => f.write_str("no response in time"),
            Self::Deadline(Some(part)) => write!(f, "in time only {} and {} bytes", part.status, part.length),
            Self::Empty => f.write_str("closed without a response"),
            Self::Truncated(part) => write!(f, "cut after {} and {} bytes", part.status, part.length),
            Self::Malformed(what) => write!(f, "not HTTP: {what}"),
        }
    }
}

impl std::error::Error for Error {}
