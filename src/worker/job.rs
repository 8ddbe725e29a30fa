//! What a worker has under way: its streams, its jobs, and the work it does in slices.

use std::time::Duration;

use super::{
    copy::Copier, errand::Errand, fetch::Fetch, parts::Part, published::Dating, sifting::Sorting,
    upload::Uploading,
};
use crate::{
    config::Config,
    cx::StreamId,
    flow::{Parked, Passing, Probe, Routed, Searched, Write},
    http::Timestamp,
    plan::Want,
};

#[derive(Debug)]
pub(super) enum Stream {
    /// Waits for a search; `coalesced` says that another request had begun it.
    Parked { parked: Box<Parked>, coalesced: bool },
    /// Its response passes by, and is read along.
    Passing(Box<Passing>),
    /// Waits for the readiness page.
    Probing,
    /// Is about to be reset: nothing of its response passes any more.
    Refused,
    /// Is on its way, its response yet to come.
    Routed(Routed),
    /// Waits until it is known what may be shown: when versions were published, or which of a long list's may be.
    Undecided(Box<Undecided>),
}

/// What a stream goes on with when it is known what may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    /// What it asks.
    Asked(Box<Parked>),
    /// What came of its search.
    Searched { parked: Box<Parked>, coalesced: bool, searched: Box<Searched> },
}

impl Stream {
    /// Whether its client has waited for as long as one may in all, for whatever had to be found out: Envoy's clocks run for the whole
    /// of it. A zip is on its way after that, for as long as an upstream may take; all else is answered.
    pub(super) fn has_waited(&self, config: &Config, now: Timestamp) -> bool {
        let parked = match self {
            Self::Parked { parked, .. } => parked,
            Self::Undecided(undecided) => undecided.parked(),
            Self::Passing(_) | Self::Probing | Self::Refused | Self::Routed(_) => return false,
        };
        let on_its_way = match parked.want() {
            Want::Zip(_) => Duration::ZERO,
            Want::Document(_) => {
                config.upstreams.iter().map(|upstream| upstream.endpoint.timeout).max().unwrap_or_default()
            }
        };
        now.since(parked.since()) >= config.fetch.wait.saturating_add(on_its_way)
    }
}

impl Undecided {
    pub(super) fn parked(&self) -> &Parked {
        match self {
            Self::Asked(parked) | Self::Searched { parked, .. } => parked,
        }
    }

    pub(super) fn parked_mut(&mut self) -> &mut Parked {
        match self {
            Self::Asked(parked) | Self::Searched { parked, .. } => parked,
        }
    }
}

#[derive(Debug)]
pub(super) enum Job {
    /// This worker reads a zip for storage.
    Copy(Box<Copier>),
    /// This worker asks about the versions of a module.
    Dating(Box<Dating>),
    /// This worker asks.
    Fetch(Box<Fetch>),
    /// Another worker asks, and sends word.
    Follow {
        errand: Box<Errand>,
        /// When to see whether the other is still there.
        look_at: Timestamp,
    },
    /// This worker asks, for proofs of its own.
    Part(Box<Part>),
    Probe {
        probe: Probe,
        waiting: Vec<StreamId>,
    },
    /// This worker judges a long list.
    Sifting(Sorting),
    /// This worker takes a zip into storage.
    Upload(Box<Uploading>),
    Write(Write),
}

impl Job {
    /// What it is to find out, if that is what it does.
    pub(super) fn errand(&mut self) -> Option<&mut Errand> {
        match self {
            Self::Fetch(fetch) => Some(&mut fetch.errand),
            Self::Follow { errand, .. } => Some(errand),
            Self::Copy(_)
            | Self::Dating(_)
            | Self::Part(_)
            | Self::Probe { .. }
            | Self::Sifting(_)
            | Self::Upload(_)
            | Self::Write(_) => None,
        }
    }
}
