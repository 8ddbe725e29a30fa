//! What `make bench` runs: what a request costs a gateway with the filter, beside what it costs the same Envoy without, and other servers.
//!
//! The figure is CPU time of all of a server's processes for an answer, not requests per second: it moves little when the machine has
//! other work to do. What still moves it (clock, caches, neighbours) moves all servers alike, therefore each cell (a case, asked of a
//! server over one HTTP) is measured in several rounds, one round of all cells after another, and compared with its base in the same round.

use std::process::ExitCode;
use std::time::Duration;

mod case;
mod cell;
mod cold;
mod load;
mod machine;
mod pin;
mod report;
mod sample;
mod server;
mod settings;
mod site;
mod table;

use cell::Cell;
use load::Generators;
use machine::Fact;
use pin::Cores;
use report::{Memory, Ratio, Report};
use sample::Sample;
use server::{Id, ROSTER, Server};
use settings::Settings;
use site::Site;
use table::Row;

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
    let of_builds = settings.wants(cold::NAME, cold::SERVER).then(|| cold::measure(settings)).transpose()?;
    let tables: Vec<String> = of_requests.into_iter().chain(of_builds).collect();
    if tables.is_empty() {
        return Err("BENCH_CASES and BENCH_SERVERS name nothing that is measured".to_owned());
    }
    Ok(tables.join("\n\n"))
}

/// What a request costs: nothing, where no such case is wanted.
fn measure_requests(settings: &Settings) -> Result<Option<String>, String> {
    let cells = cell::wanted(settings);
    if cells.is_empty() {
        return Ok(None);
    }
    let cores = Cores::find()?;
    let site = Site::start(cores.as_ref())?;
    let generators = Generators::new(cores.as_ref(), site.dir())?;
    let servers = start(&site, &cells)?;
    let samples = measure(settings, &site, &generators, &servers, &cells)?;

    let ratios: Vec<Option<f64>> = (0..cells.len())
        .map(|at| {
            let base = cells[at].base(&cells).map_or(&[][..], |base| &samples[base]);
            sample::ratio(cells[at].case.figure, &samples[at], base)
        })
        .collect();
    let rows: Vec<Row> = (0..cells.len()).filter(|at| !samples[*at].is_empty()).map(|at| row(at, &cells, &samples, &ratios)).collect();
    let report = Report {
        facts: facts(settings, cores.as_ref(), &generators, &servers)?,
        again: settings.command(),
        ratios: cells.iter().zip(&ratios).filter_map(|(cell, ratio)| Ratio::of(cell, (*ratio)?)).collect(),
        memory: servers.iter().map(Memory::of).collect(),
    };
    if settings.write {
        report.write()?;
    }
    Ok(Some(format!("{}\n{}", table::render(&rows), report.footer())))
}

/// Starts what the cells need, from the last of the roster to the first.
fn start(site: &Site<'_>, cells: &[Cell]) -> Result<Vec<Server>, String> {
    let mut servers = Vec::new();
    for entry in ROSTER.iter().rev() {
        let asked = cells.iter().any(|cell| cell.server == entry.id);
        // The first server answers what these do.
        let copied = cells.iter().any(|cell| cell.server == Id::Direct) && entry.id.is_copied();
        if asked || copied {
            match entry.start(site, &servers)? {
                Some(server) => servers.push(server),
                None => eprintln!("not measured, for {} is not set: {}", entry.needs.unwrap_or_default(), entry.name),
            }
        }
    }
    servers.reverse();
    Ok(servers)
}

/// All rounds, of each cell the samples.
fn measure(
    settings: &Settings,
    site: &Site<'_>,
    generators: &Generators<'_>,
    servers: &[Server],
    cells: &[Cell],
) -> Result<Vec<Vec<Sample>>, String> {
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); cells.len()];
    let one = |cell: &Cell, round: &str, length| {
        let Some(server) = servers.iter().find(|server| server.id == cell.server) else { return Ok(None) };
        let measured = cell.measure(server, site, generators, round, length);
        measured.map_err(|error| format!("{}: {error}", cell.name()))
    };
    // The first requests find cold caches and code that is not compiled in full; they are nobody's.
    for server in servers {
        if let Some(cell) = cells.iter().find(|cell| cell.server == server.id) {
            one(cell, "warm-up", Duration::from_secs(1))?;
        }
    }
    let mut broken = vec![false; cells.len()];
    for round in 1..=settings.rounds {
        for (at, cell) in cells.iter().enumerate() {
            if broken[at] {
                continue;
            }
            match one(cell, &round.to_string(), settings.each) {
                Ok(Some(sample)) => {
                    let micros = sample.micros(cell.case.figure);
                    eprintln!("round {round}/{}: {micros:>9.1} us  {}", settings.rounds, cell.name());
                    samples[at].push(sample);
                }
                Ok(None) => {}
                // One that stands still or resets under the load has no figure, and the others go on without it.
                Err(error) if cell.server.may_break() => {
                    eprintln!("round {round}/{}: no figure for {error}", settings.rounds);
                    broken[at] = true;
                    samples[at].clear();
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(samples)
}

fn row(at: usize, cells: &[Cell], samples: &[Vec<Sample>], ratios: &[Option<f64>]) -> Row {
    let cell = cells[at];
    let (case, server) = cell.case.base();
    let base = if case == cell.case.name { server.name().to_owned() } else { format!("{case}, {}", server.name()) };
    Row {
        case: cell.case,
        server: cell.server.name(),
        http: cell.http.name(),
        samples: samples[at].clone(),
        ratio: ratios[at],
        base,
    }
}

/// What it was measured on and with.
fn facts(
    settings: &Settings,
    cores: Option<&Cores>,
    generators: &Generators<'_>,
    servers: &[Server],
) -> Result<Vec<Fact>, String> {
    let mut facts = machine::facts(cores);
    facts.push(("servers", server::versions(servers)?.join(", ")));
    let [wrk, h2load] = generators.versions();
    facts.push(("load", format!("{wrk} for HTTP/1.1, {h2load} for HTTP/2, from a core of their own")));
    facts.push(("rounds", format!("{} of {} s for each figure", settings.rounds, settings.each.as_secs())));
    Ok(facts)
}
