//! The keys by which the parts of a worker name what they have under way, and what waits for it. No part is named here, so that each may
//! know the keys of the others and nothing else of them.

use crate::{
    cx::StreamId,
    flow::SiftingKey,
    gomod::{ModulePath, Version},
    goproxy::Zip,
    metrics::DocumentName,
    plan::Want,
};

/// Requests with the same one are answered by the same search.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SearchKey {
    /// What is searched for, by its key in the index.
    pub(super) path: String,
    /// Whether upstreams may be asked.
    pub(super) may_fetch: bool,
}

impl SearchKey {
    /// That of what upstreams may be asked for.
    pub(super) fn fetching(path: &str) -> Self {
        Self { path: path.to_owned(), may_fetch: true }
    }
}

/// An object on its way into storage: a zip by its key in the index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ZipKey(pub(super) String);

impl ZipKey {
    /// That of `zip`.
    pub(super) fn of(zip: &Zip) -> Self {
        Self(Want::Zip(zip.clone()).key())
    }
}

/// Clients with the same key wait for the same publish times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DateLookupKey {
    pub(super) module: ModulePath,
    /// Whether upstreams may be asked.
    pub(super) may_fetch: bool,
}

/// A file that is asked for though no client waits for it, as one worker calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ErrandId(pub(super) u64);

/// What waits until it is known when versions were published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    /// A file that no client waits for.
    Errand(ErrandId),
    /// A client.
    Stream(StreamId),
}

/// What waits for a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    /// A search that will need the sums in it, if a source has the go.mod or zip that it is for. It does not wait yet.
    Ahead(SearchKey),
    /// What looks how old the log of the checksum database is.
    Clock,
    /// What needs to know when this version was published.
    Date(DateLookupKey, Version),
    /// A file that is asked for though no client waits for it.
    Errand(ErrandId),
    /// A client.
    Stream(StreamId),
    /// Something of this worker's own, that needs the sums in it.
    Sums(SumsWaiter),
}

/// What asks for sums, and is told of them later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SumsWaiter {
    /// A copy of this zip.
    Copy(Zip),
    /// A zip that passes by on this stream.
    Passing(StreamId),
    /// A search that holds a go.mod or a zip.
    Search(SearchKey),
}

/// The source that is asked for a file of a checksum database that a proof needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PartSource {
    /// Any source that has it.
    Anywhere,
    /// Storage, for the tree head saved before the restart; it is only compared with the database's answer.
    Before,
    /// Not storage: what it has was spoiled there.
    Database,
}

/// A file of a checksum database that proofs need, being asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartKey {
    pub(super) key: SearchKey,
    pub(super) source: PartSource,
}

/// A polled document, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PollKey(pub(super) DocumentName);

/// What is asked of storage because of other gateways. Rounds are counted: what comes of one that was given up is nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FleetCall {
    /// The bulletin at this place, in this round.
    Place(u64, u8),
    /// A segment of another gateway's, in this round.
    Segment(u64),
    /// That it takes this gateway's bulletin, in this round.
    Write(u64),
    /// That it takes this segment of lines of this feed.
    Lines(DocumentName, u64),
}

/// Whose a callout is: the part of the worker by the variant, what of it by the part's own key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// Listing what storage has, for this client.
    Catalog(StreamId),
    /// Asking storage how old the log of the checksum database is.
    Clock,
    /// Reading a zip once more, for storage alone.
    Copy(ZipKey),
    /// Telling other gateways what this one has heard, and hearing them.
    Fleet(FleetCall),
    /// Bringing what was served together with what storage has of it.
    Exposures,
    /// Asking storage for what is likely to be asked for in an hour, or telling it.
    Forecast,
    /// Saying which versions were completed.
    Journal,
    /// Asking for a file of a checksum database that a proof needs.
    Part(PartKey),
    /// Asking for a polled document.
    Poll(PollKey),
    /// A round of readiness probes.
    Probe,
    /// Searching.
    Search(SearchKey),
    /// Taking a zip into storage while it comes.
    Upload(ZipKey),
    /// Writing this object to storage.
    Write(String),
}

/// Work that is done in slices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slice {
    /// Looking at what storage has, for this client.
    Catalog(StreamId),
    /// Counting what stands in the index.
    Census,
    /// Checking what came of a zip that is copied.
    Copy(Zip),
    /// Comparing what was served with what is known of it.
    Exposures,
    /// Heeding what other gateways have heard.
    Fleet,
    /// Looking for what was in use in an hour.
    Forecast,
    /// Looking for modules of which the gateway was told that they have changed.
    Looks,
    /// Making a page for a client.
    Making,
    /// Reading the build that this client has posted.
    Order(StreamId),
    /// Checking a zip that passes by on this stream.
    Passing(StreamId),
    /// Reading a polled document.
    Poll(PollKey),
    /// Checking a zip that a search holds in memory, or reading a long list.
    Search(SearchKey),
    /// Judging which versions of a long list may be shown.
    Sifting(SiftingKey),
}
