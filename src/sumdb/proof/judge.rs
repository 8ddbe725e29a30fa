//! Is everything here, and does it hold?

use super::{Goal, Progress, Proof, Proven, Refused, forged};
use crate::sumdb::merkle::{self, Hash};
use crate::sumdb::record::is_text;
use crate::sumdb::tree::Part;
use crate::sumdb::{Resource, SignedHead, Tile};

impl Proof {
    /// The next thing to say, given what is here.
    pub(super) fn advance(&self) -> Result<Progress, Refused> {
        if let Some(first) = self.first() {
            return Ok(Progress::Needs(vec![first]));
        }
        let Some((newest, older)) = self.heads()? else { return Ok(Progress::Needs(vec![Resource::Latest])) };

        let mut part = Part::new(newest.size());
        older.iter().for_each(|older| part.add_edge_of(older.size()));
        let target = self.target(newest, &mut part)?;
        let data = self.data();
        let lacking: Vec<_> = part
            .tiles()
            .chain(data)
            .filter_map(|tile| self.tiles.lacking(tile))
            .map(Resource::Tile)
            .collect();
        if !lacking.is_empty() {
            return Ok(Progress::Needs(lacking));
        }

        if !part.is_proven(newest.root(), &self.tiles) {
            return Err(forged(&format!("tiles do not belong to the signed tree of size {}", newest.size())));
        }
        let is_before =
            |older: &SignedHead| part.hash_at(older.size(), &self.tiles).as_ref() == Some(older.root());
        if let Some(other) = older.into_iter().find(|older| !is_before(older)) {
            return Err(self.fork(newest, other));
        }
        let hashes = target.and_then(|tile| self.tiles.hashes(tile)).unwrap_or_default();
        Ok(Progress::Proven(Proven {
            head: newest.clone(),
            grew: self.known.as_ref().is_none_or(|known| known.size() < newest.size()),
            sums: self.answer.as_ref().map(|answer| answer.sums),
            proven: self
                .of_goal(newest, target, hashes)?
                .into_iter()
                .chain(part.tiles().filter_map(|tile| self.as_proven(tile, tile)))
                .collect(),
        }))
    }

    /// What the goal is about, now that the hashes of its tile are proven, where that is not a tile read for the proof.
    fn of_goal(
        &self,
        newest: &SignedHead,
        target: Option<Tile>,
        hashes: &[Hash],
    ) -> Result<Option<(Resource, Vec<u8>)>, Refused> {
        match (&self.goal, &self.answer) {
            (Goal::Record { module, version }, Some(answer)) => {
                if hashes.get(place(answer.id)) != Some(&answer.leaf) {
                    return Err(forged(&format!(
                        "the lookup of {module}@{version}: its record is not record {} of the signed tree",
                        answer.id
                    )));
                }
                let lookup = Resource::Lookup { module: module.clone(), version: version.clone() };
                let body = format!("{}\n{}\n{newest}", answer.id, answer.text);
                Ok(Some((lookup, body.into_bytes())))
            }
            (Goal::Tile(data), _) if data.is_data() => {
                Ok(Some((Resource::Tile(*data), self.prove_data(*data, hashes)?)))
            }
            // The newest tree has more of it: it is the beginning of what was read.
            (Goal::Tile(tile), _) if Some(*tile) != target => {
                Ok(target.and_then(|grown| self.as_proven(*tile, grown)))
            }
            (Goal::Record { .. } | Goal::Tile(_) | Goal::Head, _) => Ok(None),
        }
    }

    /// A tile with its bytes, which are those that `grown` begins with.
    fn as_proven(&self, tile: Tile, grown: Tile) -> Option<(Resource, Vec<u8>)> {
        let bytes = self.tiles.bytes(grown)?.get(..tile.bytes()?)?;
        Some((Resource::Tile(tile), bytes.to_vec()))
    }

