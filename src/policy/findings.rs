//! What is known of the versions of one module, beside rules: advisories about it, malice that operators have listed, and the waivers
//! that lift them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Caller, Contents, Origin, Policy, Rule, Waiver, Waivers};
use crate::advisory::Advisory;
use crate::gomod::{ModulePath, TOOLCHAIN, Version, toolchain_of, toolchain_version};
use crate::http::Timestamp;

/// What is known of a module's versions when one caller asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Findings<'p> {
    /// The advisories about the module, each with the source that it is from. Those of one id stand together: a version of Go has some two
    /// hundred, and a list some thousand versions.
    advisories: Vec<(&'p str, Advisory<'p>)>,
    /// What operators have listed as malicious, which names the module.
    listed: Vec<&'p Rule>,
    /// The versions whose zips are listed as malicious by their hashes, as far as it is known what they hold.
    found: Vec<(Version, &'p Rule)>,
    /// The waivers, where there are any and anything to be lifted.
    waiving: Option<Waiving<'p>>,
    /// Whether the versions are toolchains, which are versions of Go.
    is_toolchain: bool,
}

/// The waivers of a policy that lift anything of one module for one caller. They are looked for once, and not for each version.
#[derive(Clone, Debug, Default, PartialEq)]
struct Waiving<'p> {
    /// By id, in their order.
    by_id: BTreeMap<&'p str, Vec<&'p Waiver>>,
    /// Whether any of the module's is for some callers alone.
    is_personal: bool,
}

/// An advisory about a version.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding<'p> {
    /// The source that it is from.
    pub source: &'p str,
    /// It.
    pub advisory: Advisory<'p>,
    /// The waiver that lifts it, if one does.
    pub waived: Option<&'p Waiver>,
}

/// Why a version is malicious.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Malice<'p> {
    /// A source says so.
    Advised(Advisory<'p>),
    /// Operators have listed it: what they wrote.
    Listed(&'p Rule),
}

impl<'p> Malice<'p> {
    /// The id by which it can be waived.
    pub fn id(self) -> &'p str {
        match self {
            Self::Advised(advisory) => advisory.id(),
            Self::Listed(listed) => &listed.name,
        }
    }
}

/// Something that is said against a version, waived or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Against<'p> {
    /// Its id.
    pub id: &'p str,
    /// The source that it is from; [`OPERATORS`] for what operators have listed.
    pub source: &'p str,
    /// Whether it says that the version is malicious.
    pub is_malicious: bool,
    /// The waiver that lifts it, if one does.
    pub waived: Option<&'p Waiver>,
}

/// The source of what operators have listed as malicious themselves.
pub const OPERATORS: &str = "operators";

impl Policy {
    /// The sources of advisories that were read.
    pub fn advisory_sources(&self) -> impl Iterator<Item = &str> {
        self.advisories.keys().map(String::as_str)
    }

    /// What is said against `version`, whoever asks: a waiver that names callers lifts nothing here. This is known of what the module's zips
    /// hold.
    pub fn against(
        &self,
        module: &ModulePath,
        version: &Version,
        contents: &Contents,
        now: Timestamp,
    ) -> Vec<Against<'_>> {
        let findings = Findings::of(self, module, &Caller::default(), contents);
        let waived = |id| findings.waivers_of(id, version, now).find(|waiver| waiver.principals.is_empty());
        let advised = findings.about(version, now).into_iter().map(|found| Against {
            id: found.advisory.id(),
            source: found.source,
            is_malicious: found.advisory.is_malicious(),
            waived: waived(found.advisory.id()),
        });
        let listed = findings.listings(version).map(|listed| Against {
            id: &listed.name,
            source: OPERATORS,
            is_malicious: true,
            waived: waived(&listed.name),
        });
        advised.chain(listed).collect()
    }
}

impl<'p> Findings<'p> {
    /// What `policy` knows of `module` when `caller` asks.
    pub(super) fn of(policy: &'p Policy, module: &ModulePath, caller: &Caller, contents: &Contents) -> Self {
        let is_toolchain = module.as_str() == TOOLCHAIN;
        let names: &[&str] = if is_toolchain { &OF_GO } else { &[module.as_str()] };
        let mut advisories = Vec::new();
        let mut lists: usize = 0;
        for (source, known) in &policy.advisories {
            for name in names {
                let before = advisories.len();
                advisories.extend(known.about(name).map(|advisory| (source.as_str(), advisory)));
                lists = lists.saturating_add(usize::from(advisories.len() > before));
            }
        }
        // What one source says of one name is in the order of its records already.
        if lists > 1 {
            put_together(&mut advisories);
        }
        let lists = policy.malicious.values().filter(|ruleset| !ruleset.rules().is_empty());
        let listed = lists.clone().flat_map(|ruleset| ruleset.naming(module)).collect();
        let found = lists.flat_map(|ruleset| {
            contents
                .iter()
                .filter_map(|(version, content)| Some((version.clone(), ruleset.listing(content)?)))
        });
        let found = found.collect();
        let mut findings = Self { advisories, listed, found, is_toolchain, waiving: None };
        let is_any = !findings.advisories.is_empty() || findings.has_listed();
        if is_any && policy.waivers().next().is_some() {
            findings.waiving = Some(Waiving::of(&policy.waivers, findings.ids(), module, caller));
        }
        findings
    }

