//! What was served lately, and what becomes known of it afterwards: operators are told of each advisory about a version that was served, once.
//!
//! A worker notes which zips it has given whole, and adds them to what all workers share (`shared/served.rs`) a few seconds later. One worker at
//! a time brings that together with what storage has (`exposures/sync.rs`). Whenever something else is in force, and every few minutes, what was
//! served is compared with what is known of versions now (`exposures/look.rs`).

mod look;
mod sync;
mod used;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use self::{look::Look, sync::Syncing, used::Finding};
use super::{key::Slice, services::Services};
use crate::{
    config::Config,
    cx::{Cx, Given, StreamId},
    flow::{keeping, served_store},
    http::Timestamp,
    metrics::Counter,
    shared::{Changed, Keeping, Ledger, ServedStore, ledger_of},
};

/// What one worker knows of what was served.
#[derive(Debug)]
pub(super) struct Exposures {
    store: ServedStore,
    /// The zips that are on their way.
    sending: BTreeMap<StreamId, Given>,
    /// What was given and is not shared yet, by the ledger that it goes to.
    pending: BTreeMap<u8, Ledger>,
    /// When some of it was shared last.
    shared: Option<Timestamp>,
    syncing: Option<Syncing>,
    /// The ledgers that this worker has changed, which storage does not have so yet.
    changed: BTreeSet<u8>,
    /// When the first of them was, or when storage failed to take one.
    changed_at: Option<Timestamp>,
    look: Option<Look>,
    /// Which modules are in use, while that is being found out, and when it was last.
    finding: Option<Finding>,
    found_used: Option<Timestamp>,
    /// Whether this worker is to look at what was served, as something else is in force here.
    looks_anew: bool,
    /// When this worker began.
    began: Option<Timestamp>,
    /// When it was found out last whether another worker has looked.
    asked: Option<Timestamp>,
    /// Why storage failed last.
    trouble: Option<String>,
}

impl Exposures {
    /// Nothing was given yet.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            store: served_store(config),
            sending: BTreeMap::new(),
            pending: BTreeMap::new(),
            shared: None,
            syncing: None,
            changed: BTreeSet::new(),
            changed_at: None,
            look: None,
            finding: None,
            found_used: None,
            looks_anew: true,
            began: None,
            asked: None,
            trouble: None,
        }
    }

    /// Whether what is served is remembered.
    pub(super) fn watches(services: &Services) -> bool {
        services.config.exposure.is_some()
    }

    /// A zip is on its way on this stream.
    pub(super) fn sends(&mut self, stream: StreamId, given: Given) {
        self.sending.insert(stream, given);
    }

    /// The zip on this stream has gone out, whole or not.
    pub(super) fn sent(&mut self, stream: StreamId, is_whole: bool) {
        if let Some(given) = self.sending.remove(&stream)
            && is_whole
        {
            self.note(&given);
        }
    }

    /// These were given.
    pub(super) fn note_all(&mut self, given: &[Given]) {
        given.iter().for_each(|given| self.note(given));
    }

    fn note(&mut self, Given { version, caller, day }: &Given) {
        let ledger = self.pending.entry(ledger_of(version)).or_default();
        // Shared within seconds: a worker gives no more in that time but to a flood.
        if ledger.len() < MAX_PENDING {
            ledger.note(version, caller, *day);
        }
    }

    /// Something else is in force.
    pub(super) fn look_anew(&mut self) {
        self.looks_anew = true;
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(keeping) = keeping(&services.config, cx.now) else { return };
        self.share(keeping, cx);
        self.begin_sync(services, cx);
        if self.look.is_none() && self.may_look(services, cx) && self.is_to_look(cx) {
            self.look = Some(Look::default());
            services.slices.add(Slice::Exposures);
        }
        let is_found = |found: Timestamp| cx.now.is_within(FINDS_USED_EVERY, found);
        if services.in_force.policy().asks_for_use()
            && !self.found_used.is_some_and(is_found)
            && self.may_look(services, cx)
        {
            self.found_used = Some(cx.now);
            self.finding = Some(Finding::begin());
            services.slices.add(Slice::Exposures);
        }
    }

    /// Goes on with what takes more than a few milliseconds.
    pub(in crate::worker) fn work(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        match self.finding.take() {
            Some(finding) => self.find_used(finding, services, cx),
            None => self.look_on(services, cx),
        }
        if self.look.is_some() {
            services.slices.add(Slice::Exposures);
        }
    }

    /// Whether it is known what was served, and told, before this Envoy began, or there was time enough to find it out.
    fn may_look(&mut self, services: &Services, cx: &Cx<'_>) -> bool {
        let began = *self.began.get_or_insert(cx.now);
        services.config.writable_storage().is_none()
            || !cx.now.is_within(PATIENCE, began)
            || self.store.is_complete(cx.kv)
    }

    fn is_to_look(&mut self, cx: &mut Cx<'_>) -> bool {
        let asks = !self.asked.is_some_and(|asked| cx.now.is_within(ASKS_EVERY, asked));
        if asks {
            self.asked = Some(cx.now);
        }
        // Whoever looks anew looks for all as well.
        let is_due = asks && self.store.claim_look(cx.kv, LOOKS_EVERY, cx.now);
        std::mem::take(&mut self.looks_anew) || is_due
    }

    /// A ledger says something else than before: storage is to have it soon.
    fn is_changed(&mut self, ledger: u8, now: Timestamp) {
        self.changed.insert(ledger);
        self.changed_at.get_or_insert(now);
    }

    /// Adds a part of what was given to what all workers share.
    fn share(&mut self, keeping: Keeping, cx: &mut Cx<'_>) {
        if self.pending.is_empty() || self.shared.is_some_and(|shared| cx.now.is_within(SHARES_EVERY, shared))
        {
            return;
        }
        for _ in 0..AT_ONCE {
            let Some((number, ledger)) = self.pending.pop_first() else { break };
            let merged = self.store.change(cx.kv, number, keeping, |shared| shared.merge(ledger.clone()));
            match merged {
                Some(Changed { forgotten, is_other, .. }) => {
                    if forgotten > 0 {
                        cx.add(Counter::Forgotten, forgotten);
                    }
                    if is_other {
                        self.is_changed(number, cx.now);
                    }
                }
                // Other workers were faster; at the next turn.
                None => {
                    self.pending.insert(number, ledger);
                    break;
                }
            }
        }
        if self.pending.is_empty() {
            self.shared = Some(cx.now);
        }
    }
}

/// How often a worker shares what it has given: what it gave since is lost with it.
const SHARES_EVERY: Duration = Duration::from_secs(5);

/// Ledgers that are shared at one tick: each is read and written whole, in less than a millisecond.
const AT_ONCE: usize = 4;

/// Versions of one ledger that wait to be shared in one worker.
const MAX_PENDING: usize = 256;

/// How often what was served is looked at, by one worker of the Envoy, though nothing else is in force: versions are served, waivers end,
/// and days pass.
const LOOKS_EVERY: Duration = Duration::from_secs(5 * 60);

/// How often each worker finds out which modules are in use: days decide it.
const FINDS_USED_EVERY: Duration = Duration::from_secs(3600);

/// How often a worker finds out whether another has looked.
const ASKS_EVERY: Duration = Duration::from_secs(1);

/// How long a worker waits until storage has said what was served before: it says so within seconds, unless it is down.
const PATIENCE: Duration = Duration::from_secs(2 * 60);
