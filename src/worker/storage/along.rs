//! Zips that are stored while they pass by to a client: which upload each stream feeds.
//!
//! Storage gets the same bytes as the client, before they are released. No client waits for it: a store that does not keep up loses this
//! pass, and the version is copied afterwards.

use super::{
    super::{key::ZipKey, services::Services},
    Storing,
    abandoned::Abandoned,
    upload::Feed,
};
use crate::{
    cx::{Cx, StreamId},
    flow::{Verified, VerifyError},
    goproxy::Zip,
    plan::Source,
};

impl Storing {
    /// Has what begins to pass by on `stream` stored as it comes. A store that did not answer when it was last asked is spared.
    pub(in crate::worker) fn store_along(
        &mut self,
        stream: StreamId,
        (zip, source): (&Zip, Source),
        length: Option<u64>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if matches!(source, Source::Upstream(_))
            && services.source_health.is_well(Source::Storage, cx.kv)
            && self.begin_upload(zip, source, Feed::Stream(stream), length, services, cx)
        {
            self.fed.insert(stream, ZipKey::of(zip));
        }
    }

    /// The next bytes pass by on `stream`.
    pub(in crate::worker) fn push_along(
        &mut self,
        stream: StreamId,
        bytes: &[u8],
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if let Some(key) = self.fed.get(&stream).cloned() {
            self.push_upload(key, bytes, services, cx);
        }
    }

    /// It is known what passed by on `stream`.
    pub(in crate::worker) fn end_along(
        &mut self,
        stream: StreamId,
        verdict: Result<Verified, VerifyError>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if let Some(key) = self.fed.remove(&stream) {
            self.end_upload(key, verdict.map_err(|error| Abandoned::by(&error)), services, cx);
        }
    }

    /// `stream` has ended, with or without a zip that passed by on it.
    pub(in crate::worker) fn leave(&mut self, stream: StreamId, services: &mut Services, cx: &mut Cx<'_>) {
        if let Some(key) = self.fed.remove(&stream) {
            self.end_upload(key, Err(Abandoned::Left), services, cx);
        }
    }
}
