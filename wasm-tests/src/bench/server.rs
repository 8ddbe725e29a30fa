//! What is measured: servers, each in processes of its own.
//!
//! A server is an [`Id`] and a line of [`ROSTER`]; what is asked of it is in [`super::case`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use super::case::Case;
use super::load::Http;
use super::machine;
use super::site::Site;
use crate::envoy::Envoy;
use crate::http::{Request, Response};
use crate::port::Port;
use crate::process::Process;
use crate::process::usage::{self, Usage};
use crate::{tools, wait};

mod bare;
mod goproxies;
mod modgate;
pub(super) mod nginx;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Direct,
    Proxy,
    Cache,
    Files,
    Caching,
    Goproxy,
    Athens,
    BeforeCaching,
    BeforeGoproxy,
    BeforeAthens,
    Modgate,
    Shipped,
    Ruled,
    Shared,
    Pasted,
}

/// A line of [`ROSTER`].
pub(super) struct Entry {
    pub(super) id: Id,
    pub(super) name: &'static str,
    /// The variable that names the program, where it is not ours to fetch.
    pub(super) needs: Option<&'static str>,
    start: fn(&Context<'_>) -> Result<Server, String>,
    /// Whether an answer came from where this server is to have it by then.
    pub(super) hit: fn(&Response, &Case) -> bool,
}

/// All servers, in the order of the tables. They are started from the last to the first, for the first answers what the filter does.
pub(super) const ROSTER: &[Entry] = &[
    Entry { start: bare::direct, ..entry(Id::Direct, "Envoy `direct_response`") },
    Entry { start: bare::proxy, ..entry(Id::Proxy, "Envoy as a plain proxy") },
    Entry { start: bare::cache, hit: bare::from_cache, ..entry(Id::Cache, "Envoy with its cache filter") },
    Entry { start: nginx::serving, ..entry(Id::Files, "nginx with the files") },
    Entry { start: nginx::caching, hit: nginx::from_cache, ..entry(Id::Caching, "nginx as a caching proxy") },
    Entry { start: goproxies::goproxy, needs: Some("GOPROXY_BIN"), ..entry(Id::Goproxy, "goproxy") },
    Entry { start: goproxies::athens, needs: Some("ATHENS_BIN"), ..entry(Id::Athens, "Athens") },
    Entry {
        start: bare::before_caching,
        hit: nginx::from_cache,
        ..entry(Id::BeforeCaching, "Envoy before an nginx that caches")
    },
    Entry {
        start: bare::before_goproxy,
        needs: Some("GOPROXY_BIN"),
        ..entry(Id::BeforeGoproxy, "Envoy before goproxy")
    },
    Entry {
        start: bare::before_athens,
        needs: Some("ATHENS_BIN"),
        ..entry(Id::BeforeAthens, "Envoy before Athens")
    },
    Entry { start: modgate::bare, ..entry(Id::Modgate, "Modgate") },
    Entry { start: modgate::shipped, ..entry(Id::Shipped, "Modgate as shipped (access log)") },
    Entry { start: modgate::ruled, ..entry(Id::Ruled, "Modgate with 10000 rules") },
    Entry { start: modgate::shared, ..entry(Id::Shared, "a shared gateway without Modgate") },
    Entry { start: modgate::pasted, ..entry(Id::Pasted, "a shared gateway with `envoy/filter.yaml`") },
];

const fn entry(id: Id, name: &'static str) -> Entry {
    Entry { id, name, needs: None, start: |_| Err("it cannot be started".to_owned()), hit: |_, _| true }
}

/// What a server is started with.
pub(super) struct Context<'a> {
    pub(super) site: &'a Site<'a>,
    /// What [`Entry::needs`] names.
    program: Option<PathBuf>,
    /// Those behind it in [`ROSTER`].
    started: &'a [Server],
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) id: Id,
    http1: SocketAddr,
    /// Nothing where it speaks HTTP/2 over TLS alone.
    http2: Option<SocketAddr>,
    /// What it consists of, with what it cannot do without.
    parts: Vec<Part>,
    /// Grows while it answers.
    log: Option<PathBuf>,
    /// When it had just started.
    rest: u64,
}

/// One of its programs.
#[derive(Debug)]
enum Part {
    Envoy(Envoy),
    /// With the filter, which counts what it answers.
    Gateway(Envoy),
    Nginx(nginx::Peer),
    Program(Process, #[allow(dead_code, reason = "held while it runs")] Port),
}

impl Id {
    /// Its line.
    pub(super) fn entry(self) -> &'static Entry {
        ROSTER.iter().find(|entry| entry.id == self).expect("every id has a line")
    }

    pub(super) fn name(self) -> &'static str {
        self.entry().name
    }

    /// Whether a fault of it says nothing about the others: it is not ours, and nothing is compared with it.
    pub(super) fn may_break(self) -> bool {
        !matches!(self, Self::Direct | Self::Proxy | Self::Modgate | Self::Shipped | Self::Ruled | Self::Shared | Self::Pasted)
    }

    /// Whether [`Id::Direct`] has its answers from it.
    pub(super) fn is_copied(self) -> bool {
        matches!(self, Self::Modgate | Self::Ruled)
    }
}

