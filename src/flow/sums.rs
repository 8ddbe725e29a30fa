//! What a module version's content must hash to.

use crate::goproxy::Failure;

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sums {
    /// Nothing is to be proven of this module.
    Exempt,
    /// A checksum database has proven them: SHA-256 as in go.sum's `h1:`, of the zip and of the go.mod.
    Proven {
        /// Of the zip.
        zip: [u8; 32],
        /// Of the go.mod.
        go_mod: [u8; 32],
    },
    /// The checksum database could not be asked, or has no record of it.
    Unproven {
        /// Why.
        failure: Failure,
        /// Whether what is not proven may be given all the same, but not be kept.
        acceptable: bool,
    },
}
