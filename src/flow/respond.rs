//! From an answer to a verdict, counted.

use crate::{
    config::Config,
    cx::{Cx, Verdict},
    gomod::ModulePath,
    goproxy::{Answer, Asker, Audience},
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

/// Whom what is said of `module` may be given to once more.
pub(super) fn audience(module: Option<&ModulePath>, config: &Config) -> Audience {
    match module {
        Some(module) if config.policy.policy.is_personal(module) => Audience::Caller,
        Some(module) if config.private.modules.matches(module) => Audience::Gateway,
        _ => Audience::Everybody,
    }
}
