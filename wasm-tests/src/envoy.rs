//! A real Envoy, run from `envoy/gateway.yaml`.

use std::fs;
use std::net::SocketAddr;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::bootstrap::older;
use crate::http::{self, Request, Response};
use crate::process::Process;
use crate::process::usage::{self, Usage};

mod builder;
mod harm;
mod launch;
mod pool;
mod stats;

pub use builder::Builder;
use pool::Shared;

/// A running Envoy. It is stopped or kept for the next test, and its log shown if the test fails, when dropped; a test in which
/// its filter crashed fails then.
#[derive(Debug)]
pub struct Envoy {
    /// Nothing once it is being dropped.
    home: Option<Home>,
    addr: SocketAddr,
    admin: SocketAddr,
    watch: Watch,
}

/// The process it runs in.
#[derive(Debug)]
enum Home {
    Own {
        process: Process,
        _scratch: Option<TempDir>,
    },
    /// Tests take it in turn.
    Shared {
        shared: Shared,
        /// Where in its log this test's begins.
        begun: usize,
    },
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
    ///
    /// # Panics
    /// When it is not this test's alone; so do those below that measure it.
    #[must_use]
    #[track_caller]
    pub fn process(&self) -> &Process {
        let shared = matches!(self.home, Some(Home::Shared { .. }));
        assert!(!shared, "other tests' process, too: build this Envoy with `alone()`");
        self.any_process()
    }

    fn any_process(&self) -> &Process {
        match &self.home {
            Some(Home::Own { process, .. }) => process,
            Some(Home::Shared { shared, .. }) => &shared.process,
            None => unreachable!("taken when it is dropped"),
        }
    }

    /// Memory and CPU time right now.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    #[track_caller]
    pub fn usage(&self) -> Usage {
        self.process().usage().expect("Envoy runs")
    }

    /// Lets the peak of [`Envoy::usage`] begin anew; the resident memory right now.
    ///
    /// # Panics
    /// When it has ended.
    #[must_use]
    #[track_caller]
    pub fn forget_peak(&self) -> u64 {
        usage::forget_peak(self.process().pid()).expect("Envoy runs");
        self.usage().rss
    }

    /// What it has logged for this test: Envoy's own messages, the filter's, and the access log.
    #[must_use]
    pub fn log(&self) -> String {
        let process = self.any_process();
        let Some(Home::Shared { begun, .. }) = &self.home else { return process.log() };
        let log = fs::read(process.log_file()).unwrap_or_default();
        let own = log.get(*begun..).unwrap_or_default();
        String::from_utf8_lossy(own).into_owned()
    }

    /// Whether the log holds `text`.
    #[must_use]
    pub fn log_contains(&self, text: &str) -> bool {
        self.log().contains(text)
    }

    /// The access log's records so far, oldest first. Each takes a moment to be written.
    #[must_use]
    pub fn access_log(&self) -> Vec<Value> {
        self.log()
            .lines()
            .filter(|line| line.starts_with('{'))
            .filter_map(|line| line.parse().ok())
            .map(older::as_shipped)
            .collect()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if thread::panicking() {
            // The end of the log, which is shown too, may be access records alone.
            let log = self.log();
            let said: Vec<&str> = log.lines().filter(|line| !line.starts_with('{')).collect();
            eprintln!("--- what Envoy said ---\n{}\n---", said[said.len().saturating_sub(40)..].join("\n"));
            return;
        }
        match self.watch {
            Watch::Filter => self.assert_unharmed(),
            Watch::Envoy => self.assert_alive(),
            Watch::Nothing => {}
        }
        if let Some(Home::Shared { shared, .. }) = self.home.take() {
            pool::give_back(shared);
        }
    }
}
