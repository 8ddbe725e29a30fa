//! What is measured, and under which name.
//!
//! The proxy-wasm ABI knows no labels. A name therefore carries them, as the metrics of Istio's proxies do: `label=.=value;.;` before the
//! metric's own name, `kind=.=zip;.;cache=.=storage;.;class=.=2xx;.;modgate.requests_total`. Envoy's `stats_tags` (see
//! `envoy/gateway.yaml`), or Istio's `extraStatTags`, turn them into labels: `modgate_requests_total{kind="zip",cache="storage",class="2xx"}`.
//! A value is made of `[a-z0-9_-]`, so that it can never be taken for a separator. Every label has few values, none of them chosen by
//! a client.

mod document;
mod outcome;
#[cfg(test)]
mod reference;
mod tally;

use std::fmt;

pub use self::{
    document::DocumentName,
    outcome::{
        Ended, Evicted, FeedLine, FleetOutcome, ForecastOutcome, HookOutcome, LookOutcome, OwnReason,
        PollOutcome, PrewarmOutcome, Reason, StatusClass, SumdbOutcome, Unruled, VerificationOutcome,
        WriteOutcome,
    },
    tally::Tally,
};
use crate::http::CallOutcome;
pub use crate::http::{Account, Cache, Ending, Kind, RetractedAs};

/// One value that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Of what.
    pub metric: Metric,
    /// How much a counter grows, what a gauge says, what a histogram gets.
    pub value: u64,
}

/// What is measured, with its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// It grows.
    Counter(Counter),
    /// It goes up and down. All workers share it, so each worker must say the same.
    Gauge(Gauge),
    /// It gets a value each time.
    Histogram(Histogram),
}

/// A counter, with its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Bytes of the bodies of answers.
    Bytes {
        /// What was asked.
        kind: Kind,
        /// Where the answer came from.
        cache: Cache,
    },
    /// A callout that ended.
    Callout {
        /// Its receiver.
        target: Target,
        /// What came of it.
        outcome: CallOutcome,
    },
    /// A poll of a document that ended.
    Poll {
        /// Of which: its name.
        document: DocumentName,
        /// How.
        outcome: PollOutcome,
    },
    /// A record of the index that made room for another.
    Eviction {
        /// What it said.
        kind: Evicted,
    },
    /// A version that was served, and is forgotten before its time, as there is no room for it.
    Forgotten,
    /// A stretch of a feed that was left out, as its reader was too far behind.
    FeedGap {
        /// Of which: its name.
        document: DocumentName,
    },
    /// A version that this gateway has stored and that is not in the index of what is stored.
    IndexLost,
    /// A line of a feed.
    FeedLine {
        /// Of which: its name.
        document: DocumentName,
        /// What it was.
        outcome: FeedLine,
    },
    /// Something that gateways tell each other.
    Fleet {
        /// What it was, or what came of it.
        outcome: FleetOutcome,
    },
    /// A delivery to a webhook.
    Hook {
        /// The webhook: its name.
        target: String,
        /// What came of it.
        outcome: HookOutcome,
    },
    /// An hour that was learnt, or a document that is likely to be asked for.
    Forecast {
        /// What came of it.
        outcome: ForecastOutcome,
    },
    /// A document that was to be asked for anew because of what the gateway was told.
    Look {
        /// What came of it.
        outcome: LookOutcome,
    },
    /// A request that was answered, though it would have been refused or sent elsewhere if all of the policy were enforced.
    Monitored {
        /// Why it would: what the rule is called, or a word of [`Unruled`].
        reason: String,
    },
    /// A file that was to be fetched before a client asks for it.
    Prewarm {
        /// What came of it.
        outcome: PrewarmOutcome,
    },
    /// A request that was refused here.
    Refusal {
        /// Why.
        reason: Reason,
    },
    /// A request that was answered with a version that is retracted, or may be.
    Retracted {
        /// Which of both.
        outcome: RetractedAs,
    },
    /// A request that was answered, when it ended.
    Request {
        /// What it asked.
        kind: Kind,
        /// Where the answer came from.
        cache: Cache,
        /// The answer's status.
        class: StatusClass,
    },
    /// A document or a zip that was to be written to storage.
    StorageWrite {
        /// What came of it.
        outcome: WriteOutcome,
    },
    /// A proof of what a checksum database gave, that ended.
    Sumdb {
        /// How.
        outcome: SumdbOutcome,
    },
    /// A tag that a webhook says was moved to another commit.
    TagMoved,
    /// A count of a series that the worker has no room for.
    Uncounted,
    /// A request whose client did not get a whole answer.
    Unfinished {
        /// What it asked.
        kind: Kind,
        /// Why not.
        outcome: Ending,
    },
    /// A request for a version that could not have been had without a waiver.
    Waived {
        /// Which: what it is called.
        reason: String,
    },
    /// A go.mod or a zip that was read to its end.
    Verification {
        /// What came of it.
        outcome: VerificationOutcome,
    },
}

