//! The section `fetch`.

use crate::config::Fetch;
use crate::config::problems::{Collector, Path};
use crate::config::raw::RawFetch as Raw;
use crate::config::setting::{Bounded, Setting};

/// What is no mistake for certain is allowed: a `wait` shorter than an upstream's timeout has clients come back for what
/// is fetched meanwhile, and a bound per upstream above the one for all is none.
pub(super) fn fetch(raw: &Raw, at: &Path, found: &mut Collector) -> Fetch {
    let wait = Raw::WAIT.read(raw.wait.as_ref(), at, found);
    let by_default = Raw::ZIP_WAIT.default.min(wait);
    let zip_wait = Setting { default: by_default, ..Raw::ZIP_WAIT }.read(raw.zip_wait.as_ref(), at, found);
    if zip_wait > wait {
        let (longer, wait) = (zip_wait.shown(), wait.shown());
        found.note(
            &at.key(Raw::ZIP_WAIT.name),
            format!(
                "{longer} is longer than `wait`, {wait}: the request would be over before it is streamed"
            ),
        );
    }
    Fetch {
        concurrent: Raw::CONCURRENT.read(raw.concurrent, at, found),
        concurrent_per_upstream: Raw::CONCURRENT_PER_UPSTREAM.read(raw.concurrent_per_upstream, at, found),
        wait,
        zip_wait,
        zip_bytes: Raw::ZIP_BYTES.read(raw.zip_bytes, at, found),
    }
}
