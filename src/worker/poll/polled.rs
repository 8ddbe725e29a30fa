//! What a document does that is polled, and what it leaves to its poller.
//!
//! The poller knows when to ask, where redirects lead, how to decode, which worker's turn it is, what to do when something is wrong, and
//! what all workers share. The document knows its request, how its answer is read, and what follows from it.

use std::{fmt, time::Duration};

use crate::{
    config::Endpoint,
    feed::Published,
    goproxy::Etag,
    http::{Body, Callout, Headers, Timestamp},
    metrics::DocumentName,
    policy::InForce,
};

/// A document that is asked for again and again. One poll after the other:
///
/// ```text
///  begin ─▶ callout ─▶ take ─▶ work, work, .. ─▶ Ask: the next callout
///                                             ├▶ Read ─▶ install
///                                             └▶ Wrong
///  recall ─▶ work, work, .. ─▶ Read ─▶ install        what another worker has read
/// ```
///
/// It may be begun anew at any point. Until [`Polled::install`] nothing of what is being read may show.
pub(in crate::worker) trait Polled: fmt::Debug {
    /// What it is called, and where it comes from.
    fn source(&self) -> &PollSource;

    /// The request that a poll begins with. `cursor` is where the last one ended, whose revision this worker has installed; it is
    /// empty where the source is to be read from its beginning. A 304 is taken for "nothing new" where there was a cursor. `now` is
    /// the time by which what is read is judged.
    fn begin(&mut self, cursor: &[u8], now: Timestamp) -> Callout;

    /// The cursor where a reply with these headers turns out to bring what is in force already: the entity tag, unless the document
    /// has another.
    fn unchanged(&mut self, headers: &Headers) -> Vec<u8> {
        entity_tag(headers)
    }

    /// A reply to its request, with status 200 and decoded, and the digest of its body. It is only taken here, and read by [`Polled::work`].
    fn take(&mut self, headers: &Headers, body: Body, digest: &Etag);

    /// There is nothing at the place that was asked last: another request instead, where the source need not have it.
    fn absent(&mut self) -> Option<Callout> {
        None
    }

    /// What a worker has kept of it, this build of the filter or another one. It is only taken here, and read by [`Polled::work`].
    fn recall(&mut self, snapshot: Body);

    /// Reads on for a few milliseconds.
    fn work(&mut self) -> Progress;

    /// The records that were read since it was asked last, each with its id and packed, if a mirror of them is served. They may show
    /// before what they belong to is in force.
    fn records(&mut self) -> Vec<(String, Vec<u8>)> {
        Vec::new()
    }

    /// What was read since it was asked last, if it tells of versions that became known.
    fn tidings(&mut self) -> Tidings {
        Tidings::default()
    }

    /// What was read to its end is in force from now on.
    fn install(&mut self, in_force: &mut InForce) -> Installed;
}

/// What a polled document is called, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::worker) struct PollSource {
    /// What shared data and metrics call it.
    pub(in crate::worker) name: DocumentName,
    /// What the log calls it.
    pub(in crate::worker) title: String,
    /// The section of the configuration that it has, for the log.
    pub(in crate::worker) section: String,
    /// What else decides what is made of its bytes: what was kept under another one is another document's.
    pub(in crate::worker) variant: &'static str,
    /// How its source is reached.
    pub(in crate::worker) endpoint: Endpoint,
    /// How often it is asked for.
    pub(in crate::worker) interval: Duration,
    /// The most bytes of one reply, decoded.
    pub(in crate::worker) most_bytes: usize,
    /// How long after its source last confirmed it it is stale; never where there is nothing.
    pub(in crate::worker) stale_after: Option<Duration>,
}

/// How far the reading of a document is.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::worker) enum Progress {
    /// There is more to be read of what was taken.
    More,
    /// It goes on elsewhere: this is to be asked next, and its reply taken.
    Ask(Box<Callout>),
    /// It was read to its end, and is right. Where it was recalled, neither is looked at.
    Read {
        /// Where the next poll goes on.
        cursor: Vec<u8>,
        /// What is kept for the other workers.
        content: Content,
    },
    /// It is wrong, for these reasons.
    Wrong(Vec<String>),
}

/// What a document tells of versions that became known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::worker) struct Tidings {
    /// The versions.
    pub(in crate::worker) published: Vec<Published>,
    /// Lines that were new, and those that say nothing.
    pub(in crate::worker) lines: u64,
    pub(in crate::worker) odd: u64,
    /// How often the reader has jumped ahead because it was too far behind.
    pub(in crate::worker) gaps: u64,
    /// Up to when all was read, in seconds since 1970; nothing while a page is being read.
    pub(in crate::worker) until: Option<u64>,
}

/// What is kept of a document, so that another worker makes the same of it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::worker) enum Content {
    /// The reply's body.
    AsItCame,
    /// These bytes.
    Bytes(Vec<u8>),
    /// What is kept already: the poll has brought nothing. Only for a poll that began with a cursor: else what is kept may be another
    /// revision than this worker's, or gone.
    Same,
}

/// What was installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::worker) struct Installed {
    /// The document's version, which metrics show; larger for a newer one.
    pub(in crate::worker) version: u64,
    /// How much it is, for the log: "of 3 rules".
    pub(in crate::worker) extent: String,
    /// What is odd about it, for the log.
    pub(in crate::worker) warnings: Vec<String>,
}

/// The entity tag of a reply, as a cursor; empty where it has none.
pub(super) fn entity_tag(headers: &Headers) -> Vec<u8> {
    headers.first("etag").unwrap_or_default().as_bytes().to_vec()
}

/// `callout`, asking for what has another entity tag than the one that is the cursor.
pub(super) fn if_none_match(mut callout: Callout, cursor: &[u8]) -> Callout {
    if let Ok(tag) = std::str::from_utf8(cursor)
        && !tag.is_empty()
    {
        callout.headers.push(("if-none-match".to_owned(), tag.to_owned()));
    }
    callout
}
