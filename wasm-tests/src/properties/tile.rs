//! Coordinates of tiles: each has one name, and clients can ask for it.
//!
//! Input: what stands below `tile/`.

use modgate::goproxy::Target;
use modgate::sumdb::Tile;

/// No text panics, and what is a tile is written as it was read, lies in some tree, and is served.
pub fn check(input: &[u8]) {
    let Ok(path) = std::str::from_utf8(input) else { return };
    let Some(tile) = Tile::parse(path) else { return };
    assert_eq!(tile.to_string(), path);
    assert!(tile.is_within(i64::MAX.unsigned_abs()), "{path}");
    assert!((1..=256).contains(&tile.width()) && tile.level() < 8, "{path}");
    let same = if tile.is_data() {
        Tile::data(tile.index(), tile.width())
    } else {
        Tile::hashes(tile.level(), tile.index(), tile.width())
    };
    assert_eq!(same, Some(tile), "{path}");
    let length = (!tile.is_data()).then(|| usize::from(tile.width()) * 32);
    assert_eq!(tile.bytes(), length, "{path}");
    let target = Target::parse(&format!("sumdb/sum.golang.org/tile/{path}"));
    assert!(matches!(target, Ok(Target::Document(_))), "{path}: {target:?}");
}
