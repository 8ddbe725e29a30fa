//! One gateway under a load, for some simulated time: what its index has of what is asked for. The index is the filter's own code, and so are
//! the times for which answers hold.
//!
//! **Scale.** Where one gateway in full is too much, a gateway of a part is simulated: one of `scale` names, of the requests, of the bytes of
//! the index and of the workers. Neighbours in popularity are merged to one name, so that the part has the same law. Where that leaves
//! less than one worker, the names that are not simulated still count in its sketch, or it would remember for longer than a real one.

use std::collections::HashSet;

use modgate::config::{self, Config};
use modgate::goproxy::{CacheClass, CacheState, Dates, Etag, Found, FreshnessCheck, Missing};
use modgate::http::Timestamp;
use modgate::shared::{Entry, Index, Memory, QueueId, Region, Seat};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::load::{Ask, Load};
use super::parameters::Kind;

/// What the index had of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Seen {
    /// It, and it may be given.
    Fresh,
    /// It, and it may be given while it is asked for anew.
    Stale,
    /// It, and it is asked for first.
    Expired,
    /// Nothing, though it was asked for before.
    Lost,
    /// Nothing, and no client has ever asked for it.
    New,
}

/// One gateway, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct Size {
    pub(super) workers: u32,
    /// Of the index.
    pub(super) bytes: u32,
    /// One of so many parts is simulated.
    pub(super) scale: u32,
}

/// How long it runs, at how many requests a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) rate: f64,
    /// Seconds before anything is counted, and seconds that count.
    pub(super) warm: f64,
    pub(super) counted: f64,
    pub(super) seed: u64,
}

/// What was seen, by kind and outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    asked: [[u64; 5]; 11],
    /// What the gateway itself looked up, to verify what it was asked for.
    own: [[u64; 5]; 11],
    /// Bytes of the pages at the end.
    pub(super) bytes: usize,
}

/// What was ever asked for, by kind and name.
pub(super) type Known = HashSet<(usize, u64)>;

/// The workers' views of one shared memory.
pub(super) struct Gateway {
    memory: Memory,
    workers: Vec<Index>,
    freshness: config::Freshness,
    /// Names that are not simulated, for each that is.
    beside: u64,
}

/// Runs a gateway with freshness times as configured by default, or others.
pub(super) fn run(load: &Load, size: &Size, run: Run, freshness: Option<config::Freshness>) -> Counts {
    let mut gateway = Gateway::of(size, freshness);
    let load = load.clone().merged(size.scale.into());
    let mut rng = SmallRng::seed_from_u64(run.seed);
    let rate = run.rate / f64::from(size.scale);
    let (warm, all) = ((run.warm * rate) as u64, ((run.warm + run.counted) * rate) as u64);
    let mut counts = Counts::default();
    let mut known = Known::new();
    for number in 0..all {
        let now = Timestamp(START + (number as f64 / rate * 1000.0) as u64);
        let ask = load.draw(number, &mut rng);
        let worker = rng.random_range(0..gateway.workers.len());
        let seen = gateway.ask(worker, ask, &load, now, &mut known);
        if number >= warm {
            counts.add(&seen);
        }
    }
    counts.bytes = gateway.memory.bytes();
    counts
}

