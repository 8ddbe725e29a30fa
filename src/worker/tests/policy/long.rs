//! Modules with more versions than one request has asked about, or than are judged in one callback.

use super::*;

const M: &str = "example.com/m";
const LIST: &str = "/example.com/m/@v/list";
const COOLDOWN: &str = r#"{"modules": ["*"], "action": "cooldown", "age": "7d"}"#;
/// As many as one request may have asked about.
const DATED: usize = 512;

/// A module of so many versions, each third of which is of yesterday.
fn long(workers: usize, count: usize, more: &str) -> World {
    let mut world = world(workers, &config(&format!(r#"{more} "policy": {{"rules": [{COOLDOWN}]}},"#)));
    let age = |n: usize| if n.is_multiple_of(3) { DAY } else { 90 * DAY };
    let versions: Vec<_> = (0..count).map(|n| (format!("v1.{n}.0"), age(n))).collect();
    let versions: Vec<_> = versions.iter().map(|(version, age)| (version.as_str(), *age)).collect();
    publish(&mut world, M, &versions);
    resolve(&mut world, M, "@latest", &format!(r#"{{"Version":"v1.{}.0"}}"#, count - 1));
    world
}

/// Those of the newest so many of `count` that are old enough.
fn old(count: usize, newest: usize) -> String {
    (count.saturating_sub(newest)..count).filter(|n| n % 3 != 0).map(|n| format!("v1.{n}.0\n")).collect()
}

fn infos(world: &World) -> usize {
    super::super::gets(world, "public", ".info")
}

/// On every worker, and after one has died: what was found out is in the index, as far as that has room.
#[test]
fn each_request_asks_about_a_bounded_number_of_versions_and_shows_what_was_found_out_so_far() {
    for count in [600, 1200] {
        let mut world = long(2, count, "");
        let rounds = count.div_ceil(DATED);
        for round in 1..=rounds {
            forget_asked(&mut world);
            let got = ask_with(&mut world, round % 2, "GET", LIST, &[]);
            let is_part = round < rounds;
            assert_eq!((got.status, got.body == old(count, round * DATED)), (200, true), "{count}, {round}");
            assert_eq!(got.cache_control.ends_with("max-age=0"), is_part, "{}", got.cache_control);
            let expected = if is_part { DATED } else { count - (rounds - 1) * DATED };
            assert_eq!(infos(&world), expected, "{count}, {round}");
        }
        for worker in [0, 1, 0] {
            forget_asked(&mut world);
            assert!(ask_with(&mut world, worker, "GET", LIST, &[]).body == old(count, count));
            assert_eq!(infos(&world), 0, "{count}");
            world.crash(1 - worker);
        }
        assert_idle(&mut world, 2);
    }
}

#[test]
fn the_latest_that_is_old_enough_is_found_among_those() {
    let mut world = long(1, 1201, "");
    // v1.1200.0 is of yesterday, and the one before it is not.
    let got = ask(&mut world, "/example.com/m/@latest");
    assert!(got.body.contains("v1.1199.0"), "{got:?}");
    assert!(got.cache_control.ends_with("max-age=0"), "{}", got.cache_control);
    assert!((1..=DATED + 2).contains(&infos(&world)), "{}", infos(&world));
}

#[test]
fn nothing_more_is_asked_once_the_last_who_waited_has_left() {
    for count in [400, 1200] {
        let mut world = long(1, count, "");
        let (first, second) = (world.begin(0, LIST), world.begin(0, LIST));
        world.pass(202);
        let begun = infos(&world);
        assert!((1..=128).contains(&begun), "{begun}");
        world.leave(0, first);
        world.pass(500);
        assert!(infos(&world) > begun + 64, "one still waits");
        world.leave(0, second);
        let (before, under_way) = (infos(&world), 64);
        world.settle();
        assert!(infos(&world) <= before + under_way, "{} after {before}", infos(&world));
        assert_idle(&mut world, 1);
        // What was found out is not asked again.
        let before = infos(&world);
        ask(&mut world, LIST);
        let left = if count < DATED { count } else { DATED + before };
        assert_eq!(infos(&world), left);
    }
}

/// A question that waits for dates takes no more than any other may, and none of its versions fails for that.
#[test]
fn dates_wait_their_turn_where_no_more_may_be_asked_at_once() {
    for (fetch, most) in [
        (r#""fetch": {"concurrent_per_upstream": 3},"#, 3),
        (r#""fetch": {"concurrent": 5},"#, 5),
        (r#""fetch": {"concurrent": 7, "concurrent_per_upstream": 2},"#, 2),
    ] {
        let mut world = long(1, 40, fetch);
        let stream = world.begin(0, LIST);
        // The list, and then so many at a time: storage has none, and says so in a millisecond.
        world.pass(102);
        for turn in 1..4 {
            world.pass(102);
            assert!(infos(&world) <= (turn + 1) * most, "{fetch}: {} asked in {turn} turns", infos(&world));
        }
        world.settle();
        let got = end(&mut world, 0, stream);
        assert_eq!((got.status, got.body), (200, old(40, 40)), "{fetch}");
        assert_eq!(infos(&world), 40, "{fetch}");
        assert_idle(&mut world, 1);
    }
}

/// What is too large for the index is kept by each worker that learned of it, the one that fetched it or one that followed.
#[test]
fn a_list_that_is_too_large_to_share_is_asked_for_once_by_all_who_wait() {
    let count = 6000;
    let mut world = world(3, &config(""));
    let list: String = (0..count).map(|n| format!("v1.{}.0\n", n * 7919 % count)).collect();
    assert!(list.len() > 50_000);
    world.cluster("public").serve("/base/example.com/m/@v/list", &list);
    let expected: String = (0..count).map(|n| format!("v1.{n}.0\n")).collect();
    let crowd: Vec<_> = (0..6).map(|n| (n % 3, world.begin(n % 3, LIST))).collect();
    world.settle();
    for (worker, stream) in crowd {
        assert!(end(&mut world, worker, stream).body == expected, "worker {worker}");
    }
    for worker in 0..3 {
        let got = ask_with(&mut world, worker, "GET", LIST, &[]);
        assert_eq!((got.body == expected, got.cache.as_str()), (true, "hit"), "worker {worker}");
    }
    assert_eq!(super::super::gets(&world, "public", "@v/list"), 1);
    // A newer one, which one of them learns of, is in force for all as soon as they share it.
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\n");
    world.pass(61_000);
    let no_cache = [("cache-control", "no-cache")];
    assert_eq!(ask_with(&mut world, 1, "GET", LIST, &no_cache).body, "v1.0.0\n");
    for worker in 0..3 {
        assert_eq!(ask_with(&mut world, worker, "GET", LIST, &[]).body, "v1.0.0\n", "worker {worker}");
    }
    // Nor is one given that another worker knows to be gone.
    world.cluster("public").serve("/base/example.com/m/@v/list", &list);
    world.pass(120_000);
    assert!(ask_with(&mut world, 0, "GET", LIST, &no_cache).body == expected);
    world.cluster("public").answer("/base/example.com/m/@v/list", 410, &[], "gone");
    world.cluster("storage").remove("/modules/example.com/m/@v/list");
    world.pass(1);
    assert_eq!(ask_with(&mut world, 1, "GET", LIST, &no_cache).status, 410);
    world.pass(1_100);
    assert_eq!(ask_with(&mut world, 0, "GET", LIST, &[]).status, 410);
}
