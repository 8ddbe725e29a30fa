//! The page that says what is decided of a module version, and why.
//!
//! The page shows rules, other callers' access and where modules come from, so only the callers that `admin.explain` names may read it. It
//! asks no source: what the index does not know is shown as unknown.

mod asked;
mod author;
mod clocked;
mod considered;
mod indexed;
mod known;
mod many;

use std::collections::VecDeque;

use serde::Serialize;

pub(super) use self::asked::{Asked, malformed, principals, query, unknown};
pub(super) use self::author::Author;
pub(super) use self::clocked::Clocked;
pub(super) use self::considered::Named;
pub(super) use self::known::{Advised, Waived};
pub use self::many::Explaining;
use self::{considered::Considered, indexed::Indexed, known::advised};
use super::{
    Known, content,
    license::known_license,
    logged::known_date,
    monitored::{WOULD_BE_RETRACTED, would_be},
    ruling::{Substitute, redirected, refusal},
    status::policy_bundle,
};
use crate::{
    config::{Config, MissMode},
    cx::Cx,
    gomod::Version,
    goproxy::{Document, File, Refusal, Zip},
    http::Timestamp,
    plan::{Want, plan},
    policy::{Content, Decision, View},
};

/// Answers the query of `path`.
pub(super) fn one(path: &str, known: &Known<'_>, cx: &Cx<'_>) -> Result<String, Refusal> {
    let mut page = Asked::read(path)?.page(known, cx);
    page.push('\n');
    Ok(page)
}

#[derive(Serialize)]
pub(super) struct Explanation<'a> {
    module: &'a str,
    version: Option<&'a str>,
    principals: &'a [String],
    /// The version of the policy bundle in force; null where none is, and left out where none is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_bundle: Option<Option<u64>>,
    /// `allow`, `deny`, `malicious`, `cooldown`, `redirect`; `not_yet` where nothing is served before a bundle was read, `undated` where it depends on
    /// when the version was published, and `by_version` where none was asked for and they differ.
    pub(super) decision: &'static str,
    /// The rule that decided; `None` where the default did.
    pub(super) rule: Option<Named<'a>>,
    /// What becomes of a version that no rule decides.
    default: &'static str,
    /// Whether the policy is enforced, but for the rules that are not.
    enforced: bool,
    /// What a developer is told whose request is refused.
    pub(super) refusal: Option<String>,
    redirect: Option<String>,
    pub(super) published: Option<String>,
    /// By which clock that is told.
    pub(super) clock: Clocked,
    /// From when on it may be had.
    until: Option<String>,
    /// What its zip is known to hold; left out where that is not known, or nothing depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Hashed>,
    /// What sources say of the version; left out where none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advisories: Option<Vec<Advised<'a>>>,
    /// What licences its files say, as an expression of SPDX; `unknown` where none is known, null where its zip was not read for that, and left
    /// out where no version was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license: Option<Option<String>>,
    /// What would be decided if all of the policy were enforced, where that is something else; left out where all of it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    monitored: Option<Option<Unenforced<'a>>>,
    /// What the author of the module says of it.
    pub(super) author: Author,
    /// The rules that name the module, in their order.
    considered: Vec<Considered<'a>>,
    mode: &'static str,
    on_miss: &'static str,
    private: bool,
    pub(super) checksum_database: Option<&'a str>,
    /// The sources that are asked, in this order, for what the index does not have.
    sources: Vec<Sources>,
    indexed: Vec<Indexed>,
}

/// What would be decided if all of the policy were enforced.
#[derive(Serialize)]
struct Unenforced<'a> {
    decision: &'static str,
    rule: Option<Named<'a>>,
    says: String,
    /// What a developer would be told.
    refusal: Option<String>,
}

/// The hashes by which a zip can be listed as malicious.
#[derive(Serialize)]
struct Hashed {
    /// As go.sum has it.
    h1: String,
    /// Of the files, without the module and the version in their names; null where the zip was not read.
    files_h1: Option<String>,
}

impl Hashed {
    fn of(content: &Content) -> Self {
        Self { h1: content.h1.to_string(), files_h1: content.files.map(|files| files.to_string()) }
    }
}

#[derive(Serialize)]
struct Sources {
    document: &'static str,
    asked: Vec<String>,
}

impl Asked {
    /// The page that says it, without a line feed at its end.
    fn page(&self, known: &Known<'_>, cx: &Cx<'_>) -> String {
        serde_json::to_string_pretty(&self.explanation(known, cx)).unwrap_or_default()
    }

