//! The index, slot by slot: a few at each turn, for it may have a million.
//!
//! Other workers write meanwhile. Each slot is read once, as it is then. A record that moves between two turns may be seen twice or not at
//! all; no record is seen in part.

use super::{Index, Region, place::slot_name};
use crate::shared::{Occupant, SharedKv};

/// The slot that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    region: Region,
    slot: u32,
}

impl Cursor {
    /// The first slot of all.
    pub const BEGIN: Self = Self { region: Region::Found, slot: 0 };
}

impl Index {
    /// Reads up to `most` slots from `cursor` on, and shows each to `seen`: its region, the bytes in it, and its record, if there is one.
    /// Returns the slot to go on with; `None` after the last.
    pub fn scan(
        &self,
        kv: &dyn SharedKv,
        mut cursor: Cursor,
        most: usize,
        mut seen: impl FnMut(Region, usize, Option<Occupant<'_>>),
    ) -> Option<Cursor> {
        for _ in 0..most {
            while cursor.slot >= self.slots(cursor.region) {
                cursor = Cursor { region: cursor.region.next()?, slot: 0 };
            }
            let read = kv.get(&slot_name(cursor.region, u64::from(cursor.slot)));
            let bytes = read.as_ref().map_or(0, |read| read.value.len());
            seen(cursor.region, bytes, read.as_ref().and_then(|read| Occupant::of(&read.value)));
            cursor.slot = cursor.slot.saturating_add(1);
        }
        Some(cursor)
    }
}

impl Region {
    fn next(self) -> Option<Self> {
        match self {
            Self::Found => Some(Self::Missing),
            Self::Missing => None,
        }
    }
}
