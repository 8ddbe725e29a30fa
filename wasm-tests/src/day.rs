//! A day of a large company through one gateway, as fast as it goes: what `make ten-million` runs, and its short form in the tests.
//!
//! Clients ask for what [`parameters`] says. They check each answer to its last byte against a catalogue that makes every file from its
//! name; wrk, which asks faster, checks none. Two configurations are deployed on the way, and the upstream is out for a while.
//! What has to hold in the end stands in [`Day::faults`].

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

mod catalogue;
mod client;
mod company;
mod draw;
mod faults;
mod judge;
mod ledger;
mod page;
pub mod parameters;
mod plan;
mod site;
mod tally;
mod upstream;
mod watch;
mod weather;

use catalogue::Catalogue;
use company::Company;
use judge::Judge;
use ledger::{Ledger, Touched};
pub use plan::Plan;
use site::Site;
use tally::{Course, Tally};
use watch::{Sample, watch};

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
    let company = Company::new(site.envoy.addr(), plan, &judge);
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
            company.send_home();
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
        last_excuse: company.last_excuse(),
        course: company.course,
        took,
        outage: watched.outage,
        cpu,
        before: before.rss,
    })
}

/// A client's: it holds a request, and no file.
const STACK: usize = 256 * 1024;
