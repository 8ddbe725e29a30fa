//! What is counted, and under which name.
//!
//! The proxy-wasm ABI knows no labels. A name therefore carries them as `.label.value` pairs after the metric's own name,
//! `modgate.requests_total.kind.zip.cache.storage.class.2xx`, and Envoy's `stats_tags` (see `envoy/gateway.yaml`) turn them
//! into labels: `modgate_requests_total{kind="zip",cache="storage",class="2xx"}`. A value is made of `[a-z0-9_-]`, so that
//! it can never be taken for a separator. Every label has few values, none of them chosen by a client.

use std::{borrow::Cow, fmt};

/// One counter, with its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// A poll of a document that ended.
    Poll {
        /// Of which: its name.
        document: &'static str,
        /// How: `changed` (another one is in force), `unchanged`, `failed` (it could not be had), or `invalid` (it is wrong, or
        /// too large).
        outcome: &'static str,
    },
    /// A callout that ended.
    Callout {
        /// Whom it asked.
        target: Target,
        /// What came of it: `ok`, `missing`, `redirect`, `refused`, `error`, or why there was no answer.
        outcome: &'static str,
    },
    /// A record of the index that another one took the slot of.
    Eviction {
        /// What it was: `found`, or `missing`.
        kind: &'static str,
    },
    /// A request that was refused here.
    Refusal {
        /// Why: a word of ours, or what a rule is called.
        reason: Cow<'static, str>,
    },
    /// A request that was answered.
    Request {
        /// What it asked.
        kind: &'static str,
        /// Where the answer came from.
        cache: Cache,
        /// The answer's status.
        status: u16,
    },
    /// A document or a zip that was to be written to storage.
    StorageWrite {
        /// What came of it: `stored`, `present`, `exists` (a zip, to be compared when it is read), `differs`, or why storage
        /// did not take it; `unnameable` is what has a longer name than storage can have, and is not tried. Zips that were to be stored while they were streamed, and were not: `flawed`, `unproven`, `left`
        /// (by the client, or the upstream broke off), `overrun` (storage did not keep up), `too_large`, `skipped` (too many
        /// at once). Those that were to be copied afterwards, and were not: `no_ranges` (the upstream gives no parts),
        /// `not_given`.
        outcome: &'static str,
    },
    /// A proof of what a checksum database gave, that ended.
    Sumdb {
        /// How: `proven`, `alone` (what storage has, by its own head, while the database is down), `forged`, `fork`, or `failed` where it could not be asked for all it takes.
        outcome: &'static str,
    },
    /// A go.mod or a zip that was read to its end.
    Verification {
        /// What came of it. Given: `ok` (the checksum database has this hash for it), `exempt` (nothing to be proven), `accepted`
        /// (the database could not be asked). Not given: `mismatch`, `unfit` (no module zip, or cut short), `unproven`,
        /// `late` (trailers before all was read), `crowded` (no memory is left to read it).
        outcome: &'static str,
    },
}

/// One value that goes up and down; the same for all workers, whichever of them says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gauge {
    /// Seconds since the source of a polled document last confirmed the one that is in force.
    PolledAge {
        /// Of which: its name.
        document: &'static str,
    },
    /// The version of a polled document that is in force.
    PolledVersion {
        /// Of which: its name.
        document: &'static str,
    },
}

/// Whom a callout asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The source of a polled document, by the document's name.
    Polled(&'static str),
    /// The storage cluster.
    Storage,
    /// A checksum database.
    Sumdb,
    /// An upstream, by its configured name.
    Upstream(String),
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cache {
    /// From a fetch that another request had begun.
    Coalesced,
    /// From the index.
    Hit,
    /// From nowhere: refused, failed, or a page of our own.
    None,
    /// From the index or from storage, because those who know better could not be asked.
    Stale,
    /// From storage.
    Storage,
    /// From an upstream or a checksum database.
    Upstream,
}

impl Cache {
    /// The word for logs, metrics and the `x-modgate-cache` header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Coalesced => "coalesced",
            Self::Hit => "hit",
            Self::None => "none",
            Self::Stale => "stale",
            Self::Storage => "storage",
            Self::Upstream => "upstream",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polled(document) => f.write_str(document),
            Self::Storage => f.write_str("storage"),
            Self::Sumdb => f.write_str("sumdb"),
            Self::Upstream(name) => f.write_str(name),
        }
    }
}

/// The name under which the host keeps the gauge.
impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PolledAge { document } => write!(f, "modgate.{document}_age_seconds"),
            Self::PolledVersion { document } => write!(f, "modgate.{document}_version"),
        }
    }
}

/// The name under which the host keeps the counter.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poll { document, outcome } => {
                write!(f, "modgate.{document}_polls_total.outcome.{outcome}")
            }
            Self::Callout { target, outcome } => {
                write!(f, "modgate.callouts_total.target.{target}.outcome.{outcome}")
            }
            Self::Eviction { kind } => write!(f, "modgate.index_evictions_total.kind.{kind}"),
            Self::Refusal { reason } => write!(f, "modgate.refusals_total.reason.{reason}"),
            Self::Request { kind, cache, status } => {
                let (cache, class) = (cache.as_str(), status / 100);
                write!(f, "modgate.requests_total.kind.{kind}.cache.{cache}.class.{class}xx")
            }
            Self::StorageWrite { outcome } => write!(f, "modgate.storage_writes_total.outcome.{outcome}"),
            Self::Sumdb { outcome } => write!(f, "modgate.sumdb_proofs_total.outcome.{outcome}"),
            Self::Verification { outcome } => write!(f, "modgate.verifications_total.outcome.{outcome}"),
        }
    }
}
