//! One record of the index, as bytes.
//!
//! Layout 1, numbers little-endian:
//!
//! ```text
//!  0         1      2              10              18           20
//! +---------+------+--------------+---------------+------------+-----+------+------+
//! | layout  | kind | since        | sources       | key length | key | etag | body |
//! | 1       |      | Unix ms      | fingerprint   |            |     | (16) |      |
//! +---------+------+--------------+---------------+------------+-----+------+------+
//! ```
//!
//! `kind` 1 is a document, 5 one that storage has too; 2 is a missing one (404) and 3 one that is gone (410), both with the reason as body and no etag;
//! 4 says that storage has the object, with neither. The key is checked on every read: a slot is shared by all keys that
//! fall into it. `sources` says which upstreams and which storage the answer is from: a filter configured with others must
//! not give it. NB: keep `encode` and `decode` in sync, and count the layout up with any change.

use crate::{
    goproxy::{Etag, Found, Missing},
    http::Timestamp,
};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    },
    /// An upstream has the zip, and it is streamed from there.
    Streamed {
        /// Its place in the configuration.
        upstream: usize,
        /// When it said so.
        since: Timestamp,
    },
}

/// A record before or after its life as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is about.
    pub key: Key<'a>,
    /// What it says.
    pub entry: &'a Entry,
}

impl Record<'_> {
    /// The bytes; nothing where the key is longer than the layout has room for.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let (kind, since, etag, body) = match self.entry {
            Entry::Found(found) => (
                if found.stored { FOUND_STORED } else { FOUND },
                found.since,
                found.etag.0.as_slice(),
                &found.body[..],
            ),
            Entry::Missing(missing) => (
                if missing.gone { GONE } else { MISSING },
                missing.since,
                [].as_slice(),
                missing.reason.as_bytes(),
            ),
            Entry::Streamed { since, .. } => (6, *since, [].as_slice(), [].as_slice()),
            Entry::Stored { since } => (STORED, *since, [].as_slice(), [].as_slice()),
        };
        let path = self.key.path.as_bytes();
        let mut bytes = Vec::with_capacity(HEAD + path.len() + etag.len() + body.len());
        bytes.extend([LAYOUT, kind]);
        bytes.extend(since.0.to_le_bytes());
        bytes.extend(self.key.sources.to_le_bytes());
        bytes.extend(u16::try_from(path.len()).ok()?.to_le_bytes());
        bytes.extend(path);
        bytes.extend(etag);
        bytes.extend(body);
        Some(bytes)
    }
}

impl Entry {
    pub fn since(&self) -> Timestamp {
        match self {
            Self::Found(f) => f.since,
            Self::Missing(m) => m.since,
            Self::Stored { since } | Self::Streamed { since, .. } => *since,
        }
    }
    /// What `bytes` say of `key`; nothing where they are of another key, another layout, or no record at all.
    pub fn decode(bytes: &[u8], key: Key<'_>) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let [layout, kind, numbers @ ..] = head;
        let (since, numbers) = numbers.split_first_chunk::<8>()?;
        let (sources, length) = numbers.split_first_chunk::<8>()?;
        let length = u16::from_le_bytes(length.try_into().ok()?);
        let (path, rest) = rest.split_at_checked(usize::from(length))?;
        if *layout != LAYOUT || u64::from_le_bytes(*sources) != key.sources || path != key.path.as_bytes() {
            return None;
        }
        let since = Timestamp(u64::from_le_bytes(*since));
        match *kind {
            FOUND | FOUND_STORED => {
                let (etag, body) = rest.split_first_chunk::<{ Etag::LEN }>()?;
                let (body, stored) = (body.to_vec().into(), *kind == FOUND_STORED);
                Some(Self::Found(Found {
                    body,
                    etag: Etag(*etag),
                    since,
                    stored,
                    limit: None,
                    checked: None,
                }))
            }
            MISSING | GONE => {
                let reason = String::from_utf8(rest.to_vec()).ok()?;
                Some(Self::Missing(Missing { gone: *kind == GONE, reason, since, limit: None }))
            }
            6 => Some(Self::Streamed { upstream: 0, since }),
            STORED => Some(Self::Stored { since }),
            _ => None,
        }
    }
}

const LAYOUT: u8 = 1;
const FOUND: u8 = 1;
const MISSING: u8 = 2;
const GONE: u8 = 3;
const STORED: u8 = 4;
const FOUND_STORED: u8 = 5;
const HEAD: usize = 1 + 1 + 8 + 8 + 2;
