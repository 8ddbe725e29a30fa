//! One record of the index, as bytes.
//!
//! Layout 6, numbers little-endian; the page in which the record stands says the layout (`index/page.rs`):
//!
//! ```text
//!  0      1      2         6         14        22        30          38           40
//! +------+------+---------+---------+---------+---------+-----------+------------+-----+------+------+
//! | kind | uses | touched | since   | checked | limit   | sources   | key length | key | etag | body |
//! |      |      | Unix s  | Unix ms | Unix ms | ms      | fingerprint            |     | (16) |      |
//! +------+------+---------+---------+---------+---------+-----------+------------+-----+------+------+
//! ```
//!
//! | kind | says |
//! |---|---|
//! | 1, 5, 13 | a document; 5 one that storage has too, 13 one that it keeps aside |
//! | 14 | a document that storage has left of what upstreams say there is none of |
//! | 2, 3 | a missing one (404), one that is gone (410): the reason as body, no etag |
//! | 4, 8 | storage has the object; 8 one that was checked: no etag, no body |
//! | 10, 11 | as 4 and 8, and a download of it failed since: no etag, no body |
//! | 7, 9, 12 | storage said that it has the object, and then had not; 9 has a wrong one, 12 what is no zip: no etag, no body |
//! | 6, 15 | an upstream has it: that one's place as body (2 bytes), no etag; 15 where it redirects |
//! | 16 | a pointer: the document stands among the large ones, with the same `since`; no etag, no body |
//!
//! `uses` and `touched` are the record's heat. `checked` is 0 and `limit` all ones where there is none, as always in the kinds that have no
//! such field. The key is checked on every read: a page is shared by all keys that fall into it. `sources` says which upstreams and which
//! storage the answer is from: a filter configured with others must not give it. NB: keep `encode` and `Occupant::of` in sync, and count
//! the layout up with any change.
//!
//! Layout 1 had neither heat, `checked` nor `limit`, layout 2 not the kinds 8 and 9,
//! layout 3 not those from 10 on, layout 4 not those from 13 on, layout 5 not 16, and a value for each record. A page of another layout is an empty one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Heat, bytes::take};
use crate::{
    goproxy::{Etag, Found, Missing},
    http::Timestamp,
};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The fingerprint of the configured sources.
    pub sources: u64,
    /// The request's normalised path.
    pub path: &'a str,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The document is this.
    Found(Found),
    /// There is none.
    Missing(Missing),
    /// Storage has the object.
    Stored {
        /// When it said so.
        since: Timestamp,
        /// Whether what it has was read since this index exists, and is right.
        checked: bool,
        /// Whether a download of it failed since, which says nothing of the object: storage is asked before the next one.
        doubted: bool,
    },
    /// Storage said that it has the object, and then had not, or has a wrong one: it is asked for it last.
    Lost {
        /// When it had not.
        since: Timestamp,
        /// What it has in place of it.
        loss: Loss,
    },
    /// An upstream has the zip, and storage does not take it.
    Streamed {
        /// The upstream's place in the configuration.
        upstream: usize,
        /// When it said so.
        since: Timestamp,
        /// Whether it redirects to where it is: it is asked where that is before the next is sent there. The address is not kept, as it
        /// may be signed.
        moved: bool,
    },
}

/// What storage has where it said that it has an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loss {
    /// Nothing.
    Gone,
    /// What is no zip at all, or the beginning of one: the page of a proxy before it, more likely than the object.
    NoZip,
    /// Another zip than it has to be. Nothing is given to storage in its place.
    Wrong,
}

impl Loss {
    /// Whether something stands there that must not be given.
    pub fn is_spoiled(self) -> bool {
        self != Self::Gone
    }
}

/// A record before its life as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is about.
    pub key: Key<'a>,
    /// What it says.
    pub entry: &'a Entry,
    /// How much it was used.
    pub heat: Heat,
}

