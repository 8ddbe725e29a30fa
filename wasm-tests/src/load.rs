//! Clients that ask without a pause until they are told to stop, and what became of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::http::{Conn, Request, Response};

/// A running load.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Tally>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    asked: AtomicU64,
    answered: AtomicU64,
}

/// How many ask at once.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Threads of this process.
    pub threads: usize,
    /// Connections of each: it sends on all of them, then reads from all of them, and so on.
    pub connections: usize,
}

impl Load {
    /// Starts it. `ask` makes the requests, numbered from 0 over all threads.
    #[must_use]
    pub fn start(
        addr: SocketAddr,
        shape: Shape,
        ask: impl Fn(u64) -> Request + Clone + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let threads = (0..shape.threads)
            .map(|_| {
                let (shared, ask) = (Arc::clone(&shared), ask.clone());
                thread::spawn(move || run(addr, shape.connections, &shared, ask))
            })
            .collect();
        Self { shared, threads }
    }

    /// How many answers have come.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Ends it, with the requests under way.
    ///
    /// # Panics
    /// When a request was not answered in whole.
    #[must_use]
    #[track_caller]
    pub fn stop(mut self) -> Tally {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let mut total = Tally::default();
        for thread in std::mem::take(&mut self.threads) {
            total.add(thread.join().expect("each request is answered"));
        }
        total.times.sort_unstable();
        total
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

fn run(addr: SocketAddr, connections: usize, shared: &Shared, ask: impl Fn(u64) -> Request) -> Tally {
    let open = |_| Conn::open(addr).unwrap_or_else(|error| panic!("{error}"));
    let mut connections: Vec<Conn> = (0..connections).map(open).collect();
    let mut tally = Tally::default();
    while !shared.stopped.load(Ordering::Relaxed) {
        let sent: Vec<_> = connections
            .iter_mut()
            .map(|connection| {
                let request = ask(shared.asked.fetch_add(1, Ordering::Relaxed));
                connection.send(&request).unwrap_or_else(|error| panic!("{error}"));
                (connection, request, Instant::now())
            })
            .collect();
        for (connection, request, at) in sent {
            let answer = connection.head().and_then(|head| connection.rest(&request, head));
            let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", request.target()));
            tally.count(&answer, at.elapsed(), request.compares());
            shared.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
    tally
}

/// What a load was answered.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers by status and `x-modgate-cache`.
    pub answers: BTreeMap<u16, BTreeMap<String, u64>>,
    /// Answers whose body was not what the request compares it with.
    pub wrong: u64,
    /// Refusals (429, 503) that do not say when to try again.
    pub without_retry: u64,
    /// Sorted when the load has ended.
    times: Vec<u32>,
}

impl Tally {
    fn count(&mut self, answer: &Response, time: Duration, compared: bool) {
        let from = answer.header("x-modgate-cache").unwrap_or("-");
        let kinds = self.answers.entry(answer.status).or_default();
        match kinds.get_mut(from) {
            Some(count) => *count += 1,
            None => drop(kinds.insert(from.to_owned(), 1)),
        }
        self.wrong += u64::from(compared && !answer.pattern);
        self.without_retry +=
            u64::from(matches!(answer.status, 429 | 503) && answer.header("retry-after").is_none());
        self.times.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    fn add(&mut self, other: Self) {
        for (status, kinds) in other.answers {
            for (from, count) in kinds {
                *self.answers.entry(status).or_default().entry(from).or_default() += count;
            }
        }
        self.wrong += other.wrong;
        self.without_retry += other.without_retry;
        self.times.extend(other.times);
    }

    /// How many answers there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.times.len() as u64
    }

    /// How many had this status.
    #[must_use]
    pub fn status(&self, status: u16) -> u64 {
        self.answers.get(&status).into_iter().flat_map(BTreeMap::values).sum()
    }

    /// How many said that they came from there (`x-modgate-cache`).
    #[must_use]
    pub fn from(&self, cache: &str) -> u64 {
        self.answers.values().filter_map(|kinds| kinds.get(cache)).sum()
    }

    /// The time within which `percent` of the answers were there: 50 is the median, 100 the slowest.
    #[must_use]
    pub fn within(&self, percent: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let at = (self.times.len() * percent / 100).min(last);
        Duration::from_micros(self.times.get(at).copied().unwrap_or_default().into())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, most, all] = [50, 99, 100].map(|percent| self.within(percent));
        write!(f, "{} answers {:?}, 50 % {median:?}, 99 % {most:?}, 100 % {all:?}", self.total(), self.answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hundred_answers_took() {
        let mut tally = Tally::default();
        for millis in 1..=100 {
            let refused = millis > 98;
            let answer = Response { status: if refused { 503 } else { 200 }, ..Response::default() };
            tally.count(&answer, Duration::from_millis(millis), millis == 7);
        }
        let millis = |percent| tally.within(percent).as_millis();
        assert_eq!((millis(0), millis(50), millis(99), millis(100)), (1, 51, 100, 100));
        assert_eq!((tally.total(), tally.status(200), tally.status(503), tally.from("-")), (100, 98, 2, 100));
        assert_eq!((tally.wrong, tally.without_retry), (1, 2));
        assert_eq!(Tally::default().within(50), Duration::ZERO);
    }
}
