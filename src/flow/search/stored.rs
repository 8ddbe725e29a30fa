//! What storage says.

use log::Level;

use super::{
    AfterReply, End, Form, Search, Source, Step, aside::from_aside, failure_of, left::refuses,
    source_request::SourceRequest,
};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{Document, File, Found},
    http::{CallFailure, Reply},
    plan::Want,
    shared::Loss,
    store::{self, Inventory, Scope, Stored, Turned},
};

impl Search {
    /// Its reply to a request for the document, in its place or `aside`, or for whether it has the zip.
    pub(super) fn on_storage_reply(
        &mut self,
        reply: Reply,
        aside: bool,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> AfterReply {
        let failure = failure_of(&reply);
        let stored = match &self.want {
            Want::Document(document) => {
                let stored = self.as_left(store::judge(document, reply, cx.now), false);
                let stored = stored.map(End::Document);
                if aside { from_aside(stored) } else { stored }
            }
            Want::Zip(_) => {
                let checked = self.storage.is_checked(config);
                store::judge_presence(&reply).map(|()| End::zip(true, checked))
            }
        };
        self.take_in(with_storage_remedy(stored, failure, config), cx)
    }

    /// What storage is asked to list, where the search is for that.
    pub(super) fn listing(&self, source: Source, config: &Config) -> Option<Inventory> {
        match (&self.want, source) {
            (Want::Document(Document::Module { module, file: File::Stored }), Source::Storage) => {
                config.storage.as_ref().map(|storage| Inventory::of(storage, module))
            }
            _ => None,
        }
    }

    /// Its reply to a request for a page of what it has.
    pub(super) fn count(
        &mut self,
        inventory: Inventory,
        reply: &Reply,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Step {
        let refuses = refuses(reply);
        match inventory.turn(reply) {
            Turned::More(inventory) => {
                let form = Form::Listing(inventory);
                self.ask(SourceRequest { source: Source::Storage, form, tries: 0 }, config, cx)
            }
            Turned::Over(stored) => {
                let stored = stored.map(|list| Found::stored(list, cx.now));
                let stored = self.as_left(stored, refuses).map(End::Document);
                let after = self.take_in(with_storage_remedy(stored, failure_of(reply), config), cx);
                self.go_on(Source::Storage, after, config, cx)
            }
        }
    }

    pub(super) fn take_in(&mut self, stored: Stored<End>, cx: &mut Cx<'_>) -> AfterReply {
        match stored {
            Stored::Present(end) => return AfterReply::End(end),
            // Storage would answer the same each time.
            Stored::Absent if self.storage.says_it_exists() => {
                self.storage.fail("it refused a PUT as the file exists, but has no such file");
                self.storage.note_not_taken(Scope::Object);
            }
            Stored::Absent => {}
            Stored::Corrupt(why) => {
                cx.log(Level::Warn, format!("storage: {}: {why}", self.want.describe()));
                self.storage.fail_corrupt(Loss::Wrong, why);
            }
            Stored::Unavailable(why) => self.storage.fail(why),
        }
        AfterReply::AskNext
    }
}

/// Says what is to be done about storage that no request reached, as is said of an upstream.
fn with_storage_remedy(stored: Stored<End>, failure: Option<CallFailure>, config: &Config) -> Stored<End> {
    match (stored, failure) {
        (Stored::Unavailable(_), Some(failure)) => Stored::Unavailable(Source::Storage.say(failure, config)),
        (stored, _) => stored,
    }
}
