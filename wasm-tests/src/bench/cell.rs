//! One measurement, again and again: a case, asked of a server over one HTTP.
//!
//! A benchmark that measures an error is worse than none. Before each measurement the very request is sent once and its answer
//! compared; after it, the load generator's errors and the filter's own counters must say that all the others were answered in the same way.

use std::collections::BTreeMap;
use std::time::Duration;

use super::case::{self, Case};
use super::load::{Generators, Http, Load, Order, Target};
use super::sample::Sample;
use super::server::{Id, Server};
use super::settings::Settings;
use super::site::Site;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) case: &'static Case,
    pub(super) server: Id,
    pub(super) http: Http,
}

/// All cells that are asked for, with those they are compared with. What is compared stands close together.
pub(super) fn wanted(settings: &Settings) -> Vec<Cell> {
    let mut cells = Vec::new();
    for case in case::ALL {
        for http in Http::BOTH.into_iter().filter(|http| case.speaks(*http)) {
            cells.extend(case.on.iter().map(|server| Cell { case, server: *server, http }));
        }
    }
    let mut kept: Vec<bool> = cells.iter().map(|cell| settings.wants(cell.case.name, cell.server.name())).collect();
    // A base may have a base itself.
    for _ in 0..2 {
        for at in 0..cells.len() {
            if let Some(base) = cells[at].base(&cells).filter(|_| kept[at]) {
                kept[base] = true;
            }
        }
    }
    let mut kept = kept.into_iter();
    cells.retain(|_| kept.next().unwrap_or_default());
    cells
}

impl Cell {
    /// Which of the cells it is compared with.
    pub(super) fn base(&self, cells: &[Self]) -> Option<usize> {
        let base = self.case.base();
        cells.iter().position(|cell| (cell.case.name, cell.server) == base && cell.http == self.http)
    }

    /// As a person would say it.
    pub(super) fn name(&self) -> String {
        format!("{}, {}, {}", self.case.name, self.server.name(), self.http.name())
    }

    /// Measures it for a while; nothing where the server does not speak that HTTP. Wrong answers are an error, and the figure with them.
    pub(super) fn measure(
        &self,
        server: &Server,
        site: &Site<'_>,
        generators: &Generators<'_>,
        round: &str,
        length: Duration,
    ) -> Result<Option<Sample>, String> {
        let Some(addr) = server.addr(self.http) else { return Ok(None) };
        let case = self.case;
        let tag = case.tag(server)?;
        // Of one owner too much in vain would be refused.
        let below = format!("/round-{round}.example.com/owner-");
        let target = match case.target {
            case::Target::Same(target) => Target::Same(target),
            case::Target::Unknown => Target::Below(&below),
        };
        let answer = match target {
            // What is to come from a cache is asked for once before: since the last round something else may have taken its place.
            Target::Same(path) => {
                case.send(server, path, tag.as_deref())?;
                case.send(server, path, tag.as_deref())?
            }
            Target::Below(path) => case.send(server, &format!("{path}first/module/@v/list"), None)?,
        };
        case.judge(&answer, server, site)?;
        server.settle()?;
        let headers = case.headers(tag.as_deref());
        let apart = case.figure == case::Figure::P99;
        let order = Order { http: self.http, addr, target, headers: &headers, at_once: case.at_once, apart, length };
        let counted = server.gateway().map(|envoy| envoy.stats());
        // A machine with much other work may give the generator no time at all.
        let mut tries = 0;
        let (load, cpu) = loop {
            let begun = server.usage();
            let load = generators.run(&order)?;
            tries += 1;
            if load.requests > 0 || load.broken > 0 || tries == TRIES {
                break (load, server.usage().cpu.saturating_sub(begun.cpu));
            }
        };
        self.check_load(&load, answer.length)?;
        if let (Some(before), Some(envoy)) = (counted, server.gateway()) {
            self.check_filter(&load, &before, &envoy.stats())?;
        }
        let answers = answers(&load, answer.length);
        Ok(Some(Sample { answers, length: answer.length, cpu, p99: load.p99 }))
    }

    /// Compares what the load generator counted with what was meant.
    fn check_load(&self, load: &Load, length: u64) -> Result<(), String> {
        let refused = if self.case.status >= 400 { load.requests } else { 0 };
        if answers(load, length) < 1.0 || load.broken > 0 || load.refused != refused {
            return Err(format!("under load {load:?}, with {refused} answers of 400 and above meant"));
        }
        // h2load counts an answer by its head; the bodies of the last may not be there when it stops.
        if load.bytes < load.requests.saturating_sub(self.case.at_once.into()) * length {
            return Err(format!("under load {load:?}: that is less than {length} bytes each"));
        }
        Ok(())
    }

    /// Compares what the filter counted under load with what was meant.
    fn check_filter(
        &self,
        load: &Load,
        before: &BTreeMap<String, u64>,
        after: &BTreeMap<String, u64>,
    ) -> Result<(), String> {
        let meant = self.case.filter;
        // Those on their way when the load stopped are counted by the filter alone.
        let answered = load.requests..=load.requests + u64::from(self.case.at_once);
        let mut callouts = 0;
        let mut made = Vec::new();
        let mut counted = false;
        for (name, value) in after {
            // Envoy's gauges, among them, may fall.
            let more = value.saturating_sub(before.get(name).copied().unwrap_or_default());
            if let Some(target) = name.strip_prefix(CALLOUTS) {
                callouts += more;
                made.extend((more > 0).then(|| format!("{more} {target}")));
            } else if let Some(counter) = name.strip_prefix(ANSWERS).filter(|_| more > 0) {
                if meant.counter != Some(counter) || !answered.contains(&more) {
                    return Err(format!("under load {load:?}, and the filter counted {more} of {counter}"));
                }
                counted = true;
            }
        }
        if counted != meant.counter.is_some() {
            return Err(format!("under load the filter counted none of {:?}", meant.counter));
        }
        if !(answered.start() * meant.callouts..=answered.end() * meant.callouts).contains(&callouts) {
            return Err(format!("under load {load:?}, and the filter made callouts: {}", made.join(", ")));
        }
        Ok(())
    }
}

/// How many answers a load came to. Of large ones a part are on their way when it stops, which cost as much so far.
#[allow(clippy::cast_precision_loss, reason = "no run has 2^52 bytes")]
fn answers(load: &Load, length: u64) -> f64 {
    if length >= LARGE { load.bytes as f64 / length as f64 } else { load.requests as f64 }
}

const TRIES: u32 = 3;

/// From here on the head, which may be counted too, is nothing beside the body.
pub(super) const LARGE: u64 = 100_000;

const ANSWERS: &str = "wasmcustom.modgate.requests_total.";
const CALLOUTS: &str = "wasmcustom.modgate.callouts_total.";
