//! The load generators: which one speaks which HTTP, and what each of them is told and tells.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::pin::Cores;

mod h2load;
mod wrk;

use h2load::H2load;
use wrk::Wrk;

/// What is spoken to the measured server. Neither has TLS: its cost is the same for every server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Http {
    One,
    Two,
}

impl Http {
    pub(super) const BOTH: [Self; 2] = [Self::One, Self::Two];

    /// As people write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "HTTP/1.1",
            Self::Two => "HTTP/2",
        }
    }
}

/// Both of them, ready to run.
#[derive(Debug)]
pub(super) struct Generators<'a> {
    wrk: Wrk<'a>,
    h2load: H2load<'a>,
}

/// What one of them is to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub(super) http: Http,
    pub(super) addr: SocketAddr,
    pub(super) target: Target<'a>,
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// How many requests are under way at any time.
    pub(super) at_once: u32,
    /// Whether each has a connection of its own over HTTP/2 too.
    pub(super) apart: bool,
    pub(super) length: Duration,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// The same each time.
    Same(&'a str),
    /// Each time the list of a module of another owner, whose name begins like this. Over HTTP/1.1 alone.
    Below(&'a str),
}

/// What it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// Requests that were answered in full.
    pub(super) requests: u64,
    /// Bytes received; of HTTP/1.1 with the heads.
    pub(super) bytes: u64,
    /// Connections refused, broken, or without an answer in time.
    pub(super) broken: u64,
    /// Answers of 400 and above.
    pub(super) refused: u64,
    /// The time within which 99 of 100 answers were there.
    pub(super) p99: Duration,
}

impl<'a> Generators<'a> {
    /// Puts their scripts and their output into `dir`.
    pub(super) fn new(cores: Option<&'a Cores>, dir: &Path) -> Result<Self, String> {
        Ok(Self { wrk: Wrk::new(cores, dir)?, h2load: H2load::new(cores, dir)? })
    }

    /// Loads a server for a while.
    pub(super) fn run(&self, order: &Order<'_>) -> Result<Load, String> {
        match order.http {
            Http::One => self.wrk.run(order),
            Http::Two => self.h2load.run(order),
        }
    }

    /// Their names and versions.
    pub(super) fn versions(&self) -> [String; 2] {
        [self.wrk.version(), self.h2load.version()]
    }
}

/// For answers on their way when the time is over.
const GRACE: Duration = Duration::from_secs(20);
