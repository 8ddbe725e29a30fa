//! How those are doing who are asked, and readiness: whether this gateway can serve. It can as soon as storage or an upstream was
//! seen, and the policy bundle was read where it has to be. Offline, storage is all there is to see.
//!
//! What was seen is known to all workers of the Envoy, and to the next configuration. A source that was seen once stays seen: an outage
//! later must not take every gateway out of rotation, for the index and all other sources go on answering. Sources that were never seen are
//! asked when readiness is asked for.

use std::{collections::BTreeMap, time::Duration};

use log::Level;
use serde::Serialize;

use super::{SourceStatus, respond, status::policy_bundle};
use crate::{
    config::{Config, cluster_remedy},
    cx::{Cx, Verdict},
    endpoint,
    goproxy::{Answer, Asker},
    http::{CallFailure, Callout, Reply, Timestamp},
    metrics::{Cache, Kind},
    plan::Source,
    policy::InForce,
    shared::{Health, Heard, SharedKv, SourceId, health, note_health, takes_its_turn},
    store,
};

/// Whose record in shared data is whose: how a source is doing stands there, for all workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceHealth(BTreeMap<Source, SourceId>);

/// What a source was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Something that this gateway wanted to read: how long the answer takes is the source's doing alone.
    Read,
    /// Something else: a client shaped it, or the source had to do more than read, or it was given less time than usual.
    Other,
    /// To keep something: storage that is full, or takes no writes, reads as well as before.
    Write,
}

/// A round of questions to those unseen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    open: usize,
}

#[derive(Serialize)]
struct Report {
    ready: bool,
    seen: Vec<String>,
    unseen: Vec<String>,
    /// Who did not answer when last asked, seen or not.
    failing: Vec<String>,
    /// The clusters that the gateway does not have, checksum databases' among them, and what to do about each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    missing_clusters: BTreeMap<String, String>,
    /// The version of the policy bundle in force; null where none is, and left out where none is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_bundle: Option<Option<u64>>,
    /// The sources of advisories that neither gave any yet nor failed to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    awaited: Vec<String>,
}

impl SourceHealth {
    /// The records of the sources of `config`.
    pub fn new(config: &Config) -> Self {
        let storage = config.storage.iter().map(|_| Source::Storage);
        let upstreams = (0..config.upstreams.len()).map(Source::Upstream);
        let sumdbs = (0..config.sumdb.len()).map(Source::Sumdb);
        let known = storage.chain(upstreams).chain(sumdbs);
        Self(known.filter_map(|source| Some((source, SourceId::of(source.endpoint(config)?)))).collect())
    }

    /// Who `source` is for all workers and configurations.
    pub fn id(&self, source: Source) -> Option<SourceId> {
        self.0.get(&source).copied()
    }

    fn of(&self, source: Source, kv: &dyn SharedKv) -> Health {
        self.id(source).map(|id| health(kv, id)).unwrap_or_default()
    }

    /// Notes a reply of `source`: any answer but a server's error, or a refusal of this gateway's credentials, shows that
    /// it is there. An outage is logged when it begins and when it ends, and not for every request that meets it.
    pub fn note(&self, source: Source, asked: Asked, reply: &Reply, config: &Config, cx: &mut Cx<'_>) {
        let Some(id) = self.id(source) else { return };
        let trouble = match reply {
            // What was not written is told by who wanted it written. Said here, storage that is full would fail with each write, and be well
            // again with each read.
            Reply::Answered { status: 500.., .. } if asked == Asked::Write => return,
            Reply::Answered { status: status @ (401 | 407 | 500..), .. } => {
                Some(format!("it answers {status}"))
            }
            Reply::Answered { status: 200 | 206, headers, .. }
                if source == Source::Storage && store::is_page(headers) =>
            {
                Some("it answers with a web page".to_owned())
            }
            Reply::Answered { .. } => None,
            Reply::Failed(failure) => Some(source.say(*failure, config)),
        };
        let heard = match (reply, asked) {
            _ if trouble.is_none() => Heard::Answer,
            (Reply::Failed(CallFailure::Misconfigured), _) => Heard::NoCluster,
            (Reply::Failed(CallFailure::TimedOut | CallFailure::Unreachable), Asked::Read) => Heard::Silence,
            _ => Heard::Failure,
        };
        let Some(before) = note_health(cx.kv, id, heard, cx.now) else { return };
        match trouble {
            Some(why) if !before.failing => {
                cx.log(Level::Warn, format!("{}: {why}", source.describe(config)));
            }
            None if before.failing => {
                cx.log(Level::Info, format!("{} answers again", source.describe(config)));
            }
            _ => {}
        }
    }

    /// Whether `source` answered last time, as far as it was asked.
    pub fn is_well(&self, source: Source, kv: &dyn SharedKv) -> bool {
        !self.of(source, kv).failing
    }

    /// Whether a client may be routed to `source` without asking the source first. Storage must have answered a moment ago: it may have
    /// begun to hang since, and upstreams have most of what it has. An upstream is the last source that has it.
    pub fn vouches_for(&self, source: Source, kv: &dyn SharedKv, now: Timestamp) -> bool {
        match source {
            Source::Storage => self.of(source, kv).is_heard_of(now),
            Source::Sumdb(_) | Source::Upstream(_) => !self.of(source, kv).silent,
        }
    }