/// A gauge, with its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gauge {
    /// Up to when a feed was read, by its own times, in seconds since 1970.
    FeedUntil {
        /// Of which: its name.
        document: DocumentName,
    },
    /// Gateways that share the storage, this one included.
    FleetMembers,
    /// Versions that were served lately and that an advisory is about which no waiver lifts.
    ServedAdvised,
    /// Those of them that are malicious.
    ServedMalicious,
    /// Seconds since the source of a polled document last confirmed the one that is in force.
    PolledAge {
        /// Of which: its name.
        document: DocumentName,
    },
    /// Whether a polled document was not confirmed for longer than it may be: 1, else 0.
    PolledStale {
        /// Of which: its name.
        document: DocumentName,
    },
    /// The version of a polled document that is in force.
    PolledVersion {
        /// Of which: its name.
        document: DocumentName,
    },
    /// Waivers that have ended and are still there.
    WaiversEnded,
    /// Waivers that end soon.
    WaiversEnding,
}

/// A histogram, with its labels. Its values are milliseconds: by Envoy's buckets these are half of one to an hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Histogram {
    /// From a callout to its answer, or to its failure.
    CalloutDuration {
        /// Its receiver.
        target: Target,
        /// The answer's status.
        class: StatusClass,
    },
    /// From the head of a request that was not answered at once to the end of its answer.
    RequestDuration {
        /// What it asked.
        kind: Kind,
        /// Where the answer came from.
        cache: Cache,
    },
}

/// The receiver of a callout.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The source of a polled document, by the document's name.
    Polled(DocumentName),
    /// The storage cluster.
    Storage,
    /// A checksum database.
    Sumdb,
    /// An upstream, by its configured name.
    Upstream(String),
}

impl Measure {
    /// A counter has grown by so much.
    pub fn count(counter: Counter, by: u64) -> Self {
        Self { metric: Metric::Counter(counter), value: by }
    }

    /// A gauge says this now.
    pub fn set(gauge: Gauge, value: u64) -> Self {
        Self { metric: Metric::Gauge(gauge), value }
    }

    /// A histogram gets this.
    pub fn record(histogram: Histogram, value: u64) -> Self {
        Self { metric: Metric::Histogram(histogram), value }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polled(document) => document.fmt(f),
            Self::Storage => f.write_str("storage"),
            Self::Sumdb => f.write_str("sumdb"),
            Self::Upstream(name) => f.write_str(name),
        }
    }
}

impl Metric {
    /// The name under which the host keeps it, `kind=.=zip;.;cache=.=storage;.;modgate.response_bytes_total`: the labels come first.
    pub fn stat_name(&self) -> String {
        let Series { family, labels } = match self {
            Self::Counter(counter) => counter.series(),
            Self::Gauge(gauge) => gauge.series(),
            Self::Histogram(histogram) => histogram.series(),
        };
        let labels: String = labels.iter().map(|(label, value)| format!("{label}=.={value};.;")).collect();
        format!("{labels}modgate.{family}")
    }
}

