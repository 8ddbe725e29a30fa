//! What of many records is kept: by module.
//!
//! A worker has it for as long as it lives, so it is a few flat lists. Texts stand behind each other in one, and are known by where they end.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::encoded::{Item, read_flags};
use super::gathering::encode;
use super::id::{Ghsa, Id};
use super::joined::Joined;
use super::ranges::contain;
use super::{Affected, Decoding, Event, NotEncoded, Ranges, Record, Severity};
use crate::gomod::Version;
use crate::http::Timestamp;

/// The advisories of one source, by module. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advisories {
    pub(super) table: Arc<Table>,
    /// What the other sources say of them.
    pub(super) joined: Arc<Joined>,
}

/// An advisory about one module.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advisory<'t> {
    advisories: &'t Advisories,
    head: &'t Head,
    entry: &'t Entry,
}

/// An advisory about one module, as the index of a database lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'t> {
    /// The module path.
    pub module: &'t str,
    /// The record's id.
    pub id: &'t str,
    /// When the record was changed last.
    pub modified: Timestamp,
    /// The version from which on nothing is affected; `None` where there is none.
    pub fixed: Option<&'t Version>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    modified: u64,
    has_malice: bool,
    paths: Texts,
    versions: Vec<Version>,
    ids: Texts,
    heads: Vec<Head>,
    ghsa: Vec<Ghsa>,
    /// By record.
    entries: Vec<Entry>,
    /// Their places, by module.
    by_module: Vec<u32>,
    /// The codes of events and the places of versions that entries have.
    numbers: Vec<u32>,
}

/// What is kept of a record beside its id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    /// Its place.
    record: u32,
    modified: u64,
    published: u64,
    is_reviewed: bool,
    is_malicious: bool,
    severity: Severity,
    /// Its aliases in GitHub's database.
    ghsa: Span,
    entries: Span,
}

/// A record's entry for a module.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    module: u32,
    record: u32,
    events: Span,
    versions: Span,
}

/// A record, as other sources' tables are compared with it.
pub(super) struct Alike<'t> {
    pub(super) id: &'t str,
    pub(super) ghsa: &'t [Ghsa],
    pub(super) severity: Severity,
    pub(super) is_malicious: bool,
    first_entry: u32,
    entries: &'t [Entry],
    paths: &'t Texts,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Span(u32, u32);

/// Texts behind each other.
#[derive(Debug, Default, PartialEq)]
struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Advisories {
    /// Of these records. Where two have one id, the second is passed over; where they are too many, there are none.
    pub fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let mut ids = BTreeSet::new();
        let records = records.into_iter().filter(|record| ids.insert(record.id.clone()));
        Self::decode(&encode(records).unwrap_or_default()).unwrap_or_default()
    }

    /// Those that are encoded so.
    ///
    /// # Errors
    /// Where it is none of their encodings.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotEncoded> {
        let mut decoding = Decoding::new(bytes)?;
        loop {
            if let Some(advisories) = decoding.work()? {
                return Ok(advisories);
            }
        }
    }

    /// Those about the module with this path; one whose record names the module twice comes twice.
    pub fn about(&self, module: &str) -> impl Iterator<Item = Advisory<'_>> {
        let table = &self.table;
        let places = table.paths.find(module).map_or(&[][..], |module| table.entries_of(module));
        places.iter().filter(|place| !self.joined.is_told_elsewhere(**place)).filter_map(|place| {
            let entry = table.entry(*place)?;
            Some(Advisory { advisories: self, head: table.head(entry.record)?, entry })
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.entries.is_empty()
    }

    /// Whether any of them says that a module is malicious.
    pub fn has_malice(&self) -> bool {
        self.table.has_malice
    }

    /// When the source was changed last, as it says.
    pub fn modified(&self) -> Timestamp {
        Timestamp(self.table.modified.saturating_mul(1000))
    }

    /// How many records there are, those that are about nothing included, and how many entries for modules they come to.
    pub fn counts(&self) -> (usize, usize) {
        (self.table.heads.len(), self.table.entries.len())
    }

    /// The record at a place, with as much as is kept of it; `None` behind the last one.
    pub fn record(&self, place: usize) -> Option<Record> {
        self.table.record(place)
    }

    /// When the record with this id was changed last; `None` where there is none.
    pub fn modified_of(&self, id: &str) -> Option<Timestamp> {
        let id = Id::of(id);
        let table = &self.table;
        let place = table.heads.binary_search_by(|head| Id::of(table.ids.get(head.record)).cmp(&id)).ok()?;
        Some(Timestamp(table.heads.get(place)?.modified.saturating_mul(1000)))
    }
}

