//! All who ask: each takes the next request, sends it and has its answer judged.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, From};
use super::draw::{Ask, Draw};
use super::judge::{Judge, Verdict};
use super::ledger::Touched;
use super::parameters::{Kind, OUTAGE_HALF};
use super::plan::Plan;
use super::tally::{self, Came, Course, Tally};
use super::weather::Weather;

/// All who ask.
#[derive(Debug)]
pub(super) struct Company<'a> {
    addr: SocketAddr,
    pub(super) plan: &'a Plan,
    draw: Draw,
    judge: &'a Judge<'a>,
    pub(super) weather: Weather,
    pub(super) course: Course,
    next: AtomicU64,
    answered: AtomicU64,
    /// The hundredth of the day that nobody may begin yet.
    gate: AtomicU64,
    last_excuse: AtomicU64,
}

impl<'a> Company<'a> {
    /// One that has asked nothing yet.
    pub(super) fn new(addr: SocketAddr, plan: &'a Plan, judge: &'a Judge<'a>) -> Self {
        Self {
            addr,
            plan,
            draw: Draw::of(plan),
            judge,
            weather: Weather::new(),
            course: Course::new(),
            next: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            gate: AtomicU64::new(OUTAGE_HALF),
            last_excuse: AtomicU64::new(0),
        }
    }

    /// How many requests have ended.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Different files that clients got so far.
    pub(super) fn touched(&self) -> Touched {
        self.judge.ledger.touched()
    }

    /// The last answer that was excused, in milliseconds after the outage.
    pub(super) fn last_excuse(&self) -> u64 {
        self.last_excuse.load(Ordering::SeqCst)
    }

    /// Lets go on all who wait for this hundredth to begin, up to another.
    pub(super) fn open_gate(&self, next: u64) {
        self.gate.store(next, Ordering::SeqCst);
    }

    /// Lets nobody ask any more.
    pub(super) fn send_home(&self) {
        self.open_gate(u64::MAX);
        self.next.store(u64::MAX / 2, Ordering::SeqCst);
    }

    /// What one client does all day.
    pub(super) fn work(&self) -> Tally {
        let mut tally = Tally::new();
        let mut client = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.plan.requests {
                return tally;
            }
            let ask = self.draw.ask(number);
            let hundredth = number * 100 / self.plan.requests;
            // Each half of the outage is sat out: one that is over sooner than the tries of a search is not noticed.
            while hundredth >= self.gate.load(Ordering::Relaxed) {
                thread::sleep(BRIEF);
            }
            self.exchange(&mut client, &ask, hundredth, &mut tally);
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn exchange(&self, client: &mut Option<Client>, ask: &Ask, hundredth: u64, tally: &mut Tally) {
        let question = self.judge.question(ask);
        let (sent, at) = (self.weather.now(), Instant::now());
        let answer = match client.as_mut() {
            Some(client) => client.ask(&question.target, question.tag, question.expected()),
            None => Client::open(self.addr).and_then(|opened| {
                client.insert(opened).ask(&question.target, question.tag, question.expected())
            }),
        };
        let (got, micros) = (self.weather.now(), at.elapsed().as_micros());
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                *client = None;
                tally.count(ask.kind, Came::Wrong);
                tally.wrong(format!("{}: {error}; sent {sent:?}, ended {got:?}", question.target));
                return;
            }
        };
        self.course.count(hundredth, answer.from);
        tally.times[tally::part(hundredth)].note(u64::try_from(micros).unwrap_or(u64::MAX));
        if ask.kind == Kind::Zip && answer.status == 200 {
            tally.zip_bytes += self.judge.catalogue.zip(ask.module, ask.version).len();
            tally.streamed += u64::from(answer.from == From::Upstream);
        }
        let came = match self.judge.verdict(ask, &question, &answer, sent, got) {
            Verdict::Right => match answer.status {
                304 => Came::NotModified,
                403 => Came::Refused,
                404 | 410 => Came::Missing,
                _ => Came::Whole,
            },
            Verdict::Excused => {
                tally.excused += 1;
                self.judge.ledger.refused(*ask);
                self.last_excuse.fetch_max(got.since_outage.unwrap_or_default(), Ordering::Relaxed);
                Came::Excused
            }
            Verdict::Wrong(what) => {
                tally.wrong(what);
                Came::Wrong
            }
        };
        tally.count(ask.kind, came);
    }

    /// Asks once more for what could not be had; what cannot be had now either.
    pub(super) fn ask_again(&self, refused: &[Ask]) -> Vec<String> {
        let (mut client, mut tally) = (None, Tally::new());
        for ask in refused {
            self.exchange(&mut client, &Ask { conditional: false, ..*ask }, 99, &mut tally);
        }
        let excused = tally.excused;
        tally.wrong.extend((excused > 0).then(|| format!("{excused} could still not be had")));
        tally.wrong
    }
}

const BRIEF: Duration = Duration::from_millis(1);
