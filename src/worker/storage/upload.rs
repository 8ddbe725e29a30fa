//! Zips that go into storage while they come: as they pass by to a client (`along.rs`), or piece by piece in a copy (`copy.rs`).
//!
//! Storage shows them to no reader until the verdict on the zip is in.
//!
//! One worker of all stores a version: it holds a lease meanwhile. If that worker dies, the lease runs out, and the next client that
//! streams the version begins anew. A lifecycle rule of the bucket removes the parts that were left.

use std::collections::BTreeMap;

use log::Level;

use super::{
    super::{
        key::{Owner, ZipKey},
        services::{Services, budget::ZIP_REST},
    },
    Storing,
    abandoned::Abandoned,
    gather::{Room, time_for},
};
use crate::{
    config::{Dialect, Storage, limits::MAX_UPLOAD_BYTES},
    cx::{CallId, Cx, StreamId},
    flow::{Verified, cache_state, keep},
    goproxy::Zip,
    http::{Reply, Timestamp},
    metrics::{Counter, Ended, WriteOutcome},
    plan::{Source, Want},
    shared::{Entry, Lease, Leases, Loss, Region},
    store::{
        self,
        upload::{Upload, UploadOutcome},
    },
};

/// A zip on its way into storage.
#[derive(Debug)]
pub(super) struct Uploading {
    zip: Zip,
    /// Which upstream it is of.
    source: Source,
    pub(super) feed: Feed,
    /// How many bytes will come, where that is known.
    pub(super) total: Option<u64>,
    /// Until when it may come, where it is gathered in the room that is there for one zip alone.
    pub(super) gathers_until: Option<Timestamp>,
    /// Whether more may come of it.
    is_fed: bool,
    pub(super) upload: Upload,
    /// What storage was asked, by the upload's own numbers.
    calls: BTreeMap<CallId, u32>,
    pub(super) why: Option<Abandoned>,
    /// When the lease is to be renewed, while it is ours.
    renew_at: Option<Timestamp>,
}

/// Where the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    /// From a copy of this worker's.
    Copy,
    /// From what passes by on this stream.
    Stream(StreamId),
}

