//! What Envoy counts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Envoy;
use crate::{http, wait};

impl Envoy {
    /// Every counter and gauge, by its full name: the filter's begin with `wasmcustom.modgate.`.
    ///
    /// # Panics
    /// When the admin page does not answer; so do the functions below.
    #[must_use]
    pub fn stats(&self) -> BTreeMap<String, u64> {
        let answer = http::get(self.admin, "/stats?format=json").json();
        let stats = answer["stats"].as_array().into_iter().flatten();
        stats.filter_map(|stat| Some((stat["name"].as_str()?.to_owned(), stat["value"].as_u64()?))).collect()
    }

    /// One of them; 0 when it does not exist yet.
    #[must_use]
    pub fn stat(&self, name: &str) -> u64 {
        self.stats().get(name).copied().unwrap_or(0)
    }

    /// One of the filter's own, such as `callouts_total.target.storage.outcome.ok`.
    #[must_use]
    pub fn metric(&self, name: &str) -> u64 {
        self.stat(&format!("wasmcustom.modgate.{name}"))
    }

    /// The sum of the filter's counters that begin with `prefix`.
    #[must_use]
    pub fn metrics(&self, prefix: &str) -> u64 {
        let prefix = format!("wasmcustom.modgate.{prefix}");
        self.stats().iter().filter(|(name, _)| name.starts_with(&prefix)).map(|(_, value)| value).sum()
    }

    /// Waits until the filter's counter `name` has reached `value`.
    ///
    /// # Panics
    /// When it has not within 10 seconds.
    #[track_caller]
    pub fn wait_metric(&self, name: &str, value: u64) {
        wait::until(&format!("{name} reaches {value}"), Duration::from_secs(10), || {
            self.metric(name) >= value
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

    /// What a Prometheus server would scrape.
    #[must_use]
    pub fn prometheus(&self) -> String {
        http::get(self.admin, "/stats/prometheus").text()
    }
}

const DISCOVERY: &str = "extension_config_discovery.http_filter.modgate";
