//! Many calls of several workers, one after the other, against what a plain map would hold.

use std::collections::BTreeMap;

use super::{Entry, Expected, Index, Memory, Region, START, SharedKv, Timestamp, config, found, seat};
use crate::goproxy::Missing;

#[test]
fn whatever_workers_do_the_index_tells_no_lie() {
    for (seed, slots) in (0..24).zip([1, 2, 3, 8].into_iter().cycle()) {
        let mut world = World::new(seed, slots);
        for _ in 0..2_000 {
            world.step();
        }
        assert!(world.hits > 200, "seed {seed}: {} hits", world.hits);
    }
}

struct World {
    memory: Memory,
    workers: Vec<Index>,
    now: Timestamp,
    /// What the index is to say of each path and region, if it says anything.
    model: BTreeMap<(bool, String), Entry>,
    random: u64,
    slots: u32,
    hits: u32,
}

impl World {
    fn new(seed: u64, slots: u32) -> Self {
        let workers = (0..3).map(|queue| Index::new(&config(slots), seat(queue))).collect();
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self {
            memory: Memory::default(),
            workers,
            now: START,
            model: BTreeMap::new(),
            random,
            slots,
            hits: 0,
        }
    }

    fn step(&mut self) {
        let path = format!("m{}", self.below(u64::from(self.slots) * 3));
        let is_missing = self.below(3) == 0;
        let region = if is_missing { Region::Missing } else { Region::Found };
        let key = (is_missing, path.clone());
        let worker = usize::try_from(self.below(3)).unwrap();
        match self.below(8) {
            0 | 1 => self.keep(worker, &path, is_missing),
            2 => self.now.0 += [0, 10, 40_000, 1_000_000][self.below(4) as usize],
            3 if self.below(4) == 0 => {
                self.workers[worker].forget(&mut self.memory, region, &path, self.now);
                assert_eq!(self.seen(&key), None, "forgotten");
                self.model.remove(&key);
            }
            // A worker is replaced: it has seen nothing.
            3 if self.below(4) == 0 => self.workers[worker] = Index::new(&config(self.slots), seat(9)),
            3 if self.below(4) == 0 => self.scribble(),
            _ => {
                let entry = self.workers[worker].look_up(&mut self.memory, region, &path, self.now);
                if let Some(entry) = entry {
                    assert_eq!(Some(&entry), self.model.get(&key), "{key:?}");
                    self.hits += 1;
                }
            }
        }
        let slots = self.slots as usize;
        assert!(self.memory.keys().len() <= 2 * slots, "{:?}", self.memory.keys().collect::<Vec<_>>());
        assert!(self.memory.bytes() <= slots * (512 + 1024), "{} bytes", self.memory.bytes());
    }

    fn keep(&mut self, worker: usize, path: &str, is_missing: bool) {
        let since = Timestamp(self.now.0 - self.below(3) * 20_000);
        // Some do not fit.
        let text =
            format!("{path} {since:?} ").repeat(1 + self.below(14) as usize * usize::from(!is_missing));
        let fits = is_missing || 41 + path.len() + 16 + text.len() <= 512;
        let entry = if is_missing {
            Entry::Missing(Missing { gone: false, reason: text, since, limit: None })
        } else {
            found(&text, since)
        };
        let key = (is_missing, path.to_owned());
        let before = self.seen_all();
        self.workers[worker].keep(&mut self.memory, path, &entry, self.now);
        let known = before.get(&key).filter(|known| known.since() > since);
        let expected = known.cloned().or_else(|| fits.then_some(entry));
        let mut gone = 0;
        for (other, entry) in &before {
            if *other != key {
                let seen = self.seen(other);
                assert!(
                    seen.is_none() || seen.as_ref() == Some(entry),
                    "{other:?} changed as {key:?} was kept"
                );
                gone += u32::from(seen.is_none());
            }
        }
        let seen = self.seen(&key);
        assert!(seen == expected || seen.is_none() && !before.contains_key(&key), "{key:?}: {seen:?}");
        assert!(
            gone <= u32::from(seen.is_some() && !before.contains_key(&key)),
            "{gone} evicted for {key:?}"
        );
        match seen {
            Some(seen) => self.model.insert(key, seen),
            None => self.model.remove(&key),
        };
    }

    /// Another build, or a stray write: whatever stood in that slot is gone.
    fn scribble(&mut self) {
        let slots = self.memory.keys().len().max(1);
        let number = self.below(slots as u64) as usize;
        let Some(name) = self.memory.keys().nth(number).map(str::to_owned) else { return };
        let read = self.memory.get(&name);
        let mut value = read.as_ref().map(|read| read.value.clone()).unwrap_or_default();
        match (self.below(3), value.first_mut()) {
            (0, Some(layout)) => *layout = 1,
            (1, _) => value.truncate(self.below(40) as usize),
            _ => value = (0..self.below(60)).map(|_| self.below(256) as u8).collect(),
        }
        self.memory.put(&name, &value, Expected::unchanged(read.as_ref())).unwrap();
    }

    /// What the index says of every path, without a trace.
    fn seen_all(&self) -> BTreeMap<(bool, String), Entry> {
        self.model.keys().filter_map(|key| Some((key.clone(), self.seen(key)?))).collect()
    }

    fn seen(&self, (is_missing, path): &(bool, String)) -> Option<Entry> {
        let region = if *is_missing { Region::Missing } else { Region::Found };
        self.workers[0].clone().look_up(&mut self.memory.clone(), region, path, self.now)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % bound
    }
}
