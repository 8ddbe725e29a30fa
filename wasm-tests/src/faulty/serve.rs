//! One connection of the upstream: read a request, look up its reply, perform it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::reply::{End, Framing, Pause, Reply};
use super::{Seen, Shared, lock};
use crate::body::Body;

/// Serves requests until one side ends it.
pub(super) fn connection(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(seen) = request(stream, &mut buffer)? {
        let open = shared.open.one();
        if !shared.forgetful.load(Ordering::Relaxed) {
            lock(&shared.seen).push(seen.clone());
        }
        let reply = shared.reply_to(&seen);
        for pause in &reply.before_head {
            rest(pause, shared)?;
        }
        // Before the answer: who has it may well send the next request before this thread runs again.
        drop(open);
        if !perform(stream, shared, &seen, &reply)? {
            break;
        }
    }
    Ok(())
}

/// The next request, or nothing when the client has closed.
fn request(mut stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Seen>> {
    let (mut seen, head) = loop {
        if let Some(parsed) = parse(buffer)? {
            break parsed;
        }
        if fill(stream, buffer)? == 0 {
            return Ok(None);
        }
    };
    buffer.drain(..head);
    if seen.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if seen.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        loop {
            let line = take_line(stream, buffer)?;
            let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            seen.body.extend(take(stream, buffer, length)?);
            take_line(stream, buffer)?;
            if length == 0 {
                break;
            }
        }
    } else if let Some(length) = seen.header("content-length").and_then(|value| value.parse().ok()) {
        seen.body = take(stream, buffer, length)?;
    }
    Ok(Some(seen))
}

fn parse(bytes: &[u8]) -> io::Result<Option<(Seen, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let headers = parsed
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()));
    let seen = Seen {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
        at: Instant::now(),
    };
    Ok(Some((seen, length)))
}

fn fill(mut stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0; 16 * 1024];
    let count = stream.read(&mut chunk)?;
    buffer.extend_from_slice(&chunk[..count]);
    Ok(count)
}

fn take(stream: &TcpStream, buffer: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while buffer.len() < length {
        if fill(stream, buffer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.drain(..length).collect())
}

fn take_line(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<String> {
    loop {
        if let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") {
            let line: Vec<u8> = buffer.drain(..end + 2).collect();
            return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        if fill(stream, buffer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Sends the reply; whether the connection may serve another request.
fn perform(mut stream: &TcpStream, shared: &Shared, seen: &Seen, reply: &Reply) -> io::Result<bool> {
    if reply.end == End::CloseBeforeHead {
        return Ok(false);
    }
    if let Some(bytes) = &reply.raw {
        stream.write_all(bytes)?;
        return Ok(false);
    }
    let outcome = Outcome::of(seen, reply);
    let mut text = format!("HTTP/1.1 {} Scripted\r\n", outcome.status);
    for (name, value) in outcome.headers(reply) {
        text += &format!("{name}: {value}\r\n");
    }
    match (reply.framing, outcome.length) {
        (_, None) | (Framing::Length, _) => {}
        (Framing::Chunked, Some(_)) => text += "transfer-encoding: chunked\r\n",
        (Framing::Close, Some(_)) => text += "connection: close\r\n",
    }
    stream.write_all((text + "\r\n").as_bytes())?;
    let Some((from, to)) = outcome.body else { return Ok(true) };
    let chunked = reply.framing == Framing::Chunked;
    send_body(shared, reply, from, to, &mut |chunk| {
        if !chunked {
            return stream.write_all(chunk);
        }
        if chunk.is_empty() {
            return Ok(());
        }
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes())?;
        stream.write_all(chunk)?;
        stream.write_all(b"\r\n")
    })?;
    if reply.end == End::Proper && chunked {
        let trailers = reply.trailers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        stream.write_all(format!("0\r\n{}\r\n", trailers.collect::<String>()).as_bytes())?;
    }
    Ok(reply.end == End::Proper && reply.framing != Framing::Close)
}

/// What a request comes to, whatever HTTP it is said in.
pub(super) struct Outcome {
    pub(super) status: u16,
    range: Option<String>,
    /// How long the body is that a GET would get.
    length: Option<u64>,
    /// The part of the reply's body that is sent.
    pub(super) body: Option<(u64, u64)>,
}

impl Outcome {
    pub(super) fn of(seen: &Seen, reply: &Reply) -> Self {
        if reply.etag.as_deref().is_some_and(|etag| seen.header("if-none-match") == Some(etag)) {
            return Self { status: 304, range: None, length: None, body: None };
        }
        let total = reply.body.len();
        let wanted = if reply.ranges { seen.header("range").and_then(|value| range(value, total)) } else { None };
        let (status, from, to) = match wanted {
            Some((from, to)) => (206, from, to),
            None => (reply.status, 0, total),
        };
        Self {
            status,
            range: wanted.map(|_| format!("bytes {from}-{}/{total}", to - 1)),
            length: Some(to - from),
            body: (seen.method != "HEAD" && !matches!(status, 204 | 304)).then_some((from, to)),
        }
    }

    /// The reply's own headers, and those that its framing and its range add.
    pub(super) fn headers(&self, reply: &Reply) -> Vec<(String, String)> {
        let mut headers = reply.headers.clone();
        let own_length = headers.iter().any(|(name, _)| name == "content-length");
        if let (Framing::Length, Some(length), false) = (reply.framing, self.length, own_length) {
            headers.push(("content-length".to_owned(), length.to_string()));
        }
        headers.extend(self.range.iter().map(|range| ("content-range".to_owned(), range.clone())));
        headers
    }
}

/// Hands the reply's body to `write` as told, up to where it is to end.
pub(super) fn send_body(
    shared: &Shared,
    reply: &Reply,
    from: u64,
    to: u64,
    write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let stop = match reply.end {
        End::CloseAfter(sent) => to.min(from + sent),
        _ => to,
    };
    let mut at = from;
    // What lies beyond a range that was asked for holds nobody up.
    for (sent, pause) in reply.in_body.iter().filter(|(sent, _)| from + sent <= stop) {
        let until = from + sent;
        reply.body.send(at, until.max(at), write)?;
        at = until.max(at);
        rest(pause, shared)?;
    }
    reply.body.send(at, stop, write)?;
    if reply.end == End::Never {
        // Ends with the connection, or with the server.
        while !shared.stopped() {
            Body::pattern(1 << 20).send(0, 1 << 20, write)?;
        }
    }
    Ok(())
}

/// Waits as told, but not beyond the server's own end.
pub(super) fn rest(pause: &Pause, shared: &Shared) -> io::Result<()> {
    let end = Instant::now() + MOST;
    let until = match pause {
        Pause::For(time) => Instant::now() + *time,
        Pause::Until(_) => end,
    };
    while !shared.stopped() {
        let left = until.saturating_duration_since(Instant::now()).min(Duration::from_millis(20));
        if left.is_zero() {
            return Ok(());
        }
        match pause {
            Pause::For(_) => sleep(left),
            Pause::Until(gate) if gate.wait(left) => return Ok(()),
            Pause::Until(_) => {}
        }
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// `bytes=a-b`, `bytes=a-` or `bytes=-n` of `total` bytes, as a half-open range.
fn range(value: &str, total: u64) -> Option<(u64, u64)> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (first, last) {
        ("", last) => (total.saturating_sub(last.parse().ok()?), total),
        (first, "") => (first.parse().ok()?, total),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(total)),
    };
    (from < to).then_some((from, to))
}

/// A gate nobody opens must not hold a test run for ever.
const MOST: Duration = Duration::from_secs(120);
