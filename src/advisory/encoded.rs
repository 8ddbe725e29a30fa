//! A table as bytes: what shared data has of a source, for all workers.
//!
//! Each part is written as postcard writes it, and can be read by itself. The texts, in their order, are each what it has in common with the
//! one before and the rest; everything else names them by their place.
//!
//! ```text
//! +--------+----------+-----------+---------+
//! | header | paths of | versions, | records |
//! |        | modules  | without v |         |
//! +--------+----------+-----------+---------+
//! ```

use serde::{Deserialize, Serialize};

use super::id::{Ghsa, Id};
use super::{Event, Record, Severity};

/// What stands before all else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    layout: u8,
    /// When the source was changed last, in seconds since 1970.
    pub(super) modified: u64,
    pub(super) modules: u32,
    pub(super) versions: u32,
    pub(super) records: u32,
}

/// A text after the one before: so many of its bytes, and these.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Suffix<'a>(pub(super) u16, #[serde(borrow)] pub(super) &'a str);

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) id: Id,
    /// Seconds since 1970.
    pub(super) modified: u64,
    pub(super) published: u64,
    /// See [`flags`].
    pub(super) flags: u8,
    /// Its aliases in GitHub's database.
    pub(super) ghsa: Vec<Ghsa>,
    pub(super) about: Vec<About>,
}

/// A module that a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) module: u32,
    /// See [`Event::code`].
    pub(super) events: Vec<u32>,
    /// Versions beside those of the events.
    pub(super) versions: Vec<u32>,
}

impl Header {
    pub(super) fn new(modified: u64, counts: [usize; 3]) -> Self {
        let [modules, versions, records] = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Self { layout: LAYOUT, modified, modules, versions, records }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(self, &mut bytes);
        bytes
    }

    pub(super) fn is_ours(&self) -> bool {
        self.layout == LAYOUT
    }
}

impl Item {
    /// Names modules and versions by their places, which are by the numbers that they had.
    pub(super) fn renumber(&mut self, modules: &[u32], versions: &[u32]) {
        let place = |places: &[u32], number: u32| {
            usize::try_from(number).ok().and_then(|number| places.get(number).copied()).unwrap_or(u32::MAX)
        };
        for about in &mut self.about {
            about.module = place(modules, about.module);
            for code in &mut about.events {
                *code = Event::code(Event::decode(*code).map(|number| place(versions, number)));
            }
            for number in &mut about.versions {
                *number = place(versions, *number);
            }
        }
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        append(self, bytes);
    }
}

impl<V> Event<V> {
    /// The same, of something else than versions.
    pub(super) fn map<W>(self, other: impl FnOnce(V) -> W) -> Event<W> {
        match self {
            Self::Introduced(version) => Event::Introduced(version.map(other)),
            Self::Fixed(version) => Event::Fixed(other(version)),
            Self::LastAffected(version) => Event::LastAffected(other(version)),
        }
    }
}

impl Event<u32> {
    /// An event as a number, by that of its version.
    pub(super) fn code(self) -> u32 {
        let (kind, number) = match self {
            Self::Introduced(None) => (0, 0),
            Self::Introduced(Some(number)) => (1, number),
            Self::Fixed(number) => (2, number),
            Self::LastAffected(number) => (3, number),
        };
        number.saturating_mul(4) | kind
    }

    /// The event that a number stands for.
    pub(super) fn decode(code: u32) -> Self {
        let number = code / 4;
        match code % 4 {
            0 => Self::Introduced(None),
            1 => Self::Introduced(Some(number)),
            2 => Self::Fixed(number),
            _ => Self::LastAffected(number),
        }
    }
}

/// What is yes or no of a record, and how severe it is, in a byte.
pub(super) fn flags(record: &Record) -> u8 {
    u8::from(record.is_reviewed) | u8::from(record.is_malicious) << 1 | severity_code(record.severity) << 2
}

/// Whether it was reviewed, whether it is of malice, and how severe it is; `None` where no record has such a byte.
pub(super) fn read_flags(flags: u8) -> Option<(bool, bool, Severity)> {
    let severity = SEVERITIES.get(usize::from(flags >> 2))?;
    Some((flags & 1 != 0, flags & 2 != 0, *severity))
}

fn severity_code(severity: Severity) -> u8 {
    (0..).zip(SEVERITIES).find(|(_, known)| *known == severity).map_or(0, |(code, _)| code)
}

const SEVERITIES: [Severity; 5] =
    [Severity::Unknown, Severity::Low, Severity::Moderate, Severity::High, Severity::Critical];

/// Writes texts that are in their order.
pub(super) fn write_texts(texts: &[Box<str>], bytes: &mut Vec<u8>) {
    let mut before = "";
    for text in texts {
        let alike = before.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
        let common = text.floor_char_boundary(alike.min(usize::from(u16::MAX)));
        let suffix = text.get(common..).unwrap_or_default();
        append(&Suffix(u16::try_from(common).unwrap_or_default(), suffix), bytes);
        before = text;
    }
}

/// It cannot fail: these have no types that postcard does not know, and memory grows.
fn append<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    if let Ok(written) = postcard::to_allocvec(value) {
        bytes.extend(written);
    }
}

/// Another one where any of this is laid out otherwise.
const LAYOUT: u8 = 1;
