//! How an Envoy is started.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::pool::{self, Start};
use super::{Envoy, Home, Watch};
use crate::bootstrap::Bootstrap;
use crate::bootstrap::discovery::Discovery;
use crate::bootstrap::s3::Keys;
use crate::http::Request;
use crate::process::{self, Process};
use crate::{tools, wait};

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

    /// Starts it, in a process of its own or in one that tests take in turn, and waits until it serves.
    ///
    /// # Panics
    /// When it does not; with the end of its log.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Envoy {
        let started = if self.takes_turns() { self.start_in_turn() } else { self.try_start() };
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Whether nothing about it asks for a process of its own. Without the filter a process is quick to start.
    fn takes_turns(&self) -> bool {
        let bootstrap = self.bootstrap.value();
        let resources = bootstrap["static_resources"].as_object();
        let movable = |name: &String| ["listeners", "clusters"].contains(&name.as_str());
        !self.alone
            && !self.bare
            && self.own_ports
            && self.isolated
            && self.listen == ANY
            && self.dir.is_none()
            && resources.is_some_and(|resources| resources.keys().all(movable))
            // Envoy wants a name before it reads files that change.
            && bootstrap["node"].is_object()
            && ["dynamic_resources", "bootstrap_extensions"].iter().all(|name| bootstrap.get(name).is_none())
    }

    fn start_in_turn(mut self) -> Result<Envoy, String> {
        let wasm = self.wasm.clone().map_or_else(|| tools::find("MODGATE_WASM"), Ok)?;
        self.adapt()?;
        let start = Start { wasm: &wasm, args: &self.args(), env: &self.env };
        let (shared, addr, begun) = pool::take(&self.bootstrap, &start)?;
        let admin = shared.admin;
        let watch = if self.may_crash { Watch::Envoy } else { Watch::Filter };
        let envoy = Envoy { home: Some(Home::Shared { shared, begun }), addr, admin, watch };
        unwarned(&envoy.log())?;
        Ok(envoy)
    }

    /// Starts it in a process of its own, and waits until it serves.
    ///
    /// # Errors
    /// Says why it does not, with the end of its log.
    pub fn try_start(mut self) -> Result<Envoy, String> {
        let scratch = if self.dir.is_none() { Some(scratch()?) } else { None };
        let dir = self
            .dir
            .clone()
            .or_else(|| scratch.as_ref().map(|dir| dir.path().to_owned()))
            .unwrap_or_default();
        self.adapt()?;
        let args = self.args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (process, admin) = launch(&self.bootstrap, &dir, &args, &self.env)?;
        let listeners = Request::get("/listeners?format=json").try_send(admin);
        let addr = listeners
            .ok()
            .and_then(|answer| listener(&answer.json()))
            .ok_or_else(|| format!("Envoy listens nowhere:\n{}", process.log_tail(30)))?;
        let watch = match (self.own_ports, self.may_crash) {
            (true, false) => Watch::Filter,
            (true, true) => Watch::Envoy,
            (false, _) => Watch::Nothing,
        };
        if watch != Watch::Nothing {
            unwarned(&process.log())?;
        }
        Ok(Envoy { home: Some(Home::Own { process, _scratch: scratch }), addr, admin, watch })
    }

    fn args(&self) -> Vec<String> {
        let level: &[&str] = match &self.log_level {
            Some(level) => &["--log-level", level],
            None => &["--log-level", "warning", "--component-log-level", "wasm:info"],
        };
        let workers = self.concurrency.to_string();
        ["--concurrency", &workers].iter().chain(level).map(|arg| (*arg).to_owned()).collect()
    }

    /// Runs `envoy --mode validate` instead.
    ///
    /// # Errors
    /// What Envoy says against it.
    pub fn validate(mut self) -> Result<(), String> {
        let scratch = scratch()?;
        self.adapt()?;
        let config = write(&self.bootstrap, scratch.path())?;
        let mut command = process::command(&tools::find("MODGATE_ENVOY")?);
        command.args(["--mode", "validate", "-c"]).arg(config);
        let log = scratch.path().join("envoy.log");
        let process = Process::start("envoy", command, &log).map_err(|error| error.to_string())?;
        match process.wait(START) {
            Some(status) if status.success() => unwarned(&process.log()),
            _ => Err(process.log_tail(30)),
        }
    }

    /// Puts in what is this machine's: the filter's file, ports, and clusters that lead nowhere.
    fn adapt(&mut self) -> Result<(), String> {
        if self.filter {
            let wasm = self.wasm.take().map_or_else(|| tools::find("MODGATE_WASM"), Ok)?;
            self.bootstrap.wasm(&wasm);
        }
        if self.own_ports {
            self.bootstrap.listen(self.listen);
            self.bootstrap.admin(ANY);
        }
        if self.isolated {
            for name in self.bootstrap.cluster_names() {
                if !self.pointed.contains(&name) {
                    self.bootstrap.point(&name, &[NOWHERE]);
                }
            }
        }
        Ok(())
    }

    fn pointed(mut self, name: &str) -> Self {
        self.pointed.push(name.to_owned());
        self
    }
}

