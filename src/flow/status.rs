//! What a worker knows of itself, and of what all workers share, as one plain value.
//!
//! Each part of a worker writes what is its own (`worker/status.rs` asks them all), and every page that reports how the gateway is doing
//! reads it from here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::respond::page;
use crate::{
    config::{Bundle, Config},
    cx::Verdict,
    policy::InForce,
};

/// How the gateway is doing, as one worker sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The version of the filter.
    pub version: &'static str,
    /// When this was so, as RFC 3339 has it.
    pub time: String,
    /// Whether the gateway can serve, as the readiness page says it.
    pub ready: bool,
    /// `online` or `offline`.
    pub mode: &'static str,
    /// Those that are asked, as all workers know them.
    pub sources: Vec<SourceStatus>,
    /// The polled documents.
    pub documents: Vec<DocumentStatus>,
    /// The checksum databases.
    pub checksum_databases: Vec<DatabaseStatus>,
    /// The index.
    pub index: IndexStatus,
    /// What the worker that answers has under way; other workers have their own.
    pub worker: WorkerStatus,
    /// What that worker has counted since it has its configuration: by metric, label and value. A worker has a few hundred, and never more than [`Tally`](crate::metrics::Tally) keeps.
    pub counters: BTreeMap<String, u64>,
}

/// One that is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// `storage`, `upstream` or `sumdb`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Whether any worker ever had an answer of it.
    pub seen: bool,
    /// Whether it did not answer when it was last asked.
    pub failing: bool,
    /// Whether it kept the worker waiting in vain then: it is asked after the others.
    pub silent: bool,
    /// Its cluster, where the gateway had none of that name then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_cluster: Option<String>,
    /// When it last answered, unless it has failed since; to a second or so.
    pub answered_seconds_ago: Option<u64>,
}

/// A polled document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DocumentStatus {
    /// Its name.
    pub name: String,
    /// The version in force in this worker; nothing where none is.
    pub version: Option<u64>,
    /// The revision that all workers have or are about to read; 0 for none.
    pub revision: u64,
    /// When its source last confirmed it.
    pub confirmed_seconds_ago: Option<u64>,
    /// When it is polled next, by whichever worker.
    pub polled_in_seconds: u64,
    /// Whether the last poll failed, or brought what is wrong.
    pub failing: bool,
    /// How.
    pub trouble: Option<String>,
}

/// A checksum database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DatabaseStatus {
    /// Its name.
    pub name: String,
    /// How many records the newest verified tree has; nothing where none was read yet.
    pub tree_size: Option<u64>,
    /// How old its log is, where versions are dated by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<LogClockStatus>,
}

/// What gateways remember of how old a log is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogClockStatus {
    /// Whether storage was read, without which nothing is dated.
    pub recalled: bool,
    /// How many sizes with their times are remembered.
    pub pairs: usize,
    /// When the log was first looked at.
    pub since: Option<String>,
    /// When it was last seen to have grown.
    pub until: Option<String>,
}

/// The index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexStatus {
    /// The most memory that it takes, in bytes, its leases included.
    pub most_bytes: u64,
    /// What stands there, as this worker last counted it; nothing before the first count, which a request for the status begins.
    pub occupancy: Option<Occupancy>,
}

/// What stands in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Occupancy {
    /// How long ago it was counted.
    pub age_seconds: u64,
    /// What was found.
    pub found: Occupied,
    /// What is missing.
    pub missing: Occupied,
}

/// What stands in one region of the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Occupied {
    /// How many records.
    pub records: u64,
    /// How many of them were used since they were kept.
    pub used: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What one worker has under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkerStatus {
    /// Its clients who are not answered yet.
    pub clients: ClientsStatus,
    /// What it finds out.
    pub flights: FlightsStatus,
    /// How much it may ask at once.
    pub budget: BudgetStatus,
    /// What it takes into storage.
    pub storage: StorageStatus,
    /// Lists of what storage has that are being made.
    pub catalogs: usize,
    /// Modules whose versions' dates it is asking for.
    pub dated_modules: usize,
    /// Long lists that it is judging.
    pub lists: usize,
    /// Zips that it reads while they stream to a client.
    pub passing_zips: usize,
    /// Proofs of what checksum databases gave.
    pub proofs: usize,
    /// What it fetches before a client asks for it.
    pub prewarm: PrewarmStatus,
    /// Whether it is asking who is there, for the readiness page.
    pub probing: bool,
    /// Callouts of all kinds.
    pub callouts: usize,
}

/// Clients who are not answered yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClientsStatus {
    /// They wait for a search.
    pub searching: usize,
    /// They wait until it is known what may be shown.
    pub undecided: usize,
    /// They wait for the readiness page.
    pub probing: usize,
    /// Their bodies are on the way.
    pub sending: usize,
    /// They wait until what storage has is listed.
    pub listing: usize,
    /// They wait until what they sent is explained.
    pub explained: usize,
    /// They were sent to a source, which has not begun to answer.
    pub routed: usize,
    /// Bytes that are kept for those who wait.
    pub waiting_bytes: usize,
    /// Bytes that the bodies of requests may come to.
    pub body_bytes: usize,
    /// Bytes of large answers that are being read.
    pub unread_bytes: usize,
}

/// What a worker finds out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FlightsStatus {
    /// Its own searches, by what they are for.
    pub searches: BTreeMap<&'static str, usize>,
    /// Searches of other workers that it waits for.
    pub followed: usize,
    /// Files of checksum databases that proofs need.
    pub parts: usize,
    /// Callouts that wait for their turn.
    pub queued: usize,
}

/// How much a worker may ask at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BudgetStatus {
    /// Searches that count.
    pub searches: u32,
    /// How many may.
    pub most_searches: u32,
    /// Zips that searches hold in memory.
    pub zips: u32,
    /// Callouts under way, by whom they ask.
    pub calls: BTreeMap<String, u32>,
    /// How many of all workers together may ask one upstream.
    pub most_calls_per_upstream: u32,
}

/// What a worker fetches before a client asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PrewarmStatus {
    /// Builds that were posted to it, and are not done.
    pub builds: usize,
    /// Versions of which a file is asked for.
    pub versions: usize,
    /// Versions that wait for that.
    pub versions_due: usize,
}

/// What a worker takes into storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StorageStatus {
    /// Documents that are being written.
    pub writes: usize,
    /// Documents that wait for that.
    pub writes_due: usize,
    /// Zips that are being uploaded.
    pub uploads: usize,
    /// Zips that are read once more for that.
    pub copies: usize,
    /// Zips that are to be.
    pub copies_due: usize,
}

impl Status {
    /// The page that shows it.
    pub fn page(&self) -> Verdict {
        let mut body = serde_json::to_string_pretty(self).unwrap_or_default();
        body.push('\n');
        page("application/json", body)
    }
}

/// The version of the policy bundle in force, where one is configured: nothing where none was read yet.
pub(super) fn policy_bundle(config: &Config, in_force: &InForce) -> Option<Option<u64>> {
    config.policy.bundle.as_ref().map(|_| in_force.version(Bundle::NAME))
}
