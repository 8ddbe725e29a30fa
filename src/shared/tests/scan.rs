//! What is hot stays, whoever reads everything once.

use super::{Entry, Index, Memory, Region, START, SharedKv, Timestamp, after, found, seat};
use crate::{
    config::{self, Config, Pages},
    goproxy::Missing,
};

/// An index with room for 4,000 names that exist, and for 1,000 that do not.
struct World {
    memory: Memory,
    /// As many workers as a test needs.
    workers: [Index; 2],
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let pages = |count, bytes| Pages { count, bytes };
        let index = config::Index { found: pages(400, 1000), large: pages(0, 0), missing: pages(100, 1000) };
        let config = Config { index, ..super::config(1) };
        let workers = [1, 2].map(|queue| Index::new(&config, seat(queue)));
        Self { memory: Memory::default(), workers, now: START }
    }

    /// Asks for `path` as a request does; whether the index had it. If not, it is fetched and kept.
    fn ask(&mut self, worker: usize, region: Region, path: &str) -> bool {
        let index = &mut self.workers[worker];
        let is_hit = index.look_up(&mut self.memory, region, path, self.now).is_some();
        if !is_hit {
            let entry = match region {
                Region::Found => found(path, self.now),
                Region::Missing => Entry::Missing(Missing {
                    gone: false,
                    reason: path.to_owned(),
                    since: self.now,
                    limit: None,
                }),
            };
            index.keep(&mut self.memory, path, &entry, self.now);
        }
        is_hit
    }

    /// A scan of 100,000 names through `scanner`, a thousand a second, while `hot` names are asked for in turn, through
    /// worker 0, one for each five of the scan. How many in a thousand of those the index had.
    fn scan(&mut self, scanner: usize, region: Region, hot: u32) -> u32 {
        let (mut asked, mut hits) = (0, 0);
        for number in 0..100_000_u32 {
            self.now = after(self.now, u64::from(number % 1_000 == 0) * 1_000);
            self.ask(scanner, region, &format!("scanned/{number}"));
            if number % 5 == 0 {
                hits += u32::from(self.ask(0, region, &format!("hot/{}", asked % hot)));
                asked += 1;
            }
        }
        hits * 1_000 / asked
    }

    fn warm_up(&mut self, region: Region, hot: u32) {
        for _ in 0..3 {
            (0..hot).for_each(|number| {
                self.ask(0, region, &format!("hot/{number}"));
            });
        }
    }
}

#[test]
fn a_scan_through_another_worker_evicts_nothing_hot() {
    let mut world = World::new();
    world.warm_up(Region::Found, 400);
    let hits = world.scan(1, Region::Found, 400);
    assert!(hits >= 990, "{hits} of 1000");
}

#[test]
fn a_scan_through_the_same_worker_evicts_nothing_hot() {
    let mut world = World::new();
    world.warm_up(Region::Found, 400);
    let hits = world.scan(0, Region::Found, 400);
    assert!(hits >= 990, "{hits} of 1000");
}

#[test]
fn a_flood_of_unknown_names_evicts_no_missing_one_that_is_asked_for() {
    let mut world = World::new();
    world.warm_up(Region::Missing, 100);
    let hits = world.scan(1, Region::Missing, 100);
    assert!(hits >= 990, "{hits} of 1000");
}

/// Two pages, both taken by what is used all the time.
#[test]
fn what_is_asked_for_often_gets_in_and_yesterdays_favourite_makes_room() {
    let mut world = World { workers: [1, 2].map(|_| super::index(2)), ..World::new() };
    for _ in 0..20 {
        world.now = after(world.now, 31_000);
        world.ask(0, Region::Found, "one");
        world.ask(0, Region::Found, "two");
    }
    let asks = (1..100).find(|_| world.ask(1, Region::Found, "new"));
    assert_eq!(asks, Some(17), "more often than anything can be used");
    // It does not take turns with the next name that comes along.
    assert!(!world.ask(1, Region::Found, "next") && world.ask(1, Region::Found, "new"));

    world.now = after(world.now, 10 * 60_000);
    assert!(!world.ask(1, Region::Found, "later") && !world.ask(1, Region::Found, "later"));
    world.now = after(world.now, 15 * 60_000);
    assert!(!world.ask(1, Region::Found, "later") && world.ask(1, Region::Found, "later"));
}

/// A look-up that hits is a read, and a write once in a while.
#[test]
fn a_use_is_written_down_at_first_and_after_a_rest() {
    let mut world = World::new();
    let mut writes = Vec::new();
    world.ask(0, Region::Found, "m");
    for second in 0..70 {
        let before = world.memory.clone();
        assert!(world.ask(0, Region::Found, "m"));
        if world.memory.keys().any(|key| world.memory.get(key) != before.get(key)) {
            writes.push(second);
        }
        world.now = after(world.now, 1_000);
    }
    assert_eq!(writes, [0, 30, 60]);
}

#[test]
fn a_clock_set_back_makes_nothing_immortal() {
    let mut world = World { workers: [1, 2].map(|_| super::index(1)), ..World::new() };
    for _ in 0..20 {
        world.now = after(world.now, 31_000);
        world.ask(0, Region::Found, "m");
    }
    world.now = Timestamp(START.0 - 3_600_000);
    let new = found("new", world.now);
    let mut memory = world.memory.clone();
    world.workers[1].keep(&mut memory, "other", &new, world.now);
    let seen = world.workers[0].look_up(&mut memory, Region::Found, "other", world.now);
    assert_eq!(seen.as_ref(), Some(&new), "in the only page, in place of what was used an hour from now");
    // Nor does an answer from the future keep out one of today.
    world.workers[1].keep(&mut world.memory, "m", &new, world.now);
    assert_eq!(world.workers[0].look_up(&mut world.memory, Region::Found, "m", world.now), Some(new));
}

#[test]
fn a_new_answer_is_as_hot_as_the_one_before() {
    let mut world = World { workers: [1, 2].map(|_| super::index(1)), ..World::new() };
    world.ask(0, Region::Found, "m");
    world.ask(0, Region::Found, "m");
    let new = found("new", after(world.now, 1));
    world.workers[0].keep(&mut world.memory, "m", &new, after(world.now, 1));
    assert!(!world.ask(1, Region::Found, "other") && world.ask(0, Region::Found, "m"));
}
