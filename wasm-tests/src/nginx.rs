//! nginx, as the storage node that `nginx/storage.conf` describes and as a static upstream that serves a GOPROXY tree.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::unistd::geteuid;
use tempfile::TempDir;

use crate::http::Request;
use crate::port::Port;
use crate::process::{self, Process};
use crate::tls::Certificate;
use crate::{tools, wait};

mod config;

/// A running nginx, stopped when dropped.
#[derive(Debug)]
pub struct Nginx {
    process: Process,
    launch: Launch,
    addr: SocketAddr,
    tls: bool,
    data: PathBuf,
    access_log: PathBuf,
    syncs: AtomicU32,
    _port: Port,
    _scratch: Option<TempDir>,
}

impl Nginx {
    /// A storage node with an empty store, from `nginx/storage.conf`.
    ///
    /// # Panics
    /// When it does not start; so do the functions below.
    #[must_use]
    pub fn storage() -> Self {
        Self::storage_as(|text| text)
    }

    /// As [`Nginx::storage`], and it does not say what is in a folder.
    #[must_use]
    pub fn storage_without_listing() -> Self {
        Self::storage_as(|text| text.replace("autoindex on;", ""))
    }

    fn storage_as(edit: impl FnOnce(String) -> String) -> Self {
        let scratch = scratch();
        let data = scratch.path().join("data");
        let started =
            Self::storage_of(scratch.path(), &data, true, edit).unwrap_or_else(|error| panic!("{error}"));
        Self { _scratch: Some(scratch), ..started }
    }

    /// The public way to the files under `tree`, from `nginx/secure-link.conf`: to who has a signed address.
    #[must_use]
    pub fn secure_link(tree: &Path) -> Self {
        let scratch = scratch();
        let mode = Mode { tls: false, ordered: true };
        let started = configuration("secure-link.conf")
            .and_then(|text| Self::start("downloads", &text, scratch.path(), tree, mode))
            .unwrap_or_else(|error| panic!("{error}"));
        Self { _scratch: Some(scratch), ..started }
    }

    /// One before `gateway`, as people write it: `proxy_pass` and nothing else. Below `/stripped/` it takes that away.
    #[must_use]
    pub fn before(gateway: SocketAddr) -> Self {
        Self::front(gateway, None)
    }

    /// As [`Nginx::before`], over TLS.
    #[must_use]
    pub fn tls_before(server: SocketAddr, certificate: &Certificate) -> Self {
        Self::front(server, Some(certificate))
    }

    fn front(server: SocketAddr, certificate: Option<&Certificate>) -> Self {
        let scratch = scratch();
        let mode = Mode { tls: certificate.is_some(), ordered: true };
        let started = Self::start("front", &config::front(server, certificate), scratch.path(), scratch.path(), mode)
            .unwrap_or_else(|error| panic!("{error}"));
        Self { _scratch: Some(scratch), ..started }
    }

    /// What stands behind the gateway of `examples/existing-gateway`, from its `applications.conf`.
    #[must_use]
    pub fn applications() -> Self {
        let (scratch, dir) = (scratch(), tools::repository().join("examples/existing-gateway"));
        let file = dir.join("applications.conf");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mode = Mode { tls: false, ordered: true };
        let started = Self::start("applications", &text, scratch.path(), &dir.join("www"), mode)
            .unwrap_or_else(|error| panic!("{error}"));
        Self { _scratch: Some(scratch), ..started }
    }

    /// A static server of the files under `tree`.
    #[must_use]
    pub fn serving(tree: &Path) -> Self {
        let scratch = scratch();
        let started = Self::serving_in(scratch.path(), tree, None).unwrap_or_else(|error| panic!("{error}"));
        Self { _scratch: Some(scratch), ..started }
    }

    /// As [`Nginx::serving`], over TLS.
    #[must_use]
    pub fn serving_tls(tree: &Path, certificate: &Certificate) -> Self {
        let scratch = scratch();
        let started = Self::serving_in(scratch.path(), tree, Some(certificate))
            .unwrap_or_else(|error| panic!("{error}"));
        Self { _scratch: Some(scratch), ..started }
    }

    /// A storage node with its logs in `dir` and its store in `data`.
    ///
    /// # Errors
    /// Says why it does not start, with the end of its log.
    pub fn storage_in(dir: &Path, data: &Path) -> Result<Self, String> {
        Self::storage_of(dir, data, false, |text| text)
    }

    fn storage_of(
        dir: &Path,
        data: &Path,
        ordered: bool,
        edit: impl FnOnce(String) -> String,
    ) -> Result<Self, String> {
        let text = edit(configuration("storage.conf")?);
        fs::create_dir_all(data).map_err(|error| format!("{}: {error}", data.display()))?;
        Self::start("storage", &text, dir, data, Mode { tls: false, ordered })
    }

