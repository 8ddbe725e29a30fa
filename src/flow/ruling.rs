//! What the policy says of a request, and of an answer before it is given.

use std::{ops::ControlFlow, time::Duration};

use super::{
    Known, Next, content,
    logged::dated,
    published::Publication,
    question::{Question, Serving},
    request::refuse,
    respond::answer,
};
use crate::{
    config::{Config, MissMode},
    cx::{Cx, Verdict},
    gomod::{ModulePath, Version},
    goproxy::{Answer, Asker, Audience, Document, Failure, File, Info, Missing, Refusal, Validity, encode},
    metrics::{Cache, Kind, OwnReason, Reason},
    plan::Want,
    policy::{Caller, Decision, Rule, View},
    shared::{Entry, Index, Region},
    upstream::{self, UNCLAIMED},
};

/// What is answered in place of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Substitute {
    /// It is to be had there.
    Elsewhere(String),
    /// When it was published could not be found out.
    Failed(Failure),
    /// There is no such version.
    Missing(Missing),
    /// It is refused.
    Refused(Refusal),
}

impl Question {
    /// What becomes of the request where the policy refuses it, or cannot decide yet. Nothing is given before.
    pub(super) fn admit(&self, known: &Known<'_>, cx: &mut Cx<'_>) -> ControlFlow<Next> {
        // What `@latest` is answered with is decided when it is known.
        if self.serving != Serving::Itself {
            return ControlFlow::Continue(());
        }
        let (want, config) = (&self.want, known.config);
        let Some((module, version)) = want.subject() else { return ControlFlow::Continue(()) };
        let policy = known.in_force.policy();
        let is_of_database = matches!(want, Want::Document(Document::Sumdb { .. }));
        let view = (!policy.is_open()).then(|| match version {
            None => content::view(module, &self.caller, known, cx),
            Some(version) => content::view_of(module, version, None, &self.caller, known, cx),
        });
        let mut decided = None;
        if let Some(view) = &view {
            let decision = match version {
                None => view.whole(),
                Some(version) => self.decide(view, (module, version), known, cx)?,
            };
            let substitute = match &decision {
                None => None,
                Some(Decision::Redirected(rule, to)) => Some(redirected(want, rule, *to, config)),
                Some(decision) => {
                    refusal(view, (module, version), decision, &self.caller, (config, known.index), cx)
                        .map(Substitute::Refused)
                }
            };
            match substitute {
                // A checksum database is no proxy: what may be had elsewhere is verified here all the same.
                Some(Substitute::Elsewhere(_)) if is_of_database => {}
                Some(substitute) => return self.substitute(&substitute, cx),
                None => {}
            }
            decided = decision;
        }
        if let Some(version) = version {
            let refusal = self.retraction((module, version), (view.as_ref(), decided.as_ref()), known, cx)?;
            if let Some(refusal) = refusal {
                return self.substitute(&Substitute::Refused(refusal), cx);
            }
        }
        // Without storage no source can have it; a 404 would send the client to its next proxy.
        if config.storage.is_none() && !is_of_database && upstream::is_unclaimed(config, module) {
            return self.substitute(&Substitute::Refused(private(want, UNCLAIMED)), cx);
        }
        let is_mixed = config.policy.denies_retracted() || view.is_some_and(|view| view.is_mixed());
        // Without `may_fetch` the client is not sent to upstreams either.
        let may_leave = self.may_fetch && version.is_none() && !is_of_database && !is_mixed;
        if may_leave && config.on_miss(module) == MissMode::Redirect {
            return self.substitute(&elsewhere(want, None, config), cx);
        }
        ControlFlow::Continue(())
    }

    /// What the rules say of the version that it names; `None` where that is decided when the answer is there.
    fn decide<'p>(
        &self,
        view: &View<'p>,
        (module, version): (&ModulePath, &Version),
        known: &Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Option<Decision<'p>>> {
        let decision = view.decide(version, None, cx.now);
        let Decision::NeedsDate(_) = decision else { return ControlFlow::Continue(Some(decision)) };
        match when(module, version, known, cx) {
            Some(Publication::At(time) | Publication::ForNow(time)) => {
                ControlFlow::Continue(Some(view.decide(version, Some(time), cx.now)))
            }
            // It says itself when it was published, unless its client is sent away for it.
            _ if is_info(&self.want) && known.config.on_miss(module) != MissMode::Redirect => {
                ControlFlow::Continue(None)
            }
            Some(Publication::Failed(failure)) => self.substitute(&Substitute::Failed(failure), cx),
            Some(Publication::Missing(missing)) => self.substitute(&Substitute::Missing(missing), cx),
            None => {
                let parked = self.clone().park();
                ControlFlow::Break(Next::Dates(parked, module.clone(), vec![version.clone()]))
            }
        }
    }

    /// What the rules say of the version that an `.info` names, where its time can be told by the log. What is too young by its own word
    /// is not looked up there: the log makes nothing older.
    pub(super) fn decide_by_log<'p>(
        &self,
        info: &Info,
        module: &ModulePath,
        view: &View<'p>,
        known: &Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Decision<'p>> {
        let Info { version, time, .. } = info;
        let decision = view.decide(version, None, cx.now);
        if !matches!(decision, Decision::NeedsDate(_)) {
            return ControlFlow::Continue(decision);
        }
        if time.is_some()
            && let decision @ Decision::TooYoung(..) = view.decide(version, *time, cx.now)
        {
            return ControlFlow::Continue(decision);
        }
        match when(module, version, known, cx) {
            Some(Publication::At(time) | Publication::ForNow(time)) => {
                ControlFlow::Continue(view.decide(version, Some(time), cx.now))
            }
            Some(Publication::Failed(failure)) => self.substitute(&Substitute::Failed(failure), cx),
            Some(Publication::Missing(missing)) => self.substitute(&Substitute::Missing(missing), cx),
            None => {
                let parked = self.clone().park();
                ControlFlow::Break(Next::Dates(parked, module.clone(), vec![version.clone()]))
            }
        }
    }

    /// It is answered with this in place of what it asks.
    pub(super) fn substitute<T>(&self, substitute: &Substitute, cx: &mut Cx<'_>) -> ControlFlow<Next, T> {
        ControlFlow::Break(Next::Answer(substitute.give(self.kind, cx)))
    }
}

