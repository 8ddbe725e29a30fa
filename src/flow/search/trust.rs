//! How far storage is believed, and when it is asked: what is known of it before.

use super::{Failure, Fault, Search, Source};
use crate::{
    config::{Config, Reverify, Storage},
    shared::Loss,
};

impl Search {
    /// Takes storage for one that cannot say, unless it is the only one to ask: what it gave a moment ago proved wrong.
    pub fn avoid_storage(&mut self) {
        if self.ahead.iter().any(|source| *source != Source::Storage) {
            self.ahead.retain(|source| *source != Source::Storage);
            self.unavailable = Some("what it has is wrong".to_owned());
        }
    }

    /// Asks storage last, for what it has lost or has something else in place of. It may have it again, and nobody else may.
    pub fn ask_storage_last(&mut self, loss: Loss) {
        let before = self.ahead.len();
        self.ahead.retain(|source| *source != Source::Storage);
        if self.ahead.len() < before {
            self.ahead.push_back(Source::Storage);
        }
        self.lost = Some(loss);
    }

    /// Has storage asked after all others, where there are others: it keeps whoever asks waiting. Nothing is written to it then.
    pub fn spare_storage(&mut self) {
        if self.has_choice() {
            self.ahead.retain(|source| *source != Source::Storage);
            self.ahead.push_back(Source::Storage);
            self.spares_storage = true;
        }
    }

    /// Has storage asked before the upstream that would be asked first, as that keeps whoever asks waiting. What storage has of what
    /// changes is then given as it was.
    pub fn spare_upstreams(&mut self) {
        if self.has_choice() {
            self.ahead.retain(|source| *source != Source::Storage);
            self.ahead.push_front(Source::Storage);
            self.spares_upstreams = true;
        }
    }

    /// The source that is asked first.
    pub fn first(&self) -> Option<Source> {
        self.ahead.front().copied()
    }

    /// Whether upstreams may have it, and storage too: in which order they are asked makes a difference.
    pub fn has_choice(&self) -> bool {
        let has_others = self.ahead.iter().any(|source| *source != Source::Storage);
        has_others && self.ahead.contains(&Source::Storage)
    }

    /// Storage had it a moment ago: it need only say that it still has it, checked or not.
    pub fn expect_it_stored(&mut self) {
        self.known_there = true;
    }

    /// No zip is read while it passes, as the host could not hold it back. So storage's is read here before, unless it was, and an
    /// upstream's may take as long as its source: nobody is sent there in the meantime.
    pub fn read_all(&mut self) {
        self.reads_all = true;
    }

    /// Storage is known to have it: it need only say that it still does, where that was `checked`, and that it gives it where a
    /// download of it just failed.
    pub fn trust_storage(&mut self, checked: bool, doubted: bool) {
        self.checked_before = checked;
        self.doubted = doubted;
    }

    /// What it just gave broke off, or is larger than the host lets an answer be: which it is, only a download says. Others are asked
    /// first.
    pub(super) fn ask_storage_again(&mut self) {
        self.doubted = false;
        self.unavailable = Some("what it gave just now broke off".to_owned());
        self.ahead.push_back(Source::Storage);
    }

    /// Has whoever may have a zip asked for it, even the last one: it is for the head of an answer alone. What a server answers to
    /// a HEAD says too little of what it answers to a GET for a client to be sent there unasked.
    pub fn for_a_head(&mut self) {
        self.head_only = true;
    }

    /// Whether what storage has is to be read here before anybody gets it.
    pub(super) fn is_to_be_read(&self, config: &Config) -> bool {
        let is_checked_once =
            config.storage.as_ref().is_some_and(|storage| storage.reverify == Reverify::FirstRead);
        let is_new = !self.checked_before && !self.known_there;
        let is_due = is_checked_once && is_new || self.reads_all && !self.is_checked(config);
        self.whole && (self.is_distrusted() || is_due)
    }

    /// Whether what storage has is checked before anybody is given all of it, however far storage is believed.
    fn is_distrusted(&self) -> bool {
        self.lost.is_some_and(Loss::is_spoiled)
    }

    /// Whether what storage says that it has needs no check.
    pub(super) fn is_checked(&self, config: &Config) -> bool {
        let is_never_checked =
            config.storage.as_ref().is_some_and(|storage| storage.reverify == Reverify::Never);
        (self.checked_before || is_never_checked) && !self.is_distrusted()
    }

    /// Whether storage takes what it has not got.
    pub(super) fn may_store(&self, config: &Config) -> bool {
        let takes = |storage: &Storage| self.want.object(storage).is_some();
        let is_well = self.unavailable.is_none() && !self.spares_storage;
        is_well && self.lost.is_none() && config.writable_storage().is_some_and(takes)
    }

    /// Storage may have a zip again that it had lost: that somebody else turns out not to have it, after all, is not the end then.
    pub(super) fn unasked_storage(&self) -> Option<Failure> {
        self.lost.filter(|_| self.ahead.contains(&Source::Storage))?;
        let reason =
            format!("{}: storage, which had lost it, was not asked; try again", self.want.describe());
        Some(Failure { fault: Fault::Bad, reason, retry_after: None })
    }

    /// Upstreams know better what changes, and were not asked.
    pub(super) fn unasked_upstreams(&self) -> Option<Failure> {
        self.ahead.iter().find(|source| self.spares_upstreams && **source != Source::Storage)?;
        let reason = format!(
            "{}: upstreams, which have just kept others waiting, were not asked",
            self.want.describe()
        );
        Some(Failure { fault: Fault::Slow, reason, retry_after: None })
    }
}
