//! What a search knows of storage: what was known before, and what storage answered.

use super::{Failure, FailureKind, Search};
use crate::{
    config::{Config, Reverify, Storage},
    shared::Loss,
    store::Scope,
};

/// What is known of storage, as far as it concerns what is wanted.
#[derive(Debug, Default)]
pub(super) struct StorageState {
    /// Whether the zip in storage was verified before.
    checked_before: bool,
    /// Whether a download of the zip in storage has failed a moment ago.
    doubted: bool,
    /// Whether storage had the zip a moment ago: it need only say that it still has.
    known_there: bool,
    /// Whether no client may be given a zip that was not read here before.
    reads_all: bool,
    /// What storage had in place of the zip before.
    lost: Option<Loss>,
    /// What storage has in place of it now.
    corrupt: Option<Loss>,
    /// Why storage could not say whether it has it.
    unavailable: Option<String>,
    /// Whether the versions that storage has of the module were counted.
    counted: bool,
    /// What came of writing a zip.
    write: Option<ZipWrite>,
    /// Whether storage refused a zip because it has one already.
    exists: bool,
}

/// What came of writing a zip that was fetched whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZipWrite {
    Stored,
    NotTaken(Scope),
}

impl StorageState {
    /// Storage cannot say whether it has it.
    pub(super) fn fail(&mut self, why: impl Into<String>) {
        self.unavailable = Some(why.into());
    }

    /// Storage has something else in its place.
    pub(super) fn fail_corrupt(&mut self, loss: Loss, why: impl Into<String>) {
        self.corrupt = Some(loss);
        self.fail(why);
    }

    /// Storage is asked once more: its failure no longer counts.
    pub(super) fn forgive(&mut self) {
        self.unavailable = None;
    }

    /// Why storage could not say whether it has it.
    pub(super) fn failure(&self) -> Option<&str> {
        self.unavailable.as_deref()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.unavailable.is_some()
    }

    /// What storage has in its place.
    pub(super) fn corrupt(&self) -> Option<Loss> {
        self.corrupt
    }

    /// Whether a download of the zip in storage has failed a moment ago.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubted
    }

    /// What storage just sent broke off, or is larger than the host lets an answer be: only a download says which.
    pub(super) fn fail_broken(&mut self) {
        self.doubted = false;
        self.fail("what it gave just now broke off");
    }

    pub(super) fn is_known_there(&self) -> bool {
        self.known_there
    }

    /// Whether no client may be given a zip that was not read here before.
    pub(super) fn reads_all(&self) -> bool {
        self.reads_all
    }

    pub(super) fn has_lost(&self) -> bool {
        self.lost.is_some()
    }

    pub(super) fn note_counted(&mut self) {
        self.counted = true;
    }

    pub(super) fn is_counted(&self) -> bool {
        self.counted
    }

    pub(super) fn note_stored(&mut self) {
        self.write = Some(ZipWrite::Stored);
    }

    pub(super) fn note_not_taken(&mut self, scope: Scope) {
        self.write = Some(ZipWrite::NotTaken(scope));
    }

    /// Storage refused the zip because it has one already.
    pub(super) fn note_exists(&mut self) {
        self.exists = true;
    }

    /// Whether storage said that it has a zip already.
    pub(super) fn says_it_exists(&self) -> bool {
        self.exists
    }

    pub(super) fn was_stored(&self) -> bool {
        self.write == Some(ZipWrite::Stored)
    }

    /// Whether the zip in storage is read here before a client is given it.
    pub(super) fn is_to_be_read(&self, config: &Config) -> bool {
        let is_checked_once = reverify(config) == Some(Reverify::FirstRead);
        let is_new = !self.checked_before && !self.known_there;
        let is_unread = self.reads_all && !self.is_checked(config);
        self.is_distrusted() || is_checked_once && is_new || is_unread
    }

    /// Whether what storage has is verified before a client is given all of it, also where the configuration says never.
    fn is_distrusted(&self) -> bool {
        self.lost.is_some_and(Loss::is_spoiled)
    }

    /// Whether a zip that storage says it has needs no verification.
    pub(super) fn is_checked(&self, config: &Config) -> bool {
        let is_believed = self.checked_before || reverify(config) == Some(Reverify::Never);
        is_believed && !self.is_distrusted()
    }
}

fn reverify(config: &Config) -> Option<Reverify> {
    config.storage.as_ref().map(|storage| storage.reverify)
}

impl Search {
    /// Does not ask storage, unless it is the only source: what it gave a moment ago proved wrong.
    pub fn avoid_storage(&mut self) {
        if self.order.has_others() {
            self.order.drop_storage();
            self.storage.fail("what it has is wrong");
        }
    }

    /// Asks storage last: it has lost the zip, or has something else in its place. Storage may have the zip again, where no upstream has it.
    pub fn ask_storage_last(&mut self, loss: Loss) {
        self.order.move_storage_last();
        self.storage.lost = Some(loss);
    }

    /// Storage had the zip a moment ago: it need only say that it still has it.
    pub fn expect_it_stored(&mut self) {
        self.storage.known_there = true;
    }

    /// The host cannot hold a zip back while it is verified. So the zip in storage is read here before a client is given it, unless it was
    /// before, and an upstream may take as long as its `timeout` for a zip: no client is sent there in the meantime.
    pub fn read_all(&mut self) {
        self.storage.reads_all = true;
    }

    /// Storage is known to have the zip: it need only say that it still has it. `checked` says whether that zip was verified, `doubted`
    /// whether a download of it just failed: then storage has to show that it gives it.
    pub fn trust_storage(&mut self, checked: bool, doubted: bool) {
        self.storage.checked_before = checked;
        self.storage.doubted = doubted;
    }

    /// Whether storage was given a zip and refused it, and what that refusal is about.
    pub fn not_taken(&self) -> Option<Scope> {
        match self.storage.write {
            Some(ZipWrite::NotTaken(scope)) => Some(scope),
            Some(ZipWrite::Stored) | None => None,
        }
    }

    /// Whether storage was given a zip and has it now.
    pub fn was_stored(&self) -> bool {
        self.storage.was_stored()
    }

    /// Whether storage can be given what it has not got.
    pub(super) fn may_store(&self, config: &Config) -> bool {
        let takes = |storage: &Storage| self.want.object(storage).is_some();
        let is_well = !self.storage.has_failed() && !self.order.spares_storage();
        is_well && !self.storage.has_lost() && config.writable_storage().is_some_and(takes)
    }

    pub(super) fn storage_failure(&self) -> Option<Failure> {
        let why = self.storage.failure()?;
        let reason = format!("{}: no answer from storage: {why}", self.want.describe());
        Some(Failure { kind: FailureKind::Bad, reason, retry_after: None })
    }

    /// Storage may again have a zip that it had lost. It was not asked, so that an upstream has none is not the end.
    pub(super) fn unasked_storage(&self) -> Option<Failure> {
        if !self.storage.has_lost() || !self.order.has_storage() {
            return None;
        }
        let reason =
            format!("{}: storage, which had lost it, was not asked; try again", self.want.describe());
        Some(Failure { kind: FailureKind::Bad, reason, retry_after: None })
    }

    /// Upstreams, which know better than storage what changes, were not asked.
    pub(super) fn unasked_upstreams(&self) -> Option<Failure> {
        if !self.order.has_passed_over_upstreams() {
            return None;
        }
        let reason = format!(
            "{}: upstreams were not asked, as they did not answer other requests in time; try again",
            self.want.describe()
        );
        Some(Failure { kind: FailureKind::Slow, reason, retry_after: None })
    }
}
