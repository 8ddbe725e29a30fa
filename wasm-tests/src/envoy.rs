//! A real Envoy, run from `envoy/gateway.yaml`.

use std::net::SocketAddr;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{self, Request, Response};
use crate::process::Process;
use crate::process::usage::{self, Usage};

mod builder;
mod harm;
mod stats;

pub use builder::Builder;

/// A running Envoy. It is stopped, and its log shown if the test fails, when dropped; a test in which its filter crashed
/// fails then.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    addr: SocketAddr,
    admin: SocketAddr,
    watch: Watch,
    _scratch: Option<TempDir>,
}

/// What is checked when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// That neither it nor its filter crashed.
    Filter,
    /// That it did not crash; the filter was made to.
    Envoy,
    /// Somebody runs it for other reasons than to test it.
    Nothing,
}

impl Envoy {
    /// One to be started from `envoy/gateway.yaml`, on ports of its own and on loopback.
    ///
    /// Every cluster that is not pointed somewhere refuses connections: no test leaves the machine.
    #[must_use]
    pub fn gateway() -> Builder {
        Builder::new()
    }

    /// Where the gateway listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The gateway as a GOPROXY.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where the admin page listens.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// GETs a target from the gateway.
    ///
    /// # Panics
    /// When there is no whole response within 30 seconds.
    #[must_use]
    #[track_caller]
    pub fn get(&self, target: &str) -> Response {
        http::get(self.addr, target)
    }

    /// Sends a request to the gateway.
    ///
    /// # Panics
    /// When there is no whole response before its deadline.
    #[must_use]
    #[track_caller]
    pub fn send(&self, request: &Request) -> Response {
        request.send(self.addr)
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Memory and CPU time right now.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.process.usage().expect("Envoy runs")
    }

    /// Lets the peak of [`Envoy::usage`] begin anew; the resident memory right now.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    pub fn forget_peak(&self) -> u64 {
        usage::forget_peak(self.process.pid()).expect("Envoy runs");
        self.usage().rss
    }

    /// Whether the log holds `text`; it has Envoy's own messages, the filter's, and the access log.
    #[must_use]
    pub fn log_contains(&self, text: &str) -> bool {
        self.process.log().contains(text)
    }

    /// The access log's records so far, oldest first. Each takes a moment to be written.
    #[must_use]
    pub fn access_log(&self) -> Vec<Value> {
        self.process
            .log()
            .lines()
            .filter(|line| line.starts_with('{'))
            .filter_map(|line| line.parse().ok())
            .collect()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if thread::panicking() {
            // The end of the log, which is shown too, may be access records alone.
            let log = self.process.log();
            let said: Vec<&str> = log.lines().filter(|line| !line.starts_with('{')).collect();
            eprintln!("--- what Envoy said ---\n{}\n---", said[said.len().saturating_sub(40)..].join("\n"));
            return;
        }
        match self.watch {
            Watch::Filter => self.assert_unharmed(),
            Watch::Envoy => self.assert_alive(),
            Watch::Nothing => {}
        }
    }
}
