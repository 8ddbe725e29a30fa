//! Keeping answers in the index, counted.

use crate::{
    cx::Cx,
    metrics::{Counter, Evicted},
    shared::{Entry, Index, Kept, Region},
};

/// Keeps `entry` under `path`, and counts what that evicts.
pub fn keep(index: &mut Index, path: &str, entry: &Entry, cx: &mut Cx<'_>) {
    if let Kept::Evicted { region, paths } = index.keep(cx.kv, path, entry, cx.now) {
        let kind = match region {
            Region::Found => Evicted::Found,
            Region::Missing => Evicted::Missing,
        };
        paths.iter().for_each(|_| cx.count(Counter::Eviction { kind }));
    }
}
