//! The page that says what is decided of a module version, and why.
//!
//! The page shows rules, other callers' access and where modules come from, so only the callers that `admin.explain` names may read it. It
//! asks no source: what the index does not know is shown as unknown.

mod asked;
mod many;

use std::{collections::VecDeque, time::Duration};

use serde::Serialize;

use self::asked::Asked;
pub(super) use self::asked::principals;
pub use self::many::Explaining;
use super::{
    Known,
    published::published,
    ruling::{Substitute, elsewhere, refusal},
    status::policy_bundle,
};
use crate::{
    config::{Config, MissMode},
    cx::Cx,
    gomod::Version,
    goproxy::{CacheState, Document, File, FreshnessCheck, Refusal, Zip},
    http::Timestamp,
    plan::{Want, plan},
    policy::{Action, Decision, Policy, Rule, View},
    shared::{Entry, Index, Region},
};

/// Answers the query of `path`.
pub(super) fn one(path: &str, known: &Known<'_>, cx: &Cx<'_>) -> Result<String, Refusal> {
    let mut page = Asked::read(path)?.page(known, cx);
    page.push('\n');
    Ok(page)
}

#[derive(Serialize)]
struct Explanation<'a> {
    module: &'a str,
    version: Option<&'a str>,
    principals: &'a [String],
    /// The version of the policy bundle in force; null where none is, and left out where none is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_bundle: Option<Option<u64>>,
    /// `allow`, `deny`, `cooldown`, `redirect`; `not_yet` where nothing is served before a bundle was read, `undated` where it depends on when the version was published, and `by_version`
    /// where none was asked for and they differ.
    decision: &'static str,
    /// The rule that decided; `None` where the default did.
    rule: Option<Named<'a>>,
    /// What no rule decides.
    default: &'static str,
    /// What a developer is told whose request is refused.
    refusal: Option<String>,
    redirect: Option<String>,
    published: Option<String>,
    /// From when on it may be had.
    until: Option<String>,
    /// The rules that name the module, in their order.
    considered: Vec<Considered<'a>>,
    mode: &'static str,
    on_miss: &'static str,
    private: bool,
    checksum_database: Option<&'a str>,
    /// The sources that are asked, in this order, for what the index does not have.
    sources: Vec<Sources>,
    indexed: Vec<Indexed>,
}

#[derive(Serialize)]
struct Named<'a> {
    place: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Considered<'a> {
    #[serde(flatten)]
    rule: Named<'a>,
    action: &'static str,
    outcome: &'static str,
}

#[derive(Serialize)]
struct Sources {
    document: &'static str,
    asked: Vec<String>,
}

#[derive(Serialize)]
struct Indexed {
    document: &'static str,
    /// `absent`, `fresh`, `stale`, `expired`, and `missing` where it is known that there is none.
    state: &'static str,
    age_seconds: Option<u64>,
    fresh_for_seconds: Option<u64>,
}

impl Asked {
    /// The page that says it, without a line feed at its end.
    fn page(&self, known: &Known<'_>, cx: &Cx<'_>) -> String {
        serde_json::to_string_pretty(&self.explanation(known, cx)).unwrap_or_default()
    }

    fn explanation<'a>(&'a self, known: &'a Known<'_>, cx: &Cx<'_>) -> Explanation<'a> {
        let (config, in_force, index) = (known.config, known.in_force, &*known.index);
        let Self { module, version, caller } = self;
        let policy = in_force.policy();
        let view = policy.view(module, caller);
        let published = version.as_ref().and_then(|version| published(module, version, index, cx));
        let decision = match version {
            Some(version) => Some(view.decide(version, published, cx.now)),
            None => view.whole(),
        };
        let rule = decision.as_ref().and_then(decider);
        let until = match decision {
            Some(Decision::TooYoung(_, until)) => Some(until.rfc3339()),
            _ => None,
        };
        let redirect = match &decision {
            Some(Decision::Redirected(_, to)) => {
                self.wants().first().and_then(|(_, want)| match elsewhere(want, *to, config) {
                    Substitute::Elsewhere(to) => Some(to),
                    Substitute::Failed(_) | Substitute::Missing(_) | Substitute::Refused(_) => None,
                })
            }
            _ => None,
        };
        Explanation {
            module: module.as_str(),
            version: version.as_ref().map(Version::as_str),
            principals: caller.principals(),
            policy_bundle: policy_bundle(config, in_force),
            decision: match &decision {
                _ if !in_force.is_complete() => "not_yet",
                Some(decision) => word(decision),
                None => "by_version",
            },
            rule: rule.map(Named::of),
            default: if policy.denies_by_default() { "deny" } else { "allow" },
            refusal: decision
                .as_ref()
                .and_then(|decision| refusal(&view, module, version.as_ref(), decision, caller, cx.now))
                .map(|refusal| refusal.reason().to_owned()),
            redirect,
            published: published.map(Timestamp::rfc3339),
            until,
            considered: self.considered(policy, &view, rule, published, cx.now),
            mode: if config.offline { "offline" } else { "online" },
            on_miss: config.on_miss(module).as_str(),
            private: config.private.modules.matches(module),
            checksum_database: config
                .verification(module)
                .and_then(|(at, _)| config.sumdb.get(at))
                .map(|sumdb| sumdb.name.as_str()),
            sources: self.sources(&view, config),
            indexed: self
                .wants()
                .into_iter()
                .map(|(name, want)| indexed(name, &want, config, index, cx))
                .collect(),
        }
    }

