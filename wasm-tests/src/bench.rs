//! What `make bench` runs: what a request costs an Envoy with the filter, beside what it costs the same Envoy without.
//!
//! The figure is CPU time of the Envoy process per request, not requests per second: it moves little when the machine has
//! other work to do. What still moves it (clock, caches, neighbours) moves all cases alike, therefore each case is measured
//! in several rounds, one round of all cases after another, and compared with its base in the same round.
//!
//! A benchmark that measures an error is worse than none. Before each measurement the very request is sent once and its
//! answer compared (status, body, where it came from); after it, wrk's errors and the filter's own counters must say that
//! all the others were answered in the same way.
//!
//! What a build waits for has a table of its own (`bench/cold.rs`).

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use crate::tools;

mod case;
mod cold;
mod pin;
mod settings;
mod site;
mod table;
mod wrk;

use case::Case;
use pin::Cores;
use settings::Settings;
use site::Site;
use table::{Row, Sample};
use wrk::Wrk;

/// Runs it with the settings in the environment; the process's exit code.
///
/// 2: a setting is wrong. 1: something did not start, no case is so named, or an answer was not what it was meant to be. 0: the table stands.
#[must_use]
pub fn main() -> ExitCode {
    let settings = match Settings::from_vars(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&settings) {
        Ok(report) => {
            println!("\n{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: &Settings) -> Result<String, String> {
    let of_requests = measure_requests(settings)?;
    let of_builds = settings.wants(cold::NAME).then(|| cold::measure(settings)).transpose()?;
    let tables: Vec<String> = of_requests.into_iter().chain(of_builds).collect();
    if tables.is_empty() {
        return Err(format!("BENCH_CASES={} names no case", settings.cases.join(",")));
    }
    Ok(tables.join("\n\n"))
}

/// What a request costs: nothing, where no such case is wanted.
fn measure_requests(settings: &Settings) -> Result<Option<String>, String> {
    let cores = Cores::find()?;
    let site = Site::start(cores.as_ref())?;
    let wrk = Wrk::new(&tools::find("MODGATE_WRK")?, cores.as_ref(), site.dir())?;
    let mut cases = case::all(&site)?;
    // A base may have a base itself, and stands before what is compared with it.
    let mut kept = BTreeSet::new();
    for case in cases.iter().rev() {
        if settings.wants(case.name) || kept.contains(case.name) {
            kept.extend([case.name, case.base]);
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    cases.retain(|case| kept.contains(case.name));

    // The first requests find cold caches; they are nobody's.
    for case in &cases {
        measure(&site, &wrk, case, "warm-up", Duration::from_secs(1))?;
    }
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); cases.len()];
    for round in 1..=settings.rounds {
        for (case, samples) in cases.iter().zip(&mut samples) {
            let sample = measure(&site, &wrk, case, &round.to_string(), settings.each)?;
            eprintln!("round {round}/{}: {:<32} {:>8.1} us", settings.rounds, case.name, sample.micros());
            samples.push(sample);
        }
    }
    let rows: Vec<Row> = cases
        .iter()
        .zip(samples)
        .map(|(case, samples)| Row::new(case.name, case.base, case.large_length(), samples))
        .collect();
    Ok(Some(format!("{}\n{}", table::render(&rows), footer(settings, &site, &wrk, cores.as_ref())?)))
}

/// One case for a while. Wrong answers are an error, and the figure with them.
fn measure(site: &Site, wrk: &Wrk, case: &Case, round: &str, length: Duration) -> Result<Sample, String> {
    let wrong = |error: String| format!("{}: {error}", case.name);
    case.check(site, round).map_err(wrong)?;
    site.settle().map_err(wrong)?;
    let before = site.envoy().stats();
    let begun = site.envoy().usage();
    let load = wrk.run(case, site, round, length).map_err(wrong)?;
    let ended = site.envoy().usage();
    case.check_load(&load, &before, &site.envoy().stats()).map_err(wrong)?;
    Ok(Sample {
        requests: load.requests,
        answers: case.answers(&load),
        cpu: ended.cpu.saturating_sub(begun.cpu),
    })
}

fn footer(settings: &Settings, site: &Site, wrk: &Wrk, cores: Option<&Cores>) -> Result<String, String> {
    let file = tools::find("MODGATE_WASM")?;
    let size = std::fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?.len();
    let memory = site.envoy().usage().rss / (1024 * 1024);
    let pinned = cores.map_or_else(
        || "not pinned to cores (no taskset, or one core only)".to_owned(),
        |cores| format!("Envoy on core {}, wrk and nginx on {}", cores.envoy, cores.others),
    );
    let again = match settings.cases.as_slice() {
        [] => String::new(),
        cases => format!(" BENCH_CASES={}", cases.join(",")),
    };
    Ok(format!(
        "CPU: user and system time of the whole Envoy process over answers, median and range of {rounds} round(s).\n\
         Ratio: median over the rounds, each against its base in the same round.\n\
         Filter: {size} bytes. Envoy: {version}, one worker, {memory} MiB at the end; {pinned}.\n\
         Load: {load} for {seconds} s each, headers as the go command sends them.\n\
         Again: make bench BENCH_SECONDS={seconds} BENCH_ROUNDS={rounds}{again}",
        rounds = settings.rounds,
        seconds = settings.each.as_secs(),
        version = site.version(),
        load = wrk.shown(),
    ))
}
