//! Leases, first one call after the other, then in every order.

mod orders;

use super::{
    super::tests::{START, after, config, seat},
    record::MOST_WAITING,
    *,
};
use crate::{
    config::{Config, limits::LEASE_BYTES},
    shared::Memory,
};

const PATH: &str = "example.com/m/@v/list";
const MILLIS: u64 = LEASE.as_millis() as u64;

fn leases(queue: u32) -> Leases {
    Leases::new(&Index::new(&config(4), seat(queue)), seat(queue))
}

#[test]
fn one_leads_and_the_others_follow_until_it_releases() {
    let (mut kv, [one, two, three]) = (Memory::default(), [1, 2, 3].map(leases));
    assert_eq!(one.acquire(&mut kv, PATH, START), Lease::Led);
    assert_eq!(two.acquire(&mut kv, PATH, START), Lease::Followed);
    assert_eq!(three.acquire(&mut kv, PATH, START), Lease::Followed);
    assert_eq!(two.acquire(&mut kv, PATH, START), Lease::Followed, "written down once");
    assert_eq!(one.acquire(&mut kv, PATH, START), Lease::Led, "still");
    assert!(!two.renew(&mut kv, PATH, START) && two.release(&mut kv, PATH).is_empty(), "not theirs");
    assert!(three.is_held(&kv, PATH, START) && one.is_held(&kv, PATH, START));
    assert_eq!(one.release(&mut kv, PATH), [QueueId(2), QueueId(3)]);
    assert!(!two.is_held(&kv, PATH, START) && !one.renew(&mut kv, PATH, START));
    assert_eq!(one.release(&mut kv, PATH), []);
    assert_eq!(two.acquire(&mut kv, PATH, START), Lease::Led);
}

#[test]
fn a_lease_lasts_as_long_as_it_is_renewed() {
    let (mut kv, [one, two]) = (Memory::default(), [1, 2].map(leases));
    assert_eq!(one.acquire(&mut kv, PATH, START), Lease::Led);
    let late = after(START, MILLIS - 1);
    assert_eq!(two.acquire(&mut kv, PATH, late), Lease::Followed);
    assert!(one.renew(&mut kv, PATH, late));
    assert!(two.is_held(&kv, PATH, after(late, MILLIS - 1)) && !two.is_held(&kv, PATH, after(late, MILLIS)));
    // Expired, and nobody minded.
    assert!(one.renew(&mut kv, PATH, after(late, 5 * MILLIS)));
    assert_eq!(one.release(&mut kv, PATH), [QueueId(2)]);
}

#[test]
fn a_crashed_leader_is_taken_over_from_and_nobody_who_waits_is_lost() {
    let (mut kv, [one, two, three]) = (Memory::default(), [1, 2, 3].map(leases));
    one.acquire(&mut kv, PATH, START);
    two.acquire(&mut kv, PATH, START);
    three.acquire(&mut kv, PATH, START);
    let late = after(START, MILLIS);
    assert_eq!(two.acquire(&mut kv, PATH, late), Lease::Led);
    assert!(!one.renew(&mut kv, PATH, late) && one.release(&mut kv, PATH).is_empty(), "lost");
    assert_eq!(one.acquire(&mut kv, PATH, late), Lease::Followed);
    assert_eq!(two.release(&mut kv, PATH), [QueueId(3), QueueId(1)]);
}

#[test]
fn a_clock_set_back_makes_no_lease_immortal() {
    let (mut kv, [one, two]) = (Memory::default(), [1, 2].map(leases));
    one.acquire(&mut kv, PATH, START);
    // A worker whose event began a moment before is no clock set back.
    assert_eq!(two.acquire(&mut kv, PATH, Timestamp(START.0 - 2_000)), Lease::Followed);
    assert_eq!(two.acquire(&mut kv, PATH, Timestamp(START.0 - 2_001)), Lease::Led);
    assert_eq!(two.acquire(&mut kv, PATH, Timestamp(0)), Lease::Led);
}

#[test]
fn keys_that_share_a_slot_do_not_wait_for_each_other() {
    let [one, two] = [1, 2].map(leases);
    let slot = one.slot(PATH).name;
    let other = (0..).map(|number| format!("m{number}")).find(|path| one.slot(path).name == slot).unwrap();
    let mut kv = Memory::default();
    one.acquire(&mut kv, PATH, START);
    assert_eq!(two.acquire(&mut kv, &other, START), Lease::Alone);
    assert!(!two.is_held(&kv, &other, START) && !one.renew(&mut kv, &other, START));
    assert_eq!(one.release(&mut kv, &other), []);
    assert!(one.is_held(&kv, PATH, START));
    // An expired lease is in nobody's way. Whoever waited for it finds none of its key, and does not wait on.
    assert_eq!(two.acquire(&mut kv, &other, after(START, MILLIS)), Lease::Led);
    assert!(!one.renew(&mut kv, PATH, START));
}

#[test]
fn leases_are_bounded_whatever_is_asked() {
    let mut kv = Memory::default();
    let long = "x".repeat(LEASE_BYTES as usize - 22 - 4 * MOST_WAITING);
    assert_eq!(leases(0).acquire(&mut kv, &long, START), Lease::Led);
    for queue in 1..=MOST_WAITING as u32 {
        assert_eq!(leases(queue).acquire(&mut kv, &long, START), Lease::Followed);
    }
    assert_eq!(leases(99).acquire(&mut kv, &long, START), Lease::Alone, "no room to wait");
    assert_eq!(kv.bytes(), LEASE_BYTES as usize);
    assert_eq!(leases(0).release(&mut kv, &long).len(), MOST_WAITING);
    assert_eq!(kv.bytes(), 0);
    assert_eq!(leases(0).acquire(&mut kv, &format!("{long}x"), START), Lease::Alone, "no room for the name");
    for number in 0..10_000 {
        leases(0).acquire(&mut kv, &number.to_string(), START);
    }
    assert!(kv.keys().len() <= LEASE_SLOTS as usize, "{}", kv.keys().len());
}

#[test]
fn what_is_no_lease_of_this_layout_is_in_nobodys_way() {
    let one = leases(1);
    let mut valid = Memory::default();
    leases(2).acquire(&mut valid, PATH, START);
    let slot = one.slot(PATH).name;
    let bytes = valid.get(&slot).unwrap().value;
    let other_layout = [&[2], &bytes[1..]].concat();
    let other_count = [&bytes[..21], &[9], &bytes[22..]].concat();
    for value in [&b""[..], b"\x01", &bytes[..20], &other_layout, &other_count, &[0xff; 40]] {
        let mut kv = Memory::default();
        kv.put(&slot, value, Expected::Absent).unwrap();
        assert!(!one.is_held(&kv, PATH, START) && !one.renew(&mut kv, PATH, START), "{value:?}");
        assert_eq!(one.acquire(&mut kv, PATH, START), Lease::Led, "{value:?}");
    }
    // Other sources, other answers.
    let elsewhere = Config::parse(r#"{"upstreams": [{"cluster": "c", "url": "http://h"}]}"#).unwrap();
    let elsewhere = Index::new(&elsewhere, seat(3));
    assert_eq!(Leases::new(&elsewhere, seat(3)).acquire(&mut valid, PATH, START), Lease::Led);
}
