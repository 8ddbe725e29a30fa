//! What storage has left of a module that is gone.
//!
//! Where every upstream that may be asked says 404 or 410 for a list, and storage keeps none, the versions that are stored are counted,
//! and are the list. That an upstream failed says nothing of the kind, and while one answers, its list is the truth.
//!
//! The go command asks for a list of every prefix of an import path, so nearly all that upstreams do not know is no module. Each
//! costs storage one request for as long as the "not found" is fresh, and none where it is known that no repository is called so. A
//! store that cannot say what it has leaves it at the upstreams' word, as one that is down does: unless somebody has seen the module
//! here. An outage must not have the go command look for it elsewhere.

use super::{Form, Search, Source, SourceRequest, Step};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{Document, File, Found, Outcome},
    http::Reply,
    plan::Want,
    store::{Inventory, Stored},
};

impl Search {
    /// The index knows the module: that nothing of it is there is not to be believed while storage cannot say.
    pub fn expect_it_known(&mut self) {
        self.known_here = true;
    }

    /// Has counted what is left, once, where upstreams say that there is no such module, and storage keeps no list of it.
    pub(super) fn count_what_is_left(&mut self, config: &Config, cx: &Cx<'_>) -> Option<Step> {
        let Want::Document(Document::Module { module, file: File::List }) = &self.want else { return None };
        let storage = config.storage.as_ref()?;
        if self.counted || !self.is_gone() || self.unavailable.is_some() || module.is_short_of_a_repository()
        {
            return None;
        }
        if self.spares_storage {
            self.unavailable = Some("it has kept others waiting in vain".to_owned());
            return None;
        }
        self.counted = true;
        let form = Form::Listing(Inventory::of_what_is_left(storage, module));
        Some(self.ask(SourceRequest { source: Source::Storage, form, tries: 0 }, config, cx))
    }

    /// What was counted, or what storage has kept, as what is left of the module where it is gone.
    pub(super) fn as_left(&self, stored: Stored<Found>, reply_refuses: bool) -> Stored<Found> {
        if !self.want.is_list() || !self.is_gone() {
            return stored;
        }
        match stored {
            Stored::Present(found) if found.body.is_empty() && self.counted => Stored::Absent,
            Stored::Present(found) => Stored::Present(Found { left: true, ..found }),
            // It would say so for ever, and each "not found" would be asked for anew.
            Stored::Unavailable(_) if self.counted && reply_refuses => Stored::Absent,
            stored => stored,
        }
    }

    /// Whether all upstreams say that there is none.
    fn is_gone(&self) -> bool {
        matches!(self.refusal, Some((_, Outcome::Missing(_))))
    }
}

/// Whether a store answers so that does not list what it has, or not to us: the next time it will answer the same.
pub(super) fn refuses(reply: &Reply) -> bool {
    matches!(reply, Reply::Answered { status: 400..=407 | 409..=428 | 430..=499 | 501, .. })
}
