//! The real go command, with nothing of this machine's: empty module cache, no configuration, no network but its GOPROXY.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{self, Process};
use crate::tools;

/// A go command with a module cache of its own, deleted when dropped.
#[derive(Debug)]
pub struct Go {
    dir: TempDir,
    env: Vec<(String, String)>,
    deadline: Duration,
    runs: AtomicU32,
}

/// What a run of it gave.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended; nothing when it was stopped at its deadline.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Run {
    /// Whether it succeeded.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Itself, for runs that must succeed.
    ///
    /// # Panics
    /// When it did not; with what it said.
    #[track_caller]
    pub fn expect_ok(self) -> Self {
        assert!(self.ok(), "go failed ({:?}):\n{}{}", self.status, self.stdout, self.stderr);
        self
    }

    /// Its standard output as JSON.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {:?}", self.stdout))
    }

    /// Its standard output as JSON documents, one after the other: what `-json` prints for several modules.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    #[track_caller]
    pub fn jsons(&self) -> Vec<Value> {
        let documents = serde_json::Deserializer::from_str(&self.stdout).into_iter();
        documents.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error} in {:?}", self.stdout))
    }
}

impl Go {
    /// One that asks `proxy` (any GOPROXY list) and no checksum database.
    ///
    /// # Panics
    /// When there is no temporary folder.
    #[must_use]
    pub fn new(proxy: &str) -> Self {
        Self::new_in(&env::temp_dir(), proxy)
    }

    /// As [`Go::new`], with everything it writes below `parent`.
    ///
    /// # Panics
    /// When there is no temporary folder.
    #[must_use]
    pub fn new_in(parent: &Path, proxy: &str) -> Self {
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).expect("a temporary folder");
        let go = Self { dir, env: Vec::new(), deadline: Duration::from_secs(180), runs: AtomicU32::new(0) };
        let work = go.work();
        fs::create_dir_all(&work).expect("a folder to work in");
        fs::write(work.join("go.mod"), "module example.test/scratch\n\ngo 1.21\n").expect("a go.mod");
        go.env("GOPROXY", proxy)
    }

    /// Sets a variable, such as `GOSUMDB` to `name+key` or `GONOSUMDB`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How long a run may take; 3 minutes unless said.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The module it works in, `example.test/scratch`, to put sources into.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Its GOMODCACHE.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.dir.path().join("modcache")
    }

    /// Where `go install` puts commands.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.dir.path().join("gopath/bin")
    }

    /// The version that a query such as `module@latest` or `module@master` comes to.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn resolve(&self, query: &str) -> String {
        let answer = self.run(&["list", "-m", "-json", query]).expect_ok().json();
        answer["Version"].as_str().unwrap_or_default().to_owned()
    }

    /// `go mod download -json` of each `module@version`.
    #[must_use]
    pub fn mod_download(&self, queries: &[&str]) -> Run {
        self.run(&[&["mod", "download", "-json"], queries].concat())
    }

    /// The versions of a module, as `go list -m -versions` sees them.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    #[track_caller]
    pub fn list_versions(&self, module: &str) -> Vec<String> {
        let answer = self.run(&["list", "-m", "-versions", "-json", module]).expect_ok().json();
        let versions = answer["Versions"].as_array().into_iter().flatten();
        versions.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// `go get` of `module@version` into the scratch module.
    #[must_use]
    pub fn get(&self, query: &str) -> Run {
        self.run(&["get", query])
    }

    /// `go install` of a command; it lands in `GOPATH/bin`.
    #[must_use]
    pub fn install(&self, query: &str) -> Run {
        self.run(&["install", query])
    }

    /// Any go command.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Run {
        let turn = self.runs.fetch_add(1, Ordering::Relaxed);
        let file = |name: &str| self.dir.path().join(format!("{turn}.{name}"));
        let mut command = process::command(&tools::go());
        command.args(arguments).current_dir(self.work());
        Self::environment(&mut command, self.dir.path());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdout(fs::File::create(file("out")).expect("a file for its output"));
        command.stderr(fs::File::create(file("err")).expect("a file for its errors"));
        let begun = Instant::now();
        let process =
            Process::start_with_outputs("go", command, &file("err")).expect("the go command starts");
        let status = process.wait(self.deadline);
        process.stop();
        let read = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
        Run { status, stdout: read("out"), stderr: read("err"), took: begun.elapsed() }
    }

    /// An environment in which go finds nothing but what we give it, with its caches under `dir`.
    pub fn environment(command: &mut Command, dir: &Path) {
        let at = |name: &str| dir.join(name);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", at("home")).env("GOPATH", at("gopath"));
        command.env("GOMODCACHE", at("modcache")).env("GOCACHE", tools::repository().join(".tools/gocache"));
        for (name, value) in [
            ("GOENV", "off"),
            ("GOFLAGS", "-mod=mod"),
            ("GOSUMDB", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GOTELEMETRY", "off"),
            ("GOPROXY", "off"),
            // Never a version control system behind the proxy's back.
            ("GOVCS", "*:off"),
            ("GOWORK", "off"),
            ("CGO_ENABLED", "0"),
        ] {
            command.env(name, value);
        }
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        make_writable(&self.cache());
    }
}

/// Deletes what a [`Go`] that was killed has left below `parent`.
pub fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            make_writable(&entry.path());
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// go makes the folders of its module cache read-only; nothing in them could be deleted.
fn make_writable(dir: &Path) {
    let Ok(meta) = fs::symlink_metadata(dir) else { return };
    if meta.is_dir() {
        let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o755));
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            make_writable(&entry.path());
        }
    }
}

const PREFIX: &str = "modgate-go-";
