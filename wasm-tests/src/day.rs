//! A day of a large company through one gateway, as fast as it goes: what `make ten-million` runs, and its short form in the tests.
//!
//! Clients ask for what [`parameters`] says. They check each answer to its last byte against a catalogue that makes every file from its
//! name; wrk, which asks faster, checks none. Two configurations are deployed on the way, and the upstream is out for a while.
//! What has to hold in the end stands in [`Day::faults`].

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

mod catalogue;
mod client;
mod draw;
mod judge;
mod ledger;
pub mod parameters;
mod plan;
mod report;
mod site;
mod tally;
mod upstream;
mod weather;

use catalogue::Catalogue;
use client::{Client, From};
use draw::{Ask, Draw};
use judge::{Judge, Verdict};
use ledger::{Ledger, Touched};
use parameters::{FIRST_DEPLOYMENT, Kind, OUTAGE, OUTAGE_HALF, OUTAGE_OVER, SECOND_DEPLOYMENT};
pub use plan::Plan;
use site::Site;
use tally::{Came, Course, Tally};
use weather::{Rule, Upstream, Weather};

/// What came of a day.
#[derive(Debug)]
pub struct Day {
    plan: Plan,
    tally: Tally,
    course: Course,
    /// At the end of each hundredth.
    samples: Vec<Sample>,
    heard: upstream::Count,
    /// Requests that reached the checksum database: lookups, tiles, tree heads.
    proven: [u64; 3],
    touched: Touched,
    /// What could not be had in the outage, and what of it could not be had afterwards either.
    refused: u64,
    still_refused: Vec<String>,
    /// The last answer that was excused, in milliseconds after the outage.
    last_excuse: u64,
    took: Duration,
    outage: Duration,
    cpu: Duration,
    before: u64,
}

/// A look at the gateway.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    rss: u64,
    /// Requests to storage, upstream and checksum database so far.
    sent: [u64; 3],
}

/// Runs it with the settings in the environment; the process's exit code.
///
/// 2: a setting is wrong. 1: something did not start, or what has to hold does not. 0: it holds, and is written where
/// `TEN_MILLION_WRITE` is set.
#[must_use]
pub fn main() -> ExitCode {
    let var = |name: &str| std::env::var(name).ok();
    let plan = match Plan::from_vars(var) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("ten-million: {error}");
            return ExitCode::from(2);
        }
    };
    let write = var("TEN_MILLION_WRITE").is_some_and(|text| !text.trim().is_empty());
    let told = run(&plan).and_then(|day| {
        println!("\n{}", day.text()?);
        if write {
            day.write()?;
        }
        match day.faults() {
            faults if faults.is_empty() => Ok(()),
            faults => Err(faults.join("\n")),
        }
    });
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ten-million: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Lives the day.
///
/// # Errors
/// When something does not start. What is wrong with the answers is in the result.
///
/// # Panics
/// When a client does.
pub fn run(plan: &Plan) -> Result<Day, String> {
    assert!(judge::is_large_enough(plan), "too few versions: {plan:?}");
    let catalogue = Arc::new(Catalogue::of(plan));
    let mut site = Site::start(plan, &catalogue)?;
    let ledger = Ledger::of(&catalogue);
    let judge = Judge::new(&catalogue, &ledger);
    let company = Company {
        addr: site.envoy.addr(),
        plan,
        draw: Draw::of(plan),
        judge: &judge,
        weather: Weather::new(),
        course: Course::new(),
        next: AtomicU64::new(0),
        answered: AtomicU64::new(0),
        last_excuse: AtomicU64::new(0),
    };
    let (begun, before) = (Instant::now(), site.envoy.usage());
    let (tally, watched) = thread::scope(|scope| {
        let work = || company.work();
        let start = |_| {
            let named = thread::Builder::new().name("client".to_owned()).stack_size(STACK);
            named.spawn_scoped(scope, work).expect("a thread")
        };
        let clients: Vec<_> = (0..plan.clients).map(start).collect();
        let watched = watch(&company, &mut site);
        if watched.is_err() {
            company.next.store(u64::MAX / 2, Ordering::SeqCst);
        }
        let mut tally = Tally::new();
        for client in clients {
            tally.add(client.join().expect("a client does not panic"));
        }
        (tally, watched)
    });
    let watched = watched?;
    let took = begun.elapsed();
    let cpu = site.envoy.usage().cpu.saturating_sub(before.cpu);
    let refused = ledger.all_refused();
    let still_refused = company.ask_again(&refused);
    site.settle();
    let asked = site.sumdb.asked();
    let proven = ["/lookup/", "/tile/", "/latest"]
        .map(|kind| asked.iter().filter(|path| path.starts_with(kind)).count() as u64);
    Ok(Day {
        plan: plan.clone(),
        tally,
        samples: watched.samples,
        heard: site.upstream.count(),
        proven,
        touched: ledger.touched(),
        refused: refused.len() as u64,
        still_refused,
        last_excuse: company.last_excuse.load(Ordering::SeqCst),
        course: company.course,
        took,
        outage: watched.outage,
        cpu,
        before: before.rss,
    })
}

