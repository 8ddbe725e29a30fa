//! What goes to storage, and in which order: a version's go.mod, its zip, and last its `.info`, which tells readers of storage that all of
//! the version is there. An `.info` whose zip has not come is kept aside meanwhile, for clients that ask for nothing else of hundreds of
//! versions.

use std::collections::BTreeMap;

use log::Level;

use super::{
    super::{event::Event, flight::Flight, key::Owner, services::Services},
    Storing,
    queue::Queue,
};
use crate::{
    cx::Cx,
    flow::{End, Searched, Write, Written, keep, license_record, note_licenses, worth_writing},
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, Zip},
    http::{Callout, Reply},
    license::Licenses,
    metrics::{Counter, Ended, WriteOutcome},
    plan::{Source, Want},
    shared::{Entry, Region},
};

impl Storing {
    /// Writes what a search brought, where it is worth it; `stored` says that it put a zip there.
    pub(in crate::worker) fn write_back(
        &mut self,
        flight: &Flight,
        searched: &Searched,
        stored: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        match (&flight.want, &searched.end) {
            (Want::Zip(zip), _) if stored => self.complete(zip, services, cx),
            (Want::Document(document), End::Document(found)) if found.stored => {
                // Without a waiting client, it was asked for to complete its version.
                self.follow_up(document, !flight.is_awaited(), services, cx);
            }
            _ => {}
        }
        if let Some((document, found)) = worth_writing(&flight.want, searched, flight.known.as_ref()) {
            if is_in_order(document, services, cx) {
                self.write(&flight.want, document, found, true, services, cx);
            } else if let Document::Module { module, file: File::Info(version) } = document
                && flight.is_awaited()
                && has_zip(module, version, services, cx)
            {
                // Only once for each request: what is brought may be lost again before the next is.
                self.bring(&go_mod_of(module, version), true, services, cx);
            } else {
                self.keep_aside(&flight.want, document, found, services, cx);
            }
        }
    }

    /// Tries once more what storage did not take. The index notes that, so that no other worker does the same.
    pub(in crate::worker) fn write_again(
        &mut self,
        want: &Want,
        found: Found,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if let Want::Document(document) = want {
            let tried = Found { checked: Some(cx.now), ..found };
            if is_in_order(document, services, cx) {
                self.write(want, document, &tried, false, services, cx);
            } else {
                self.keep_aside(want, document, &tried, services, cx);
            }
            keep(&mut services.index, &want.key(), &Entry::Found(tried), cx);
        }
    }

    /// Storage has got this zip: the rest of its version is to follow, and is asked for where it was not yet.
    pub(super) fn complete(&mut self, zip: &Zip, services: &mut Services, cx: &mut Cx<'_>) {
        let go_mod = go_mod_of(&zip.module, &zip.version);
        if self.bring(&go_mod, true, services, cx) {
            self.follow_up(&go_mod, true, services, cx);
        }
    }

    /// Storage has got this document: the `.info` is to follow a go.mod whose zip is there.
    fn follow_up(&mut self, document: &Document, may_ask: bool, services: &mut Services, cx: &mut Cx<'_>) {
        let Document::Module { module, file: File::Mod(version) } = document else { return };
        if has_zip(module, version, services, cx) {
            let file = File::Info(version.clone());
            self.bring(&Document::Module { module: module.clone(), file }, may_ask, services, cx);
        }
    }

