//! Which sources a search has yet to ask, in which order.

use std::collections::VecDeque;

use super::Search;
use crate::plan::Source;

/// The sources of the plan that were not asked yet. Besides storage these are upstreams, or checksum databases.
#[derive(Debug)]
pub(super) struct Order {
    ahead: VecDeque<Source>,
    /// Whether storage was moved behind all others because it does not answer in time.
    spares_storage: bool,
    /// Whether storage was moved before all others because the first of them does not answer in time.
    spares_upstreams: bool,
}

impl Order {
    pub(super) fn new(plan: VecDeque<Source>) -> Self {
        Self { ahead: plan, spares_storage: false, spares_upstreams: false }
    }

    /// Takes out the source that is asked next.
    pub(super) fn next(&mut self) -> Option<Source> {
        self.ahead.pop_front()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Source> {
        self.ahead.iter().copied()
    }

    /// Whether every source was asked.
    pub(super) fn is_over(&self) -> bool {
        self.ahead.is_empty()
    }

    pub(super) fn has_storage(&self) -> bool {
        self.ahead.contains(&Source::Storage)
    }

    /// Whether a source besides storage is yet to be asked.
    pub(super) fn has_others(&self) -> bool {
        self.others().next().is_some()
    }

    /// The sources besides storage.
    pub(super) fn others(&self) -> impl Iterator<Item = Source> {
        self.iter().filter(|source| *source != Source::Storage)
    }

    /// Has `source` asked next.
    pub(super) fn push_first(&mut self, source: Source) {
        self.ahead.push_front(source);
    }

    /// Has `sources` asked behind all others.
    pub(super) fn extend(&mut self, sources: impl IntoIterator<Item = Source>) {
        self.ahead.extend(sources);
    }

    pub(super) fn drop_storage(&mut self) {
        self.ahead.retain(|source| *source != Source::Storage);
    }

    /// Leaves storage alone, if it is there.
    pub(super) fn drop_others(&mut self) {
        self.ahead.retain(|source| *source == Source::Storage);
    }

    /// Moves storage behind all others, if it is there.
    pub(super) fn move_storage_last(&mut self) {
        if self.has_storage() {
            self.drop_storage();
            self.ahead.push_back(Source::Storage);
        }
    }

    /// Whether storage is asked last, if at all, because it does not answer in time.
    pub(super) fn spares_storage(&self) -> bool {
        self.spares_storage
    }

    /// Whether storage was moved behind all others and was not asked in the end.
    pub(super) fn has_passed_over_storage(&self) -> bool {
        self.spares_storage && self.has_storage()
    }

    /// Whether storage was moved before all others and one of these was not asked in the end.
    pub(super) fn has_passed_over_upstreams(&self) -> bool {
        self.spares_upstreams && self.has_others()
    }
}

impl Search {
    /// The source that is asked first.
    pub fn first(&self) -> Option<Source> {
        self.order.iter().next()
    }

    /// Whether both storage and another source may have it, so that their order makes a difference.
    pub fn has_choice(&self) -> bool {
        self.order.has_others() && self.order.has_storage()
    }

    /// Has storage asked after all others, where there are others: storage does not answer in time. Nothing is written to it then.
    pub fn spare_storage(&mut self) {
        if self.has_choice() {
            self.order.move_storage_last();
            self.order.spares_storage = true;
        }
    }

    /// Has storage asked before the upstream that would be asked first: that upstream does not answer in time. A list or another document
    /// that changes is then given as storage has it.
    pub fn spare_upstreams(&mut self) {
        if self.has_choice() {
            self.order.drop_storage();
            self.order.push_first(Source::Storage);
            self.order.spares_upstreams = true;
        }
    }
}