    /// What is decided of it, and why.
    pub(super) fn explanation<'a>(&'a self, known: &'a Known<'_>, cx: &Cx<'_>) -> Explanation<'a> {
        let (config, in_force, index) = (known.config, known.in_force, &*known.index);
        let Self { module, version, caller, .. } = self;
        let policy = in_force.policy();
        let view = self.view(known, cx);
        let published =
            version.as_ref().and_then(|version| known_date((module, version), &view, config, index, cx));
        let decision = match version {
            Some(version) => Some(view.decide(version, published, cx.now)),
            None => view.whole(),
        };
        let rule = decision.as_ref().and_then(Decision::rule);
        let author = self.author(&view, decision.as_ref(), known, cx);
        let retracted = Some(&author).filter(|author| policy.is_enforced() && author.refuses());
        let refused = |view: &View<'_>, decision: &Decision<'_>| {
            let refusal = refusal(view, (module, version.as_ref()), decision, caller, (config, index), cx)?;
            Some(refusal.reason().to_owned())
        };
        let otherwise = view.shadow().and_then(|shadow| match version {
            Some(version) => Some((shadow, shadow.decide(version, published, cx.now))),
            None => shadow.whole().map(|decision| (shadow, decision)),
        });
        let unenforced = otherwise.as_ref().and_then(|(shadow, would)| {
            Some(Unenforced {
                decision: word(would),
                rule: would.rule().map(Named::of),
                says: would_be(would, policy).filter(|_| !is_refused(decision.as_ref()))?,
                refusal: refused(shadow, would),
            })
        });
        let unenforced = unenforced.or_else(|| {
            let refusal = author.refusal.clone().filter(|_| !policy.is_enforced())?;
            let says = WOULD_BE_RETRACTED.to_owned();
            Some(Unenforced { decision: "deny", rule: None, says, refusal: Some(refusal) })
        });
        let monitor = unenforced.as_ref().and(otherwise.as_ref()).and_then(|(_, would)| would.rule());
        let until = match decision {
            Some(Decision::TooYoung(_, until)) => Some(until.rfc3339()),
            _ => None,
        };
        let redirect = match &decision {
            Some(Decision::Redirected(rule, to)) => {
                self.wants().first().and_then(|(_, want)| match redirected(want, rule, *to, config) {
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
                _ if retracted.is_some() => "deny",
                Some(decision) => word(decision),
                None => "by_version",
            },
            rule: rule.filter(|_| retracted.is_none()).map(Named::of),
            enforced: policy.is_enforced(),
            default: if policy.denies_by_default() { "deny" } else { "allow" },
            refusal: match retracted {
                Some(author) => author.refusal.clone(),
                None => decision.as_ref().and_then(|decision| refused(&view, decision)),
            },
            redirect,
            published: published.map(Timestamp::rfc3339),
            clock: Clocked::of((module, version.as_ref()), config, index, cx),
            until,
            content: version.as_ref().and_then(|version| view.contents().get(version)).map(Hashed::of),
            advisories: version.as_ref().map(|version| advised(&view, version, cx.now)),
            license: version.as_ref().map(|version| {
                known_license(module, version, index, cx).map(|licenses| licenses.to_string())
            }),
            monitored: policy.monitors().then_some(unenforced),
            author,
            considered: self.considered(policy, &view, (rule, monitor), published, cx.now),
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
                .map(|(name, want)| Indexed::of(name, &want, config, index, cx))
                .collect(),
        }
    }

    /// What holds for it, by what is known of what zips hold.
    pub(in crate::flow) fn view<'k>(&self, known: &Known<'k>, cx: &Cx<'_>) -> View<'k> {
        let Self { module, version, caller, zip } = self;
        match version {
            Some(version) => content::view_of(module, version, *zip, caller, known, cx),
            None => known.view(module, caller, cx),
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

    fn sources(&self, view: &View<'_>, config: &Config) -> Vec<Sources> {
        let asked = |want: &Want| {
            let plan = match (config.on_miss(&self.module), &self.version) {
                // A list in which nothing is to be hidden is not even looked for here.
                (MissMode::Redirect, None) if !view.is_mixed() && !config.policy.denies_retracted() => {
                    VecDeque::new()
                }
                (MissMode::Redirect, Some(_)) => plan(want, config, false),
                _ => plan(want, config, true),
            };
            plan.into_iter().map(|source| source.describe(config)).collect()
        };
        self.wants().iter().map(|(document, want)| Sources { document, asked: asked(want) }).collect()
    }
}

/// Whether no client gets it.
fn is_refused(decision: Option<&Decision<'_>>) -> bool {
    matches!(decision, Some(Decision::Denied(_) | Decision::Malicious(_) | Decision::TooYoung(..)))
}

fn word(decision: &Decision<'_>) -> &'static str {
    match decision {
        Decision::Allowed(_) => "allow",
        Decision::Denied(_) => "deny",
        Decision::Malicious(_) => "malicious",
        Decision::Redirected(..) => "redirect",
        Decision::TooYoung(..) => "cooldown",
        Decision::NeedsDate(_) => "undated",
    }
}
