//! The log of a checksum database, and the key that signs its heads.

use std::sync::OnceLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

use crate::sumdb::{
    Key, Tile,
    merkle::{self, Hash},
};

/// Every hash of a tree: first of the records, then of every two of those, and so on.
#[derive(Debug)]
pub struct Log {
    rows: Vec<Vec<Hash>>,
    records: Vec<String>,
}

/// The key of `sum.test`, which is the name of every simulated database.
pub fn key() -> Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    let data = [&[1], signer().verifying_key().as_bytes().as_slice()].concat();
    let id = Sha256::digest([b"sum.test\n", data.as_slice()].concat());
    let hex: String = id[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    KEY.get_or_init(|| Key::parse(&format!("sum.test+{hex}+{}", BASE64_STANDARD.encode(data))).unwrap())
        .clone()
}

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[b'k'; 32])
}

/// A line that the key signs `text` with.
pub fn signature(text: &str) -> String {
    let signature = [key().id().as_slice(), &signer().sign(text.as_bytes()).to_bytes()].concat();
    format!("\u{2014} sum.test {}\n", BASE64_STANDARD.encode(signature))
}

/// A tree head, signed, be it true or not.
pub fn head(size: u64, root: &Hash) -> String {
    let text = format!("go.sum database tree\n{size}\n{}\n", BASE64_STANDARD.encode(root));
    let signature = signature(&text);
    format!("{text}\n{signature}")
}

impl Log {
    /// The log of these records, in order.
    pub fn of(records: Vec<String>) -> Self {
        let mut log = Self { rows: Vec::new(), records: Vec::new() };
        records.into_iter().for_each(|record| log.push(record));
        log
    }

    /// One more record.
    pub fn push(&mut self, record: String) {
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

    /// How many records there are.
    pub fn size(&self) -> u64 {
        u64::try_from(self.records.len()).unwrap()
    }

    /// The root hash over the first `size` records, by the definition in RFC 6962, and so not as the code does it.
    pub fn root(&self, size: u64) -> Hash {
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

    /// The signed head when there were `size` records.
    pub fn head(&self, size: u64) -> String {
        head(size, &self.root(size))
    }

    /// The answer to a lookup of record `id` when there were `size` records.
    pub fn lookup(&self, id: u64, size: u64) -> String {
        format!("{id}\n{}\n{}", self.record(id), self.head(size))
    }

    /// The bytes of a tile.
    pub fn tile(&self, tile: Tile) -> Vec<u8> {
        let start = tile.index() * 256;
        let range = start..start + u64::from(tile.width());
        if tile.is_data() {
            return range.map(|id| format!("{}\n", self.record(id))).collect::<String>().into_bytes();
        }
        let row = &self.rows[8 * usize::from(tile.level())];
        range.flat_map(|n| row[usize::try_from(n).unwrap()]).collect()
    }
}