    /// What has to be here before anything else is known to be needed.
    fn first(&self) -> Option<Resource> {
        match &self.goal {
            Goal::Record { module, version } => self
                .answer
                .is_none()
                .then(|| Resource::Lookup { module: module.clone(), version: version.clone() }),
            Goal::Tile(tile) if self.known.as_ref().is_some_and(|known| tile.is_within(known.size())) => None,
            Goal::Tile(_) | Goal::Head => self.seen.is_none().then_some(Resource::Latest),
        }
    }

    /// The newest head there is, and the others where it is to be proven that the newest continues them.
    fn heads(&self) -> Result<Option<(&SignedHead, Vec<&SignedHead>)>, Refused> {
        let heads = [&self.known, &self.recalled, &self.seen].map(Option::as_ref);
        let Some(newest) = heads
            .into_iter()
            .flatten()
            .reduce(|newest, head| if head.size() > newest.size() { head } else { newest })
        else {
            return Ok(None);
        };
        // Every tree continues the empty one, and itself.
        let others = heads
            .into_iter()
            .flatten()
            .filter(|head| head.size() > 0 && (head.size(), head.root()) != (newest.size(), newest.root()));
        let older: Vec<_> = others.collect();
        match older.iter().find(|head| head.size() == newest.size()) {
            Some(other) => Err(self.fork(newest, other)),
            None => Ok(Some((newest, older))),
        }
    }

    /// The tile of hashes that the goal is about, its proof added to what has to be read.
    fn target(&self, newest: &SignedHead, part: &mut Part) -> Result<Option<Tile>, Refused> {
        match (&self.goal, &self.answer) {
            (Goal::Record { module, version }, Some(answer)) => {
                let within = (answer.id < newest.size()).then(|| part.add(0, answer.id / 256)).flatten();
                within.map(Some).ok_or_else(|| {
                    let (id, size) = (answer.id, newest.size());
                    forged(&format!(
                        "the lookup of {module}@{version}: a tree of size {size} has no record {id}"
                    ))
                })
            }
            (Goal::Tile(tile), _) => {
                let within =
                    tile.is_within(newest.size()).then(|| part.add(tile.level(), tile.index())).flatten();
                within.map(Some).ok_or(Refused::Unknown(Resource::Tile(*tile)))
            }
            (Goal::Record { .. } | Goal::Head, _) => Ok(None),
        }
    }

    fn data(&self) -> Option<Tile> {
        match self.goal {
            Goal::Tile(tile) => Some(tile).filter(|tile| tile.is_data()),
            _ => None,
        }
    }

    /// The bytes of the records of a tile, each of which has the hash that is proven for it.
    fn prove_data(&self, data: Tile, hashes: &[Hash]) -> Result<Vec<u8>, Refused> {
        let bytes = self.tiles.bytes(data).unwrap_or_default();
        let is_whole = self.tiles.is_own(data);
        let proven = std::str::from_utf8(bytes).ok().and_then(|text| {
            let mut rest = text;
            for hash in hashes.get(..usize::from(data.width()))? {
                let (record, after) = rest.split_at_checked(rest.find("\n\n")? + 1)?;
                rest = after.strip_prefix('\n')?;
                (is_text(record) && merkle::leaf(record.as_bytes()) == *hash).then_some(())?;
            }
            // Nothing comes after, but for the records that only the whole tile has.
            (rest.is_empty() || !is_whole).then_some(())?;
            bytes.get(..bytes.len() - rest.len())
        });
        let proven = proven.ok_or_else(|| forged(&format!("tile/{data} is not of the signed tree")))?;
        Ok(proven.to_vec())
    }

    fn fork(&self, newest: &SignedHead, older: &SignedHead) -> Refused {
        let (known, got) =
            if self.known.as_ref() == Some(newest) { (newest, older) } else { (older, newest) };
        Refused::Fork { known: Box::new(known.clone()), got: Box::new(got.clone()) }
    }
}

/// Where a record's hash stands in its tile.
fn place(id: u64) -> usize {
    usize::try_from(id % 256).unwrap_or_default()
}
