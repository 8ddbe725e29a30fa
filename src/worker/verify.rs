//! What the content of a module version must hash to, by a checksum database, and the proof of what that database gave.
//!
//! A version's sums are in the database's lookup of it (`verify/sums.rs`). What a search found of a database is proven (`verify/prove.rs`)
//! with the other files that the proof needs, among them the head that was the newest before this Envoy started (`verify/recall.rs`).
//! Nothing is asked here: what is needed is returned.

mod prove;
mod recall;
mod sums;

use std::collections::BTreeMap;

pub(super) use self::prove::{Begun, Need, Progress};
pub(super) use self::sums::Lookup;
use self::{prove::PendingProof, sums::KnownSumdb};
use super::key::SearchKey;
use crate::{
    config::{Config, Sumdb},
    flow::{DatabaseStatus, Status},
    goproxy::{Document, Failure, FailureKind},
    plan::Want,
    shared::{SharedKv, tree_heads},
};

/// The checksum databases, as one worker knows them, and the proofs under way.
#[derive(Debug)]
pub(super) struct Verify {
    /// By the search that found what is to be proven.
    proofs: BTreeMap<SearchKey, PendingProof>,
    sumdbs: Vec<KnownSumdb>,
}

impl Verify {
    /// Nothing is proven yet.
    pub(super) fn new(config: &Config) -> Self {
        let sumdbs = config.sumdb.iter().map(|_| KnownSumdb::default()).collect();
        Self { proofs: BTreeMap::new(), sumdbs }
    }

    /// The newest verified heads, and the proofs under way.
    pub(super) fn status(&self, config: &Config, kv: &dyn SharedKv, status: &mut Status) {
        let head = |sumdb: &Sumdb| DatabaseStatus {
            name: sumdb.name.clone(),
            tree_size: tree_heads::head(kv, &sumdb.key).map(|head| head.size()),
            clock: None,
        };
        status.checksum_databases = config.sumdb.iter().map(head).collect();
        status.worker.proofs = self.proofs.len();
    }

    /// Whether no proof is under way.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.proofs.is_empty()
    }
}

/// The file is not what its name says.
fn forged(want: &Want, why: &str) -> Failure {
    let reason = format!("{}: {why}", want.describe());
    Failure { kind: FailureKind::Forged, reason, retry_after: None }
}

/// The database that `want` is of: its place in the configuration.
fn sumdb_at(want: &Want, config: &Config) -> Option<usize> {
    let Want::Document(Document::Sumdb { sumdb, .. }) = want else { return None };
    config.sumdb.iter().position(|known| known.name == *sumdb)
}
