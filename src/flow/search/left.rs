//! What storage has left of a module that is gone.
//!
//! Where every upstream that may be asked says 404 or 410 for a list, and storage keeps none, the versions that are stored are counted,
//! and are the list. That an upstream failed says nothing of the kind, and while one answers, its list is the truth.
//!
//! The go command asks for a list of every prefix of an import path, so nearly all paths that upstreams do not know are no modules. Each
//! costs storage one request for as long as the "not found" is fresh, and none where no repository can have that name. If storage cannot
//! say what it has, the upstreams' answer stands, unless a client was given the module here before: an outage of storage must not send the
//! go command elsewhere for it.

use super::{Form, Search, Source, SourceRequest, Step};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{Document, File, Found},
    http::Reply,
    plan::Want,
    store::{Inventory, Stored},
};

impl Search {
    /// Counts what is left, once, where upstreams say that there is no such module and storage keeps no list of it.
    pub(super) fn count_what_is_left(&mut self, config: &Config, cx: &Cx<'_>) -> Option<Step> {
        let Want::Document(Document::Module { module, file: File::List }) = &self.want else { return None };
        let storage = config.storage.as_ref()?;
        if self.storage.is_counted()
            || !self.said.is_missing()
            || self.storage.has_failed()
            || module.is_short_of_a_repository()
        {
            return None;
        }
        if self.order.spares_storage() {
            self.storage.fail("it did not answer other requests in time");
            return None;
        }
        self.storage.note_counted();
        let form = Form::Listing(Inventory::of_what_is_left(storage, module));
        Some(self.ask(SourceRequest { source: Source::Storage, form, tries: 0 }, config, cx))
    }

    /// Where the module is gone: what was counted, or what storage has kept, as what is left of it.
    pub(super) fn as_left(&self, stored: Stored<Found>, reply_refuses: bool) -> Stored<Found> {
        if !self.want.is_list() || !self.said.is_missing() {
            return stored;
        }
        match stored {
            Stored::Present(found) if found.body.is_empty() && self.storage.is_counted() => Stored::Absent,
            Stored::Present(found) => Stored::Present(Found { left: true, ..found }),
            // Storage would answer the same each time, and each "not found" would be asked for anew.
            Stored::Unavailable(_) if self.storage.is_counted() && reply_refuses => Stored::Absent,
            stored => stored,
        }
    }
}

/// Whether a store answers so that does not list what it has, or not to us: the next time it will answer the same.
pub(super) fn refuses(reply: &Reply) -> bool {
    matches!(reply, Reply::Answered { status: 400..=407 | 409..=428 | 430..=499 | 501, .. })
}
