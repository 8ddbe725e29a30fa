use super::*;
use crate::shared::{Memory, tests::source};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How many may pass at `now`.
fn passing(memory: &mut Memory, now: Timestamp) -> u32 {
    (0..10_000).take_while(|_| pass(memory, source(), now) == Gate::Open).count().try_into().unwrap()
}

#[test]
fn who_never_complained_is_never_held_back_and_nothing_is_written() {
    let mut memory = Memory::default();
    assert_eq!(passing(&mut memory, NOW), 10_000);
    assert_eq!(Place::find(&memory, KIND, source()).record, None);
}

#[test]
fn a_complaint_pauses_all_and_then_the_rate_is_what_it_answered() {
    let mut memory = Memory::default();
    complain(&mut memory, source(), secs(2), 20, NOW);
    // Those asked before it complain too: that is one complaint.
    for _ in 0..200 {
        complain(&mut memory, source(), secs(2), 20, NOW);
    }
    let until = NOW.after(secs(2));
    assert_eq!(pass(&mut memory, source(), NOW), Gate::Closed(until));
    assert_eq!(passing(&mut memory, Timestamp(until.0 - 1)), 0);
    assert_eq!(passing(&mut memory, until), 20);
    assert_eq!(passing(&mut memory, until.after(Duration::from_millis(999))), 0);
    // All of it was used: a fourth more.
    assert_eq!(passing(&mut memory, until.after(secs(1))), 25);
    complain(&mut memory, source(), secs(1), 3, until.after(secs(1)));
    assert_eq!(passing(&mut memory, until.after(secs(2))), 19);
    // Nobody used it: it stays.
    let mut memory = Memory::default();
    complain(&mut memory, source(), secs(1), 20, NOW);
    for second in 1..10 {
        assert_eq!(pass(&mut memory, source(), NOW.after(secs(second))), Gate::Open);
    }
    assert_eq!(passing(&mut memory, NOW.after(secs(10))), 20);
}

#[test]
fn a_pause_is_bounded_and_ends() {
    for (asked_for, lasts) in [(0, 1), (1, 1), (7, 7), (30, 30), (3600, 30)] {
        let mut memory = Memory::default();
        complain(&mut memory, source(), secs(asked_for), 20, NOW);
        let until = NOW.after(secs(lasts));
        assert_eq!(pass(&mut memory, source(), NOW), Gate::Closed(until), "{asked_for}");
        assert_eq!(pass(&mut memory, source(), until), Gate::Open, "{asked_for}");
        assert_eq!(passing(&mut memory, NOW.after(CALM)), 10_000, "{asked_for}");
    }
}

#[test]
fn the_rate_never_stops_at_nothing() {
    let mut memory = Memory::default();
    let mut now = NOW;
    for _ in 0..50 {
        complain(&mut memory, source(), secs(1), 0, now);
        now = now.after(secs(1));
    }
    assert_eq!(passing(&mut memory, now), 1);
    assert!((2..=3).contains(&passing(&mut memory, now.after(secs(1)))));
}

#[test]
fn a_clock_set_back_and_another_build_say_nothing() {
    let mut memory = Memory::default();
    complain(&mut memory, source(), secs(30), 1, NOW);
    assert_eq!(pass(&mut memory, source(), Timestamp(NOW.0 - 3_600_000)), Gate::Open);
    for bytes in [&[][..], &[2], &[LAYOUT, 1, 2, 3]] {
        assert_eq!(Pace::decode(bytes), None);
        assert!(Place::find(&memory, KIND, source()).put(&mut memory, source(), bytes));
        assert_eq!(pass(&mut memory, source(), NOW), Gate::Open);
    }
}
