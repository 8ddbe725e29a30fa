//! Keeping answers in the index, counted.

use crate::{
    cx::Cx,
    metrics::Metric,
    shared::{Entry, Index, Kept},
};

/// Keeps `entry` under `path`, and counts what that evicts.
pub fn keep(index: &mut Index, path: &str, entry: &Entry, cx: &mut Cx<'_>) -> Kept {
    let kept = index.keep(cx.kv, path, entry, cx.now);
    if let Kept::Evicted { region, .. } = &kept {
        cx.count(Metric::Eviction { kind: region.as_str() });
    }
    kept
}
