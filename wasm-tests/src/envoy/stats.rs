//! What Envoy counts.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use super::Envoy;
use crate::{http, wait};

impl Envoy {
    /// Every counter and gauge, by its full name, once the filter's own stand still: it tells Envoy of its
    /// counts every tenth of a second, so what was answered just now comes a moment later.
    ///
    /// # Panics
    /// When the admin page does not answer; so do the functions below. When the filter's counters move for 10 seconds.
    #[must_use]
    #[track_caller]
    pub fn stats(&self) -> BTreeMap<String, u64> {
        let counted = |stats: &BTreeMap<String, u64>| {
            let of_filter = stats.iter().filter(|(name, _)| name.starts_with(FILTER));
            of_filter.map(|(name, value)| (name.clone(), *value)).collect::<Vec<_>>()
        };
        let mut before = counted(&self.stats_now());
        let settled = wait::poll(Duration::from_secs(10), || {
            sleep(TWO_TICKS);
            let stats = self.stats_now();
            let now = counted(&stats);
            (std::mem::replace(&mut before, now) == before).then_some(stats)
        });
        settled.expect("the filter counts for as long as it is watched")
    }

    /// Every counter and gauge, by its full name, as Envoy has it now: for what is polled, and for Envoy's own. The labels of the filter's
    /// own stand behind the name here, as in `wasmcustom.modgate.callouts_total.target.storage.outcome.ok`.
    #[must_use]
    pub fn stats_now(&self) -> BTreeMap<String, u64> {
        let answer = http::get(self.admin, "/stats?format=json").json();
        let stats = answer["stats"].as_array().into_iter().flatten();
        stats.filter_map(|stat| Some((plain(stat["name"].as_str()?), stat["value"].as_u64()?))).collect()
    }

    /// One of Envoy's own now; 0 when it does not exist yet.
    #[must_use]
    pub fn stat(&self, name: &str) -> u64 {
        self.stats_now().get(name).copied().unwrap_or(0)
    }

    /// One of the filter's own, such as `callouts_total.target.storage.outcome.ok`, once it stands still.
    #[must_use]
    #[track_caller]
    pub fn metric(&self, name: &str) -> u64 {
        self.stats().get(&format!("{FILTER}{name}")).copied().unwrap_or(0)
    }

    /// The sum of the filter's counters that begin with `prefix`, once they stand still.
    #[must_use]
    #[track_caller]
    pub fn metrics(&self, prefix: &str) -> u64 {
        let prefix = format!("{FILTER}{prefix}");
        self.stats().iter().filter(|(name, _)| name.starts_with(&prefix)).map(|(_, value)| value).sum()
    }

    /// The clients' connections that each worker has now, in no order worth knowing.
    #[must_use]
    pub fn connections_by_worker(&self) -> Vec<u64> {
        let of_a_worker = |name: &str| {
            name.starts_with("listener.")
                && name.contains(".worker_")
                && name.ends_with(".downstream_cx_active")
        };
        self.stats().into_iter().filter(|(name, _)| of_a_worker(name)).map(|(_, count)| count).collect()
    }

    /// How many requests of clients are under way now.
    #[must_use]
    pub fn requests_active(&self) -> u64 {
        let of_clients = |name: &str| {
            name.starts_with("http.")
                && name.ends_with(".downstream_rq_active")
                && !name.starts_with("http.admin.")
        };
        self.stats_now().into_iter().filter(|(name, _)| of_clients(name)).map(|(_, count)| count).sum()
    }

    /// Waits until `count` requests of clients are under way.
    ///
    /// # Panics
    /// When they are not within 10 seconds.
    #[track_caller]
    pub fn wait_active(&self, count: usize) {
        wait::until(&format!("{count} requests are under way"), Duration::from_secs(10), || {
            self.requests_active() == count as u64
        });
    }

    /// Waits until the filter's counter `name` has reached `value`.
    ///
    /// # Panics
    /// When it has not within 10 seconds.
    #[track_caller]
    pub fn wait_metric(&self, name: &str, value: u64) {
        wait::until(&format!("{name} reaches {value}"), Duration::from_secs(10), || {
            self.stat(&format!("{FILTER}{name}")) >= value
        });
    }

    /// Waits until Envoy has taken `count` configurations of the filter from its file, and answers whether it refused one.
    ///
    /// # Panics
    /// When it has not within 10 seconds.
    #[track_caller]
    pub fn wait_discovered(&self, count: u64) -> bool {
        let stat = |name: &str| self.stat(&format!("{DISCOVERY}.{name}"));
        wait::until(&format!("{count} configurations were seen"), Duration::from_secs(10), || {
            stat("config_reload") + stat("config_fail") >= count
        });
        stat("config_fail") > 0
    }

    /// What a Prometheus server would scrape, once the filter's counters stand still.
    #[must_use]
    #[track_caller]
    pub fn prometheus(&self) -> String {
        let _ = self.stats();
        http::get(self.admin, "/stats/prometheus").text()
    }
}

/// The filter's `wasmcustom.target=.=storage;.;modgate.callouts_total` as `wasmcustom.modgate.callouts_total.target.storage`, and every other
/// name as it is.
fn plain(name: &str) -> String {
    let Some(mut rest) = name.strip_prefix("wasmcustom.") else { return name.to_owned() };
    let mut labels = String::new();
    while let Some(((label, value), next)) =
        rest.split_once(";.;").and_then(|(pair, next)| Some((pair.split_once("=.=")?, next)))
    {
        labels += &format!(".{label}.{value}");
        rest = next;
    }
    format!("wasmcustom.{rest}{labels}")
}

/// What the names of the filter's counters begin with.
const FILTER: &str = "wasmcustom.modgate.";
/// Counters that do not move for so long have been told everything, unless a worker is kept from its tick for longer.
const TWO_TICKS: Duration = Duration::from_millis(200);

const DISCOVERY: &str = "extension_config_discovery.http_filter.modgate";
