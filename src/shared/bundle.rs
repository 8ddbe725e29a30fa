//! The policy bundle that was read last, and who asks for it when.
//!
//! It lives apart from the index, under two names of its own: nothing evicts it, and it outlives a configuration and the VM
//! that read it. The names are of where it comes from, so that a configuration with another source does not find it.
//!
//! The text is long and changes seldom; the round, below, is short and looked at by every worker several times a second. All
//! workers poll in turn, whoever is first when a round is due:
//!
//! ```text
//!          claim: poller = A, next = when A is given up
//!   due ───────────────────────────────────────────────▶ asked by A ── A is silent ──▶ due
//!    ▲                                                       │
//!    └── next comes ── rests ◀── end: next = in an interval ─┘
//! ```

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Expected, QueueId, SharedKv, bytes::take, fingerprint::texts};
use crate::{
    config::BundleSource,
    http::{SKEW, Timestamp},
};

/// Where the bundle of one source is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    text: String,
    round: String,
    /// The furthest that the next poll can be away.
    longest: Duration,
}

/// A bundle as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Another one for each content.
    pub revision: u64,
    /// Its source's entity tag, as it was sent; empty where there was none.
    pub tag: String,
    /// The JSON text.
    pub text: String,
}

/// Who polls, and what came of it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// The revision in force; 0 for none.
    pub revision: u64,
    /// When somebody is to poll.
    pub next: Timestamp,
    /// When the source last confirmed what is in force.
    pub confirmed: Timestamp,
    /// Who polled last.
    pub poller: QueueId,
    /// Which trouble was met last, as a number that differs for each; 0 for none.
    pub trouble: u64,
}

impl Shelf {
    /// The shelf of `source`. Its headers count: another tenant has other rules. Who changes a credential there begins anew.
    pub fn new(source: &BundleSource) -> Self {
        let mut digest = Sha256::new();
        for text in texts(&source.endpoint) {
            digest.update(text);
            // A byte that none of them contains.
            digest.update([0xff]);
        }
        let name = digest.finalize().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
        let longest = source.interval.max(patience(source));
        Self {
            text: format!("modgate/bundle/{name:016x}"),
            round: format!("modgate/bundle/{name:016x} round"),
            longest,
        }
    }

    /// The bundle that was read last; nothing where none was, or another build of this filter wrote it in its own way.
    pub fn read(&self, kv: &dyn SharedKv) -> Option<Kept> {
        Kept::decode(&kv.get(&self.text)?.value)
    }

    /// What the workers know of their polling.
    pub fn round(&self, kv: &dyn SharedKv) -> Round {
        kv.get(&self.round).and_then(|read| Round::decode(&read.value)).unwrap_or_default()
    }

    /// Whether a poll is due. One that is further away than any is put off is from before the clock was set back, or of a
    /// configuration with a longer interval.
    pub fn is_due(&self, round: &Round, now: Timestamp) -> bool {
        round.next <= now || round.next.since(now) > self.longest + SKEW
    }

    /// Claims the round for `poller`, if it is due: nobody else polls until then.
    pub fn claim(&self, kv: &mut dyn SharedKv, poller: QueueId, until: Timestamp, now: Timestamp) -> bool {
        self.change(kv, |round| self.is_due(&round, now).then_some(Round { poller, next: until, ..round }))
    }

    /// Prolongs a claim that ran until then, unless another worker has it by now.
    pub fn prolong(
        &self,
        kv: &mut dyn SharedKv,
        poller: QueueId,
        claimed: Timestamp,
        until: Timestamp,
    ) -> bool {
        self.change(kv, |round| {
            (round.poller == poller && round.next == claimed).then_some(Round { next: until, ..round })
        })
    }

    /// Ends the round of `poller`, unless another worker has claimed it by now.
    pub fn end(&self, kv: &mut dyn SharedKv, ended: Round) {
        self.change(kv, |round| (round.poller == ended.poller).then_some(ended));
    }

    /// Keeps a bundle in place of the one before, and says which revision it is; nothing where another worker wrote one
    /// meanwhile, though only who has claimed the round does this.
    pub fn keep(&self, kv: &mut dyn SharedKv, tag: &str, text: &str) -> Option<u64> {
        let read = kv.get(&self.text);
        let before = read.as_ref().and_then(|read| Kept::decode(&read.value)).map(|kept| kept.revision);
        let revision = before.unwrap_or_default().max(self.round(kv).revision).wrapping_add(1);
        let bytes = Kept::encode(revision, tag, text);
        kv.put(&self.text, &bytes, Expected::unchanged(read.as_ref())).is_ok().then_some(revision)
    }

    /// Writes what `next` makes of the round, if anything; whether it did.
    fn change(&self, kv: &mut dyn SharedKv, next: impl Fn(Round) -> Option<Round>) -> bool {
        for _ in 0..ATTEMPTS {
            let read = kv.get(&self.round);
            let round = read.as_ref().and_then(|read| Round::decode(&read.value)).unwrap_or_default();
            let Some(next) = next(round) else { return false };
            if kv.put(&self.round, &next.encode(), Expected::unchanged(read.as_ref())).is_ok() {
                return true;
            }
        }
        false
    }
}

/// For how long a worker that polls is believed to be alive: for longer than the host lets it wait.
pub fn patience(source: &BundleSource) -> Duration {
    source.endpoint.timeout + SKEW / 2
}

/// Layout 1, numbers little-endian:
///
/// ```text
///  0        1          9        13    13+n
/// +--------+----------+--------+-----+------+
/// | layout | revision | length | tag | text |
/// | 1      |          | n      |     |      |
/// +--------+----------+--------+-----+------+
/// ```
impl Kept {
    fn encode(revision: u64, tag: &str, text: &str) -> Vec<u8> {
        let length = u32::try_from(tag.len()).unwrap_or_default();
        let mut bytes = Vec::with_capacity(13 + tag.len() + text.len());
        bytes.push(LAYOUT);
        bytes.extend(revision.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(tag.as_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let [layout] = take(&mut bytes)?;
        if layout != LAYOUT {
            return None;
        }
        let revision = u64::from_le_bytes(take(&mut bytes)?);
        let length = u32::from_le_bytes(take(&mut bytes)?);
        let (tag, text) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        let read = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        Some(Self { revision, tag: read(tag)?, text: read(text)? })
    }
}

/// Layout 1, numbers little-endian:
///
/// ```text
///  0        1          9         17          25       29
/// +--------+----------+---------+-----------+--------+---------+
/// | layout | revision | next    | confirmed | poller | trouble |
/// | 1      |          | Unix ms | Unix ms   | queue  |         |
/// +--------+----------+---------+-----------+--------+---------+
/// ```
impl Round {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT];
        bytes.extend(self.revision.to_le_bytes());
        bytes.extend(self.next.0.to_le_bytes());
        bytes.extend(self.confirmed.0.to_le_bytes());
        bytes.extend(self.poller.0.to_le_bytes());
        bytes.extend(self.trouble.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let [layout] = take(&mut bytes)?;
        let revision = u64::from_le_bytes(take(&mut bytes)?);
        let next = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let confirmed = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let poller = QueueId(u32::from_le_bytes(take(&mut bytes)?));
        let trouble = u64::from_le_bytes(take(&mut bytes)?);
        (layout == LAYOUT && bytes.is_empty()).then_some(Self { revision, next, confirmed, poller, trouble })
    }
}

const LAYOUT: u8 = 1;

/// Who loses a race to a claim sees that claim next.
const ATTEMPTS: usize = 3;
