//! One proof: what is it of, what was supplied to it, and what came of it?

mod judge;

use super::merkle::{self, Hash};
use super::tiles::Tiles;
use super::{Key, Record, Resource, SignedHead, Sums, Tile};
use crate::gomod::{ModulePath, Version};

/// The largest tile of records that is read, in bytes: 256 records of two go.sum lines are a tenth of it.
const MAX_DATA_BYTES: usize = 1 << 20;

/// What shall be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// What the database says of a module version, and that all clients are told the same.
    Record {
        /// The module.
        module: ModulePath,
        /// Its version.
        version: Version,
    },
    /// That a tile, of hashes or of records, is part of the database's tree.
    Tile(Tile),
    /// The newest tree head.
    Head,
}

/// A proof under way. It does nothing by itself: ask [`Proof::step`] what it needs, and supply it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    key: Key,
    goal: Goal,
    known: Option<SignedHead>,
    recalled: Option<SignedHead>,
    seen: Option<SignedHead>,
    answer: Option<Answer>,
    tiles: Tiles,
    /// What the last step asked for: anything else was not asked for, and is not kept.
    asked: Vec<Resource>,
    refused: Option<Refused>,
}

/// A lookup's answer, its head aside.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    /// The record's text.
    text: String,
    id: u64,
    leaf: Hash,
    sums: Sums,
}

/// How far a proof is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// These are lacking, in no order; those under way are among them until they are supplied.
    Needs(Vec<Resource>),
    /// It holds.
    Proven(Proven),
    /// It does not, and no more can be done.
    Refused(Refused),
}

/// What has been proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The newest tree head: the one that was known, or one that continues it.
    pub head: SignedHead,
    /// Whether that is newer than the one known, and so worth keeping.
    pub grew: bool,
    /// The hashes of the module version, where they were asked for.
    pub sums: Option<Sums>,
    /// Everything that is proven by this head, with its bytes: the lookup, and all tiles that were read. The lookup ends with
    /// this head, whichever it came with, so that these tiles are those that prove it to the next who asks. A part of a tile that
    /// was asked for is here by its own name even where the whole was supplied.
    pub proven: Vec<(Resource, Vec<u8>)>,
}

/// Why something is not proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A broken or forged resource, or one that is not what was asked for; with what is wrong.
    #[error("{0}")]
    Forged(String),
    /// Two heads that the database has signed, neither of which continues the other: it tells some one thing and some
    /// another. The notes are the evidence.
    #[error("the checksum database has signed two histories:\n{known}\nand\n{got}")]
    Fork {
        /// The head verified before.
        known: Box<SignedHead>,
        /// The head that came now.
        got: Box<SignedHead>,
    },
    /// The database has none: of a lookup, that it does not know this version.
    #[error("the checksum database has no {0}")]
    Unknown(Resource),
}

impl Proof {
    /// Begins one. `known` is the last head that was verified; without one the first is believed for its signature alone,
    /// as the go command does when it first meets a database.
    pub fn new(key: Key, goal: Goal, known: Option<SignedHead>) -> Self {
        let tiles = Tiles::default();
        let recalled = None;
        Self { key, goal, known, recalled, seen: None, answer: None, tiles, asked: Vec::new(), refused: None }
    }

    /// Takes note of a head that another worker has verified meanwhile against the head that we knew: it is not proven once more that it
    /// continues that one. An older head changes nothing.
    pub fn learn(&mut self, known: SignedHead) {
        match &self.known {
            Some(old) if old.size() > known.size() => {}
            Some(old) if old.size() == known.size() && old.root() != known.root() => {
                let fork = Refused::Fork { known: Box::new(old.clone()), got: Box::new(known) };
                self.refused.get_or_insert(fork);
            }
            _ => self.known = Some(known),
        }
    }

    /// One more head that was verified once. Whether it and the known one continue one another is unknown.
    pub fn recall(&mut self, head: SignedHead) {
        self.recalled = Some(head);
    }

    /// Hands over what a step asked for; `None` where the database says that there is none (404 or 410).
    ///
    /// Where a part of a tile is asked for and the whole is at hand, ask [`Tile::hashes`] for the part's bytes: they are its
    /// beginning.
    pub fn supply(&mut self, resource: Resource, bytes: Option<Vec<u8>>) {
        let Some(place) = self.asked.iter().position(|asked| *asked == resource) else { return };
        self.asked.swap_remove(place);
        let taken = match (&resource, bytes) {
            (Resource::Tile(tile), None) if self.tiles.miss(*tile) => Ok(()),
            (_, None) => Err(Refused::Unknown(resource)),
            (Resource::Latest, Some(bytes)) => self.take_latest(&bytes),
            (Resource::Lookup { .. }, Some(bytes)) => self.take_lookup(&bytes),
            (Resource::Tile(tile), Some(bytes)) => self.take_tile(*tile, bytes),
        };
        if let Err(refused) = taken {
            self.refused.get_or_insert(refused);
        }
    }

    fn take_latest(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.seen = Some(SignedHead::open(bytes, &self.key).map_err(|error| forged(&error.to_string()))?);
        Ok(())
    }

    fn take_lookup(&mut self, body: &[u8]) -> Result<(), Refused> {
        let Goal::Record { module, version } = &self.goal else { return Ok(()) };
        let of_lookup = |what: &str| forged(&format!("the lookup of {module}@{version}: {what}"));
        let record = Record::parse(body).map_err(of_lookup)?;
        let sums = record.sums(module, version).map_err(of_lookup)?;
        let head = SignedHead::open(record.note, &self.key).map_err(|error| of_lookup(&error.to_string()))?;
        let (id, leaf) = (record.id, merkle::leaf(record.text.as_bytes()));
        self.seen = Some(head);
        self.answer = Some(Answer { text: record.text.to_owned(), id, leaf, sums });
        Ok(())
    }

    fn take_tile(&mut self, tile: Tile, bytes: Vec<u8>) -> Result<(), Refused> {
        let fits = tile.bytes().map_or(bytes.len() <= MAX_DATA_BYTES, |length| length == bytes.len());
        if !fits {
            return Err(forged(&format!("tile/{tile} cannot have {} bytes", bytes.len())));
        }
        self.tiles.hold(tile, bytes);
        Ok(())
    }

    /// How far it is with what was supplied so far.
    pub fn step(&mut self) -> Progress {
        let progress = match &self.refused {
            Some(refused) => Err(refused.clone()),
            None => self.advance(),
        };
        match progress {
            Ok(Progress::Needs(resources)) => {
                self.asked.clone_from(&resources);
                Progress::Needs(resources)
            }
            Ok(progress) => progress,
            Err(refused) => {
                self.refused = Some(refused.clone());
                Progress::Refused(refused)
            }
        }
    }
}

fn forged(what: &str) -> Refused {
    Refused::Forged(what.to_owned())
}
