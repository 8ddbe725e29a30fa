//! Zips that a store without parts takes by one request: they are gathered in memory until they are proven.
//!
//! Small ones (`fetch.zip_bytes`) are held by every worker. Larger ones, up to `storage.gather_bytes`, are held by one worker of the Envoy,
//! one at a time; for memory never shrinks. What comes elsewhere, or meanwhile, is handed over to that worker, which copies it when
//! it has room.
//!
//! ```text
//!  more than zip_bytes ─▶ more than gather_bytes ──────────────────────────────▶ too large
//!                          │ no
//!                          ├─ another worker gathers ──▶ handed over ──▶ it copies
//!                          ├─ a zip is gathered here ──▶ copied later
//!                          └─ here ─▶ whole, and proven ──▶ PUT
//!                                      └─ not within GATHER_TIME ──▶ its room is free, and it is copied
//! ```

use std::time::Duration;

use super::{
    super::{key::ZipKey, services::Services},
    Storing,
    abandoned::Abandoned,
    upload::{Feed, Uploading},
};
use crate::{
    config::{
        Dialect, Storage,
        limits::{GATHER_COPY_TIME, GATHER_TIME, MAX_UPLOAD_BYTES},
    },
    cx::{Command, Cx},
    flow::Handover,
    goproxy::Zip,
    http::{Body, Timestamp},
    metrics::{Counter, Ended},
    plan::Source,
    shared::{call_gatherer, gatherer, heard_as_gatherer},
};

/// Where there is room for a zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// In every worker, as far as is known yet: it is small, or leaves in parts.
    Usual,
    /// In this worker, which gathers it.
    Here,
    /// In this worker or in another, later.
    Later,
    /// In none: it is larger than what is gathered.
    Nowhere,
}

impl Storing {
    /// Where there is room for a zip that begins to come, of `total` bytes if that is known.
    pub(super) fn room_at_once(
        &self,
        total: Option<u64>,
        storage: &Storage,
        services: &Services,
        cx: &mut Cx<'_>,
    ) -> Room {
        let is_large = total.is_some_and(|total| total > u64::from(services.config.fetch.zip_bytes));
        if storage.dialect == Dialect::Webdav && is_large {
            self.room_to_gather(total, storage, services, cx)
        } else {
            Room::Usual
        }
    }

    /// Where there is room for a zip that is larger than every worker may hold.
    fn room_to_gather(
        &self,
        total: Option<u64>,
        storage: &Storage,
        services: &Services,
        cx: &mut Cx<'_>,
    ) -> Room {
        let most = storage.gather_bytes;
        if most <= services.config.fetch.zip_bytes || total.is_some_and(|total| total > u64::from(most)) {
            Room::Nowhere
        } else if self.may_gather(total, storage)
            && gatherer(cx.kv, services.index.fetch_scope(), services.leases.queue(), cx.now)
                == services.leases.queue()
        {
            Room::Here
        } else {
            Room::Later
        }
    }

    /// Whether this worker, if it is the one that gathers, has room for one more of `total` bytes.
    fn may_gather(&self, total: Option<u64>, storage: &Storage) -> bool {
        let needed = total.unwrap_or_else(|| storage.gather_bytes.into());
        let held = u64::try_from(self.will_be_held()).unwrap_or(u64::MAX);
        let gathers =
            |uploading: &Uploading| uploading.gathers_until.is_some() && uploading.upload.outcome().is_none();
        !self.uploads.values().any(|uploading| gathers(uploading))
            && held.saturating_add(needed) <= u64::from(MAX_UPLOAD_BYTES)
    }

    /// The memory to gather a zip in. It is as large as any zip may be from the first one on, and is kept: where each zip had its own, small
    /// values would soon stand in what the last one left, the next would find no place of its size, and memory never shrinks. What no zip
    /// has reached yet costs addresses alone.
    pub(super) fn take_room(&mut self, storage: &Storage) -> Vec<u8> {
        let needed = usize::try_from(storage.gather_bytes).unwrap_or(usize::MAX);
        let room = std::mem::take(&mut self.room);
        if room.capacity() >= needed {
            return room;
        }
        // Before there is another.
        drop(room);
        Vec::with_capacity(needed)
    }

    /// Keeps the memory that a zip was gathered in, once its upload is over.
    pub(super) fn keep_room(&mut self, uploading: &mut Uploading) {
        let room = uploading.upload.take_room();
        if uploading.gathers_until.is_some() && room.capacity() > self.room.capacity() {
            self.room = room;
        }
    }

