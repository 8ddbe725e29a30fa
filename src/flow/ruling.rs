//! What the policy says of what is asked for, and of what is about to be given.

use crate::{
    config::{Config, MissMode},
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, Failure, File, Missing, Refusal, encode},
    http::Timestamp,
    plan::Want,
    policy::{Caller, Decision, View},
    upstream,
};

use super::{
    Known,
    published::{Publication, published},
};

/// What becomes of a request, as far as the policy decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It is served.
    Pass,
    /// It depends on when this version of the module was published, which is to be found out first.
    Undated(ModulePath, Version),
    /// It is not served.
    Instead(Instead),
}

/// What is answered in place of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// It is to be had there.
    Elsewhere(String),
    /// When it was published could not be found out.
    Failed(Failure),
    /// There is no such version.
    Missing(Missing),
    /// It is refused.
    Refused(Refusal),
}

/// What the policy says of a request for `want`, before anything of it is given. `may_fetch` says that the client lets
/// upstreams be asked: else it is not sent there either.
pub(super) fn admit(want: &Want, may_fetch: bool, caller: &Caller, known: &Known<'_>, cx: &Cx<'_>) -> Ruling {
    let config = known.config;
    let Some((module, version)) = want.subject() else { return Ruling::Pass };
    let policy = known.in_force.policy();
    let is_of_database = matches!(want, Want::Document(Document::Sumdb { .. }));
    let view = (!policy.is_open()).then(|| policy.view(module, caller));
    if let Some(view) = &view {
        let now = cx.now;
        let rule = |decision: Decision<'_>| match decision {
            Decision::Redirected(_, to) => Ruling::Instead(elsewhere(want, to, config)),
            decision => refusal(view, module, version, &decision, caller, now)
                .map_or(Ruling::Pass, |refusal| Ruling::Instead(Instead::Refused(refusal))),
        };
        let ruling = match version {
            None => view.whole().map_or(Ruling::Pass, rule),
            Some(version) => {
                let mut decision = view.decide(version, None, cx.now);
                if let Decision::Undated(_) = decision {
                    match when(module, version, known, cx) {
                        Some(Publication::At(time)) => decision = view.decide(version, Some(time), cx.now),
                        // It says itself when it was published, unless its client is sent away for it.
                        _ if is_info(want) && config.on_miss(module) != MissMode::Redirect => {
                            return Ruling::Pass;
                        }
                        Some(Publication::Failed(failure)) => {
                            return Ruling::Instead(Instead::Failed(failure));
                        }
                        Some(Publication::Missing(missing)) => {
                            return Ruling::Instead(Instead::Missing(missing));
                        }
                        None => return Ruling::Undated(module.clone(), version.clone()),
                    }
                }
                rule(decision)
            }
        };
        // A checksum database is no proxy: what may be had elsewhere is verified here all the same.
        match ruling {
            Ruling::Instead(Instead::Elsewhere(_)) if is_of_database => {}
            Ruling::Pass => {}
            ruling => return ruling,
        }
    }
    let is_mixed = view.is_some_and(|view| view.is_mixed());
    let may_leave = may_fetch && version.is_none() && !is_of_database && !is_mixed;
    if may_leave && config.on_miss(module) == MissMode::Redirect {
        return Ruling::Instead(elsewhere(want, None, config));
    }
    Ruling::Pass
}

/// The refusal that a decision is, if it is one.
pub(super) fn refusal(
    view: &View<'_>,
    module: &ModulePath,
    version: Option<&Version>,
    decision: &Decision<'_>,
    caller: &Caller,
    now: Timestamp,
) -> Option<Refusal> {
    let reason = view.reason(module, version, decision, caller, now)?;
    let rule = match decision {
        Decision::Denied(Some(rule)) | Decision::TooYoung(rule, _) | Decision::Undated(rule) => {
            rule.label().into()
        }
        _ => "default".into(),
    };
    Some(Refusal::Forbidden { rule, reason })
}

/// Sends a client to `base`, or to the upstream that would be asked.
pub(super) fn elsewhere(want: &Want, base: Option<&str>, config: &Config) -> Instead {
    let upstream = || {
        let at = upstream::chain(config, want.module()?).next()?;
        let endpoint = &config.upstreams.get(at)?.endpoint;
        Some(format!("{}://{}{}", endpoint.scheme.as_str(), endpoint.authority, endpoint.path_prefix))
    };
    let path = match want {
        // What is stored is asked for in place of the list that a client wants.
        Want::Document(Document::Module { module, file: File::Stored }) => {
            Document::Module { module: module.clone(), file: File::List }.path()
        }
        want => want.path(),
    };
    match base.map(str::to_owned).or_else(upstream) {
        Some(base) => Instead::Elsewhere(format!("{base}/{}", encode(&path))),
        None => Instead::Refused(Refusal::Unknown(format!(
            "not found: {}: it is not served here, and there is no upstream for it to be had from",
            want.describe()
        ))),
    }
}

/// What is known of when a version was published.
fn when(module: &ModulePath, version: &Version, known: &Known<'_>, cx: &Cx<'_>) -> Option<Publication> {
    let found = known.publications.of(module).and_then(|found| found.get(version)).cloned();
    found.or_else(|| published(module, version, known.index, cx).map(Publication::At))
}

fn is_info(want: &Want) -> bool {
    matches!(want, Want::Document(Document::Module { file: File::Info(_), .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules may change while a client waits for what is stored.
    #[test]
    fn nobody_is_sent_to_what_only_storage_knows() {
        let config =
            Config::parse(r#"{"upstreams": [{"cluster": "c", "url": "https://proxy.test/go"}]}"#).unwrap();
        let module = ModulePath::parse("example.com/Acme").unwrap();
        for (file, path) in [(File::Stored, "@v/list"), (File::List, "@v/list"), (File::Latest, "@latest")] {
            let want = Want::Document(Document::Module { module: module.clone(), file });
            for (base, expected) in [(Some("http://there"), "http://there"), (None, "https://proxy.test/go")]
            {
                let there = format!("{expected}/example.com/%21acme/{path}");
                assert_eq!(elsewhere(&want, base, &config), Instead::Elsewhere(there));
            }
        }
    }
}
