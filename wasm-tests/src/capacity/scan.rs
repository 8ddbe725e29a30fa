//! The index at its full size: what a scan of a million names leaves of fifty thousand documents in use.

use modgate::config::{Config, Index as Sizes};
use modgate::goproxy::{Etag, Found, Missing};
use modgate::http::Timestamp;
use modgate::shared::{Entry, Index, Memory, QueueId, Region, Seat};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Zipf};

use super::gateway::START;
use super::load::Ask;
use super::parameters::Kind;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanned {
    pub(super) documents: u64,
    pub(super) names: u64,
    /// Documents that the index had before, and those of them that it has after.
    pub(super) before: u64,
    pub(super) after: u64,
    /// Bytes of all pages and keys in Envoy, before and after, and the bound.
    pub(super) bytes: [usize; 2],
    pub(super) bound: usize,
}

/// Documents are used by Zipf's law, before the scan and as often during it; then so many names are asked for once each through the other
/// worker, a thousand a second, half of which exist.
pub(super) fn run(documents: u64, names: u64, index: u32) -> Scanned {
    let text = r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test"}]}"#;
    let config = Config { index: Sizes::of(index), ..Config::parse(text).unwrap() };
    let mut workers = [1, 2].map(|queue| Index::new(&config, Seat { queue: QueueId(queue), seed: 7, ..Seat::default() }));
    let mut memory = Memory::default();
    let (zipf, mut rng) = (Zipf::new(documents as f64, 1.0).unwrap(), SmallRng::seed_from_u64(1));
    let mut now = Timestamp(START);
    let mut ask = |worker: usize, name: u64, memory: &mut Memory, now: Timestamp| {
        let ask = Ask { kind: Kind::Mod, name };
        let path = ask.path();
        if workers[worker].look_up(memory, Region::Found, &path, now).is_none() {
            let exists = name < documents || name.is_multiple_of(2);
            let found = Found::tagged(vec![b'x'; ask.bytes()], Etag([0; Etag::LEN]), now);
            let missing = Missing { gone: false, reason: "not found".to_owned(), since: now, limit: None };
            let entry = if exists { Entry::Found(found) } else { Entry::Missing(missing) };
            let _ = workers[worker].keep(memory, &path, &entry, now);
        }
    };
    // In use is what was asked for twice; the most popular are asked for more often.
    for name in (0..documents).chain(0..documents) {
        ask(0, name, &mut memory, now);
    }
    for _ in 0..documents * 4 {
        now = Timestamp(now.0 + 1);
        ask(0, zipf.sample(&mut rng) as u64 - 1, &mut memory, now);
    }
    let path = |name| Ask { kind: Kind::Mod, name }.path();
    let seat = Seat { queue: QueueId(3), seed: 7, ..Seat::default() };
    let has = |memory: &Memory| {
        let index = Index::new(&config, seat);
        (0..documents).filter(|name| index.peek(memory, Region::Found, &path(*name)).is_some()).count() as u64
    };
    let bytes = |memory: &Memory| memory.bytes() + memory.keys().len() * KEY_BYTES;
    let (before, bytes_before) = (has(&memory), bytes(&memory));
    for name in documents..documents + names {
        now = Timestamp(now.0 + 1);
        ask(1, name, &mut memory, now);
        if name.is_multiple_of(4) {
            ask(0, zipf.sample(&mut rng) as u64 - 1, &mut memory, now);
        }
    }
    let bytes = [bytes_before, bytes(&memory)];
    Scanned { documents, names, before, after: has(&memory), bytes, bound: index as usize }
}

/// What Envoy has of a key beside its value.
const KEY_BYTES: usize = modgate::config::limits::KEY_OVERHEAD_BYTES as usize;
