//! One request of a search, as a callout.

use std::time::Duration;

use crate::{
    config::{Config, Storage, limits},
    endpoint,
    goproxy::Zip,
    http::{Body, Callout},
    plan::{Source, Want},
    store::{self, Inventory},
};

/// One of the requests a search asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceRequest {
    pub(super) source: Source,
    pub(super) form: Form,
    /// How often it was sent before, without an answer.
    pub(super) tries: u32,
}

/// How a source is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For what storage keeps aside of the document.
    Aside,
    /// For the document, or for whether it has the zip.
    Plain,
    /// For the `.info` of a zip's version: the source answers no HEAD.
    ByInfo,
    /// For the first byte of a zip: whether it gives it.
    First,
    /// For the next page of what it has.
    Listing(Inventory),
    /// For the zip itself, unless it is too large.
    Whole,
    /// To take the zip.
    Store {
        /// Its bytes.
        zip: Body,
        /// Who gave them.
        from: Source,
    },
}

impl SourceRequest {
    /// The callout that asks it; `None` where there is no such source, or the source has no files of this kind.
    pub(super) fn callout(&self, want: &Want, config: &Config) -> Option<Callout> {
        if self.source == Source::Storage {
            return self.of_storage(want, config.storage.as_ref()?, config);
        }
        let endpoint = self.source.endpoint(config)?;
        let path = want.path();
        Some(match (want, &self.form) {
            (Want::Document(_), _) => endpoint::get(endpoint, &path),
            (Want::Zip(_), Form::Plain) => endpoint::head(endpoint, &path),
            (Want::Zip(zip), Form::ByInfo) => endpoint::get(endpoint, &zip.info_path()),
            (Want::Zip(_), Form::First) => first(endpoint::get(endpoint, &path), 1),
            (Want::Zip(_), Form::Whole) => first(endpoint::get(endpoint, &path), config.fetch.zip_bytes),
            (Want::Zip(_), Form::Aside | Form::Listing(_) | Form::Store { .. }) => return None,
        })
    }

    /// The time that an upstream has to give a zip, or the first byte of one that may turn out to be all of it; `None` for what else is
    /// asked, which has the time of its source.
    pub(super) fn has_for_a_zip(&self, want: &Want, config: &Config) -> Option<Duration> {
        if self.source == Source::Storage || !matches!(want, Want::Zip(_)) {
            return None;
        }
        // Over before waiting clients are sent to stream the zip: it is not fetched twice at once.
        let whole = (config.fetch.zip_wait * 9 / 10).max(limits::MIN_TIMEOUT);
        match self.form {
            Form::Whole => Some(whole),
            // A server that ignores ranges sends all of it, and its clients have got nothing meanwhile.
            Form::First => Some(whole.max(FIRST_BYTE)),
            _ => None,
        }
    }

    fn of_storage(&self, want: &Want, storage: &Storage, config: &Config) -> Option<Callout> {
        if let Form::Listing(inventory) = &self.form {
            return Some(inventory.callout(storage));
        }
        if self.form == Form::Aside {
            return Some(store::get(storage, &want.object_aside(storage)?));
        }
        let key = want.object(storage)?;
        Some(match (want, &self.form) {
            (Want::Document(_), _) => store::get(storage, &key),
            (Want::Zip(_), Form::Store { zip, .. }) => {
                store::create(storage, &key, Zip::CONTENT_TYPE, zip.clone())
            }
            (Want::Zip(_), Form::First) => first(store::get(storage, &key), 1),
            (Want::Zip(_), Form::Whole) => first(store::get(storage, &key), config.fetch.zip_bytes),
            (Want::Zip(_), Form::Aside | Form::ByInfo | Form::Listing(_) | Form::Plain) => {
                store::head(storage, &key)
            }
        })
    }

    /// Whether it is asked by HEAD.
    pub(super) fn is_head(&self, want: &Want) -> bool {
        matches!((want, &self.form), (Want::Zip(_), Form::Plain))
    }
}

/// How long a server has for the first byte of a zip, where it sends that alone. A server that has to fetch the zip itself may take longer;
/// the client that is sent there sees whether it has the zip.
const FIRST_BYTE: Duration = Duration::from_secs(10);

/// Asks for the first bytes alone. No more than is wanted is sent, where the source knows ranges; the answer then says how
/// large it is.
fn first(mut get: Callout, bytes: u32) -> Callout {
    let last = bytes.saturating_sub(1);
    get.headers.push(("range".to_owned(), format!("bytes=0-{last}")));
    get
}
