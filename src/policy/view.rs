//! What holds for one module when one caller asks.

#[cfg(test)]
mod tests;

use super::{Action, Caller, Policy, Rule};
use crate::{gomod::Version, http::Timestamp};

/// The rules that can apply to a module for a caller, up to the first that decides for all versions.
#[derive(Clone, Debug, PartialEq)]
pub struct View<'p> {
    rules: Vec<&'p Rule>,
    deny_by_default: bool,
    /// Whether another caller might be told otherwise.
    is_personal: bool,
    /// What would hold if all of the policy were enforced; `None` where all of it is.
    shadow: Option<Box<Self>>,
}

/// What is decided of a version, or of a whole module. The rule is missing where the default decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision<'p> {
    /// It may be had.
    Allowed(Option<&'p Rule>),
    /// It may not be had.
    Denied(Option<&'p Rule>),
    /// It is to be had elsewhere: there, or where the upstream is that would be asked.
    Redirected(&'p Rule, Option<&'p str>),
    /// It may not be had until then.
    TooYoung(&'p Rule, Timestamp),
    /// It depends on when it was published, which is not known.
    NeedsDate(&'p Rule),
}

impl<'p> Decision<'p> {
    /// The rule that decided; `None` where the default did.
    pub fn rule(&self) -> Option<&'p Rule> {
        match *self {
            Self::Allowed(rule) | Self::Denied(rule) => rule,
            Self::Redirected(rule, _) | Self::TooYoung(rule, _) | Self::NeedsDate(rule) => Some(rule),
        }
    }
}

impl<'p> View<'p> {
    /// Of the rules that name the module, in their order.
    pub(super) fn of(policy: &'p Policy, naming: impl Iterator<Item = &'p Rule>, caller: &Caller) -> Self {
        let empty =
            |deny_by_default| Self { rules: Vec::new(), deny_by_default, is_personal: false, shadow: None };
        let denies = policy.denies_by_default();
        let mut view = empty(denies && policy.is_enforced());
        let mut shadow = policy.monitors().then(|| empty(denies).into());
        for rule in naming {
            let is_over = shadow.as_mut().is_none_or(|shadow: &mut Box<Self>| shadow.add(rule, caller));
            let is_decided = policy.enforces(Some(rule)) && view.add(rule, caller);
            // The shadow has all rules that the view has: it is over no later.
            if is_decided || is_over && !policy.is_enforced() {
                break;
            }
        }
        view.shadow = shadow;
        view
    }

    /// Adds a rule behind the others, if it can apply; whether nothing behind it can.
    fn add(&mut self, rule: &'p Rule, caller: &Caller) -> bool {
        if self.rules.last().is_some_and(|last| last.is_final()) {
            return true;
        }
        self.is_personal |= !rule.principals.is_empty();
        if !rule.is_for(caller) {
            return false;
        }
        self.rules.push(rule);
        rule.is_final()
    }

    /// What would hold if all of the policy were enforced; `None` where all of it is.
    pub fn shadow(&self) -> Option<&Self> {
        self.shadow.as_deref()
    }

    /// What is decided for all versions, if there is one such decision.
    pub fn whole(&self) -> Option<Decision<'p>> {
        let (last, before) = match self.rules.split_last() {
            Some((last, before)) if last.is_final() => (decided(last), before),
            _ => (self.by_default(), self.rules.as_slice()),
        };
        let agrees = |rule: &&Rule| {
            matches!(
                (&rule.action, last),
                (Action::Allow, Decision::Allowed(_))
                    | (Action::Cooldown(_) | Action::Deny, Decision::Denied(_))
            )
        };
        before.iter().all(agrees).then_some(last)
    }

    /// What is decided of `version`, which was `published` then, if that is known.
    ///
    /// A version that a later rule denies anyway is denied at once. Waiting would not help the client, and to look up the date would reveal
    /// that the version exists.
    pub fn decide(&self, version: &Version, published: Option<Timestamp>, now: Timestamp) -> Decision<'p> {
        let mut for_now = None;
        let mut applying = self.rules.iter().filter(|rule| rule.has(version));
        let last = applying.find_map(|&rule| match (&rule.action, published) {
            (Action::Cooldown(age), Some(published)) => {
                let until = published.after(*age);
                // Of several the one that ends last says from when on it may be had.
                if now < until && !matches!(for_now, Some(Decision::TooYoung(_, other)) if other >= until) {
                    for_now = Some(Decision::TooYoung(rule, until));
                }
                None
            }
            (Action::Cooldown(_), None) => {
                for_now.get_or_insert(Decision::NeedsDate(rule));
                None
            }
            _ => Some(decided(rule)),
        });
        match (for_now, last.unwrap_or_else(|| self.by_default())) {
            (_, last @ Decision::Denied(_)) | (None, last) => last,
            (Some(for_now), _) => for_now,
        }
    }

    /// Whether some versions may be refused or be elsewhere while others are not.
    pub fn is_mixed(&self) -> bool {
        self.whole().is_none()
    }

    /// Whether another caller might be told otherwise.
    pub fn is_personal(&self) -> bool {
        self.is_personal
    }

    /// The rules that can apply, in their order.
    pub fn rules(&self) -> &[&'p Rule] {
        &self.rules
    }

    fn by_default(&self) -> Decision<'p> {
        if self.deny_by_default { Decision::Denied(None) } else { Decision::Allowed(None) }
    }
}

fn decided(rule: &Rule) -> Decision<'_> {
    match &rule.action {
        Action::Allow => Decision::Allowed(Some(rule)),
        // Asked of cooldowns only where nothing else is known of a version.
        Action::Cooldown(_) => Decision::NeedsDate(rule),
        Action::Deny => Decision::Denied(Some(rule)),
        Action::Redirect(to) => Decision::Redirected(rule, to.as_deref()),
    }
}
