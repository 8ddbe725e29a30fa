//! What the policy would have made of a request if all of it were enforced.
//!
//! That is looked at when it is known what the client gets, and changes nothing of it but a header. Nothing is asked for it: an age that
//! the index does not have is said to be unknown.

mod sightings;

use std::rc::Rc;

pub use self::sightings::Sightings;
use super::{
    Known, Next, Routed, content, question::Question, ruling::when, statement::Heard,
    withdrawn::is_an_exception,
};
use crate::{
    config::RetractedMode,
    cx::{Cx, Verdict},
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Info, MONITORED_HEADER, mark, monitored_by},
    http::{Monitored, Response},
    metrics::Unruled,
    plan::Want,
    policy::{Decision, Policy, Rule, View},
};

impl Next {
    /// The same; where the client gets something now, marked with what would have been decided otherwise.
    pub(super) fn marked(self, question: &Question, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        self.count_waivers(question, known, cx).marked_by_shadow(question, known, cx)
    }

    fn marked_by_shadow(self, question: &Question, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        let policy = known.in_force.policy();
        // Nearly every policy is enforced.
        if !policy.monitors() {
            return self;
        }
        let Some(response) = self.ending() else { return self };
        let Some((module, _)) = question.want.subject() else { return self };
        let view = match question.want.subject() {
            Some((module, Some(version))) => {
                content::view_of(module, version, None, &question.caller, known, cx)
            }
            _ => content::view(module, &question.caller, known, cx),
        };
        let Some(shadow) = view.shadow() else { return self };
        let is_given = response.is_none_or(|response| is_given(response.status));
        let monitored = if is_given { question.monitored(response, shadow, policy, known, cx) } else { None };
        match self {
            Self::Answer(verdict) => Self::Answer(verdict.marked(monitored.as_ref())),
            Self::Refresh(verdict, want, found) => {
                Self::Refresh(verdict.marked(monitored.as_ref()), want, found)
            }
            Self::Hit(hit) => Self::Hit(hit.marked(monitored.as_ref(), shadow.is_personal())),
            Self::Rewrite(hit, want, found) => {
                Self::Rewrite(hit.marked(monitored.as_ref(), shadow.is_personal()), want, found)
            }
            Self::Route(verdict, routed) => Self::Route(verdict, Routed { monitored, ..routed }),
            other => other,
        }
    }
}

impl Verdict {
    /// The same; where it gives the client something, marked with what would have been decided otherwise.
    pub fn marked(mut self, monitored: Option<&Monitored>) -> Self {
        let Some(monitored) = monitored else { return self };
        match &mut self {
            Self::Respond(response) if is_given(response.status) => mark(Rc::make_mut(response), monitored),
            Self::Edit(edit) => edit.set.push((MONITORED_HEADER.to_owned(), monitored_by(monitored))),
            _ => {}
        }
        self
    }
}

impl Question {
    /// What counts of it, where the policy would have decided otherwise if all of it were enforced; the log says it too. It is answered
    /// with `response`, or routed.
    fn monitored(
        &self,
        response: Option<&Response>,
        shadow: &View<'_>,
        policy: &Policy,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<Monitored> {
        let (module, named) = self.want.subject()?;
        let info = response.filter(|response| response.status == 200 && is_info(&self.want));
        let info = info.and_then(|response| Info::read(&response.body));
        let version = named.or_else(|| info.as_ref().map(|info| &info.version));
        let decision = match version {
            // Of a list nothing is refused where some of its versions are.
            None => shadow.whole()?,
            Some(version) => match shadow.decide(version, None, cx.now) {
                Decision::NeedsDate(_) => {
                    let published = when(module, version, known, cx).and_then(|when| when.time());
                    // Nothing is looked up in a log for it.
                    let published = published.or_else(|| info.as_ref().and_then(|info| info.time));
                    shadow.decide(version, published, cx.now)
                }
                decision => decision,
            },
        };
        // A checksum database is no proxy: it has no other address.
        let is_elsewhere = matches!(decision, Decision::Redirected(..));
        if is_elsewhere && matches!(self.want, Want::Document(Document::Sumdb { .. })) {
            return None;
        }
        let subject = match version {
            Some(version) => format!("{module}@{version}"),
            None => module.to_string(),
        };
        if version.is_some_and(|version| self.would_be_retracted((module, version), &decision, known, cx)) {
            let rule = Unruled::Retracted.as_str().to_owned();
            known.sightings.note(&(&subject, &rule), cx, || format!("{subject} {WOULD_BE_RETRACTED}"));
            return Some(Monitored { rule, undated: false });
        }
        let says = would_be(&decision, policy)?;
        let unruled = match decision {
            Decision::Malicious(_) => Unruled::Malicious,
            _ => Unruled::Default,
        };
        let rule = decision.rule().map_or_else(|| unruled.as_str().to_owned(), Rule::label);
        known.sightings.note(&(&subject, &rule), cx, || format!("{subject} {says}"));
        Some(Monitored { rule, undated: matches!(decision, Decision::NeedsDate(_)) })
    }
}

impl Question {
    /// Whether a version that rules allow would be refused because it is retracted, as far as that is known.
    fn would_be_retracted(
        &self,
        (module, version): (&ModulePath, &Version),
        decision: &Decision<'_>,
        known: &Known<'_>,
        cx: &Cx<'_>,
    ) -> bool {
        let section = &known.config.policy;
        section.retracted == RetractedMode::Deny
            && section.monitored
            && matches!(decision, Decision::Allowed(_))
            && !is_an_exception(decision)
            && Heard::peek(module, known.index, cx)
                .and_then(|heard| heard.statement)
                .is_some_and(|said| said.retractions.has(version))
    }
}

/// What is said of a version that would be refused because it is retracted.
pub(super) const WOULD_BE_RETRACTED: &str =
    "would be refused by policy.retracted, which is not enforced: its author has retracted it";

/// What would become of what the policy decides so if all of it were enforced; `None` where clients may have it, or where that decision
/// holds anyway.
pub(super) fn would_be(decision: &Decision<'_>, policy: &Policy) -> Option<String> {
    let rule = decision.rule();
    if policy.enforces(rule) {
        return None;
    }
    let by = match rule {
        None => "policy.default".to_owned(),
        Some(rule) if rule.name.is_empty() => format!("rule {}", rule.place),
        Some(rule) => format!("rule {}", rule.name),
    };
    Some(match decision {
        Decision::Allowed(_) => return None,
        Decision::Denied(_) => format!("would be refused by {by}, which is not enforced"),
        Decision::Malicious(malice) => {
            format!("would be refused as malicious ({}), and the policy is not enforced", malice.id())
        }
        Decision::Redirected(..) => format!("would be had elsewhere by {by}, which is not enforced"),
        Decision::TooYoung(_, until) => {
            format!("would be refused until {} by {by}, which is not enforced", until.rfc3339())
        }
        Decision::NeedsDate(_) => {
            format!("may be refused by {by}, which is not enforced: its age is not known")
        }
    })
}

/// Whether a response gives what was asked for, or says that there is none: all others are refusals and failures.
fn is_given(status: u16) -> bool {
    matches!(status, 200..400 | 404 | 410)
}

/// Whether an answer names a version, and perhaps when it was published.
fn is_info(want: &Want) -> bool {
    let Want::Document(Document::Module { file, .. }) = want else { return false };
    matches!(file, File::Info(_) | File::Latest | File::Query(_))
}
