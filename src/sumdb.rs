//! The checksum database, as values: what proves that a module version is the one that all others get?
//!
//! A [`Proof`] says which [`Resource`]s it needs, is supplied with their bytes, and ends proven or refused. It trusts
//! nothing but the database's [`Key`] and the last [`SignedHead`] verified before: a lookup's record must lie in a tree
//! whose head the key has signed, and of two heads one must continue the other. Between them stand hash tiles, each of
//! which is checked against the head before a hash of it is used.
//!
//! The semantics are those of golang.org/x/mod/sumdb and its `note` and `tlog`, the formats those of
//! <https://c2sp.org/signed-note> and of <https://go.dev/design/25530-sumdb>. The arithmetic is our own rather than a
//! crate's: the one there is (`tlog_tiles`) asserts where a hostile tree size gets its numbers wrong, and here a panic
//! costs a worker. Signatures are `ed25519-dalek`'s.
//!
//! A proof asks for at most one lookup or head and [`MAX_TILES`] tiles, each also in a wider form, and keeps no more than that, however the
//! database answers.

mod head;
mod key;
pub(crate) mod merkle;
mod note;
mod proof;
mod record;
mod resource;
mod sums;
#[cfg(test)]
mod tests;
mod tile;
mod tiles;
mod tree;

pub use self::head::{Forged, SignedHead};
pub use self::key::{BadKey, Key, SUM_GOLANG_ORG};
pub use self::proof::{Goal, Progress, Proof, Proven, Refused};
pub use self::record::Record;
pub use self::resource::Resource;
pub use self::sums::Sums;
pub use self::tile::Tile;
pub use self::tree::MAX_TILES;

/// Base64 exactly as Go's `base64.StdEncoding` reads it: padded, with no regard to the bits beyond the last byte.
const BASE64: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);
