//! Writes the lines of a feed that this worker has read, for the other gateways.
//!
//! They go to storage while the poll goes on. What they belong to is told of once all of them are there.

use std::collections::BTreeSet;

use super::{Fleet, ask, patience, storage};
use crate::{
    cx::Cx,
    feed::Published,
    fleet::{SEGMENT_BYTES, segment},
    http::Reply,
    metrics::{Counter, DocumentName, FleetOutcome},
    store::{self, Written},
    worker::{key::FleetCall, services::Services},
};

/// The lines of one feed.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    /// The segments that are being written.
    writing: BTreeSet<u64>,
    /// How far the poll has come that has ended.
    ended: Option<Vec<u8>>,
}

impl Fleet {
    /// A poll of this worker's tells that these versions became known.
    pub(in crate::worker) fn share(
        &mut self,
        document: &DocumentName,
        published: &[Published],
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if services.config.writable_storage().is_none()
            || !self.feeds.iter().any(|feed| feed.document == *document)
        {
            return;
        }
        let lines = self.lines.entry(document.clone()).or_default();
        for Published { module, version } in published {
            lines.text.push_str(&format!("{module}@{version}\n"));
        }
        if lines.text.len() >= SEGMENT_BYTES {
            self.write_lines(document, services, cx);
        }
    }

    /// A poll of this worker's has come to its end, and so far.
    pub(in crate::worker) fn end_poll(
        &mut self,
        document: &DocumentName,
        cursor: Vec<u8>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if cursor.is_empty() || !self.feeds.iter().any(|feed| feed.document == *document) {
            return;
        }
        let lines = self.lines.entry(document.clone()).or_default();
        lines.ended = Some(cursor);
        if !lines.text.is_empty() {
            self.write_lines(document, services, cx);
        }
        self.tell_read(document, cx);
    }

    fn write_lines(&mut self, document: &DocumentName, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(((lines, feed), store)) = self
            .lines
            .get_mut(document)
            .zip(self.feeds.iter().find(|feed| feed.document == *document))
            .zip(self.store.as_ref())
        else {
            return;
        };
        let text = std::mem::take(&mut lines.text);
        let until = cx.now.after(patience(services));
        // What is not written is missed by the others, who see that a number is missing, and read the feed once themselves.
        let is_full = lines.writing.len() >= MAX_WRITING;
        let begun = store.say(cx.kv, |said| {
            let number = said.begin_segment(until);
            if let Some(number) = number.filter(|_| is_full) {
                said.end_segment(number, false);
            }
            Some(said.place.zip(number))
        });
        let Some((place, number)) = begun.flatten().filter(|_| !is_full) else {
            return cx.count(Counter::Fleet { outcome: FleetOutcome::Failed });
        };
        let Some(storage) = storage(services) else { return };
        let key = store::fleet_segment_key(storage, place, number);
        let body = segment(&self.name, number, &feed.feed, &text).into_bytes();
        let callout = store::replace(storage, &key, "text/plain; charset=utf-8", body.into());
        lines.writing.insert(number);
        ask(FleetCall::Lines(document.clone(), number), callout, services, cx);
    }

    /// Storage has answered.
    pub(super) fn on_lines(&mut self, document: &DocumentName, number: u64, reply: &Reply, cx: &mut Cx<'_>) {
        let Some((lines, store)) = self.lines.get_mut(document).zip(self.store.as_ref()) else { return };
        lines.writing.remove(&number);
        let trouble = match store::judge_write(reply) {
            Written::Stored | Written::Exists => None,
            Written::Failed(failure) => Some(failure.why),
        };
        store.say(cx.kv, |said| {
            said.end_segment(number, trouble.is_none());
            Some(())
        });
        if let Some(why) = trouble {
            self.fail(&why, cx);
        }
        self.tell_read(document, cx);
    }

    /// Tells how far the feed was read, once all lines up to there are in storage, or are known to be missing.
    fn tell_read(&mut self, document: &DocumentName, cx: &mut Cx<'_>) {
        let Some(((lines, feed), store)) = self
            .lines
            .get_mut(document)
            .zip(self.feeds.iter().find(|feed| feed.document == *document))
            .zip(self.store.as_ref())
        else {
            return;
        };
        if !lines.writing.is_empty() {
            return;
        }
        let Some(cursor) = lines.ended.take() else { return };
        let now = cx.now;
        store.say(cx.kv, |said| {
            said.note_read(&feed.feed, &cursor, now);
            Some(())
        });
        store.ring(cx.kv);
    }
}

/// Segments of one feed that are on their way at once: a poll of many pages brings one in the time that storage has for one, or storage is
/// too slow for it.
const MAX_WRITING: usize = 8;