    /// Whether `source` is to be asked in its turn, and not after all others. The caller asks it then.
    pub fn takes_its_turn(&self, source: Source, cx: &mut Cx<'_>) -> bool {
        self.id(source).is_none_or(|id| takes_its_turn(cx.kv, id, cx.now))
    }

    fn saw(&self, source: Source, kv: &dyn SharedKv) -> bool {
        self.of(source, kv).ever
    }

    /// Whether storage or an upstream was seen, if there is any, no rules are missing, and no advisories may come in a moment.
    pub fn is_ready(&self, config: &Config, in_force: &InForce, kv: &dyn SharedKv) -> bool {
        let mut sources = sources(config).peekable();
        in_force.is_complete()
            && in_force.awaited().next().is_none()
            && (sources.peek().is_none() || sources.any(|source| self.saw(source, kv)))
    }

    /// How those are doing that are asked, and the checksum databases.
    pub fn status(&self, config: &Config, kv: &dyn SharedKv, now: Timestamp) -> Vec<SourceStatus> {
        let sumdbs = (0..config.sumdb.len()).map(Source::Sumdb);
        let status = |source: Source| {
            let known = self.of(source, kv);
            let (kind, name) = match source {
                Source::Storage => ("storage", source.target(config).to_string()),
                Source::Upstream(_) => ("upstream", source.target(config).to_string()),
                Source::Sumdb(at) => {
                    ("sumdb", config.sumdb.get(at).map_or_else(String::new, |sumdb| sumdb.name.clone()))
                }
            };
            SourceStatus {
                kind,
                name,
                seen: known.ever,
                failing: known.failing,
                silent: known.silent,
                missing_cluster: source
                    .endpoint(config)
                    .filter(|_| known.lacks_cluster)
                    .map(|endpoint| endpoint.cluster.clone()),
                answered_seconds_ago: known.answered(now).map(|ago| ago.as_secs()),
            }
        };
        sources(config).chain(sumdbs).map(status).collect()
    }

    fn report(&self, config: &Config, in_force: &InForce, cx: &Cx<'_>) -> Answer<'static> {
        let all = self.status(config, cx.kv, cx.now);
        let names = |is_meant: &dyn Fn(&SourceStatus) -> bool| -> Vec<_> {
            let serving = all.iter().filter(|source| source.kind != "sumdb");
            serving.filter(|source| is_meant(source)).map(|source| source.name.clone()).collect()
        };
        let report = Report {
            ready: self.is_ready(config, in_force, cx.kv),
            seen: names(&|source| source.seen),
            unseen: names(&|source| !source.seen),
            failing: names(&|source| source.failing),
            missing_clusters: all
                .iter()
                .filter_map(|source| source.missing_cluster.as_deref())
                .map(|cluster| (cluster.to_owned(), cluster_remedy(cluster)))
                .collect(),
            policy_bundle: policy_bundle(config, in_force),
            awaited: in_force.awaited().map(ToString::to_string).collect(),
        };
        let mut body = serde_json::to_string(&report).unwrap_or_default();
        body.push('\n');
        Answer::Page { healthy: report.ready, content_type: "application/json", body }
    }
}

impl Probe {
    /// A question to everyone unseen, checksum databases too: a gateway without their clusters has no file that it could prove, and says so
    /// before the first build does.
    pub fn begin(
        source_health: &SourceHealth,
        config: &Config,
        kv: &dyn SharedKv,
    ) -> (Self, Vec<(Source, Callout)>) {
        let questions: Vec<_> = sources(config)
            .chain(databases(config))
            .filter(|source| !source_health.saw(*source, kv))
            .filter_map(|source| {
                let mut callout = endpoint::head(source.endpoint(config)?, "");
                callout.timeout = callout.timeout.min(PATIENCE);
                Some((source, callout))
            })
            .collect();
        (Self { open: questions.len() }, questions)
    }

    /// A reply came, of any kind. Returns whether it was the last.
    pub fn end_one(&mut self) -> bool {
        self.open = self.open.saturating_sub(1);
        self.open == 0
    }
}

/// Answers a request of the readiness page.
pub fn readiness(
    source_health: &SourceHealth,
    config: &Config,
    in_force: &InForce,
    cx: &mut Cx<'_>,
) -> Verdict {
    let page = source_health.report(config, in_force, cx);
    respond::answer(&page, &Asker::default(), Kind::Page, Cache::None)
}

fn sources(config: &Config) -> impl Iterator<Item = Source> {
    let storage = config.storage.iter().map(|_| Source::Storage);
    storage.chain(upstreams(config))
}

/// The sources that may be asked.
fn upstreams(config: &Config) -> impl Iterator<Item = Source> {
    let count = if config.offline { 0 } else { config.upstreams.len() };
    (0..count).map(Source::Upstream)
}

/// The checksum databases that may be asked.
fn databases(config: &Config) -> impl Iterator<Item = Source> {
    let count = if config.offline { 0 } else { config.sumdb.len() };
    (0..count).map(Source::Sumdb)
}

/// Less than the second probe of a kubelet at its default period of ten seconds would take to come.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the answers of one round are good for all clients that ask meanwhile. However many ask for the page, each worker asks each
/// source once a second, and only as long as the source was never seen.
pub const PROBE_ROUND: Duration = Duration::from_secs(1);
