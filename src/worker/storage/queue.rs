//! Writes that wait until others are over.
//!
//! A burst of clients brings more documents than storage takes at once. One that was not written would be asked of an upstream again as
//! soon as the index has lost it.

use std::collections::{BTreeMap, VecDeque};

use crate::flow::Write;

/// Writes by what the object is called, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: VecDeque<String>,
    writes: BTreeMap<String, Write>,
    bytes: usize,
}

impl Queue {
    /// Has a write wait, in place of one of the same object; returns false, and keeps nothing, where there is no room.
    pub(super) fn push(&mut self, object: String, write: Write) -> bool {
        let before = self.writes.get(&object).map(Write::bytes);
        let bytes = self.bytes.saturating_sub(before.unwrap_or_default()).saturating_add(write.bytes());
        if bytes > MAX_BYTES || before.is_none() && self.writes.len() >= MAX_WRITES {
            return false;
        }
        if before.is_none() {
            self.order.push_back(object.clone());
        }
        self.bytes = bytes;
        self.writes.insert(object, write);
        true
    }

    /// The next one, if it `may` begin.
    pub(super) fn pop(&mut self, may: impl Fn(&str, &Write) -> bool) -> Option<(String, Write)> {
        let object = self.order.front()?;
        if !may(object, self.writes.get(object)?) {
            return None;
        }
        let object = self.order.pop_front()?;
        let write = self.writes.remove(&object)?;
        self.bytes = self.bytes.saturating_sub(write.bytes());
        Some((object, write))
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

/// Writes that wait in one worker, and as many of what is kept aside: all that two thousand module versions have, asked for at once. A storage
/// that answers within 5 ms has taken them after a third of a second.
const MAX_WRITES: usize = 4096;

/// Bytes of all of them: 2 KB for each, where usual documents have a few hundred. A go.mod that is as large as all that does not wait.
const MAX_BYTES: usize = 8 << 20;
