//! The pages that list what storage has, while they are made: storage is asked for one listing after the other, and each is looked at in
//! slices.

use std::collections::BTreeMap;

use super::{
    key::{Owner, Slice},
    services::Services,
};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{Listing, Turn, too_many_lists},
    http::Reply,
    plan::Source,
};

/// The pages that one worker makes, by the client that waits for each.
#[derive(Debug, Default)]
pub(super) struct Catalogs(BTreeMap<StreamId, Box<Listing>>);

impl Catalogs {
    /// How many are being made.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is being made.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins with the page that `stream` waits for from now on; the answer, where it cannot wait.
    pub(super) fn begin(
        &mut self,
        stream: StreamId,
        listing: Box<Listing>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        if self.0.len() >= MAX_AT_ONCE {
            return Some(too_many_lists(cx));
        }
        self.0.insert(stream, listing);
        self.work(stream, true, services, cx)
    }

    /// Storage has answered what was asked for the page of `stream`. The answer to that client, where there is one now.
    pub(super) fn on_reply(
        &mut self,
        (stream, is_there): (StreamId, bool),
        reply: &Reply,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        let listing = self.0.get_mut(&stream)?;
        match listing.take(reply, cx) {
            Ok(()) if listing.is_light() => self.work(stream, is_there, services, cx),
            Ok(()) => {
                services.slices.add(Slice::Catalog(stream));
                None
            }
            Err(verdict) => {
                self.0.remove(&stream);
                Some(verdict)
            }
        }
    }

    /// Goes on with the page of `stream`, where that `is_there` yet. The answer to that client, where there is one now.
    pub(super) fn work(
        &mut self,
        stream: StreamId,
        is_there: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        let mut listing = self.0.remove(&stream).filter(|_| is_there)?;
        match listing.step(&services.known(), cx) {
            Turn::Over(verdict) => return Some(verdict),
            Turn::Work => services.slices.add(Slice::Catalog(stream)),
            Turn::Ask(callout) => {
                let permit = services.budget.take(Source::Storage, cx);
                services.call(Owner::Catalog(stream), permit, callout, cx);
            }
        }
        self.0.insert(stream, listing);
        None
    }
}

/// Pages made at once in one worker. Each holds a listing of at most 4 MiB, and the names of as many folders.
const MAX_AT_ONCE: usize = 4;
