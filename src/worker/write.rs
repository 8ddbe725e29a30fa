//! What goes to storage, and in which order: a version's go.mod, its zip, and last its `.info`, by which whoever looks into
//! storage sees that it has all of the version. An `.info` whose zip has not come is kept aside meanwhile, for those who ask for nothing
//! else of hundreds of versions.

use log::Level;

use super::{Job, Owner, Worker, errand::Errand};
use crate::{
    cx::Cx,
    flow::{End, Searched, Write, Written, worth_writing},
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, Zip},
    http::{Callout, Reply},
    metrics::Metric,
    plan::{Source, Want},
    shared::{Entry, Region},
};

impl Worker {
    /// Writes what a search brought, where it is worth it; `stored` says that it put a zip there.
    pub(super) fn write_back(&mut self, errand: &Errand, searched: &Searched, stored: bool, cx: &mut Cx<'_>) {
        match (&errand.want, &searched.end) {
            (Want::Zip(zip), _) if stored => self.complete(zip, cx),
            (Want::Document(document), End::Document(found)) if found.stored => {
                // Where nobody waits, it was asked for to complete its version.
                self.follow_up(document, !errand.is_awaited(), cx);
            }
            _ => {}
        }
        if let Some((document, found)) = worth_writing(&errand.want, searched, errand.known.as_ref()) {
            if self.is_in_order(document, cx) {
                self.write(&errand.want, document, found, true, cx);
            } else if let Document::Module { module, file: File::Info(version) } = document
                && errand.is_awaited()
                && self.has_zip(module, version, cx)
            {
                // Only once for each who asks: what is brought may be lost again before the next is.
                self.bring(&go_mod_of(module, version), true, cx);
            } else {
                self.keep_aside(&errand.want, document, found, cx);
            }
        }
    }

    /// Tries once more what storage did not take. The index notes that, so that no other worker does the same.
    pub(super) fn write_again(&mut self, want: &Want, found: Found, cx: &mut Cx<'_>) {
        if let Want::Document(document) = want {
            let tried = Found { checked: Some(cx.now), ..found };
            if self.is_in_order(document, cx) {
                self.write(want, document, &tried, false, cx);
            } else {
                self.keep_aside(want, document, &tried, cx);
            }
            self.services.index.keep(cx.kv, &want.key(), &Entry::Found(tried), cx.now);
        }
    }

    /// Storage has got this zip: the rest of its version is to follow, asked for where nobody has asked for it yet.
    pub(super) fn complete(&mut self, zip: &Zip, cx: &mut Cx<'_>) {
        let go_mod = go_mod_of(&zip.module, &zip.version);
        if self.bring(&go_mod, true, cx) {
            self.follow_up(&go_mod, true, cx);
        }
    }

    /// Storage has got this document: the `.info` is to follow a go.mod whose zip is there.
    fn follow_up(&mut self, document: &Document, may_ask: bool, cx: &mut Cx<'_>) {
        let Document::Module { module, file: File::Mod(version) } = document else { return };
        if self.has_zip(module, version, cx) {
            let file = File::Info(version.clone());
            self.bring(&Document::Module { module: module.clone(), file }, may_ask, cx);
        }
    }

    /// Has `document` written, where it `may_ask` after it was asked for if nobody has done so yet. Whether storage has it.
    fn bring(&mut self, document: &Document, may_ask: bool, cx: &mut Cx<'_>) -> bool {
        let want = Want::Document(document.clone());
        match self.services.index.peek(cx.kv, Region::Found, &want.key()) {
            Some(Entry::Found(found)) if !found.stored => self.write(&want, document, &found, false, cx),
            Some(_) => return true,
            None if may_ask => self.ask_unasked(want, cx),
            None => {}
        }
        false
    }

