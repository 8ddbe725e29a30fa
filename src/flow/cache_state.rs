//! Whether what the index has may be given.

use std::time::Duration;

use super::SourceHealth;
use crate::{
    config::{Config, MissMode},
    cx::Cx,
    goproxy::{CacheState, Dates, Document, File, Found, FreshnessCheck},
    http::Timestamp,
    plan::{Source, Want},
    shared::{Entry, Index, Loss, Region},
};

/// What the index has by now of `want`, where it may be given as it is. The index had nothing when it was asked before.
pub fn indexed(
    want: &Want,
    no_cache: bool,
    index: &Index,
    source_health: &SourceHealth,
    config: &Config,
    cx: &Cx<'_>,
) -> Option<Entry> {
    let entry = fresh(want, no_cache, index, config, cx)?;
    may_be_given(&entry, source_health, cx).then_some(entry)
}

/// As [`indexed`], however those are doing who have it.
pub fn fresh(want: &Want, no_cache: bool, index: &Index, config: &Config, cx: &Cx<'_>) -> Option<Entry> {
    let path = want.key();
    [Region::Found, Region::Missing].into_iter().find_map(|region| {
        let entry = index.peek(cx.kv, region, &path).filter(|entry| is_within_reach(entry, want, config))?;
        let jitter = index.jitter(&path, entry.since());
        let check = FreshnessCheck { rules: &config.freshness, now: cx.now, jitter, no_cache };
        matches!(state(want, &entry, check), CacheState::Fresh { .. }).then_some(entry)
    })
}

/// What the index has of a document, and whether it is fresh `then` too.
pub fn kept_until(
    want: &Want,
    then: Timestamp,
    index: &Index,
    config: &Config,
    cx: &Cx<'_>,
) -> (Option<Found>, bool) {
    let path = want.key();
    let Some(entry) = index.peek(cx.kv, Region::Found, &path) else { return (None, false) };
    let jitter = index.jitter(&path, entry.since());
    let check = FreshnessCheck { rules: &config.freshness, now: then, jitter, no_cache: false };
    let is_fresh = matches!(state(want, &entry, check), CacheState::Fresh { .. });
    (if let Entry::Found(found) = entry { Some(found) } else { None }, is_fresh)
}

/// Whether the module was seen here before, where `want` is its list or its latest version. `known` is what the index had of `want`.
pub fn has_seen(want: &Want, known: Option<&Found>, index: &Index, cx: &Cx<'_>) -> bool {
    let Want::Document(Document::Module { module, file: File::Latest | File::List }) = want else {
        return false;
    };
    let is_counted = || {
        let stored = Want::Document(Document::Module { module: module.clone(), file: File::Stored });
        let counted = index.peek(cx.kv, Region::Found, &stored.key());
        matches!(counted, Some(Entry::Found(found)) if !found.body.is_empty())
    };
    known.is_some() || is_counted()
}

/// Whether the source that has it may be asked. Shared memory outlives configurations, and another one may allow more sources.
fn is_within_reach(entry: &Entry, want: &Want, config: &Config) -> bool {
    let is_fetched = || want.module().is_some_and(|module| config.on_miss(module) == MissMode::Fetch);
    !matches!(entry, Entry::Streamed { .. }) || is_fetched()
}

/// Whether a client may be routed to the source that has it without asking the source first.
pub(super) fn may_be_given(entry: &Entry, source_health: &SourceHealth, cx: &Cx<'_>) -> bool {
    let source = match entry {
        Entry::Streamed { moved: true, .. } => return false,
        Entry::Stored { .. } => Source::Storage,
        Entry::Streamed { upstream, .. } => Source::Upstream(*upstream),
        Entry::Found(_) | Entry::Lost { .. } | Entry::Missing(_) => return true,
    };
    source_health.vouches_for(source, cx.kv, cx.now)
}

/// What may be done with `entry` as an answer to `want`.
pub(super) fn state(want: &Want, entry: &Entry, check: FreshnessCheck<'_>) -> CacheState {
    let left = match (entry, want) {
        (Entry::Found(found), Want::Document(document)) => {
            return check.found(document.cache_class(), Dates::from(found));
        }
        (Entry::Missing(missing), _) => check.missing(Dates::from(missing)),
        (Entry::Stored { since, doubted: false, .. } | Entry::Streamed { since, .. }, Want::Zip(_)) => {
            check.presence(*since)
        }
        _ => None,
    };
    match left {
        Some(left) => CacheState::Fresh { left: Some(left) },
        None => CacheState::Expired { servable_on_error: false },
    }
}

/// What storage has in place of a zip, as far as the index knows that still.
pub fn loss(entry: Option<&Entry>, config: &Config, now: Timestamp) -> Option<Loss> {
    let Some(Entry::Lost { since, loss }) = entry else { return None };
    let check = FreshnessCheck { rules: &config.freshness, now, jitter: 0, no_cache: false };
    let lasts = match loss {
        Loss::Gone => check.presence(*since).is_some(),
        Loss::NoZip => check.interlude(*since),
        Loss::Wrong => check.quarantine(*since),
    };
    lasts.then_some(*loss)
}

/// Whether `known` may be given where the sources that know better cannot be asked.
pub fn may_stand_in(want: &Want, known: &Found, config: &Config, now: Timestamp) -> bool {
    let check = FreshnessCheck { rules: &config.freshness, now, jitter: 0, no_cache: false };
    match check.found(want.cache_class(), Dates::from(known)) {
        CacheState::Fresh { .. } | CacheState::Stale { .. } => true,
        CacheState::Expired { servable_on_error } => servable_on_error,
    }
}

/// How long caches may keep what was just found out; `None` where it never changes.
pub(super) fn left(state: CacheState) -> Option<Duration> {
    match state {
        CacheState::Fresh { left } => left,
        CacheState::Stale { .. } | CacheState::Expired { .. } => Some(Duration::ZERO),
    }
}