    /// Whether other callers may have other versions, because of waivers that are for some alone.
    pub(super) fn is_personal(&self) -> bool {
        self.waiving.as_ref().is_some_and(|waiving| waiving.is_personal)
    }

    /// Whether there are advisories about any version.
    pub(super) fn has_advisories(&self) -> bool {
        !self.advisories.is_empty()
    }

    /// Whether any version is malicious, if no waiver says otherwise.
    pub(super) fn has_malice(&self) -> bool {
        self.has_listed() || self.advisories.iter().any(|(_, advisory)| advisory.is_malicious())
    }

    /// Why every version is malicious, where that is so and no waiver is to be looked at.
    pub(super) fn whole_malice(&self) -> Option<Malice<'p>> {
        let listed = self.listed.iter().filter(|listed| listed.versions.is_none());
        let listed = listed.map(|listed| Malice::Listed(listed));
        let all = |advisory: &Advisory<'p>| advisory.is_malicious() && advisory.affects_all();
        let advised = self.advisories.iter().map(|(_, advisory)| *advisory).filter(all).map(Malice::Advised);
        let is_final = |malice: &Malice<'_>| {
            self.waiving.as_ref().is_none_or(|waiving| waiving.lifting(malice.id()).is_empty())
        };
        listed.chain(advised).find(is_final)
    }

    /// The advisories about `version`, waived ones among them. One whose record names the module twice comes once.
    pub(super) fn about(&self, version: &Version, now: Timestamp) -> Vec<Finding<'p>> {
        if self.advisories.is_empty() {
            return Vec::new();
        }
        let of_go = if self.is_toolchain { toolchain_version(version) } else { None };
        let affects = |advisory: &Advisory<'p>| match (&of_go, self.is_toolchain) {
            (Some(go), _) => advisory.affects(go),
            // What is no version of Go has what every one has.
            (None, true) => advisory.affects_all(),
            (None, false) => advisory.affects(version),
        };
        let mut found: Vec<Finding<'p>> = Vec::new();
        for (source, advisory) in &self.advisories {
            if !affects(advisory) {
                continue;
            }
            match found.last_mut().filter(|known| known.advisory.id() == advisory.id()) {
                None => {
                    let waived = self.waiver(advisory.id(), version, now);
                    found.push(Finding { source, advisory: *advisory, waived });
                }
                // What any source calls malicious is, whichever other tells of it as well.
                Some(known) if advisory.is_malicious() && !known.advisory.is_malicious() => {
                    *known = Finding { source, advisory: *advisory, waived: known.waived };
                }
                Some(_) => {}
            }
        }
        found
    }

    /// Why `version` is malicious, if that is so and not waived.
    pub(super) fn malice(
        &self,
        version: &Version,
        found: &[Finding<'p>],
        now: Timestamp,
    ) -> Option<Malice<'p>> {
        let listed = self.listings(version).find(|listed| self.waiver(&listed.name, version, now).is_none());
        let advised = |finding: &&Finding<'p>| finding.advisory.is_malicious() && finding.waived.is_none();
        let advised = || found.iter().find(advised).map(|finding| Malice::Advised(finding.advisory));
        listed.map(Malice::Listed).or_else(advised)
    }

    /// Whether `version` is the first that fixes an advisory that people have checked: who replaces an older one by it should not wait.
    ///
    /// An advisory that only its author has written could be made to let a version pass.
    pub(super) fn is_fix(&self, version: &Version) -> bool {
        let reviewed =
            self.advisories.iter().filter(|(_, advisory)| advisory.is_reviewed() && !advisory.is_malicious());
        let mut fixes = reviewed.flat_map(|(_, advisory)| advisory.fixes());
        match self.is_toolchain {
            // By its very name: what somebody has made of that version of Go is another one.
            true => fixes.any(|fix| toolchain_of(fix, version).is_some_and(|named| named == *version)),
            false => fixes.any(|fix| fix.precedence(version).is_eq()),
        }
    }

    /// The versions later than `version` that fix any of `found`, ascending.
    pub(super) fn fixes(&self, version: &Version, found: &[Finding<'p>]) -> Vec<Version> {
        let go = if self.is_toolchain { toolchain_version(version) } else { None };
        let version_here = go.as_ref().unwrap_or(version);
        let mut fixes: Vec<_> = found.iter().flat_map(|finding| finding.advisory.fixes()).collect();
        fixes.retain(|fix| fix.precedence(version_here).is_gt());
        fixes.sort();
        fixes.dedup();
        let named = |fix: &Version| match self.is_toolchain {
            true => toolchain_of(fix, version),
            false => Some(fix.clone()),
        };
        fixes.into_iter().filter_map(named).collect()
    }

    /// What a rule's [`Advised`](super::Advised) compares with the versions that fix something: of a toolchain its version of Go.
    pub(super) fn version_here(&self, version: &Version) -> Version {
        let go = if self.is_toolchain { toolchain_version(version) } else { None };
        go.unwrap_or_else(|| version.clone())
    }

    /// Whether any waiver may lift anything.
    pub(super) fn may_be_waived(&self) -> bool {
        self.waiving.is_some()
    }

    /// When the waivers end that lift anything of any version.
    pub(super) fn waived_until(&self) -> impl Iterator<Item = Timestamp> {
        let waiving = self.waiving.iter();
        waiving.flat_map(|waiving| waiving.by_id.values().flatten()).map(|waiver| waiver.until)
    }

    /// The same, as if nothing were waived.
    pub(super) fn without_waivers(&self) -> Self {
        Self { waiving: None, ..self.clone() }
    }

    /// The waiver that lifts what operators have listed of `version`.
    pub(super) fn listed_waiver(&self, version: &Version, now: Timestamp) -> Option<&'p Waiver> {
        self.listings(version).find_map(|listed| self.waiver(&listed.name, version, now))
    }

    /// All advisories about the module.
    pub(super) fn advisories(&self) -> impl Iterator<Item = Advisory<'p>> {
        self.advisories.iter().map(|(_, advisory)| *advisory)
    }

    fn waiver(&self, id: &str, version: &Version, now: Timestamp) -> Option<&'p Waiver> {
        self.waivers_of(id, version, now).next()
    }

    /// What operators have listed as malicious of which `version` is, with the waiver that lifts it for the caller.
    pub(super) fn listed(&self, version: &Version, now: Timestamp) -> Vec<(&'p str, Option<&'p Waiver>)> {
        self.listings(version)
            .map(|listed| (listed.name.as_str(), self.waiver(&listed.name, version, now)))
            .collect()
    }

    fn has_listed(&self) -> bool {
        !(self.listed.is_empty() && self.found.is_empty())
    }

    /// What operators have listed of which `version` is, by its name or by what its zip holds. What is both comes once.
    fn listings(&self, version: &Version) -> impl Iterator<Item = &'p Rule> {
        let named = move || self.listed.iter().copied().filter(move |listed| listed.has(version));
        let found = self.found.iter().filter(move |(found, _)| found == version).map(|(_, listed)| *listed);
        named().chain(found.filter(move |found| !named().any(|named| std::ptr::eq(named, *found))))
    }

    /// The waivers of `id` that hold now for `version`.
    fn waivers_of(&self, id: &str, version: &Version, now: Timestamp) -> impl Iterator<Item = &'p Waiver> {
        let waivers = self.waiving.as_ref().map_or(&[][..], |waiving| waiving.lifting(id));
        waivers.iter().copied().filter(move |waiver| {
            waiver.holds(now) && waiver.versions.as_ref().is_none_or(|versions| versions.contain(version))
        })
    }

    /// The ids by which something of any version can be waived.
    fn ids(&self) -> impl Iterator<Item = &'p str> {
        let listed = self.listed.iter().chain(self.found.iter().map(|(_, listed)| listed));
        let listed = listed.map(|listed| listed.name.as_str());
        self.advisories.iter().map(|(_, advisory)| advisory.id()).chain(listed)
    }
}