/// All who ask.
struct Company<'a> {
    addr: SocketAddr,
    plan: &'a Plan,
    draw: Draw,
    judge: &'a Judge<'a>,
    weather: Weather,
    course: Course,
    next: AtomicU64,
    answered: AtomicU64,
    last_excuse: AtomicU64,
}

impl Company<'_> {
    /// What one client does all day.
    fn work(&self) -> Tally {
        let mut tally = Tally::new();
        let mut client = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.plan.requests {
                return tally;
            }
            let ask = self.draw.ask(number);
            let hundredth = number * 100 / self.plan.requests;
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
    fn ask_again(&self, refused: &[Ask]) -> Vec<String> {
        let (mut client, mut tally) = (None, Tally::new());
        for ask in refused {
            self.exchange(&mut client, &Ask { conditional: false, ..*ask }, 99, &mut tally);
        }
        let excused = tally.excused;
        tally.wrong.extend((excused > 0).then(|| format!("{excused} could still not be had")));
        tally.wrong
    }
}

/// What was seen by who made the weather.
struct Watched {
    samples: Vec<Sample>,
    outage: Duration,
}

/// Makes the weather, and looks at the gateway after each hundredth.
fn watch(company: &Company<'_>, site: &mut Site) -> Result<Watched, String> {
    let (begun, weather) = (Instant::now(), &company.weather);
    let mut samples = Vec::new();
    let mut outage = Duration::ZERO;
    for hundredth in 1..=100 {
        while company.answered.load(Ordering::Relaxed) < company.plan.at(hundredth) {
            thread::sleep(STEP);
            if begun.elapsed() > LONGEST {
                return Err(format!("only {hundredth} % in {LONGEST:?}"));
            }
        }
        let usage = site.envoy.usage();
        samples.push(Sample { at: begun.elapsed(), rss: usage.rss, sent: site.sent() });
        match hundredth {
            FIRST_DEPLOYMENT => site.deploy_rules()?,
            OUTAGE => {
                outage = begun.elapsed();
                weather.set_upstream(Upstream::Changes);
                site.upstream.refuse();
                weather.set_upstream(Upstream::Fails);
            }
            OUTAGE_HALF => {
                site.upstream.fail(true);
                site.upstream.listen();
            }
            OUTAGE_OVER => {
                outage = begun.elapsed().saturating_sub(outage);
                weather.set_upstream(Upstream::Changes);
                site.upstream.fail(false);
                weather.set_upstream(Upstream::Serves);
            }
            SECOND_DEPLOYMENT => {
                weather.set_rule(Rule::Coming);
                site.deploy_refusal()?;
                // Envoy counts a configuration when it hands it to the workers.
                thread::sleep(HANDED_OVER);
                weather.set_rule(Rule::InForce);
            }
            _ => {}
        }
    }
    Ok(Watched { samples, outage })
}

/// A client's: it holds a request, and no file.
const STACK: usize = 256 * 1024;
const STEP: Duration = Duration::from_millis(2);
const HANDED_OVER: Duration = Duration::from_millis(500);
/// A machine on which a day takes longer is too busy to say anything.
const LONGEST: Duration = Duration::from_secs(3 * 3600);
