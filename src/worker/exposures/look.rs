//! Compares what was served with what is known of versions now: a ledger at each turn of the worker.

use log::Level;

use super::Exposures;
use crate::{
    cx::Cx,
    flow::{exposure_line, keeping, known_contents, named},
    metrics::Gauge,
    shared::{Changed, LEDGERS, Ledger},
    worker::services::Services,
};

/// How far a look has come.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The ledger that is next.
    next: u8,
    /// Versions that something is said against.
    advised: u64,
    /// Those of them that are malicious.
    malicious: u64,
    /// Lines that the log has.
    told: usize,
    /// Lines that it has not, as there were too many.
    untold: usize,
}

impl Exposures {
    /// Looks at one more ledger; after the last one tells the host how many versions are exposed.
    pub(super) fn look_on(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(mut look) = self.look.take() else { return };
        if look.next < LEDGERS {
            self.look_at(&mut look, services, cx);
            look.next = look.next.saturating_add(1);
            self.look = Some(look);
            return;
        }
        cx.set(Gauge::ServedAdvised, look.advised);
        cx.set(Gauge::ServedMalicious, look.malicious);
        if look.untold > 0 {
            cx.log(Level::Warn, format!("exposed: {} more; /-/exposed lists them", look.untold));
        }
    }

    fn look_at(&mut self, look: &mut Look, services: &Services, cx: &mut Cx<'_>) {
        let Some(keeping) = keeping(&services.config, cx.now) else { return };
        let policy = services.in_force.policy();
        let ledger = self.store.read(cx.kv, look.next, keeping);
        let mut news = Vec::new();
        for (name, served) in ledger.versions() {
            let Some((module, version)) = named(name) else { continue };
            let contents = known_contents(&module, policy, &services.index, cx);
            let mut against = policy.against(&module, &version, &contents, cx.now);
            // Once a waiver has ended, operators are told.
            against.retain(|against| against.waived.is_none());
            if against.is_empty() {
                continue;
            }
            look.advised = look.advised.saturating_add(1);
            let is_malicious = against.iter().any(|against| against.is_malicious);
            look.malicious = look.malicious.saturating_add(u64::from(is_malicious));
            // The worst first: of very many not all are told singly.
            against.sort_by_key(|against| !against.is_malicious);
            let new = against.into_iter().filter(|against| !served.is_told(against.id));
            news.extend(new.map(|against| (name, served, against)));
        }
        if news.is_empty() {
            return;
        }
        // The worker that marks it is the one that tells it.
        let mark = |ledger: &mut Ledger| {
            let mut marks =
                |version: &str, id: &str| ledger.version_mut(version).is_some_and(|served| served.tell(id));
            news.iter().map(|(name, _, against)| marks(name, against.id)).collect::<Vec<_>>()
        };
        let Some(Changed { said: marked, .. }) = self.store.change(cx.kv, look.next, keeping, mark) else {
            return;
        };
        self.is_changed(look.next, cx.now);
        for ((name, served, against), _) in news.iter().zip(marked).filter(|(_, is_new)| *is_new) {
            if look.told >= MAX_TOLD {
                look.untold = look.untold.saturating_add(1);
                continue;
            }
            look.told = look.told.saturating_add(1);
            let level = if against.is_malicious { Level::Error } else { Level::Warn };
            cx.log(level, exposure_line(name, against, served));
        }
    }
}

/// Lines of the log at one look: who has more of them reads the page.
const MAX_TOLD: usize = 100;
