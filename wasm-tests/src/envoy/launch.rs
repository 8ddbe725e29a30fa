//! How a process of Envoy is started, and when it serves.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::bootstrap::Bootstrap;
use crate::http::Request;
use crate::process::{self, Process};
use crate::{tools, wait};

/// Starts an Envoy with its files in `dir`, and waits until it is ready: the process, and where its admin page is.
pub(super) fn launch(
    bootstrap: &Bootstrap,
    dir: &Path,
    args: &[&str],
    env: &[(String, String)],
) -> Result<(Process, SocketAddr), String> {
    let (process, admin) = begin(bootstrap, dir, args, env)?;
    until(&process, "ready", || {
        let answer = Request::get("/ready").deadline(Duration::from_secs(5)).try_send(admin).ok()?;
        (answer.status == 200).then_some(())
    })?;
    Ok((process, admin))
}

/// Starts an Envoy, and waits until its admin page answers.
pub(super) fn begin(
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
    let admin = until(&process, "listening", || {
        let admin = fs::read_to_string(&address_file).ok()?.trim().parse().ok()?;
        Request::get("/ready").deadline(Duration::from_secs(5)).try_send(admin).ok().map(|_| admin)
    })?;
    Ok((process, admin))
}

fn until<T>(process: &Process, what: &str, mut done: impl FnMut() -> Option<T>) -> Result<T, String> {
    let begun = Instant::now();
    let seen = wait::poll(START, || match process.exited() {
        Some(_) => Some(None),
        None => done().map(Some),
    });
    let failure = match seen {
        Some(Some(value)) => return Ok(value),
        Some(None) => "ended while starting".to_owned(),
        None => format!("was not {what} after {:?}", begun.elapsed()),
    };
    Err(format!("Envoy {failure}:\n{}", process.log_tail(30)))
}

pub(super) fn write(bootstrap: &Bootstrap, dir: &Path) -> Result<PathBuf, String> {
    let file = dir.join("bootstrap.json");
    bootstrap.write(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// What Envoy itself warns of when it starts is a fault of its configuration, such as a field that the next version refuses.
pub(super) fn unwarned(log: &str) -> Result<(), String> {
    let warning = |line: &&str| {
        let level = ["[warning]", "[error]", "[critical]"].iter().any(|level| line.contains(level));
        // What the filter says goes through a logger of its own. Istio's bootstrap has a tag of its own for a label of ours.
        line.starts_with('[') && level && !line.contains("[wasm]") && !line.contains("Skipping duplicate tag for")
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

pub(super) fn scratch() -> Result<TempDir, String> {
    tempfile::Builder::new().prefix("modgate-envoy-").tempdir().map_err(|error| error.to_string())
}

/// Compiling the filter takes a second; on a machine with other work to do, many.
pub(super) const START: Duration = Duration::from_secs(60);
