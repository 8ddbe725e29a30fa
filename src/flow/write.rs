//! Writes a document that an upstream gave back to storage. No client waits for it: the client has its answer already, and a failure costs
//! the copy alone. What is there already is compared, and never overwritten.

use std::time::Duration;

use log::Level;

use super::{End, Searched, keep};
use crate::{
    config::{Config, Storage},
    cx::Cx,
    goproxy::{CacheClass, Document, Etag, Found, SumdbFile},
    http::{Body, Callout, Reply, Timestamp},
    metrics::{Counter, Ended, WriteOutcome},
    plan::{Source, Want},
    shared::{Entry, Index, Region},
    store::{self, Stored},
};

/// A write under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    want: Want,
    document: Document,
    body: Body,
    etag: Etag,
    asking: Ask,
    /// Whether it is kept aside.
    aside: bool,
}

/// What storage is asked just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// What it has under that name, as it did not take the document for that.
    Compare,
    /// What it has under that name, if anything.
    Look,
    /// To take the document.
    Put,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// Ask storage this, and report its reply.
    Ask(Box<Write>, Callout),
    /// It is over; what came of it.
    Over(WriteOutcome),
}

impl Write {
    /// A write of `found`, which is `document`, and the callout that begins it; `None` where storage keeps no such document. Unless a
    /// search has `looked` whether storage has it, the write looks first: what never changes is not overwritten.
    pub fn begin(
        storage: &Storage,
        want: &Want,
        document: &Document,
        found: &Found,
        looked: bool,
    ) -> Option<(Self, Callout)> {
        let asking =
            if looked || document.cache_class() != CacheClass::Immutable { Ask::Put } else { Ask::Look };
        let write = Self {
            want: want.clone(),
            document: document.clone(),
            body: found.body.clone(),
            etag: found.etag,
            asking,
            aside: false,
        };
        let callout = write.callout(storage)?;
        Some((write, callout))
    }

    /// As [`Write::begin`], of an `.info` that is kept aside, as storage has not got its version; `None` where it is larger than any
    /// `.info` of a version and its time.
    pub fn begin_aside(
        storage: &Storage,
        want: &Want,
        document: &Document,
        found: &Found,
    ) -> Option<(Self, Callout)> {
        if found.body.len() > MAX_ASIDE {
            return None;
        }
        let (write, _) = Self::begin(storage, want, document, found, true)?;
        let write = Self { aside: true, ..write };
        let callout = write.callout(storage)?;
        Some((write, callout))
    }

    /// How many bytes are written.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Whether it is kept aside.
    pub fn is_aside(&self) -> bool {
        self.aside
    }

    /// What is written.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What storage is asked just now; `None` where it keeps no such document.
    pub fn callout(&self, storage: &Storage) -> Option<Callout> {
        let key = if self.aside { self.want.object_aside(storage) } else { self.want.object(storage) }?;
        let put =
            if self.document.cache_class() == CacheClass::Immutable { store::create } else { store::replace };
        Some(match self.asking {
            Ask::Compare | Ask::Look => store::get(storage, &key),
            Ask::Put => put(storage, &key, self.document.content_type(), self.body.clone()),
        })
    }

    fn ask(self, asking: Ask, storage: &Storage) -> Written {
        let next = Self { asking, ..self };
        let callout = next.callout(storage);
        callout.map_or(Written::Over(Ended::Skipped.into()), |callout| Written::Ask(next.into(), callout))
    }

    /// The reply. The index learns of a success, so that the same bytes are not written again.
    pub fn step(self, reply: Reply, storage: &Storage, index: &mut Index, cx: &mut Cx<'_>) -> Written {
        let outcome = match self.asking {
            asking @ (Ask::Compare | Ask::Look) => match store::judge(&self.document, reply, cx.now) {
                Stored::Absent if asking == Ask::Look => return self.ask(Ask::Put, storage),
                // It came and went.
                Stored::Absent => Ended::Conflict.into(),
                Stored::Present(present) if present.etag == self.etag => Ended::Present.into(),
                Stored::Present(_) | Stored::Corrupt(_) => Ended::Differs.into(),
                Stored::Unavailable(_) => Ended::Unavailable.into(),
            },
            Ask::Put => match store::judge_write(&reply) {
                store::Written::Stored => WriteOutcome::STORED,
                store::Written::Exists => return self.ask(Ask::Compare, storage),
                store::Written::Failed(trouble) => trouble.outcome,
            },
        };
        if outcome == WriteOutcome::Ended(Ended::Differs) {
            let what = self.want.describe();
            cx.log(Level::Error, format!("storage: {what}: it has other bytes, which are left as they are"));
        }
        let key = self.want.key();
        if outcome.is_there()
            && let Some(Entry::Found(found)) = index.peek(cx.kv, Region::Found, &key)
            && found.etag == self.etag
        {
            let kept =
                if self.aside { Found { aside: true, ..found } } else { Found { stored: true, ..found } };
            keep(index, &key, &Entry::Found(kept), cx);
        }
        cx.count(Counter::StorageWrite { outcome });
        Written::Over(outcome)
    }
}

/// The document that is worth writing after a search: one that an upstream gave, unless storage is down or has these bytes (`known` is what
/// the index had before). A document that storage keeps aside is not in its place yet.
pub fn worth_writing<'a>(
    want: &'a Want,
    searched: &'a Searched,
    known: Option<&Found>,
) -> Option<(&'a Document, &'a Found)> {
    match (want, searched) {
        // A cache before the database may say what was true an hour ago: the newest head alone is kept there.
        (Want::Document(Document::Sumdb { file: SumdbFile::Latest, .. }), _) => None,
        (Want::Document(document), Searched { end: End::Document(found), .. })
            if found.aside && !found.stored =>
        {
            Some((document, found))
        }
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

/// Whether `found`, which never changes, is still to be written: storage was down when it was fetched, or did not take it. The index gives
/// it without end, so no later search would write it.
pub fn is_unwritten(document: &Document, found: &Found, config: &Config, now: Timestamp) -> bool {
    let tried = found.checked.unwrap_or_default().max(found.since);
    document.cache_class() == CacheClass::Immutable
        && !found.stored
        && now.since(tried) >= PATIENCE
        && config
            .writable_storage()
            .is_some_and(|storage| Want::Document(document.clone()).object(storage).is_some())
}

/// Bytes of an `.info` that is kept aside: usual ones have 200, those with the origin of a long list of tags a few thousand. A client that
/// asks for versions can have one object stored for each version that an upstream says there is, of at most this size.
const MAX_ASIDE: usize = 16 << 10;

/// Between two attempts to write the same: one that is under way is over by then, and storage may be back.
const PATIENCE: Duration = Duration::from_secs(60);
