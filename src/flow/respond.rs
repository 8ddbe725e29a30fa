//! From an answer to a verdict.

use crate::{
    config::Config,
    cx::Verdict,
    gomod::ModulePath,
    goproxy::{Answer, Asker, Audience, Failure, FailureKind},
    metrics::{Account, Cache, Kind},
    policy::Policy,
};

/// Answers. What is counted of it, and when, is the affair of who gives it.
pub(super) fn answer(answer: &Answer<'_>, asker: &Asker, kind: Kind, cache: Cache) -> Verdict {
    Verdict::Respond(answer.respond(asker, Account { kind, cache }).into())
}

/// Answers with one of this proxy's own pages.
pub(super) fn page(content_type: &'static str, body: String) -> Verdict {
    answer(&Answer::Page { healthy: true, content_type, body }, &Asker::default(), Kind::Page, Cache::None)
}

/// Answers a delivery that is heeded, or is not to be sent again.
pub(super) fn accepted() -> Verdict {
    answer(&Answer::Accepted, &Asker::default(), Kind::Page, Cache::None)
}

/// The clients that caches may give an answer about `module` to again.
pub(super) fn audience(module: Option<&ModulePath>, config: &Config, policy: &Policy) -> Audience {
    match module {
        Some(module) if policy.is_personal(module) => Audience::Caller,
        Some(module) if config.private.modules.matches(module) => Audience::Gateway,
        // Callers have names here, and a cache before the gateway would not ask for them.
        _ if !config.callers.principals.is_empty() => Audience::Gateway,
        _ => Audience::Everybody,
    }
}

/// The answer to a request whose headers the host does not hand over: neither its path nor its caller is known.
pub fn unreadable() -> Verdict {
    let reason = "the gateway could not read this request".to_owned();
    let failure = Failure { kind: FailureKind::Bad, reason, retry_after: None };
    answer(&Answer::Failed(&failure), &Asker::default(), Kind::Invalid, Cache::None)
}
