//! A real checksum database: golang.org/x/mod's own server over the modules of a tree. It lies when told to.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{self, Request};
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

    /// Its cluster.
    pub const CLUSTER: &str = "sum";

    /// The database of the modules that `tree` holds, also of those that come there later.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn of(tree: &Path) -> Self {
        Self::after(1, tree)
    }

    /// As [`Sumdb::of`], with so many other records before its own: proofs need tiles above the lowest from 256 on.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn after(records: u32, tree: &Path) -> Self {
        Self::start(&["-filler", &records.to_string()], tree)
    }

    /// The database of the records in the `modules.json` of `tree`, all of which are in its log from the beginning, in the order
    /// of their names: as a database that others have long asked.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn grown(tree: &Path) -> Self {
        Self::start(&["-filler", "0", "-grown"], tree)
    }

    /// As [`Sumdb::grown`], with the modules that lie in `tree` now and each far from the next: as in a database of millions, hardly two of
    /// them share a tile.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn grown_apart(tree: &Path) -> Self {
        Self::start(&["-grown", "-apart", "256"], tree)
    }

    fn start(args: &[&str], tree: &Path) -> Self {
        let scratch = TempDir::new().expect("a folder for its log");
        let mut command = process::command(&tools::sumdb());
        command.args(["-name", Self::NAME]).args(args).arg(tree);
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

    /// What the plugin configuration says of it, under `sumdb`: it is cluster [`Sumdb::CLUSTER`].
    #[must_use]
    pub fn configured(&self) -> Value {
        json!([{"name": Self::NAME, "key": self.key(), "cluster": Self::CLUSTER, "url": "http://sum.test"}])
    }

    /// From now on lies as `wasm-tests/sumdb/lies.go` says, such as `{"lookup": {"m@v1.0.0": "wrong-key"}}`.
    ///
    /// # Panics
    /// When it does not know that lie.
    #[track_caller]
    pub fn lie(&self, lies: &Value) {
        let told = Request::new("POST", "/-/lies").body(lies.to_string()).send(self.addr);
        assert_eq!(told.status, 200, "{lies}: {}", told.text());
    }

    /// From now on says the truth.
    ///
    /// # Panics
    /// When it does not run.
    #[track_caller]
    pub fn be_honest(&self) {
        self.lie(&json!({}));
    }

    /// Every path it was asked for so far, unescaped.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    #[track_caller]
    pub fn asked(&self) -> Vec<String> {
        serde_json::from_value(http::get(self.addr, "/-/asked").json()).expect("a list of paths")
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
