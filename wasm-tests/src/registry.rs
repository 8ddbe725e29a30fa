//! A registry of images on loopback, and skopeo, which copies images there.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::http::Request;
use crate::port::Port;
use crate::process::{self, Process};
use crate::{tools, wait};

/// A running registry that has no image, stopped when dropped.
#[derive(Debug)]
pub struct Registry {
    port: Port,
    scratch: TempDir,
    _process: Process,
}

impl Registry {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let scratch = tempfile::Builder::new().prefix("modgate-registry-").tempdir().expect("a temporary folder");
        let (port, conf) = (Port::reserve(), scratch.path().join("registry.yml"));
        let text = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: {} }}\n",
            scratch.path().join("data").display(),
            port.addr(),
        );
        fs::write(&conf, text).expect("the registry's configuration");
        let mut command = process::command(&tools::registry());
        command.arg("serve").arg(&conf);
        let process = Process::start("docker-registry", command, &scratch.path().join("log")).expect("it starts");
        wait::until("the registry serves", Duration::from_secs(30), || {
            Request::get("/v2/").try_send(port.addr()).is_ok_and(|answer| answer.status == 200)
        });
        Self { port, scratch, _process: process }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// An image in it, as skopeo names it: `name` with a tag or a digest.
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        format!("docker://{}/{name}", self.addr())
    }

    /// What `skopeo` says.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn skopeo(&self, arguments: &[&str]) -> String {
        let mut command = process::command(&tools::skopeo());
        // Without a policy of this machine's, and nothing of its user's.
        command.arg("--insecure-policy").args(arguments).env("HOME", self.scratch.path());
        let output = command.output().expect("skopeo starts");
        assert!(output.status.success(), "skopeo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Copies an image, from or to this registry.
    ///
    /// # Panics
    /// When that fails.
    #[track_caller]
    pub fn copy(&self, from: &str, to: &str) {
        self.skopeo(&["copy", "--src-tls-verify=false", "--dest-tls-verify=false", from, to]);
    }
}

/// A layout in a folder, as skopeo names it.
#[must_use]
pub fn layout(dir: &Path) -> String {
    format!("oci:{}", dir.display())
}
