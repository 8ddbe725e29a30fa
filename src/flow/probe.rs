//! Readiness: whether storage and an upstream were seen since the start, and the policy bundle was read where it has to be.
//! Offline, storage is all there is to see.
//!
//! What was seen once stays seen: an upstream's outage later must not take every gateway out of rotation, for the index and
//! storage go on answering. Whatever is unseen is asked when readiness is asked for.

use std::{collections::BTreeMap, time::Duration};

use log::Level;
use serde::Serialize;

use super::respond;
use crate::{
    config::Config,
    cx::{Cx, Verdict},
    endpoint,
    goproxy::{Answer, Asker},
    http::{Callout, Reply},
    metrics::Cache,
    plan::Source,
};

/// How those this worker fetches from were doing when they were last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings(BTreeMap<Source, Sighting>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sighting {
    /// Whether it ever answered.
    ever: bool,
    /// Whether it answered last time.
    now: bool,
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
    /// The version of the policy bundle in force; null where none is, and left out where none is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_bundle: Option<Option<u64>>,
}

impl Sightings {
    /// Notes a reply of `source`: any answer but a server's error, or a refusal of this gateway's credentials, shows that
    /// it is there. An outage is logged when it begins and when it ends, and not for every request that meets it.
    pub fn note(&mut self, source: Source, reply: &Reply, config: &Config, cx: &mut Cx<'_>) {
        let trouble = match reply {
            Reply::Answered { status: status @ (401 | 407 | 500..), .. } => {
                Some(format!("it answers {status}"))
            }
            Reply::Answered { .. } => None,
            Reply::Failed(failure) => Some(failure.describe().to_owned()),
        };
        let before = self.0.get(&source).copied();
        let ever = before.is_some_and(|before| before.ever) || trouble.is_none();
        self.0.insert(source, Sighting { ever, now: trouble.is_none() });
        let was_well = before.is_none_or(|before| before.now);
        match trouble {
            Some(why) if was_well => cx.log(Level::Warn, format!("{}: {why}", source.describe(config))),
            None if !was_well => cx.log(Level::Info, format!("{} answers again", source.describe(config))),
            _ => {}
        }
    }

    /// Whether `source` answered last time, as far as it was asked.
    pub fn is_well(&self, source: Source) -> bool {
        self.0.get(&source).is_none_or(|sighting| sighting.now)
    }

    fn saw(&self, source: Source) -> bool {
        self.0.get(&source).is_some_and(|sighting| sighting.ever)
    }

    /// Whether storage, if there is one, and an upstream, if there is one, were seen, and no rules are missing.
    pub fn is_ready(&self, config: &Config) -> bool {
        let storage = config.storage.is_none() || self.saw(Source::Storage);
        let mut upstreams = upstreams(config).peekable();
        config.policy.is_known()
            && storage
            && (upstreams.peek().is_none() || upstreams.any(|upstream| self.saw(upstream)))
    }

    fn report(&self, config: &Config) -> Answer<'static> {
        let (seen, unseen) = sources(config).partition::<Vec<_>, _>(|source| self.saw(*source));
        let names = |sources: Vec<Source>| -> Vec<_> {
            sources.into_iter().map(|source| source.target(config).to_string()).collect()
        };
        let (seen, unseen) = (names(seen), names(unseen));
        let ready = self.is_ready(config);
        let policy_bundle = config.policy.bundle.as_ref().map(|_| config.policy.bundle_version());
        let mut body =
            serde_json::to_string(&Report { ready, seen, unseen, policy_bundle }).unwrap_or_default();
        body.push('\n');
        Answer::Page { healthy: ready, content_type: "application/json", body }
    }
}

impl Probe {
    /// A question to everyone unseen.
    pub fn begin(sightings: &Sightings, config: &Config) -> (Self, Vec<(Source, Callout)>) {
        let questions: Vec<_> = sources(config)
            .filter(|source| !sightings.saw(*source))
            .filter_map(|source| {
                let mut callout = endpoint::head(source.endpoint(config)?, "");
                callout.timeout = callout.timeout.min(PATIENCE);
                Some((source, callout))
            })
            .collect();
        (Self { open: questions.len() }, questions)
    }

    /// A reply came, whatever it was; whether it was the last.
    pub fn end_one(&mut self) -> bool {
        self.open = self.open.saturating_sub(1);
        self.open == 0
    }
}

/// Answers a request of the readiness page.
pub fn readiness(sightings: &Sightings, config: &Config, cx: &mut Cx<'_>) -> Verdict {
    let page = sightings.report(config);
    respond::answer(&page, &Asker::default(), "page", Cache::None, cx)
}

fn sources(config: &Config) -> impl Iterator<Item = Source> {
    let storage = config.storage.iter().map(|_| Source::Storage);
    storage.chain(upstreams(config))
}

/// Those that may be asked.
fn upstreams(config: &Config) -> impl Iterator<Item = Source> {
    let count = if config.offline { 0 } else { config.upstreams.len() };
    (0..count).map(Source::Upstream)
}

/// Less than the second probe of a kubelet at its default period of ten seconds would take to come.
const PATIENCE: Duration = Duration::from_secs(2);