impl Record<'_> {
    /// The bytes; `None` where the key is longer than the layout has room for.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let upstream;
        let (kind, checked, limit, etag, body) = match self.entry {
            Entry::Found(found) => (
                match found {
                    Found { left: true, .. } => FOUND_LEFT,
                    Found { stored: true, .. } => FOUND_STORED,
                    Found { aside: true, .. } => FOUND_ASIDE,
                    Found { .. } => FOUND,
                },
                found.checked,
                found.limit,
                found.etag.0.as_slice(),
                &found.body[..],
            ),
            Entry::Missing(missing) => (
                if missing.gone { GONE } else { MISSING },
                None,
                missing.limit,
                [].as_slice(),
                missing.reason.as_bytes(),
            ),
            Entry::Stored { checked, doubted, .. } => {
                let kind = match (checked, doubted) {
                    (false, false) => STORED,
                    (true, false) => STORED_CHECKED,
                    (false, true) => DOUBTED,
                    (true, true) => DOUBTED_CHECKED,
                };
                (kind, None, None, [].as_slice(), [].as_slice())
            }
            Entry::Lost { loss, .. } => {
                let kind = match loss {
                    Loss::Gone => LOST,
                    Loss::NoZip => NO_ZIP,
                    Loss::Wrong => CORRUPT,
                };
                (kind, None, None, [].as_slice(), [].as_slice())
            }
            Entry::Streamed { upstream: at, moved, .. } => {
                upstream = u16::try_from(*at).ok()?.to_le_bytes();
                (if *moved { MOVED } else { STREAMED }, None, None, [].as_slice(), upstream.as_slice())
            }
        };
        let limit = limit.map_or(NO_LIMIT, |limit| u64::try_from(limit.as_millis()).unwrap_or(NO_LIMIT));
        let times = [self.entry.since().0, checked.map_or(0, |checked| checked.0), limit];
        let mut bytes = head(kind, self.heat, times, self.key, etag.len().saturating_add(body.len()))?;
        bytes.extend(etag);
        bytes.extend(body);
        Some(bytes)
    }
}

/// The record that says of a document that it stands among the large ones, where it is from `since`; `None` as in [`Record::encode`].
pub(super) fn pointer(key: Key<'_>, since: Timestamp, heat: Heat) -> Option<Vec<u8>> {
    head(POINTER, heat, [since.0, 0, NO_LIMIT], key, 0)
}

/// What every record begins with, with room for `rest` more bytes.
fn head(kind: u8, heat: Heat, times: [u64; 3], key: Key<'_>, rest: usize) -> Option<Vec<u8>> {
    let path = key.path.as_bytes();
    let length = u16::try_from(path.len()).ok()?;
    let mut bytes = Vec::with_capacity(HEAD.saturating_add(path.len()).saturating_add(rest));
    bytes.extend([kind, heat.uses]);
    bytes.extend(heat.touched.to_le_bytes());
    bytes.extend(times.into_iter().flat_map(u64::to_le_bytes));
    bytes.extend(key.sources.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(path);
    Some(bytes)
}

/// Whether the record that `bytes` are is about `key`. Of all records of a page one is read; of the others as much as tells them apart.
pub(super) fn is_about(bytes: &[u8], key: Key<'_>) -> bool {
    let Some(rest) = bytes.get(SOURCES..) else { return false };
    let rest = rest.strip_prefix(&key.sources.to_le_bytes());
    let length = u16::try_from(key.path.len()).unwrap_or(u16::MAX);
    let path = rest.and_then(|rest| rest.strip_prefix(&length.to_le_bytes()));
    path.is_some_and(|path| path.starts_with(key.path.as_bytes()))
}

impl Entry {
    /// What `bytes` say of `key`; `None` where they are of another key, or no record at all.
    pub fn decode(bytes: &[u8], key: Key<'_>) -> Option<Self> {
        Occupant::of(bytes).filter(|occupant| occupant.key == key)?.entry()
    }

    /// Whether it says of a zip that its source redirects.
    pub fn is_moved(&self) -> bool {
        matches!(self, Self::Streamed { moved: true, .. })
    }

    /// When a source last said so.
    pub fn since(&self) -> Timestamp {
        match self {
            Self::Found(found) => found.since,
            Self::Missing(missing) => missing.since,
            Self::Stored { since, .. } | Self::Lost { since, .. } | Self::Streamed { since, .. } => *since,
        }
    }
}

/// A record as it stands in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant<'a> {
    /// What it is about.
    pub key: Key<'a>,
    /// How much it was used.
    pub heat: Heat,
    /// When a source last said what it says.
    pub since: Timestamp,
    kind: u8,
    checked: Option<Timestamp>,
    limit: Option<Duration>,
    rest: &'a [u8],
}

