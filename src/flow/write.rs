//! Writes a document that an upstream gave back to storage, in nobody's way: the client has its answer already, and a
//! failure costs the copy alone.

use std::time::Duration;

use super::{End, Searched};
use crate::{
    config::{Config, Storage},
    cx::Cx,
    goproxy::{Document, Etag, Found, Lifetime, SumdbFile},
    http::{Callout, Reply, Timestamp},
    metrics::Metric,
    plan::{Source, Want},
    shared::{Entry, Index, Region},
    store::{self, Written},
};

/// A write under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// What the index calls it.
    key: String,
    etag: Etag,
}

impl Write {
    /// A write of `found`, which is `document`, and the callout that does it; nothing where storage keeps no such document.
    pub fn begin(
        storage: &Storage,
        want: &Want,
        document: &Document,
        found: &Found,
    ) -> Option<(Self, Callout)> {
        let key = store::document_key(storage, document)?;
        let body = found.body.clone();
        let put = if document.lifetime() == Lifetime::Immutable { store::create } else { store::replace };
        let callout = put(storage, &key, document.content_type(), body);
        Some((Self { key: want.key(), etag: found.etag }, callout))
    }

    /// The reply, and what came of it as metrics call it. The index learns of a success, so that the same bytes are not
    /// written again.
    pub fn end(self, reply: &Reply, index: &mut Index, cx: &mut Cx<'_>) -> &'static str {
        let outcome = match store::judge_write(reply) {
            Written::Stored => "stored",
            Written::Exists => "exists",
            Written::Failed(trouble) => trouble.label,
        };
        if outcome == "stored"
            && let Some(Entry::Found(found)) = index.peek(cx.kv, Region::Found, &self.key)
            && found.etag == self.etag
        {
            index.keep(cx.kv, &self.key, &Entry::Found(Found { stored: true, ..found }), cx.now);
        }
        cx.count(Metric::StorageWrite { outcome });
        outcome
    }
}

/// The document that is worth writing after a search: what an upstream gave, where storage is not known to be down, nor to
/// have these bytes (`known` is what the index had before).
pub fn worth_writing<'a>(
    want: &'a Want,
    searched: &'a Searched,
    known: Option<&Found>,
) -> Option<(&'a Document, &'a Found)> {
    match (want, searched) {
        // A cache before the database may say what was true an hour ago: the newest head alone is kept there.
        (Want::Document(Document::Sumdb { file: SumdbFile::Latest, .. }), _) => None,
        (
            Want::Document(document),
            Searched {
                end: End::Document(found),
                source: Some(Source::Sumdb(_) | Source::Upstream(_)),
                storage_failed: false,
                unproven: false,
                ..
            },
        ) if !known.is_some_and(|known| known.stored && known.etag == found.etag) => Some((document, found)),
        _ => None,
    }
}

/// Whether `found`, which never changes, is still to be written: storage was down when it was fetched, or did not take it.
/// Nothing else would have it written, for the index gives it for ever.
pub fn is_unwritten(document: &Document, found: &Found, config: &Config, now: Timestamp) -> bool {
    let tried = found.checked.unwrap_or_default().max(found.since);
    document.lifetime() == Lifetime::Immutable
        && !found.stored
        && now.since(tried) >= PATIENCE
        && config.writable_storage().is_some_and(|storage| store::document_key(storage, document).is_some())
}

/// Between two attempts to write the same: one that is under way is over by then, and storage may be back.
const PATIENCE: Duration = Duration::from_secs(60);
