//! The two slots of one key, and which of them a new record takes.

use super::{ATTEMPTS, Kept, NotKept, Region};
use crate::{
    http::Timestamp,
    shared::{Conflict, Entry, Expected, Key, Occupant, SharedKv, Versioned, record::set_heat},
};

/// Where one key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) key: Key<'a>,
    /// What the sketch calls it.
    pub(super) hash: u64,
    pub(super) region: Region,
    pub(super) slot: u64,
    /// `None` if the region has one slot.
    pub(super) other: Option<u64>,
}

/// A record on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Newcomer {
    /// `None` to empty the slot: the answer is too large, or was dropped.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) since: Timestamp,
    /// How often it was asked for, at least once.
    pub(super) asked: u8,
}

/// What came of an attempt to keep a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Written(Kept),
    Refused(NotKept),
    /// The slots are not what they were.
    Again,
}

impl Place<'_> {
    /// The names of the slots, in the order in which they are read.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let region = self.region;
        [Some(self.slot), self.other].into_iter().flatten().map(move |slot| slot_name(region, slot))
    }

    /// The record of this key, and where it stands.
    pub(super) fn find(&self, kv: &dyn SharedKv) -> Option<(String, Versioned, Entry)> {
        self.names().find_map(|name| {
            let read = kv.get(&name)?;
            let entry = Occupant::of(&read.value).filter(|occupant| occupant.key == self.key)?.entry()?;
            Some((name, read, entry))
        })
    }

    /// Writes `newcomer` where its key stands already, else where the record of less worth stands, if it is worth more.
    pub(super) fn keep(&self, kv: &mut dyn SharedKv, newcomer: &Newcomer, now: Timestamp) -> Attempt {
        let slots = self.read(kv);
        let mut same = slots.iter().filter_map(|slot| Some((slot, slot.holds(self.key)?)));
        let since = credible(newcomer.since, now);
        if same.clone().any(|(_, occupant)| credible(occupant.since, now) > since) {
            return Attempt::Refused(NotKept::Older);
        }
        let (slot, bytes, kept) = match (same.next(), &newcomer.bytes) {
            (Some((slot, occupant)), Some(bytes)) => {
                let mut bytes = bytes.clone();
                set_heat(&mut bytes, occupant.heat);
                (slot, bytes, Kept::Replaced)
            }
            (Some((slot, _)), None) => {
                // Whether or not this write won, the other slot may hold the key too.
                let _ = slot.put(&[], kv);
                return Attempt::Again;
            }
            (None, Some(bytes)) => match slots.iter().min_by_key(|slot| slot.worth(now)) {
                Some(slot) if slot.worth(now).0 < newcomer.asked => {
                    (slot, bytes.clone(), self.displaced(slot))
                }
                _ => return Attempt::Refused(NotKept::WorthLess),
            },
            (None, None) => return Attempt::Refused(NotKept::TooLarge),
        };
        match slot.put(&bytes, kv) {
            Ok(()) => Attempt::Written(kept),
            Err(Conflict) => Attempt::Again,
        }
    }

    /// Empties the slot of the older answer if both slots hold the key, as after writes of two workers at once.
    pub(super) fn settle(&self, kv: &mut dyn SharedKv, now: Timestamp) {
        for _ in 0..ATTEMPTS {
            let slots = self.read(kv);
            let mut same = slots.iter().filter_map(|slot| Some((slot, slot.holds(self.key)?)));
            let (Some((first, one)), Some((second, other))) = (same.next(), same.next()) else {
                return;
            };
            let is_first_older = credible(one.since, now) < credible(other.since, now);
            let older = if is_first_older { first } else { second };
            if older.put(&[], kv).is_ok() {
                return;
            }
        }
    }

    /// What it means that a record takes this slot.
    fn displaced(&self, slot: &Slot) -> Kept {
        match slot.occupant() {
            Some(occupant) => Kept::Evicted { path: occupant.key.path.to_owned(), region: self.region },
            None => Kept::New,
        }
    }

    fn read(&self, kv: &dyn SharedKv) -> Vec<Slot> {
        self.names().map(|name| Slot { read: kv.get(&name), name }).collect()
    }
}

/// A slot as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    name: String,
    read: Option<Versioned>,
}

impl Slot {
    fn occupant(&self) -> Option<Occupant<'_>> {
        Occupant::of(&self.read.as_ref()?.value)
    }

    fn holds(&self, key: Key<'_>) -> Option<Occupant<'_>> {
        self.occupant().filter(|occupant| occupant.key == key)
    }

    /// What the record is worth, and when it was last used; the least where there is none.
    fn worth(&self, now: Timestamp) -> (u8, u32) {
        self.occupant().map_or((0, 0), |occupant| (occupant.heat.worth(now), occupant.heat.touched))
    }

    fn put(&self, bytes: &[u8], kv: &mut dyn SharedKv) -> Result<(), Conflict> {
        kv.put(&self.name, bytes, Expected::unchanged(self.read.as_ref()))
    }
}

/// A time to compare answers by. A time in the future was written before the clock was set back. It counts as older than any other:
/// otherwise it would keep newer answers out until that time comes.
fn credible(since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    since.is_credible(now).then_some(since)
}

/// What shared data calls a slot.
pub(super) fn slot_name(region: Region, slot: u64) -> String {
    format!("{PREFIX}{}/{slot}", region.as_str())
}

/// Every filter with the same `vm_id` shares one name space, under Istio filters of other makers too.
const PREFIX: &str = "modgate/index/";
