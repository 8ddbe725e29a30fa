//! Documents that are polled: what was read last, which worker asks when, and up to where a source was read.
//!
//! They live apart from the index, each under two names of its own: nothing evicts them, and they outlive a configuration and the VM
//! that read them. The names are of the document and of where it comes from, so that a configuration with another source does not
//! find them.
//!
//! A snapshot may be long and changes seldom; the state, below, is short, and every worker looks at it several times a second. All
//! workers poll in turn, the first one that finds a poll due:
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
    config::Endpoint,
    feed::KEPT,
    http::{SKEW, Timestamp},
};

/// Where one document from one source is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotStore {
    snapshot: String,
    state: String,
    /// The furthest that the next poll can be away.
    longest: Duration,
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Another one for each content.
    pub revision: u64,
    /// What the document's reader makes the document of again.
    pub bytes: Vec<u8>,
}

/// Who polls, and what came of it so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollState {
    /// The revision in force; 0 for none.
    pub revision: u64,
    /// When a worker is to poll.
    pub next: Timestamp,
    /// When the source last confirmed what is in force.
    pub confirmed: Timestamp,
    /// Who polled last.
    pub poller: QueueId,
    /// Whether it polls: the next poll is when it is given up.
    pub is_polling: bool,
    /// Which trouble was met last, as a number that differs for each; 0 for none.
    pub trouble: u64,
    /// That trouble in a line, to be shown. At most [`MAX_WHY_BYTES`] bytes.
    pub why: String,
    /// Up to where the source was read for this revision, as the document's reader says it: an entity tag, a place in a feed. Empty
    /// where the source is to be read from its beginning. At most [`MAX_CURSOR_BYTES`] bytes.
    pub cursor: Vec<u8>,
}

impl SnapshotStore {
    /// The store of `document`, a name of `[a-z_]`, from the source at `endpoint`, which is asked at `interval`. The headers of the
    /// endpoint count: another tenant has another document. Who changes a credential there begins anew.
    pub fn new(document: &str, endpoint: &Endpoint, interval: Duration) -> Self {
        let source = source_number(endpoint);
        Self {
            snapshot: format!("modgate/poll/{document}/{source:016x}"),
            state: format!("modgate/poll/{document}/{source:016x} state"),
            longest: interval.max(patience(endpoint)),
        }
    }

    /// The document that was read last; `None` where none was, or another build of this filter wrote it in its own way.
    pub fn read(&self, kv: &dyn SharedKv) -> Option<Snapshot> {
        Snapshot::decode(&kv.get(&self.snapshot)?.value)
    }

    /// What the workers know of their polling.
    pub fn state(&self, kv: &dyn SharedKv) -> PollState {
        kv.get(&self.state).and_then(|read| PollState::decode(&read.value)).unwrap_or_default()
    }

    /// Whether a poll is due. One that is further away than any is put off is from before the clock was set back, or of a
    /// configuration with a longer interval.
    pub fn is_due(&self, state: &PollState, now: Timestamp) -> bool {
        state.next <= now || state.next.since(now) > self.longest + SKEW
    }

    /// Claims the poll for `poller`, if it is due: no other worker polls until then.
    pub fn claim(&self, kv: &mut dyn SharedKv, poller: QueueId, until: Timestamp, now: Timestamp) -> bool {
        self.change(kv, |state| {
            self.is_due(&state, now).then_some(PollState { poller, is_polling: true, next: until, ..state })
        })
    }

    /// Prolongs a claim that ran until then, unless another worker has it by now.
    pub fn prolong(
        &self,
        kv: &mut dyn SharedKv,
        poller: QueueId,
        claimed: Timestamp,
        until: Timestamp,
    ) -> bool {
        self.change(kv, |state| {
            (state.poller == poller && state.next == claimed).then_some(PollState { next: until, ..state })
        })
    }

    /// Ends the poll of `ended.poller`, unless another worker has claimed it by now.
    pub fn end(&self, kv: &mut dyn SharedKv, ended: &PollState) {
        let ended = PollState { is_polling: false, ..ended.clone() };
        self.change(kv, |state| (state.poller == ended.poller).then(|| ended.clone()));
    }

