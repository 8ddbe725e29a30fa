//! A log, a database that serves it, and a client that asks. wasm-tests/golden/sumdb.go makes the same log.

use std::sync::OnceLock;

use base64::Engine;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

use crate::gomod::{ModulePath, Version};
use crate::sumdb::merkle::{self, Hash};
use crate::sumdb::{BASE64, Goal, Key, MAX_TILES, Progress, Proof, Resource, SignedHead, Sums, Tile};

/// Every hash of a tree: first of the records, then of every two of those, and so on.
#[derive(Debug)]
pub(crate) struct Log {
    rows: Vec<Vec<Hash>>,
    records: Vec<String>,
}

/// The log of the golden tables.
pub(crate) fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| Log::new(65836, record))
}

pub(crate) fn record(id: u64) -> String {
    let Sums { zip, go_mod } = sums(id);
    let (zip, go_mod) = (BASE64.encode(zip), BASE64.encode(go_mod));
    format!(
        "example.com/M{id} v1.0.0-RC.{id} h1:{zip}\nexample.com/M{id} v1.0.0-RC.{id}/go.mod h1:{go_mod}\n"
    )
}

pub(crate) fn sums(id: u64) -> Sums {
    let sum = |of: &str| Sha256::digest(format!("{of} {id}")).into();
    Sums { zip: sum("zip"), go_mod: sum("mod") }
}

/// The goal that is about record `id`.
pub(crate) fn goal(id: u64) -> Goal {
    let module = ModulePath::parse(&format!("example.com/M{id}")).unwrap();
    Goal::Record { module, version: Version::parse(&format!("v1.0.0-RC.{id}")).unwrap() }
}

pub(crate) fn key() -> Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    let data = [&[1], signer().verifying_key().as_bytes().as_slice()].concat();
    let id = Sha256::digest([b"sum.test\n", data.as_slice()].concat());
    let hex: String = id[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    KEY.get_or_init(|| Key::parse(&format!("sum.test+{hex}+{}", BASE64.encode(data))).unwrap()).clone()
}

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[b'k'; 32])
}

/// A line that the key signs `text` with.
pub(crate) fn signature(text: &str) -> String {
    let signature = [key().id().as_slice(), &signer().sign(text.as_bytes()).to_bytes()].concat();
    format!("\u{2014} sum.test {}\n", BASE64.encode(signature))
}

/// A tree head, signed, be it true or not.
pub(crate) fn head(size: u64, root: &Hash) -> String {
    let text = format!("go.sum database tree\n{size}\n{}\n", BASE64.encode(root));
    let signature = signature(&text);
    format!("{text}\n{signature}")
}

impl Log {
    pub(crate) fn new(size: u64, records: fn(u64) -> String) -> Self {
        Self::of((0..size).map(records).collect())
    }

    pub(crate) fn of(records: Vec<String>) -> Self {
        let mut log = Self { rows: Vec::new(), records: Vec::new() };
        records.into_iter().for_each(|record| log.push(record));
        log
    }

    pub(crate) fn push(&mut self, record: String) {
        let mut next = Some(merkle::leaf(record.as_bytes()));
        self.records.push(record);
        for level in 0.. {
            let Some(hash) = next else { return };
            if level == self.rows.len() {
                self.rows.push(Vec::new());
            }
            let row = &mut self.rows[level];
            row.push(hash);
            let is_pair = row.len().is_multiple_of(2);
            next = is_pair.then(|| merkle::node(&row[row.len() - 2], &row[row.len() - 1]));
        }
    }

    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.records.len()).unwrap()
    }

    /// By the definition in RFC 6962, and so not as the code does it.
    pub(crate) fn root(&self, size: u64) -> Hash {
        self.hash_of(0, size)
    }

    fn hash_of(&self, from: u64, to: u64) -> Hash {
        let length = to - from;
        if length.is_power_of_two() {
            let row = length.trailing_zeros();
            return self.rows[row as usize][usize::try_from(from >> row).unwrap()];
        }
        let left = from + length.next_power_of_two() / 2;
        merkle::node(&self.hash_of(from, left), &self.hash_of(left, to))
    }

    fn record(&self, id: u64) -> &str {
        &self.records[usize::try_from(id).unwrap()]
    }

    pub(crate) fn head(&self, size: u64) -> String {
        head(size, &self.root(size))
    }

    pub(crate) fn known(&self, size: u64) -> SignedHead {
        SignedHead::open(self.head(size).as_bytes(), &key()).unwrap()
    }

    pub(crate) fn lookup(&self, id: u64, size: u64) -> String {
        format!("{id}\n{}\n{}", self.record(id), self.head(size))
    }

    pub(crate) fn tile(&self, tile: Tile) -> Vec<u8> {
        let start = tile.index() * 256;
        let range = start..start + u64::from(tile.width());
        if tile.is_data() {
            return range.map(|id| format!("{}\n", self.record(id))).collect::<String>().into_bytes();
        }
        let row = &self.rows[8 * usize::from(tile.level())];
        range.flat_map(|n| row[usize::try_from(n).unwrap()]).collect()
    }

    /// What an honest database says when the log has `size` records. It keeps every tile's parts.
    pub(crate) fn answer(&self, size: u64, resource: &Resource) -> Option<Vec<u8>> {
        match resource {
            Resource::Latest => Some(self.head(size).into_bytes()),
            Resource::Lookup { module, .. } => {
                let id =
                    module.as_str().strip_prefix("example.com/M")?.parse().ok().filter(|id| *id < size)?;
                Some(self.lookup(id, size).into_bytes())
            }
            Resource::Tile(tile) => tile.is_within(size).then(|| self.tile(*tile)),
        }
    }
}

/// Runs a proof to its end, one answer at a time. Returns what was asked for as well, each once.
pub(crate) fn run(
    goal: Goal,
    known: Option<SignedHead>,
    mut answer: impl FnMut(&Resource) -> Option<Vec<u8>>,
) -> (Progress, Vec<Resource>) {
    let mut proof = Proof::new(key(), goal, known);
    let mut asked: Vec<Resource> = Vec::new();
    loop {
        let Progress::Needs(needs) = proof.step() else { return (proof.step(), asked) };
        assert!(needs.len() <= MAX_TILES, "{needs:?}");
        let next = needs.into_iter().next().expect("what needs something says what");
        assert!(!asked.contains(&next), "{next} was supplied");
        assert!(asked.len() <= 2 * MAX_TILES + 1, "{asked:?}");
        let bytes = answer(&next);
        asked.push(next.clone());
        proof.supply(next, bytes);
    }
}