impl<'p> Waiving<'p> {
    /// Of `all`, those that lift any of these ids of `module` for `caller`.
    fn of(
        all: &'p BTreeMap<Origin, Waivers>,
        ids: impl Iterator<Item = &'p str>,
        module: &ModulePath,
        caller: &Caller,
    ) -> Self {
        let mut waiving = Self::default();
        for id in ids {
            // One that comes twice has been looked at.
            if waiving.by_id.contains_key(id) {
                continue;
            }
            for waiver in all.values().flat_map(|waivers| waivers.of(id)) {
                if !waiver.names(module) {
                    continue;
                }
                waiving.is_personal |= !waiver.principals.is_empty();
                if waiver.is_for(caller) {
                    waiving.by_id.entry(id).or_default().push(waiver);
                }
            }
        }
        waiving
    }

    /// Those of this id.
    fn lifting(&self, id: &str) -> &[&'p Waiver] {
        self.by_id.get(id).map_or(&[], Vec::as_slice)
    }
}

/// Puts those of one id together, where the first of them stands.
fn put_together(advisories: &mut [(&str, Advisory<'_>)]) {
    let mut first = BTreeMap::new();
    for (place, (_, advisory)) in advisories.iter().enumerate() {
        first.entry(advisory.id()).or_insert(place);
    }
    if first.len() < advisories.len() {
        advisories.sort_by_key(|(_, advisory)| first.get(advisory.id()).copied());
    }
}

/// What the Go vulnerability database calls the parts of a toolchain.
const OF_GO: [&str; 2] = ["stdlib", "toolchain"];
