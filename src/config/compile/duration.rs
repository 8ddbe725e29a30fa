//! Durations: text to `Duration`, within bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::problems::{Found, Path, quoted};
use crate::config::raw::{RawDuration, RawFreshness};
use crate::config::{Freshness, limits};

/// A duration as the configuration writes it.
pub(in crate::config) fn text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// How long one callout may take.
pub(super) fn timeout(
    raw: Option<&RawDuration>,
    default: Duration,
    at: &Path,
    found: &mut Found,
) -> Duration {
    let range = limits::MIN_TIMEOUT..=limits::MAX_TIMEOUT;
    within(raw, default, &range, "Envoy would end the waiting request, or take it for no limit", at, found)
}

pub(super) fn freshness(raw: &RawFreshness, at: &Path, found: &mut Found) -> Freshness {
    let usual = Duration::ZERO..=limits::MAX_FRESHNESS;
    let short = Duration::ZERO..=limits::MAX_NEGATIVE;
    let (unseen, hidden) = ("new versions would stay unseen", "what exists by now would stay hidden");
    let mut read = |name, raw: &Option<RawDuration>, default, range, why| {
        within(raw.as_ref(), default, range, why, &at.key(name), found)
    };
    Freshness {
        list: read("list", &raw.list, limits::DEFAULT_FRESHNESS, &usual, unseen),
        latest: read("latest", &raw.latest, limits::DEFAULT_FRESHNESS, &usual, unseen),
        query: read("query", &raw.query, limits::DEFAULT_FRESHNESS, &usual, unseen),
        negative: read("negative", &raw.negative, limits::DEFAULT_NEGATIVE, &short, hidden),
        presence: read(
            "presence",
            &raw.presence,
            limits::DEFAULT_FRESHNESS,
            &usual,
            "deletions would stay unseen",
        ),
        sumdb_latest: read("sumdb_latest", &raw.sumdb_latest, limits::DEFAULT_FRESHNESS, &usual, unseen),
    }
}

fn within(
    raw: Option<&RawDuration>,
    default: Duration,
    range: &RangeInclusive<Duration>,
    why: &str,
    at: &Path,
    found: &mut Found,
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
