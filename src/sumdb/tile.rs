//! Tiles: which part of the tree is one, and what is it called? Semantics of tlog.Tile, of height 8 alone.

use std::fmt::{self, Display, Formatter};

/// Hashes in a full tile, two to the height of it. cmd/go asks for no other height (`sumdb.NewClient`).
pub(super) const FULL: u16 = 256;

/// Bits of a record's number that one level of tiles stands for.
const HEIGHT: u32 = 8;

/// Levels of tiles in the largest tree, of `i64::MAX` records.
pub(super) const LEVELS: u8 = 8;

/// The largest tree Go can speak of.
const MAX_SIZE: u128 = i64::MAX as u128;

/// One tile's place in the tree. A tile that no tree can have cannot be made.
///
/// It displays as its path below `tile/`: `8/0/x001/067`, `8/1/000.p/44`, `8/data/x001/067`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    // Levels first: sorted, a tile comes before the one its hash is in.
    level: u8,
    is_data: bool,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile of hashes at `level` (0: of records, 1: of full tiles of level 0, ...), the `index`th there, of which
    /// `width` (1 to 256) hashes are meant. `None` where no tree is large enough to have it.
    pub fn hashes(level: u8, index: u64, width: u16) -> Option<Self> {
        Self { level, is_data: false, index, width }.checked()
    }

    /// The tile of the records that the tile of hashes at level 0 is of.
    pub fn data(index: u64, width: u16) -> Option<Self> {
        Self { level: 0, is_data: true, index, width }.checked()
    }

    /// Reads a path below `tile/`. Semantics of tlog.ParseTilePath: there is one way to write each.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("8/")?;
        let (level, rest) = rest.split_once('/')?;
        let (place, width) =
            rest.split_once(".p/").map_or((rest, None), |(place, width)| (place, Some(width)));
        let mut index: u64 = 0;
        for element in place.split('/') {
            let digits = element.strip_prefix('x').unwrap_or(element);
            index = index.checked_mul(1000)?.checked_add(digits.parse::<u16>().ok()?.into())?;
        }
        let width = width.map_or(Some(FULL), |width| width.parse().ok())?;
        let tile = match level {
            "data" => Self::data(index, width),
            level => Self::hashes(level.parse().ok()?, index, width),
        }?;
        // Other spellings, with zeros, signs or crosses, are the path of something else.
        (tile.to_string() == path).then_some(tile)
    }

    fn checked(self) -> Option<Self> {
        let is_one = self.level < LEVELS
            && (1..=FULL).contains(&self.width)
            && u128::from(self.index) <= MAX_SIZE / u128::from(FULL);
        (is_one && self.end() <= MAX_SIZE).then_some(self)
    }

    /// The size a tree must have to hold all of it.
    fn end(self) -> u128 {
        let hashes = u128::from(self.index) * u128::from(FULL) + u128::from(self.width);
        // Below 128 bits: 55 of the index, 8 of the width, 56 of the highest level.
        hashes << (HEIGHT * u32::from(self.level))
    }

    /// Whether all of it is within a tree of this size.
    pub fn is_within(self, size: u64) -> bool {
        self.end() <= u128::from(size)
    }

    /// 0 for hashes of records, and for records themselves.
    pub fn level(self) -> u8 {
        self.level
    }

    /// Whether it holds records, not hashes.
    pub fn is_data(self) -> bool {
        self.is_data
    }

    /// Its number among those of its level.
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many hashes, or records, of it are meant: 1 to 256.
    pub fn width(self) -> u16 {
        self.width
    }

    /// Its number of bytes; `None` for records, which have any length.
    pub fn bytes(self) -> Option<usize> {
        (!self.is_data).then(|| usize::from(self.width) * 32)
    }

    /// All of the tile that this is a part of; `None` for a full one, and where that would be beyond all trees.
    pub(super) fn widened(self) -> Option<Self> {
        (self.width < FULL).then_some(Self { width: FULL, ..self })?.checked()
    }

    /// The tile's part that a tree of `size` records has of what is at `index` of `level`.
    pub(super) fn of(size: u64, level: u8, index: u64) -> Option<Self> {
        let start = index.checked_mul(FULL.into())?;
        let width = below(size, level).checked_sub(start)?.min(FULL.into());
        Self::hashes(level, index, u16::try_from(width).ok()?)
    }

    /// The tile of level `level` that the tree's right edge runs through; `None` where it runs between two.
    pub(super) fn edge(size: u64, level: u8) -> Option<Self> {
        let width = below(size, level) % u64::from(FULL);
        Self::hashes(level, below(size, level) / u64::from(FULL), u16::try_from(width).ok()?)
    }

    /// Where the hash of this tile is: the index of the tile one level up, and its place there.
    pub(super) fn parent(self) -> (u64, usize) {
        let full = u64::from(FULL);
        (self.index / full, usize::try_from(self.index % full).unwrap_or_default())
    }
}

/// How many hashes a tree of `size` records has at a level of tiles.
fn below(size: u64, level: u8) -> u64 {
    size.checked_shr(HEIGHT * u32::from(level)).unwrap_or_default()
}

impl Display for Tile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_data {
            f.write_str("8/data")?;
        } else {
            write!(f, "8/{}", self.level)?;
        }
        // Thousands from the left, all but the last with an x.
        let thousands = self.index.checked_ilog(1000).unwrap_or_default();
        for power in (1..=thousands).rev() {
            write!(f, "/x{:03}", self.index / 1000_u64.pow(power) % 1000)?;
        }
        write!(f, "/{:03}", self.index % 1000)?;
        if self.width < FULL { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}
