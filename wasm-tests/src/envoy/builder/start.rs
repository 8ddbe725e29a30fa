//! How it is started: in which process, with what of this machine put in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

#[cfg(feature = "suites")]
use serde_json::Value;

use super::super::launch::{self, START, launch, scratch, unwarned, write};
use super::super::pool::{self, Start};
use super::super::{Envoy, Home, Watch};
use super::{ANY, Builder};
use crate::http::Request;
use crate::process::{self, Process};
use crate::tools;
#[cfg(feature = "suites")]
use crate::xds::{Control, resources::Resources};

impl Builder {
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
            .and_then(|answer| launch::listener(&answer.json()))
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

    /// Starts it in a process of its own, at the address it was given, with all but its bootstrap from `control`; it is not ready
    /// before it has that, of which `extension` is not there yet. What there is.
    ///
    /// # Panics
    /// When it ends; with the end of its log.
    #[cfg(feature = "suites")]
    #[must_use]
    #[track_caller]
    pub fn start_controlled(mut self, extension: &Value, control: &Control) -> (Envoy, Resources) {
        assert!(self.listen != ANY, "where it is to listen must be known: it does not before it is ready");
        let scratch = scratch().unwrap_or_else(|error| panic!("{error}"));
        self.adapt().unwrap_or_else(|error| panic!("{error}"));
        let resources = Resources::take_out_of(&mut self.bootstrap, extension, control);
        resources.serve(control);
        let args = self.args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let begun = launch::begin(&self.bootstrap, scratch.path(), &args, &self.env);
        let (process, admin) = begun.unwrap_or_else(|error| panic!("{error}"));
        let watch = if self.may_crash { Watch::Envoy } else { Watch::Filter };
        let home = Some(Home::Own { process, _scratch: Some(scratch) });
        (Envoy { home, addr: self.listen, admin, watch }, resources)
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

    /// Puts in what is this machine's: what its Envoy needs, the filter's file, ports, and clusters that lead nowhere.
    fn adapt(&mut self) -> Result<(), String> {
        self.bootstrap.suit(tools::envoy_version()?)?;
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
}

/// Nothing listens on port 1: connections are refused at once.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
