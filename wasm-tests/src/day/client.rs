//! A connection that costs little, for it shares two cores with what it measures: one write for a request, a buffer for all answers,
//! and every byte of a body compared where it lies.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::body::Body;

/// A kept connection.
#[derive(Debug)]
pub(super) struct Client {
    addr: SocketAddr,
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
    filled: usize,
}

/// What a body has to be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected<'a> {
    Bytes(&'a [u8]),
    /// The beginning, and another after the first empty line, of what nobody knows the rest of.
    Around(&'a [u8], &'a [u8]),
    Body(&'a Body),
    /// Nothing is known of it.
    Any,
}

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `x-modgate-cache`, as far as it is a known word.
    pub(super) from: From,
    pub(super) etag: Option<String>,
    pub(super) retry_after: bool,
    /// Whether a 200's body is as expected, to its last byte.
    pub(super) right: bool,
    /// The beginning of the body of anything but a 200.
    pub(super) said: String,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum From {
    Hit,
    Stale,
    Coalesced,
    Storage,
    Upstream,
    #[default]
    None,
}

impl From {
    pub(super) const ALL: [Self; 6] =
        [Self::Hit, Self::Stale, Self::Coalesced, Self::Storage, Self::Upstream, Self::None];

    fn read(word: &[u8]) -> Self {
        match word {
            b"hit" => Self::Hit,
            b"stale" => Self::Stale,
            b"coalesced" => Self::Coalesced,
            b"storage" => Self::Storage,
            b"upstream" => Self::Upstream,
            _ => Self::None,
        }
    }
}

impl Client {
    pub(super) fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { addr, stream, request: String::new(), buffer: vec![0; BUFFER], filled: 0 })
    }

    /// Asks and reads the whole answer. After an error the connection is of no use any more.
    pub(super) fn ask(
        &mut self,
        target: &str,
        etag: Option<&str>,
        expected: Expected<'_>,
    ) -> io::Result<Answer> {
        use std::fmt::Write as _;
        self.request.clear();
        let _ = write!(
            self.request,
            "GET {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n",
            self.addr
        );
        if let Some(etag) = etag {
            let _ = write!(self.request, "If-None-Match: {etag}\r\n");
        }
        self.request.push_str("\r\n");
        self.stream.write_all(self.request.as_bytes())?;
        let (mut answer, length) = self.head()?;
        if answer.status == 304 {
            return Ok(answer);
        }
        self.body(length, expected, &mut answer)?;
        Ok(answer)
    }

    fn head(&mut self) -> io::Result<(Answer, usize)> {
        let mut from = 0;
        let end = loop {
            let seen = &self.buffer[..self.filled];
            if let Some(at) = seen[from..].windows(4).position(|four| four == b"\r\n\r\n") {
                break from + at + 4;
            }
            from = self.filled.saturating_sub(3);
            if self.fill()? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed before an answer"));
            }
        };
        let mut answer = Answer::default();
        let mut length = None;
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Response::new(&mut headers);
        parsed.parse(&self.buffer[..end]).map_err(io::Error::other)?;
        answer.status = parsed.code.unwrap_or_default();
        for header in parsed.headers.iter() {
            match header.name {
                "content-length" => {
                    length = std::str::from_utf8(header.value).ok().and_then(|text| text.parse().ok());
                }
                "x-modgate-cache" => answer.from = From::read(header.value),
                "etag" => answer.etag = Some(String::from_utf8_lossy(header.value).into_owned()),
                "retry-after" => answer.retry_after = true,
                _ => {}
            }
        }
        self.drop_first(end);
        let length = match answer.status {
            304 => 0,
            _ => length.ok_or_else(|| io::Error::other("an answer without a length"))?,
        };
        Ok((answer, length))
    }

    fn body(&mut self, length: usize, expected: Expected<'_>, answer: &mut Answer) -> io::Result<()> {
        // What is known piece by piece is compared piece by piece; the rest is small.
        let streamed = matches!(expected, Expected::Body(_)) && answer.status == 200;
        let mut right = true;
        let mut at = 0;
        while at < length {
            let whole = self.filled >= length - at;
            if self.filled == 0 || !(whole || streamed) {
                if self.fill()? == 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("cut after {at} of {length}")));
                }
                continue;
            }
            let take = self.filled.min(length - at);
            let piece = &self.buffer[..take];
            if answer.status == 200 {
                right = right && expected.has(at, piece, length);
            } else {
                answer.said = String::from_utf8_lossy(&piece[..take.min(300)]).into_owned();
            }
            self.drop_first(take);
            at += take;
        }
        answer.right = right && expected.may_be(length);
        Ok(())
    }

    fn fill(&mut self) -> io::Result<usize> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        let count = self.stream.read(&mut self.buffer[self.filled..])?;
        self.filled += count;
        Ok(count)
    }

    fn drop_first(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}

impl Expected<'_> {
    /// Whether `piece`, the bytes from `at` on, is right.
    fn has(&self, at: usize, piece: &[u8], length: usize) -> bool {
        match self {
            Self::Bytes(bytes) => piece.len() == length && piece == *bytes,
            Self::Around(first, second) => {
                piece.starts_with(first)
                    && piece[first.len()..].starts_with(second)
                    && piece.len() > first.len() + second.len()
            }
            Self::Body(body) => body.has(at as u64, piece),
            Self::Any => true,
        }
    }

    fn may_be(&self, length: usize) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.len() == length,
            Self::Body(body) => body.len() == length as u64,
            Self::Around(..) => length > 0,
            Self::Any => true,
        }
    }
}

/// As long as the gateway has anybody wait at most, and something.
const PATIENCE: Duration = Duration::from_secs(200);
/// The largest usual document, and a piece of a zip.
const BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_byte_and_a_wrong_length_are_seen() {
        let body = Body::pattern(1000);
        let bytes = body.to_vec();
        assert!(Expected::Body(&body).has(100, &bytes[100..200], 1000));
        assert!(!Expected::Body(&body).has(101, &bytes[100..200], 1000));
        assert!(Expected::Body(&body).may_be(1000) && !Expected::Body(&body).may_be(999));
        assert!(Expected::Bytes(b"ab").has(0, b"ab", 2) && !Expected::Bytes(b"ab").has(0, b"ac", 2));
        assert!(!Expected::Bytes(b"ab").may_be(0));
        assert!(Expected::Around(b"1\n", b"tree").has(0, b"1\ntree x", 8));
        assert!(!Expected::Around(b"1\n", b"tree").has(0, b"2\ntree x", 8));
    }
}
