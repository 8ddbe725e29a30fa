//! What holds of the index, whatever workers do and in whichever order.

mod format;
pub(super) mod interleave;
mod keep;
mod model;
mod scan;
mod walk;

use super::*;
use crate::{config::Config, goproxy::Found, http::Timestamp};

/// Somewhen.
pub(super) const START: Timestamp = Timestamp(1_700_000_000_000);

/// A configuration with an index of `slots` slots in both regions.
pub(super) fn config(slots: u32) -> Config {
    Config::parse(&format!(
        r#"{{"upstreams": [{{"cluster": "public", "url": "https://proxy.test"}}],
             "index": {{"slots": {slots}, "negative_slots": {slots}, "max_entry_bytes": 512}}}}"#
    ))
    .unwrap()
}

/// The seat of worker number `queue`.
pub(super) fn seat(queue: u32) -> Seat {
    Seat { queue: QueueId(queue), seed: 7, ..Seat::default() }
}

/// An upstream.
pub(super) fn source() -> SourceId {
    SourceId::of(&config(1).upstreams[0].endpoint)
}

fn index(slots: u32) -> Index {
    Index::new(&config(slots), seat(1))
}

fn found(body: &str, since: Timestamp) -> Entry {
    Entry::Found(Found::fetched(body.into(), since))
}

/// `millis` later.
pub(super) fn after(now: Timestamp, millis: u64) -> Timestamp {
    Timestamp(now.0 + millis)
}
