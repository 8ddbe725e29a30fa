//! From an answer to a verdict, counted.

use std::time::Duration;

use crate::{
    config::Config,
    cx::{Cx, Verdict},
    gomod::ModulePath,
    goproxy::{Answer, Asker, Lifetime, Validity},
    http::Timestamp,
    metrics::{Cache, Metric},
};

/// Answers, and counts that.
pub(super) fn answer(
    answer: &Answer<'_>,
    asker: &Asker,
    kind: &'static str,
    cache: Cache,
    cx: &mut Cx<'_>,
) -> Verdict {
    let response = answer.respond(asker);
    cx.count(Metric::Request { kind, cache, status: response.status });
    Verdict::Respond(response)
}

/// How long, and by whom, what is said of `module` may be kept: of a private one by the caller alone.
pub(super) fn validity(
    lifetime: Lifetime,
    ttl: Duration,
    since: Timestamp,
    module: Option<&ModulePath>,
    config: &Config,
    now: Timestamp,
) -> Validity {
    let shared = !module.is_some_and(|module| config.private.modules.matches(module));
    Validity::left(lifetime, ttl, now.since(since), shared)
}
