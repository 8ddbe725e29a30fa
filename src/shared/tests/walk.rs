//! The index, walked slot by slot while others write.

use super::{START, after, found, index};
use crate::shared::{Cursor, Index, Memory, Region};

/// What a walk meets in so many slots at each turn, and how many turns it takes; `between` happens between two of them.
fn walk(
    index: &Index,
    memory: &mut Memory,
    most: usize,
    mut between: impl FnMut(&mut Memory),
) -> (Vec<(Region, Option<String>)>, usize) {
    let (mut met, mut turns, mut cursor) = (Vec::new(), 0, Some(Cursor::BEGIN));
    while let Some(at) = cursor {
        cursor = index.scan(memory, at, most, |region, bytes, occupant| {
            assert_eq!(bytes > 0, occupant.is_some());
            met.push((region, occupant.map(|occupant| occupant.key.path.to_owned())));
        });
        turns += 1;
        between(memory);
    }
    (met, turns)
}

#[test]
fn every_slot_is_met_once_whatever_a_turn_may_read() {
    let (mut memory, mut index) = (Memory::default(), index(64));
    for number in 0..40 {
        index.keep(&mut memory, &format!("{number}"), &found("x", START), START);
    }
    let slots = [Region::Found, Region::Missing].map(|region| index.slots(region) as usize);
    let (whole, turns) = walk(&index, &mut memory, usize::MAX, |_| ());
    assert_eq!((whole.len(), turns), (slots[0] + slots[1], 1));
    let taken = whole.iter().filter(|(region, path)| *region == Region::Found && path.is_some()).count();
    assert!((30..=40).contains(&taken), "{taken}");
    for most in [1, 7, 64, 65] {
        let (met, turns) = walk(&index, &mut memory, most, |_| ());
        assert_eq!(met, whole, "{most}");
        assert!(turns <= whole.len() / most + 2, "{turns} turns of {most}");
    }
}

#[test]
fn a_walk_comes_to_its_end_whatever_is_written_meanwhile() {
    let (mut memory, mut index) = (Memory::default(), index(64));
    let mut other = index.clone();
    let mut number = 0;
    index.keep(&mut memory, "first", &found("x", START), START);
    let (met, _) = walk(&index, &mut memory, 4, |memory| {
        for _ in 0..16 {
            number += 1;
            other.keep(memory, &format!("{number}"), &found("x", after(START, number)), after(START, number));
        }
        other.forget(memory, Region::Found, &format!("{}", number / 2), after(START, number));
    });
    assert_eq!(met.len(), (index.slots(Region::Found) + index.slots(Region::Missing)) as usize);
}