    /// A static server with its logs in `dir`.
    ///
    /// # Errors
    /// Says why it does not start, with the end of its log.
    pub fn serving_in(dir: &Path, tree: &Path, certificate: Option<&Certificate>) -> Result<Self, String> {
        Self::start(
            "upstream",
            &config::upstream(certificate),
            dir,
            tree,
            Mode { tls: certificate.is_some(), ordered: true },
        )
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The folder it serves.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Every file in the folder it serves, by its path from there.
    ///
    /// # Panics
    /// When one of them cannot be read.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut ahead = vec![self.data.clone()];
        while let Some(next) = ahead.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    ahead.push(path);
                } else {
                    let name = path.strip_prefix(&self.data).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(path).unwrap());
                }
            }
        }
        found
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Stops it. Its files stay, and so does its claim on its port.
    pub fn stop(&self) {
        self.process.stop();
    }

    /// Starts it again where it was, after [`Nginx::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        self.process = self.launch.start().unwrap_or_else(|error| panic!("nginx: {error}"));
    }

    /// Every request so far: method, target and status, in the order they ended.
    #[must_use]
    pub fn requests(&self) -> Vec<(String, String, u16)> {
        self.sync();
        let log = fs::read_to_string(&self.access_log).unwrap_or_default();
        log.lines().filter_map(config::request).filter(|(_, target, _)| !target.starts_with(SYNC)).collect()
    }

    /// How often `target` was asked for, with any method; `%21` and `!` are the same.
    #[must_use]
    pub fn hits(&self, target: &str) -> usize {
        let same = |target: &str| target.replace("%21", "!");
        self.requests().iter().filter(|(_, seen, _)| same(seen) == same(target)).count()
    }

    /// How often `target` was asked for with this method.
    #[must_use]
    pub fn hits_with(&self, method: &str, target: &str) -> usize {
        self.requests().iter().filter(|(known, seen, _)| known == method && seen == target).count()
    }

    /// nginx logs a request after it has answered it. Once a request of our own stands in the log, so do those before it.
    fn sync(&self) {
        if self.tls {
            return;
        }
        let mark = format!("{SYNC}{}", self.syncs.fetch_add(1, Ordering::Relaxed));
        if Request::get(&mark).try_send(self.addr).is_ok() {
            let logged =
                || fs::read_to_string(&self.access_log).is_ok_and(|log| log.contains(&format!("{mark} ")));
            wait::until("nginx logs its requests", Duration::from_secs(5), logged);
        }
    }

    fn start(name: &str, text: &str, dir: &Path, data: &Path, mode: Mode) -> Result<Self, String> {
        let at = |what: &Path, error: std::io::Error| format!("{}: {error}", what.display());
        fs::create_dir_all(dir.join("logs")).map_err(|error| at(dir, error))?;
        let access_log = dir.join(format!("logs/{name}-access.log"));
        let launch = Launch {
            dir: dir.to_owned(),
            conf: dir.join(format!("{name}.conf")),
            log: dir.join(format!("logs/{name}.log")),
            pid: dir.join(format!("{name}.pid")),
        };
        let mut last = String::new();
        for _ in 0..3 {
            let port = Port::reserve();
            let place = config::Place {
                listen: port.addr(),
                root: data,
                access_log: &access_log,
                pid: &launch.pid,
                superuser: geteuid().is_root(),
                ordered: mode.ordered,
            };
            fs::write(&launch.conf, config::placed(text, &place)?)
                .map_err(|error| at(&launch.conf, error))?;
            match launch.start() {
                Ok(process) => {
                    return Ok(Self {
                        process,
                        launch,
                        addr: port.addr(),
                        tls: mode.tls,
                        data: data.to_owned(),
                        access_log,
                        syncs: AtomicU32::new(0),
                        _port: port,
                        _scratch: None,
                    });
                }
                Err(said) => last = said,
            }
        }
        Err(format!("nginx ({name}) does not start:\n{last}"))
    }
}

/// What it takes to start one, for the first time or again.
#[derive(Debug)]
struct Launch {
    dir: PathBuf,
    conf: PathBuf,
    log: PathBuf,
    pid: PathBuf,
}

impl Launch {
    /// Starts it and waits until it listens; else the end of its log.
    fn start(&self) -> Result<Process, String> {
        let _ = fs::remove_file(&self.pid);
        let mut command = process::command(&tools::find("MODGATE_NGINX")?);
        command.arg("-e").arg(&self.log).arg("-p").arg(&self.dir).arg("-c").arg(&self.conf);
        let process = Process::start("nginx", command, &self.log).map_err(|error| error.to_string())?;
        // The pid file is written once the port is bound.
        let up = wait::poll(Duration::from_secs(15), || {
            if process.exited().is_some() { Some(false) } else { self.pid.exists().then_some(true) }
        });
        if up == Some(true) { Ok(process) } else { Err(process.log_tail(20)) }
    }
}

#[derive(Clone, Copy)]
struct Mode {
    tls: bool,
    ordered: bool,
}

/// Runs nginx with `text` as it is, which names its addresses and has no `pid` or `daemon`: the process, once it listens. Its files
/// lie in `dir` under `name`.
///
/// # Errors
/// Says why it does not start, with the end of its log.
#[cfg(feature = "suites")]
pub(crate) fn run(dir: &Path, name: &str, text: &str) -> Result<Process, String> {
    let launch = Launch {
        dir: dir.to_owned(),
        conf: dir.join(format!("{name}.conf")),
        log: dir.join(format!("{name}.log")),
        pid: dir.join(format!("{name}.pid")),
    };
    let text = config::alone(text, &launch.pid, geteuid().is_root());
    fs::write(&launch.conf, text).map_err(|error| format!("{}: {error}", launch.conf.display()))?;
    launch.start().map_err(|said| format!("nginx ({name}) does not start:\n{said}"))
}

/// A file of `nginx/`.
fn configuration(name: &str) -> Result<String, String> {
    let file = tools::repository().join("nginx").join(name);
    fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
}

fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("modgate-nginx-").tempdir().expect("a temporary folder")
}

const SYNC: &str = "/.harness-sync-";
