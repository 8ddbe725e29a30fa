//! How much the index holds by default, under the loads of a company of two hundred repositories.

use std::cell::Cell;

use super::{Entry, Index, Memory, Region, START, Timestamp, after, seat};
use crate::{
    config::{self, Config, limits},
    goproxy::{Found, Missing},
};

/// An index, and as many workers as a test needs.
struct World {
    memory: Memory,
    workers: Vec<Index>,
    now: Timestamp,
    random: Cell<u64>,
    /// The body of every document, of which each has a part.
    text: String,
}

impl World {
    fn new(workers: u32) -> Self {
        let config = r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test"}]}"#;
        Self::of(workers, Config::parse(config).unwrap().index)
    }

    fn of(workers: u32, index: config::Index) -> Self {
        let config = Config { index, ..super::config(1) };
        Self {
            memory: Memory::default(),
            workers: (0..workers).map(|queue| Index::new(&config, seat(queue))).collect(),
            now: START,
            random: Cell::new(1),
            text: "x".repeat(64 << 10),
        }
    }

    /// Asks for a document as a request does; whether the index had it. If not, it is fetched and kept.
    fn ask(&mut self, worker: usize, number: u32) -> bool {
        let path = path(number);
        let index = &mut self.workers[worker];
        let seen = index.look_up(&mut self.memory, Region::Found, &path, self.now);
        if seen.is_none() {
            let body = self.text[..bytes(number)].to_owned();
            let found = Found { since: self.now, ..Found::fetched(body.into(), self.now) };
            index.keep(&mut self.memory, &path, &Entry::Found(found), self.now);
        }
        seen.is_some()
    }

    /// How many of these documents the index has.
    fn has(&self, numbers: impl Iterator<Item = u32>) -> usize {
        let worker = &self.workers[0];
        numbers.filter(|number| worker.peek(&self.memory, Region::Found, &path(*number)).is_some()).count()
    }

    /// What Envoy's memory has of it, keys included.
    fn bytes(&self) -> usize {
        self.memory.bytes() + self.memory.keys().len() * limits::KEY_OVERHEAD_BYTES as usize
    }

    fn below(&self, bound: u32) -> u32 {
        let random = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(random);
        u32::try_from(mixed(random) % u64::from(bound)).unwrap()
    }
}

/// `SplitMix64`.
fn mixed(number: u64) -> u64 {
    let bits = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn path(number: u32) -> String {
    format!("github.com/organisation/repository-{}/@v/v1.{number}.0.mod", number / 20)
}

/// The size of a document: the median is 300 bytes, one in ten has more than 1,400, one in a thousand 30,000.
fn bytes(number: u32) -> usize {
    let bits = mixed(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    if bits.is_multiple_of(1000) {
        return 30_000;
    }
    // The sum of twelve uniform numbers is nearly normal.
    let normal =
        (0..12).map(|n| mixed(bits.wrapping_add(n << 32)) as f64 / u64::MAX as f64).sum::<f64>() - 6.0;
    (300.0 * (1.2 * normal).exp()) as usize
}

#[test]
fn a_hundred_thousand_documents_have_room_within_the_bytes() {
    let mut sizes: Vec<_> = (0..100_000).map(bytes).collect();
    sizes.sort_unstable();
    assert!((290..310).contains(&sizes[50_000]) && sizes[90_000] > 1_300 && sizes[99_950] == 30_000);
    let mut world = World::new(1);
    for _ in 0..2 {
        for number in 0..100_000 {
            world.now = after(world.now, u64::from(number % 100 == 0));
            world.ask(0, number);
        }
    }
    let has = world.has(0..100_000);
    assert!(has >= 97_000, "{has} of 100000 in {} bytes", world.bytes());
    assert!(world.bytes() <= 128 << 20, "{} bytes", world.bytes());
    println!("{has} of 100000 in {} bytes", world.bytes());
}

#[test]
fn a_working_set_of_fifty_thousand_is_hit_after_the_first_pass() {
    const DOCUMENTS: u32 = 50_000;
    for workers in [1, 2, 4] {
        let mut world = World::new(workers);
        let worker = |world: &World| world.below(workers) as usize;
        for number in 0..DOCUMENTS {
            world.ask(worker(&world), number);
        }
        // Zipf: as many asks between rank 10 and 100 as between 100 and 1000.
        let mut hits = 0;
        for ask in 0..100_000 {
            world.now = after(world.now, u64::from(ask % 2_u32));
            let uniform = f64::from(world.below(1 << 30)) / f64::from(1 << 30);
            let rank = (f64::from(DOCUMENTS).powf(uniform) - 1.0) as u32;
            hits += u32::from(world.ask(worker(&world), rank.wrapping_mul(7_919) % DOCUMENTS));
        }
        assert!(hits >= 99_000, "{hits} of 100000 at {workers} workers");
        println!("{workers} workers: {hits} of 100000");
    }
}

/// A thousand names a second, for minutes: what was used last before it is cold. All is a sixteenth of what the default index is for: a million names, and 50,000 documents.
#[test]
fn a_scan_of_so_many_names_evicts_next_to_nothing() {
    const DOCUMENTS: u32 = 3_125;
    const NAMES: u32 = 62_500;
    let mut world = World::of(2, config::Index::of(8 << 20));
    for _ in 0..2 {
        for number in 0..DOCUMENTS {
            world.ask(0, number);
        }
    }
    let before = world.has(0..DOCUMENTS);
    for name in 0..NAMES {
        world.now = after(world.now, 1);
        if name % 2 == 0 {
            world.ask(1, DOCUMENTS + name);
        } else {
            let missing =
                Missing { gone: false, reason: "not found".to_owned(), since: world.now, limit: None };
            let path = path(DOCUMENTS + name);
            world.workers[1].keep(&mut world.memory, &path, &Entry::Missing(missing), world.now);
        }
    }
    let has = world.has(0..DOCUMENTS);
    assert!(before >= 3_120 && has * 100 >= before * 99, "{has} of {before}");
    assert!(world.bytes() <= 8 << 20, "{} bytes", world.bytes());
    println!("{has} of {before} in {} bytes", world.bytes());
}
