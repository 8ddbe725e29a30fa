//! One connection: keep-alive, slow reading and hanging up are up to its owner.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Error, Request, Response};
use crate::body::Body;

/// A connection to a server. Dropping it hangs up.
#[derive(Debug)]
pub struct Conn {
    stream: TcpStream,
    addr: SocketAddr,
    /// Received and not yet consumed.
    buffer: Vec<u8>,
    /// When the exchange under way must be over.
    end: Instant,
}

impl Conn {
    /// Connects.
    ///
    /// # Errors
    /// When nothing accepts within 5 seconds.
    pub fn open(addr: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(5)).map_err(Error::Connect)?;
        stream.set_nodelay(true).map_err(Error::Connect)?;
        Ok(Self { stream, addr, buffer: Vec::new(), end: Instant::now() + Duration::from_secs(30) })
    }

    /// Sends a request and reads the whole response; the connection can then take another.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn exchange(&mut self, request: &Request) -> Result<Response, Error> {
        self.send(request)?;
        let head = self.head()?;
        self.rest(request, head)
    }

    /// Sends a request and does not wait.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn send(&mut self, request: &Request) -> Result<(), Error> {
        self.end = Instant::now() + request.deadline;
        let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head += &format!("host: {}\r\n", self.addr);
        }
        for (name, value) in &request.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        self.write(head.as_bytes())?;
        // A server may answer and close before it has read a body: its answer is what counts.
        let _ = self.stream.write_all(&request.body);
        Ok(())
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).map_err(Error::Connect)
    }

    /// Reads a response up to its body.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn head(&mut self) -> Result<Response, Error> {
        loop {
            if let Some((head, length)) = parse_head(&self.buffer)? {
                self.buffer.drain(..length);
                // 100 Continue and its like only announce the response.
                if head.status >= 200 {
                    return Ok(head);
                }
                continue;
            }
            match self.fill() {
                Ok(0) | Err(Stop::Closed) => return Err(Error::Empty),
                Ok(_) => {}
                Err(Stop::Deadline) => return Err(Error::Deadline(None)),
            }
        }
    }

    /// Reads the body that follows `head`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn rest(&mut self, request: &Request, head: Response) -> Result<Response, Error> {
        let bodiless = request.method == "HEAD" || matches!(head.status, 204 | 304);
        let chunked = head.header("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        let length = head.header("content-length").and_then(|value| value.parse().ok());
        // What a refusal says is looked at, whatever the body was to be compared with.
        let expected = request.expected.clone().filter(|_| head.status < 400);
        let mut sink = Sink { response: Response { pattern: expected.is_some(), ..head }, expected };
        let read = match (bodiless, chunked, length) {
            (true, ..) => Ok(()),
            (_, true, _) => self.chunks(&mut sink),
            (_, _, Some(length)) => self.exactly(length, &mut sink),
            (_, _, None) => self.until_closed(&mut sink),
        };
        match read {
            Ok(()) => Ok(sink.response),
            Err(Stop::Closed) => Err(Error::Truncated(Box::new(sink.response))),
            Err(Stop::Deadline) => Err(Error::Deadline(Some(Box::new(sink.response)))),
        }
    }

    /// Reads what is there, at most once, and throws it away: for clients that read slowly. 0 at the end.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn skip_some(&mut self) -> Result<usize, Error> {
        if self.buffer.is_empty() {
            match self.fill() {
                Ok(_) | Err(Stop::Closed) => {}
                Err(Stop::Deadline) => return Err(Error::Deadline(None)),
            }
        }
        Ok(std::mem::take(&mut self.buffer).len())
    }

    fn chunks(&mut self, sink: &mut Sink) -> Result<(), Stop> {
        loop {
            let line = self.line()?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let length = u64::from_str_radix(digits, 16).map_err(|_| Stop::Closed)?;
            if length == 0 {
                // Trailers, up to an empty line.
                while !self.line()?.is_empty() {}
                return Ok(());
            }
            self.exactly(length, sink)?;
            self.line()?;
        }
    }

    fn exactly(&mut self, length: u64, sink: &mut Sink) -> Result<(), Stop> {
        let mut left = length;
        while left > 0 {
            if self.buffer.is_empty() && self.fill()? == 0 {
                return Err(Stop::Closed);
            }
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
            sink.take(&self.buffer[..take]);
            self.buffer.drain(..take);
            left -= take as u64;
        }
        Ok(())
    }

    fn until_closed(&mut self, sink: &mut Sink) -> Result<(), Stop> {
        loop {
            sink.take(&self.buffer);
            self.buffer.clear();
            if self.fill()? == 0 {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> Result<String, Stop> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                return Ok(line);
            }
            if self.fill()? == 0 {
                return Err(Stop::Closed);
            }
        }
    }

    /// Reads once; 0 when the server closed in order.
    fn fill(&mut self) -> Result<usize, Stop> {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let left = self.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Stop::Deadline);
            }
            self.stream.set_read_timeout(Some(left)).map_err(|_| Stop::Closed)?;
            match self.stream.read(&mut chunk) {
                Ok(count) => {
                    self.buffer.extend_from_slice(&chunk[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(Stop::Deadline);
                }
                Err(_) => return Err(Stop::Closed),
            }
        }
    }
}

enum Stop {
    Closed,
    Deadline,
}

struct Sink {
    response: Response,
    expected: Option<Body>,
}

impl Sink {
    fn take(&mut self, chunk: &[u8]) {
        if let Some(expected) = &self.expected {
            self.response.pattern = self.response.pattern && expected.has(self.response.length, chunk);
        } else {
            self.response.body.extend_from_slice(chunk);
        }
        self.response.length += chunk.len() as u64;
    }
}

fn parse_head(bytes: &[u8]) -> Result<Option<(Response, usize)>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Response::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(length)) => {
            let headers = parsed.headers.iter().map(|header| {
                (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
            });
            let head = Response {
                status: parsed.code.unwrap_or_default(),
                headers: headers.collect(),
                ..Response::default()
            };
            Ok(Some((head, length)))
        }
        Err(error) => Err(Error::Malformed(error.to_string())),
    }
}