impl Storing {
    /// Begins an upload of `zip`, of which `total` bytes will come, where that is known. Returns whether it was begun.
    #[must_use]
    pub(super) fn begin_upload(
        &mut self,
        zip: &Zip,
        source: Source,
        feed: Feed,
        total: Option<u64>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> bool {
        let key = ZipKey::of(zip);
        let storage = services.config.writable_storage().filter(|storage| takes_zips(storage, services));
        let Some(storage) = storage.filter(|_| !self.uploads.contains_key(&key)) else { return false };
        if services.leases.acquire(cx.kv, &lease(zip), cx.now) != Lease::Led {
            return false;
        }
        let room = self.room_at_once(total, storage, services, cx);
        if let Some(objection) = self.objection(zip, storage, room, services, cx) {
            services.leases.release(cx.kv, &lease(zip));
            match objection {
                Objection::Needless => {}
                Objection::Ended(outcome) => {
                    cx.count(Counter::StorageWrite { outcome: outcome.into() });
                    if outcome == Ended::TooLarge {
                        cx.log(Level::Info, format!("storage: {zip} is not stored: {outcome}"));
                    }
                }
                Objection::Later => self.gather_later(zip, source, cx.now, services, cx),
            }
            return false;
        }
        let (most, room_here) = match room {
            Room::Here => (storage.gather_bytes, self.take_room(storage)),
            Room::Usual | Room::Later | Room::Nowhere => (services.config.fetch.zip_bytes, Vec::new()),
        };
        let name = store::zip_key(storage, zip);
        let uploading = Uploading {
            zip: zip.clone(),
            source,
            feed,
            total,
            gathers_until: (room == Room::Here).then(|| cx.now.after(time_for(feed))),
            is_fed: true,
            upload: Upload::begin(storage, name, Zip::CONTENT_TYPE, total, most, room_here),
            calls: BTreeMap::new(),
            why: None,
            renew_at: Some(Leases::renewal(cx.now)),
        };
        self.uploads.insert(key, Box::new(uploading));
        true
    }

    /// Why no upload of `zip` begins, for which there is this `room`.
    fn objection(
        &self,
        zip: &Zip,
        storage: &Storage,
        room: Room,
        services: &Services,
        cx: &Cx<'_>,
    ) -> Option<Objection> {
        let want = Want::Zip(zip.clone());
        let has_room = room != Room::Usual || self.has_room_for_upload(storage, services);
        if !is_storable(&want.key(), services, cx) {
            Some(Objection::Needless)
        } else if want.is_unnameable(storage) {
            Some(Objection::Ended(Ended::Unnameable))
        } else if room == Room::Nowhere {
            Some(Objection::Ended(Ended::TooLarge))
        } else if !has_room || services.budget.rests_from_zips(cx.now) {
            Some(Objection::Ended(Ended::Skipped))
        } else {
            (room == Room::Later).then_some(Objection::Later)
        }
    }

    /// The next bytes of a zip come.
    pub(super) fn push_upload(
        &mut self,
        key: ZipKey,
        bytes: &[u8],
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(mut uploading) = self.uploads.remove(&key) else { return };
        self.gather(&mut uploading, bytes.len(), services, cx);
        uploading.upload.push(bytes);
        if uploading.upload.is_overrun() && uploading.upload.is_open() {
            let is_in_parts =
                services.config.storage.as_ref().is_some_and(|storage| storage.dialect == Dialect::S3);
            uploading.give_up(if is_in_parts { Abandoned::Overrun } else { Abandoned::TooLarge });
        }
        self.go_on_uploading(key, uploading, services, cx);
    }

    /// Nothing more comes of a zip: it is good, or why it is given up.
    pub(super) fn end_upload(
        &mut self,
        key: ZipKey,
        verdict: Result<Verified, Abandoned>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(mut uploading) = self.uploads.remove(&key) else { return };
        uploading.is_fed = false;
        match verdict {
            Ok(Verified::Exempt | Verified::Proven) => uploading.upload.commit(),
            Ok(Verified::Accepted) => uploading.give_up(Abandoned::Unproven),
            Err(why) => uploading.give_up(why),
        }
        self.go_on_uploading(key, uploading, services, cx);
    }

    /// Storage has answered an upload.
    pub(in crate::worker) fn on_upload_reply(
        &mut self,
        key: &ZipKey,
        call: CallId,
        reply: &Reply,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(mut uploading) = self.uploads.remove(key) else { return };
        if let Some(ordinal) = uploading.calls.remove(&call) {
            uploading.upload.reply(ordinal, reply);
        }
        let is_copy = uploading.feed == Feed::Copy;
        self.go_on_uploading(key.clone(), uploading, services, cx);
        if is_copy {
            self.go_on_copying(key, services, cx);
        }
    }

    /// Renews the leases of what goes into storage.
    pub(in crate::worker) fn renew_uploads(&mut self, services: &Services, cx: &mut Cx<'_>) {
        for uploading in self.uploads.values_mut() {
            if uploading.renew_at.is_some_and(|at| Leases::is_due(at, cx.now)) {
                let renewed = services.leases.renew(cx.kv, &lease(&uploading.zip), cx.now);
                uploading.renew_at = renewed.then(|| Leases::renewal(cx.now));
            }
        }
    }

    /// Sends what may be sent now. An upload that is over stays until nothing more can be learned of its zip.
    fn go_on_uploading(
        &mut self,
        key: ZipKey,
        mut uploading: Box<Uploading>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        while let Some((ordinal, callout)) = uploading.upload.next_call() {
            let permit = services.budget.take(Source::Storage, cx);
            let call = services.call(Owner::Upload(key.clone()), permit, callout, cx);
            uploading.calls.insert(call, ordinal);
        }
        self.keep_room(&mut uploading);
        match uploading.upload.outcome().filter(|_| !uploading.is_fed).cloned() {
            Some(outcome) => self.finish_upload(&uploading, outcome, services, cx),
            None => {
                self.uploads.insert(key, uploading);
            }
        }
    }

    fn finish_upload(
        &mut self,
        uploading: &Uploading,
        outcome: UploadOutcome,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Uploading { zip, source, feed, why, .. } = uploading;
        let path = Want::Zip(zip.clone()).key();
        let later = uploading.may_be_copied(&outcome, cx.now);
        let (outcome, reason) = match outcome {
            UploadOutcome::Stored => {
                services.budget.note_taken();
                let stored = Entry::Stored { since: cx.now, checked: true, doubted: false };
                keep(&mut services.index, &path, &stored, cx);
                (WriteOutcome::STORED, None)
            }
            UploadOutcome::Exists => {
                // The next client that asks has it read, and so finds out whether it is right.
                if let Some(Entry::Streamed { .. }) = services.index.peek(cx.kv, Region::Found, &path) {
                    services.index.forget(cx.kv, Region::Found, &path, cx.now);
                }
                (Ended::Exists.into(), None)
            }
            UploadOutcome::Failed(trouble) => {
                services.budget.note_not_taken(&path, trouble.scope, cx.now);
                (trouble.outcome, Some(trouble.why))
            }
            UploadOutcome::Aborted => {
                let ended = why.map_or(Ended::Aborted, Abandoned::outcome);
                (ended.into(), Some(ended.to_string()))
            }
        };
        // The other files of the version are asked for under leases of their own.
        services.leases.release(cx.kv, &lease(zip));
        cx.count(Counter::StorageWrite { outcome });
        if let Some(reason) = reason {
            cx.log(Level::Info, format!("storage: {zip} is not stored: {reason}"));
        }
        if uploading.upload.has_leftovers() {
            let rule = "an incomplete upload is left to the bucket's lifecycle rule";
            cx.log(Level::Warn, format!("storage: {zip}: {rule}"));
        }
        if outcome == WriteOutcome::STORED {
            self.complete(zip, services, cx);
        }
        if let Some(at) = later {
            if uploading.is_large() {
                self.gather_later(zip, *source, at, services, cx);
            } else if *feed != Feed::Copy {
                self.copy_later(zip, *source, at, false, cx);
            }
        }
    }

    fn has_room_for_upload(&self, storage: &Storage, services: &Services) -> bool {
        let most = Upload::most_held(storage, services.config.fetch.zip_bytes);
        let held = self.will_be_held();
        // An upload holds 32 MiB by default: that makes eight at once. One alone always has room.
        let room = usize::try_from(MAX_UPLOAD_BYTES).unwrap_or(usize::MAX);
        held == 0 || held.saturating_add(most) <= room
    }

    /// Bytes that all uploads under way may come to hold.
    pub(super) fn will_be_held(&self) -> usize {
        let under_way = self.uploads.values().filter(|uploading| uploading.upload.outcome().is_none());
        under_way.fold(0, |held, uploading| held.saturating_add(uploading.upload.will_hold()))
    }
}

/// Why an upload does not begin.
enum Objection {
    /// Storage has the zip, is being given it, or has another in its place.
    Needless,
    /// It counts as this.
    Ended(Ended),
    /// There is room for it later, or in another worker.
    Later,
}

/// Whether storage may be given zips that stream: without `fetch.zip_bytes`, parts alone.
fn takes_zips(storage: &Storage, services: &Services) -> bool {
    storage.dialect == Dialect::S3 || services.config.fetch.zip_bytes > 0
}

/// Whether storage lacks what is called `path` in the index, may be given it, and is given it by no search.
fn is_storable(path: &str, services: &Services, cx: &Cx<'_>) -> bool {
    let entry = services.index.peek(cx.kv, Region::Found, path);
    !matches!(entry, Some(Entry::Stored { .. }))
        && !cache_state::loss(entry.as_ref(), &services.config, cx.now).is_some_and(Loss::is_spoiled)
        && !services.leases.is_held(cx.kv, path, cx.now)
}

impl Uploading {
    pub(super) fn give_up(&mut self, why: Abandoned) {
        // That the client has left says less than what was wrong before.
        if why != Abandoned::Left || self.why.is_none() {
            self.why = Some(why);
        }
        self.upload.abort();
    }

    /// When it may be tried once more, from the upstream, where that may help.
    fn may_be_copied(&self, outcome: &UploadOutcome, now: Timestamp) -> Option<Timestamp> {
        match (outcome, self.why) {
            (UploadOutcome::Aborted, Some(Abandoned::Left | Abandoned::Overrun)) => Some(now),
            (UploadOutcome::Aborted, Some(Abandoned::Slow)) if self.feed != Feed::Copy => Some(now),
            // A copy has read some of it in vain: not at once.
            (UploadOutcome::Aborted, Some(Abandoned::Skipped)) => Some(match self.feed {
                Feed::Copy => now.after(ZIP_REST),
                Feed::Stream(_) => now,
            }),
            (UploadOutcome::Failed(trouble), None | Some(Abandoned::Left)) if trouble.passing => {
                Some(now.after(ZIP_REST))
            }
            _ => None,
        }
    }
}

/// The key of the lease for storing `zip`. A search for it holds another lease.
pub(super) fn lease(zip: &Zip) -> String {
    format!("store/{}", Want::Zip(zip.clone()).key())
}
