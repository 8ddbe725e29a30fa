//! Which tiles prove something of a tree, and do they?

use std::collections::BTreeSet;

use super::Tile;
use super::merkle::{self, Hash};
use super::tile::LEVELS;
use super::tiles::Tiles;

/// The most tiles one proof asks for: a tree's own edge, those of two older ones, and what leads from a tile to it are at most
/// one for each level, and with a tile of records goes itself.
pub const MAX_TILES: usize = 4 * LEVELS as usize + 1;

/// The part of a tree that has to be read: certain tiles, and all that stands between them and the tree's hash.
///
/// A full tile's hash stands in the tile above it. The tiles the right edge runs through have no hash anywhere: all of them
/// together make the tree's. (Go reads the same tiles: tlog.TileHashReader.)
#[derive(Debug)]
pub(super) struct Part {
    size: u64,
    tiles: BTreeSet<Tile>,
}

impl Part {
    /// Nothing, of a tree of this size.
    pub(super) fn new(size: u64) -> Self {
        Self { size, tiles: BTreeSet::new() }
    }

    /// Adds what proves the tile at this place; `None` where the tree has none there.
    pub(super) fn add(&mut self, level: u8, index: u64) -> Option<Tile> {
        let tile = Tile::of(self.size, level, index)?;
        self.tiles.extend((0..LEVELS).filter_map(|level| Tile::edge(self.size, level)));
        let mut next = Some(tile);
        // Ends at the edge, as the topmost tile lies on it.
        while let Some(tile) = next.filter(|tile| self.tiles.insert(*tile)) {
            next = Tile::of(self.size, tile.level() + 1, tile.parent().0);
        }
        Some(tile)
    }

    /// Adds what an older tree's hash is made of.
    pub(super) fn add_edge_of(&mut self, older: u64) {
        for edge in (0..LEVELS).filter_map(|level| Tile::edge(older, level)) {
            self.add(edge.level(), edge.index());
        }
    }

    /// All tiles to be read.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Tile> {
        self.tiles.iter().copied()
    }

    /// Whether all tiles are as the tree's hash says. Where one is not there, they are not.
    pub(super) fn is_proven(&self, root: &Hash, tiles: &Tiles) -> bool {
        // What a tile is checked against is checked itself, level by level up to the edge.
        self.tiles.is_empty()
            || edge_hash(self.size, |edge| tiles.hashes(edge)).as_ref() == Some(root)
                && self.tiles().all(|tile| self.is_in_parent(tile, tiles))
    }

    fn is_in_parent(&self, tile: Tile, tiles: &Tiles) -> bool {
        if Tile::edge(self.size, tile.level()) == Some(tile) {
            return true;
        }
        let (index, place) = tile.parent();
        let stated = Tile::of(self.size, tile.level() + 1, index)
            .filter(|parent| self.tiles.contains(parent))
            .and_then(|parent| tiles.hashes(parent)?.get(place));
        stated.is_some() && tiles.hashes(tile).and_then(merkle::complete).as_ref() == stated
    }

    /// The hash this tree had when it was of size `older`; `None` where a tile for it is not there.
    pub(super) fn hash_at(&self, older: u64, tiles: &Tiles) -> Option<Hash> {
        edge_hash(older, |edge| {
            let grown = Tile::of(self.size, edge.level(), edge.index())?;
            tiles.hashes(grown)?.get(..usize::from(edge.width()))
        })
    }
}

/// The hash of a tree of this size, given the hashes of the tiles its edge runs through.
fn edge_hash<'a>(size: u64, hashes: impl Fn(Tile) -> Option<&'a [Hash]>) -> Option<Hash> {
    let mut hash = None;
    for edge in (0..LEVELS).filter_map(|level| Tile::edge(size, level)) {
        hash = merkle::onto(hashes(edge)?, hash);
    }
    hash
}
