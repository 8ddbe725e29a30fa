//! The section `freshness`.

use std::time::Duration;

use super::duration::within;
use crate::config::problems::{Collector, Path};
use crate::config::raw::RawFreshness;
use crate::config::{Freshness, limits};

pub(super) fn freshness(raw: &RawFreshness, at: &Path, found: &mut Collector) -> Freshness {
    let mut read = |name, raw: &Option<_>, default, longest, why| {
        within(raw.as_ref(), default, &(Duration::ZERO..=longest), why, &at.key(name), found)
    };
    let (usual, most) = (limits::DEFAULT_FRESHNESS, limits::MAX_FRESHNESS);
    let unseen = "new versions would stay unseen";
    let hidden = "what exists by now would stay hidden";
    let deleted = "deletions would stay unseen";
    let frozen = "to be cut off for good, have a storage and no upstreams";
    Freshness {
        list: read("list", &raw.list, usual, most, unseen),
        latest: read("latest", &raw.latest, usual, most, unseen),
        query: read("query", &raw.query, usual, most, unseen),
        negative: read("negative", &raw.negative, limits::DEFAULT_NEGATIVE, limits::MAX_NEGATIVE, hidden),
        presence: read("presence", &raw.presence, usual, most, deleted),
        sumdb_latest: read("sumdb_latest", &raw.sumdb_latest, usual, most, unseen),
        stale_while_revalidate: read(
            "stale_while_revalidate",
            &raw.stale_while_revalidate,
            limits::DEFAULT_STALE_WHILE_REVALIDATE,
            most,
            unseen,
        ),
        stale_if_error: read(
            "stale_if_error",
            &raw.stale_if_error,
            limits::DEFAULT_STALE_IF_ERROR,
            limits::MAX_STALE_IF_ERROR,
            frozen,
        ),
        client_no_cache: raw.client_no_cache.unwrap_or(limits::DEFAULT_CLIENT_NO_CACHE),
    }
}
