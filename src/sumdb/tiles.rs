//! The tiles that were supplied to a proof, and how each is still to be had.

use std::collections::{BTreeMap, BTreeSet};

use super::Tile;
use super::merkle::Hash;

/// Tiles as they came. Nothing of them is proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tiles {
    held: BTreeMap<Tile, Vec<u8>>,
    /// Parts the database has no longer, as the tile has grown.
    outgrown: BTreeSet<Tile>,
}

impl Tiles {
    /// Keeps a tile.
    pub(super) fn hold(&mut self, tile: Tile, bytes: Vec<u8>) {
        self.held.insert(tile, bytes);
    }

    /// Notes that there is no such tile. Whether there may be the whole of it, to be asked for instead.
    pub(super) fn miss(&mut self, tile: Tile) -> bool {
        self.outgrown.insert(tile);
        tile.widened().is_some()
    }

    /// What to ask for to have this tile; `None` where it is here.
    pub(super) fn lacking(&self, tile: Tile) -> Option<Tile> {
        let wide = tile.widened();
        let is_held = self.held.contains_key(&tile) || wide.is_some_and(|wide| self.held.contains_key(&wide));
        let wide = wide.filter(|_| self.outgrown.contains(&tile));
        (!is_held).then_some(wide.unwrap_or(tile))
    }

    /// Whether it is held by itself, and not as the beginning of a whole.
    pub(super) fn is_own(&self, tile: Tile) -> bool {
        self.held.contains_key(&tile)
    }

    /// The bytes held for a tile: its own, or of the whole that it is the beginning of.
    pub(super) fn bytes(&self, tile: Tile) -> Option<&[u8]> {
        let own = self.held.get(&tile);
        own.or_else(|| self.held.get(&tile.widened()?)).map(Vec::as_slice)
    }

    /// The hashes of a tile of hashes, as many as its width.
    pub(super) fn hashes(&self, tile: Tile) -> Option<&[Hash]> {
        let (hashes, _) = self.bytes(tile)?.as_chunks::<32>();
        hashes.get(..usize::from(tile.width()))
    }
}
