//! From an answer to a verdict, counted.

use crate::{
    config::Config,
    cx::{Cx, Verdict},
    gomod::ModulePath,
    goproxy::{Answer, Asker},
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
    Verdict::Respond(response.into())
}

/// Whether shared caches may keep what is said of `module`: not of one that only some callers may read.
pub(super) fn is_shared(module: Option<&ModulePath>, config: &Config) -> bool {
    !module.is_some_and(|module| {
        config.private.modules.matches(module) || config.policy.policy.is_personal(module)
    })
}
