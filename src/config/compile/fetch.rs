//! The section `fetch`.

use std::time::Duration;

use super::{count, duration};
use crate::config::problems::{Collector, Path};
use crate::config::raw::RawFetch;
use crate::config::{Fetch, limits};

/// What is no mistake for certain is allowed: a `wait` shorter than an upstream's timeout has clients come back for what
/// is fetched meanwhile, and a bound per upstream above the one for all is none.
pub(super) fn fetch(raw: &RawFetch, at: &Path, found: &mut Collector) -> Fetch {
    let searches = limits::MIN_CONCURRENT..=limits::MAX_CONCURRENT;
    let mut count = |name, raw, default, range| count::within(raw, default, range, &at.key(name), found);
    let concurrent = count("concurrent", raw.concurrent, limits::DEFAULT_CONCURRENT, &searches);
    let concurrent_per_upstream = count(
        "concurrent_per_upstream",
        raw.concurrent_per_upstream,
        limits::DEFAULT_CONCURRENT_PER_UPSTREAM,
        &searches,
    );
    let zip_bytes =
        count("zip_bytes", raw.zip_bytes, limits::DEFAULT_ZIP_BYTES, &(0..=limits::MAX_ZIP_BYTES));
    let mut duration = |name, raw: &Option<_>, default, shortest, why| {
        let range = shortest..=limits::MAX_WAIT;
        duration::within(raw.as_ref(), default, &range, why, &at.key(name), found)
    };
    let ended = "Envoy would end the waiting request";
    let wait = duration(
        "wait",
        &raw.wait,
        limits::DEFAULT_WAIT,
        limits::MIN_WAIT,
        "no fetch would be waited for, or Envoy would end the waiting request",
    );
    let by_default = limits::DEFAULT_ZIP_WAIT.min(wait);
    let zip_wait = duration("zip_wait", &raw.zip_wait, by_default, Duration::ZERO, ended);
    if zip_wait > wait {
        let (longer, wait) = (duration::text(zip_wait), duration::text(wait));
        found.note(
            &at.key("zip_wait"),
            format!(
                "{longer} is longer than `wait`, {wait}: the request would be over before it is streamed"
            ),
        );
    }
    Fetch { concurrent, concurrent_per_upstream, wait, zip_wait, zip_bytes }
}