    /// Has `document` written; where it is not at hand, it is asked for if it `may_ask`, once. Returns whether storage has it.
    fn bring(
        &mut self,
        document: &Document,
        may_ask: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> bool {
        let want = Want::Document(document.clone());
        match services.index.peek(cx.kv, Region::Found, &want.key()) {
            Some(Entry::Found(found)) if !found.stored => {
                self.write(&want, document, &found, false, services, cx);
            }
            Some(_) => return true,
            None if may_ask => services.emit(Event::Wanted(want)),
            None => {}
        }
        false
    }

    /// Writes `found`; `looked` says that storage has just said that it has none.
    fn write(
        &mut self,
        want: &Want,
        document: &Document,
        found: &Found,
        looked: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(storage) = services.config.writable_storage() else { return };
        let Some((write, callout)) = Write::begin(storage, want, document, found, looked) else {
            if want.is_unnameable(storage) {
                cx.count(Counter::StorageWrite { outcome: Ended::Unnameable.into() });
            }
            return;
        };
        self.begin_write(want.key(), write, callout, services, cx);
    }

    /// Writes what was proven of a checksum database, which storage has said that it has not got.
    pub(in crate::worker) fn write_proven(
        &mut self,
        want: &Want,
        found: &Found,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if let Want::Document(document) = want {
            self.write(want, document, found, true, services, cx);
        }
    }

    /// Notes the licences of a zip that was read, and has storage keep them, where they were not known yet.
    pub(in crate::worker) fn note_licenses(
        &mut self,
        zip: &Zip,
        licenses: &Licenses,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if note_licenses(zip, licenses, &mut services.index, cx) {
            let (document, found) = license_record(zip, licenses, cx);
            self.write(&Want::Document(document.clone()), &document, &found, false, services, cx);
        }
    }

    /// Writes an `.info` aside, unless it is there.
    fn keep_aside(
        &mut self,
        want: &Want,
        document: &Document,
        found: &Found,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(storage) = services.config.writable_storage() else { return };
        if found.aside || found.stored {
            return;
        }
        let Some(object) = want.object_aside(storage) else { return };
        if let Some((write, callout)) = Write::begin_aside(storage, want, document, found) {
            self.begin_write(object, write, callout, services, cx);
        }
    }

    fn begin_write(
        &mut self,
        object: String,
        write: Write,
        callout: Callout,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if self.writes.contains_key(&object) {
            cx.count(Counter::StorageWrite { outcome: Ended::Skipped.into() });
        } else if may_begin(&self.writes, &write) {
            self.ask(object, write, callout, services, cx);
        } else if !self.waiting(write.is_aside()).push(object, write) {
            cx.count(Counter::StorageWrite { outcome: Ended::Skipped.into() });
        }
    }

    /// Begins as many of the writes that wait as may be under way.
    fn begin_waiting(&mut self, is_aside: bool, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(storage) = services.config.writable_storage().cloned() else { return };
        while let Some((object, write)) = self.next_waiting(is_aside) {
            match write.callout(&storage) {
                Some(callout) => self.ask(object, write, callout, services, cx),
                None => cx.count(Counter::StorageWrite { outcome: Ended::Skipped.into() }),
            }
        }
    }

    fn next_waiting(&mut self, is_aside: bool) -> Option<(String, Write)> {
        let Self { waiting, waiting_aside, writes, .. } = self;
        let queue = if is_aside { waiting_aside } else { waiting };
        queue.pop(|object, write| !writes.contains_key(object) && may_begin(writes, write))
    }

    fn waiting(&mut self, is_aside: bool) -> &mut Queue {
        if is_aside { &mut self.waiting_aside } else { &mut self.waiting }
    }

    fn ask(
        &mut self,
        object: String,
        write: Write,
        callout: Callout,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let permit = services.budget.take(Source::Storage, cx);
        services.call(Owner::Write(object.clone()), permit, callout, cx);
        self.writes.insert(object, write);
    }

    /// Storage has answered a write.
    pub(in crate::worker) fn on_write_reply(
        &mut self,
        object: String,
        reply: Reply,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(write) = self.writes.remove(&object) else { return };
        let Some(storage) = services.config.writable_storage() else { return };
        let (document, is_aside) = (write.document().clone(), write.is_aside());
        match write.step(reply, storage, &mut services.index, cx) {
            Written::Ask(write, callout) => self.ask(object, *write, callout, services, cx),
            Written::Over(outcome) => {
                if outcome == WriteOutcome::STORED
                    && !is_aside
                    && let Document::Module { module, file: File::Info(version) } = &document
                {
                    services.emit(Event::Completed(module.clone(), version.clone()));
                }
                if outcome.is_there() {
                    self.follow_up(&document, true, services, cx);
                }
                if outcome != self.last_write {
                    cx.log(Level::Info, format!("writes to storage: {outcome}"));
                    self.last_write = outcome;
                }
                self.begin_waiting(is_aside, services, cx);
            }
        }
    }
}

/// Whether `write` may begin beside those under way. A document that is kept aside does not delay the files that complete a version.
fn may_begin(under_way: &BTreeMap<String, Write>, write: &Write) -> bool {
    let (mut writes, mut bytes) = (0, write.bytes());
    for other in under_way.values().filter(|other| other.is_aside() == write.is_aside()) {
        (writes, bytes) = (writes + 1, bytes.saturating_add(other.bytes()));
    }
    writes < MAX_WRITES && (writes == 0 || bytes <= MAX_WRITTEN)
}

/// Whether what comes before `document` is in storage, as far as is known.
fn is_in_order(document: &Document, services: &Services, cx: &Cx<'_>) -> bool {
    let Document::Module { module, file: File::Info(version) } = document else { return true };
    let go_mod = Want::Document(go_mod_of(module, version)).key();
    let go_mod = services.index.peek(cx.kv, Region::Found, &go_mod);
    matches!(go_mod, Some(Entry::Found(found)) if found.stored) && has_zip(module, version, services, cx)
}

fn has_zip(module: &ModulePath, version: &Version, services: &Services, cx: &Cx<'_>) -> bool {
    let zip = Zip { module: module.clone(), version: version.clone() };
    let entry = services.index.peek(cx.kv, Region::Found, &Want::Zip(zip).key());
    matches!(entry, Some(Entry::Stored { .. }))
}

fn go_mod_of(module: &ModulePath, version: &Version) -> Document {
    Document::Module { module: module.clone(), file: File::Mod(version.clone()) }
}

/// Writes under way at once in one worker, and as many of what is kept aside. Each holds its document in the host's memory until storage has it; others
/// wait for their turn ([`Queue`]), and a storage that takes longer than upstreams give loses copies in the end, not memory.
const MAX_WRITES: usize = 64;

/// Bytes of all writes under way in one worker. A usual document has a few hundred; a go.mod may have 16 MiB, and 64 of those are
/// all that a VM may have.
const MAX_WRITTEN: usize = 64 << 20;
