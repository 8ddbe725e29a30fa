//! Clients who ask for what everybody asks for, all the while, and what they suffered.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::bounds::PATIENCE;
use crate::http::{Conn, Error, Request, Response};
use crate::wait;

/// Two of them, each with a request under way or about to be sent. Unlike a load they are no burden, and unlike one they
/// go on whatever they are answered.
#[derive(Debug)]
pub struct Bystander {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Suffered>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    asked: AtomicU64,
    answered: AtomicU64,
}

/// What is asked for, and under which name its times are kept.
#[derive(Debug)]
pub struct Ask {
    /// Such as `hit`.
    pub kind: &'static str,
    /// The right answer is a whole 200 with the bytes it is compared with, if it is.
    pub request: Request,
}

impl Bystander {
    /// Starts them. `ask` makes the requests, numbered from 0 over both.
    #[must_use]
    pub fn start(addr: SocketAddr, ask: impl Fn(u64) -> Ask + Clone + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let threads = (0..CLIENTS)
            .map(|_| {
                let (shared, ask) = (Arc::clone(&shared), ask.clone());
                thread::spawn(move || run(addr, &shared, ask))
            })
            .collect();
        Self { shared, threads }
    }

    /// How many requests have ended, well or badly.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Waits until so many more have ended, so that what follows is measured as well as what came before.
    ///
    /// # Panics
    /// When they have not within a minute.
    #[track_caller]
    pub fn wait(&self, more: u64) {
        let until = self.answered() + more;
        wait::until("others ask", Duration::from_secs(60), || self.answered() >= until);
    }

    /// Ends them, with the requests under way.
    ///
    /// # Panics
    /// When one of them did.
    #[must_use]
    pub fn stop(mut self) -> Suffered {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let mut all = Suffered::default();
        for thread in std::mem::take(&mut self.threads) {
            all.add(thread.join().expect("a bystander does not panic"));
        }
        all.times.values_mut().for_each(|times| times.sort_unstable());
        all
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

fn run(addr: SocketAddr, shared: &Shared, ask: impl Fn(u64) -> Ask) -> Suffered {
    let (mut suffered, mut conn, mut used) = (Suffered::default(), None, 0);
    while !shared.stopped.load(Ordering::Relaxed) {
        let Ask { kind, request } = ask(shared.asked.fetch_add(1, Ordering::Relaxed));
        let request = request.deadline(PATIENCE);
        let begun = Instant::now();
        // A new connection now and then: the kernel may give it to another worker.
        let mut now = match conn.take() {
            Some(kept) if used < KEPT_FOR => Ok(kept),
            _ => {
                used = 0;
                Conn::open(addr)
            }
        };
        let answer = match &mut now {
            Ok(conn) => conn.exchange(&request),
            Err(error) => Err(std::mem::replace(error, Error::Empty)),
        };
        suffered.count(kind, &request, &answer, begun.elapsed());
        shared.answered.fetch_add(1, Ordering::Relaxed);
        used += 1;
        let goes_on = answer.is_ok_and(|answer| answer.header("connection") != Some("close"));
        conn = if goes_on { now.ok() } else { None };
        thread::sleep(BETWEEN);
    }
    suffered
}

/// What became of the requests.
#[derive(Debug, Default)]
pub struct Suffered {
    /// In microseconds, by kind; sorted when it is over.
    times: BTreeMap<&'static str, Vec<u64>>,
    /// What was not a right answer, by kind and what it was.
    failures: BTreeMap<String, u64>,
}

impl Suffered {
    fn count(
        &mut self,
        kind: &'static str,
        request: &Request,
        answer: &Result<Response, Error>,
        took: Duration,
    ) {
        self.times.entry(kind).or_default().push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let what = match answer {
            Ok(answer) if answer.status != 200 => answer.status.to_string(),
            Ok(answer) if request.compares() && !answer.pattern => "other bytes".to_owned(),
            Ok(_) => return,
            Err(error) => error.to_string(),
        };
        *self.failures.entry(format!("{kind}: {what}")).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (kind, times) in other.times {
            self.times.entry(kind).or_default().extend(times);
        }
        for (what, count) in other.failures {
            *self.failures.entry(what).or_default() += count;
        }
    }

    /// How many there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.times.values().map(Vec::len).sum()
    }

    /// How many were not answered rightly.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// What was wrong, and how often.
    #[must_use]
    pub fn failures(&self) -> &BTreeMap<String, u64> {
        &self.failures
    }

    /// The time within which `percent` of the answers of each kind came: of the kind that had to wait the longest for that.
    #[must_use]
    pub fn within(&self, percent: usize) -> Duration {
        let worst = self.times.values().filter_map(|times| at(times, percent)).max();
        Duration::from_micros(worst.unwrap_or_default())
    }

    /// The kind that [`Suffered::within`] speaks of.
    #[must_use]
    pub fn slowest(&self, percent: usize) -> &'static str {
        let kinds = self.times.iter().filter(|(_, times)| !times.is_empty());
        kinds.max_by_key(|(_, times)| at(times, percent)).map_or("nothing", |(kind, _)| kind)
    }
}

impl fmt::Display for Suffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, most, all] = [50, 99, 100].map(|percent| self.within(percent));
        write!(
            f,
            "{} requests, 50 % {median:?}, 99 % {most:?} ({}), 100 % {all:?}, failures {:?}",
            self.total(),
            self.slowest(99),
            self.failures
        )
    }
}

const CLIENTS: usize = 2;
const KEPT_FOR: u32 = 40;
const BETWEEN: Duration = Duration::from_millis(4);

/// The one of `times`, the shortest first, that is as long as that percentage of them at most. Below all of them, the longest is left
/// out also where one is more than the rest of the percentage: it has a bound of its own.
fn at(times: &[u64], percent: usize) -> Option<u64> {
    let last = times.len().checked_sub(1)?;
    let left_out = usize::from(percent < 100).max(times.len() * (100 - percent) / 100);
    times.get(last.saturating_sub(left_out)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_that_waits_the_longest_is_the_one_that_counts() {
        let mut suffered = Suffered::default();
        let request = Request::get("/");
        for (kind, status, millis) in [("hit", 200, 1), ("hit", 200, 2), ("cold", 200, 900), ("cold", 503, 3)]
        {
            let answer = Ok(Response { status, ..Response::default() });
            suffered.count(kind, &request, &answer, Duration::from_millis(millis));
        }
        suffered.times.values_mut().for_each(|times| times.sort_unstable());
        assert_eq!((suffered.total(), suffered.failed()), (4, 1));
        assert_eq!((suffered.within(100), suffered.slowest(100)), (Duration::from_millis(900), "cold"));
        // One of two is more than a hundredth, and the longest has a bound of its own.
        assert_eq!((suffered.within(99), suffered.slowest(99)), (Duration::from_millis(3), "cold"));
        assert_eq!(suffered.failures().get("cold: 503"), Some(&1));
    }
}
