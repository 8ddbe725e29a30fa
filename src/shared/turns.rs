//! Turns that are counted by a clock, of which one worker of all takes each.

use super::{Expected, SharedKv, bytes::take};

/// Takes the turn `number` of what is called `name`, unless a worker has taken it; the turn that was taken before it, if any was.
///
/// A clock that was set back has earlier turns taken once more.
pub fn take_turn(kv: &mut dyn SharedKv, name: &str, number: u64) -> Option<Option<u64>> {
    let name = format!("modgate/turn/{name}");
    let read = kv.get(&name);
    let before = read.as_ref().and_then(|read| take(&mut &read.value[..]).map(u64::from_le_bytes));
    if before == Some(number) {
        return None;
    }
    kv.put(&name, &number.to_le_bytes(), Expected::unchanged(read.as_ref())).ok().map(|_| before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    #[test]
    fn a_turn_is_taken_once() {
        let mut memory = Memory::default();
        assert_eq!(take_turn(&mut memory, "a", 7), Some(None));
        assert_eq!(take_turn(&mut memory, "a", 7), None);
        assert_eq!(take_turn(&mut memory, "b", 7), Some(None));
        assert_eq!(take_turn(&mut memory, "a", 8), Some(Some(7)));
        assert_eq!(take_turn(&mut memory, "a", 3), Some(Some(8)), "the clock was set back");
    }
}
