//! What stands in the index, counted a few pages at each turn, and only for those who ask.

use std::time::Duration;

use super::{key::Slice, services::Services};
use crate::{
    cx::Cx,
    flow::{IndexStatus, Occupancy},
    http::Timestamp,
    shared::{Cursor, Index, Region},
};

/// The counts of one worker.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// The count that is under way.
    walk: Option<(Cursor, Occupancy)>,
    /// The last that came to its end, and when.
    last: Option<(Timestamp, Occupancy)>,
}

impl Census {
    /// Counts anew, unless it was done a moment ago or is being done.
    pub(super) fn count_anew(&mut self, services: &mut Services, now: Timestamp) {
        let is_fresh = self.last.is_some_and(|(since, _)| now.is_within(FRESH, since));
        if self.walk.is_none() && !is_fresh {
            self.walk = Some((Cursor::BEGIN, Occupancy::default()));
            services.slices.add(Slice::Census);
        }
    }

    /// Counts on.
    pub(super) fn work(&mut self, services: &mut Services, cx: &Cx<'_>) {
        let Some((cursor, mut counted)) = self.walk.take() else { return };
        let next = services.index.scan(cx.kv, cursor, AT_ONCE, |region, bytes, occupant| {
            let occupied = match region {
                Region::Found => &mut counted.found,
                Region::Missing => &mut counted.missing,
            };
            occupied.records += 1;
            occupied.used += u64::from(occupant.heat.uses > 0);
            occupied.bytes += u64::try_from(bytes).unwrap_or_default();
        });
        match next {
            Some(cursor) => {
                self.walk = Some((cursor, counted));
                services.slices.add(Slice::Census);
            }
            None => self.last = Some((cx.now, counted)),
        }
    }

    /// The index, and what stood there when it was last counted.
    pub(super) fn status(&self, index: &Index, now: Timestamp, status: &mut IndexStatus) {
        *status = IndexStatus {
            most_bytes: index.memory_bound_bytes(),
            occupancy: self
                .last
                .map(|(since, counted)| Occupancy { age_seconds: now.since(since).as_secs(), ..counted }),
        };
    }
}

/// Pages that are read at one turn, some twenty records each: half a millisecond.
const AT_ONCE: usize = 128;

/// How long a count is shown before the next: a client that asks for the status again and again has the pages read that often.
const FRESH: Duration = Duration::from_secs(10);
