//! What holds for one module when one caller asks.

#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::findings::Findings;
use super::{
    Action, Caller, Contents, Finding, KnownLicenses, Likeness, LookAlikes, Malice, Policy, Rule, Waiver,
};
use crate::gomod::{ModulePath, TOOLCHAIN, Version, toolchain_of, toolchain_version};
use crate::http::Timestamp;
use crate::license::Licenses;

/// The rules that can apply to a module for a caller, up to the first that decides for all versions.
#[derive(Clone, Debug, PartialEq)]
pub struct View<'p> {
    rules: Vec<&'p Rule>,
    deny_by_default: bool,
    /// Whether another caller might be told otherwise.
    is_personal: bool,
    /// What is known of the module's versions.
    findings: Rc<Findings<'p>>,
    /// The modules that are in use.
    used: &'p LookAlikes,
    /// What is known of what the module's zips hold.
    contents: Rc<Contents>,
    /// Whether malicious versions are refused.
    refuses_malice: bool,
    /// What is known of the licences of its versions.
    licenses: Rc<KnownLicenses>,
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
    /// It may not be had, whatever the rules say.
    Malicious(Malice<'p>),
    /// It is to be had elsewhere: there, or where the upstream is that would be asked.
    Redirected(&'p Rule, Option<&'p str>),
    /// It may not be had until then.
    TooYoung(&'p Rule, Timestamp),
    /// It depends on when it was published, which is not known.
    NeedsDate(&'p Rule),
}

impl<'p> Decision<'p> {
    /// The rule that decided; `None` where the default did, or no rule is asked.
    pub fn rule(&self) -> Option<&'p Rule> {
        match *self {
            Self::Allowed(rule) | Self::Denied(rule) => rule,
            Self::Malicious(_) => None,
            Self::Redirected(rule, _) | Self::TooYoung(rule, _) | Self::NeedsDate(rule) => Some(rule),
        }
    }

    /// Whether it may never be had, as long as the policy is this one.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::Malicious(_))
    }
}

impl<'p> View<'p> {
    /// Of the rules that name `module`, in their order.
    pub(super) fn of(
        policy: &'p Policy,
        module: &ModulePath,
        naming: impl Iterator<Item = &'p Rule>,
        caller: &Caller,
        contents: Contents,
    ) -> Self {
        let findings = Rc::new(Findings::of(policy, module, caller, &contents));
        let contents = Rc::new(contents);
        let empty = |deny_by_default, refuses_malice| Self {
            rules: Vec::new(),
            deny_by_default,
            is_personal: findings.is_personal(),
            findings: findings.clone(),
            used: &policy.used,
            contents: contents.clone(),
            refuses_malice: refuses_malice && findings.has_malice(),
            licenses: Rc::default(),
            shadow: None,
        };
        let denies = policy.denies_by_default();
        let mut view = empty(denies && policy.is_enforced(), policy.is_enforced());
        let mut shadow = policy.monitors().then(|| empty(denies, true).into());
        for rule in naming.filter(|rule| rule.can_apply(module, &findings)) {
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

    /// Whether any rule asks for licences, enforced or not.
    pub fn asks_licenses(&self) -> bool {
        let all = self.rules.iter().chain(self.shadow.iter().flat_map(|shadow| &shadow.rules));
        all.into_iter().any(|rule| rule.license.is_some())
    }

    /// The same, knowing these licences of the module's versions. A rule that asks for licences is not for a version whose licences are not
    /// known yet.
    #[must_use]
    pub fn knowing(mut self, licenses: Rc<KnownLicenses>) -> Self {
        if let Some(shadow) = &mut self.shadow {
            shadow.licenses = licenses.clone();
        }
        self.licenses = licenses;
        self
    }

    /// The licences of `version`, where they are known.
    pub fn licenses(&self, version: &Version) -> Option<&Licenses> {
        self.licenses.get(version.as_str())
    }

    /// Whether a rule that is enforced may refuse `version` because of its licences, be they known or not.
    pub fn judges_license(&self, version: &Version, now: Timestamp) -> bool {
        self.license_rule(version, now).is_some()
    }

    /// The rule that may refuse `version`, which no other rule refuses, once its licences are known: they are not known yet.
    pub fn awaits_license(&self, version: &Version, now: Timestamp) -> Option<&'p Rule> {
        if self.licenses(version).is_some() { None } else { self.license_rule(version, now) }
    }

    /// Whether `rule`, which names the module and the caller, is for `version` or not by licences that are not known yet.
    pub fn depends_on_license(&self, rule: &Rule, version: &Version, now: Timestamp) -> bool {
        rule.license.is_some()
            && self.licenses(version).is_none()
            && self.applies_but_for_license(rule, version, &self.findings(version, now), now)
    }

    /// The first rule for `version` that asks for licences, before one that decides without.
    fn license_rule(&self, version: &Version, now: Timestamp) -> Option<&'p Rule> {
        if !self.rules.iter().any(|rule| rule.license.is_some()) {
            return None;
        }
        let found = self.findings.about(version, now);
        let mut applying =
            self.rules.iter().filter(|rule| self.applies_but_for_license(rule, version, &found, now));
        applying
            .find(|rule| rule.license.is_some() || !matches!(rule.action, Action::Cooldown(_)))
            .copied()
            .filter(|rule| rule.license.is_some())
    }