    /// What is asked for of the module, by the names that people know.
    fn wants(&self) -> Vec<(&'static str, Want)> {
        let of = |file| Want::Document(Document::Module { module: self.module.clone(), file });
        match &self.version {
            None => vec![("@v/list", of(File::List)), ("@latest", of(File::Latest))],
            Some(version) => {
                let zip = Zip { module: self.module.clone(), version: version.clone() };
                vec![
                    (".info", of(File::Info(version.clone()))),
                    (".mod", of(File::Mod(version.clone()))),
                    (".zip", Want::Zip(zip)),
                ]
            }
        }
    }

    fn considered<'a>(
        &self,
        policy: &'a Policy,
        view: &View<'a>,
        decider: Option<&Rule>,
        published: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Considered<'a>> {
        let mut is_decided = false;
        let naming = policy.naming(&self.module);
        let explained = naming.map(|rule| {
            let is_decider = decider.is_some_and(|decider| std::ptr::eq(decider, rule));
            let outcome = if is_decided {
                "not reached"
            } else if is_decider {
                "decides"
            } else if !rule.is_for(&self.caller) {
                "not for this caller"
            } else if self.version.as_ref().is_some_and(|version| !rule.has(version)) {
                "not for this version"
            } else if self.version.is_some() {
                // What is young is passed over in favour of a denial only.
                if is_young(rule, published, now) { "refused anyway" } else { "old enough" }
            } else {
                "depends on the version"
            };
            is_decided |= is_decider
                || (self.version.is_none()
                    && view.rules().last().is_some_and(|last| std::ptr::eq(*last, rule) && last.is_final()));
            Considered { rule: Named::of(rule), action: action(rule), outcome }
        });
        explained.take(MAX_CONSIDERED).collect()
    }

    fn sources(&self, view: &View<'_>, config: &Config) -> Vec<Sources> {
        let asked = |want: &Want| {
            let plan = match (config.on_miss(&self.module), &self.version) {
                // A list in which nothing is to be hidden is not even looked for here.
                (MissMode::Redirect, None) if !view.is_mixed() => VecDeque::new(),
                (MissMode::Redirect, Some(_)) => plan(want, config, false),
                _ => plan(want, config, true),
            };
            plan.into_iter().map(|source| source.describe(config)).collect()
        };
        self.wants().iter().map(|(document, want)| Sources { document, asked: asked(want) }).collect()
    }
}

impl<'a> Named<'a> {
    fn of(rule: &'a Rule) -> Self {
        Self { place: &rule.place, name: &rule.name }
    }
}

fn indexed(document: &'static str, want: &Want, config: &Config, index: &Index, cx: &Cx<'_>) -> Indexed {
    let path = want.key();
    let known =
        [Region::Found, Region::Missing].into_iter().find_map(|region| index.peek(cx.kv, region, &path));
    let Some(entry) = known else {
        return Indexed { document, state: "absent", age_seconds: None, fresh_for_seconds: None };
    };
    let jitter = index.jitter(&path, entry.since());
    let check = FreshnessCheck { rules: &config.freshness, now: cx.now, jitter, no_cache: false };
    let (state, left) = match (super::cache_state::state(want, &entry, check), &entry) {
        (CacheState::Fresh { left }, Entry::Missing(_)) => ("missing", left),
        // It is counted, and not what upstreams say.
        (CacheState::Fresh { left }, Entry::Found(found)) if found.left => ("left", left),
        (CacheState::Fresh { left }, _) => ("fresh", left),
        (CacheState::Stale { .. }, _) => ("stale", None),
        (CacheState::Expired { .. }, _) => ("expired", None),
    };
    Indexed {
        document,
        state,
        age_seconds: Some(cx.now.since(entry.since()).as_secs()),
        fresh_for_seconds: left.as_ref().map(Duration::as_secs),
    }
}

fn decider<'p>(decision: &Decision<'p>) -> Option<&'p Rule> {
    match *decision {
        Decision::Allowed(rule) | Decision::Denied(rule) => rule,
        Decision::Redirected(rule, _) | Decision::TooYoung(rule, _) | Decision::NeedsDate(rule) => Some(rule),
    }
}

fn word(decision: &Decision<'_>) -> &'static str {
    match decision {
        Decision::Allowed(_) => "allow",
        Decision::Denied(_) => "deny",
        Decision::Redirected(..) => "redirect",
        Decision::TooYoung(..) => "cooldown",
        Decision::NeedsDate(_) => "undated",
    }
}

/// Whether the rule would refuse a version for now that was published then.
fn is_young(rule: &Rule, published: Option<Timestamp>, now: Timestamp) -> bool {
    match rule.action {
        Action::Cooldown(age) => published.is_none_or(|published| now < published.after(age)),
        Action::Allow | Action::Deny | Action::Redirect(_) => false,
    }
}

fn action(rule: &Rule) -> &'static str {
    match rule.action {
        Action::Allow => "allow",
        Action::Cooldown(_) => "cooldown",
        Action::Deny => "deny",
        Action::Redirect(_) => "redirect",
    }
}

/// More rules for one module than a person reads.
const MAX_CONSIDERED: usize = 1000;