impl<'a> Occupant<'a> {
    /// The record that `bytes` are; `None` where they are none.
    pub fn of(mut bytes: &'a [u8]) -> Option<Self> {
        let [kind, uses] = take(&mut bytes)?;
        let heat = Heat { uses, touched: u32::from_le_bytes(take(&mut bytes)?) };
        let since = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let checked = Some(u64::from_le_bytes(take(&mut bytes)?)).filter(|checked| *checked != 0);
        let limit = Some(u64::from_le_bytes(take(&mut bytes)?)).filter(|limit| *limit != NO_LIMIT);
        let sources = u64::from_le_bytes(take(&mut bytes)?);
        let length = u16::from_le_bytes(take(&mut bytes)?);
        let (path, rest) = bytes.split_at_checked(usize::from(length))?;
        Some(Self {
            key: Key { sources, path: std::str::from_utf8(path).ok()? },
            heat,
            since,
            kind,
            checked: checked.map(Timestamp),
            limit: limit.map(Duration::from_millis),
            rest,
        })
    }

    /// Whether the document stands among the large ones.
    pub fn is_pointer(&self) -> bool {
        self.kind == POINTER
    }

    /// What it says; `None` where it is a pointer, or says nothing that this layout can.
    pub fn entry(&self) -> Option<Entry> {
        let Self { since, limit, checked, rest, .. } = *self;
        match self.kind {
            kind @ (FOUND | FOUND_STORED | FOUND_ASIDE | FOUND_LEFT) => {
                let (etag, body) = rest.split_first_chunk::<{ Etag::LEN }>()?;
                let (body, etag) = (body.to_vec().into(), Etag(*etag));
                let (aside, left) = (kind == FOUND_ASIDE, kind == FOUND_LEFT);
                let stored = left || kind == FOUND_STORED;
                Some(Entry::Found(Found { body, etag, since, stored, aside, left, limit, checked }))
            }
            kind @ (MISSING | GONE) => {
                let reason = String::from_utf8(rest.to_vec()).ok()?;
                Some(Entry::Missing(Missing { gone: kind == GONE, reason, since, limit }))
            }
            STORED => Some(Entry::Stored { since, checked: false, doubted: false }),
            STORED_CHECKED => Some(Entry::Stored { since, checked: true, doubted: false }),
            DOUBTED => Some(Entry::Stored { since, checked: false, doubted: true }),
            DOUBTED_CHECKED => Some(Entry::Stored { since, checked: true, doubted: true }),
            LOST => Some(Entry::Lost { since, loss: Loss::Gone }),
            CORRUPT => Some(Entry::Lost { since, loss: Loss::Wrong }),
            NO_ZIP => Some(Entry::Lost { since, loss: Loss::NoZip }),
            kind @ (STREAMED | MOVED) => {
                let upstream = u16::from_le_bytes(rest.try_into().ok()?).into();
                Some(Entry::Streamed { upstream, since, moved: kind == MOVED })
            }
            _ => None,
        }
    }
}

/// The heat of the record that `bytes` are, without reading anything else.
pub(super) fn heat_of(bytes: &[u8]) -> Option<Heat> {
    let [uses, touched @ ..] = bytes.get(HEAT)?.first_chunk::<5>()?;
    Some(Heat { uses: *uses, touched: u32::from_le_bytes(*touched) })
}

/// Gives the record that `bytes` are another heat, and changes nothing else.
pub(super) fn set_heat(bytes: &mut [u8], heat: Heat) {
    let place = bytes.get_mut(HEAT).into_iter().flatten();
    place
        .zip([heat.uses].into_iter().chain(heat.touched.to_le_bytes()))
        .for_each(|(place, byte)| *place = byte);
}

const FOUND: u8 = 1;
const MISSING: u8 = 2;
const GONE: u8 = 3;
const STORED: u8 = 4;
const FOUND_STORED: u8 = 5;
const STREAMED: u8 = 6;
const LOST: u8 = 7;
const STORED_CHECKED: u8 = 8;
const CORRUPT: u8 = 9;
const DOUBTED: u8 = 10;
const DOUBTED_CHECKED: u8 = 11;
const NO_ZIP: u8 = 12;
const FOUND_ASIDE: u8 = 13;
const FOUND_LEFT: u8 = 14;
const MOVED: u8 = 15;
const POINTER: u8 = 16;
const NO_LIMIT: u64 = u64::MAX;
const HEAT: std::ops::Range<usize> = 1..6;
const SOURCES: usize = 30;
const HEAD: usize = 40;
