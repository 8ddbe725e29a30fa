//! Hours, of each of which one worker of all does what is to be done once.

use super::{Expected, SharedKv, bytes::take};

/// Claims an hour, counted since the Unix epoch, for what is called `task`, unless a worker has claimed it; the hour that was claimed before it,
/// if any was.
///
/// Where the clock was set back, earlier hours are claimed once more.
pub fn claim_hour(kv: &mut dyn SharedKv, task: &str, hour: u64) -> Option<Option<u64>> {
    let name = format!("modgate/hour/{task}");
    let read = kv.get(&name);
    let before = read.as_ref().and_then(|read| take(&mut &read.value[..]).map(u64::from_le_bytes));
    if before == Some(hour) {
        return None;
    }
    kv.put(&name, &hour.to_le_bytes(), Expected::unchanged(read.as_ref())).ok().map(|_| before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    #[test]
    fn an_hour_is_claimed_once() {
        let mut memory = Memory::default();
        assert_eq!(claim_hour(&mut memory, "a", 7), Some(None));
        assert_eq!(claim_hour(&mut memory, "a", 7), None);
        assert_eq!(claim_hour(&mut memory, "b", 7), Some(None));
        assert_eq!(claim_hour(&mut memory, "a", 8), Some(Some(7)));
        assert_eq!(claim_hour(&mut memory, "a", 3), Some(Some(8)), "the clock was set back");
    }
}