    /// Puts the next poll off until then, where none is under way: another gateway asks the source meanwhile, and has read it up to this
    /// cursor, if that is further than here. Whether the cursor is here now.
    pub fn follow(
        &self,
        kv: &mut dyn SharedKv,
        cursor: Option<(&[u8], Timestamp)>,
        next: Timestamp,
        now: Timestamp,
    ) -> bool {
        let state = self.state(kv);
        let is_polling = |state: &PollState| state.is_polling && !self.is_due(state, now);
        if is_polling(&state) {
            return false;
        }
        let first = match cursor {
            // A cursor is of a revision.
            Some(_) if state.revision == 0 => self.keep(kv, KEPT),
            _ => None,
        };
        let next = next.min(now.after(self.longest));
        self.change(kv, |state| {
            if is_polling(&state) {
                return None;
            }
            let revision = first.unwrap_or(state.revision);
            let state = PollState { next, is_polling: false, revision, ..state };
            Some(match cursor {
                Some((cursor, confirmed)) => {
                    PollState { cursor: cursor.to_vec(), confirmed, trouble: 0, why: String::new(), ..state }
                }
                None => state,
            })
        })
    }

    /// Keeps a snapshot in place of the one before, and says which revision it is; `None` where another worker wrote one
    /// meanwhile, though only the worker that has claimed the poll does this.
    pub fn keep(&self, kv: &mut dyn SharedKv, bytes: &[u8]) -> Option<u64> {
        let read = kv.get(&self.snapshot);
        let before = read.as_ref().and_then(|read| Snapshot::revision(&read.value));
        let revision = before.unwrap_or_default().max(self.state(kv).revision).wrapping_add(1);
        let bytes = Snapshot::encode(revision, bytes);
        kv.put(&self.snapshot, &bytes, Expected::unchanged(read.as_ref())).is_ok().then_some(revision)
    }

    /// Writes what `next` makes of the state, if anything; whether it did.
    fn change(&self, kv: &mut dyn SharedKv, next: impl Fn(PollState) -> Option<PollState>) -> bool {
        for _ in 0..ATTEMPTS {
            let read = kv.get(&self.state);
            let state = read.as_ref().and_then(|read| PollState::decode(&read.value)).unwrap_or_default();
            let Some(next) = next(state) else { return false };
            if kv.put(&self.state, &next.encode(), Expected::unchanged(read.as_ref())).is_ok() {
                return true;
            }
        }
        false
    }
}

