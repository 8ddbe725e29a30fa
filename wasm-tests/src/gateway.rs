//! What `make run` runs: the gateway in the foreground, with a store and an upstream of its own, which proves itself with
//! the go command and stops everything it started when it is told to.

use std::fs;
use std::io::{Write, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::base_url::BaseUrl;
use crate::bootstrap::Bootstrap;
use crate::envoy::Envoy;
use crate::nginx::Nginx;
use crate::process::Process;
use crate::tree::Tree;
use crate::{go, port, tools};

mod existing;
mod proof;
mod settings;
mod stopping;

pub use existing::existing;
pub use settings::{Settings, Sumdb};
use stopping::Stopping;

/// Runs it with the settings in the environment; the process's exit code.
///
/// 2: a setting is wrong. 1: something did not start, did not prove itself, or ended by itself. 0: stopped when told to
/// while serving. 128 and the signal's number: stopped while starting.
#[must_use]
pub fn main() -> ExitCode {
    // First of all: a Ctrl-C may come at any moment.
    let stopping = Stopping::on_signals();
    let settings = match Settings::from_vars(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("gateway: {error}");
            return ExitCode::from(2);
        }
    };
    let ended = run(&settings, &stopping);
    end(ended, &stopping)
}

fn end(ended: Result<(), String>, stopping: &Stopping) -> ExitCode {
    if let Some(signal) = stopping.finished() {
        say("gateway: stopped");
        let served = ended.is_ok();
        return if served { ExitCode::SUCCESS } else { ExitCode::from(128 + signal) };
    }
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts, proves and watches; `Ok` once told to stop, whatever it started being dropped on the way out.
fn run(settings: &Settings, stopping: &Stopping) -> Result<(), String> {
    for (variable, addr) in [("PORT", settings.gateway()), ("ADMIN_PORT", settings.admin())] {
        if !port::is_free(addr) {
            return Err(format!("{addr} is taken by another program: stop it, or choose another {variable}"));
        }
    }
    let dir = settings.run_dir.clone();
    // Of the last run. They are appended to.
    for log in [
        "envoy.log",
        "logs/storage.log",
        "logs/storage-access.log",
        "logs/upstream.log",
        "logs/upstream-access.log",
    ] {
        let _ = fs::remove_file(dir.join(log));
    }
    go::sweep(&dir);

    let storage = Nginx::storage_in(&dir, &settings.storage_dir)?;
    let sample = match settings.upstream {
        Some(_) => None,
        None => Some(Tree::at(&tools::find("MODGATE_MODULES")?.join("sample"))),
    };
    let upstream = sample.as_ref().map(|tree| Nginx::serving_in(&dir, tree.path(), None)).transpose()?;
    let base = match (&settings.upstream, &upstream) {
        (Some(url), _) => url.clone(),
        (None, Some(nginx)) => BaseUrl::parse(&format!("http://{}", nginx.addr()))?,
        (None, None) => return Err("no upstream".to_owned()),
    };
    let envoy = Envoy::gateway()
        .edit(|bootstrap| configure(bootstrap, settings, &storage, &base))
        .as_written()
        .concurrency(settings.workers)
        .dir(&dir)
        .try_start()?;

    announce(settings, &storage, &base, &dir);
    proof::prove(settings, sample.as_ref())?;
    say("Serving until Ctrl-C.");
    let children = [Some(envoy.process()), Some(storage.process()), upstream.as_ref().map(Nginx::process)];
    watch(&children, stopping)
}

fn configure(bootstrap: &mut Bootstrap, settings: &Settings, storage: &Nginx, base: &BaseUrl) {
    let ca = settings.ca_file.as_deref();
    bootstrap.listen(settings.gateway());
    bootstrap.admin(settings.admin());
    bootstrap.point("storage", &[storage.addr()]);
    bootstrap.point_url("upstream", base, ca);
    let mut sumdb = json!([]);
    if let Some(known) = &settings.sumdb {
        bootstrap.point_url("sumdb", &known.url, ca);
        sumdb = json!([{"name": known.name, "key": known.key, "cluster": "sumdb", "url": known.url.to_string()}]);
    }
    for unused in ["proxy_golang_org", "sum_golang_org"] {
        bootstrap.remove_cluster(unused);
    }
    let mut upstream = json!({"name": "upstream", "cluster": "upstream", "url": base.to_string()});
    // A real proxy may be the public mirror, or one in front of it, which redirects to where that keeps its larger zips.
    if settings.upstream.is_some() {
        upstream["redirects"] = json!({"storage.googleapis.com": "storage_googleapis_com"});
        ca.iter().for_each(|ca| bootstrap.trust(ca));
    } else {
        bootstrap.remove_cluster("storage_googleapis_com");
    }
    bootstrap.patch_plugin(&json!({"upstreams": [upstream], "sumdb": sumdb}));
    bootstrap.patch_plugin(&settings.config);
}

fn announce(settings: &Settings, storage: &Nginx, base: &BaseUrl, dir: &std::path::Path) {
    say(&format!("Modgate is up at {}", settings.url()));
    say(&format!("  upstream  {base}"));
    say(&format!("  storage   {} (http://{})", settings.storage_dir.display(), storage.addr()));
    if let Some(sumdb) = &settings.sumdb {
        say(&format!("  sumdb     {} at {}", sumdb.name, sumdb.url));
    }
    say(&format!("  admin     http://{}", settings.admin()));
    say(&format!("  logs      {}", dir.join("envoy.log").display()));
    say(&format!("            {}/", dir.join("logs").display()));
    say("Use it with:");
    for (name, value) in settings.client() {
        say(&format!("  export {name}={value}"));
    }
}

/// Waits for the order to stop, or for a child that ends without one.
fn watch(children: &[Option<&Process>], stopping: &Stopping) -> Result<(), String> {
    while !stopping.asked() {
        for child in children.iter().flatten() {
            if let Some(status) = child.exited().filter(|_| !stopping.asked()) {
                let (name, log) = (child.name(), child.log_file().display());
                return Err(format!(
                    "{name} ended by itself ({status}); {log} ends with\n{}",
                    child.log_tail(20)
                ));
            }
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

impl Settings {
    /// Where the gateway listens.
    #[must_use]
    pub fn gateway(&self) -> SocketAddr {
        SocketAddr::new(self.listen, self.port)
    }

    /// Where the admin page listens: on loopback, always.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.admin_port))
    }

    /// The gateway as seen from this machine.
    #[must_use]
    pub fn url(&self) -> String {
        let host = match self.listen {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(host, self.port))
    }

    /// The variables with which a go command uses it.
    #[must_use]
    pub fn client(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("GOPROXY", self.url())];
        match (&self.sumdb, &self.upstream) {
            (Some(sumdb), _) => variables.push(("GOSUMDB", sumdb.key.clone())),
            // The sample modules stand in no checksum database.
            (None, None) => variables.push(("GOSUMDB", "off".to_owned())),
            (None, Some(_)) => {}
        }
        variables
    }
}

/// Prints a line. Somebody who has stopped reading is no reason to fail.
fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Where systems keep the CAs they trust.
fn system_ca() -> Option<PathBuf> {
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]
    .into_iter()
    .map(PathBuf::from)
    .find(|file| file.is_file())
}
