//! A real checksum database: golang.org/x/mod's own server over the modules of a tree.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{self, Process};
use crate::{tools, wait};

/// A running checksum database, stopped when dropped.
#[derive(Debug)]
pub struct Sumdb {
    process: Process,
    key: String,
    addr: SocketAddr,
    _scratch: TempDir,
}

impl Sumdb {
    /// What configurations call it: a name that no resolver knows.
    pub const NAME: &str = "sum.test";

    /// The database of the modules that `tree` holds.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn of(tree: &Path) -> Self {
        let scratch = TempDir::new().expect("a folder for its log");
        let mut command = process::command(&tools::sumdb());
        command.args(["-name", Self::NAME]).arg(tree.join("modules.json"));
        let process =
            Process::start("sumdb", command, &scratch.path().join("sumdb.log")).expect("sumdb starts");
        let (key, addr) = wait::poll(Duration::from_secs(10), || announcement(&process.log()))
            .unwrap_or_else(|| panic!("sumdb does not start: {}", process.log()));
        Self { process, key, addr, _scratch: scratch }
    }

    /// Its verifier key, as GOSUMDB takes it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes it down.
    pub fn stop(&self) {
        self.process.stop();
    }
}

fn announcement(log: &str) -> Option<(String, SocketAddr)> {
    let (key, url) = log.lines().next()?.split_once(' ')?;
    Some((key.to_owned(), url.strip_prefix("http://")?.parse().ok()?))
}
