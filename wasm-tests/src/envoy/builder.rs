//! What an Envoy is to be.

mod start;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bootstrap::Bootstrap;
use crate::bootstrap::discovery::Discovery;
use crate::bootstrap::s3::Keys;
use crate::tools;

/// How an Envoy is to be started.
#[derive(Debug)]
pub struct Builder {
    bootstrap: Bootstrap,
    filter: bool,
    bare: bool,
    wasm: Option<PathBuf>,
    concurrency: u32,
    log_level: Option<String>,
    dir: Option<PathBuf>,
    env: Vec<(String, String)>,
    /// Clusters that somebody has pointed somewhere; the others lead nowhere.
    pointed: Vec<String>,
    isolated: bool,
    own_ports: bool,
    listen: SocketAddr,
    may_crash: bool,
    alone: bool,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            bootstrap: Bootstrap::gateway(),
            filter: true,
            bare: false,
            wasm: None,
            concurrency: 1,
            log_level: None,
            dir: None,
            env: Vec::new(),
            pointed: Vec::new(),
            isolated: true,
            own_ports: true,
            listen: ANY,
            may_crash: false,
            alone: false,
        }
    }

    /// Points a cluster, new or known, at a plain HTTP server.
    #[must_use]
    pub fn cluster(self, name: &str, server: SocketAddr) -> Self {
        self.cluster_of(name, &[server])
    }

    /// Points a cluster, new or known, at a server of HTTP/2 without TLS.
    #[must_use]
    pub fn cluster_http2(mut self, name: &str, server: SocketAddr) -> Self {
        self.bootstrap.point(name, &[server]);
        self.bootstrap.speak_http2(name);
        self.pointed(name)
    }

    /// Points a cluster, new or known, at several plain HTTP servers.
    #[must_use]
    pub fn cluster_of(mut self, name: &str, servers: &[SocketAddr]) -> Self {
        self.bootstrap.point(name, servers);
        self.pointed(name)
    }

    /// Points a cluster, new or known, at a TLS server whose certificate `ca` signed.
    #[must_use]
    pub fn cluster_tls(mut self, name: &str, server: SocketAddr, ca: &Path) -> Self {
        self.bootstrap.point_tls(name, server, ca);
        self.pointed(name)
    }

    /// Leaves a cluster as the configuration has it, which must lead nowhere but to this machine.
    #[must_use]
    pub fn cluster_as_written(self, name: &str) -> Self {
        self.pointed(name)
    }

    /// Has what goes to a cluster signed.
    #[must_use]
    pub fn signed(mut self, name: &str, keys: &Keys) -> Self {
        self.bootstrap.sign_with(name, keys);
        self
    }

    /// Replaces the plugin configuration.
    #[must_use]
    pub fn plugin(mut self, configuration: &Value) -> Self {
        self.bootstrap.set_plugin(configuration);
        self
    }

    /// Merges into the plugin configuration of the file.
    #[must_use]
    pub fn patch_plugin(mut self, patch: &Value) -> Self {
        self.bootstrap.patch_plugin(patch);
        self
    }

    /// Adds a route of the gateway's own.
    #[must_use]
    pub fn route(mut self, prefix: &str, cluster: &str) -> Self {
        self.bootstrap.add_route(prefix, cluster);
        self
    }

    /// Changes anything else.
    #[must_use]
    pub fn edit(mut self, edit: impl FnOnce(&mut Bootstrap)) -> Self {
        edit(&mut self.bootstrap);
        self
    }

    /// Has the filter configured by a file in `dir`, instead of by the bootstrap, as that is now.
    ///
    /// # Panics
    /// When the file cannot be written, or there is no filter to configure.
    #[must_use]
    pub fn discovered(mut self, dir: &Path) -> (Self, Discovery) {
        let wasm = self.wasm.clone().unwrap_or_else(tools::wasm);
        self.bootstrap.wasm(&wasm);
        self.filter = false;
        let discovery = self.bootstrap.discover_filter(dir);
        (self, discovery)
    }

    /// Another bootstrap, whose filter has its file and its configuration already.
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: Bootstrap) -> Self {
        self.bootstrap = bootstrap;
        self.filter = false;
        self
    }

    /// Leaves the filter out.
    #[must_use]
    pub fn without_filter(mut self) -> Self {
        self.bootstrap.remove_filter();
        self.filter = false;
        self.bare = true;
        self
    }

    /// Another filter than the one under test.
    #[must_use]
    pub fn wasm(mut self, file: &Path) -> Self {
        self.wasm = Some(file.to_owned());
        self
    }

    /// So many workers; 1 unless said.
    #[must_use]
    pub fn concurrency(mut self, workers: u32) -> Self {
        self.concurrency = workers;
        self
    }

    /// `trace`, `debug`, ... for Envoy and the filter; unless said, warnings of Envoy and what the filter says.
    #[must_use]
    pub fn log_level(mut self, level: &str) -> Self {
        self.log_level = Some(level.to_owned());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps bootstrap and log in this folder instead of one that goes with the Envoy.
    #[must_use]
    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// Uses the ports as the bootstrap has them now, and clusters as they are: not for tests.
    #[must_use]
    pub fn as_written(mut self) -> Self {
        self.own_ports = false;
        self.isolated = false;
        self
    }

    /// Has it listen there, for those who must know it beforehand.
    #[must_use]
    pub fn at(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// Expects the filter to crash: a test that makes it do so does not fail for that alone.
    #[must_use]
    pub fn may_crash(mut self) -> Self {
        self.may_crash = true;
        self
    }

    /// Gives it a process of its own: for tests that measure the process, or do to it what would harm the next test.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    fn pointed(mut self, name: &str) -> Self {
        self.pointed.push(name.to_owned());
        self
    }
}

/// A port that the kernel chooses.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