impl Gateway {
    pub(super) fn of(size: &Size, freshness: Option<config::Freshness>) -> Self {
        let text = r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test"}],
            "storage": {"cluster": "storage", "url": "http://storage.test/modules"}}"#;
        let config = Config { index: config::Index::of(size.bytes / size.scale), ..Config::parse(text).unwrap() };
        let workers = (size.workers / size.scale).max(1);
        let seat = |queue| Seat { queue: QueueId(queue), seed: 7, ..Seat::default() };
        Self {
            memory: Memory::default(),
            workers: (0..workers).map(|queue| Index::new(&config, seat(queue))).collect(),
            freshness: freshness.unwrap_or(config.freshness),
            beside: u64::from((size.scale * workers).div_ceil(size.workers)).saturating_sub(1),
        }
    }

    /// A client asks a worker; what the index has not, or not fresh, is there a moment later. What the index had of that comes first, then what
    /// it had of the lookup and of the tile by which that is verified, where they were wanted.
    pub(super) fn ask(
        &mut self,
        worker: usize,
        ask: Ask,
        load: &Load,
        now: Timestamp,
        known: &mut Known,
    ) -> Vec<(Kind, Seen)> {
        let mut all = vec![(ask.kind, self.ask_one(worker, ask, now, known))];
        let lookup = Ask { kind: Kind::Lookup, ..ask };
        while let Some((kind, Seen::Lost | Seen::New)) = all.last() {
            let next = match kind {
                Kind::Mod | Kind::Zip => lookup,
                Kind::Lookup => load.tile(lookup),
                _ => break,
            };
            all.push((next.kind, self.ask_one(worker, next, now, known)));
        }
        all
    }

    fn ask_one(&mut self, worker: usize, ask: Ask, now: Timestamp, known: &mut Known) -> Seen {
        if ask.kind == Kind::Supported {
            return Seen::Fresh;
        }
        let path = ask.path();
        let seen = self.look(worker, ask, &path, now);
        if seen != Seen::Fresh {
            let _ = self.workers[worker].keep(&mut self.memory, &path, &entry(ask, now), now);
        }
        let is_new = known.insert((ask.kind as usize, ask.name));
        if seen == Seen::Lost && is_new { Seen::New } else { seen }
    }

    fn look(&mut self, worker: usize, ask: Ask, path: &str, now: Timestamp) -> Seen {
        let index = &mut self.workers[worker];
        for region in [Region::Found, Region::Missing] {
            let Some(entry) = index.look_up(&mut self.memory, region, path, now) else { continue };
            let jitter = index.jitter(path, entry.since());
            let check = FreshnessCheck { rules: &self.freshness, now, jitter, no_cache: false };
            let left = match &entry {
                Entry::Found(found) => match check.found(class(ask.kind), Dates::from(found)) {
                    CacheState::Fresh { .. } => return Seen::Fresh,
                    CacheState::Stale { .. } => return Seen::Stale,
                    CacheState::Expired { .. } => return Seen::Expired,
                },
                Entry::Missing(missing) => check.missing(Dates::from(missing)),
                other => check.presence(other.since()),
            };
            return if left.is_some() { Seen::Fresh } else { Seen::Expired };
        }
        for beside in 0..self.beside {
            let _ = index.look_up(&mut self.memory, Region::Found, &format!("{path}~{beside}"), now);
        }
        Seen::Lost
    }
}

/// What comes of asking a source.
fn entry(ask: Ask, now: Timestamp) -> Entry {
    match ask.kind {
        Kind::Zip => Entry::Stored { since: now, checked: true, doubted: false },
        Kind::UnknownModule | Kind::UnknownVersion => {
            let reason = "not found: module github.com/organisation/unknown: no matching versions".to_owned();
            Entry::Missing(Missing { gone: false, reason, since: now, limit: None })
        }
        _ => Entry::Found(Found {
            stored: true,
            ..Found::tagged(vec![b'x'; ask.bytes()], Etag([0; Etag::LEN]), now)
        }),
    }
}

/// How long an answer of this kind holds.
fn class(kind: Kind) -> CacheClass {
    match kind {
        Kind::List => CacheClass::List,
        Kind::Latest => CacheClass::Latest,
        Kind::Head => CacheClass::SumdbLatest,
        _ => CacheClass::Immutable,
    }
}

impl Counts {
    fn add(&mut self, seen: &[(Kind, Seen)]) {
        let Some(((kind, seen), own)) = seen.split_first() else { return };
        self.asked[*kind as usize][*seen as usize] += 1;
        for (kind, seen) in own {
            self.own[*kind as usize][*seen as usize] += 1;
        }
    }

    /// How many requests of this kind found this, those of the gateway's own included.
    pub(super) fn of(&self, kind: Kind, seen: Seen) -> f64 {
        (self.asked[kind as usize][seen as usize] + self.own[kind as usize][seen as usize]) as f64
    }

    /// All requests of clients.
    pub(super) fn all(&self) -> f64 {
        self.asked.iter().flatten().sum::<u64>() as f64
    }

    /// The share of clients' requests of these kinds that were answered from the index. A zip that is known to be stored is one of them:
    /// storage is not asked whether it has it.
    pub(super) fn hits(&self, kinds: &[Kind]) -> f64 {
        let sum = |of: &[Seen]| {
            let all = kinds.iter().flat_map(|kind| of.iter().map(|seen| self.asked[*kind as usize][*seen as usize]));
            all.sum::<u64>() as f64
        };
        sum(&[Seen::Fresh, Seen::Stale]) / sum(&SEEN)
    }
}

/// All of them.
pub(super) const SEEN: [Seen; 5] = [Seen::Fresh, Seen::Stale, Seen::Expired, Seen::Lost, Seen::New];

pub(super) const START: u64 = 1_700_000_000_000;