/// A number that stands for where something is read from.
pub(super) fn source_number(endpoint: &Endpoint) -> u64 {
    let mut digest = Sha256::new();
    for text in texts(endpoint) {
        digest.update(text);
        // A byte that none of them contains.
        digest.update([0xff]);
    }
    digest.finalize().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// For how long a worker that polls is believed to be alive: for longer than the host lets it wait.
pub fn patience(endpoint: &Endpoint) -> Duration {
    endpoint.timeout + SKEW / 2
}

/// Layout 1, numbers little-endian:
///
/// ```text
///  0        1          9
/// +--------+----------+-------+
/// | layout | revision | bytes |
/// | 1      |          |       |
/// +--------+----------+-------+
/// ```
impl Snapshot {
    fn encode(revision: u64, snapshot: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(9 + snapshot.len());
        bytes.push(LAYOUT);
        bytes.extend(revision.to_le_bytes());
        bytes.extend(snapshot);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (_, rest) = bytes.split_at_checked(9)?;
        Some(Self { revision: Self::revision(bytes)?, bytes: rest.to_vec() })
    }

    /// The revision alone: what it is of may be several megabytes.
    fn revision(mut bytes: &[u8]) -> Option<u64> {
        let [layout] = take(&mut bytes)?;
        let revision = u64::from_le_bytes(take(&mut bytes)?);
        (layout == LAYOUT).then_some(revision)
    }
}

/// Layout 3, numbers little-endian:
///
/// ```text
///  0        1          9         17          25       29        30        38       40    40 + length
/// +--------+----------+---------+-----------+--------+---------+---------+--------+-----+--------+
/// | layout | revision | next    | confirmed | poller | polling | trouble | length | why | cursor |
/// | 3      |          | Unix ms | Unix ms   | queue  | 0 or 1  |         | of why |     |        |
/// +--------+----------+---------+-----------+--------+---------+---------+--------+-----+--------+
/// ```
impl PollState {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![STATE_LAYOUT];
        bytes.extend(self.revision.to_le_bytes());
        bytes.extend(self.next.0.to_le_bytes());
        bytes.extend(self.confirmed.0.to_le_bytes());
        bytes.extend(self.poller.0.to_le_bytes());
        bytes.push(self.is_polling.into());
        bytes.extend(self.trouble.to_le_bytes());
        // No longer than that, so it fits.
        bytes.extend(u16::try_from(self.why.len()).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(self.why.as_bytes());
        bytes.extend(&self.cursor);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let [layout] = take(&mut bytes)?;
        let revision = u64::from_le_bytes(take(&mut bytes)?);
        let next = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let confirmed = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
        let poller = QueueId(u32::from_le_bytes(take(&mut bytes)?));
        let [polling] = take(&mut bytes)?;
        let trouble = u64::from_le_bytes(take(&mut bytes)?);
        let length = usize::from(u16::from_le_bytes(take(&mut bytes)?));
        let (why, cursor) = bytes.split_at_checked(length)?;
        let why = std::str::from_utf8(why).ok()?.to_owned();
        let is_ours = layout == STATE_LAYOUT && length <= MAX_WHY_BYTES && cursor.len() <= MAX_CURSOR_BYTES;
        let is_polling = polling == 1;
        is_ours.then(|| Self {
            revision,
            next,
            confirmed,
            poller,
            is_polling,
            trouble,
            why,
            cursor: cursor.to_vec(),
        })
    }
}

/// Entity tags and places in feeds are some dozens of bytes, and every worker reads them twice a second. A longer one is left alone:
/// the source is read from its beginning.
pub const MAX_CURSOR_BYTES: usize = 1024;

/// A line that says what is wrong; the log has all of it.
pub const MAX_WHY_BYTES: usize = 300;

const LAYOUT: u8 = 1;
const STATE_LAYOUT: u8 = 3;

/// A worker that loses a race to a claim sees that claim next.
const ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn state(cursor: &[u8]) -> PollState {
        PollState {
            revision: 7,
            next: Timestamp(1_700_000_010_000),
            confirmed: Timestamp(1_700_000_000_000),
            poller: QueueId(3),
            is_polling: true,
            trouble: 9,
            why: "its source answers 500".to_owned(),
            cursor: cursor.to_vec(),
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        for cursor in [&b""[..], b"W/\"tag\"", &[0xff; MAX_CURSOR_BYTES]] {
            let state = state(cursor);
            assert_eq!(PollState::decode(&state.encode()), Some(state));
        }
        for bytes in [&b""[..], b"{}", &[0; 4096]] {
            let snapshot = Snapshot { revision: 5, bytes: bytes.to_vec() };
            assert_eq!(Snapshot::decode(&Snapshot::encode(5, bytes)), Some(snapshot));
        }
    }

    #[test]
    fn what_another_build_wrote_is_nothing() {
        let whole = state(b"tag").encode();
        for cut in 0..40 + state(b"").why.len() {
            assert_eq!(PollState::decode(&whole[..cut]), None, "{cut} bytes");
        }
        let long = PollState { why: "x".repeat(MAX_WHY_BYTES + 1), ..state(b"") };
        assert_eq!(PollState::decode(&long.encode()), None);
        assert_eq!(PollState::decode(&state(&[0; MAX_CURSOR_BYTES + 1]).encode()), None);
        for cut in 0..9 {
            assert_eq!(Snapshot::decode(&Snapshot::encode(1, b"{}")[..cut]), None, "{cut} bytes");
        }
        let other = |mut bytes: Vec<u8>| {
            bytes[0] += 1;
            bytes
        };
        assert_eq!(PollState::decode(&other(whole)), None);
        assert_eq!(Snapshot::decode(&other(Snapshot::encode(1, b"{}"))), None);
    }
}
