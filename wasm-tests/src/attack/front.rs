//! nginx before the gateway, as somebody has it who wrote `proxy_pass` and nothing else: HTTP/1.0, `Connection: close`.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use nix::unistd::geteuid;
use tempfile::TempDir;

use crate::port::Port;
use crate::process::{self, Process};
use crate::{tools, wait};

/// A running one, stopped when dropped.
#[derive(Debug)]
pub struct Front {
    _process: Process,
    port: Port,
    _dir: TempDir,
}

impl Front {
    /// One before the gateway at `gateway`.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(gateway: SocketAddr) -> Self {
        let (dir, port) = (tempfile::tempdir().expect("a temporary folder"), Port::reserve());
        let user = if geteuid().is_root() { "user root;" } else { "" };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|what| format!("{what}_temp_path temp-{what};\n"))
            .collect();
        let text = format!(
            "daemon off;\n{user}\npid nginx.pid;\nworker_processes 1;\nevents {{ worker_connections 4096; }}\n\
             http {{\naccess_log off;\n{temporary}\
             server {{ listen {}; location / {{ proxy_pass http://{gateway}; }} }}\n}}\n",
            port.addr()
        );
        let (conf, log, pid) =
            (dir.path().join("front.conf"), dir.path().join("front.log"), dir.path().join("nginx.pid"));
        fs::write(&conf, text).expect("its configuration");
        let mut command = process::command(&tools::nginx());
        command.arg("-e").arg(&log).arg("-p").arg(dir.path()).arg("-c").arg(&conf);
        let process = Process::start("nginx", command, &log).expect("nginx");
        wait::until("nginx listens", Duration::from_secs(15), || {
            assert!(process.exited().is_none(), "{}", process.log_tail(20));
            pid.exists()
        });
        Self { _process: process, port, _dir: dir }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.port.addr()
    }
}