/// All that a name says.
struct Series {
    /// The metric's own name, without what the names of all have in common.
    family: String,
    labels: Vec<(&'static str, String)>,
}

impl Series {
    fn new<const N: usize>(
        family: impl Into<String>,
        labels: [(&'static str, &dyn fmt::Display); N],
    ) -> Self {
        let labels = labels.into_iter().map(|(label, value)| (label, value.to_string())).collect();
        Self { family: family.into(), labels }
    }

    /// Of a polled document: its kind is in the name, and its source, where it has one of several, is the `target` that callouts have.
    fn of_document<const N: usize>(
        document: &DocumentName,
        what: &str,
        labels: [(&'static str, &dyn fmt::Display); N],
    ) -> Self {
        let mut series = Self::new(format!("{}_{what}", document.family()), labels);
        if document.source().is_some() {
            series.labels.insert(0, ("target", document.to_string()));
        }
        series
    }
}

impl Counter {
    fn series(&self) -> Series {
        match self {
            Self::Bytes { kind, cache } => {
                Series::new("response_bytes_total", [("kind", kind), ("cache", cache)])
            }
            Self::Callout { target, outcome } => {
                Series::new("callouts_total", [("target", target), ("outcome", outcome)])
            }
            Self::Poll { document, outcome } => {
                Series::of_document(document, "polls_total", [("outcome", outcome)])
            }
            Self::Eviction { kind } => Series::new("index_evictions_total", [("kind", kind)]),
            Self::FeedGap { document } => Series::of_document(document, "gaps_total", []),
            Self::FeedLine { document, outcome } => {
                Series::of_document(document, "lines_total", [("outcome", outcome)])
            }
            Self::Fleet { outcome } => Series::new("fleet_total", [("outcome", outcome)]),
            Self::Forgotten => Series::new("served_forgotten_total", []),
            Self::Hook { target, outcome } => {
                Series::new("hooks_total", [("target", target), ("outcome", outcome)])
            }
            Self::Forecast { outcome } => Series::new("forecasts_total", [("outcome", outcome)]),
            Self::IndexLost => Series::new("index_feed_lost_total", []),
            Self::Look { outcome } => Series::new("looks_total", [("outcome", outcome)]),
            Self::Monitored { reason } => Series::new("monitored_total", [("reason", reason)]),
            Self::Prewarm { outcome } => Series::new("prewarm_files_total", [("outcome", outcome)]),
            Self::Refusal { reason } => Series::new("refusals_total", [("reason", reason)]),
            Self::Request { kind, cache, class } => {
                Series::new("requests_total", [("kind", kind), ("cache", cache), ("class", class)])
            }
            Self::Retracted { outcome } => Series::new("retracted_total", [("outcome", outcome)]),
            Self::StorageWrite { outcome } => Series::new("storage_writes_total", [("outcome", outcome)]),
            Self::Sumdb { outcome } => Series::new("sumdb_proofs_total", [("outcome", outcome)]),
            Self::TagMoved => Series::new("tags_moved_total", []),
            Self::Uncounted => Series::new("uncounted_total", []),
            Self::Unfinished { kind, outcome } => {
                Series::new("requests_unfinished_total", [("kind", kind), ("outcome", outcome)])
            }
            Self::Verification { outcome } => Series::new("verifications_total", [("outcome", outcome)]),
            Self::Waived { reason } => Series::new("waived_total", [("reason", reason)]),
        }
    }
}

impl Gauge {
    fn series(&self) -> Series {
        match self {
            Self::FeedUntil { document } => Series::of_document(document, "until_timestamp_seconds", []),
            Self::FleetMembers => Series::new("fleet_members", []),
            Self::PolledAge { document } => Series::of_document(document, "age_seconds", []),
            Self::PolledStale { document } => Series::of_document(document, "stale", []),
            Self::PolledVersion { document } => Series::of_document(document, "version", []),
            Self::ServedAdvised => Series::new("served_advised", []),
            Self::ServedMalicious => Series::new("served_malicious", []),
            Self::WaiversEnded => Series::new("waivers_ended", []),
            Self::WaiversEnding => Series::new("waivers_ending", []),
        }
    }
}

impl Histogram {
    fn series(&self) -> Series {
        match self {
            Self::CalloutDuration { target, class } => {
                Series::new("callout_duration_ms", [("target", target), ("class", class)])
            }
            Self::RequestDuration { kind, cache } => {
                Series::new("request_duration_ms", [("kind", kind), ("cache", cache)])
            }
        }
    }
}

/// As `/-/status` shows it: `modgate.response_bytes_total.kind.zip.cache.storage`.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "modgate.{}", self.family)?;
        self.labels.iter().try_for_each(|(label, value)| write!(f, ".{label}.{value}"))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counter(counter) => counter.series().fmt(f),
            Self::Gauge(gauge) => gauge.series().fmt(f),
            Self::Histogram(histogram) => histogram.series().fmt(f),
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.series().fmt(f)
    }
}
