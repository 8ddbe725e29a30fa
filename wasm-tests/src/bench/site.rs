//! What all servers of a run have in common: the files they serve, the servers they fetch from, and a folder to run in.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::pin::Cores;
use super::server::nginx::Peer;
use crate::nginx::Nginx;

pub(super) mod files;

/// All of it, running.
#[derive(Debug)]
pub(super) struct Site<'a> {
    cores: Option<&'a Cores>,
    /// Modgate's.
    storage: Nginx,
    upstream: Nginx,
    /// The peers'.
    origin: Peer,
    dir: TempDir,
}

impl<'a> Site<'a> {
    pub(super) fn start(cores: Option<&'a Cores>) -> Result<Self, String> {
        let dir = tempfile::Builder::new().prefix("modgate-bench-").tempdir();
        let dir = dir.map_err(|error| error.to_string())?;
        let at = |name: &str| dir.path().join(name);
        files::lay_out(&at(STORE), &at(TREE), &at(ALL))
            .map_err(|error| format!("{}: {error}", dir.path().display()))?;
        let storage = Nginx::storage_in(&at("nginx"), &at(STORE))?;
        let upstream = Nginx::serving_in(&at("nginx"), &at(TREE), None)?;
        let site = Self { cores, storage, upstream, origin: Peer::files(&folder(dir.path(), "origin")?, &at(ALL))?, dir };
        if let Some(cores) = cores {
            for pid in [site.storage.process().pid(), site.upstream.process().pid(), site.origin.pid()] {
                cores.pin_other(pid)?;
            }
        }
        Ok(site)
    }

    /// A folder for files of this run.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A folder for the files of one server.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, String> {
        folder(self.dir.path(), name)
    }

    /// The whole GOPROXY tree.
    pub(super) fn tree(&self) -> PathBuf {
        self.dir.path().join(ALL)
    }

    /// The server of the whole tree that the peers fetch from.
    pub(super) fn origin(&self) -> SocketAddr {
        self.origin.http1()
    }

    /// Modgate's upstream.
    pub(super) fn upstream(&self) -> SocketAddr {
        self.upstream.addr()
    }

    /// Modgate's storage.
    pub(super) fn storage(&self) -> SocketAddr {
        self.storage.addr()
    }

    /// The file under a request's path.
    pub(super) fn file(&self, target: &str) -> Result<Vec<u8>, String> {
        let file = self.tree().join(target.trim_start_matches('/'));
        fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// Gives the measured server's core to a process and what it has started.
    pub(super) fn pin(&self, pid: u32) -> Result<(), String> {
        self.cores.map_or(Ok(()), |cores| cores.pin_measured(pid))
    }
}

fn folder(dir: &Path, name: &str) -> Result<PathBuf, String> {
    let folder = dir.join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// What storage has: what never changes.
const STORE: &str = "store";
/// What Modgate's upstream has: what changes.
const TREE: &str = "tree";
/// Both.
const ALL: &str = "all";