/// The versions of what the servers run.
pub(super) fn versions(servers: &[Server]) -> Result<Vec<String>, String> {
    let envoy = servers.iter().flat_map(|server| &server.parts).find_map(|part| match part {
        Part::Envoy(envoy) | Part::Gateway(envoy) => Some(envoy),
        _ => None,
    });
    let mut versions = Vec::new();
    if let Some(envoy) = envoy {
        let info = Request::get("/server_info").try_send(envoy.admin());
        let info = info.map_err(|error| format!("Envoy's admin page: {error}"))?.json();
        // <commit>/<version>/<state>/<build>/<TLS library>
        let version = info["version"].as_str().and_then(|text| text.split('/').nth(1)).unwrap_or_default();
        versions.push(format!("Envoy {version} with one worker"));
    }
    // nginx version: nginx/1.22.1
    let nginx = machine::first_line(Command::new(tools::find("MODGATE_NGINX")?).arg("-v"));
    let nginx = nginx.rsplit('/').next().unwrap_or_default();
    versions.push(format!("nginx {nginx} with one worker"));
    if servers.iter().any(|server| server.id.entry().needs.is_some()) {
        // go version go1.27.3 linux/amd64
        let go = machine::first_line(Command::new(tools::find("MODGATE_GO")?).arg("version"));
        versions.push(format!("Go {}", go.split(' ').nth(2).unwrap_or_default().trim_start_matches("go")));
    }
    Ok(versions)
}

impl Entry {
    /// Starts it; nothing where the program that it needs is not named.
    pub(super) fn start(&self, site: &Site<'_>, started: &[Server]) -> Result<Option<Server>, String> {
        let program = self.needs.map(|variable| env::var_os(variable).filter(|program| !program.is_empty()));
        if program == Some(None) {
            return Ok(None);
        }
        let context = Context { site, program: program.flatten().map(PathBuf::from), started };
        let mut server = (self.start)(&context).map_err(|error| format!("{}: {error}", self.name))?;
        server.id = self.id;
        for part in &server.parts {
            site.pin(part.pid())?;
        }
        server.rest = server.usage().rss;
        Ok(Some(server))
    }
}

impl Server {
    /// One of these parts, the first of which listens there.
    fn new(http1: SocketAddr, http2: Option<SocketAddr>, parts: Vec<Part>) -> Self {
        Self { id: Id::Direct, http1, http2, parts, log: None, rest: 0 }
    }

    pub(super) fn addr(&self, http: Http) -> Option<SocketAddr> {
        match http {
            Http::One => Some(self.http1),
            Http::Two => self.http2,
        }
    }

    /// CPU time and memory of all its processes.
    pub(super) fn usage(&self) -> Usage {
        let of = |part: &Part| usage::of_family(part.pid()).expect("a server that runs");
        let add = |sum: Usage, more: Usage| Usage {
            peak: sum.peak + more.peak,
            rss: sum.rss + more.rss,
            cpu: sum.cpu + more.cpu,
        };
        self.parts.iter().map(of).reduce(add).expect("a server has a part")
    }

    /// Bytes resident once it had started, and the most since.
    pub(super) fn memory(&self) -> (u64, u64) {
        (self.rest, self.usage().peak)
    }

    /// The Envoy whose filter counts what it answers.
    pub(super) fn gateway(&self) -> Option<&Envoy> {
        self.parts.iter().find_map(|part| match part {
            Part::Gateway(envoy) => Some(envoy),
            _ => None,
        })
    }

    /// Waits until nothing is asked of storage or upstream any more: a document's way into storage goes on when the client
    /// has its answer, and so does what the load no longer waited for.
    pub(super) fn settle(&self) -> Result<(), String> {
        if let Some(log) = &self.log {
            fs::write(log, "").map_err(|error| format!("{}: {error}", log.display()))?;
        }
        let Some(envoy) = self.gateway() else { return Ok(()) };
        let active = |(name, value): &(String, u64)| *value > 0 && name.ends_with(".upstream_rq_active");
        let quiet = || (!envoy.stats_now().into_iter().any(|stat| active(&stat))).then_some(());
        wait::poll(PATIENCE, quiet).ok_or_else(|| format!("Envoy is not idle within {PATIENCE:?}"))
    }
}

impl Part {
    fn pid(&self) -> u32 {
        match self {
            Self::Envoy(envoy) | Self::Gateway(envoy) => envoy.process().pid(),
            Self::Nginx(nginx) => nginx.pid(),
            Self::Program(process, _) => process.pid(),
        }
    }
}

/// Longer than storage's timeout.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_a_line_of_its_own() {
        for (at, entry) in ROSTER.iter().enumerate() {
            assert_eq!(entry.id as usize, at, "{}", entry.name);
            assert!(!entry.name.contains([',', '|']), "{}", entry.name);
        }
    }
}
