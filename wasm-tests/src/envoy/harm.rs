//! What no test may leave behind unseen: a filter that crashed, an Envoy that did.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Envoy;
use crate::http::Request;
use crate::wait;

impl Envoy {
    /// Checks that the filter's VM never trapped and Envoy itself did not crash. Every Envoy is checked when dropped.
    ///
    /// # Panics
    /// When one did.
    #[track_caller]
    pub fn assert_unharmed(&self) {
        let log = self.log();
        let marks: Vec<&str> =
            log.lines().filter(|line| MARKS.iter().any(|mark| line.contains(mark))).take(5).collect();
        assert!(marks.is_empty(), "the filter crashed:\n{}", marks.join("\n"));
        self.assert_alive();
        if self.any_process().exited().is_some() {
            return;
        }
        if let Ok(stats) = Request::get("/stats?filter=vm_reload").try_send(self.admin) {
            for line in stats.text().lines() {
                assert!(line.ends_with(": 0"), "the filter's VM was replaced: {line}");
            }
        }
    }

    /// Checks that Envoy itself did not crash, whatever its filter did.
    ///
    /// # Panics
    /// When it did.
    #[track_caller]
    pub fn assert_alive(&self) {
        if let Some(status) = self.any_process().exited() {
            let signal = status.signal().filter(|signal| *signal != Signal::SIGTERM as i32);
            assert_eq!(signal, None, "Envoy ended by a signal: {status}");
        }
    }

    /// Waits until nothing is under way: no client's request, and none of `clusters`.
    ///
    /// # Panics
    /// When something still is after 10 seconds.
    #[track_caller]
    pub fn wait_idle(&self, clusters: &[&str]) {
        let gauges: Vec<String> =
            clusters.iter().map(|name| format!("cluster.{name}.upstream_rq_active")).collect();
        wait::until("nothing is under way", Duration::from_secs(10), || {
            let stats = self.stats_now();
            self.requests_active() == 0 && gauges.iter().all(|gauge| stats.get(gauge) == Some(&0))
        });
    }
}

/// What Envoy logs of a trap, and what the filter's runtime says just before.
const MARKS: [&str; 4] =
    ["panicked at", "Proxy-Wasm plugin in-VM", "Uncaught RuntimeError", "Uncaught RangeError"];
