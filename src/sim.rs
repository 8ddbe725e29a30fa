//! A world without Envoy: gateways of several workers each, clusters with objects and faults behind them, and a clock that moves
//! only when nothing else can. Flows are tested in it, bit by bit repeatable; a model of load or of capacity can drive it too.
//!
//! ```text
//!   begin, begin_with, arrive ─▶ gateway: workers that share one memory ─┐
//!   leave, body, trailers        gateway: workers that share another     ├─▶ clusters, or a script for all of them
//!                                   ...                                  ─┘       what each was asked, and has now
//!   pass, settle, happen ─▶ the clock: callouts end, messages arrive, workers tick
//!   verdict, response, download ◀─ what became of a stream
//! ```
//!
//! Callouts take each cluster's latency in virtual time and end in order of their due time; what falls due at the same
//! time ends in the order in which it was called. A filter that would trap in Envoy panics here.
//!
//! The crate's own tests have it always. Others have it by the feature `sim`, which the filter is never built with.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code: a panic is how a test fails"
)]

mod bucket;
mod clients;
mod clock;
mod cluster;
mod commands;
mod database;
mod download;
mod gateway;
mod listing;
mod log;
mod script;
mod zip;

use std::collections::{BTreeMap, VecDeque};

pub use self::{
    bucket::Bucket,
    clock::Happening,
    cluster::{Cluster, Maker},
    database::Database,
    download::{Download, Fate},
    gateway::Gateway,
    log::{Log, head, key, signature},
    zip::zip,
};
use self::{commands::Call, gateway::Seated, script::Script};
use crate::{
    config::Config,
    cx::{StreamId, Verdict},
    http::{Body, Timestamp},
    shared::{Capabilities, QueueId},
    worker::Worker,
};

/// The world.
pub struct World {
    /// Virtual time.
    pub now: Timestamp,
    /// By Envoy's name.
    pub clusters: BTreeMap<&'static str, Cluster>,
    /// Counters by their metric's name, of all gateways.
    pub counters: BTreeMap<String, u64>,
    /// Gauges by their metric's name.
    pub gauges: BTreeMap<String, u64>,
    /// What histograms got, by their metric's name.
    pub histograms: BTreeMap<String, Vec<u64>>,
    /// Everything logged.
    pub log: Vec<String>,
    /// In the order in which they joined.
    pub gateways: Vec<Gateway>,
    workers: Vec<Seated>,
    /// What answers in place of the clusters.
    script: Option<Script>,
    calls: Vec<Call>,
    downloads: BTreeMap<StreamId, Download>,
    messages: VecDeque<(QueueId, Body)>,
    ticked: Timestamp,
    verdicts: BTreeMap<StreamId, Verdict>,
    streams: u32,
    seats: u32,
}

impl World {
    /// One gateway of so many workers, each configured with `config`.
    pub fn new(workers: usize, config: &str) -> Self {
        Self::on(Capabilities::ALL, workers, config)
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// As [`World::new`], on a host that can do this.
    pub fn on(host: Capabilities, workers: usize, config: &str) -> Self {
        let mut world = Self::empty();
        world.join_on(host, workers, parsed(config));
        world
    }

    /// No gateway yet.
    pub fn empty() -> Self {
        Self {
            now: START,
            clusters: BTreeMap::new(),
            counters: BTreeMap::new(),
            gauges: BTreeMap::new(),
            histograms: BTreeMap::new(),
            log: Vec::new(),
            gateways: Vec::new(),
            workers: Vec::new(),
            script: None,
            calls: Vec::new(),
            downloads: BTreeMap::new(),
            messages: VecDeque::new(),
            ticked: START,
            verdicts: BTreeMap::new(),
            streams: 0,
            seats: 0,
        }
    }

    /// The cluster `name`, made where it is not yet.
    pub fn cluster(&mut self, name: &'static str) -> &mut Cluster {
        self.clusters.entry(name).or_default()
    }

    /// A worker, for what no event leads to.
    pub fn worker(&mut self, worker: usize) -> &mut Worker {
        &mut self.workers[worker].worker
    }

    /// Whether every worker is done with everything.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.workers.iter().all(|seated| seated.worker.is_idle())
    }

    /// Whether a callout to `cluster` is under way.
    pub fn is_asking(&self, cluster: &str) -> bool {
        self.calls.iter().any(|call| call.cluster == cluster)
    }

    /// How many callouts to `cluster` are under way.
    pub fn calls_to(&self, cluster: &str) -> usize {
        self.calls.iter().filter(|call| call.cluster == cluster).count()
    }
}

fn parsed(config: &str) -> Config {
    Config::parse(config).unwrap_or_else(|problems| panic!("{problems}"))
}

const START: Timestamp = Timestamp(1_700_000_000_000);
