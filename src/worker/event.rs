//! What one part of a worker has another do. It does not tell the other: it leaves it with the services, and the worker hands it on.

use std::collections::VecDeque;

use super::{
    flight::{Answered, Landed},
    key::{PartKey, SearchKey},
};
use crate::{
    cx::StreamId,
    feed::Published,
    flow::{Renewal, Searched, Verified, VerifyError},
    gomod::{ModulePath, Version},
    goproxy::{Found, Zip},
    license::Licenses,
    metrics::DocumentName,
    plan::Want,
};

/// What one part of a worker has another do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// This was found out for the clients and parts that wait for it; or they have waited for as long as they may, and this is what they
    /// are told.
    Answered(Box<Answered>),
    /// These versions of the module are new, and are to be fetched before a client asks for them.
    Appeared(ModulePath, Vec<Version>),
    /// Storage has all of this version, which this worker has just completed there.
    Completed(ModulePath, Version),
    /// A copy of this zip begins, and needs its sums.
    CopyBegins(Zip),
    /// Files may be asked for that no client waits for.
    Errands,
    /// A search begins that will hold a go.mod or a zip of this version, if a source has it, and need its sums then.
    Foreseen(SearchKey, ModulePath, Version),
    /// A search holds a go.mod or a zip of this version, and needs its sums.
    Holds(SearchKey, ModulePath, Version),
    /// A search is over.
    Landed(Box<Landed>),
    /// This zip was read, is what it has to be, and has these licences.
    Licensed(Zip, Licenses),
    /// What proofs need was found, or was not.
    PartFound(Box<PartFound>),
    /// It is known whether a zip that passed by on this stream is what it has to be.
    Passed(StreamId, Result<Verified, VerifyError>),
    /// Something was proven that storage has not got yet.
    Proven(Want, Found),
    /// Another gateway has read that these versions became known.
    Heard(Vec<Published>),
    /// A poll of this document came to its end, and so far.
    Polled(DocumentName, Vec<u8>),
    /// An index, whose document this is, tells that these versions became known.
    Published(DocumentName, Vec<Published>),
    /// Storage has this tree head from before the restart, or has none.
    Recalled(Want, Searched),
    /// A search found a file of a checksum database, which is to be proven.
    ToProve(Box<ToProve>),
    /// A hook at another gateway says that this may have changed.
    Told(Renewal),
    /// This is to be found out for the index and for storage, though no client has asked for it.
    Wanted(Want),
}

/// A file of a checksum database that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToProve {
    pub(super) key: SearchKey,
    pub(super) want: Want,
    /// Whether storage is not asked for what the proof needs, as something of it was spoiled there.
    pub(super) fresh: bool,
    pub(super) searched: Searched,
}

/// What came of a search for a file that proofs need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartFound {
    pub(super) key: PartKey,
    pub(super) want: Want,
    pub(super) searched: Searched,
    /// The searches whose proofs need it, and which attempt of each.
    pub(super) waiting: VecDeque<(SearchKey, u64)>,
}