    /// Whether what comes before `document` is in storage, as far as is known.
    fn is_in_order(&self, document: &Document, cx: &Cx<'_>) -> bool {
        let Document::Module { module, file: File::Info(version) } = document else { return true };
        let go_mod = Want::Document(go_mod_of(module, version)).key();
        let go_mod = self.services.index.peek(cx.kv, Region::Found, &go_mod);
        matches!(go_mod, Some(Entry::Found(found)) if found.stored) && self.has_zip(module, version, cx)
    }

    fn has_zip(&self, module: &ModulePath, version: &Version, cx: &Cx<'_>) -> bool {
        let zip = Zip { module: module.clone(), version: version.clone() };
        let entry = self.services.index.peek(cx.kv, Region::Found, &Want::Zip(zip).key());
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
        let Some(storage) = self.services.config.writable_storage() else { return };
        let Some((write, callout)) = Write::begin(storage, want, document, found, looked) else {
            if want.is_unnameable(storage) {
                cx.count(Metric::StorageWrite { outcome: UNNAMEABLE });
            }
            return;
        };
        self.begin_write(Owner::Write(want.key()), write, callout, cx);
    }

    /// Writes an `.info` aside, unless it is there.
    fn keep_aside(&mut self, want: &Want, document: &Document, found: &Found, cx: &mut Cx<'_>) {
        let Some(storage) = self.services.config.writable_storage() else { return };
        if found.aside || found.stored {
            return;
        }
        let Some(object) = want.object_aside(storage) else { return };
        if let Some((write, callout)) = Write::begin_aside(storage, want, document, found) {
            self.begin_write(Owner::Write(object), write, callout, cx);
        }
    }

    fn begin_write(&mut self, key: Owner, write: Write, callout: Callout, cx: &mut Cx<'_>) {
        // What is kept aside is not in the way of what completes a version.
        let is_aside = write.is_aside();
        let (mut writes, mut bytes) = (0, write.bytes());
        for job in self.jobs.values() {
            if let Job::Write(write) = job
                && write.is_aside() == is_aside
            {
                (writes, bytes) = (writes + 1, bytes.saturating_add(write.bytes()));
            }
        }
        let has_room = writes < MAX_WRITES && (writes == 0 || bytes <= MAX_WRITTEN);
        if !has_room || self.jobs.contains_key(&key) {
            cx.count(Metric::StorageWrite { outcome: "skipped" });
            return;
        }
        let permit = self.services.budget.take(Source::Storage, cx);
        self.services.call(key.clone(), permit, callout, cx);
        self.jobs.insert(key, Job::Write(write));
    }

    /// Storage has answered a write.
    pub(super) fn written(&mut self, key: Owner, write: Write, reply: Reply, cx: &mut Cx<'_>) {
        let Some(storage) = self.services.config.writable_storage() else { return };
        let document = write.document().clone();
        match write.step(reply, storage, &mut self.services.index, cx) {
            Written::Ask(write, callout) => {
                let permit = self.services.budget.take(Source::Storage, cx);
                self.services.call(key.clone(), permit, callout, cx);
                self.jobs.insert(key, Job::Write(*write));
            }
            Written::Over(outcome) => {
                if matches!(outcome, "stored" | "present") {
                    self.follow_up(&document, true, cx);
                }
                if outcome != self.last_write {
                    cx.log(Level::Info, format!("writes to storage: {outcome}"));
                    self.last_write = outcome;
                }
            }
        }
    }
}

fn go_mod_of(module: &ModulePath, version: &Version) -> Document {
    Document::Module { module: module.clone(), file: File::Mod(version.clone()) }
}

/// What came of a write of what storage can have no object of that name for.
pub(super) const UNNAMEABLE: &str = "unnameable";

/// Writes under way at once in one worker, and as many of what is kept aside. Each holds its document in the host's memory until storage has it; a storage
/// that takes longer than upstreams give loses copies, not memory.
const MAX_WRITES: usize = 64;

/// Bytes of all writes under way in one worker. A usual document has a few hundred; a go.mod may have 16 MiB, and 64 of those are
/// all that a VM may have.
const MAX_WRITTEN: usize = 64 << 20;
