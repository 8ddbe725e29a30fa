//! Says in storage which versions this worker has completed there, and when: what `/index` lists. What is said is gathered for a while and
//! written at once, under a name that no other worker has. A version that is completed is in storage whatever becomes of that.

use std::{collections::VecDeque, time::Duration};

use log::Level;
use sha2::{Digest, Sha256};

use super::{key::Owner, services::Services};
use crate::{
    cx::Cx,
    flow::{SEGMENT_LINES, segment},
    gomod::{ModulePath, Version},
    http::{Reply, Timestamp},
    metrics::Counter,
    plan::Source,
    shared::Seat,
    store::{self, Written},
};

/// What one worker has to say.
#[derive(Debug)]
pub(super) struct Journal {
    /// What it is called in names of segments.
    writer: String,
    /// A number that most other workers do not have.
    number: u16,
    /// What is yet to be written, in order.
    waiting: VecDeque<(ModulePath, Version)>,
    /// Since when the first of that waits, or when storage failed last.
    since: Option<Timestamp>,
    /// How many of those that wait are being written.
    writing: Option<usize>,
    /// The stamp of the last segment.
    last: Timestamp,
    /// Why storage failed last.
    trouble: Option<String>,
    /// How many were given up since storage failed.
    given_up: u64,
}

impl Journal {
    /// Nothing yet, of the worker in this seat.
    pub(super) fn new(seat: Seat) -> Self {
        // The seed is nothing to tell.
        let digest = Sha256::new_with_prefix(b"index").chain_update(seat.seed.to_le_bytes());
        let digest = digest.chain_update(seat.queue.0.to_le_bytes()).finalize();
        Self {
            number: digest.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes)),
            writer: digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
            waiting: VecDeque::new(),
            since: None,
            writing: None,
            last: Timestamp::default(),
            trouble: None,
            given_up: 0,
        }
    }

    /// Whether all was said.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.writing.is_none()
    }

    /// Whether something waits to be said.
    pub(super) fn has_lines(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Storage has all of this version, and this worker has completed it.
    pub(super) fn note(
        &mut self,
        module: ModulePath,
        version: Version,
        services: &Services,
        cx: &mut Cx<'_>,
    ) {
        if services.config.catalog.is_none() {
            return;
        }
        if self.waiting.len() >= MAX_WAITING {
            self.given_up = self.given_up.saturating_add(1);
            return cx.count(Counter::IndexLost);
        }
        self.waiting.push_back((module, version));
        self.since.get_or_insert(cx.now);
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let is_due = self.since.is_some_and(|since| !cx.now.is_within(EVERY, since));
        let is_full = self.waiting.len() >= SEGMENT_LINES && self.trouble.is_none();
        if self.writing.is_some() || self.waiting.is_empty() || !(is_due || is_full) {
            return;
        }
        let Some(storage) = services.config.writable_storage() else { return };
        // Each has a millisecond of its own, though the clock be set back.
        let stamp = cx.now.max(Timestamp(self.last.0.saturating_add(1)));
        let lines = self.waiting.iter().take(SEGMENT_LINES);
        let text = segment(stamp, self.number, lines.map(|(module, version)| (module, version)));
        let key = store::feed_key(storage, stamp, &self.writer);
        let callout = store::create(storage, &key, "application/x-ndjson", text.into());
        self.last = stamp;
        self.writing = Some(self.waiting.len().min(SEGMENT_LINES));
        let permit = services.budget.take(Source::Storage, cx);
        services.call(Owner::Journal, permit, callout, cx);
    }

    /// Storage has answered. What it did not take is said again under another name: it may have taken it all the same.
    pub(super) fn on_reply(&mut self, reply: &Reply, cx: &mut Cx<'_>) {
        let Some(written) = self.writing.take() else { return };
        let trouble = match store::judge_write(reply) {
            Written::Stored => None,
            Written::Exists => Some("another has that name".to_owned()),
            Written::Failed(trouble) => Some(trouble.outcome.to_string()),
        };
        if trouble.is_none() {
            self.waiting.drain(..written.min(self.waiting.len()));
            if self.given_up > 0 {
                let given_up = std::mem::take(&mut self.given_up);
                cx.log(Level::Warn, format!("storage: the index lacks {given_up} versions that are stored"));
            }
        } else if trouble != self.trouble
            && let Some(why) = &trouble
        {
            cx.log(Level::Warn, format!("storage: the index: {why}; tried again"));
        }
        self.since = (!self.waiting.is_empty()).then_some(cx.now);
        self.trouble = trouble;
    }
}

/// How long what is to be said is gathered: what a worker has completed since is not in the index if the worker ends. With less there
/// would be more segments than a page of the index can read: four a minute of each worker.
const EVERY: Duration = Duration::from_secs(15);

/// What waits in one worker while storage takes nothing: more than a worker completes in an hour, in 600 KB.
const MAX_WAITING: usize = 4096;
