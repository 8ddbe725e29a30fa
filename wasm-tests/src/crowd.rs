//! Many clients that want the same at once, each on a connection of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;

use crate::http::{Conn, Error, Request, Response};

/// Clients that have asked and not yet read their answers. Dropping it hangs up on all of them.
#[derive(Debug)]
pub struct Crowd {
    addr: SocketAddr,
    request: Request,
    clients: Vec<Conn>,
}

impl Crowd {
    /// Nobody yet, but what they will ask of `addr`.
    #[must_use]
    pub fn new(addr: SocketAddr, request: Request) -> Self {
        Self { addr, request, clients: Vec::new() }
    }

    /// As many more clients, each connected and its request sent.
    ///
    /// # Panics
    /// When one cannot connect or send.
    #[must_use]
    #[track_caller]
    pub fn and(mut self, count: usize) -> Self {
        for _ in 0..count {
            let mut client = Conn::open(self.addr).unwrap_or_else(|error| panic!("{error}"));
            client.send(&self.request).unwrap_or_else(|error| panic!("{error}"));
            self.clients.push(client);
        }
        self
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// The one who asked first hangs up.
    pub fn first_leaves(&mut self) {
        drop(self.clients.remove(0));
    }

    /// Reads everybody's answer, each to its end or its deadline.
    #[must_use]
    pub fn answers(mut self) -> Answers {
        let request = &self.request;
        let read = |client: &mut Conn| {
            let head = client.head()?;
            client.rest(request, head)
        };
        let all = thread::scope(|scope| {
            let readers: Vec<_> = self
                .clients
                .chunks_mut(READ_BY_ONE)
                .map(|clients| scope.spawn(move || clients.iter_mut().map(read).collect::<Vec<_>>()))
                .collect();
            readers.into_iter().flat_map(|reader| reader.join().expect("a reader does not panic")).collect()
        });
        Answers(all)
    }
}

/// What came of a crowd's requests, in the order of asking.
#[derive(Debug)]
pub struct Answers(pub Vec<Result<Response, Error>>);

impl Answers {
    /// How many came of each kind: by status and `x-modgate-cache`, or by what went wrong.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        for answer in &self.0 {
            let kind = match answer {
                Ok(answer) => format!("{} {}", answer.status, answer.header(CACHE).unwrap_or("-")),
                Err(error) => error.to_string(),
            };
            *tally.entry(kind).or_default() += 1;
        }
        tally
    }

    /// How many say that they came from there (`x-modgate-cache`).
    #[must_use]
    pub fn from(&self, cache: &str) -> usize {
        let whole = self.0.iter().flatten();
        whole.filter(|answer| answer.header(CACHE) == Some(cache)).count()
    }

    /// Checks that every client got an answer with this status, and the length and bytes its request was to be compared with.
    ///
    /// # Panics
    /// When one did not.
    #[track_caller]
    pub fn assert_all(&self, status: u16, length: u64) {
        for answer in &self.0 {
            let right = answer
                .as_ref()
                .is_ok_and(|answer| (answer.status, answer.length, answer.pattern) == (status, length, true));
            assert!(right, "{answer:?} among {:?}", self.tally());
        }
    }
}

const CACHE: &str = "x-modgate-cache";

/// Answers wait in the kernel until they are read, so few threads do.
const READ_BY_ONE: usize = 50;
