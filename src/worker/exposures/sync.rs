//! Brings what was served together with what storage has of it: a GET, and a PUT where storage lacks something. No lock is needed: two Envoys
//! that write at once each still have what the other has overwritten, and write it at the next turn.
//!
//! All ledgers have their turns, for what other Envoys have served. What a worker has changed itself does not wait for its turn that long.

use std::time::Duration;

use log::Level;

use super::Exposures;
use crate::{
    cx::Cx,
    flow::keeping,
    http::{Callout, Reply},
    metrics::{Counter, WriteOutcome},
    plan::Source,
    shared::Ledger,
    store::{self, Object, Written},
    worker::{key::Owner, services::Services},
};

/// A ledger that is being brought together with storage.
#[derive(Debug)]
pub(super) struct Syncing {
    ledger: u8,
    /// Whether it is its turn, and not one that this worker has changed.
    is_turn: bool,
    /// Whether it was read, and is being written.
    is_read: bool,
}

impl Exposures {
    /// Begins with the ledger whose turn it is, if there is one.
    pub(super) fn begin_sync(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        if self.syncing.is_some() {
            return;
        }
        let Some(storage) = services.config.writable_storage() else { return };
        let turn = self.store.claim_turn(cx.kv, cx.now);
        let Some(ledger) = turn.or_else(|| self.next_changed(cx)) else { return };
        let callout = store::get(storage, &store::served_key(storage, ledger));
        self.ask(Syncing { ledger, is_turn: turn.is_some(), is_read: false }, callout, services, cx);
    }

    /// A ledger that this worker has changed, if it is to be brought to storage now: one after the other.
    fn next_changed(&mut self, cx: &Cx<'_>) -> Option<u8> {
        let since = self.changed_at?;
        if cx.now.is_within(SOON, since) || !self.store.is_complete(cx.kv) {
            return None;
        }
        let next = self.changed.pop_first();
        if self.changed.is_empty() {
            self.changed_at = None;
        }
        next
    }

    fn ask(&mut self, syncing: Syncing, callout: Callout, services: &mut Services, cx: &mut Cx<'_>) {
        let permit = services.budget.take(Source::Storage, cx);
        services.call(Owner::Exposures, permit, callout, cx);
        self.syncing = Some(syncing);
    }

    /// Storage has answered.
    pub(in crate::worker) fn on_reply(&mut self, reply: &Reply, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(Syncing { ledger, is_turn, is_read }) = self.syncing.take() else { return };
        let next = if is_read { self.written(reply, cx) } else { self.read(ledger, reply, services, cx) };
        match next {
            Ok(None) => {
                self.trouble = None;
                if is_turn && self.store.end_turn(cx.kv, ledger, cx.now) {
                    // All that was served before this Envoy began is known now.
                    self.look_anew();
                }
                self.begin_sync(services, cx);
            }
            Ok(Some(callout)) => {
                self.ask(Syncing { ledger, is_turn, is_read: true }, callout, services, cx);
            }
            // The turn lapses, and any worker tries again.
            Err(why) => {
                if !is_turn {
                    self.changed_at = Some(cx.now);
                    self.changed.insert(ledger);
                }
                if self.trouble.as_ref() != Some(&why) {
                    cx.log(Level::Warn, format!("storage: what was served: {why}"));
                }
                self.trouble = Some(why);
            }
        }
    }

    /// What storage has is added to what all workers share; the PUT, where storage lacks something.
    fn read(
        &self,
        number: u8,
        reply: &Reply,
        services: &Services,
        cx: &mut Cx<'_>,
    ) -> Result<Option<Callout>, String> {
        let (Some(storage), Some(keeping)) =
            (services.config.writable_storage(), keeping(&services.config, cx.now))
        else {
            return Ok(None);
        };
        let key = store::served_key(storage, number);
        // What is too long is no ledger, and is replaced.
        let stored = match store::judge_small(reply, usize::MAX) {
            Object::Absent => None,
            Object::Present(bytes) => Some(bytes),
            Object::Unavailable(why) => return Err(why),
        };
        let before = stored.map(|bytes| {
            Ledger::decode(bytes).unwrap_or_else(|| {
                cx.log(
                    Level::Error,
                    format!("storage: {key}: it is no list of what was served; it is replaced"),
                );
                Ledger::default()
            })
        });
        let before = before.unwrap_or_default();
        let merge = |shared: &mut Ledger| shared.merge(before.clone());
        if self.store.change(cx.kv, number, keeping, merge).is_none() {
            return Err("other workers were faster".to_owned());
        }
        let ledger = self.store.read(cx.kv, number, keeping);
        let bytes = ledger.encode().into_bytes();
        if stored.map_or(ledger.is_empty(), |stored| stored == bytes) {
            return Ok(None);
        }
        Ok(Some(store::replace(storage, &key, "text/plain; charset=utf-8", bytes.into())))
    }

    fn written(&self, reply: &Reply, cx: &mut Cx<'_>) -> Result<Option<Callout>, String> {
        let (outcome, result) = match store::judge_write(reply) {
            Written::Stored | Written::Exists => (WriteOutcome::STORED, Ok(None)),
            Written::Failed(failure) => (failure.outcome, Err(failure.why)),
        };
        cx.count(Counter::StorageWrite { outcome });
        result
    }
}

/// How long what a worker has changed waits for more of the same before it is brought to storage: what was served since is lost with an Envoy that
/// ends.
const SOON: Duration = Duration::from_secs(30);
