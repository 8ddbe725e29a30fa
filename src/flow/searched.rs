//! What a search came to, and what of it is given, kept, and told to other workers.

use serde::{Deserialize, Serialize};

use super::search::ZipHead;
use crate::{
    endpoint::Address,
    goproxy::{CacheClass, Failure, FailureKind, Found, Missing},
    http::Timestamp,
    license::Licenses,
    plan::{Source, Want},
    shared::{Entry, Loss},
};

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searched {
    /// The result.
    pub end: End,
    /// The source that gave it; `None` where there was no source to ask, or where the index had it.
    pub source: Option<Source>,
    /// Whether storage was asked and could not say, or could not take what it was given.
    pub storage_failed: bool,
    /// Whether it is given although nothing proves it: it is not kept then.
    pub unproven: bool,
    /// What storage has in its place, where that is something wrong.
    pub corrupt: Option<Loss>,
    /// A failure on the way: where the result is "not found", it may be there all the same; what storage had may be old.
    pub earlier_failure: Option<Failure>,
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The document.
    Document(Found),
    /// No source could say.
    Failed(Failure),
    /// There is none.
    Missing(Missing),
    /// `source` has the zip.
    Zip {
        /// Whether the source was asked. If not, clients have waited long enough, and the streamed answer itself says whether it has the
        /// zip.
        confirmed: bool,
        /// Whether what it has was read and is right.
        checked: bool,
        /// Whether `source` redirects to another address for it, or did: a client that is sent there unasked is redirected.
        moved: bool,
        /// That address, which is good for seconds. The waiting clients are told it; it is not kept.
        to: Option<Box<Address>>,
        /// What `source` said of it.
        head: Option<ZipHead>,
        /// What licences its files say, where it was read for that.
        #[serde(with = "licenses")]
        licenses: Option<Licenses>,
    },
}

/// What one worker tells another that waits for its search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News<'a> {
    /// Which sources were searched, as [`crate::shared::Index::fetch_scope`] has it: places in another configuration mean something else.
    pub fetch_scope: u64,
    /// What was searched for, by its key in the index.
    pub key: &'a str,
    /// What it came to, still encoded.
    rest: &'a [u8],
}

impl End {
    /// A zip at the address of a source, of which no more is known.
    pub fn zip(confirmed: bool, checked: bool) -> Self {
        Self::Zip { confirmed, checked, moved: false, to: None, head: None, licenses: None }
    }
}

impl Searched {
    /// A search for which there is no source to ask.
    pub fn failed(failure: Failure) -> Self {
        Self::new(End::Failed(failure), None)
    }

    /// A search that came to `end` by `source` and met nothing unusual.
    pub fn new(end: End, source: Option<Source>) -> Self {
        Self { end, source, storage_failed: false, unproven: false, corrupt: None, earlier_failure: None }
    }

    /// What the index turned out to have before a source was asked; `None` where that is no answer.
    pub fn indexed(entry: Entry) -> Option<Self> {
        let (end, source) = match entry {
            Entry::Found(found) => (End::Document(found), None),
            Entry::Missing(missing) => (End::Missing(missing), None),
            Entry::Lost { .. } => return None,
            Entry::Stored { checked, .. } => (End::zip(true, checked), Some(Source::Storage)),
            Entry::Streamed { moved: true, .. } => return None,
            Entry::Streamed { upstream, .. } => (End::zip(true, false), Some(Source::Upstream(upstream))),
        };
        Some(Self::new(end, source))
    }

    /// Whether it is known where a redirect leads to the zip.
    pub fn is_located(&self) -> bool {
        matches!(self.end, End::Zip { to: Some(_), .. })
    }

    /// What licences the files of the zip say, where it was read for that.
    pub fn licenses(&self) -> Option<&Licenses> {
        match &self.end {
            End::Zip { licenses, .. } => licenses.as_ref(),
            End::Document(_) | End::Failed(_) | End::Missing(_) => None,
        }
    }

    /// Whether no source could say.
    pub fn is_failed(&self) -> bool {
        matches!(self.end, End::Failed(_))
    }

    /// Whether it is a document, or was refused for what it is: asking once more would change neither.
    pub fn is_judged(&self) -> bool {
        match &self.end {
            End::Document(_) => true,
            End::Failed(failure) => failure.kind == FailureKind::Forged,
            End::Missing(_) | End::Zip { .. } => false,
        }
    }

    /// Whether an upstream refused it: what was known before is not to be given either.
    pub fn is_forbidden(&self) -> bool {
        matches!(&self.end, End::Failed(failure) if failure.kind == FailureKind::Forbidden)
    }

    /// Whether the result is a document that changes, from a source that may not know the latest because those that do could not be asked.
    pub fn is_stale(&self, want: &Want) -> bool {
        let knows = match self.source {
            Some(Source::Sumdb(_) | Source::Upstream(_)) => true,
            Some(Source::Storage) => want.is_of_storage(),
            None => false,
        };
        let changes = want.cache_class() != CacheClass::Immutable;
        matches!(self.end, End::Document(_)) && changes && !knows && self.earlier_failure.is_some()
    }

