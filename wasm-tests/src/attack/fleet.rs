//! Many HTTP/2 connections of one attacker, each with as many requests as the server allows.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::http2::Http2;

/// The connections. Dropping it hangs up on all of them.
#[derive(Debug)]
pub struct Fleet {
    addr: SocketAddr,
    window: u32,
    /// Streams of one connection, if the server allows so many.
    streams: usize,
    ballast: Option<(String, String, usize)>,
    connections: Vec<Http2>,
    requests: usize,
    bytes: usize,
    refused: Option<io::Error>,
}

impl Fleet {
    /// Nobody yet. Of each answer's body the server may send `window` bytes.
    #[must_use]
    pub fn new(addr: SocketAddr, streams: usize, window: u32) -> Self {
        Self {
            addr,
            window,
            streams,
            ballast: None,
            connections: Vec::new(),
            requests: 0,
            bytes: 0,
            refused: None,
        }
    }

    /// Each request carries so many times a header of `bytes` bytes, which costs one byte each time.
    #[must_use]
    pub fn ballast(self, bytes: usize, times: usize) -> Self {
        Self { ballast: Some(("x-a".to_owned(), "x".repeat(bytes), times)), ..self }
    }

    /// Sends `count` GETs for what `path` says, over as many connections as they need, as long as `go_on` says so. It ends
    /// early where the server takes no more connections.
    pub fn send(
        &mut self,
        count: usize,
        path: impl Fn(usize) -> String,
        mut go_on: impl FnMut() -> bool,
    ) -> &mut Self {
        let mut sent = 0;
        while sent < count && go_on() {
            match self.connection(count - sent, &|number| path(sent + number)) {
                Ok(more) => sent += more,
                Err(error) => {
                    self.refused = Some(error);
                    break;
                }
            }
        }
        self
    }

    /// One more connection with at most `count` requests; how many those are.
    fn connection(&mut self, count: usize, path: &dyn Fn(usize) -> String) -> io::Result<usize> {
        let mut connection = Http2::open(self.addr, self.window)?;
        let count = count.min(self.streams).min(connection.most_streams());
        let ballast = self.ballast.as_ref().map(|(name, value, times)| (name.as_str(), value.as_str(), *times));
        for number in 0..count {
            connection.get(&path(number), ballast);
        }
        self.bytes += connection.flush()?;
        self.requests += count;
        self.connections.push(connection);
        Ok(count)
    }

    /// How many requests were sent.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests
    }

    /// How many bytes those were.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Why the server took no more connections, if it did not.
    #[must_use]
    pub fn refused(&self) -> Option<&io::Error> {
        self.refused.as_ref()
    }

    /// Reads until every request has its answer, at most for `limit`; what became of them.
    pub fn outcome(&mut self, limit: Duration) -> BTreeMap<String, usize> {
        let deadline = Instant::now() + limit;
        let mut all = BTreeMap::new();
        for connection in &mut self.connections {
            connection.wait(deadline.max(Instant::now() + Duration::from_millis(5)));
            for (what, count) in connection.outcome() {
                *all.entry(what).or_default() += count;
            }
        }
        all
    }
}
