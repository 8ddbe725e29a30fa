//! Where the next poll of a feed goes on.

use super::Mark;
use crate::http::Timestamp;

/// How far a feed was read, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the poll began that has come so far: all that was known then was read.
    pub since: Timestamp,
    /// How far it has come.
    pub mark: Mark,
}

impl Cursor {
    /// As bytes, at most a thousand.
    pub fn encode(&self) -> Vec<u8> {
        [&self.since.0.to_le_bytes()[..], &self.mark.encode()].concat()
    }

    /// Of what [`Cursor::encode`] has made.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (since, mark) = bytes.split_first_chunk()?;
        Some(Self { since: Timestamp(u64::from_le_bytes(*since)), mark: Mark::decode(mark)? })
    }
}

/// What is kept of a feed beside its cursor: that it was read.
pub const KEPT: &[u8] = b"feed";
