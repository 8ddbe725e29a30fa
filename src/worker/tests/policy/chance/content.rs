//! What is known of the content of versions, drawn at random, and what a person would make of it.

use super::*;
use crate::{
    advisory::{Advisories, Affected, Event, Ranges, Record, Severity},
    policy::{Advised, Licensed, Rule},
};

/// An advisory about one module: from one version on, up to another.
#[derive(Clone, Debug)]
pub(super) struct Flaw {
    pub(super) id: String,
    pub(super) module: &'static str,
    from: Option<Version>,
    fix: Option<Version>,
    is_reviewed: bool,
    pub(super) is_malicious: bool,
    published: Timestamp,
}

impl Flaw {
    /// One for most modules, some for others.
    pub(super) fn draw(random: &mut Random) -> Vec<Self> {
        let mut flaws = Vec::new();
        for n in 0..random.next(0..=8) {
            let pick =
                |random: &mut Random, most: usize| usize::try_from(random.next(0..=most as u64)).unwrap();
            let (a, b) = (pick(random, 6), pick(random, 6));
            let read = |at: usize| Version::parse(VERSIONS[at]).unwrap();
            flaws.push(Self {
                id: format!("GO-{n}"),
                module: MODULES[pick(random, 3)],
                from: (a < b).then(|| read(a)),
                fix: (b > 0 && random.next(0..=2) > 0).then(|| read(b)),
                is_reviewed: random.next(0..=1) == 0,
                is_malicious: random.next(0..=5) == 0,
                published: Timestamp(START - 5 * DAY * random.next(0..=3) - HOUR / 2),
            });
        }
        flaws
    }

    /// The same as a source would have it.
    pub(super) fn table(flaws: &[Self]) -> Advisories {
        Advisories::of(flaws.iter().map(|flaw| {
            let fix = flaw.fix.clone().map(Event::Fixed);
            let ranges = Ranges::new([Event::Introduced(flaw.from.clone())].into_iter().chain(fix).collect());
            Record {
                id: flaw.id.clone(),
                published: flaw.published,
                is_reviewed: flaw.is_reviewed,
                is_malicious: flaw.is_malicious,
                severity: Severity::Unknown,
                affected: vec![Affected { module: flaw.module.to_owned(), ranges, versions: Vec::new() }],
                ..Record::default()
            }
        }))
    }

    pub(super) fn has(&self, version: &Version) -> bool {
        self.from.as_ref().is_none_or(|from| from.precedence(version).is_le())
            && self.fix.as_ref().is_none_or(|fix| fix.precedence(version).is_gt())
    }

    fn fits(&self, advised: &Advised, now: Timestamp) -> bool {
        let age = u128::from(now.0 - self.published.0);
        (advised.ids.is_empty() || advised.ids.contains(&self.id))
            && advised.reviewed.is_none_or(|reviewed| reviewed == self.is_reviewed)
            // It has the version, so its fix is a later one.
            && advised.fixed.is_none_or(|fixed| fixed == self.fix.is_some())
            && advised.older_than.is_none_or(|old| age >= old.as_millis())
            && advised.severity.is_empty()
    }

    fn is_fixed_by(&self, version: &Version) -> bool {
        let is_it = self.fix.as_ref().is_some_and(|fix| fix.precedence(version).is_eq());
        is_it && self.is_reviewed && !self.is_malicious
    }
}

/// Whether the advisory with this id is lifted.
pub(super) fn is_waived(
    id: &str,
    module: &ModulePath,
    version: &Version,
    policy: &Policy,
    who: (&Caller, Timestamp),
) -> bool {
    policy.waivers().any(|waiver| {
        waiver.ids.iter().any(|one| one == id)
            && waiver.names(module)
            && waiver.versions.as_ref().is_none_or(|versions| versions.contain(version))
            && waiver.is_for(who.0)
            && who.1 < waiver.until
    })
}

impl Known {
    /// Whether what is in `version` lets the rule apply.
    pub(super) fn lets(
        &self,
        rule: &Rule,
        version: &Version,
        policy: &Policy,
        who: (&Caller, Timestamp),
    ) -> bool {
        let ours = || self.flaws.iter().filter(|flaw| flaw.module == self.module.as_str());
        let open =
            |flaw: &&Flaw| flaw.has(version) && !is_waived(&flaw.id, &self.module, version, policy, who);
        let is_advised = |advised: &Advised| ours().filter(open).any(|flaw| flaw.fits(advised, who.1));
        let is_licensed = |licensed: &Licensed| {
            self.licensing
                && self.licenses.iter().any(|(known, licenses)| known == version && licensed.fits(licenses))
        };
        rule.advised.as_ref().is_none_or(is_advised)
            && rule.license.as_ref().is_none_or(is_licensed)
            && !(rule.spares_fixes && ours().any(|flaw| flaw.is_fixed_by(version)))
    }

    /// Whether `version` is malicious, and no waiver lifts that.
    pub(super) fn is_malicious(&self, version: &Version, policy: &Policy, who: (&Caller, Timestamp)) -> bool {
        let advised = self
            .flaws
            .iter()
            .filter(|flaw| flaw.module == self.module.as_str() && flaw.is_malicious && flaw.has(version));
        let listed = self.listed.iter().filter(|rule| rule.names(&self.module) && rule.has(version));
        let ids = advised.map(|flaw| &flaw.id).chain(listed.map(|rule| &rule.name));
        ids.into_iter().any(|id| !is_waived(id, &self.module, version, policy, who))
    }
}
