//! Counts: whole numbers within bounds.

use std::ops::RangeInclusive;

use crate::config::problems::{Collector, Path};
use crate::config::raw::RawCount;

/// The number written, `default` where there is none.
pub(super) fn within(
    raw: Option<RawCount>,
    default: u32,
    range: &RangeInclusive<u32>,
    at: &Path,
    found: &mut Collector,
) -> u32 {
    let Some(RawCount(number)) = raw else { return default };
    if let Some(number) = u32::try_from(number).ok().filter(|number| range.contains(number)) {
        return number;
    }
    found.note(at, format!("{number} is not from {} to {}", range.start(), range.end()));
    default
}
