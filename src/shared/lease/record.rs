//! A lease as bytes.
//!
//! Layout 1, numbers little-endian; a free slot is empty, and what is of another layout is free as well:
//!
//! ```text
//!  0        1        5         13        21      22
//! +--------+--------+---------+---------+-------+--------------+------+
//! | layout | holder | expires | sources | count | waiting      | path |
//! | 1      | queue  | Unix ms |         |       | count queues |      |
//! +--------+--------+---------+---------+-------+--------------+------+
//! ```

use super::LEASE;
use crate::{
    config::limits::LEASE_BYTES,
    http::Timestamp,
    shared::{Key, QueueId, bytes::take},
};

/// A lease that a worker holds, or held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeaseRecord<'a> {
    pub(super) key: Key<'a>,
    pub(super) holder: QueueId,
    pub(super) expires: Timestamp,
    /// The workers that want to be told of the end, each once; at most [`MOST_WAITING`].
    pub(super) waiting: Vec<QueueId>,
}

impl<'a> LeaseRecord<'a> {
    /// A lease from `now` on.
    pub(super) fn new(key: Key<'a>, holder: QueueId, now: Timestamp) -> Self {
        Self { key, holder, expires: now.after(LEASE), waiting: Vec::new() }
    }

    /// The lease with one more that waits; `None` where there is no room.
    pub(super) fn joined(mut self, queue: QueueId) -> Option<Self> {
        self.waiting.push(queue);
        (self.waiting.len() <= MOST_WAITING).then_some(self)
    }

    /// The lease as `holder` has it from `now` on. The workers that wait go on waiting.
    pub(super) fn taken(mut self, holder: QueueId, now: Timestamp) -> Self {
        self.waiting.retain(|waiting| *waiting != holder);
        Self { waiting: self.waiting, ..Self::new(self.key, holder, now) }
    }

    /// The bytes; `None` where the path leaves no room for all who may wait.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        if self.key.path.len() > LONGEST_PATH {
            return None;
        }
        let mut bytes = vec![LAYOUT];
        bytes.extend(self.holder.0.to_le_bytes());
        bytes.extend(self.expires.0.to_le_bytes());
        bytes.extend(self.key.sources.to_le_bytes());
        bytes.push(u8::try_from(self.waiting.len()).ok()?);
        bytes.extend(self.waiting.iter().flat_map(|queue| queue.0.to_le_bytes()));
        bytes.extend(self.key.path.as_bytes());
        Some(bytes)
    }

    /// The lease that `bytes` are, if they are one.
    pub(super) fn decode(mut bytes: &'a [u8]) -> Option<Self> {
        let [layout] = take(&mut bytes)?;
        if layout != LAYOUT {
            return None;
        }
        let holder = QueueId(u32::from_le_bytes(take(&mut bytes)?));
        let expires = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let sources = u64::from_le_bytes(take(&mut bytes)?);
        let [count] = take(&mut bytes)?;
        let queues = (0..count).map(|_| Some(QueueId(u32::from_le_bytes(take(&mut bytes)?))));
        let waiting = queues.collect::<Option<Vec<_>>>()?;
        Some(Self { key: Key { sources, path: std::str::from_utf8(bytes).ok()? }, holder, expires, waiting })
    }
}

/// More workers than the machines have cores that run one Envoy; what comes later fetches alone.
pub(super) const MOST_WAITING: usize = 64;

const LAYOUT: u8 = 1;
const HEAD: usize = 22;
const LONGEST_PATH: usize = LEASE_BYTES as usize - HEAD - MOST_WAITING * 4;