    /// The result. If that is a failure or may be old, what the index `known` had before, which came from a source that knows.
    pub fn or_known(self, want: &Want, known: Option<&Found>) -> Self {
        match (&self.end, known) {
            (End::Failed(failure), Some(found)) if failure.kind != FailureKind::Forbidden => {
                let earlier_failure = Some(failure.clone());
                Self { end: End::Document(found.clone()), source: None, earlier_failure, ..self }
            }
            (End::Document(_), Some(found)) if self.is_stale(want) => {
                Self { end: End::Document(found.clone()), source: None, ..self }
            }
            _ => self,
        }
    }

    /// What the index keeps of it. It keeps nothing where no source could say, and nothing that changes where the sources that know better
    /// than storage were not asked.
    pub fn entry(&self, want: &Want, may_fetch: bool, now: Timestamp) -> Option<Entry> {
        match (&self.end, self.source) {
            (End::Document(_), _) if self.unproven => None,
            // Whether it ends well or not, storage is to be asked for it last, and is not given it.
            (End::Zip { .. } | End::Failed(_) | End::Missing(_), source)
                if let Some(loss) = self.corrupt.filter(|_| source != Some(Source::Storage)) =>
            {
                matches!(want, Want::Zip(_)).then_some(Entry::Lost { since: now, loss })
            }
            // A wrong object in storage is for a person to look at: it is not overwritten later.
            (End::Document(found), _)
                if self.corrupt.is_some() && want.cache_class() == CacheClass::Immutable =>
            {
                Some(Entry::Found(Found { stored: true, ..found.clone() }))
            }
            (End::Document(found), _) => {
                let all_asked = may_fetch || want.is_of_storage();
                let certain =
                    want.cache_class() == CacheClass::Immutable || (all_asked && !self.is_stale(want));
                certain.then(|| Entry::Found(found.clone()))
            }
            (End::Missing(missing), _) => {
                (may_fetch && self.earlier_failure.is_none()).then(|| Entry::Missing(missing.clone()))
            }
            (End::Zip { checked, .. }, Some(Source::Storage)) => {
                Some(Entry::Stored { since: now, checked: *checked, doubted: false })
            }
            (End::Zip { confirmed: true, moved, .. }, Some(Source::Upstream(upstream))) => {
                Some(Entry::Streamed { upstream, since: now, moved: *moved })
            }
            (End::Zip { .. } | End::Failed(_), _) => None,
        }
    }
}

impl<'a> News<'a> {
    /// The message that `searched` came of a search for `key`.
    pub fn encode(fetch_scope: u64, key: &str, searched: &Searched) -> Option<Vec<u8>> {
        postcard::to_allocvec(&(LAYOUT, fetch_scope, key, searched)).ok()
    }

    /// Reads which key a message is about; `None` where it is no such message, or another build's.
    pub fn decode(message: &'a [u8]) -> Option<Self> {
        let ((layout, fetch_scope, key), rest): ((u8, _, _), _) = postcard::take_from_bytes(message).ok()?;
        (layout == LAYOUT).then_some(Self { fetch_scope, key, rest })
    }

    /// What the search came to; `None` where that is not what was written.
    pub fn searched(&self) -> Option<Searched> {
        postcard::from_bytes(self.rest).ok()
    }
}

/// Licences among the rest, as they are written.
mod licenses {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Licenses;

    pub(super) fn serialize<S: Serializer>(licenses: &Option<Licenses>, to: S) -> Result<S::Ok, S::Error> {
        let text = licenses.as_ref().map(Licenses::to_string);
        serde::Serialize::serialize(&text, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Licenses>, D::Error> {
        let text = Option::<&str>::deserialize(from)?;
        let read = |text| Licenses::parse(text).ok_or_else(|| D::Error::custom("not licences"));
        text.map(read).transpose()
    }
}

/// The encoding has neither names nor types of fields, and while the filter is replaced two builds of it write to each other. NB: count up
/// with any change of `Searched` or of what it holds.
const LAYOUT: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_read_as_written_and_nothing_else_is_news() {
        let searched = Searched {
            end: End::Document(Found::fetched(b"v1.0.0\n".to_vec(), Timestamp(7))),
            source: Some(Source::Upstream(3)),
            storage_failed: true,
            unproven: false,
            corrupt: Some(Loss::NoZip),
            earlier_failure: None,
        };
        let message = News::encode(u64::MAX, "example.com/m/@v/list", &searched).unwrap();
        let news = News::decode(&message).unwrap();
        assert_eq!((news.fetch_scope, news.key), (u64::MAX, "example.com/m/@v/list"));
        assert_eq!(news.searched(), Some(searched));
        for end in 0..message.len() {
            assert_eq!(News::decode(&message[..end]).and_then(|news| news.searched()), None, "cut at {end}");
        }
        let other_build = [&[LAYOUT + 1], &message[1..]].concat();
        assert_eq!(News::decode(&other_build), None);
    }
}
