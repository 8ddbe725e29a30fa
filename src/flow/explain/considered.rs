//! Which rules name the module, and what each of them has to say of the version.

use std::time::Duration;

use serde::Serialize;

use super::Asked;
use crate::{
    http::Timestamp,
    policy::{Action, Policy, Rule, View},
};

/// A rule, as people find it.
#[derive(Serialize)]
pub(in crate::flow) struct Named<'a> {
    place: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
pub(super) struct Considered<'a> {
    #[serde(flatten)]
    rule: Named<'a>,
    action: &'static str,
    outcome: &'static str,
}

impl Asked {
    /// The rules that name the module, in their order.
    pub(super) fn considered<'a>(
        &self,
        policy: &'a Policy,
        view: &View<'a>,
        (decider, monitor): (Option<&Rule>, Option<&Rule>),
        published: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Considered<'a>> {
        let mut is_decided = false;
        let naming = policy.naming(&self.module);
        let explained = naming.map(|rule| {
            let is = |one: Option<&Rule>| one.is_some_and(|one| std::ptr::eq(one, rule));
            let is_decider = is(decider);
            let outcome = if is_decided {
                "not reached"
            } else if is_decider {
                "decides"
            } else if is(monitor) {
                "would decide, but is not enforced"
            } else if !rule.is_for(&self.caller) {
                "not for this caller"
            } else if self.version.as_ref().is_some_and(|version| !rule.has(version)) {
                "not for this version"
            } else if self.version.is_some() {
                match (&rule.action, policy.enforces(Some(rule))) {
                    _ if self
                        .version
                        .as_ref()
                        .is_some_and(|version| view.depends_on_license(rule, version, now)) =>
                    {
                        "depends on the licence, which is not known before the zip is read"
                    }
                    _ if !self
                        .version
                        .as_ref()
                        .is_some_and(|version| view.applies_to(rule, version, now)) =>
                    {
                        "not for what is in this version"
                    }
                    (Action::Cooldown(age), _) if is_old(*age, published, now) => "old enough",
                    (_, false) => "not enforced",
                    // What is young is passed over in favour of a denial only.
                    (_, true) => "refused anyway",
                }
            } else {
                "depends on the version"
            };
            is_decided |= is_decider
                || (self.version.is_none()
                    && view.rules().last().is_some_and(|last| is(Some(*last)) && last.is_final()));
            Considered { rule: Named::of(rule), action: action(rule), outcome }
        });
        explained.take(MAX_CONSIDERED).collect()
    }
}

impl<'a> Named<'a> {
    pub(super) fn of(rule: &'a Rule) -> Self {
        Self { place: &rule.place, name: &rule.name }
    }
}

/// Whether a version that was published then is of that age.
fn is_old(age: Duration, published: Option<Timestamp>, now: Timestamp) -> bool {
    published.is_some_and(|published| now >= published.after(age))
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
