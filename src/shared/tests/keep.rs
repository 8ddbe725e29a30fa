//! The index in every order in which two and three workers can do what they do to it.

use super::{
    START, after, found, index,
    interleave::{Program, Running, State},
};
use crate::{
    goproxy::Missing,
    http::Timestamp,
    shared::{Conflict, Cursor, Entry, Expected, Index, Kept, Memory, NotKept, Region, SharedKv, Versioned},
};

const OLDER: Timestamp = START;
const NEWER: Timestamp = Timestamp(START.0 + 1_000);

fn later() -> Timestamp {
    after(NEWER, 60_000)
}

/// What stands in the pages: whose it is, since when, and which body it has.
fn records(memory: &Memory) -> Vec<(String, Timestamp, String)> {
    let (mut records, index) = (Vec::new(), index(2));
    index.scan(memory, Cursor::BEGIN, usize::MAX, |_, _, occupant| {
        let Some(Entry::Found(found)) = occupant.entry() else { panic!("{occupant:?}") };
        let body = String::from_utf8(found.body.to_vec()).unwrap();
        records.push((occupant.key.path.to_owned(), occupant.since, body));
    });
    records
}

/// What this worker does at once: keeps a body, or looks up.
#[derive(Clone, Copy)]
enum Act {
    Keep(&'static str, Timestamp),
    LookUp(&'static str),
    Forget(&'static str),
}

/// Explores `acts`, one for each worker, over `memory`; `check` gets what stands in the pages at each end. Whatever stands
/// there in between is what somebody kept.
fn explore(
    index: &Index,
    memory: Memory,
    acts: &[Act],
    mut check: impl FnMut(&[(String, Timestamp, String)]),
) -> usize {
    let programs: Vec<_> = acts
        .iter()
        .map(|act| {
            move |kv: &mut Running, notes: &[()]| {
                let mut index = index.clone();
                notes.is_empty().then(|| match *act {
                    Act::Keep(path, since) => drop(index.keep(kv, path, &body(path, since), later())),
                    Act::Forget(path) => index.forget(kv, Region::Found, path, later()),
                    Act::LookUp(path) => {
                        if let Some(entry) = index.look_up(kv, Region::Found, path, later()) {
                            assert_eq!(entry, body(path, entry.since()));
                        }
                    }
                })
            }
        })
        .collect();
    let programs: Vec<Program<'_, ()>> = programs.iter().map(|program| program as Program<'_, ()>).collect();
    State::new(memory, START, &[]).explore(&programs, |state| {
        let records = records(&state.memory);
        for (path, since, text) in &records {
            assert_eq!(text, &format!("{path} since {}", since.0));
        }
        if state.is_over() {
            check(&records);
        }
    })
}

fn body(path: &str, since: Timestamp) -> Entry {
    found(&format!("{path} since {}", since.0), since)
}

/// Two pages, so that every key has the same two, with room for one record each; filled with others, used or not, or empty.
fn memories() -> Vec<Memory> {
    let kept = |paths: &[&'static str]| {
        let (mut memory, mut index) = (Memory::default(), index(2));
        paths.iter().for_each(|path| drop(index.keep(&mut memory, path, &body(path, OLDER), OLDER)));
        memory
    };
    vec![kept(&[]), kept(&["a"]), kept(&["x"]), kept(&["x", "y"]), kept(&["a", "x"])]
}

#[test]
fn the_newer_of_two_answers_stays_and_stands_there_once() {
    for memory in memories() {
        let acts = [Act::Keep("a", OLDER), Act::Keep("a", NEWER)];
        explore(&index(2), memory.clone(), &acts, |records| {
            let own: Vec<_> =
                records.iter().filter(|(path, ..)| path == "a").map(|(_, since, _)| *since).collect();
            assert_eq!(own, [NEWER], "{records:?} from {memory:?}");
        });
    }
}

#[test]
fn a_reader_and_a_third_key_change_nothing_of_that() {
    for memory in memories() {
        for third in [Act::LookUp("a"), Act::LookUp("x"), Act::Keep("b", NEWER)] {
            let acts = [Act::Keep("a", OLDER), Act::Keep("a", NEWER), third];
            let states = explore(&index(2), memory.clone(), &acts, |records| {
                let own: Vec<_> =
                    records.iter().filter(|(path, ..)| path == "a").map(|(_, since, _)| *since).collect();
                // Another newcomer may drive it out, and in its place the older comes in again.
                let is_alone = !matches!(third, Act::Keep(..));
                assert!(own == [NEWER] || !is_alone && own.len() <= 1, "{records:?} from {memory:?}");
            });
            assert!(states > 100, "{states}");
        }
    }
}

#[test]
fn a_use_that_is_written_down_undoes_no_newer_answer() {
    let (mut memory, mut index) = (Memory::default(), index(1));
    index.keep(&mut memory, "a", &body("a", OLDER), OLDER);
    let acts = [Act::LookUp("a"), Act::LookUp("a"), Act::Keep("a", NEWER)];
    explore(&index, memory, &acts, |records| {
        assert_eq!(records.iter().map(|record| record.1).collect::<Vec<_>>(), [NEWER]);
    });
}

#[test]
fn what_was_forgotten_comes_back_only_as_a_new_answer() {
    for memory in memories() {
        explore(&index(2), memory, &[Act::Forget("a"), Act::LookUp("a")], |records| {
            assert!(records.iter().all(|(path, ..)| path != "a"), "{records:?}");
        });
    }
}

#[test]
fn keeping_says_what_it_did() {
    let (mut memory, mut one) = (Memory::default(), index(1));
    let evicted = |path: &str| Kept::Evicted { paths: vec![path.to_owned()], region: Region::Found };
    let mut keep = |path: &str, entry: &Entry, now| one.keep(&mut memory, path, entry, now);
    assert_eq!(keep("a", &body("a", OLDER), OLDER), Kept::New);
    assert_eq!(keep("a", &body("a", NEWER), NEWER), Kept::Replaced);
    assert_eq!(keep("a", &body("a", OLDER), NEWER), Kept::Not(NotKept::Older));
    assert_eq!(keep("b", &body("b", NEWER), NEWER), evicted("a"), "it was never used");
    let large = found(&"x".repeat(100_000), NEWER);
    assert_eq!(keep("large", &large, NEWER), Kept::Apart);
    assert_eq!(keep("b", &large, NEWER), Kept::Apart, "in place of the one before");
    let missing = |reason: &str| {
        Entry::Missing(Missing { gone: false, reason: reason.to_owned(), since: NEWER, limit: None })
    };
    assert_eq!(keep("c", &missing(""), NEWER), Kept::New, "what is missing stands apart");
    assert_eq!(keep("d", &missing(&"x".repeat(2_000)), NEWER), Kept::Not(NotKept::TooLarge));
    assert_eq!(keep("b", &body("b", later()), later()), Kept::New, "the page was emptied");
    let mut reader = index(1);
    assert!(reader.look_up(&mut memory, Region::Found, "b", later()).is_some());
    assert_eq!(one.keep(&mut memory, "e", &body("e", later()), later()), Kept::Not(NotKept::WorthLess));
}

/// Every write of another worker comes first.
#[test]
fn who_loses_every_race_keeps_nothing() {
    struct Hurried(Memory, u32);
    impl SharedKv for Hurried {
        fn get(&self, key: &str) -> Option<Versioned> {
            self.0.get(key)
        }
        fn put(&mut self, _: &str, _: &[u8], _: Expected) -> Result<(), Conflict> {
            self.1 += 1;
            Err(Conflict)
        }
    }
    let mut hurried = Hurried(Memory::default(), 0);
    assert_eq!(index(2).keep(&mut hurried, "a", &body("a", OLDER), OLDER), Kept::Not(NotKept::Contended));
    assert!(hurried.1 > 1);
}
