//! The Go module proxies that people run today, where a variable names their program.

use std::env;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Context, Part, Server};
use crate::port::Port;
use crate::process::{self, Process};
use crate::{tools, wait};

/// One of them, running.
pub(super) struct Running {
    process: Process,
    port: Port,
}

pub(super) fn goproxy(context: &Context<'_>) -> Result<Server, String> {
    start_goproxy(context, "goproxy").map(Server::from)
}

pub(super) fn athens(context: &Context<'_>) -> Result<Server, String> {
    start_athens(context, "athens").map(Server::from)
}

/// goproxy/goproxy with its cache on disk.
pub(super) fn start_goproxy(context: &Context<'_>, name: &str) -> Result<Running, String> {
    start(context, name, |command, addr, dir| {
        command.arg("server").arg("--address").arg(addr.to_string());
        command.arg("--cacher-dir").arg(dir.join("cache")).arg("--temp-dir").arg(dir);
        command.env("GOPROXY", format!("http://{}", context.site.origin()));
    })
}

/// Athens with its storage on disk, in which it keeps what its go command fetches.
pub(super) fn start_athens(context: &Context<'_>, name: &str) -> Result<Running, String> {
    let go = tools::find("MODGATE_GO")?;
    start(context, name, |command, addr, dir| {
        let origin = context.site.origin();
        command.env("ATHENS_PORT", addr.to_string()).env("ATHENS_LOG_LEVEL", "error");
        command.env("ATHENS_STORAGE_TYPE", "disk").env("ATHENS_DISK_STORAGE_ROOT", dir.join("storage"));
        command.env("GO_BINARY_PATH", &go).env("ATHENS_GOGET_DIR", dir);
        command.env("ATHENS_GO_BINARY_ENV_VARS", format!("GOPROXY=http://{origin}; GOSUMDB=off"));
    })
}

/// Starts the program with its files below `name`, and waits until it listens.
fn start(
    context: &Context<'_>,
    name: &str,
    tell: impl FnOnce(&mut Command, SocketAddr, &Path),
) -> Result<Running, String> {
    let program = context.program.as_ref().ok_or("no program is named")?;
    let dir = context.site.folder(name)?;
    // Athens keeps nothing in a folder that is not there.
    context.site.folder(&format!("{name}/storage"))?;
    let port = Port::reserve();
    let mut command = process::command(program);
    command.current_dir(&dir).env("HOME", &dir).env("GOSUMDB", "off").env("GOFLAGS", "-modcacherw");
    command.env("PATH", path_with_go());
    tell(&mut command, port.addr(), &dir);
    let process = Process::start(name, command, &dir.join("log")).map_err(|error| error.to_string())?;
    let up = wait::poll(START, || {
        if process.exited().is_some() { Some(false) } else { TcpStream::connect(port.addr()).is_ok().then_some(true) }
    });
    if up == Some(true) { Ok(Running { process, port }) } else { Err(process.log_tail(20)) }
}

/// Both call a `go`.
fn path_with_go() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let go = tools::find("MODGATE_GO").ok().and_then(|go| Some(go.parent()?.to_owned()));
    env::join_paths(go.into_iter().chain(env::split_paths(&path))).unwrap_or(path)
}

impl Running {
    pub(super) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }
}

impl From<Running> for Part {
    fn from(running: Running) -> Self {
        Self::Program(running.process, running.port)
    }
}

impl From<Running> for Server {
    fn from(running: Running) -> Self {
        // Without TLS they speak HTTP/1.1 alone.
        Self::new(running.addr(), None, vec![running.into()])
    }
}

const START: Duration = Duration::from_secs(20);
