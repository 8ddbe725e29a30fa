//! What a module version's content must hash to.

use super::{Flaw, Proof};
use crate::{goproxy::Failure, modzip::H1};

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

impl Sums {
    /// What is proven of a fit zip of this hash.
    ///
    /// # Errors
    /// Why it must not be given.
    pub fn prove(&self, got: &H1) -> Result<Proof, Flaw> {
        match self {
            Self::Exempt => Ok(Proof::Exempt),
            Self::Proven { zip, .. } if got.0 == *zip => Ok(Proof::Proven),
            Self::Proven { zip, .. } => Err(Flaw::Mismatch { expected: H1(*zip), got: *got }),
            Self::Unproven { acceptable: true, .. } => Ok(Proof::Accepted),
            Self::Unproven { failure, acceptable: false } => Err(Flaw::Unproven(failure.clone())),
        }
    }
}
