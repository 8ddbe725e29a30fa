//! The host's shared data.

use proxy_wasm::hostcalls;

use crate::shared::SharedKv;

/// One name space per `vm_id`, for all workers of the process.
pub(super) struct SharedData;

impl SharedKv for SharedData {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        hostcalls::get_shared_data(key).ok().and_then(|(value, _)| value)
    }

    fn set(&mut self, key: &str, value: &[u8]) {
        // Without an expected version Envoy always writes.
        let _ = hostcalls::set_shared_data(key, Some(value), None);
    }
}

/// A number no other VM of this process has, for names that must differ between workers; nothing if the host lets no one
/// have it.
pub(super) fn unique_number() -> Option<u32> {
    for _ in 0..MAX_TRIES {
        let (value, version) = hostcalls::get_shared_data(COUNTER).unwrap_or_default();
        let number = value.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        // A missing key has no version; one that no write ever had makes this a put-if-absent.
        let expected = version.unwrap_or(u32::MAX);
        if hostcalls::set_shared_data(COUNTER, Some(&number.wrapping_add(1).to_le_bytes()), Some(expected))
            .is_ok()
        {
            return Some(number);
        }
    }
    None
}

const COUNTER: &str = "modgate/workers";

/// More than the workers of any Envoy that could take the same version at the same time.
const MAX_TRIES: u32 = 4096;
