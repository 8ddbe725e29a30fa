//! What holds of the index, whatever workers do and in whichever order.

mod format;
pub(super) mod interleave;
mod keep;
mod large;
mod model;
mod room;
mod scan;
mod walk;

use super::*;
use crate::{
    config::{self, Config, Pages},
    goproxy::Found,
    http::Timestamp,
};

/// Somewhen.
pub(super) const START: Timestamp = Timestamp(1_700_000_000_000);

/// A configuration with an index of so many pages in both regions, each with room for one usual record of these tests.
pub(super) fn config(pages: u32) -> Config {
    shaped(Pages { count: pages, bytes: 120 }, Pages { count: 0, bytes: 0 })
}

/// A configuration with an index of such pages.
pub(super) fn shaped(pages: Pages, large: Pages) -> Config {
    let config = r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test"}]}"#;
    let index = config::Index { found: pages, large, missing: pages };
    Config { index, ..Config::parse(config).unwrap() }
}

/// The seat of worker number `queue`.
pub(super) fn seat(queue: u32) -> Seat {
    Seat { queue: QueueId(queue), seed: 7, ..Seat::default() }
}

/// An upstream.
pub(super) fn source() -> SourceId {
    SourceId::of(&config(1).upstreams[0].endpoint)
}

fn index(pages: u32) -> Index {
    Index::new(&config(pages), seat(1))
}

fn found(body: &str, since: Timestamp) -> Entry {
    Entry::Found(Found::fetched(body.into(), since))
}

/// `millis` later.
pub(super) fn after(now: Timestamp, millis: u64) -> Timestamp {
    Timestamp(now.0 + millis)
}
