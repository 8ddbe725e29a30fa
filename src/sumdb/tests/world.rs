//! The log of the golden tables (wasm-tests/golden/sumdb.go makes the same), what an honest database says of it, and a client that asks.

use std::sync::OnceLock;

use base64::Engine;
use sha2::{Digest, Sha256};

use crate::gomod::{ModulePath, Version};
pub(super) use crate::sim::{Log, head, key, signature};
use crate::sumdb::{BASE64, Goal, MAX_TILES, Progress, Proof, Resource, SignedHead, Sums};

/// The log of the golden tables.
pub(super) fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| Log::new(65836, record))
}

pub(super) fn record(id: u64) -> String {
    let Sums { zip, go_mod } = sums(id);
    let (zip, go_mod) = (BASE64.encode(zip), BASE64.encode(go_mod));
    format!(
        "example.com/M{id} v1.0.0-RC.{id} h1:{zip}\nexample.com/M{id} v1.0.0-RC.{id}/go.mod h1:{go_mod}\n"
    )
}

pub(super) fn sums(id: u64) -> Sums {
    let sum = |of: &str| Sha256::digest(format!("{of} {id}")).into();
    Sums { zip: sum("zip"), go_mod: sum("mod") }
}

/// The goal that is about record `id`.
pub(super) fn goal(id: u64) -> Goal {
    let module = ModulePath::parse(&format!("example.com/M{id}")).unwrap();
    Goal::Record { module, version: Version::parse(&format!("v1.0.0-RC.{id}")).unwrap() }
}

impl Log {
    pub(super) fn new(size: u64, records: fn(u64) -> String) -> Self {
        Self::of((0..size).map(records).collect())
    }

    pub(super) fn known(&self, size: u64) -> SignedHead {
        SignedHead::open(self.head(size).as_bytes(), &key()).unwrap()
    }

    /// What an honest database says when the log has `size` records. It keeps every tile's parts.
    pub(super) fn answer(&self, size: u64, resource: &Resource) -> Option<Vec<u8>> {
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
pub(super) fn run(
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
