//! Waivers that end soon, or have ended: operators are warned of them, for a build stops with a waiver's last day.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use log::Level;

use super::services::Services;
use crate::{cx::Cx, http::Timestamp, metrics::Gauge, policy::Waiver, shared::is_to_tell};

/// When this worker looks at the waivers next.
#[derive(Debug, Default)]
pub(super) struct WaiverWatch {
    looked: Option<Timestamp>,
}

impl WaiverWatch {
    /// Whether there is anything to be watched.
    pub(super) fn watches(services: &Services) -> bool {
        services.in_force.policy().waivers().next().is_some()
    }

    /// Time has passed: tells the host how many end soon and how many have ended, and the log which.
    pub(super) fn on_tick(&mut self, services: &Services, cx: &mut Cx<'_>) {
        if self.looked.is_some_and(|looked| cx.now.is_within(EVERY, looked)) {
            return;
        }
        let is_first = self.looked.replace(cx.now).is_none();
        let (mut ending, mut ended) = (Vec::new(), Vec::new());
        for waiver in services.in_force.policy().waivers() {
            if waiver.ends_soon(cx.now) {
                ending.push(waiver);
            } else if !waiver.holds(cx.now) {
                ended.push(waiver);
            }
        }
        // Without a waiver there never was anything to be told.
        if is_first && !Self::watches(services) {
            return;
        }
        let count = |waivers: &[&Waiver]| u64::try_from(waivers.len()).unwrap_or(u64::MAX);
        cx.set(Gauge::WaiversEnding, count(&ending));
        cx.set(Gauge::WaiversEnded, count(&ended));
        let mut hasher = DefaultHasher::new();
        for waiver in ending.iter().chain(&ended) {
            (&waiver.place, &waiver.name, waiver.until.0, waiver.holds(cx.now)).hash(&mut hasher);
        }
        let is_any = !(ending.is_empty() && ended.is_empty());
        if is_any && is_to_tell(cx.kv, "waivers", hasher.finish(), AGAIN, cx.now) {
            let lines = ending
                .iter()
                .map(|waiver| (waiver, "ends"))
                .chain(ended.iter().map(|waiver| (waiver, "has ended")));
            let count = ending.len().saturating_add(ended.len());
            let lines: Vec<_> = lines.take(MAX_TOLD).map(|(waiver, ends)| line(waiver, ends)).collect();
            for line in lines {
                cx.log(Level::Warn, line);
            }
            if count > MAX_TOLD {
                cx.log(Level::Warn, format!("waivers: {} more end soon or have ended", count - MAX_TOLD));
            }
        }
    }
}

fn line(waiver: &Waiver, ends: &str) -> String {
    let name = if waiver.name.is_empty() { &waiver.place } else { &waiver.name };
    let ticket = if waiver.ticket.is_empty() { String::new() } else { format!(", {}", waiver.ticket) };
    format!(
        "waiver {name} of {} {ends} at {} (by {}{ticket})",
        waiver.ids.join(", "),
        waiver.until.rfc3339(),
        waiver.by
    )
}

/// How often this worker looks.
const EVERY: Duration = Duration::from_secs(60);

/// How long the log is not told the same again.
const AGAIN: Duration = Duration::from_secs(86_400);

/// Lines at once: who has more of them reads the metric.
const MAX_TOLD: usize = 32;