impl Substitute {
    /// Answers with it.
    pub(super) fn give(&self, kind: Kind, cx: &mut Cx<'_>) -> Verdict {
        let validity = Validity { fresh_for: Some(Duration::ZERO), audience: Audience::Caller };
        let given = match self {
            Self::Elsewhere(to) => Answer::Elsewhere { to, cache: Cache::None },
            Self::Failed(failure) => Answer::Failed(failure),
            Self::Missing(missing) => Answer::Missing { missing, validity, cache: Cache::None },
            Self::Refused(refusal) => return refuse(kind, refusal, cx),
        };
        answer(&given, &Asker::default(), kind, Cache::None)
    }
}

/// The refusal that a decision is, if it is one.
pub(super) fn refusal(
    view: &View<'_>,
    (module, version): (&ModulePath, Option<&Version>),
    decision: &Decision<'_>,
    caller: &Caller,
    (config, index): (&Config, &Index),
    cx: &Cx<'_>,
) -> Option<Refusal> {
    let remedy = match (decision, version) {
        (Decision::Denied(Some(rule)), Some(version)) if rule.looks_at_content() => {
            remedy(view, (module, version), config, index, cx)
        }
        _ => None,
    };
    let reason = view.reason((module, version), decision, remedy.as_ref(), caller, cx.now)?;
    let rule = match decision {
        Decision::Denied(Some(rule)) | Decision::TooYoung(rule, _) | Decision::NeedsDate(rule) => {
            Reason::Rule(rule.label())
        }
        Decision::Malicious(_) => OwnReason::Malicious.into(),
        _ => OwnReason::Default.into(),
    };
    Some(Refusal::Forbidden { rule, reason })
}

/// A later version that may be had, by what the index has: its list of the module's versions, unless that is long, and their dates.
fn remedy(
    view: &View<'_>,
    (module, version): (&ModulePath, &Version),
    config: &Config,
    index: &Index,
    cx: &Cx<'_>,
) -> Option<Version> {
    let list = Document::Module { module: module.clone(), file: File::List };
    let listed = match index.peek(cx.kv, Region::Found, &Want::Document(list).key()) {
        Some(Entry::Found(found)) if found.body.len() <= MAX_LIST => {
            let lines = std::str::from_utf8(&found.body).unwrap_or_default().lines();
            lines.filter_map(|line| Version::parse(line.split(' ').next()?).ok()).collect()
        }
        _ => Vec::new(),
    };
    let published = |one: &Version| dated(module, one, config, index, cx)?.time();
    view.remedy(version, &listed, published, cx.now)
}

/// Bytes of a list that is looked through for a version to name: a thousand versions.
const MAX_LIST: usize = 16 << 10;

/// Sends a client to where `rule` says. A private module is not named to another proxy by a rule that is for all modules.
pub(super) fn redirected(want: &Want, rule: &Rule, to: Option<&str>, config: &Config) -> Substitute {
    match want.module() {
        Some(module) if to.is_some() && config.private.modules.matches(module) && !rule.claims(module) => {
            let why = format!(
                "is in a private namespace (private.modules), and the rule {}, which is for all modules, sends clients \
                 to another proxy; that is not asked for it",
                rule.label()
            );
            Substitute::Refused(private(want, &why))
        }
        _ => elsewhere(want, to, config),
    }
}

/// The refusal of a private module that a source would be asked for which does not name it.
fn private(want: &Want, why: &str) -> Refusal {
    let reason = format!(
        "forbidden: {} {why}: what it has under this name may be another's.\n\
         What to do: correct the path, or ask this proxy's operators.",
        want.describe()
    );
    Refusal::Forbidden { rule: OwnReason::Private.into(), reason }
}

/// Sends a client to `base`, or to the upstream that would be asked.
pub(super) fn elsewhere(want: &Want, base: Option<&str>, config: &Config) -> Substitute {
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
        Some(base) => Substitute::Elsewhere(format!("{base}/{}", encode(&path))),
        None if want.module().is_some_and(|module| upstream::is_unclaimed(config, module)) => {
            let module = want.module().map(ModulePath::as_str).unwrap_or_default();
            let reason = format!("not found: {}: not stored here; {module} {UNCLAIMED}", want.describe());
            Substitute::Refused(Refusal::Unknown(reason))
        }
        None => Substitute::Refused(Refusal::Unknown(format!(
            "not found: {}: it is not served here, and no upstream is configured to redirect to",
            want.describe()
        ))),
    }
}

/// What is known of when a version was published.
pub(super) fn when(
    module: &ModulePath,
    version: &Version,
    known: &Known<'_>,
    cx: &Cx<'_>,
) -> Option<Publication> {
    let found = known.publications.of(module).and_then(|found| found.get(version)).cloned();
    found.or_else(|| dated(module, version, known.config, known.index, cx))
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
                assert_eq!(elsewhere(&want, base, &config), Substitute::Elsewhere(there));
            }
        }
    }
}
