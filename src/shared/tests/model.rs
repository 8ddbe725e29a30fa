//! Many calls of several workers, one after the other, against what a plain map would hold.

use std::collections::BTreeMap;

use super::{
    Config, Entry, Expected, Index, Kept, Memory, Pages, Region, START, SharedKv, Timestamp, config, found,
    seat, shaped,
};
use crate::goproxy::Missing;

#[test]
fn whatever_workers_do_the_index_tells_no_lie() {
    let none = Pages { count: 0, bytes: 0 };
    let shapes = [
        (Pages { count: 1, bytes: 512 }, none),
        (Pages { count: 2, bytes: 512 }, none),
        (Pages { count: 3, bytes: 300 }, Pages { count: 1, bytes: 512 }),
        (Pages { count: 2, bytes: 600 }, Pages { count: 3, bytes: 800 }),
        (Pages { count: 8, bytes: 400 }, Pages { count: 2, bytes: 2000 }),
    ];
    for (seed, (pages, large)) in (0..30).zip(shapes.into_iter().cycle()) {
        let mut world = World::new(seed, pages, large);
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
    config: Config,
    hits: u32,
}

impl World {
    fn new(seed: u64, pages: Pages, large: Pages) -> Self {
        let config = shaped(pages, large);
        let workers = (0..3).map(|queue| Index::new(&config, seat(queue))).collect();
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self {
            memory: Memory::default(),
            workers,
            now: START,
            model: BTreeMap::new(),
            random,
            config,
            hits: 0,
        }
    }

    fn step(&mut self) {
        let path = format!("m{}", self.below(3 + 5 * u64::from(self.config.index.found.count)));
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
            3 if self.below(4) == 0 => self.workers[worker] = Index::new(&self.config, seat(9)),
            3 if self.below(4) == 0 => self.scribble(),
            _ => {
                let entry = self.workers[worker].look_up(&mut self.memory, region, &path, self.now);
                if let Some(entry) = entry {
                    assert_eq!(Some(&entry), self.model.get(&key), "{key:?}");
                    self.hits += 1;
                }
            }
        }
        let config::Index { found, large, missing } = self.config.index;
        let pages = [found, large, missing];
        let (keys, bytes) = pages.iter().fold((0, 0), |(keys, bytes), pages| {
            (keys + pages.count as usize, bytes + pages.count as usize * pages.capacity())
        });
        assert!(self.memory.keys().len() <= keys, "{:?}", self.memory.keys().collect::<Vec<_>>());
        assert!(self.memory.bytes() <= bytes, "{} bytes", self.memory.bytes());
    }

    fn keep(&mut self, worker: usize, path: &str, is_missing: bool) {
        let since = Timestamp(self.now.0 - self.below(3) * 20_000);
        // Some do not fit.
        let text =
            format!("{path} {since:?} ").repeat(1 + self.below(14) as usize * usize::from(!is_missing));
        let most = self.workers[0].max_body_bytes(path) + path.len() + 128;
        let fits = is_missing || 40 + path.len() + 16 + text.len() <= most;
        let entry = if is_missing {
            Entry::Missing(Missing { gone: false, reason: text, since, limit: None })
        } else {
            found(&text, since)
        };
        let key = (is_missing, path.to_owned());
        let before = self.seen_all();
        let kept = self.workers[worker].keep(&mut self.memory, path, &entry, self.now);
        let known = before.get(&key).filter(|known| known.since() > since);
        let expected = known.cloned().or_else(|| fits.then_some(entry));
        for (other, entry) in &before {
            if *other != key {
                let seen = self.seen(other);
                assert!(
                    seen.is_none() || seen.as_ref() == Some(entry),
                    "{other:?} changed as {key:?} was kept"
                );
                let is_told = match &kept {
                    Kept::Evicted { paths, .. } => paths.contains(&other.1),
                    // Of a large one the document had room, and its pointer had none.
                    kept => matches!(kept, Kept::Not(_)) && self.config.index.large.count > 0,
                };
                assert!(seen.is_some() || is_told, "{other:?} went for {key:?}: {kept:?}");
            }
        }
        let seen = self.seen(&key);
        assert!(
            seen == expected || seen.is_none() && matches!(kept, Kept::Not(_)),
            "{key:?}: {seen:?}, {kept:?}"
        );
        match seen {
            Some(seen) => self.model.insert(key, seen),
            None => self.model.remove(&key),
        };
    }

    /// Another build, or a stray write: whatever stood in that page is gone.
    fn scribble(&mut self) {
        let pages = self.memory.keys().len().max(1);
        let number = self.below(pages as u64) as usize;
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
