//! Which worker of the Envoy gathers large zips in its memory.
//!
//! A VM's memory never shrinks. If each worker gathered the zips that its own clients ask for, each would come to hold the largest of them
//! for ever. So of all workers of the same sources one gathers, for as long as it lives, and the others hand their zips over to it. A worker
//! of other sources could not fetch them.
//!
//! ```text
//!  none ── claim by A ──▶ A ── B hands over: called ──▶ A, called ── A hears of it ──▶ A
//!                                                            │
//!                                                            └── A has not for SILENCE: the next that claims is it
//! ```

use std::time::Duration;

use super::{Expected, QueueId, SharedKv, Versioned, bytes::take};
use crate::http::Timestamp;

/// What stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gatherer {
    worker: QueueId,
    /// Since when it has been called without having heard.
    called: Option<Timestamp>,
}

/// The worker that gathers for the sources `scope`: the one that did, unless it seems to be dead, else `worker` from now on.
pub fn gatherer(kv: &mut dyn SharedKv, scope: u64, worker: QueueId, now: Timestamp) -> QueueId {
    let name = name(scope);
    let read = kv.get(&name);
    match known(read.as_ref()) {
        Some(held) if held.worker == worker || !held.is_silent(now) => held.worker,
        _ => {
            let claimed = Gatherer { worker, called: None };
            match kv.put(&name, &claimed.encode(), Expected::unchanged(read.as_ref())) {
                Ok(()) => worker,
                // Another worker was faster.
                Err(_) => known(kv.get(&name).as_ref()).map_or(worker, |known| known.worker),
            }
        }
    }
}

/// `gatherer` is sent word.
pub fn call_gatherer(kv: &mut dyn SharedKv, scope: u64, gatherer: QueueId, now: Timestamp) {
    change(kv, scope, gatherer, |called| called.is_none().then_some(Some(now)));
}

/// `worker` has heard.
pub fn heard_as_gatherer(kv: &mut dyn SharedKv, scope: u64, worker: QueueId) {
    change(kv, scope, worker, |called| called.is_some().then_some(None));
}

/// Changes since when `worker` has been called, if it is the one that gathers.
fn change(
    kv: &mut dyn SharedKv,
    scope: u64,
    worker: QueueId,
    next: impl Fn(Option<Timestamp>) -> Option<Option<Timestamp>>,
) {
    let name = name(scope);
    for _ in 0..ATTEMPTS {
        let read = kv.get(&name);
        let Some(held) = known(read.as_ref()).filter(|held| held.worker == worker) else { return };
        let Some(called) = next(held.called) else { return };
        let changed = Gatherer { worker, called };
        if kv.put(&name, &changed.encode(), Expected::unchanged(read.as_ref())).is_ok() {
            return;
        }
    }
}

fn known(read: Option<&Versioned>) -> Option<Gatherer> {
    Gatherer::decode(&read?.value)
}

impl Gatherer {
    /// Whether it was called and did not hear, or was called before the clock was set back.
    fn is_silent(self, now: Timestamp) -> bool {
        self.called.is_some_and(|called| !now.is_within(SILENCE, called))
    }

    /// Layout 1, numbers little-endian: the layout, the queue, and since when it has been called (Unix ms), which may be left out.
    fn encode(self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT];
        bytes.extend(self.worker.0.to_le_bytes());
        if let Some(called) = self.called {
            bytes.extend(called.0.to_le_bytes());
        }
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        if take(&mut bytes)? != [LAYOUT] {
            return None;
        }
        let worker = QueueId(u32::from_le_bytes(take(&mut bytes)?));
        let called = take(&mut bytes).map(|called| Timestamp(u64::from_le_bytes(called)));
        bytes.is_empty().then_some(Self { worker, called })
    }
}

/// Under which name it stands, of the sources that [`super::Index::fetch_scope`] numbers.
fn name(scope: u64) -> String {
    format!("modgate/gatherer/{scope:016x}")
}

const LAYOUT: u8 = 1;

/// A worker that has not heard for so long is dead. One that lives hears at its next turn, and none takes seconds.
const SILENCE: Duration = Duration::from_secs(10);

/// A race is lost to a worker that says the same, or that hears.
const ATTEMPTS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    const SCOPE: u64 = 7;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(1_000_000 + 1_000 * seconds)
    }

    #[test]
    fn one_worker_gathers_until_it_is_called_in_vain() {
        let (mut kv, one, two) = (Memory::default(), QueueId(1), QueueId(2));
        assert_eq!(gatherer(&mut kv, SCOPE, one, at(0)), one);
        for day in 0..3 {
            let now = at(day * 86_400);
            assert_eq!(gatherer(&mut kv, SCOPE, two, now), one, "however long it gathered nothing");
            call_gatherer(&mut kv, SCOPE, one, now);
            heard_as_gatherer(&mut kv, SCOPE, two);
            heard_as_gatherer(&mut kv, SCOPE, one);
        }
        // Which call is in vain counts, not how many are.
        for second in 300_000..300_010 {
            call_gatherer(&mut kv, SCOPE, one, at(second));
            assert_eq!(gatherer(&mut kv, SCOPE, two, at(second)), one, "{second}");
        }
        assert_eq!(gatherer(&mut kv, SCOPE, one, at(300_010)), one, "it is here");
        assert_eq!(gatherer(&mut kv, SCOPE, two, at(300_010)), two);
        heard_as_gatherer(&mut kv, SCOPE, one);
        assert_eq!(gatherer(&mut kv, SCOPE, one, at(300_011)), two);
    }

    #[test]
    fn workers_of_other_sources_have_a_gatherer_of_their_own() {
        let (mut kv, one, two) = (Memory::default(), QueueId(1), QueueId(2));
        assert_eq!(gatherer(&mut kv, SCOPE, one, at(0)), one);
        assert_eq!(gatherer(&mut kv, SCOPE + 1, two, at(0)), two);
        assert_eq!(gatherer(&mut kv, SCOPE, two, at(0)), one);
    }

    #[test]
    fn what_is_no_record_is_nobody_s() {
        for bytes in [&b""[..], b"\x01", b"\x02\0\0\0\0", b"\x01\0\0\0\0\x07"] {
            let mut kv = Memory::default();
            kv.put(&name(SCOPE), bytes, Expected::Absent).unwrap();
            assert_eq!(gatherer(&mut kv, SCOPE, QueueId(3), at(0)), QueueId(3), "{bytes:?}");
        }
        // Called before the clock was set back.
        let mut kv = Memory::default();
        assert_eq!(gatherer(&mut kv, SCOPE, QueueId(1), at(0)), QueueId(1));
        call_gatherer(&mut kv, SCOPE, QueueId(1), at(1_000));
        assert_eq!(gatherer(&mut kv, SCOPE, QueueId(2), at(0)), QueueId(2));
    }
}
