//! What one worker of all tells the log, and not each of them.

use std::time::Duration;

use super::{Expected, SharedKv, bytes::take};
use crate::http::Timestamp;

/// Whether this worker is to tell what has this digest: no worker told the same within `rest`, or another matter was told last. `about`
/// says of what it is; there are few.
pub fn is_to_tell(kv: &mut dyn SharedKv, about: &str, digest: u64, rest: Duration, now: Timestamp) -> bool {
    let name = format!("modgate/told/{about}");
    let read = kv.get(&name);
    let told = read.as_ref().and_then(|read| decode(&read.value));
    if told.is_some_and(|(before, since)| before == digest && now.is_within(rest, since)) {
        return false;
    }
    let mut bytes = digest.to_le_bytes().to_vec();
    bytes.extend(now.0.to_le_bytes());
    // The worker that was faster tells it.
    kv.put(&name, &bytes, Expected::unchanged(read.as_ref())).is_ok()
}

fn decode(mut bytes: &[u8]) -> Option<(u64, Timestamp)> {
    let digest = u64::from_le_bytes(take(&mut bytes)?);
    let since = Timestamp(u64::from_le_bytes(take(&mut bytes)?));
    bytes.is_empty().then_some((digest, since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    #[test]
    fn one_worker_tells_it_and_again_after_a_while() {
        let (mut memory, hour) = (Memory::default(), Duration::from_secs(3600));
        let mut tells = |digest, at: u64| {
            is_to_tell(&mut memory, "waivers", digest, hour, Timestamp(1_700_000_000_000 + at))
        };
        assert!(tells(1, 0) && !tells(1, 1) && !tells(1, 3_599_999));
        assert!(tells(1, 3_600_000) && tells(2, 3_600_001) && !tells(2, 3_600_002));
        memory.put("modgate/told/other", b"what another build wrote", Expected::Absent).unwrap();
        assert!(is_to_tell(&mut memory, "other", 1, hour, Timestamp(0)));
    }
}
