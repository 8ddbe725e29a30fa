//! Readiness: whether storage and an upstream were seen since the start.
//!
//! What was seen once stays seen: an upstream's outage later must not take every gateway out of rotation, for the index and
//! storage go on answering. Whatever is unseen is asked when readiness is asked for.

use std::{collections::BTreeSet, time::Duration};

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

/// Who has answered since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(BTreeSet<String>);

/// A round of questions to those unseen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    open: usize,
}

#[derive(Serialize)]
struct Report<'a> {
    ready: bool,
    seen: Vec<&'a str>,
    unseen: Vec<&'a str>,
}

impl Seen {
    /// Notes a reply of `source`: any answer but a server's error shows that it is there.
    pub fn note(&mut self, source: Source, reply: &Reply, config: &Config) {
        if matches!(reply, Reply::Answered { status, .. } if *status < 500) {
            self.0.insert(source.target(config).to_string());
        }
    }

    /// Whether storage, if there is one, and an upstream, if there is one, were seen.
    pub fn is_ready(&self, config: &Config) -> bool {
        let seen = |source: Source| self.0.contains(&source.target(config).to_string());
        let storage = config.storage.is_none() || seen(Source::Storage);
        let upstream =
            config.upstreams.is_empty() || (0..config.upstreams.len()).any(|at| seen(Source::Upstream(at)));
        storage && upstream
    }

    fn report(&self, config: &Config) -> Answer<'static> {
        let names: Vec<_> = sources(config).map(|source| source.target(config).to_string()).collect();
        let (seen, unseen) = names.iter().map(String::as_str).partition(|name| self.0.contains(*name));
        let ready = self.is_ready(config);
        let mut body = serde_json::to_string(&Report { ready, seen, unseen }).unwrap_or_default();
        body.push('\n');
        Answer::Page { healthy: ready, content_type: "application/json", body }
    }
}

impl Probe {
    /// A question to everyone unseen.
    pub fn begin(seen: &Seen, config: &Config) -> (Self, Vec<(Source, Callout)>) {
        let questions: Vec<_> = sources(config)
            .filter(|source| !seen.0.contains(&source.target(config).to_string()))
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
pub fn readiness(seen: &Seen, config: &Config, cx: &mut Cx<'_>) -> Verdict {
    let page = seen.report(config);
    respond::answer(&page, &Asker::default(), "page", Cache::None, cx)
}

fn sources(config: &Config) -> impl Iterator<Item = Source> {
    let storage = config.storage.iter().map(|_| Source::Storage);
    storage.chain((0..config.upstreams.len()).map(Source::Upstream))
}

/// Less than the second probe of a kubelet at its default period of ten seconds would take to come.
const PATIENCE: Duration = Duration::from_secs(2);
