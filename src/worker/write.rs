//! What goes to storage, and in which order: a version's go.mod, its zip, and last its `.info`, by which whoever looks into
//! storage sees that it has all of the version.

use log::Level;

use super::{Job, JobKey, Worker, errand::Errand};
use crate::{
    cx::Cx,
    flow::{Searched, Write, Written, worth_writing},
    goproxy::{Document, File, Found, Zip},
    http::Reply,
    metrics::Metric,
    plan::{Source, Want},
    shared::{Entry, Region},
};

impl Worker {
    /// Writes what a search brought, where it is worth it; `stored` says that it put a zip there.
    pub(super) fn write_back(&mut self, errand: &Errand, searched: &Searched, stored: bool, cx: &mut Cx<'_>) {
        if let (Want::Zip(zip), true) = (&errand.want, stored) {
            self.complete(zip, cx);
        }
        if let Some((document, found)) = worth_writing(&errand.want, searched, errand.known.as_ref())
            && self.is_in_order(document, cx)
        {
            self.write(&errand.want, document, found, true, cx);
        }
    }

    /// Tries once more what storage did not take. The index notes that, so that no other worker does the same.
    pub(super) fn write_again(&mut self, want: &Want, found: Found, cx: &mut Cx<'_>) {
        if let Want::Document(document) = want {
            let tried = Found { checked: Some(cx.now), ..found };
            if self.is_in_order(document, cx) {
                self.write(want, document, &tried, false, cx);
            }
            self.index.keep(cx.kv, &want.key(), &Entry::Found(tried), cx.now);
        }
    }

    /// Storage has got this zip: the rest of its version is to follow, asked for where nobody has asked for it yet.
    pub(super) fn complete(&mut self, zip: &Zip, cx: &mut Cx<'_>) {
        for file in [File::Mod(zip.version.clone()), File::Info(zip.version.clone())] {
            let document = Document::Module { module: zip.module.clone(), file };
            let want = Want::Document(document.clone());
            match self.index.peek(cx.kv, Region::Found, &want.key()) {
                Some(Entry::Found(found)) if !found.stored => self.write(&want, &document, &found, false, cx),
                Some(_) => {}
                None => self.ask_unasked(want, cx),
            }
        }
    }

    /// Whether what comes before `document` is in storage.
    fn is_in_order(&self, document: &Document, cx: &Cx<'_>) -> bool {
        let Document::Module { module, file: File::Info(version) } = document else { return true };
        let zip = Zip { module: module.clone(), version: version.clone() };
        let entry = self.index.peek(cx.kv, Region::Found, &Want::Zip(zip).key());
        matches!(entry, Some(Entry::Stored { .. }))
    }

    /// Writes `found`; `looked` says that storage has just said that it has none.
    pub(super) fn write(
        &mut self,
        want: &Want,
        document: &Document,
        found: &Found,
        looked: bool,
        cx: &mut Cx<'_>,
    ) {
        let storage = self.config.writable_storage();
        let Some((write, callout)) = storage.and_then(|to| Write::begin(to, want, document, found, looked))
        else {
            return;
        };
        let key = JobKey::Write { object: want.key() };
        let writes = self.jobs.values().filter(|job| matches!(job, Job::Write(_))).count();
        if writes >= MAX_WRITES || self.jobs.contains_key(&key) {
            cx.count(Metric::StorageWrite { outcome: "skipped" });
            return;
        }
        let permit = self.budget.take(Source::Storage);
        self.call(key.clone(), permit, callout, cx);
        self.jobs.insert(key, Job::Write(write));
    }

    /// Storage has answered a write.
    pub(super) fn written(&mut self, key: JobKey, write: Write, reply: Reply, cx: &mut Cx<'_>) {
        let Some(storage) = self.config.writable_storage() else { return };
        match write.step(reply, storage, &mut self.index, cx) {
            Written::Ask(write, callout) => {
                let permit = self.budget.take(Source::Storage);
                self.call(key.clone(), permit, callout, cx);
                self.jobs.insert(key, Job::Write(*write));
            }
            Written::Over(outcome) => {
                if outcome != self.last_write {
                    cx.log(Level::Info, format!("writes to storage: {outcome}"));
                    self.last_write = outcome;
                }
            }
        }
    }
}

/// Writes under way at once in one worker. Each holds its document in the host's memory until storage has it; a storage
/// that takes longer than upstreams give loses copies, not memory.
const MAX_WRITES: usize = 64;