impl Advisories {
    /// The entries at these places, as the index of a database lists them; those that another source tells of are left out.
    pub fn listed(&self, places: Range<usize>) -> impl Iterator<Item = Listed<'_>> {
        let table = &self.table;
        let entries = table.entries.get(places.start..places.end.min(table.entries.len()));
        (places.start..).zip(entries.unwrap_or_default()).filter_map(|(place, entry)| {
            let is_told = u32::try_from(place).is_ok_and(|place| self.joined.is_told_elsewhere(place));
            let head = table.head(entry.record).filter(|_| !is_told)?;
            Some(Listed {
                module: table.paths.get(entry.module),
                id: table.ids.get(entry.record),
                modified: Timestamp(head.modified.saturating_mul(1000)),
                fixed: table.fixed_for_good(entry),
            })
        })
    }
}

impl<'t> Advisory<'t> {
    /// Its id.
    pub fn id(self) -> &'t str {
        self.advisories.table.ids.get(self.head.record)
    }

    /// When it was published first.
    pub fn published(self) -> Timestamp {
        Timestamp(self.head.published.saturating_mul(1000))
    }

    /// Whether people have checked it.
    pub fn is_reviewed(self) -> bool {
        self.head.is_reviewed
    }

    /// Whether it says that the module is malicious.
    pub fn is_malicious(self) -> bool {
        self.head.is_malicious
    }

    /// How severe it is, by its own source or by another one that knows it by an alias.
    pub fn severity(self) -> Severity {
        self.head.severity.max(self.advisories.joined.severity(self.head.record))
    }

    /// Whether it is about this version of its module.
    pub fn affects(self, version: &Version) -> bool {
        let (events, versions) = (self.entry.events, self.entry.versions);
        let table = &self.advisories.table;
        if table.listed(versions).any(|one| one.precedence(version).is_eq()) {
            return true;
        }
        // A list of versions without a range is not about all others.
        if events.is_empty() { versions.is_empty() } else { contain(table.events(events), version) }
    }

    /// Whether it is about every version of its module.
    pub fn affects_all(self) -> bool {
        let mut events = self.advisories.table.events(self.entry.events);
        match events.next() {
            None => self.entry.versions.is_empty(),
            Some(first) => matches!(first, Event::Introduced(None)) && events.next().is_none(),
        }
    }

    /// The versions that fix it, ascending.
    pub fn fixes(self) -> impl Iterator<Item = &'t Version> {
        self.advisories.table.events(self.entry.events).filter_map(Event::fix)
    }
}

impl Table {
    pub(super) fn new(modified: u64) -> Self {
        Self { modified, ..Self::default() }
    }

    /// How many modules, versions and records there are.
    pub(super) fn counts(&self) -> [u32; 3] {
        [self.paths.ends.len(), self.versions.len(), self.heads.len()]
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Adds a module, whose path is behind all others.
    pub(super) fn add_module(&mut self, path: &str) {
        self.paths.add(path);
    }

    pub(super) fn add_version(&mut self, version: Version) {
        self.versions.push(version);
    }

    /// Adds a record; `None` where it names what is not there.
    pub(super) fn add_record(&mut self, item: &Item) -> Option<()> {
        let [modules, versions, record] = self.counts();
        let (is_reviewed, is_malicious, severity) = read_flags(item.flags)?;
        let first = self.entries.len();
        for about in &item.about {
            let of_events = about.events.iter().filter_map(|code| match Event::decode(*code) {
                Event::Introduced(number) => number,
                Event::Fixed(number) | Event::LastAffected(number) => Some(number),
            });
            let are_known = of_events.chain(about.versions.iter().copied()).all(|number| number < versions);
            if !are_known || about.module >= modules {
                return None;
            }
            let events = Span::add(&mut self.numbers, &about.events);
            let versions = Span::add(&mut self.numbers, &about.versions);
            self.entries.push(Entry { module: about.module, record, events, versions });
        }
        self.has_malice |= is_malicious && !item.about.is_empty();
        self.ids.add(&item.id.text());
        let ghsa = Span::add(&mut self.ghsa, &item.ghsa);
        let (modified, published, entries) =
            (item.modified, item.published, Span::since(first, &self.entries));
        self.heads.push(Head {
            record,
            modified,
            published,
            is_reviewed,
            is_malicious,
            severity,
            ghsa,
            entries,
        });
        Some(())
    }

    pub(super) fn finish(mut self) -> Advisories {
        let mut by_module: Vec<(u32, u32)> =
            (0..).zip(&self.entries).map(|(place, entry)| (entry.module, place)).collect();
        by_module.sort_unstable();
        self.by_module = by_module.into_iter().map(|(_, place)| place).collect();
        // They stay as they are for hours.
        self.paths.shrink();
        self.ids.shrink();
        self.versions.shrink_to_fit();
        self.heads.shrink_to_fit();
        self.ghsa.shrink_to_fit();
        self.entries.shrink_to_fit();
        self.numbers.shrink_to_fit();
        Advisories { table: self.into(), joined: Arc::default() }
    }

    fn entries_of(&self, module: u32) -> &[u32] {
        let module_of = |place: &u32| self.entry(*place).map(|entry| entry.module);
        let first = self.by_module.partition_point(|place| module_of(place) < Some(module));
        let behind = self.by_module.partition_point(|place| module_of(place) <= Some(module));
        self.by_module.get(first..behind).unwrap_or_default()
    }

    fn entry(&self, place: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(place).ok()?)
    }

