//! Durations: text to `Duration`, within bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::limits;
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::RawDuration;

/// A duration as the configuration writes it.
pub(in crate::config) fn text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// How long one callout may take.
pub(super) fn timeout(
    raw: Option<&RawDuration>,
    default: Duration,
    at: &Path,
    found: &mut Collector,
) -> Duration {
    let range = limits::MIN_TIMEOUT..=limits::MAX_TIMEOUT;
    within(raw, default, &range, "Envoy would end the waiting request, or take it for no limit", at, found)
}

/// The duration written, `default` where there is none. `why` is what would come of one outside of `range`.
pub(super) fn within(
    raw: Option<&RawDuration>,
    default: Duration,
    range: &RangeInclusive<Duration>,
    why: &str,
    at: &Path,
    found: &mut Collector,
) -> Duration {
    let Some(RawDuration(written)) = raw else { return default };
    match humantime::parse_duration(written) {
        Ok(duration) if range.contains(&duration) => duration,
        Ok(_) => {
            let (least, most) = (text(*range.start()), text(*range.end()));
            found.note(at, format!("{} is not from {least} to {most}: {why}", quoted(written)));
            default
        }
        Err(error) => {
            let written = quoted(written);
            found.note(at, format!("{written} is not a duration such as \"30s\" or \"1h 30m\": {error}"));
            default
        }
    }
}
