//! A raw HTTP/2 client: what it sends is what the test says, and it reads what it likes, when it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::hpack::{self, Encoder};

/// A connection without TLS. Dropping it hangs up.
#[derive(Debug)]
pub struct Http2 {
    stream: TcpStream,
    authority: String,
    encoder: Encoder,
    /// Frames to be sent.
    out: Vec<u8>,
    /// Received, not yet read as frames.
    buffer: Vec<u8>,
    next: u32,
    most: usize,
    /// Streams without an end.
    open: BTreeSet<u32>,
    statuses: BTreeMap<u32, u16>,
    ended: BTreeMap<String, usize>,
    gone: bool,
}

impl Http2 {
    /// Connects, and lets the server send `window` bytes of each answer's body until it is told more.
    ///
    /// # Errors
    /// When no server of HTTP/2 answers within 10 seconds.
    pub fn open(addr: SocketAddr, window: u32) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(10))?;
        stream.set_nodelay(true)?;
        let mut opened = Self {
            stream,
            authority: addr.to_string(),
            encoder: Encoder::default(),
            out: PREFACE.to_vec(),
            buffer: Vec::new(),
            next: 1,
            most: usize::MAX,
            open: BTreeSet::new(),
            statuses: BTreeMap::new(),
            ended: BTreeMap::new(),
            gone: false,
        };
        let mut settings = Vec::new();
        // No table for answers: their statuses can be read without one.
        for (setting, value) in [(HEADER_TABLE_SIZE, 0), (INITIAL_WINDOW_SIZE, window)] {
            settings.extend_from_slice(&setting.to_be_bytes());
            settings.extend_from_slice(&value.to_be_bytes());
        }
        opened.frame(SETTINGS, 0, 0, &settings);
        opened.flush()?;
        // How many streams it allows must be known before the first.
        let deadline = Instant::now() + Duration::from_secs(10);
        while opened.most == usize::MAX {
            if opened.gone || !opened.hear(deadline)? {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        opened.flush()?;
        Ok(opened)
    }

    /// How many streams the server allows at once.
    #[must_use]
    pub fn most_streams(&self) -> usize {
        self.most
    }

    /// Writes a GET with so many times a header, which costs its bytes once, to be sent by [`Http2::flush`].
    pub fn get(&mut self, path: &str, ballast: Option<(&str, &str, usize)>) -> u32 {
        let block = self.encoder.get(path, &self.authority, ballast);
        let id = self.next;
        self.next += 2;
        self.frame(HEADERS, END_STREAM | END_HEADERS, id, &block);
        self.open.insert(id);
        id
    }

    /// Writes the head of a POST whose body follows by [`Http2::send`].
    pub fn post(&mut self, path: &str) -> u32 {
        let mut block = self.encoder.get(path, &self.authority, None);
        block[0] = hpack::POST;
        let id = self.next;
        self.next += 2;
        self.frame(HEADERS, END_HEADERS, id, &block);
        self.open.insert(id);
        id
    }

    /// Writes bytes of a body, to be sent by [`Http2::flush`]; `ends` says that no more follow.
    pub fn send(&mut self, id: u32, bytes: &[u8], ends: bool) {
        let mut chunks = bytes.chunks(LARGEST_FRAME as usize).peekable();
        if chunks.peek().is_none() {
            self.frame(DATA, if ends { END_STREAM } else { 0 }, id, &[]);
        }
        while let Some(chunk) = chunks.next() {
            let is_last = chunks.peek().is_none();
            self.frame(DATA, if ends && is_last { END_STREAM } else { 0 }, id, chunk);
        }
    }

    /// Takes a request back, by [`Http2::flush`].
    pub fn reset(&mut self, id: u32) {
        self.frame(RST_STREAM, 0, id, &CANCEL.to_be_bytes());
        if self.open.remove(&id) {
            *self.ended.entry("taken back".to_owned()).or_default() += 1;
        }
    }

    /// Sends what was written; the number of bytes.
    ///
    /// # Errors
    /// When the server has closed the connection, or takes nothing for 10 seconds.
    pub fn flush(&mut self) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        let out = std::mem::take(&mut self.out);
        self.stream.write_all(&out)?;
        Ok(out.len())
    }

    /// Reads until every request has its answer, or the deadline.
    pub fn wait(&mut self, deadline: Instant) {
        while !self.open.is_empty() && !self.gone && self.hear(deadline).unwrap_or(false) {
            if self.flush().is_err() {
                self.gone = true;
            }
        }
    }

    /// What became of the requests: how many ended with each status, were reset, or have no end yet.
    #[must_use]
    pub fn outcome(&self) -> BTreeMap<String, usize> {
        let mut outcome = self.ended.clone();
        for id in &self.open {
            let what = match (self.gone, self.statuses.get(id)) {
                (true, None) => "connection closed",
                (true, Some(_)) => "connection closed within the body",
                (false, None) => "no answer",
                (false, Some(_)) => "unfinished body",
            };
            *outcome.entry(what.to_owned()).or_default() += 1;
        }
        outcome
    }

    fn frame(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a small frame");
        assert!(length <= LARGEST_FRAME, "a frame of {length} bytes");
        self.out.extend_from_slice(&length.to_be_bytes()[1..]);
        self.out.extend_from_slice(&[kind, flags]);
        self.out.extend_from_slice(&id.to_be_bytes());
        self.out.extend_from_slice(payload);
    }

    /// Reads once and takes in every whole frame; whether anything came before the deadline.
    fn hear(&mut self, deadline: Instant) -> io::Result<bool> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => self.gone = true,
            Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(false);
            }
            Err(_) => self.gone = true,
        }
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = buffer.as_slice();
        while let Some((frame, after)) = Frame::parse(rest) {
            self.take(&frame);
            rest = after;
        }
        self.buffer = rest.to_vec();
        Ok(true)
    }

    fn take(&mut self, frame: &Frame<'_>) {
        let ends = frame.flags & END_STREAM != 0;
        match frame.kind {
            SETTINGS if frame.flags & ACK == 0 => {
                let most = frame.payload.chunks_exact(6).find(|pair| pair[..2] == MAX_STREAMS.to_be_bytes());
                let most = most.map(|pair| u32::from_be_bytes([pair[2], pair[3], pair[4], pair[5]]));
                // Unlimited, by the protocol, where it says nothing; nobody needs that many.
                self.most = most.map_or(1000, |most| most as usize);
                self.frame(SETTINGS, ACK, 0, &[]);
            }
            PING if frame.flags & ACK == 0 => {
                let payload = frame.payload.to_vec();
                self.frame(PING, ACK, 0, &payload);
            }
            HEADERS => {
                if let Some(status) = hpack::status(frame.payload) {
                    self.statuses.insert(frame.stream, status);
                }
                if ends {
                    self.end(frame.stream, None);
                }
            }
            DATA if ends => self.end(frame.stream, None),
            RST_STREAM => self.end(frame.stream, frame.payload.last().copied()),
            GOAWAY => self.gone = true,
            _ => {}
        }
    }

    fn end(&mut self, id: u32, reset: Option<u8>) {
        if !self.open.remove(&id) {
            return;
        }
        let status = self.statuses.remove(&id);
        let what = match (reset, status) {
            (None, Some(status)) => status.to_string(),
            (None, None) => "an end without a status".to_owned(),
            (Some(code), _) => format!("reset by the server ({code})"),
        };
        *self.ended.entry(what).or_default() += 1;
    }
}

struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = bytes.split_at_checked(9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (payload, after) = rest.split_at_checked(length)?;
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        Some((Self { kind: head[3], flags: head[4], stream, payload }, after))
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const LARGEST_FRAME: u32 = 16_384;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: u32 = 8;
const HEADER_TABLE_SIZE: u16 = 1;
const MAX_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
