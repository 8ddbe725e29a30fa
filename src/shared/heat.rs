//! How much a record is worth keeping.

use crate::http::Timestamp;

/// How often a record was used, and when last. It stands in the record, so that any worker that wants its slot can see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat {
    /// Uses, at most one for each [`REST_SECS`]; halved for every five minutes without one.
    pub uses: u8,
    /// When `uses` was last counted up, in seconds since the Unix epoch.
    pub touched: u32,
}

impl Heat {
    /// The heat of a record that is kept after it was missed `asked` times. All but the request that brought it are uses: a name that
    /// crowded out another is not crowded out by the next name that comes along.
    pub(super) fn first(asked: u8, now: Timestamp) -> Self {
        Self { uses: asked.saturating_sub(1).min(MOST_USES), touched: seconds(now) }
    }

    /// The heat after a use at `now`, if that is worth writing down: the first use at once, since it is what tells a record
    /// from one that a scan left behind; any other after a rest.
    pub(super) fn used(self, now: Timestamp) -> Option<Self> {
        if self.uses > 0 && self.age(now) < REST_SECS {
            return None;
        }
        Some(Self { uses: (self.worth(now) + 1).min(MOST_USES), touched: seconds(now) })
    }

    /// The uses that still count at `now`.
    pub(super) fn worth(self, now: Timestamp) -> u8 {
        self.uses.checked_shr(self.age(now) / HALF_LIFE_SECS).unwrap_or(0)
    }

    /// Whether clients ask for it time and again: in two half minutes at least, beside the first request, and not so long ago that it counts
    /// for less. What was asked for that often is hot for five minutes after the last use, and for fifteen at most.
    pub(super) fn is_hot(self, now: Timestamp) -> bool {
        self.worth(now) >= HOT_USES
    }

    /// The seconds since the last use. A clock that was set back makes the future's records old too, not immortal.
    fn age(self, now: Timestamp) -> u32 {
        self.touched.abs_diff(seconds(now))
    }
}

fn seconds(now: Timestamp) -> u32 {
    u32::try_from(now.0 / 1000).unwrap_or(u32::MAX)
}

/// A hot record costs one write in this time, and every other look-up is a read alone. A worker that answers from its own copy looks here
/// again after as long, or the record seems cold.
pub const REST_SECS: u32 = 30;

/// Five minutes: a build finds what another used an hour before only if no other record wanted the room.
const HALF_LIFE_SECS: u32 = 5 * 60;

/// One use is what a build brings about that asks twice, or a proxy before the gateway.
const HOT_USES: u8 = 2;

/// Nothing earns more than about 20 minutes of rest (four halvings): yesterday's favourite makes room today.
const MOST_USES: u8 = 15;
