//! Finds out which modules are in use, for rules about what looks like them: a ledger at each turn of the worker, then some of the modules.
//!
//! A module is in use that was served on days a week apart. One request makes none, and what is in use today is tomorrow: it goes when nothing
//! of it was served for as long as that is remembered. Who may ask decides it all the same, so nothing is refused by it.

use std::collections::BTreeMap;

use super::{Exposures, Slice};
use crate::{
    cx::Cx,
    flow::{keeping, named},
    gomod::ModulePath,
    policy::{Likeness, LookAlikes},
    shared::{Day, LEDGERS},
    worker::services::Services,
};

/// How far it has come.
#[derive(Debug)]
pub(super) enum Finding {
    /// It reads what was served of each module: on which days first and last.
    Ledgers { next: u8, served: BTreeMap<ModulePath, (Day, Day)> },
    /// It prepares the comparison with those that are in use.
    Modules { left: Vec<ModulePath>, used: Box<LookAlikes> },
}

impl Finding {
    pub(super) fn begin() -> Self {
        Self::Ledgers { next: 0, served: BTreeMap::new() }
    }
}

impl Exposures {
    /// Goes on with it for a few milliseconds.
    pub(super) fn find_used(&mut self, finding: Finding, services: &mut Services, cx: &mut Cx<'_>) {
        let goes_on = match finding {
            Finding::Ledgers { next, mut served } if next < LEDGERS => {
                let Some(keeping) = keeping(&services.config, cx.now) else { return };
                for (name, version) in self.store.read(cx.kv, next, keeping).versions() {
                    let Some((module, _)) = named(name) else { continue };
                    let (first, last) = served.entry(module).or_insert((version.first, version.last));
                    *first = version.first.min(*first);
                    *last = version.last.max(*last);
                }
                Finding::Ledgers { next: next.saturating_add(1), served }
            }
            Finding::Ledgers { served, .. } => {
                let used = LookAlikes::new([], &Likeness::ALL);
                Finding::Modules { left: in_use(served), used: used.into() }
            }
            Finding::Modules { mut left, mut used } => {
                let rest = left.len().saturating_sub(MODULES_AT_ONCE);
                left.drain(rest..).for_each(|module| used.add(module));
                if left.is_empty() {
                    used.seal();
                    services.in_force.replace_used(*used);
                    return;
                }
                Finding::Modules { left, used }
            }
        };
        self.finding = Some(goes_on);
        services.slices.add(Slice::Exposures);
    }
}

/// Those that were served on days a week apart; of too many those that were for the longest.
fn in_use(served: BTreeMap<ModulePath, (Day, Day)>) -> Vec<ModulePath> {
    let spans = served.into_iter().map(|(module, (first, last))| (last.0.saturating_sub(first.0), module));
    let mut used: Vec<_> = spans.filter(|(days, _)| *days >= APART).collect();
    used.sort_by(|(days, module), (more, other)| more.cmp(days).then_with(|| module.cmp(other)));
    used.truncate(MAX_USED);
    used.into_iter().map(|(_, module)| module).collect()
}

/// Days between the first and the last on which a module in use was served: who tries a module for a few days does not use it yet.
const APART: u32 = 7;

/// Modules that others are compared with, each of which takes 700 bytes in every worker: more than any one build has.
const MAX_USED: usize = 4000;

/// Modules that are prepared at one turn: a few milliseconds.
const MODULES_AT_ONCE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_served_on_days_a_week_apart_is_in_use() {
        let module = |name: &str| ModulePath::parse(&format!("example.com/{name}")).unwrap();
        let served = |spans: &[(&str, u32)]| {
            let spans = spans.iter().map(|(name, days)| (module(name), (Day(100), Day(100 + days))));
            in_use(spans.collect())
        };
        let used = served(&[("once", 0), ("tried", APART - 1), ("week", APART), ("long", 80)]);
        assert_eq!(used, [module("long"), module("week")]);
        let many: Vec<_> =
            (0..MAX_USED + 10).map(|n| (format!("m{n:05}"), APART + u32::from(n >= 10))).collect();
        let many: Vec<_> = many.iter().map(|(name, days)| (name.as_str(), *days)).collect();
        let used = served(&many);
        assert_eq!((used.len(), &used[0]), (MAX_USED, &module("m00010")));
    }
}
