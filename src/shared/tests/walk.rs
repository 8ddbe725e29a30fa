//! The index, walked page by page while others write.

use super::{Pages, START, after, found, seat, shaped};
use crate::shared::{Cursor, Index, Memory, Region};

/// What a walk meets in so many pages at each turn, and how many turns it takes; `between` happens between two of them.
fn walk(
    index: &Index,
    memory: &mut Memory,
    most: usize,
    mut between: impl FnMut(&mut Memory),
) -> (Vec<(Region, String)>, usize) {
    let (mut met, mut turns, mut cursor) = (Vec::new(), 0, Some(Cursor::BEGIN));
    while let Some(at) = cursor {
        cursor = index.scan(memory, at, most, |region, bytes, occupant| {
            assert!(bytes > occupant.key.path.len());
            met.push((region, occupant.key.path.to_owned()));
        });
        turns += 1;
        between(memory);
    }
    (met, turns)
}

/// 64 pages of a few records, and as many for what is missing.
const PAGES: usize = 2 * 64 + 16;

fn index() -> Index {
    let (pages, large) = (Pages { count: 64, bytes: 300 }, Pages { count: 16, bytes: 1000 });
    Index::new(&shaped(pages, large), seat(1))
}

#[test]
fn every_record_is_met_once_whatever_a_turn_may_read() {
    let (mut memory, mut index) = (Memory::default(), index());
    for number in 0..40 {
        // Every tenth is large.
        let body = "x".repeat(if number % 10 == 0 { 500 } else { 1 });
        index.keep(&mut memory, &format!("{number:02}"), &found(&body, START), START);
    }
    let (whole, turns) = walk(&index, &mut memory, usize::MAX, |_| ());
    assert_eq!(turns, 1);
    let mut paths: Vec<_> = whole.iter().map(|(_, path)| path.clone()).collect();
    paths.sort_unstable();
    assert_eq!(paths, (0..40).map(|number| format!("{number:02}")).collect::<Vec<_>>());
    for most in [1, 7, 64, 65] {
        let (met, turns) = walk(&index, &mut memory, most, |_| ());
        assert_eq!(met, whole, "{most}");
        assert_eq!(turns, PAGES / most + 1, "of {most}");
    }
}

#[test]
fn a_walk_comes_to_its_end_whatever_is_written_meanwhile() {
    let (mut memory, mut index) = (Memory::default(), index());
    let mut other = index.clone();
    let mut number = 0;
    index.keep(&mut memory, "first", &found("x", START), START);
    let (met, turns) = walk(&index, &mut memory, 4, |memory| {
        for _ in 0..16 {
            number += 1;
            other.keep(memory, &format!("{number}"), &found("x", after(START, number)), after(START, number));
        }
        other.forget(memory, Region::Found, &format!("{}", number / 2), after(START, number));
    });
    assert_eq!(turns, PAGES / 4 + 1);
    assert!(met.len() > 16, "{}", met.len());
}
