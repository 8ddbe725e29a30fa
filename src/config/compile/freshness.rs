//! The section `freshness`.

use crate::config::Freshness;
use crate::config::problems::{Collector, Path};
use crate::config::raw::RawFreshness as Raw;

pub(super) fn freshness(raw: &Raw, at: &Path, found: &mut Collector) -> Freshness {
    Freshness {
        list: Raw::LIST.read(raw.list.as_ref(), at, found),
        latest: Raw::LATEST.read(raw.latest.as_ref(), at, found),
        query: Raw::QUERY.read(raw.query.as_ref(), at, found),
        negative: Raw::NEGATIVE.read(raw.negative.as_ref(), at, found),
        presence: Raw::PRESENCE.read(raw.presence.as_ref(), at, found),
        sumdb_latest: Raw::SUMDB_LATEST.read(raw.sumdb_latest.as_ref(), at, found),
        stale_while_revalidate: Raw::STALE_WHILE_REVALIDATE.read(
            raw.stale_while_revalidate.as_ref(),
            at,
            found,
        ),
        stale_if_error: Raw::STALE_IF_ERROR.read(raw.stale_if_error.as_ref(), at, found),
        client_no_cache: raw.client_no_cache.unwrap_or(Raw::CLIENT_NO_CACHE),
    }
}
