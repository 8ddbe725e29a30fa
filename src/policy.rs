//! Who may have which module version: an ordered list of rules, and what follows from it.
//!
//! **The first rule that applies decides.** A rule applies where all it names fits: the module, the version, the caller. One
//! with the action `cooldown` decides while a version is too young and is passed over afterwards, or where those after it refuse
//! the version anyway. Where none applies, the default decides.
//!
//! A rule that is not enforced is passed over, as if it were not there; so is every rule, and the default, of a policy that is only
//! monitored. What they would have come to is a second view beside the first: [`View::shadow`].
//!
//! What is malicious is refused before any rule is asked. Only a waiver of what says so lifts that: the order is malice, waivers, rules, default.
//!
//! A version that is refused is refused under every name, so nothing here looks at a request: [`Policy::view`] is what holds for a module
//! and a caller, [`View::decide`] what follows for one of its versions. Each machine asks before it gives something away.

mod advised;
pub mod athens;
mod caller;
mod content;
mod findings;
mod in_force;
mod licensed;
mod look_alike;
mod matcher;
mod reason;
mod retracted;
mod rule;
mod ruleset;
mod versions;
mod view;
mod waiver;

#[cfg(test)]
mod tests;

pub use self::advised::Advised;
pub use self::caller::{Caller, InvalidPrincipal, Principal};
pub use self::content::{Content, Contents, ListedHashes};
pub use self::findings::{Against, Finding, Malice, OPERATORS};
pub use self::in_force::{InForce, Lacking, Origin};
pub use self::licensed::{InvalidLicense, KnownLicenses, LicenseGlob, Licensed};
pub use self::look_alike::{Likeness, LookAlikes};
pub use self::retracted::retracted_reason;
pub use self::rule::{Action, Rule};
pub use self::ruleset::{Ruleset, RulesetBuilder};
pub use self::versions::{InvalidVersions, Versions};
pub use self::view::{Decision, View};
pub use self::waiver::{NOTICE, Waiver, Waivers};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::advisory::Advisories;
use crate::gomod::{ModulePath, Version};

/// The rules in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Those of each origin. An origin's rules are asked after those of the origins before it.
    rulesets: BTreeMap<Origin, Ruleset>,
    /// What operators have listed as malicious, by origin, as rules that deny. The name of each is its id.
    malicious: BTreeMap<Origin, Ruleset>,
    /// What operators have decided to live with, by origin.
    waivers: BTreeMap<Origin, Waivers>,
    /// What is known of versions, by the name of the source.
    advisories: BTreeMap<String, Advisories>,
    /// The modules that are in use, in every likeness; none where no rule asks for them.
    used: Arc<LookAlikes>,
    /// Whether what no rule decides is refused.
    deny_by_default: bool,
    /// Whether nothing of it is enforced.
    monitored: bool,
}

impl Policy {
    /// The rules of a configuration, in their order.
    pub fn new(rules: Vec<Rule>, deny_by_default: bool) -> Self {
        let rulesets = BTreeMap::from([(Origin::Configuration, Ruleset::new(rules))]);
        Self { rulesets, deny_by_default, ..Self::default() }
    }

    /// The same, of which nothing is enforced if it is `monitored`.
    #[must_use]
    pub fn monitored(self, monitored: bool) -> Self {
        Self { monitored, ..self }
    }

    /// Whether all callers may have all versions.
    pub fn is_open(&self) -> bool {
        self.monitored || self.rules().next().is_none() && !self.deny_by_default && !self.knows_malice()
    }

    /// Whether anything is known to be malicious.
    fn knows_malice(&self) -> bool {
        self.malicious.values().any(|ruleset| !ruleset.rules().is_empty())
            || self.advisories.values().any(Advisories::has_malice)
    }

    /// Whether it is enforced, but for the rules that say that they are not.
    pub fn is_enforced(&self) -> bool {
        !self.monitored
    }

    /// Whether any of it is not enforced.
    pub fn monitors(&self) -> bool {
        self.monitored || self.rulesets.values().any(Ruleset::monitors)
    }

    /// Whether any rule asks for licences, enforced or not.
    pub fn asks_licenses(&self) -> bool {
        self.rulesets.values().any(Ruleset::asks_licenses)
    }

    /// Whether clients may be refused this version because of its licences.
    pub fn judges_license(&self, module: &ModulePath, version: &Version) -> bool {
        if !self.asks_licenses() {
            return false;
        }
        let is_for_some = |rule: &&Rule| self.enforces(Some(rule)) && rule.has(version);
        // For everybody a rule before it may decide without.
        let decides = |rule: &&Rule| {
            rule.license.is_some()
                || rule.principals.is_empty()
                    && !rule.looks_at_content()
                    && !matches!(rule.action, Action::Cooldown(_))
        };
        let first = self.naming(module).filter(is_for_some).find(decides);
        first.is_some_and(|rule| rule.license.is_some())
    }

    /// Whether what `rule` decides holds; of the default, where it is no rule.
    pub fn enforces(&self, rule: Option<&Rule>) -> bool {
        !self.monitored && rule.is_none_or(|rule| rule.enforced)
    }

    /// The rules in their order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rulesets.values().flat_map(Ruleset::rules)
    }

    /// Whether what no rule decides is refused.
    pub fn denies_by_default(&self) -> bool {
        self.deny_by_default
    }

    /// Whether what is decided of `module` is not the same for all callers.
    pub fn is_personal(&self, module: &ModulePath) -> bool {
        // Where one caller sees no rule that names callers, it is as final for all others.
        self.view(module, &Caller::default()).is_personal()
    }

    /// The rules that name `module`, in their order.
    pub fn naming(&self, module: &ModulePath) -> impl Iterator<Item = &Rule> {
        let naming = self.rulesets.values().flat_map(|ruleset| ruleset.naming(module));
        naming.filter(|rule| !rule.asks_for_use() || rule.likeness(module, &self.used).is_some())
    }

    /// Whether any rule is for what looks like a module in use.
    pub fn asks_for_use(&self) -> bool {
        self.rulesets.values().any(Ruleset::asks_for_use)
    }

    /// What operators have decided to live with, in the order of the origins.
    pub fn waivers(&self) -> impl Iterator<Item = &Waiver> {
        self.waivers.values().flat_map(Waivers::iter)
    }

    /// What holds for `module` when `caller` asks.
    pub fn view(&self, module: &ModulePath, caller: &Caller) -> View<'_> {
        self.view_knowing(module, caller, Contents::default())
    }

    /// The same, where this is known of what the zips of the module hold.
    pub fn view_knowing(&self, module: &ModulePath, caller: &Caller, contents: Contents) -> View<'_> {
        View::of(self, module, self.naming(module), caller, contents)
    }

    /// Whether anything that is said of `module` depends on what its zips hold.
    pub fn looks_into_zips(&self, _module: &ModulePath) -> bool {
        self.malicious.values().any(Ruleset::lists_hashes)
    }

    /// Whether a zip of `module` is given only when it was read: what it holds may be refused.
    pub fn has_zips_read(&self, module: &ModulePath) -> bool {
        self.is_enforced() && self.looks_into_zips(module)
    }
}
