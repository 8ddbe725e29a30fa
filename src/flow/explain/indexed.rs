//! What the index has of a module, and how long it may be given.

use std::time::Duration;

use serde::Serialize;

use crate::{
    config::Config,
    cx::Cx,
    flow::cache_state,
    goproxy::{CacheState, FreshnessCheck},
    plan::Want,
    shared::{Entry, Index, Region},
};

#[derive(Serialize)]
pub(super) struct Indexed {
    document: &'static str,
    /// `absent`, `fresh`, `stale` or `expired`; `missing` where it is known that there is none, and `left` for a list that was counted in
    /// storage because no upstream has the module any more.
    state: &'static str,
    age_seconds: Option<u64>,
    fresh_for_seconds: Option<u64>,
}

impl Indexed {
    /// What the index has for `want`, which people know as `document`.
    pub(super) fn of(
        document: &'static str,
        want: &Want,
        config: &Config,
        index: &Index,
        cx: &Cx<'_>,
    ) -> Self {
        let path = want.key();
        let known =
            [Region::Found, Region::Missing].into_iter().find_map(|region| index.peek(cx.kv, region, &path));
        let Some(entry) = known else {
            return Self { document, state: "absent", age_seconds: None, fresh_for_seconds: None };
        };
        let jitter = index.jitter(&path, entry.since());
        let check = FreshnessCheck { rules: &config.freshness, now: cx.now, jitter, no_cache: false };
        let (state, left) = match (cache_state::state(want, &entry, check), &entry) {
            (CacheState::Fresh { left }, Entry::Missing(_)) => ("missing", left),
            // It is counted, and not what upstreams say.
            (CacheState::Fresh { left }, Entry::Found(found)) if found.left => ("left", left),
            (CacheState::Fresh { left }, _) => ("fresh", left),
            (CacheState::Stale { .. }, _) => ("stale", None),
            (CacheState::Expired { .. }, _) => ("expired", None),
        };
        Self {
            document,
            state,
            age_seconds: Some(cx.now.since(entry.since()).as_secs()),
            fresh_for_seconds: left.as_ref().map(Duration::as_secs),
        }
    }
}
