//! Zips that are listed as malicious by their hashes. What they hold is known only when they were read: until then other files of such a
//! version may be had, and lists may show it. The zip itself no client gets.

use super::*;
use crate::{modzip::Check, sim::Fate, sim::zip};

/// The zip of a version, which no other is like.
pub(super) fn zip_of(module: &str, version: &str) -> Vec<u8> {
    let license = format!("SPDX-License-Identifier: {}\n", license_of(module, version));
    let source = format!("package m // {module} {version}");
    zip(&format!("{module}@{version}/"), &[("LICENSE", license.into_bytes()), ("m.go", source.into_bytes())])
}

/// The licence that it is under.
pub(super) fn license_of(module: &str, version: &str) -> &'static str {
    let sum: usize = module.bytes().chain(version.bytes()).map(usize::from).sum();
    ["MIT", "GPL-3.0-only", "of my own"][sum % 3]
}

/// The hash by which this zip is listed: as go.sum has it, or that of its files.
fn hash_of(module: &ModulePath, version: &Version) -> H1 {
    let mut check = Check::new(module, version);
    check.push(&zip_of(module.as_str(), version.as_str()), usize::MAX).unwrap();
    let checked = check.finish().unwrap();
    if version.is_prerelease() { checked.files } else { checked.h1 }
}

impl Known {
    pub(super) fn hash(&self, at: usize) -> H1 {
        hash_of(&self.module, &self.named(at))
    }
}

impl Run {
    /// The versions whose zips are listed, and not waived for this caller.
    pub(super) fn hashed<'k>(&'k self, known: &'k Known, caller: &str) -> impl Iterator<Item = Version> + 'k {
        let caller = Caller::new([caller.to_owned()]);
        known.all().into_iter().filter(move |version| {
            let hash = hash_of(&known.module, version);
            let who = (&caller, self.world.now);
            let mut listed = known.listed.iter().filter(|rule| rule.hashes.contains(&hash));
            listed.any(|rule| !content::is_waived(&rule.name, &known.module, version, &self.policy, who))
        })
    }

    /// A client that was routed to a zip gets it whole, unless it is listed.
    pub(super) fn download(
        &mut self,
        (worker, stream): (usize, StreamId),
        known: usize,
        asked: Asked,
        (caller, method): (&str, &str),
    ) {
        let (Asked::Named(at, 2), "GET") = (asked, method) else { return };
        if !matches!(self.world.verdict(stream), Verdict::Route(_)) {
            return;
        }
        let known = &self.known[known];
        let version = known.named(at);
        let is_refused = self.policy.is_enforced() && self.hashed(known, caller).any(|one| one == version)
            || known.says(&version, &self.policy, caller, self.world.now) == Says::No;
        let zip = zip_of(known.module.as_str(), version.as_str());
        let verdict = self.world.answer_routed(worker, stream, 200, &[("date", "now")]);
        if matches!(verdict, Verdict::Respond(_)) {
            return assert!(is_refused, "seed {}: {version}", self.seed);
        }
        self.world.body(worker, stream, &zip, true);
        while self.world.work(worker) {}
        let fate = self.world.download(stream).fate;
        assert_eq!(
            fate,
            if is_refused { Fate::Reset } else { Fate::Complete },
            "seed {}: {version}",
            self.seed
        );
    }

    /// What may be answered of a module of which a zip is listed.
    pub(super) fn judge_hashed(&self, known: &Known, asked: Asked, caller: &str, got: &Got) {
        let says = |version: &Version| known.says(version, &self.policy, caller, self.world.now);
        let hashed: Vec<_> = self.hashed(known, caller).collect();
        let is_hashed = |version: &Version| self.policy.is_enforced() && hashed.contains(version);
        let context = || format!("seed {}, {asked:?} of {} by {caller:?}: {got:?}", self.seed, known.module);
        let is_whole = self.reach == Reach::Online;
        match (asked, got.status) {
            (Asked::List, 200) => {
                let lines: Vec<_> = got.body.lines().collect();
                for version in known.versions.iter().map(|(version, _)| version) {
                    let is_there = lines.contains(&version.as_str());
                    assert!(!is_there || says(version) != Says::No, "{version}: {}", context());
                    let is_due = says(version) != Says::No
                        && !is_hashed(version)
                        && !known.retracted.contains(version);
                    assert!(is_there || !is_due || !is_whole, "{version}: {}", context());
                }
            }
            (Asked::Latest | Asked::Master, 200) => {
                let all = known.all();
                let revealed = all.iter().find(|version| got.body.contains(&format!("\"{version}\"")));
                assert_ne!(says(revealed.unwrap()), Says::No, "{}", context());
            }
            (Asked::Named(at, way), status) => {
                let version = known.named(at);
                let is_refused = match says(&version) {
                    Says::No => Some(true),
                    // Of a zip that is routed, its download says more.
                    _ if is_hashed(&version) => None,
                    _ => Some(false),
                };
                let is_missing = status == 404 && !is_whole;
                if let Some(is_refused) = is_refused {
                    assert!(is_missing || is_refused == (status == 403), "{}", context());
                }
                assert!(status != 302 || says(&version) == Says::Elsewhere && way != 3, "{}", context());
            }
            // All is refused, or is elsewhere, or nothing is stored.
            (Asked::List | Asked::Latest | Asked::Master, 302 | 403 | 404) => {}
            _ => panic!("{}", context()),
        }
    }
}
