//! What a module version's content must hash to.

use super::{Verified, VerifyError};
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
    pub fn prove(&self, got: &H1) -> Result<Verified, VerifyError> {
        self.compare(|zip, _| (H1(*zip), *got))
    }

    /// As [`Sums::prove`], of a go.mod.
    ///
    /// # Errors
    /// Why it must not be given.
    pub fn prove_go_mod(&self, body: &[u8]) -> Result<Verified, VerifyError> {
        self.compare(|_, go_mod| (H1(*go_mod), H1::of_go_mod(body)))
    }

    /// `pair` makes the two values of a mismatch, the expected one and the actual one, of a proven hash.
    fn compare(&self, pair: impl FnOnce(&[u8; 32], &[u8; 32]) -> (H1, H1)) -> Result<Verified, VerifyError> {
        match self {
            Self::Exempt => Ok(Verified::Exempt),
            Self::Proven { zip, go_mod } => match pair(zip, go_mod) {
                (expected, got) if expected == got => Ok(Verified::Proven),
                (expected, got) => Err(VerifyError::Mismatch { expected, got }),
            },
            Self::Unproven { acceptable: true, .. } => Ok(Verified::Accepted),
            Self::Unproven { failure, acceptable: false } => Err(VerifyError::Unproven(failure.clone())),
        }
    }
}