    /// What would hold if all of the policy were enforced; `None` where all of it is.
    pub fn shadow(&self) -> Option<&Self> {
        self.shadow.as_deref()
    }

    /// What is decided for all versions, if there is one such decision.
    pub fn whole(&self) -> Option<Decision<'p>> {
        if self.refuses_malice
            && let Some(malice) = self.findings.whole_malice()
        {
            return Some(Decision::Malicious(malice));
        }
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
        // Where some versions are malicious, the others must be refused as well.
        let is_one = !self.refuses_malice || matches!(last, Decision::Denied(_));
        (is_one && before.iter().all(agrees)).then_some(last)
    }

    /// What is decided of `version`, which was `published` then, if that is known.
    ///
    /// A version that a later rule denies anyway is denied at once. Waiting would not help the client, and to look up the date would reveal
    /// that the version exists.
    pub fn decide(&self, version: &Version, published: Option<Timestamp>, now: Timestamp) -> Decision<'p> {
        let asks = self.refuses_malice || self.rules.iter().any(|rule| rule.advised.is_some());
        let found = if asks { self.findings.about(version, now) } else { Vec::new() };
        if self.refuses_malice
            && let Some(malice) = self.findings.malice(version, &found, now)
        {
            return Decision::Malicious(malice);
        }
        let mut for_now = None;
        let mut applying = self.rules.iter().filter(|rule| self.applies(rule, version, &found, now));
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

    /// What is known of what the module's zips hold.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The module that this one, which the view is of, looks like by `rule`, and how.
    pub(super) fn likeness(&self, rule: &'p Rule, module: &ModulePath) -> Option<(&'p ModulePath, Likeness)> {
        rule.likeness(module, self.used)
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

    /// What is known of `version`, waived or not: the advisories about it.
    pub fn findings(&self, version: &Version, now: Timestamp) -> Vec<Finding<'p>> {
        self.findings.about(version, now)
    }

    /// What operators have listed as malicious of which `version` is, waived or not: their ids, each with the waiver that lifts it.
    pub fn listed(&self, version: &Version, now: Timestamp) -> Vec<(&'p str, Option<&'p Waiver>)> {
        self.findings.listed(version, now)
    }

    /// The advisories for which `rule` applies to `version`.
    pub fn advised(&self, rule: &Rule, version: &Version, now: Timestamp) -> Vec<Finding<'p>> {
        let Some(advised) = &rule.advised else { return Vec::new() };
        let mut found = self.findings.about(version, now);
        let here = self.findings.version_here(version);
        found.retain(|finding| finding.waived.is_none() && advised.fits(finding.advisory, &here, now));
        found
    }

    /// The waivers without which it would be decided otherwise of `version`, which may be had.
    pub fn waived(&self, version: &Version, now: Timestamp) -> Vec<&'p Waiver> {
        let mut used: Vec<&Waiver> =
            self.findings(version, now).into_iter().filter_map(|finding| finding.waived).collect();
        if !self.findings.may_be_waived() {
            return used;
        }
        let without = Self { findings: self.findings.without_waivers().into(), ..self.clone() };
        // Of an age it is enough that it is old enough.
        if !without.decide(version, Some(Timestamp(0)), now).is_denied() {
            used.clear();
        } else if let Some(listed) = self.findings.listed_waiver(version, now) {
            used.push(listed);
        }
        used
    }

    /// The first version later than `version` that may be had and is not what `version` is refused for, of those that `listed` has and of
    /// those that are known to fix it; `published` says when one was published, if that is known.
    pub fn remedy(
        &self,
        version: &Version,
        listed: &[Version],
        published: impl Fn(&Version) -> Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Version> {
        let may_be_had = |one: &&Version| {
            (one.is_prerelease() <= version.is_prerelease() || one.is_pseudo())
                && matches!(
                    self.decide(one, published(one), now),
                    Decision::Allowed(_) | Decision::Redirected(..)
                )
        };
        let mut fixes = self.findings.fixes(version, &self.findings(version, now));
        let floors = self.rules.iter().filter_map(|rule| rule.go_before.as_ref());
        fixes.extend(floors.filter_map(|floor| toolchain_of(floor, version)));
        fixes.sort();
        let fix = fixes.iter().take(MAX_TRIED).find(may_be_had);
        // What is said to fix it is likely to be allowed; what lies before that may be, if other advisories begin there.
        let is_before = |one: &&Version| {
            one.precedence(version).is_gt() && fix.is_none_or(|fix| one.precedence(fix).is_lt())
        };
        let mut listed: Vec<&Version> = listed.iter().filter(is_before).collect();
        listed.sort();
        let sooner = listed.into_iter().take(MAX_TRIED).find(may_be_had);
        sooner.or(fix).cloned()
    }

    /// When the next thing happens that changes what is decided of some version by the clock, beside a cool-down that ends.
    pub fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.findings.waived_until().filter(|until| *until > now);
        let begin = self.rules.iter().filter_map(|rule| rule.advised.as_ref()).flat_map(|advised| {
            self.findings.advisories().filter_map(|advisory| advised.begins(advisory, now))
        });
        ends.chain(begin).min()
    }

    /// Whether `rule`, which names the module and the caller, is for `version`.
    pub fn applies_to(&self, rule: &Rule, version: &Version, now: Timestamp) -> bool {
        self.applies(rule, version, &self.findings(version, now), now)
    }

    /// Whether `rule`, which names the module and the caller, is for `version`, of which this was found.
    fn applies(&self, rule: &Rule, version: &Version, found: &[Finding<'p>], now: Timestamp) -> bool {
        if let Some(licensed) = &rule.license
            && !self.licenses(version).is_some_and(|licenses| licensed.fits(licenses))
        {
            return false;
        }
        self.applies_but_for_license(rule, version, found, now)
    }

    /// The same, whatever the licences of `version` are.
    fn applies_but_for_license(
        &self,
        rule: &Rule,
        version: &Version,
        found: &[Finding<'p>],
        now: Timestamp,
    ) -> bool {
        if !rule.has(version) || rule.spares_fixes && self.findings.is_fix(version) {
            return false;
        }
        if let Some(before) = &rule.go_before
            // What is no version of Go is not known to be a later one.
            && toolchain_version(version).is_some_and(|go| go.precedence(before).is_ge())
        {
            return false;
        }
        let Some(advised) = &rule.advised else { return true };
        let here = self.findings.version_here(version);
        found.iter().any(|finding| finding.waived.is_none() && advised.fits(finding.advisory, &here, now))
    }

    fn by_default(&self) -> Decision<'p> {
        if self.deny_by_default { Decision::Denied(None) } else { Decision::Allowed(None) }
    }
}

impl Rule {
    /// Whether it can apply to any version of `module`, of which this is known.
    fn can_apply(&self, module: &ModulePath, findings: &Findings<'_>) -> bool {
        (self.advised.is_none() || findings.has_advisories())
            && (self.go_before.is_none() || module.as_str() == TOOLCHAIN)
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

/// Later versions that are looked at for one that may be had: to name one is a courtesy.
const MAX_TRIED: usize = 32;
