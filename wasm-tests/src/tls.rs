//! A certificate for tests, made by the program in Go's own sources: no private key lies in the repository.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::go::Go;
use crate::process::{self, Process};
use crate::tools;

/// A self-signed certificate that is its own CA.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate, PEM; also the CA that a client must trust.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    _dir: TempDir,
}

impl Certificate {
    /// One of a client whose name is this URI, such as a SPIFFE ID.
    ///
    /// # Panics
    /// When the go command cannot make it.
    #[must_use]
    pub fn of_client(uri: &str) -> Self {
        Self::made_by(&tools::repository().join("wasm-tests/clientcert/main.go"), &[uri])
    }

    /// One for these names and addresses.
    ///
    /// # Panics
    /// When the go command cannot make it.
    #[must_use]
    pub fn for_hosts(hosts: &[&str]) -> Self {
        let go = tools::go().canonicalize().expect("the go command");
        let root = go.parent().and_then(Path::parent).expect("bin lies in GOROOT");
        let program = root.join("src/crypto/tls/generate_cert.go");
        Self::made_by(&program, &["--ca", "--ecdsa-curve", "P256", "--host", &hosts.join(",")])
    }

    /// What a Go program leaves as cert.pem and key.pem.
    fn made_by(program: &Path, arguments: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("modgate-tls-").tempdir().expect("a temporary folder");
        let mut command = process::command(&tools::go());
        command.arg("run").arg(program).args(arguments).current_dir(dir.path());
        Go::environment(&mut command, dir.path());
        let log = dir.path().join("log");
        let process = Process::start("go run", command, &log).expect("go starts");
        let status = process.wait(Duration::from_secs(180));
        assert!(status.is_some_and(|status| status.success()), "no certificate:\n{}", process.log_tail(20));
        Self { certificate: dir.path().join("cert.pem"), key: dir.path().join("key.pem"), _dir: dir }
    }
}
