//! Writes a document that an upstream gave back to storage, in nobody's way: the client has its answer already, and a
//! failure costs the copy alone.

use log::Level;

use super::{End, Searched};
use crate::{
    config::Storage,
    cx::Cx,
    endpoint,
    flow::search::Consulted,
    goproxy::{Document, Etag},
    http::{Body, Callout, Reply},
    metrics::Metric,
    plan::{Source, Want},
    store,
};

/// A write under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    object: String,
}

impl Write {
    /// A write of `document`, and the callout that does it; nothing where storage keeps no such document.
    pub fn begin(storage: &Storage, document: &Document, body: Body) -> Option<(Self, Callout)> {
        let object = store::object(document)?;
        let callout = endpoint::put(&storage.endpoint, &object, document.content_type(), body);
        Some((Self { object }, callout))
    }

    /// The reply.
    pub fn end(self, reply: &Reply, cx: &mut Cx<'_>) {
        let outcome = store::judge_write(reply).err().unwrap_or("stored");
        if outcome != "stored" {
            cx.log(Level::Warn, format!("storage: writing {}: {outcome}", self.object));
        }
        cx.count(Metric::StorageWrite { outcome });
    }
}

/// The document that is worth writing after a search: what an upstream gave, where storage is not known to be down, and
/// where it is not what an earlier search found already (`known`).
pub fn worth_writing<'a>(
    want: &'a Want,
    searched: &'a Searched,
    known: Option<Etag>,
) -> Option<(&'a Document, &'a Body)> {
    match (want, searched) {
        (
            Want::Document(document),
            Searched {
                end: End::Document(found),
                source: Some(Source::Upstream(_)),
                storage: Consulted::Absent | Consulted::Not,
            },
        ) if known != Some(found.etag) => Some((document, &found.body)),
        _ => None,
    }
}
