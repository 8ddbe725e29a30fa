//! A page: one value of shared data that holds several records.
//!
//! ```text
//! +--------+--------+--------+--------+--------+----
//! | layout | length | record | length | record | ...
//! | 6      | (2)    |        | (2)    |        |
//! +--------+--------+--------+--------+--------+----
//! ```
//!
//! An empty value is an empty page, and so is one of another layout: what an older build wrote there is overwritten.

use std::ops::Range;

use crate::{
    http::Timestamp,
    shared::{
        Conflict, Expected, Heat, Key, Occupant, SharedKv, Versioned,
        bytes::take,
        record::{heat_of, is_about, set_heat},
    },
};

/// A page as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    name: String,
    read: Option<Versioned>,
}

/// What has to go for a new record to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Where the records stand that go.
    gone: Vec<Range<usize>>,
    /// The worth of the one of them that is worth most; nothing where none goes.
    pub(super) worth: Option<Worth>,
}

/// What a record is worth to whoever wants its room: uses that still count, whether it was ever used, when it was used last.
///
/// A record that was never used is worth less than any that was, however long ago: a scan runs through what it left behind itself.
pub(super) type Worth = (u8, bool, u32);

impl Page {
    pub(super) fn read(kv: &dyn SharedKv, name: String) -> Self {
        Self { read: kv.get(&name), name }
    }

    /// How many bytes stand there.
    pub(super) fn bytes(&self) -> usize {
        self.value().len()
    }

    /// Where the record about `key` stands.
    pub(super) fn position(&self, key: Key<'_>) -> Option<Range<usize>> {
        self.positions().find(|at| self.record(at).is_some_and(|record| is_about(record, key)))
    }

    /// The record that stands at this place.
    pub(super) fn occupant(&self, at: &Range<usize>) -> Option<Occupant<'_>> {
        Occupant::of(self.record(at)?)
    }

    /// All records.
    pub(super) fn occupants(&self) -> impl Iterator<Item = (usize, Occupant<'_>)> {
        self.positions().filter_map(|at| Some((at.len(), self.occupant(&at)?)))
    }

    /// What has to go for `length` more bytes, where `own` goes anyway and the page may have `capacity` bytes; `None` where even an empty
    /// page has no such room.
    pub(super) fn room(
        &self,
        length: usize,
        own: Option<&Range<usize>>,
        capacity: usize,
        now: Timestamp,
    ) -> Option<Room> {
        let most = capacity.checked_sub(framed(length)).filter(|most| *most > 0)?;
        let mut room = Room { gone: Vec::new(), worth: None };
        let own_bytes = own.map_or(0, |own| framed(own.len()));
        if self.value().len().saturating_sub(own_bytes) <= most {
            return Some(room);
        }
        let others = self.positions().filter(|at| Some(at) != own);
        let mut others: Vec<_> =
            others.map(|at| (self.record(&at).map(|record| worth(record, now)), at)).collect();
        let mut bytes = others.iter().fold(1, |bytes: usize, (_, at)| bytes.saturating_add(framed(at.len())));
        while bytes > most {
            let least = others.iter().enumerate().min_by_key(|(_, (worth, at))| (*worth, at.start));
            let (worth, at) = others.swap_remove(least?.0);
            bytes = bytes.saturating_sub(framed(at.len()));
            room.worth = room.worth.max(worth);
            room.gone.push(at);
        }
        Some(room)
    }

    /// The paths of what goes.
    pub(super) fn paths(&self, room: &Room) -> Vec<String> {
        let gone = room.gone.iter().filter_map(|at| self.occupant(at));
        gone.map(|occupant| occupant.key.path.to_owned()).collect()
    }

    /// Puts `record` there, if there is one; what goes for it goes, and so does `own`.
    pub(super) fn put(
        &self,
        record: Option<&[u8]>,
        own: Option<&Range<usize>>,
        room: &Room,
        kv: &mut dyn SharedKv,
    ) -> Result<(), Conflict> {
        let stays = |at: &Range<usize>| Some(at) != own && !room.gone.contains(at);
        let mut value = vec![LAYOUT];
        for record in self.positions().filter(stays).filter_map(|at| self.record(&at)).chain(record) {
            value.extend(u16::try_from(record.len()).unwrap_or_default().to_le_bytes());
            value.extend(record);
        }
        let value = if value.len() > 1 { &value[..] } else { &[] };
        kv.put(&self.name, value, Expected::unchanged(self.read.as_ref()))
    }

    /// Takes the record at this place away.
    pub(super) fn take(&self, own: &Range<usize>, kv: &mut dyn SharedKv) -> Result<(), Conflict> {
        self.put(None, Some(own), &Room { gone: Vec::new(), worth: None }, kv)
    }

    /// Writes down that the record at this place was used at `now`, if that is worth it.
    pub(super) fn warm(&mut self, at: &Range<usize>, now: Timestamp, kv: &mut dyn SharedKv) {
        let heat = self.occupant(at).and_then(|occupant| occupant.heat.used(now));
        let (Some(heat), Some(read)) = (heat, &mut self.read) else { return };
        if let Some(record) = read.value.get_mut(at.clone()) {
            set_heat(record, heat);
            // Another worker that came first wrote as much, or a newer answer.
            let _ = kv.put(&self.name, &read.value, Expected::Version(read.version));
        }
    }

    /// The places of all records.
    fn positions(&self) -> impl Iterator<Item = Range<usize>> {
        let value = self.value();
        let mut next = 1;
        std::iter::from_fn(move || {
            let length = usize::from(u16::from_le_bytes(take(&mut value.get(next..)?)?));
            let begin = next.checked_add(2)?;
            next = begin.checked_add(length).filter(|end| *end <= value.len())?;
            Some(begin..next)
        })
    }

    fn record(&self, at: &Range<usize>) -> Option<&[u8]> {
        self.value().get(at.clone())
    }

    /// The bytes, if they are a page.
    fn value(&self) -> &[u8] {
        let value = self.read.as_ref().map_or(&[][..], |read| &read.value);
        if value.first() == Some(&LAYOUT) { value } else { &[] }
    }
}

/// What is no record is worth nothing.
fn worth(record: &[u8], now: Timestamp) -> Worth {
    let heat = heat_of(record).unwrap_or(Heat { uses: 0, touched: 0 });
    (heat.worth(now), heat.uses > 0, heat.touched)
}

/// What a record of this length takes of a page.
pub(super) const fn framed(length: usize) -> usize {
    length.saturating_add(2)
}

/// The largest record that a page of so many bytes can hold.
pub(super) const fn most_record_bytes(page: usize) -> usize {
    page.saturating_sub(3)
}

/// Layouts up to 5 had one record for each value, and its layout as the first byte.
const LAYOUT: u8 = 6;