/// Starts an Envoy with its files in `dir`, and waits until it is ready: the process, and where its admin page is.
pub(super) fn launch(
    bootstrap: &Bootstrap,
    dir: &Path,
    args: &[&str],
    env: &[(String, String)],
) -> Result<(Process, SocketAddr), String> {
    let config = write(bootstrap, dir)?;
    let address_file = dir.join("admin-address");
    let _ = fs::remove_file(&address_file);
    let mut command = process::command(&tools::find("MODGATE_ENVOY")?);
    command
        .arg("--disable-hot-restart")
        // Of the access log, which would otherwise wait for 10 seconds.
        .args(["--file-flush-interval-msec", "200"])
        .args(args)
        .arg("--admin-address-path")
        .arg(&address_file)
        .arg("-c")
        .arg(config)
        .envs(env.iter().map(|(name, value)| (name, value)));
    let process =
        Process::start("envoy", command, &dir.join("envoy.log")).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let ready = wait::poll(START, || {
        if process.exited().is_some() {
            return Some(None);
        }
        let admin: SocketAddr = fs::read_to_string(&address_file).ok()?.trim().parse().ok()?;
        let answer = Request::get("/ready").deadline(Duration::from_secs(5)).try_send(admin).ok()?;
        (answer.status == 200).then_some(Some(admin))
    });
    let failure = match ready {
        Some(Some(admin)) => return Ok((process, admin)),
        Some(None) => "ended while starting".to_owned(),
        None => format!("was not ready after {:?}", begun.elapsed()),
    };
    Err(format!("Envoy {failure}:\n{}", process.log_tail(30)))
}

fn write(bootstrap: &Bootstrap, dir: &Path) -> Result<PathBuf, String> {
    let file = dir.join("bootstrap.json");
    bootstrap.write(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// What Envoy itself warns of when it starts is a fault of its configuration, such as a field that the next version refuses.
fn unwarned(log: &str) -> Result<(), String> {
    let warning = |line: &&str| {
        let level = ["[warning]", "[error]", "[critical]"].iter().any(|level| line.contains(level));
        // What the filter says goes through a logger of its own.
        line.starts_with('[') && level && !line.contains("[wasm]")
    };
    match log.lines().find(warning) {
        Some(line) => Err(format!("Envoy warns of its configuration:\n{line}")),
        None => Ok(()),
    }
}

/// Where the first listener listens.
pub(super) fn listener(listeners: &Value) -> Option<SocketAddr> {
    // Those that only this Envoy can connect to have no address.
    let mut all = listeners["listener_statuses"].as_array()?.iter();
    let address = all.find_map(|listener| listener["local_address"].get("socket_address"))?;
    let ip: IpAddr = address["address"].as_str()?.parse().ok()?;
    let port = u16::try_from(address["port_value"].as_u64()?).ok()?;
    Some(SocketAddr::from((ip, port)))
}

fn scratch() -> Result<TempDir, String> {
    tempfile::Builder::new().prefix("modgate-envoy-").tempdir().map_err(|error| error.to_string())
}

/// A port that the kernel chooses.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Nothing listens on port 1: connections are refused at once.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
/// Compiling the filter takes a second; on a machine with other work to do, many.
pub(super) const START: Duration = Duration::from_secs(60);
