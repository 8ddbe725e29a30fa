//! One rule.

use std::time::Duration;

use super::{Advised, Caller, Licensed, Likeness, LookAlikes, Principal, Versions};
use crate::gomod::{ModulePath, Pattern, Patterns, Version};
use crate::modzip::H1;

/// One rule. It applies where everything it names fits; what it does not name fits always.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What metrics and refusals call it, 1 to 32 of `[a-z0-9_-]`; where empty, its place does.
    pub name: String,
    /// Where it stands, for people: `policy.rules[3]`.
    pub place: String,
    /// The modules it is for, as GOPRIVATE-style globs.
    pub modules: Patterns,
    /// More modules it is for: these very ones, not those below.
    pub exact: Vec<ModulePath>,
    /// The versions it is for; `None` for every one.
    pub versions: Option<Versions>,
    /// Of what is listed as malicious, the hashes of zips, whatever they are called, beside those that it names.
    pub hashes: Vec<H1>,
    /// The callers it is for; empty for all.
    pub principals: Vec<Principal>,
    /// The advisories of which a version must have one; `None` where it needs none.
    pub advised: Option<Advised>,
    /// Of toolchains, those of a Go before this version alone; `None` for everything.
    pub go_before: Option<Version>,
    /// The licences of which a version must have one; `None` where they do not matter.
    pub license: Option<Licensed>,
    /// What its modules must look like; `None` where that does not matter.
    pub looks_like: Option<LookAlikes>,
    /// Whether, as a cool-down, it passes over the first version that fixes an advisory.
    pub spares_fixes: bool,
    /// What it does.
    pub action: Action,
    /// Whether what it decides holds; else it is only said what it would have decided.
    pub enforced: bool,
    /// Why, for the developer; empty where nothing is to be said.
    pub reason: String,
    /// Where there is more to read; empty where nowhere.
    pub link: String,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The version may be had.
    Allow,
    /// A version younger than this may not be had. An older one is for the rules after it.
    Cooldown(Duration),
    /// It may not be had.
    Deny,
    /// It is to be had elsewhere: from the proxy with this base URL, without a slash at its end, or else from the upstream
    /// that would be asked for it.
    Redirect(Option<String>),
}

impl Rule {
    /// A rule without a name that does this with all versions of these modules, for all callers.
    pub fn new(place: &str, modules: Patterns, action: Action) -> Self {
        Self {
            name: String::new(),
            place: place.to_owned(),
            modules,
            exact: Vec::new(),
            versions: None,
            hashes: Vec::new(),
            principals: Vec::new(),
            advised: None,
            go_before: None,
            license: None,
            looks_like: None,
            spares_fixes: false,
            action,
            enforced: true,
            reason: String::new(),
            link: String::new(),
        }
    }

    /// Whether the rule is for this module.
    pub fn names(&self, module: &ModulePath) -> bool {
        (self.modules.matches(module) || self.exact.contains(module)) && self.is_for_likes_of(module)
    }

    /// Whether the rule can be for modules that look as this one does: which modules are in use is not known here.
    pub(super) fn is_for_likes_of(&self, module: &ModulePath) -> bool {
        self.looks_like.as_ref().is_none_or(|likes| likes.asks_for_use() || likes.find(module).is_some())
    }

    /// The module that this one looks like, where the rule is for such, and how: of those that it lists, or that are in `use`.
    pub(super) fn likeness<'r>(
        &'r self,
        module: &ModulePath,
        used: &'r LookAlikes,
    ) -> Option<(&'r ModulePath, Likeness)> {
        self.looks_like.as_ref()?.find_among(module, used)
    }

    /// Whether the rule is for what looks like a module in use.
    pub fn asks_for_use(&self) -> bool {
        self.looks_like.as_ref().is_some_and(LookAlikes::asks_for_use)
    }

    /// Whether the rule names this module by more than a pattern for all modules.
    pub fn claims(&self, module: &ModulePath) -> bool {
        let names = |pattern: &Pattern| !pattern.is_catch_all() && pattern.matches(module);
        self.modules.iter().any(names) || self.exact.contains(module)
    }

    /// Whether the rule is for this version.
    pub fn has(&self, version: &Version) -> bool {
        self.versions.as_ref().is_none_or(|versions| versions.contain(version))
    }

    /// Whether the rule is for this caller.
    pub fn is_for(&self, caller: &Caller) -> bool {
        self.principals.is_empty() || self.principals.iter().any(|principal| principal.matches(caller))
    }

    /// Whether the rule is for what is in versions, and not for their names and ages alone.
    pub fn looks_at_content(&self) -> bool {
        self.is_remedied() || self.license.is_some()
    }

    /// Whether a later version may be none that it is for: it is for what is known of versions one by one.
    pub fn is_remedied(&self) -> bool {
        self.advised.is_some() || self.go_before.is_some()
    }

    /// Whether the rule decides for all versions, where it is for the module and the caller.
    pub fn is_final(&self) -> bool {
        self.versions.is_none() && !self.looks_at_content() && !matches!(self.action, Action::Cooldown(_))
    }

    /// What metrics call it: its name, or else its place in letters that a metric may have.
    pub fn label(&self) -> String {
        label(&self.name, &self.place)
    }
}

/// What metrics call what has this name and stands in this place.
pub(super) fn label(name: &str, place: &str) -> String {
    if !name.is_empty() {
        return name.to_owned();
    }
    let label: String = place.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    label.trim_end_matches('_').to_owned()
}