    fn record(&self, place: usize) -> Option<Record> {
        let head = self.heads.get(place)?;
        let affected = head.entries.of(&self.entries).iter().map(|entry| Affected {
            module: self.paths.get(entry.module).to_owned(),
            ranges: Ranges::new(self.events(entry.events).map(|event| event.map(Version::clone)).collect()),
            versions: self.listed(entry.versions).cloned().collect(),
        });
        Some(Record {
            id: self.ids.get(head.record).to_owned(),
            aliases: head.ghsa.of(&self.ghsa).iter().map(|ghsa| ghsa.text()).collect(),
            modified: Timestamp(head.modified.saturating_mul(1000)),
            published: Timestamp(head.published.saturating_mul(1000)),
            is_reviewed: head.is_reviewed,
            is_malicious: head.is_malicious,
            severity: head.severity,
            affected: affected.collect(),
        })
    }

    /// What another source's table is compared with.
    pub(super) fn alike(&self) -> impl Iterator<Item = Alike<'_>> {
        self.heads.iter().map(|head| Alike {
            id: self.ids.get(head.record),
            ghsa: head.ghsa.of(&self.ghsa),
            severity: head.severity,
            is_malicious: head.is_malicious,
            first_entry: head.entries.0,
            entries: head.entries.of(&self.entries),
            paths: &self.paths,
        })
    }

    fn head(&self, record: u32) -> Option<&Head> {
        self.heads.get(usize::try_from(record).ok()?)
    }

    fn version(&self, number: u32) -> Option<&Version> {
        self.versions.get(usize::try_from(number).ok()?)
    }

    fn listed(&self, span: Span) -> impl Iterator<Item = &Version> {
        span.of(&self.numbers).iter().filter_map(|number| self.version(*number))
    }

    /// The version from which on nothing is affected any more: the end of the last range, unless a version is listed that is not less.
    fn fixed_for_good(&self, entry: &Entry) -> Option<&Version> {
        let fixed = self.events(entry.events).last().and_then(Event::fix)?;
        self.listed(entry.versions).all(|one| one.precedence(fixed).is_lt()).then_some(fixed)
    }

    fn events(&self, span: Span) -> impl Iterator<Item = Event<&Version>> {
        span.of(&self.numbers).iter().filter_map(|code| match Event::decode(*code) {
            Event::Introduced(None) => Some(Event::Introduced(None)),
            Event::Introduced(Some(number)) => Some(Event::Introduced(Some(self.version(number)?))),
            Event::Fixed(number) => Some(Event::Fixed(self.version(number)?)),
            Event::LastAffected(number) => Some(Event::LastAffected(self.version(number)?)),
        })
    }
}

impl<'t> Alike<'t> {
    /// The modules that it is about, each with the place of the entry.
    pub(super) fn modules(&self) -> impl Iterator<Item = (u32, &'t str)> {
        (self.first_entry..).zip(self.entries).map(|(place, entry)| (place, self.paths.get(entry.module)))
    }
}

impl Span {
    /// Of what is added to a list.
    fn add<T: Clone>(list: &mut Vec<T>, more: &[T]) -> Self {
        let first = list.len();
        list.extend_from_slice(more);
        Self::since(first, list)
    }

    /// Of what a list has had since it was of this length.
    fn since<T>(first: usize, list: &[T]) -> Self {
        let place = |place| u32::try_from(place).unwrap_or(u32::MAX);
        Self(place(first), place(list.len()))
    }

    fn of<T>(self, list: &[T]) -> &[T] {
        let place = |place| usize::try_from(place).unwrap_or(usize::MAX);
        list.get(place(self.0)..place(self.1)).unwrap_or_default()
    }

    fn is_empty(self) -> bool {
        self.0 >= self.1
    }
}

impl Texts {
    fn add(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
    }

    /// The one at a place; nothing where none is.
    fn get(&self, place: u32) -> &str {
        let at = |place: u32| {
            usize::try_from(place)
                .ok()
                .and_then(|place| self.ends.get(place))
                .and_then(|end| usize::try_from(*end).ok())
        };
        let begin = place.checked_sub(1).map_or(Some(0), at);
        begin.zip(at(place)).and_then(|(begin, end)| self.all.get(begin..end)).unwrap_or_default()
    }

    /// The place of a text, where they are in their order.
    fn find(&self, text: &str) -> Option<u32> {
        let (mut low, mut high) = (0, u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle).cmp(text) {
                Ordering::Less => low = middle.saturating_add(1),
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn shrink(&mut self) {
        self.all.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}
