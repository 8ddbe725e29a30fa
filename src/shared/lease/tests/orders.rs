//! Leases in every order in which two and three workers can do what they do, while the clock goes on.

use super::{Lease, Leases, MILLIS, PATH, START, after, held, leases};
use crate::{
    http::Timestamp,
    shared::{
        Memory, QueueId, SharedKv,
        tests::interleave::{Running, State},
    },
};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    /// Leads, as far as it knows, until then.
    Leads(Timestamp),
    /// Does not lead any more, and told these.
    Told(Vec<QueueId>),
    Lost,
    Follows,
    Alone,
}

fn acquire(kv: &mut Running, leases: &Leases) -> Note {
    let now = kv.begin();
    match leases.acquire(kv, PATH, now) {
        Lease::Led => Note::Leads(after(now, MILLIS)),
        Lease::Followed => Note::Follows,
        Lease::Alone => Note::Alone,
    }
}

fn renew(kv: &mut Running, leases: &Leases) -> Note {
    let now = kv.begin();
    if leases.renew(kv, PATH, now) { Note::Leads(after(now, MILLIS)) } else { Note::Lost }
}

/// Asks, and a second time where it follows, as a tick does; where it leads, renews so many times, and releases.
fn ask(kv: &mut Running, leases: &Leases, notes: &[Note], renewals: usize) -> Option<Note> {
    match notes {
        [] | [Note::Follows] => Some(acquire(kv, leases)),
        [.., Note::Leads(_)] => {
            let terms = notes.iter().filter(|note| matches!(note, Note::Leads(_))).count();
            Some(if terms <= renewals { renew(kv, leases) } else { Note::Told(leases.release(kv, PATH)) })
        }
        _ => None,
    }
}

/// Acquires and is never heard of again.
fn crash(kv: &mut Running, leases: &Leases, notes: &[Note]) -> Option<Note> {
    notes.is_empty().then(|| acquire(kv, leases))
}

/// What holds between any two operations. Worker `n` has queue `n`.
fn check(state: &State<Note>) {
    let now = state.now;
    let leads = |notes: &Vec<Note>| matches!(notes.last(), Some(Note::Leads(until)) if *until > now);
    let leaders = state.workers.iter().filter(|worker| leads(&worker.notes)).count();
    assert!(leaders <= 1, "{leaders} leaders: {state:?}");

    let read = state.memory.get(&leases(0).slot(PATH).name);
    let held = held(read.as_ref());
    for (number, worker) in state.workers.iter().enumerate() {
        let queue = QueueId(u32::try_from(number).unwrap());
        assert!(!worker.notes.contains(&Note::Alone), "one key, and room for all: {state:?}");
        if worker.notes.last() == Some(&Note::Follows) {
            let is_waiting = held.as_ref().is_some_and(|held| held.waiting.contains(&queue));
            let told = state.workers.iter().flat_map(|worker| &worker.notes);
            let is_told =
                told.into_iter().any(|note| matches!(note, Note::Told(told) if told.contains(&queue)));
            assert!(is_waiting || is_told, "{number} is forgotten: {state:?}");
        }
        if let Some(held) = &held {
            let times = held.waiting.iter().filter(|waiting| **waiting == queue).count();
            assert!(times <= usize::from(queue != held.holder), "{held:?}: {state:?}");
        }
    }
    let is_settled =
        |notes: &Vec<Note>| matches!(notes.last(), Some(Note::Told(_) | Note::Lost | Note::Follows));
    if state.is_over() && state.workers.iter().all(|worker| is_settled(&worker.notes)) {
        // Whoever led has released, or was taken over from by one that has.
        assert!(read.is_some_and(|read| read.value.is_empty()), "not free: {state:?}");
    }
}

#[test]
fn two_workers_in_every_order() {
    let [zero, one] = [0, 1].map(leases);
    let states = State::new(Memory::default(), START, &[1_000; 4])
        .explore(&[&|kv, notes| ask(kv, &zero, notes, 1), &|kv, notes| ask(kv, &one, notes, 1)], check);

    assert!(states > 10_000, "{states}");
}

#[test]
fn three_workers_in_every_order() {
    let [zero, one, two] = [0, 1, 2].map(leases);
    let states = State::new(Memory::default(), START, &[MILLIS]).explore(
        &[&|kv, notes| ask(kv, &zero, notes, 0), &|kv, notes| ask(kv, &one, notes, 0), &|kv, notes| {
            ask(kv, &two, notes, 0)
        }],
        check,
    );

    assert!(states > 10_000, "{states}");
}

#[test]
fn a_leader_that_crashes_among_three_in_every_order() {
    let [zero, one, two] = [0, 1, 2].map(leases);
    let mut taken_over = 0;
    State::new(Memory::default(), START, &[1_000; 2]).explore(
        &[&|kv, notes| crash(kv, &zero, notes), &|kv, notes| ask(kv, &one, notes, 0), &|kv, notes| {
            ask(kv, &two, notes, 0)
        }],
        |state| {
            check(state);
            let crashed = matches!(state.workers[0].notes.last(), Some(Note::Leads(_)));
            let told =
                |worker: usize, whom| state.workers[worker].notes.contains(&Note::Told(vec![QueueId(whom)]));
            taken_over += u32::from(state.is_over() && crashed && (told(1, 2) || told(2, 1)));
        },
    );
    assert!(taken_over > 0, "one of the two takes over and tells the other");
}
