//! The proxy that has everything: it makes each answer from the name, counts who asked for what, and fails when it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicU8, Ordering};

use super::catalogue::Catalogue;
use super::parameters::Kind;
use crate::body::Body;
use crate::faulty::{Faulty, Reply, Seen};
use crate::port::Port;

/// The running proxy.
#[derive(Debug)]
pub(super) struct Upstream {
    server: Option<Faulty>,
    port: Port,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    catalogue: Arc<Catalogue>,
    failing: AtomicBool,
    heard: Heard,
}

/// What it was asked for. What it failed to answer counts as failed alone.
#[derive(Debug)]
pub(super) struct Heard {
    info: Vec<AtomicU8>,
    go_mod: Vec<AtomicU8>,
    zip: Vec<AtomicU8>,
    list: AtomicU64,
    latest: AtomicU64,
    unknown: AtomicU64,
    failed: AtomicU64,
    other: AtomicU64,
}

/// The same as numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    /// Requests for `.info`, `.mod` and `.zip`.
    pub(super) files: [u64; 3],
    /// Those that were not the first for their file.
    pub(super) again: u64,
    pub(super) list: u64,
    pub(super) latest: u64,
    pub(super) unknown: u64,
    pub(super) failed: u64,
    /// Of another kind: a HEAD.
    pub(super) other: u64,
}

impl Upstream {
    pub(super) fn start(catalogue: &Arc<Catalogue>) -> Self {
        let all = catalogue.modules() * catalogue.versions();
        let counters = || (0..all).map(|_| AtomicU8::new(0)).collect();
        let number = || AtomicU64::new(0);
        let heard = Heard {
            info: counters(),
            go_mod: counters(),
            zip: counters(),
            list: number(),
            latest: number(),
            unknown: number(),
            failed: number(),
            other: number(),
        };
        let shared = Shared { catalogue: Arc::clone(catalogue), failing: AtomicBool::new(false), heard };
        let mut upstream = Self { server: None, port: Port::reserve(), shared: Arc::new(shared) };
        upstream.listen();
        upstream
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// From now on it takes connections.
    pub(super) fn listen(&mut self) {
        let server = Faulty::start_at(self.port.addr());
        server.remember_nothing();
        let shared = Arc::clone(&self.shared);
        server.otherwise(move |seen| shared.answer(seen).served());
        self.server = Some(server);
    }

    /// From now on it refuses connections; those it has are cut.
    pub(super) fn refuse(&mut self) {
        self.server = None;
    }

    /// Whether it answers 503.
    pub(super) fn fail(&self, failing: bool) {
        self.shared.failing.store(failing, Ordering::SeqCst);
    }

    pub(super) fn count(&self) -> Count {
        self.shared.heard.count()
    }
}

impl Shared {
    fn answer(&self, seen: &Seen) -> Reply {
        if self.failing.load(Ordering::SeqCst) {
            self.heard.failed.fetch_add(1, Ordering::Relaxed);
            return Reply::status(503).body("out of order\n");
        }
        let Some((kind, body)) = self.found(&seen.target) else {
            self.heard.unknown.fetch_add(1, Ordering::Relaxed);
            return Reply::status(404).body("not found: nobody has it\n");
        };
        // A fetch of a whole zip may be a range of as much as the gateway would take.
        self.heard.note(if seen.method == "GET" { kind } else { Noted::Other });
        let reply = Reply::ok(body);
        match kind {
            Noted::File(Kind::Zip, _) => reply.header("content-type", "application/zip").ranges(),
            Noted::File(Kind::Info, _) | Noted::Latest => reply.header("content-type", "application/json"),
            _ => reply,
        }
    }

    fn found(&self, target: &str) -> Option<(Noted, Body)> {
        let catalogue = &self.catalogue;
        let target = target.strip_prefix('/')?;
        if let Some(path) = target.strip_suffix("/@latest") {
            return catalogue.module(path).map(|_| (Noted::Latest, catalogue.latest().into()));
        }
        let (path, file) = target.split_once("/@v/")?;
        let module = catalogue.module(path)?;
        if file == "list" {
            return Some((Noted::List, catalogue.list().into()));
        }
        let (version, extension) = file.rsplit_once('.')?;
        let version = catalogue.numbered(version)?;
        let at = catalogue.at(module, version);
        Some(match extension {
            "info" => (Noted::File(Kind::Info, at), Catalogue::info(version).into()),
            "mod" => (Noted::File(Kind::Mod, at), Catalogue::go_mod(module, version).into()),
            "zip" => (Noted::File(Kind::Zip, at), catalogue.zip(module, version).clone()),
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Noted {
    File(Kind, usize),
    List,
    Latest,
    Other,
}

impl Heard {
    fn note(&self, noted: Noted) {
        match noted {
            Noted::File(kind, at) => {
                let counters = match kind {
                    Kind::Info => &self.info,
                    Kind::Mod => &self.go_mod,
                    _ => &self.zip,
                };
                counters[at].fetch_add(1, Ordering::Relaxed);
            }
            Noted::List => drop(self.list.fetch_add(1, Ordering::Relaxed)),
            Noted::Latest => drop(self.latest.fetch_add(1, Ordering::Relaxed)),
            Noted::Other => drop(self.other.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn count(&self) -> Count {
        let files = [&self.info, &self.go_mod, &self.zip];
        let times = |counter: &AtomicU8| u64::from(counter.load(Ordering::Relaxed));
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Count {
            files: files.map(|counters| counters.iter().map(times).sum()),
            again: files.into_iter().flatten().map(|counter| times(counter).saturating_sub(1)).sum(),
            list: number(&self.list),
            latest: number(&self.latest),
            unknown: number(&self.unknown),
            failed: number(&self.failed),
            other: number(&self.other),
        }
    }
}

impl Count {
    /// All that it answered.
    pub(super) fn answered(&self) -> u64 {
        self.files.iter().sum::<u64>() + self.list + self.latest + self.unknown + self.other
    }
}
