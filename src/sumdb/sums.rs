//! What go.sum says of a module version.

use base64::Engine;

use super::BASE64;
use super::merkle::Hash;

/// The two hashes of a module version, as dirhash.Hash1 makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Of the files of its zip.
    pub zip: [u8; 32],
    /// Of its go.mod.
    pub go_mod: [u8; 32],
}

impl Sums {
    /// The zip's hash as go.sum has it: `h1:` and base64.
    pub fn zip_h1(&self) -> String {
        h1(&self.zip)
    }

    /// The go.mod's hash as go.sum has it: `h1:` and base64.
    pub fn go_mod_h1(&self) -> String {
        h1(&self.go_mod)
    }
}

fn h1(hash: &Hash) -> String {
    format!("h1:{}", BASE64.encode(hash))
}

/// Reads what follows `h1:`.
pub(super) fn read(base64: &str) -> Option<Hash> {
    BASE64.decode(base64).ok()?.try_into().ok()
}
