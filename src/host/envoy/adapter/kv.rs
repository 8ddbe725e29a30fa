//! The host's shared data.
//!
//! The host says `NotFound` of a key that is absent, which is a value here. The SDK (0.2.5) panics on every other status. If a later SDK
//! returns them, a key that cannot be read counts as absent. That is safe: answers are fetched or proven anew, and without a required
//! bundle every module is refused. A write that fails is a conflict: no worker gets a lease, a number or a slot of the index by it.

use std::time::UNIX_EPOCH;

use proxy_wasm::hostcalls;

use crate::shared::{Conflict, Expected, SharedKv, Versioned};

/// One name space per `vm_id`, for all workers of the process.
pub(super) struct SharedData;

impl SharedKv for SharedData {
    fn get(&self, key: &str) -> Option<Versioned> {
        let (value, version) = hostcalls::get_shared_data(key).ok()?;
        Some(Versioned { value: value.unwrap_or_default(), version: version? })
    }

    fn put(&mut self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        // The host compares only where the key exists: a version that no write ever had makes this a put-if-absent.
        let version = match expected {
            Expected::Absent => u32::MAX,
            Expected::Version(version) => version,
        };
        hostcalls::set_shared_data(key, Some(value), Some(version)).map_err(|_| Conflict)
    }
}

/// A number that no other VM of this process has, for names that must differ between workers; `None` if the host takes no write.
pub(super) fn unique_number() -> Option<u32> {
    for _ in 0..MAX_TRIES {
        let read = SharedData.get(COUNTER);
        let number = read
            .as_ref()
            .and_then(|read| read.value.as_slice().try_into().ok())
            .map_or(0, u32::from_le_bytes);
        let next = number.wrapping_add(1).to_le_bytes();
        if SharedData.put(COUNTER, &next, Expected::unchanged(read.as_ref())).is_ok() {
            return Some(number);
        }
    }
    None
}

/// The key of this memory's hashes: the first worker of the process draws it, all others read it. The ABI has no source of
/// randomness; the clock counts nanoseconds, and no client knows in which of them the first worker started.
pub(super) fn seed() -> u64 {
    let now = hostcalls::get_current_time().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let drawn = now.map_or(0, |now| u64::from(now.subsec_nanos()) << 32 ^ now.as_secs());
    let _ = SharedData.put(SEED, &drawn.to_le_bytes(), Expected::Absent);
    let read = SharedData.get(SEED).and_then(|read| read.value.try_into().ok());
    read.map_or(drawn, u64::from_le_bytes)
}

const SEED: &str = "modgate/seed";

const COUNTER: &str = "modgate/workers";

/// More than the workers of any Envoy that could take the same version at the same time.
const MAX_TRIES: u32 = 4096;