    /// Has a zip of which `bytes` more came gathered, if it is more than every worker may hold.
    pub(super) fn gather(
        &mut self,
        uploading: &mut Uploading,
        bytes: usize,
        services: &Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(storage) = services.config.writable_storage() else { return };
        let Uploading { upload, gathers_until, feed, total, .. } = uploading;
        let is_wide =
            upload.will_hold() > usize::try_from(services.config.fetch.zip_bytes).unwrap_or(usize::MAX);
        if !upload.is_open() || storage.dialect == Dialect::S3 || is_wide || upload.takes(bytes) {
            return;
        }
        match self.room_to_gather(*total, storage, services, cx) {
            Room::Here => {
                upload.widen(storage.gather_bytes, *total, self.take_room(storage));
                gathers_until.get_or_insert(cx.now.after(time_for(*feed)));
            }
            Room::Nowhere => uploading.give_up(Abandoned::TooLarge),
            Room::Later | Room::Usual => uploading.give_up(Abandoned::Skipped),
        }
    }

    /// Frees the room of what came too slowly.
    pub(in crate::worker) fn end_slow_gathers(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let now = cx.now;
        let is_slow = |uploading: &Uploading| {
            let is_over = |until: Timestamp| until <= now || until.since(now) > time_for(uploading.feed);
            uploading.upload.is_open() && uploading.gathers_until.is_some_and(is_over)
        };
        let slow = self.uploads.iter().filter(|(_, uploading)| is_slow(uploading));
        for key in slow.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.fed.retain(|_, fed| *fed != key);
            if self.copiers.remove(&key).is_some() {
                self.copied_in_vain.note(&key.0, now);
            }
            self.end_upload(key, Err(Abandoned::Slow), services, cx);
        }
    }

    /// Has a zip that is larger than every worker may hold copied by the one that gathers, at `at` if that is this worker.
    pub(super) fn gather_later(
        &mut self,
        zip: &Zip,
        source: Source,
        at: Timestamp,
        services: &Services,
        cx: &mut Cx<'_>,
    ) {
        let (me, fetch_scope) = (services.leases.queue(), services.index.fetch_scope());
        let other = gatherer(cx.kv, fetch_scope, me, cx.now);
        if other == me {
            return self.gather_copy(zip, source, at, cx);
        }
        let handover = Handover { fetch_scope, zip: zip.clone(), source };
        match handover.encode().filter(|_| services.host.queue) {
            Some(message) => {
                call_gatherer(cx.kv, fetch_scope, other, cx.now);
                cx.commands.push(Command::Notify { queue: other, message: Body::from(message) });
            }
            None => cx.count(Counter::StorageWrite { outcome: Ended::Skipped.into() }),
        }
    }

    /// Another worker hands a zip over to this one. One of other sources, which this worker had before it got its configuration, is not heard:
    /// the workers of those sources take another one soon.
    pub(in crate::worker) fn take_over(&mut self, handover: &Handover, services: &Services, cx: &mut Cx<'_>) {
        if handover.fetch_scope != services.index.fetch_scope() {
            return cx.count(Counter::StorageWrite { outcome: Ended::Skipped.into() });
        }
        heard_as_gatherer(cx.kv, handover.fetch_scope, services.leases.queue());
        if !self.uploads.contains_key(&ZipKey::of(&handover.zip)) {
            self.gather_copy(&handover.zip, handover.source, cx.now, cx);
        }
    }

    /// Has a zip copied here that is larger than every worker may hold. One that was copied in vain lately is left to the next client: an
    /// upstream that gives no ranges would be read in vain for each.
    fn gather_copy(&mut self, zip: &Zip, source: Source, at: Timestamp, cx: &mut Cx<'_>) {
        if self.copied_in_vain.has(&ZipKey::of(zip).0, cx.now) {
            cx.count(Counter::StorageWrite { outcome: Ended::Skipped.into() });
        } else {
            self.copy_later(zip, source, at, true, cx);
        }
    }

    /// A copy of a large zip has begun: the room is taken before it is known how much.
    pub(super) fn reserve(&mut self, key: &ZipKey, cx: &Cx<'_>) {
        if let Some(uploading) = self.uploads.get_mut(key) {
            uploading.gathers_until = Some(cx.now.after(time_for(uploading.feed)));
        }
    }

    /// Whether a copy may begin that `is_large`.
    pub(super) fn may_copy(&self, is_large: bool, services: &Services) -> bool {
        let storage = services.config.writable_storage().filter(|_| is_large);
        storage.is_none_or(|storage| self.may_gather(None, storage))
    }
}

impl Uploading {
    /// Whether it is known to be larger than every worker may hold.
    pub(super) fn is_large(&self) -> bool {
        self.gathers_until.is_some() || self.why == Some(Abandoned::Skipped)
    }
}

/// How long a zip may come while it takes the room of others.
pub(super) fn time_for(feed: Feed) -> Duration {
    match feed {
        Feed::Copy => GATHER_COPY_TIME,
        Feed::Stream(_) => GATHER_TIME,
    }
}

/// How long a large zip is not copied that was copied in vain. An upstream without ranges gives up to 32 MiB of it each time.
pub(super) const COPY_REST: Duration = Duration::from_secs(5 * 60);
