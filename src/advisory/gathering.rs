//! Records as they are gathered, reduced one by one to what a table keeps of them.

use std::collections::BTreeMap;

use super::encoded::{About, Header, Item, flags};
use super::id::{Ghsa, Id};
use super::{Affected, Event, MAX_ENCODED_BYTES, MAX_RECORDS, Record};
use crate::gomod::Quoted;
use crate::http::Timestamp;

/// What was gathered of a source so far.
#[derive(Debug, Default)]
pub struct Gathering {
    modules: Texts,
    versions: Texts,
    items: BTreeMap<Id, Item>,
    modified: u64,
    /// About how many bytes it is encoded, of which texts that begin alike take less.
    weight: usize,
}

/// Why a record cannot be gathered beside the others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// Another one has its id.
    #[error("two records have the id {}", Quoted(.0))]
    Twice(String),
    /// There are [`MAX_RECORDS`].
    #[error("more than {MAX_RECORDS} records")]
    Records,
    /// They come to more than can be kept.
    #[error("what is to be kept of its records is more than {MAX_ENCODED_BYTES} bytes")]
    Bytes,
}

/// Texts, each once, by the order in which they came.
#[derive(Debug, Default)]
struct Texts(BTreeMap<Box<str>, u32>);

impl Gathering {
    /// Adds a record.
    ///
    /// # Errors
    /// Where it is one too many.
    pub fn add(&mut self, record: &Record) -> Result<(), TooMany> {
        let id = Id::of(&record.id);
        if self.items.contains_key(&id) {
            return Err(TooMany::Twice(record.id.clone()));
        }
        if self.items.len() >= MAX_RECORDS {
            return Err(TooMany::Records);
        }
        self.modified = self.modified.max(seconds(record.modified));
        let about = record.affected.iter().map(|affected| self.about(affected)).collect();
        let ghsa: Vec<Ghsa> = record.aliases.iter().filter_map(|alias| Ghsa::of(alias)).collect();
        self.weight =
            self.weight.saturating_add(ITEM).saturating_add(ghsa.len().saturating_mul(size_of::<Ghsa>()));
        if self.weight > MAX_GATHERED {
            return Err(TooMany::Bytes);
        }
        let (modified, published) = (seconds(record.modified), seconds(record.published));
        let item = Item { id: id.clone(), modified, published, flags: flags(record), ghsa, about };
        self.items.insert(id, item);
        Ok(())
    }

    /// The source as a whole was changed then, as it says itself.
    pub fn note_modified(&mut self, modified: Timestamp) {
        self.modified = seconds(modified);
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn about(&mut self, affected: &Affected) -> About {
        let Affected { module, ranges, versions } = affected;
        let module = self.modules.number(module, &mut self.weight);
        let mut number = |version: &crate::gomod::Version| {
            let text = version.as_str();
            self.versions.number(text.strip_prefix('v').unwrap_or(text), &mut self.weight)
        };
        let events: Vec<u32> =
            ranges.events().iter().map(|event| Event::code(event.by_ref().map(&mut number))).collect();
        let versions: Vec<u32> = versions.iter().map(number).collect();
        self.weight = self
            .weight
            .saturating_add(ABOUT)
            .saturating_add(events.len().saturating_add(versions.len()).saturating_mul(NUMBER));
        About { module, events, versions }
    }
}

impl Texts {
    fn number(&mut self, text: &str, weight: &mut usize) -> u32 {
        if let Some(number) = self.0.get(text) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(text.into(), number);
        *weight = weight.saturating_add(text.len());
        number
    }

    /// The texts in their order, and the place of each in it by its number.
    fn sorted(self) -> (Vec<Box<str>>, Vec<u32>) {
        let mut places = vec![0; self.0.len()];
        let mut texts = Vec::with_capacity(self.0.len());
        for (place, (text, number)) in (0..).zip(self.0) {
            if let Some(slot) = usize::try_from(number).ok().and_then(|number| places.get_mut(number)) {
                *slot = place;
            }
            texts.push(text);
        }
        (texts, places)
    }
}

/// A gathering that is being written: its texts first, then its records.
#[derive(Debug)]
pub struct Encoding {
    bytes: Vec<u8>,
    items: BTreeMap<Id, Item>,
    modules: Vec<u32>,
    versions: Vec<u32>,
}

impl Encoding {
    /// Of all that was gathered.
    pub fn new(gathering: Gathering) -> Self {
        let Gathering { modules, versions, items, modified, weight: _ } = gathering;
        let ((module_texts, modules), (version_texts, versions)) = (modules.sorted(), versions.sorted());
        let counts = [module_texts.len(), version_texts.len(), items.len()];
        let mut bytes = Header::new(modified, counts).bytes();
        for texts in [&module_texts, &version_texts] {
            super::encoded::write_texts(texts, &mut bytes);
        }
        Self { bytes, items, modules, versions }
    }

    /// Writes on; all of it, once that was the last.
    ///
    /// # Errors
    /// Where it is too long.
    pub fn work(&mut self) -> Option<Result<Vec<u8>, TooMany>> {
        for _ in 0..SLICE {
            let Some((_, mut item)) = self.items.pop_first() else {
                let bytes = std::mem::take(&mut self.bytes);
                return Some(if bytes.len() > MAX_ENCODED_BYTES { Err(TooMany::Bytes) } else { Ok(bytes) });
            };
            item.renumber(&self.modules, &self.versions);
            item.write(&mut self.bytes);
        }
        None
    }
}

/// All of some records, as a table has them.
///
/// # Errors
/// Where they are too many.
pub fn encode(records: impl IntoIterator<Item = Record>) -> Result<Vec<u8>, TooMany> {
    let mut gathering = Gathering::default();
    records.into_iter().try_for_each(|record| gathering.add(&record))?;
    let mut encoding = Encoding::new(gathering);
    loop {
        if let Some(bytes) = encoding.work() {
            return bytes;
        }
    }
}

fn seconds(time: Timestamp) -> u64 {
    time.0 / 1000
}

/// What a record and an entry of one are about in bytes, and a number.
const ITEM: usize = 16;
const ABOUT: usize = 4;
const NUMBER: usize = 2;

/// Paths and pseudo-versions begin alike, and are half as long encoded as they are gathered.
const MAX_GATHERED: usize = 2 * MAX_ENCODED_BYTES;

/// Records that are written at once: a millisecond.
const SLICE: usize = 500;
