//! What goes into storage: documents that searches brought, in the order in which a version is complete (`storage/write.rs`), zips while
//! they pass by (`storage/along.rs`), and those again that did not get there so (`storage/copy.rs`). Both kinds are uploads
//! (`storage/upload.rs`); a store that takes no parts is given what was gathered (`storage/gather.rs`).
//!
//! No client waits for any of it. What it lacks of a version is found out by a flight (`Event::Wanted`), and so are the sums of what it
//! copies (`Event::CopyBegins`).

mod abandoned;
mod along;
mod copy;
mod gather;
mod queue;
mod upload;
mod write;

use std::collections::{BTreeMap, VecDeque};

use self::{
    copy::{Copier, Due},
    gather::COPY_REST,
    queue::Queue,
    upload::Uploading,
};
use super::{
    key::ZipKey,
    services::{Services, failures::Failures},
};
use crate::{
    cx::{Cx, StreamId},
    flow::{StorageStatus, Write},
    goproxy::Zip,
    metrics::WriteOutcome,
};

/// What one worker takes into storage.
#[derive(Debug)]
pub(super) struct Storing {
    /// Zips that are being read once more.
    copiers: BTreeMap<ZipKey, Box<Copier>>,
    /// Zips that are to be copied, oldest first.
    copies: VecDeque<Due>,
    /// Zips that were copied in vain lately.
    copied_in_vain: Failures,
    /// The upload that each stream feeds.
    fed: BTreeMap<StreamId, ZipKey>,
    /// What came of the last write.
    last_write: WriteOutcome,
    uploads: BTreeMap<ZipKey, Box<Uploading>>,
    /// The memory that large zips are gathered in, one after the other, once there is any.
    room: Vec<u8>,
    /// Writes that wait until others are over.
    waiting: Queue,
    /// The same of what is kept aside.
    waiting_aside: Queue,
    /// Writes under way, by what the object is called.
    writes: BTreeMap<String, Write>,
}

impl Storing {
    /// With nothing on its way.
    pub(super) fn new() -> Self {
        Self {
            copiers: BTreeMap::new(),
            copies: VecDeque::new(),
            copied_in_vain: Failures::within(COPY_REST),
            fed: BTreeMap::new(),
            last_write: WriteOutcome::STORED,
            uploads: BTreeMap::new(),
            room: Vec::new(),
            waiting: Queue::default(),
            waiting_aside: Queue::default(),
            writes: BTreeMap::new(),
        }
    }

    /// What is on its way.
    pub(super) fn status(&self, status: &mut StorageStatus) {
        *status = StorageStatus {
            writes: self.writes.len(),
            writes_due: self.waiting.len().saturating_add(self.waiting_aside.len()),
            uploads: self.uploads.len(),
            copies: self.copiers.len(),
            copies_due: self.copies.len(),
        };
    }

    /// Whether nothing is on its way, and nothing is to be copied.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.copiers.is_empty()
            && self.copies.is_empty()
            && self.fed.is_empty()
            && self.uploads.is_empty()
            && self.waiting.len() == 0
            && self.waiting_aside.len() == 0
            && self.writes.is_empty()
    }

    /// Bytes that all uploads under way may come to hold.
    #[cfg(test)]
    pub(super) fn may_hold(&self) -> usize {
        self.will_be_held()
    }

    /// How many zips are being copied.
    #[cfg(test)]
    pub(super) fn copying(&self) -> usize {
        self.copiers.len()
    }

    /// Whether zips are on their way.
    pub(super) fn is_uploading(&self) -> bool {
        !self.uploads.is_empty()
    }

    /// Whether anything depends on time that is under way, or is to be.
    pub(super) fn is_at_work(&self) -> bool {
        self.is_uploading() || !self.copies.is_empty()
    }

    /// Whether `zip` is on its way here, or is to be copied.
    pub(super) fn is_taking(&self, zip: &Zip, services: &Services, cx: &Cx<'_>) -> bool {
        services.leases.is_held(cx.kv, &upload::lease(zip), cx.now)
            || self.copies(zip)
            || self.uploads.contains_key(&ZipKey::of(zip))
            || self.copies.iter().any(|due| due.is_of(zip))
    }

    /// Whether `zip` is being copied.
    pub(super) fn copies(&self, zip: &Zip) -> bool {
        self.copiers.contains_key(&ZipKey::of(zip))
    }
}
