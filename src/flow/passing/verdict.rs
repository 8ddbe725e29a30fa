//! Why a zip may be completed, or must not be.

use crate::{
    goproxy::{Failure, Refusal},
    metrics::VerificationOutcome,
    modzip::{H1, Unfit},
    shared::Loss,
};

/// Why a zip may be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is fit; it could not be proven, and is given all the same.
    Accepted,
    /// It is fit, and nothing is to be proven of its module.
    Exempt,
    /// It is fit, and has the hash that the checksum database has for it.
    Proven,
}

/// Why a zip must not be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Too much memory is taken by what is known of other zips.
    #[error("too many other zips are being read")]
    Crowded,
    /// The end came as trailers, where nothing can go on any more, before all of the zip was read.
    #[error("its trailers came before it was read: have the cluster speak HTTP/1.1")]
    Late,
    /// It has another hash than the checksum database has for it.
    #[error("SECURITY ERROR: expected {expected}, got {got}")]
    Mismatch {
        /// What it has to be.
        expected: H1,
        /// What it is.
        got: H1,
    },
    /// More bytes came than the zip has, or than the head of the response promised.
    #[error("bytes follow its end")]
    Overlong,
    /// It is right, and what it holds may not be had.
    #[error("{}", .0.reason().lines().next().unwrap_or_default())]
    Refused(Refusal),
    /// It is no module zip, or not of this version.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// What it has to be is not known.
    #[error("{}", .0.reason)]
    Unproven(Failure),
}

impl Verified {
    /// What it counts as.
    pub fn outcome(self) -> VerificationOutcome {
        match self {
            Self::Accepted => VerificationOutcome::Accepted,
            Self::Exempt => VerificationOutcome::Exempt,
            Self::Proven => VerificationOutcome::Ok,
        }
    }
}

impl VerifyError {
    /// What it counts as.
    pub fn outcome(&self) -> VerificationOutcome {
        match self {
            Self::Crowded => VerificationOutcome::Crowded,
            Self::Late => VerificationOutcome::Late,
            Self::Mismatch { .. } => VerificationOutcome::Mismatch,
            Self::Overlong | Self::Unfit(_) => VerificationOutcome::Unfit,
            // That it is refused counts as a refusal.
            Self::Refused(_) => VerificationOutcome::Ok,
            Self::Unproven(_) => VerificationOutcome::Unproven,
        }
    }

    /// What storage has in place of a zip with this error, where the error is the source's.
    pub fn loss(&self) -> Option<Loss> {
        match self {
            Self::Unfit(unfit) => Some(loss_by(unfit)),
            Self::Mismatch { .. } | Self::Overlong => Some(Loss::Wrong),
            Self::Crowded | Self::Late | Self::Refused(_) | Self::Unproven(_) => None,
        }
    }

    /// Whether the source is to blame: what it gives is not what it has to be.
    pub fn is_the_sources(&self) -> bool {
        self.loss().is_some()
    }
}

/// What a source has that gives what is unfit so.
pub fn loss_by(unfit: &Unfit) -> Loss {
    if unfit.is_no_zip() { Loss::NoZip } else { Loss::Wrong }
}
