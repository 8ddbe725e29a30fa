//! Documents that stand in pages of their own, behind a pointer.

use super::{
    Entry, Index, Memory, Pages, Region, START, SharedKv, Timestamp, after, found,
    interleave::{Program, Running, State},
    seat, shaped,
};
use crate::shared::{Expected, Kept};

/// Every key has the same page of each class.
fn index() -> Index {
    Index::new(&shaped(Pages { count: 1, bytes: 300 }, Pages { count: 1, bytes: 600 }), seat(1))
}

fn large(since: Timestamp) -> Entry {
    found(&format!("{} ", since.0).repeat(20), since)
}

#[test]
fn a_document_goes_from_small_to_large_and_back() {
    let (mut memory, mut index) = (Memory::default(), index());
    for (number, entry) in
        [found("small", START), large(after(START, 1)), found("again", after(START, 2))].iter().enumerate()
    {
        let kept = index.keep(&mut memory, "m", entry, after(START, 10));
        assert_eq!(kept, if number == 0 { Kept::New } else { Kept::Replaced });
        assert_eq!(index.peek(&memory, Region::Found, "m").as_ref(), Some(entry));
    }
    index.keep(&mut memory, "m", &large(after(START, 3)), after(START, 10));
    index.forget(&mut memory, Region::Found, "m", after(START, 10));
    assert_eq!(index.peek(&memory, Region::Found, "m"), None);
}

#[test]
fn a_pointer_without_its_document_is_a_miss() {
    let (mut memory, mut index) = (Memory::default(), index());
    index.keep(&mut memory, "m", &large(START), START);
    let page = "modgate/index/large/0";
    let version = memory.get(page).unwrap().version;
    memory.put(page, &[], Expected::Version(version)).unwrap();
    assert_eq!(index.look_up(&mut memory, Region::Found, "m", START), None);
    // Nor does it keep the same answer out.
    index.keep(&mut memory, "m", &large(START), START);
    assert_eq!(index.look_up(&mut memory, Region::Found, "m", START), Some(large(START)));
}

#[test]
fn a_large_one_that_has_no_room_ends_the_one_before() {
    let (mut memory, mut index) = (Memory::default(), index());
    for path in ["other", "m"] {
        index.keep(&mut memory, path, &if path == "m" { found("old", START) } else { large(START) }, START);
        for second in 0..3 {
            assert!(index.look_up(&mut memory, Region::Found, path, after(START, second * 31_000)).is_some());
        }
    }
    let now = after(START, 63_000);
    assert!(matches!(index.keep(&mut memory, "m", &large(now), now), Kept::Not(_)));
    assert_eq!(index.peek(&memory, Region::Found, "m"), None);
    assert!(index.peek(&memory, Region::Found, "other").is_some());
}

/// Two workers keep two answers at once, one of them large or both, while a third looks up.
#[test]
fn whatever_is_seen_is_what_was_kept_and_the_newer_one_in_the_end() {
    let (older, newer) = (START, after(START, 1_000));
    let now = after(newer, 1_000);
    let answers = |since| [large(since), found("small", since)];
    for before in [None, Some(large(Timestamp(START.0 - 1_000)))] {
        for old in answers(older) {
            for new in answers(newer) {
                let mut memory = Memory::default();
                if let Some(before) = &before {
                    index().keep(&mut memory, "m", before, START);
                }
                let known: Vec<_> = before.iter().chain([&old, &new]).cloned().collect();
                let keep = |entry: Entry| {
                    move |kv: &mut Running, notes: &[()]| {
                        notes.is_empty().then(|| drop(index().keep(kv, "m", &entry, now)))
                    }
                };
                let (first, second) = (keep(old.clone()), keep(new.clone()));
                let reader = |kv: &mut Running, notes: &[()]| {
                    notes.is_empty().then(|| {
                        let seen = index().look_up(kv, Region::Found, "m", now);
                        assert!(seen.as_ref().is_none_or(|seen| known.contains(seen)), "{seen:?}");
                    })
                };
                let programs: [Program<'_, ()>; 3] = [&first, &second, &reader];
                State::new(memory, START, &[]).explore(&programs, |state| {
                    if state.is_over() {
                        let seen = index().peek(&state.memory, Region::Found, "m");
                        // Two that write over one another three times may leave nothing, and never the older one.
                        assert!(seen.is_none() || seen.as_ref() == Some(&new), "{seen:?}");
                    }
                });
            }
        }
    }
}
