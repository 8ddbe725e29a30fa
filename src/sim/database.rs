//! A checksum database: it records what is published, and answers as an honest one does. To have it lie, serve something else
//! at a path of its cluster's.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::log::Log;
use crate::{modzip::H1, sumdb::Tile};

/// The database, `sum.test`, whose key is [`super::key`].
#[derive(Debug)]
pub struct Database {
    log: Log,
    /// Numbers of records by `module@version`.
    ids: BTreeMap<String, u64>,
}

impl Database {
    /// One with so many records that no client asks for; those of another `history` are others.
    pub fn new(history: &str, records: u64) -> Self {
        let mut database = Self { log: Log::of(Vec::new()), ids: BTreeMap::new() };
        database.grow(history, records);
        database
    }

    /// So many more records come that no client asks for.
    pub fn grow(&mut self, history: &str, records: u64) {
        for _ in 0..records {
            let id = self.size();
            let other = |of: &str| H1(Sha256::digest(format!("{of} {id} {history}")).into());
            self.log.push(record("other.test", &format!("v1.{id}.0"), &other("zip"), &other("mod")));
        }
    }

    /// Records a version with these hashes of its zip and its go.mod.
    pub fn publish(&mut self, module: &str, version: &str, zip: &H1, go_mod: &H1) {
        self.ids.insert(format!("{module}@{version}"), self.size());
        self.log.push(record(module, version, zip, go_mod));
    }

    /// How many records there are.
    pub fn size(&self) -> u64 {
        self.log.size()
    }

    /// The head it had when it was of this size.
    pub fn head(&self, size: u64) -> String {
        self.log.head(size)
    }

    /// A lookup as it was answered when the database was of this size: a cache before it may say so still.
    pub fn lookup(&self, version: &str, size: u64) -> String {
        self.log.lookup(self.ids[version], size)
    }

    /// What it says at `path`.
    pub fn answer(&self, path: &str) -> Option<Vec<u8>> {
        if path == "/latest" {
            return Some(self.head(self.size()).into_bytes());
        }
        if let Some(version) = path.strip_prefix("/lookup/") {
            let id = self.ids.get(&unescaped(version))?;
            return Some(self.log.lookup(*id, self.size()).into_bytes());
        }
        let tile = Tile::parse(path.strip_prefix("/tile/")?)?;
        tile.is_within(self.size()).then(|| self.log.tile(tile))
    }
}

/// A module version as it is called where capitals are no concern of file systems.
fn unescaped(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8().unwrap();
    let mut parts = decoded.split('!');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (capital, rest) = part.split_at(1);
        text + &capital.to_ascii_uppercase() + rest
    })
}

fn record(module: &str, version: &str, zip: &H1, go_mod: &H1) -> String {
    let [zip, go_mod] = [zip, go_mod].map(|h1| BASE64_STANDARD.encode(h1.0));
    format!("{module} {version} h1:{zip}\n{module} {version}/go.mod h1:{go_mod}\n")
}
